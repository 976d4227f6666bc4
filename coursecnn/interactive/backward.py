"""The backward stepper: where the gradient of a convolution goes, and where it comes from.

- `BackwardStepper(examples)`: what a notebook cell shows;
- `Backward(...)`: one layer, its input, and the gradients that reach its output.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

import numpy as np
import numpy.typing as npt

from coursecnn.convolution import Array, Conv2DGradients, conv2d, conv2d_gradients
from coursecnn.interactive import page

LONGEST = 8  # more pixels a side are no longer read one by one
LARGEST_STRIDE = 3


@dataclass(frozen=True, eq=False)
class Backward:
    """A convolution of one channel and one filter, and the gradients that reach its output.

    Attributes:
        image: shape (H, W), without padding.
        kernel: shape (h, w).
        upstream: the slope of the loss for each output, shape (rows, columns). What does not fill a
            window is left out.
        stride: step of the window, the same both ways, at most 3.
        padding: zeros on each side, fewer than the kernel has rows and columns.

    Raises:
        ValueError: the shapes do not go together, or are too large to be read; a number is not
            finite; the stride or the padding is out of its limits.

    >>> Backward(np.arange(9).reshape(3, 3), [[1, 2], [3, 4]], np.ones((2, 2))).gradients().x
    array([[ 1.,  3.,  2.],
           [ 4., 10.,  6.],
           [ 3.,  7.,  4.]])
    """

    image: npt.ArrayLike
    kernel: npt.ArrayLike
    upstream: npt.ArrayLike
    stride: int = 1
    padding: int = 0

    def __post_init__(self) -> None:
        for name in ("image", "kernel", "upstream"):
            values = getattr(self, name)
            page.check_finite(name, values)
            if np.ndim(values) != 2 or np.size(values) == 0:
                raise ValueError(f"{name} must be a matrix, got shape {np.shape(values)}")
            if max(np.shape(values)) > LONGEST:
                raise ValueError(f"{name} must be at most {LONGEST} long, got {np.shape(values)}")
        stride = page.one_number("stride", self.stride, least=1)
        padding = page.one_number("padding", self.padding)
        if stride > LARGEST_STRIDE:
            raise ValueError(f"stride must be at most {LARGEST_STRIDE}, got {stride}")
        if padding >= min(np.shape(self.kernel)):
            raise ValueError(
                f"padding must be less than the sides of the kernel, {np.shape(self.kernel)}, "
                f"got {padding}"
            )
        object.__setattr__(self, "stride", stride)
        object.__setattr__(self, "padding", padding)
        self.gradients()

    def output(self) -> Array:
        """The output of the layer, shape (rows, columns)."""
        x, kernels = _layer(self.image, self.kernel)
        out = conv2d(x, kernels, None, self.stride, self.padding, rounding="floor")
        return np.asarray(out[0, :, :, 0])

    def gradients(self) -> Conv2DGradients:
        """The gradients of the image (`x`), of the kernel (`kernels`) and of a bias, as matrices.

        Raises:
            ValueError: `upstream` does not have the shape of the output.
        """
        x, kernels = _layer(self.image, self.kernel)
        upstream = np.asarray(self.upstream, float)[None, :, :, None]
        found = conv2d_gradients(x, kernels, upstream, self.stride, self.padding, rounding="floor")
        return Conv2DGradients(found.x[0, :, :, 0], found.kernels[:, :, 0, 0], found.bias)

    def __str__(self) -> str:
        image, kernel, output = map(_by, (self.image, self.kernel, self.upstream))
        return f"{image} -> {output} by {kernel}, stride {self.stride}, padding {self.padding}"


class BackwardStepper:
    """The backward pass of a convolution, taken apart.

    In the page the reader points at an output and sees which weights and which pixels its gradient
    reaches; at a weight, and sees the gradients from above lie on the image like a kernel; at a
    pixel, and sees the kernel, turned by half a turn, lie on those gradients among zeros. Every
    number, the stride and the padding can be changed.

    Args:
        examples: by name; the first is shown at the beginning.

    Examples:
        >>> image = np.arange(9).reshape(3, 3)
        >>> BackwardStepper({"small": Backward(image, [[1, 2], [3, 4]], [[1, 0], [0, -1]])})
        Backward stepper
        small: 3×3 -> 2×2 by 2×2, stride 1, padding 0
    """

    def __init__(self, examples: Mapping[str, Backward]) -> None:
        """Keep the examples.

        Raises:
            ValueError: there is none.
        """
        if not examples:
            raise ValueError(f"examples must hold at least one Backward, got {examples!r}")
        self.examples = dict(examples)

    def __repr__(self) -> str:
        lines = [f"{name}: {example}" for name, example in self.examples.items()]
        return "\n".join(["Backward stepper", *lines])

    def _repr_html_(self) -> str:
        data = [_plain(name, example) for name, example in self.examples.items()]
        name, example = next(iter(self.examples.items()))
        return page.fragment(
            "backward.js", "Backward stepper", {"examples": data}, _static(name, example)
        )


def _layer(image: npt.ArrayLike, kernel: npt.ArrayLike) -> tuple[Array, Array]:
    """Both in the shapes that layers have."""
    return (
        np.asarray(image, float)[None, :, :, None],
        np.asarray(kernel, float)[:, :, None, None],
    )


def _plain(name: str, example: Backward) -> dict[str, object]:
    return {
        "name": name,
        "image": page.array(example.image),
        "kernel": page.array(example.kernel),
        "upstream": page.array(example.upstream),
        "stride": example.stride,
        "padding": example.padding,
    }


def _static(name: str, example: Backward) -> str:
    """The numbers of one example, where nothing can be asked of them."""
    gradients = example.gradients()
    shown = {
        "image x": example.image,
        "kernel k": example.kernel,
        "output y": example.output(),
        "gradient of y, from above": example.upstream,
        "gradient of x": gradients.x,
        "gradient of k": gradients.kernels,
    }
    tables = "".join(page.table(values, caption) for caption, values in shown.items())
    return f"<p>{escape(f'{name}: {example}')}</p>{tables}"


def _by(values: npt.ArrayLike) -> str:
    return "×".join(map(str, np.shape(values)))
