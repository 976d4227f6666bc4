"""The convolution stepper: a layer over a small image, one window at a time.

- `Stepper(examples)`: what a notebook cell shows;
- `Example(...)`: one layer and its input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from coursecnn.convolution import Array, conv2d
from coursecnn.interactive import page

LONGEST = 16  # more pixels a side, or numbers in depth, are no longer read one by one


@dataclass(frozen=True, eq=False)
class Example:
    """A convolutional layer and its input.

    Attributes:
        image: shape (H, W, C), without padding.
        kernels: shape (h, w, C, F).
        bias: one number for each filter, shape (F,).
        stride: step of the window, the same both ways.
        padding: zeros on each side; or "valid" or "same", where these are the same on all sides.

    Raises:
        ValueError: the shapes do not go together, or are too large to be read; a number is not
            finite; the stride or the padding is not the same both ways.
        DoesNotFit: the windows do not cover the padded image exactly.

    >>> Example(np.ones((4, 4, 1)), np.ones((2, 2, 1, 3)), bias=[0, 0, 0], stride=2).output().shape
    (2, 2, 3)
    """

    image: npt.ArrayLike
    kernels: npt.ArrayLike
    bias: npt.ArrayLike
    stride: int = 1
    padding: int | str = 0

    def __post_init__(self) -> None:
        for name in ("image", "kernels", "bias"):
            page.check_finite(name, getattr(self, name))
        self.output()
        stride = page.one_number("stride", self.stride, least=1)
        object.__setattr__(self, "padding", self._zeros(stride))
        object.__setattr__(self, "stride", stride)
        self.output()  # the number of zeros may leave pixels over where "same" does not
        for name in ("image", "kernels"):
            shape = np.shape(getattr(self, name))
            if max(shape) > LONGEST:
                raise ValueError(f"{name} must be at most {LONGEST} long each way, got {shape}")

    def _zeros(self, stride: int) -> int:
        """The padding as a number.

        Raises:
            ValueError: It differs from side to side.
        """
        if self.padding != "same":
            return page.one_number("padding", 0 if self.padding == "valid" else self.padding)
        sizes = zip(np.shape(self.image)[:2], np.shape(self.kernels)[:2], strict=True)
        zeros = {max((-(-n // stride) - 1) * stride + k - n, 0) for n, k in sizes}
        if len(zeros) > 1 or max(zeros) % 2:
            raise ValueError(
                f"padding must be a number, or the same on all sides, got {self.padding!r}"
            )
        return zeros.pop() // 2

    def output(self) -> Array:
        """The maps of the layer, shape (rows, columns, F)."""
        image, padding = np.asarray(self.image)[None], cast(Any, self.padding)
        return np.asarray(conv2d(image, self.kernels, self.bias, self.stride, padding)[0])

    def __str__(self) -> str:
        image, kernels, output = map(np.shape, (self.image, self.kernels, self.output()))
        return (
            f"{_by(image)} -> {_by(output)} with {kernels[3]} of {_by(kernels[:3])}, "
            f"stride {self.stride}, padding {self.padding}"
        )


class Stepper:
    """A layer taken apart: every product and every sum of each of its outputs.

    In the page the reader picks an example and points at an output, or steps through all of them;
    stride, padding and every number can be changed.

    Args:
        examples: by name; the first is shown at the beginning.

    Examples:
        >>> Stepper({"edge": Example(np.eye(4)[..., None], np.ones((2, 2, 1, 1)), [0])})
        Convolution stepper
        edge: 4×4×1 -> 3×3×1 with 1 of 2×2×1, stride 1, padding 0
    """

    def __init__(self, examples: Mapping[str, Example]) -> None:
        """Keep the examples.

        Raises:
            ValueError: there is none.
        """
        if not examples:
            raise ValueError(f"examples must hold at least one Example, got {examples!r}")
        self.examples = dict(examples)

    def __repr__(self) -> str:
        lines = [f"{name}: {example}" for name, example in self.examples.items()]
        return "\n".join(["Convolution stepper", *lines])

    def _repr_html_(self) -> str:
        data = [_plain(name, example) for name, example in self.examples.items()]
        name, example = next(iter(self.examples.items()))
        return page.fragment(
            "stepper.js", "Convolution stepper", {"examples": data}, _static(name, example)
        )


def _plain(name: str, example: Example) -> dict[str, object]:
    return {
        "name": name,
        "image": page.array(example.image),
        "kernels": page.array(example.kernels),
        "bias": page.array(example.bias)["values"],
        "stride": example.stride,
        "padding": example.padding,
    }


def _static(name: str, example: Example) -> str:
    """The numbers of one example, where nothing can be asked of them."""
    image, kernels, output = map(np.asarray, (example.image, example.kernels, example.output()))
    channels, filters = kernels.shape[2:]
    tables = [page.table(image[..., c], f"input, channel {c}") for c in range(channels)]
    for f in range(filters):
        tables += [page.table(kernels[..., c, f], f"W{f}, channel {c}") for c in range(channels)]
        tables.append(page.table(output[..., f], f"output of W{f}"))
    return f"<p>{escape(f'{name}: {example}')}</p>{''.join(tables)}"


def _by(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))
