"""The geometry calculator: its numbers are the package's, and its lines of code say its layer."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.convolution import conv2d, conv2d_gradients
from coursecnn.geometry import Convolution, DoesNotFit, Pooling, output_size
from coursecnn.interactive import GeometryCalculator
from coursecnn.models.costs import totals
from tests import browser

CALCULATOR = GeometryCalculator(Convolution(16, kernel=3, stride=2), (8, 8, 3))
LAYERS = ("convolution", "transposed convolution", "max pooling", "average pooling")
CASES, BUILT = 150, 40  # of each kind of layer
TRANSPOSED = LAYERS[1]
Show = Callable[..., Any]
Setting = dict[str, Any]

# The numbers are set in an order in which no limit of one that is set later stands in the way.
SET = """(settings) => settings.map(({ layer, g, ceil, ...numbers }) => {
  const control = (name) => [...document.querySelectorAll("label")]
    .find((label) => label.textContent.startsWith(name)).control;
  const tell = (node, kind) => node.dispatchEvent(new Event(kind));
  control("Layer").value = layer;
  tell(control("Layer"), "change");
  for (const [name, number] of Object.entries(numbers)) {
    control(`${name},`).value = number;
    tell(control(`${name},`), "input");
  }
  control("g,").value = g;
  tell(control("g,"), "change");
  control("ceil").checked = ceil;
  tell(control("ceil"), "change");
  const [keras, torch] = [...document.querySelectorAll("code")].map((code) => code.textContent);
  return {
    status: document.querySelector("[role=status]").innerText,
    facts: [...document.querySelectorAll("td")].map((cell) => cell.innerText),
    keras,
    torch,
    drawn: document.querySelector("svg[role=img]").ariaLabel,
  };
})"""


def random_layers(layer: str, count: int, largest: int, most: int) -> list[Setting]:
    """Layers with sides up to `largest` and channels up to `most`."""
    rng = np.random.default_rng([LAYERS.index(layer), largest])
    return [random_layer(rng, layer, largest, most) for _ in range(count)]


def random_layer(rng: np.random.Generator, layer: str, largest: int, most: int) -> Setting:
    kernel, stride = (int(n) for n in rng.integers(1, (8, 6)))
    groups, width, outputs = (int(n) for n in rng.integers(1, most, 3))
    pools = layer.endswith("pooling")
    return {
        "layer": layer,
        "N": int(rng.integers(1, largest)),
        "k": kernel,
        "S": stride,
        "P": int(rng.integers(0, kernel // 2 + 1 if pools else 4)),
        "d": 1 if pools else int(rng.integers(1, 3)),
        "A": int(rng.integers(stride)) if layer == TRANSPOSED else 0,
        "C": groups * width,
        "K": groups * width if pools else groups * outputs,
        "g": 1 if pools else groups,
        "ceil": pools and bool(rng.integers(2)),
    }


def plain(layer: str, **numbers: int) -> Setting:
    setting = {"N": 8, "k": 3, "S": 2, "P": 0, "d": 1, "A": 0, "C": 3, "K": 16, "g": 1}
    return {"layer": layer, **setting, "ceil": False, **numbers}


def window(setting: Setting) -> dict[str, int]:
    names = {"k": "kernel", "S": "stride", "P": "padding", "d": "dilation"}
    return {name: setting[letter] for letter, name in names.items()}


def expected(setting: Setting) -> tuple[tuple[int, ...], int, int] | None:
    """Output, parameters and MACs as Python says; None where no window fits."""
    if setting["layer"] == TRANSPOSED:
        return expected_transposed(setting)
    shape = (setting["N"], setting["N"], setting["C"])
    rounding: Any = "ceil" if setting["ceil"] else "floor"
    if setting["layer"] == "convolution":
        layer: Any = Convolution(
            setting["K"], **window(setting), groups=setting["g"], rounding=rounding
        )
    else:
        layer = Pooling(setting["k"], setting["S"], setting["P"], rounding)
    try:
        return layer.output_shape(shape), layer.parameters(shape), layer.macs(shape)
    except ValueError:
        return None


def expected_transposed(setting: Setting) -> tuple[tuple[int, ...], int, int] | None:
    """The one size from which the convolution leads back, and leaves over the output padding."""
    size, extra = setting["N"], setting["A"]
    found = [n for n in range(1, 700) if leads_back(n, setting) == (size, extra)]
    if not found:
        return None
    [side] = found
    kernels = setting["k"] ** 2 * setting["C"] * setting["K"] // setting["g"]
    return (side, side, setting["K"]), kernels + setting["K"], size**2 * kernels


def leads_back(side: int, setting: Setting) -> tuple[int, int] | None:
    try:
        places = output_size(side, **window(setting), rounding="floor")
    except ValueError:
        return None
    reach = setting["d"] * (setting["k"] - 1) + 1
    return places, side + 2 * setting["P"] - reach - (places - 1) * setting["S"]


@pytest.mark.parametrize("layer", LAYERS)
def test_the_calculator_counts_as_the_package_does(show: Show, layer: str) -> None:
    settings = random_layers(layer, CASES, largest=64, most=12)
    compared = 0
    for setting, shown in zip(settings, show(CALCULATOR).evaluate(SET, settings), strict=True):
        counted = expected(setting)
        if counted is None:
            assert "use" in shown["status"]
            assert shown["facts"] == []
            continue
        output, parameters, macs = counted
        *before, shape, learned, multiplied = shown["facts"]
        assert shape == "×".join(map(str, output))
        assert [learned, multiplied.partition(":")[0]] == [f"{parameters:,}", f"{macs:,}"]
        if layer != TRANSPOSED:
            assert before[int(setting["ceil"])].partition(":")[0] == str(output[0])
        compared += 1
    assert compared > CASES / 2


def test_images_of_hundreds_of_pixels_are_counted(show: Show) -> None:
    sizes = (224, 299, 384, 512)
    settings = [plain("convolution", N=size, k=7, P=3) for size in sizes]

    for size, shown in zip(sizes, show(CALCULATOR).evaluate(SET, settings), strict=True):
        side = output_size(size, kernel=7, stride=2, padding=3, rounding="floor")
        assert shown["facts"][3] == f"{side}×{side}×16"


def test_the_calculator_says_what_does_not_fit_and_offers_what_does(show: Show) -> None:
    page = show(CALCULATOR)
    with pytest.raises(DoesNotFit) as refusal:
        Convolution(16, kernel=3, stride=2).output_shape((8, 8, 3))
    offers = [f"{name} {value}" for fit in refusal.value.fits for name, value in fit.items()]

    assert "Not whole: 1 pixel is left over" in page.locator("[role=status]").first.inner_text()
    assert page.locator("[role=status] button").all_inner_texts() == offers
    page.get_by_role("button", name="size 9").click()
    assert "It fits" in page.locator("[role=status]").first.inner_text()
    assert page.get_by_label("N, input size", exact=True).input_value() == "9"


@pytest.mark.parametrize("ceil", [False, True])
def test_a_pooling_that_does_not_fit_leaves_pixels_over_or_rounds_up(
    show: Show, ceil: bool
) -> None:
    [shown] = show(CALCULATOR).evaluate(SET, [plain("max pooling", ceil=ceil)])

    words = "hangs over the edge by 1 pixel" if ceil else "1 pixel is left over"
    assert words in shown["status"]


def test_no_offer_pads_a_pooling_by_more_than_half_its_window(show: Show) -> None:
    page = show(CALCULATOR)
    settings = random_layers("max pooling", CASES, largest=64, most=4)
    for setting in settings[:30]:
        page.evaluate(SET, [setting])
        offers = page.locator("[role=status] button").all_inner_texts()
        paddings = [int(text.split()[1]) for text in offers if text.startswith("padding")]
        assert all(padding <= setting["k"] // 2 for padding in paddings)


ASKED = """() => [...document.querySelectorAll(".fields > :not([hidden])")]
  .map((field) => (field.querySelector("label") ?? field).textContent)"""


def test_what_a_layer_does_not_have_is_not_asked_for(show: Show) -> None:
    page = show(CALCULATOR)
    letters = {
        "convolution": "NkPSdCKg",
        "transposed convolution": "NkPSdCKAg",
        "max pooling": "NkPSCceil",
        "average pooling": "NkPSCceil",
    }
    for layer, asked in letters.items():
        page.select_option("select >> nth=0", layer)
        texts = page.evaluate(ASKED)
        assert "".join(text.replace(" ", ",").partition(",")[0] for text in texts[1:]) == asked


def test_groups_divide_the_channels_and_the_filters(show: Show) -> None:
    page = show(CALCULATOR)
    page.get_by_label("C, input channels", exact=True).fill("24")
    groups = page.get_by_label("g, groups")
    assert groups.locator("option").all_inner_texts() == ["1", "2", "4", "8"]
    groups.select_option("8")

    page.get_by_label("K, filters", exact=True).fill("20")

    assert groups.locator("option").all_inner_texts() == ["1", "2", "4"]
    assert groups.input_value() == "4"


def test_it_can_begin_with_groups(show: Show) -> None:
    layer = Convolution(256, kernel=5, padding=2, groups=2)
    page = show(GeometryCalculator(layer, (27, 27, 96)))

    assert page.get_by_label("g, groups").input_value() == "2"
    assert "307,456" in page.locator("table").inner_text()


# The lines of code


class TorchConvolution(NamedTuple):
    """What `torch.nn.Conv2d` is called with: its parameters, in their order, by their names."""

    in_channels: int
    out_channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1


class TorchTransposed(NamedTuple):
    """What `torch.nn.ConvTranspose2d` is called with."""

    in_channels: int
    out_channels: int
    kernel_size: int
    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    groups: int = 1
    bias: bool = True
    dilation: int = 1


class TorchPooling(NamedTuple):
    """What PyTorch's `MaxPool2d` and `AvgPool2d` are called with, as far as both have it."""

    kernel_size: int
    stride: int | None = None
    padding: int = 0
    ceil_mode: bool = False


TORCH = SimpleNamespace(
    nn=SimpleNamespace(
        Conv2d=lambda *numbers, **settings: ("convolution", TorchConvolution(*numbers, **settings)),
        ConvTranspose2d=lambda *numbers, **settings: (
            TRANSPOSED,
            TorchTransposed(*numbers, **settings),
        ),
        MaxPool2d=lambda **settings: ("max pooling", TorchPooling(**settings)),
        AvgPool2d=lambda **settings: ("average pooling", TorchPooling(**settings)),
    )
)


def in_torch(setting: Setting) -> TorchConvolution | TorchTransposed | TorchPooling:
    """What PyTorch has to be told."""
    layer, _, k, s, p, d, a, c, filters, g, ceil = setting.values()
    if layer == "convolution":
        return TorchConvolution(c, filters, k, s, p, d, g)
    if layer == TRANSPOSED:
        return TorchTransposed(c, filters, k, s, p, a, g, dilation=d)
    return TorchPooling(k, s, p, ceil)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_line_for_pytorch_says_the_layer_that_is_shown(show: Show, layer: str) -> None:
    settings = random_layers(layer, CASES, largest=64, most=12)
    compared = 0
    for setting, shown in zip(settings, show(CALCULATOR).evaluate(SET, settings), strict=True):
        if shown["facts"] == []:
            assert shown["torch"] == shown["keras"] == ""
            continue
        assert eval(shown["torch"], {"torch": TORCH}) == (layer, in_torch(setting))
        compared += 1
    assert compared > CASES / 2


def dilated(kernels: np.ndarray, dilation: int) -> np.ndarray:
    """Kernels with zeros between their taps."""
    side = dilation * (len(kernels) - 1) + 1
    wide = np.zeros((side, side, *kernels.shape[2:]))
    wide[::dilation, ::dilation] = kernels
    return wide


def convolved(setting: Setting, x: np.ndarray, kernels: np.ndarray) -> np.ndarray:
    """The groups of a convolution, one after the other."""
    wide, groups = dilated(kernels, setting["d"]), setting["g"]
    parts = zip(np.split(x, groups, axis=-1), np.split(wide, groups, axis=-1), strict=True)
    settings: Any = {"stride": setting["S"], "padding": setting["P"], "rounding": "floor"}
    return np.concatenate([conv2d(*part, **settings) for part in parts], axis=-1)


def spread(setting: Setting, x: np.ndarray, kernels: np.ndarray, side: int) -> np.ndarray:
    """A transposed convolution: the gradient, at its input, of the convolution that leads back."""
    output = np.zeros((1, side, side, setting["K"]))
    settings: Any = {"stride": setting["S"], "padding": setting["P"], "rounding": "floor"}
    return conv2d_gradients(output, dilated(kernels, setting["d"]), x, **settings).x


def pooled(setting: Setting, x: np.ndarray, side: int) -> np.ndarray:
    """As PyTorch pools: a mean counts the zeros of the padding, but nothing beyond it."""
    size, k, stride, padding = (setting[name] for name in "NkSP")
    outputs = np.zeros((1, side, side, setting["C"]))
    for row, column in np.ndindex(side, side):
        starts = [place * stride - padding for place in (row, column)]
        inside = tuple(slice(max(start, 0), start + k) for start in starts)
        values = x[:, inside[0], inside[1]]
        if setting["layer"] == "max pooling":
            outputs[:, row, column] = values.max(axis=(1, 2))
        else:
            counted = [min(start + k, size + padding) - start for start in starts]
            outputs[:, row, column] = values.sum(axis=(1, 2)) / np.prod(counted)
    return outputs


def reference(setting: Setting, layer: Any, x: np.ndarray, side: int) -> np.ndarray:
    if setting["layer"].endswith("pooling"):
        return pooled(setting, x, side)
    kernels, bias = (np.asarray(weight, dtype=float) for weight in layer.get_weights())
    if setting["layer"] == TRANSPOSED:
        return spread(setting, x, kernels, side) + bias
    return convolved(setting, x, kernels) + bias


def pooled_as_same(setting: Setting, x: np.ndarray) -> np.ndarray:
    kind = keras.layers.MaxPooling2D if "max" in setting["layer"] else keras.layers.AveragePooling2D
    return np.asarray(kind(setting["k"], setting["S"], padding="same")(x))


def has_no_layer(setting: Setting, x: np.ndarray, side: int) -> bool:
    """Whether Keras cannot say it: for a pooling, since its only padding gives something else."""
    if setting["layer"].endswith("pooling"):
        if setting["N"] < setting["k"]:
            return True  # each window may see the whole image, however it is padded
        answers, wanted = pooled_as_same(setting, x), pooled(setting, x, side)
        return answers.shape != wanted.shape or not np.allclose(answers, wanted, atol=1e-5)
    both = setting["S"] > 1 and setting["d"] > 1
    return both or (setting["layer"] == TRANSPOSED and setting["g"] > 1)


@pytest.mark.parametrize("layer", LAYERS)
def test_the_line_for_keras_builds_the_layer_that_is_shown(show: Show, layer: str) -> None:
    """Its output, its parameters, its MACs and each of its numbers, against loops in NumPy."""
    settings = random_layers(layer, BUILT, largest=11, most=3)
    rng = np.random.default_rng(1)
    built = 0
    for setting, shown in zip(settings, show(CALCULATOR).evaluate(SET, settings), strict=True):
        counted = expected(setting)
        if counted is None:
            assert shown["keras"] == ""
            continue
        output, parameters, macs = counted
        x = rng.normal(size=(1, setting["N"], setting["N"], setting["C"]))
        if shown["keras"].startswith("#"):
            assert has_no_layer(setting, x, output[0])
            continue
        line = eval(shown["keras"], {"keras": keras})
        answers = np.asarray(line(x.astype("float32")))
        assert answers.shape == (1, *output)
        assert line.count_params() == parameters
        cropped = keras.Sequential([keras.Input(x.shape[1:]), line])
        assert totals(cropped).macs == macs
        assert answers == pytest.approx(reference(setting, line, x, output[0]), abs=1e-4)
        built += 1
    assert built > BUILT / 4


# The drawing


def test_in_a_large_image_two_corners_show_the_first_and_the_last_window(show: Show) -> None:
    page = show(CALCULATOR)
    page.evaluate(SET, [plain("convolution", N=512, k=7, P=3)])

    [_, first, last] = page.locator("svg[role=img]").all()
    assert first.get_attribute("aria-label").startswith("The upper left corner")
    assert first.locator(".first").get_attribute("x") == "0"
    side = output_size(512, kernel=7, stride=2, padding=3, rounding="floor")
    assert last.locator(".first").get_attribute("x") == str(2 * (side - 1))
    left, _, width, _ = map(float, last.get_attribute("viewBox").split())
    assert left < 2 * (side - 1) < 2 * (side - 1) + 7 <= left + width


PIXEL = """(all) => all.map((one) =>
  one.getBoundingClientRect().width / one.viewBox.baseVal.width)"""


@pytest.mark.parametrize("size", [8, 48, 49, 224, 512, 1024])
def test_where_pixels_are_drawn_they_can_be_told_apart(show: Show, size: int) -> None:
    page = show(CALCULATOR, width=390)
    page.evaluate(SET, [plain("convolution", N=size)])

    drawings = page.locator("svg[role=img]:has(.pixels)")
    assert drawings.count() == (1 if size <= 48 else 2)
    assert min(drawings.evaluate_all(PIXEL)) > 5


def test_the_drawing_of_a_transposed_convolution_is_of_its_output(show: Show) -> None:
    page = show(CALCULATOR)
    [shown] = page.evaluate(SET, [plain(TRANSPOSED, N=4, P=1, A=1)])

    assert shown["facts"][0] == "8×8×16"
    assert page.locator(".image").get_attribute("width") == "8"
    assert "gives an output of 8 by 8" in shown["drawn"]


def test_where_nothing_is_left_of_the_output_nothing_is_drawn_of_it(show: Show) -> None:
    page = show(CALCULATOR)
    [shown] = page.evaluate(SET, [plain(TRANSPOSED, N=1, k=1, P=1)])

    assert "The padding cuts all of the output away" in shown["status"]
    assert shown["facts"] == []
    assert page.locator(".centre, .second").count() == 0
    assert "Each dot" not in page.inner_text(".legend")


def test_the_slider_and_the_box_are_one_number(show: Show) -> None:
    page = show(CALCULATOR)
    slider = page.get_by_label("N, input size, slider")

    slider.focus()
    page.keyboard.press("ArrowRight")

    assert page.get_by_label("N, input size", exact=True).input_value() == "9"
    assert page.locator("td").all_inner_texts()[0] == "4"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("layer", LAYERS)
def test_it_fits_on_a_phone_and_axe_finds_nothing(show: Show, layer: str, dark: bool) -> None:
    page = show(CALCULATOR, width=360, dark=dark)
    page.evaluate(SET, [plain(layer, N=300, ceil=True)])

    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert browser.faults(page) == []
