"""Residual networks for ImageNet, with 18 to 152 layers.

- `resnet18`, `resnet34`: units of two 3×3 convolutions;
- `resnet50`, `resnet101`, `resnet152`: bottlenecks of 1×1, 3×3 and 1×1.

Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016,
doi:10.1109/CVPR.2016.90, arXiv:1512.03385: table 1 (layers), section 3.3 (shortcuts), section 3.4
(implementation); and the authors' release, github.com/KaimingHe/deep-residual-networks, Caffe
definitions of 50, 101 and 152 layers.

What the paper leaves open, and what settles it here (`release="caffe"`, the default):

- the stride of a bottleneck is on its first 1×1 convolution: the release, in the files of 50, 101
  and 152 layers (the last in a copy, github.com/bchu/resnet-visualizations);
- convolutions have no bias: the release, in the files of 101 and 152 layers. In that of 50 layers
  the first convolution alone has one, 64 numbers that its normalisation cancels; they are left
  out, which is the one deviation from the release;
- the first pooling has no padding and rounds up, as Caffe does: the release;
- ε is 10⁻⁵, Caffe's default; the statistics of the release are averages taken after training, so
  the momentum of the moving ones, 0.9, is that of the Torch re-implementation;
- kernels and the last layer start as in He et al. (2015), to which section 3.4 refers, with n the
  fan-in of its equation 10; biases at zero.

`release="torch"` is the re-implementation github.com/facebook/fb.resnet.torch, of which torchvision
is the heir: stride on the 3×3 convolution, pooling with padding, fan-out. `release="keras"` is
the structure of keras.applications: biases in all convolutions, and an ε of 1.001×10⁻⁵; its weights
can be poured into these models.

>>> TABLE_1["resnet50"]
((3, 4, 6, 3), 4)
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal, TypeAlias

from coursecnn._checks import check_choice
from coursecnn.architectures import blocks
from coursecnn.architectures.blocks import Pooling, Shortcut, Stride, Style
from coursecnn.architectures.layers import Shape, image_input
from coursecnn.backend import keras

__all__ = [
    "BUILDERS",
    "RELEASES",
    "TABLE_1",
    "resnet18",
    "resnet34",
    "resnet50",
    "resnet101",
    "resnet152",
]

ReleaseName: TypeAlias = Literal["caffe", "torch", "keras"]

IMAGENET: Shape = (224, 224, 3)

# The stages: name, channels of the 3×3 convolutions, stride of the first unit.
STAGES = (("conv2", 64, 1), ("conv3", 128, 2), ("conv4", 256, 2), ("conv5", 512, 2))

# Table 1 of the paper: the units in each stage, and how much wider a unit's output is than its
# 3×3 convolutions; 1 is a basic unit, 4 a bottleneck.
TABLE_1 = {
    "resnet18": ((2, 2, 2, 2), 1),
    "resnet34": ((3, 4, 6, 3), 1),
    "resnet50": ((3, 4, 6, 3), 4),
    "resnet101": ((3, 4, 23, 3), 4),
    "resnet152": ((3, 8, 36, 3), 4),
}


@dataclass(frozen=True)
class Release:
    """What three widespread definitions of the same table do differently."""

    stride_on: Stride
    pooling: Pooling
    style: Style


RELEASES = {
    "caffe": Release("1x1", "ceil", Style(fan="fan_in", linear="he")),
    "torch": Release("3x3", "padded", Style(fan="fan_out", linear="torch")),
    "keras": Release("1x1", "padded", Style("fan_in", "he", True, epsilon=1.001e-5, momentum=0.99)),
}


def resnet18(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    release: ReleaseName = "caffe",
    shortcut: Shortcut = "B",
) -> keras.Model:
    """Build the 18 layers of table 1: 11,699,112 parameters, 11,689,512 of them trainable.

    Args:
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        release: Whose definition: "caffe" (the authors'), "torch" or "keras"; see the module.
        shortcut: Option "A", "B" or "C" of section 4.1: zeros, projections where the shapes
            change (the authors' choice), or projections everywhere.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.
    """
    return _resnet("resnet18", input_shape, classes, release, shortcut)


def resnet34(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    release: ReleaseName = "caffe",
    shortcut: Shortcut = "B",
) -> keras.Model:
    """Build the 34 layers of table 1: 21,814,696 parameters, 21,797,672 of them trainable.

    Arguments, result and errors are those of `resnet18`.
    """
    return _resnet("resnet34", input_shape, classes, release, shortcut)


def resnet50(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    release: ReleaseName = "caffe",
    shortcut: Shortcut = "B",
) -> keras.Model:
    """Build the 50 layers of table 1: 25,610,152 parameters, 25,557,032 of them trainable.

    Arguments, result and errors are those of `resnet18`.
    """
    return _resnet("resnet50", input_shape, classes, release, shortcut)


def resnet101(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    release: ReleaseName = "caffe",
    shortcut: Shortcut = "B",
) -> keras.Model:
    """Build the 101 layers of table 1: 44,654,504 parameters, 44,549,160 of them trainable.

    Arguments, result and errors are those of `resnet18`.
    """
    return _resnet("resnet101", input_shape, classes, release, shortcut)


def resnet152(
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    release: ReleaseName = "caffe",
    shortcut: Shortcut = "B",
) -> keras.Model:
    """Build the 152 layers of table 1: 60,344,232 parameters, 60,192,808 of them trainable.

    Arguments, result and errors are those of `resnet18`.
    """
    return _resnet("resnet152", input_shape, classes, release, shortcut)


def _resnet(
    name: str, input_shape: Shape, classes: int, release: ReleaseName, shortcut: Shortcut
) -> keras.Model:
    inputs = image_input(input_shape, classes, smallest=32)
    check_choice("release", release, RELEASES)
    check_choice("shortcut", shortcut, blocks.SHORTCUTS)
    conventions = RELEASES[release]
    style = conventions.style
    x = blocks.imagenet_stem(inputs, style, conventions.pooling)
    counts, expansion = TABLE_1[name]
    for units, (stage, width, stride) in zip(counts, STAGES, strict=True):
        unit = partial(
            _unit, width=width, expansion=expansion, conventions=conventions, shortcut=shortcut
        )
        x = blocks.stage(x, units, stride, unit, stage)
    return keras.Model(inputs, blocks.classifier(x, classes, style), name=name)


def _unit(
    x: keras.KerasTensor,
    stride: int,
    name: str,
    width: int,
    expansion: int,
    conventions: Release,
    shortcut: Shortcut,
) -> keras.KerasTensor:
    style, filters = conventions.style, expansion * width
    across = blocks.shortcut(x, filters, stride, shortcut, style, name)
    if expansion == 1:
        branch = blocks.basic_branch(x, filters, style, name, stride)
    else:
        branch = blocks.bottleneck_branch(
            x, width, filters, style, name, stride, conventions.stride_on
        )
    return blocks.residual_unit(across, branch, name)


BUILDERS = {
    builder.__name__: builder for builder in (resnet18, resnet34, resnet50, resnet101, resnet152)
}
