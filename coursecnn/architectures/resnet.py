"""Residual networks for ImageNet, with 18 to 152 layers.

- `resnet`, by name `resnet18` and `resnet34`: units of two 3×3 convolutions;
- by name `resnet50`, `resnet101` and `resnet152`: bottlenecks of 1×1, 3×3 and 1×1.

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
from coursecnn.architectures._registry import rows
from coursecnn.architectures.blocks import Pooling, Shortcut, Stride, Style
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.backend import keras

__all__ = ["NETWORKS", "RELEASES", "TABLE_1", "resnet"]

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
    "keras": Release(
        "1x1", "padded", Style("fan_in", "he", bias=True, epsilon=1.001e-5, momentum=0.99)
    ),
}


def resnet(
    depth: int,
    input_shape: Shape = IMAGENET,
    classes: int = 1000,
    *,
    release: ReleaseName = "caffe",
    shortcut: Shortcut = "B",
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the 18, 34, 50, 101 or 152 layers of table 1.

    Args:
        depth: Number of layers.
        input_shape: (height, width, channels) of an image, at least 32×32 pixels.
        classes: Number of outputs, a probability for each class.
        release: Whose definition: "caffe" (the authors'), "torch" or "keras"; see the module.
        shortcut: Option "A", "B" or "C" of section 4.1: zeros, projections where the shapes
            change (the authors' choice), or projections everywhere.
        top: Whether the classifier is there; without it the model ends in the maps of the last
            unit, before their average.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: An argument is not one of these.

    >>> from coursecnn.backend import without_weights
    >>> with without_weights():
    ...     resnet(18, classes=10).output_shape, resnet(50, top=False).output_shape
    ((None, 10), (None, 7, 7, 2048))
    """
    name = f"resnet{depth}"
    check_choice("depth", name, TABLE_1)
    check_choice("release", release, RELEASES)
    check_choice("shortcut", shortcut, blocks.SHORTCUTS)
    inputs = image_input(input_shape, classes, smallest=32)
    conventions = RELEASES[release]
    x = blocks.imagenet_stem(inputs, conventions.style, conventions.pooling)
    counts, expansion = TABLE_1[name]
    for units, (stage, width, stride) in zip(counts, STAGES, strict=True):
        unit = partial(
            _unit, width=width, expansion=expansion, conventions=conventions, shortcut=shortcut
        )
        x = blocks.stage(x, units, stride, unit, stage)
    head = partial(blocks.classifier, classes=classes, style=conventions.style)
    return classified(inputs, x, head, name=name, top=top, activation=classifier_activation)


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
        branch = blocks.basic_branch(x, filters, style, name, stride=stride)
    else:
        branch = blocks.bottleneck_branch(
            x, width, filters, style, name, stride=stride, stride_on=conventions.stride_on
        )
    return blocks.residual_unit(across, branch, name)


NETWORKS = rows(
    "resnet",
    "He et al., CVPR 2016 (arXiv:1512.03385), table 1",
    IMAGENET,
    1000,
    # name        builder              place      parameters  trainable   MACs
    ("resnet18", partial(resnet, 18), "18-layer", 11_699_112, 11_689_512, 1_814_073_344),
    ("resnet34", partial(resnet, 34), "34-layer", 21_814_696, 21_797_672, 3_663_761_408),
    ("resnet50", partial(resnet, 50), "50-layer", 25_610_152, 25_557_032, 3_857_973_248),
    ("resnet101", partial(resnet, 101), "101-layer", 44_654_504, 44_549_160, 7_570_194_432),
    ("resnet152", partial(resnet, 152), "152-layer", 60_344_232, 60_192_808, 11_282_415_616),
)
