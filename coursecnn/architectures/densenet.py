"""DenseNet: each layer reads the maps of all layers before it in its block.

- `densenet_cifar`, of a row of `CIFAR`: three dense blocks for small images; by name
  `densenet40_12` of plain layers, `densenet_bc_100_12` with bottlenecks in the layers and
  compression between the blocks;
- `densenet_imagenet`, of a row of `IMAGENET`: four such blocks for large images; by name
  `densenet121`, `densenet169`, `densenet201` and, of growth rate 48, `densenet161`.

A layer adds `growth` maps to what it read. With a bottleneck, a 1×1 convolution first makes
4 · `growth` maps of all it read. A transition between blocks keeps the share `compression` of the
maps, and halves the image.

Sources: Huang, Liu, van der Maaten, Weinberger, "Densely Connected Convolutional Networks",
CVPR 2017, section 3, table 1 (arXiv:1608.06993, whose last version lists DenseNet-264 where the
release has DenseNet-161); the release https://github.com/liuzhuang13/DenseNet, models/densenet.lua
and models/DenseConnectLayer.lua. What the two leave open, or say differently:

- the first convolution of DenseNet-40 makes 16 maps, as the paper (section 3, "Implementation
  Details") and the authors' Caffe release have it; the Torch release makes 2 · growth = 24, an
  argument here. All others begin with 2 · growth, also DenseNet-161 (96);
- the paper has no ReLU in a transition, the release has one after the normalisation, and so
  have these networks; the dense blocks end in a normalisation and a ReLU before the average;
- no convolution has a bias; batch normalisation has the constants of Torch, epsilon 1e-5;
- "the initialisation of He et al." is, in the release, normal with variance 2/n, where n counts
  the outgoing connections of a convolution; the dense layer has Torch's default, bias 0.

Deviation: the last average is over the whole map, whatever its size; the release writes 8×8 and
7×7, which is the same for the images of the paper.

>>> IMAGENET["densenet121"].depth
121
"""

from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from coursecnn._checks import check_count, check_share
from coursecnn.architectures._registry import rows
from coursecnn.architectures.blocks import (
    Style,
    classifier,
    convolution,
    normalisation,
    relu,
)
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.backend import keras

__all__ = [
    "CIFAR",
    "IMAGENET",
    "NETWORKS",
    "Configuration",
    "densenet_cifar",
    "densenet_imagenet",
]

SMALL: Shape = (32, 32, 3)
LARGE: Shape = (224, 224, 3)
layers = keras.layers
Tensor: TypeAlias = keras.KerasTensor


@dataclass(frozen=True)
class Configuration:
    """One network of the paper's tables.

    Attributes:
        growth: Maps that a layer adds, k in the paper.
        blocks: Layers in each dense block.
        bottleneck: Whether a layer begins with a 1×1 convolution to 4k maps (DenseNet-B).
        compression: Share of the maps that a transition keeps (DenseNet-C where below 1).
        stem: Maps that the first convolution makes.

    >>> CIFAR["densenet40_12"].depth
    40
    """

    growth: int
    blocks: tuple[int, ...]
    bottleneck: bool = field(kw_only=True)
    compression: float
    stem: int

    @property
    def depth(self) -> int:
        """Layers, as the name counts them, with the first, those in transitions, and the last."""
        return 1 + (1 + self.bottleneck) * sum(self.blocks) + len(self.blocks)


# Section 4.1 and table 2 of the paper.
CIFAR = {
    #                                    k   layers  compression  first maps
    "densenet40_12": Configuration(      12, (12, 12, 12), 1.0, 16, bottleneck=False),
    "densenet_bc_100_12": Configuration( 12, (16, 16, 16), 0.5, 24, bottleneck=True),
}  # fmt: skip

# Table 1 of the paper.
IMAGENET = {
    #                             k   layers  compression  first maps
    "densenet121": Configuration( 32, (6, 12, 24, 16), 0.5, 64, bottleneck=True),
    "densenet169": Configuration( 32, (6, 12, 32, 32), 0.5, 64, bottleneck=True),
    "densenet201": Configuration( 32, (6, 12, 48, 32), 0.5, 64, bottleneck=True),
    "densenet161": Configuration( 48, (6, 12, 36, 24), 0.5, 96, bottleneck=True),
}  # fmt: skip

BOTTLENECK = 4  # maps of the 1×1 convolution for each one of the 3×3
TORCH = Style()  # He's initialisation as Torch writes it, no bias, and Torch's constants


def densenet_cifar(
    row: Configuration,
    input_shape: Shape = SMALL,
    classes: int = 10,
    *,
    dropout: float = 0.0,
    stem: int | None = None,
    top: bool = True,
    classifier_activation: str | None = "softmax",
    name: str = "densenet_cifar",
) -> keras.Model:
    """Build a network for small images: its first convolution keeps their size.

    Args:
        row: A row of `CIFAR`, or another one.
        input_shape: (height, width, channels) of an image. Each block but the first halves height
            and width, and rounds down.
        classes: Number of outputs, a probability for each class.
        dropout: Share of the values dropped in training after each convolution but the first.
            The paper has 0.2 where the training images are not augmented, and 0 where they are.
        stem: Maps of the first convolution; None for those of the row. DenseNet-40 has 16 in the
            paper, 24 in the Torch release.
        top: Whether the classifier is there; without it the model ends in the last
            activation, before its average.
        classifier_activation: Of the outputs; None for logits.
        name: Of the model.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: The image is too small, or an argument is not what it must be.

    >>> small = Configuration(growth=4, blocks=(2, 2), bottleneck=True, compression=0.5, stem=8)
    >>> densenet_cifar(small).count_params()
    4002
    """
    image = image_input(input_shape, classes, smallest=2 ** (len(row.blocks) - 1))
    x = convolution(image, _stem(row, stem), 3, TORCH, "conv1")
    x, head = _dense_blocks(x, row, dropout), partial(classifier, classes=classes, style=TORCH)
    return classified(image, x, head, name=name, top=top, activation=classifier_activation)


def densenet_imagenet(
    row: Configuration,
    input_shape: Shape = LARGE,
    classes: int = 1000,
    *,
    dropout: float = 0.0,
    stem: int | None = None,
    top: bool = True,
    classifier_activation: str | None = "softmax",
    name: str = "densenet_imagenet",
) -> keras.Model:
    """Build a network for large images: 7×7 convolution and maximum pooling, both of stride 2.

    Arguments, result and errors are those of `densenet_cifar`; the paper has no dropout here.

    >>> small = Configuration(growth=4, blocks=(2, 2), bottleneck=True, compression=0.5, stem=8)
    >>> densenet_imagenet(small, classes=10).output_shape
    (None, 10)
    """
    # The first two halvings round up: 29 pixels make 15, 8, and with four blocks 4, 2, 1.
    image = image_input(input_shape, classes, smallest=4 * 2 ** (len(row.blocks) - 1) - 3)
    x = convolution(image, _stem(row, stem), 7, TORCH, "conv1", stride=2)
    x = _activated(x, "conv1")
    # Torch leaves the padding out of the maximum; after a ReLU, zeros are the same.
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    x, head = _dense_blocks(x, row, dropout), partial(classifier, classes=classes, style=TORCH)
    return classified(image, x, head, name=name, top=top, activation=classifier_activation)


def _stem(row: Configuration, stem: int | None) -> int:
    if stem is None:
        return row.stem
    check_count("stem", stem)
    return stem


def _dense_blocks(x: Tensor, row: Configuration, dropout: float) -> Tensor:
    check_share("dropout", dropout, below_one=True)
    for block, count in enumerate(row.blocks, start=1):
        if block > 1:
            x = _transition(x, row.compression, dropout, f"transition{block - 1}")
        for number in range(1, count + 1):
            x = _dense_layer(x, row, dropout, f"block{block}_layer{number}")
    return _activated(x, "last")


def _dense_layer(x: Tensor, row: Configuration, dropout: float, name: str) -> Tensor:
    """Make `growth` maps from all maps so far, and append them."""
    new = x
    if row.bottleneck:
        wide = BOTTLENECK * row.growth
        new = _unit(new, wide, 1, dropout, f"{name}_bottleneck")
    new = _unit(new, row.growth, 3, dropout, name)
    return layers.Concatenate(name=f"{name}_concat")([x, new])


def _transition(x: Tensor, compression: float, dropout: float, name: str) -> Tensor:
    """Keep a share of the maps, and halve them."""
    x = _unit(x, int(compression * x.shape[-1]), 1, dropout, name)
    return layers.AveragePooling2D(2, name=f"{name}_pool")(x)


def _unit(x: Tensor, filters: int, kernel: int, dropout: float, name: str) -> Tensor:
    """The composite function of the paper: normalise, activate, convolve."""
    x = convolution(_activated(x, name), filters, kernel, TORCH, f"{name}_conv")
    return layers.Dropout(dropout, name=f"{name}_dropout")(x) if dropout else x


def _activated(x: Tensor, name: str) -> Tensor:
    return relu(normalisation(x, TORCH, f"{name}_bn"), f"{name}_relu")


NETWORKS = (
    *rows(
        "densenet",
        "Huang et al., CVPR 2017 (arXiv:1608.06993)",
        SMALL,
        10,
        *(
            (
                name,
                partial(densenet_cifar, CIFAR[name], name=name),
                "table 2",
                parameters,
                trainable,
                macs,
            )
            for name, parameters, trainable, macs in (
                ("densenet40_12", 1_037_818, 1_019_722, 264_812_928),
                ("densenet_bc_100_12", 793_150, 769_162, 287_929_692),
            )
        ),
    ),
    *rows(
        "densenet",
        "Huang et al., CVPR 2017 (arXiv:1608.06993)",
        LARGE,
        1000,
        *(
            (
                name,
                partial(densenet_imagenet, IMAGENET[name], name=name),
                place,
                parameters,
                trainable,
                macs,
            )
            for name, place, parameters, trainable, macs in (
                ("densenet121", "table 1", 8_062_504, 7_978_856, 2_834_161_664),
                ("densenet169", "table 1", 14_307_880, 14_149_480, 3_359_843_328),
                ("densenet201", "table 1", 20_242_984, 20_013_928, 4_291_365_888),
                ("densenet161", "release", 28_900_936, 28_681_000, 7_727_907_072),
            )
        ),
    ),
)
