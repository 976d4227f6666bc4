"""The arithmetic of the page equals that of the package, on hundreds of random layers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coursecnn.convolution import conv2d
from coursecnn.geometry import DoesNotFit, output_size
from coursecnn.interactive import page
from tests import browser

CASES = 400
SOURCE = Path(page.__file__).with_name("arithmetic.js").read_text(encoding="utf-8")
CALL = """async ([source, name, calls]) => {
  const module = await import(`data:text/javascript;base64,${source}`);
  const plain = (key, value) => (ArrayBuffer.isView(value) ? [...value] : value);
  return calls.map((call) => JSON.parse(JSON.stringify(module[name](...call), plain)));
}"""

Compute = Callable[[str, list[Any]], list[Any]]
Setting = dict[str, int]


@pytest.fixture(scope="module")
def compute(chromium: Any) -> Iterator[Compute]:
    """Call a function of `arithmetic.js` with each of many lists of arguments."""
    source = base64.b64encode(SOURCE.encode()).decode()
    with browser.visit(chromium) as visit:
        yield lambda name, calls: visit.page.evaluate(CALL, [source, name, calls])
        visit.assert_quiet()


def random_settings() -> list[Setting]:
    rng = np.random.default_rng(1)
    highest = {"size": 40, "kernel": 7, "stride": 6, "padding": 4, "dilation": 3}
    lowest = {name: int(name != "padding") for name in highest}
    return [
        {name: int(rng.integers(lowest[name], highest[name] + 1)) for name in highest}
        for _ in range(CASES)
    ]


def places(setting: Setting, rounding: str) -> int:
    """What Python says, 0 where it says that the kernel is too large."""
    try:
        return output_size(**setting, rounding=rounding)
    except ValueError:
        return 0


@pytest.mark.parametrize("rounding", ["floor", "ceil"])
def test_the_size_of_the_output(compute: Compute, rounding: str) -> None:
    settings = random_settings()

    sizes = compute("outputSize", [[setting, rounding] for setting in settings])

    assert sizes == [places(setting, rounding) for setting in settings]
    assert 0 < sizes.count(0) < CASES / 4


def test_the_size_of_the_output_with_padding_same(compute: Compute) -> None:
    settings = random_settings()

    sizes = compute("outputSize", [[setting, "same"] for setting in settings])

    assert sizes == [output_size(**{**setting, "padding": "same"}) for setting in settings]


def refusal(setting: Setting) -> DoesNotFit | None:
    try:
        output_size(**setting)
    except DoesNotFit as error:
        return error
    except ValueError:
        pass
    return None


def test_what_is_left_over_and_what_would_fit(compute: Compute) -> None:
    refusals = [(setting, refusal(setting)) for setting in random_settings()]
    refused = [(setting, error) for setting, error in refusals if error]
    calls = [[setting] for setting, _ in refused]

    assert len(refused) > CASES / 4
    assert compute("leftOver", calls) == [error.left_over for _, error in refused]
    assert compute("fits", calls) == [list(error.fits) for _, error in refused]


def random_layer(rng: np.random.Generator) -> dict[str, Any]:
    """The arguments of `conv2d`, in whole numbers or not."""
    height, width, depth, filters = rng.integers(1, 5, 4)
    draw = rng.normal if rng.random() < 0.5 else lambda size: rng.integers(-9, 10, size)
    return {
        "x": draw(size=(1, *rng.integers(4, 9, 2), depth)),
        "kernels": draw(size=(height, width, depth, filters)),
        "bias": draw(size=(filters,)),
        "stride": int(rng.integers(1, 4)),
        "padding": int(rng.integers(0, 3)),
    }


def as_call(layer: dict[str, Any]) -> list[Any]:
    window = {"stride": layer["stride"], "padding": layer["padding"]}
    image, kernels = page.array(layer["x"][0]), page.array(layer["kernels"])
    return [image, kernels, page.array(layer["bias"])["values"], window]


def test_convolutions_of_random_layers(compute: Compute) -> None:
    """Whole numbers to the last digit; others to what the order of the sums may change."""
    rng = np.random.default_rng(3)
    layers = [random_layer(rng) for _ in range(CASES)]

    outputs = compute("conv2d", [as_call(layer) for layer in layers])

    for layer, output in zip(layers, outputs, strict=True):
        expected = conv2d(**layer, rounding="floor")[0]
        difference = np.abs(np.reshape(output["values"], output["shape"]) - expected).max()
        assert list(expected.shape) == output["shape"]
        assert difference <= (0 if layer["x"].dtype.kind == "i" else 1e-12)
