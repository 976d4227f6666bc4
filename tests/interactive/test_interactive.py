"""The HTML of the interactives, without a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coursecnn.architectures.googlenet import INCEPTIONS
from coursecnn.convolution import conv2d
from coursecnn.evidence.records import read
from coursecnn.geometry import Convolution, DoesNotFit
from coursecnn.interactive import (
    Backward,
    BackwardStepper,
    ChannelMixer,
    Example,
    Finding,
    GeometryCalculator,
    GuessForm,
    InceptionCalculator,
    KernelPlayground,
    PoolingStepper,
    ReceptiveFieldExplorer,
    Stack,
    Stepper,
    TrainingReplay,
    page,
)

IMAGE, KERNELS = np.arange(25).reshape(5, 5, 1) - 9, np.ones((3, 3, 1, 2))
PHOTO, BLUR = np.linspace(0, 1, 120).reshape(10, 12), np.ones((3, 3)) / 9
INTERACTIVES = {
    "stepper": lambda: Stepper({"one": Example(IMAGE, KERNELS, [1, -2])}),
    "pooling": lambda: PoolingStepper({"one": IMAGE[..., 0]}, size=2),
    "backward": lambda: BackwardStepper({"one": Backward(PHOTO[:2, :2], [[2]], PHOTO[:2, :2])}),
    "mixer": lambda: ChannelMixer(channels=4, filters=8),
    "playground": lambda: KernelPlayground({"ramp": PHOTO}, {"blur": BLUR}),
    "calculator": lambda: GeometryCalculator(Convolution(16, kernel=3, stride=2), (8, 8, 3)),
    "inception": lambda: InceptionCalculator({"3a": ((28, 28, 192), INCEPTIONS["3a"])}),
    "replay": lambda: TrainingReplay({"a first CNN": read("mnist")}),
    "guesses": lambda: GuessForm({"a": Finding("b", "1 point")}, ("b", "c")),
    "receptive": lambda: ReceptiveFieldExplorer({"one": Stack({"conv": Convolution(1, 3)}, 9)}),
}
each_interactive = pytest.mark.parametrize("make", INTERACTIVES.values(), ids=INTERACTIVES)
SMALLEST = {"static": "<p>-</p>", "label": "Stepper", "script": "stepper.js"}


@each_interactive
def test_the_same_interactive_is_the_same_html(make: Any) -> None:
    assert make()._repr_html_() == make()._repr_html_()


@each_interactive
def test_an_interactive_loads_nothing(make: Any) -> None:
    html = make()._repr_html_()
    addresses = set(re.findall(r"https?://[^\s\"'<]+", html))

    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1998/Math/MathML"}
    assert not re.search(r"@import|\bsrc=\"(?!data:)|\bhref=|url\((?!#)", html)


@each_interactive
def test_an_interactive_is_light(make: Any) -> None:
    assert len(make()._repr_html_().encode()) < 50_000


@each_interactive
def test_an_interactive_has_a_text_form_without_addresses(make: Any) -> None:
    assert " at 0x" not in repr(make())
    assert len(repr(make()).splitlines()) > 1


def test_different_data_are_told_apart_by_their_key() -> None:
    keys = [
        re.search(r'data-interactive="([^"]+)"', page.fragment(data=data, **SMALLEST))
        for data in ([1], [2])
    ]

    assert all(keys)
    assert keys[0][1] != keys[1][1]


def test_no_text_can_end_the_script_that_holds_the_data() -> None:
    html = page.fragment(data={"name": "</script><b>"}, **SMALLEST)

    assert html.count("</script>") == 2
    assert "<b>" not in html


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_number_that_json_cannot_hold_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        page.fragment(data=[value], **SMALLEST)


def test_names_are_shown_as_they_are_written() -> None:
    html = Stepper({"<i>a & b</i>": Example(IMAGE, KERNELS, [0, 0])})._repr_html_()

    assert "&lt;i&gt;a &amp; b&lt;/i&gt;" in html
    assert "<i>" not in html


def test_a_script_and_its_imports_become_one_module() -> None:
    module = page.module("stepper.js")

    assert module.count("function conv2d(") == 1
    assert not re.search(r"^(import|export) ", module, re.MULTILINE)
    assert "</script" not in module


@pytest.mark.parametrize(
    "path", sorted(Path(page.__file__).parent.glob("*.js")), ids=lambda p: p.name
)
def test_scripts_write_in_one_way_what_aria_says(path: Path) -> None:
    """As properties, `ariaLabel`, and never as attributes."""
    assert not re.findall(r"[\"']aria-\w+[\"']", path.read_text(encoding="utf-8"))


def test_where_scripts_do_not_run_the_stepper_shows_its_numbers() -> None:
    html = Stepper({"one": Example(IMAGE, KERNELS, [1, -2])})._repr_html_()
    output = conv2d(IMAGE[None], KERNELS, [1, -2])[0]

    assert page.table(output[..., 1], "output of W1") in html


def test_where_scripts_do_not_run_the_calculator_shows_the_layer() -> None:
    html = INTERACTIVES["calculator"]()._repr_html_()

    assert "8×8×3 -&gt; 3×3×16, 448 parameters, 3,888 MACs" in html


def test_the_playground_computes_with_photographs_of_8_bits() -> None:
    playground = KernelPlayground({"ramp": PHOTO}, {"blur": BLUR})

    assert np.abs(playground.photo("ramp") - PHOTO).max() <= 0.5 / 255
    assert set((255 * playground.photo("ramp")).ravel()) <= set(range(256))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Stepper({}), ValueError, "at least one Example"),
        (lambda: Example(IMAGE, np.ones((3, 3, 2, 1)), [0]), ValueError, "as deep as x"),
        (lambda: Example(IMAGE, KERNELS, [0]), ValueError, "one number for each filter"),
        (lambda: Example(IMAGE, KERNELS, [0, 0], stride=3), DoesNotFit, "2 pixels are left over"),
        (lambda: Example(np.ones((17, 9, 1)), KERNELS, [0, 0]), ValueError, "at most 16 long"),
        (lambda: KernelPlayground({}, {"blur": BLUR}), ValueError, "got 0 and 1"),
        (lambda: KernelPlayground({"a": PHOTO}, {}), ValueError, "got 1 and 0"),
        (lambda: KernelPlayground({"a": IMAGE}, {"b": BLUR}), ValueError, "must be flat"),
        (
            lambda: KernelPlayground({"a": 2 * PHOTO}, {"b": BLUR}),
            ValueError,
            "from 0 to 1",
        ),
        (lambda: KernelPlayground({"a": PHOTO}, {"b": np.ones(3)}), ValueError, "must be flat"),
        (lambda: KernelPlayground({"a": PHOTO}, {"b": np.ones((11, 3))}), ValueError, "no larger"),
    ],
)
def test_what_cannot_be_shown_is_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (Convolution(16, kernel=3, bias=False), (8, 8, 2), "a bias"),
        (Convolution(16, kernel=3, groups=2), (8, 8, 3), "groups must divide the 3 channels"),
        (Convolution(16, kernel=3), (8, 9, 2), "must be \\(N, N, C\\)"),
        (Convolution(16, kernel=(3, 5)), (8, 8, 2), "kernel must be an int from 1 to 16"),
        (Convolution(16, kernel=3, padding="same"), (8, 8, 2), "padding must be an int from 0"),
        (Convolution(16, kernel=3), (3000, 3000, 2), "size must be an int from 1 to 1024"),
        (Convolution(16, kernel=9), (8, 8, 2), "kernel must extend over at most"),
    ],
)
def test_a_layer_that_the_calculator_cannot_begin_with_is_refused(
    layer: Convolution, shape: tuple[int, int, int], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        GeometryCalculator(layer, shape)
