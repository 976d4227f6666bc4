"""DenseNet: each layer reads the maps of all layers before it in its block.

- `densenet40_12`: three dense blocks of plain layers, for CIFAR;
- `densenet_bc_100_12`: bottlenecks in the layers, compression between the blocks, for CIFAR;
- `densenet121`, `densenet169`, `densenet201`, `densenet161`: four such blocks, for ImageNet;
- `densenet_cifar`, `densenet_imagenet`: any other row of the tables.

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
- the paper has no ReLU in a transition, the release has one behind the normalisation, and so
  have these networks; the dense blocks end in a normalisation and a ReLU before the average;
- no convolution has a bias; batch normalisation has the constants of Torch, epsilon 1e-5;
- "the initialisation of He et al." is, in the release, normal with variance 2/n, where n counts
  the outgoing connections of a convolution; the dense layer has Torch's default, bias 0.

Deviation: the last average is over the whole map, whatever its size; the release writes 8×8 and
7×7, which is the same for the images of the paper.

>>> IMAGENET["densenet121"].depth
121
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from coursecnn._checks import check_count, check_share
from coursecnn.architectures.blocks import (
    Style,
    classifier,
    convolution,
    normalisation,
    relu,
)
from coursecnn.architectures.layers import Shape, image_input
from coursecnn.backend import keras

__all__ = [
    "BUILDERS",
    "CIFAR",
    "IMAGENET",
    "Configuration",
    "densenet40_12",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "densenet_bc_100_12",
    "densenet_cifar",
    "densenet_imagenet",
]

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
    bottleneck: bool
    compression: float
    stem: int

    @property
    def depth(self) -> int:
        """Layers, as the name counts them, with the first, those in transitions, and the last."""
        return 1 + (1 + self.bottleneck) * sum(self.blocks) + len(self.blocks)


# Section 4.1 and table 2 of the paper.
CIFAR = {
    #                                    k   layers        bottleneck  compression  first maps
    "densenet40_12": Configuration(      12, (12, 12, 12), False,      1.0,         16),
    "densenet_bc_100_12": Configuration( 12, (16, 16, 16), True,       0.5,         24),
}  # fmt: skip

# Table 1 of the paper.
IMAGENET = {
    #                             k   layers           bottleneck  compression  first maps
    "densenet121": Configuration( 32, (6, 12, 24, 16), True,       0.5,         64),
    "densenet169": Configuration( 32, (6, 12, 32, 32), True,       0.5,         64),
    "densenet201": Configuration( 32, (6, 12, 48, 32), True,       0.5,         64),
    "densenet161": Configuration( 48, (6, 12, 36, 24), True,       0.5,         96),
}  # fmt: skip

BOTTLENECK = 4  # maps of the 1×1 convolution for each one of the 3×3
TORCH = Style()  # He's initialisation as Torch writes it, no bias, and Torch's constants


def densenet40_12(
    input_shape: Shape = (32, 32, 3),
    classes: int = 10,
    dropout: float = 0.0,
    stem: int = CIFAR["densenet40_12"].stem,
) -> keras.Model:
    """Build DenseNet-40 with growth rate 12: 1,037,818 parameters, 1,019,722 trainable.

    Args:
        input_shape: As in `densenet_cifar`, with the same result and errors.
        classes: As in `densenet_cifar`.
        dropout: As in `densenet_cifar`.
        stem: Maps of the first convolution: 16 in the paper, 24 in the Torch release.
    """
    check_count("stem", stem)
    name = "densenet40_12"
    return densenet_cifar(replace(CIFAR[name], stem=stem), input_shape, classes, dropout, name)


def densenet_bc_100_12(
    input_shape: Shape = (32, 32, 3), classes: int = 10, dropout: float = 0.0
) -> keras.Model:
    """Build DenseNet-BC-100 with growth rate 12: 793,150 parameters, 769,162 trainable.

    Arguments, result and errors are those of `densenet_cifar`.
    """
    name = "densenet_bc_100_12"
    return densenet_cifar(CIFAR[name], input_shape, classes, dropout, name)


def densenet121(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, dropout: float = 0.0
) -> keras.Model:
    """Build DenseNet-121: 8,062,504 parameters, 7,978,856 trainable.

    Arguments, result and errors are those of `densenet_imagenet`.
    """
    name = "densenet121"
    return densenet_imagenet(IMAGENET[name], input_shape, classes, dropout, name)


def densenet169(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, dropout: float = 0.0
) -> keras.Model:
    """Build DenseNet-169: 14,307,880 parameters, 14,149,480 trainable.

    Arguments, result and errors are those of `densenet_imagenet`.
    """
    name = "densenet169"
    return densenet_imagenet(IMAGENET[name], input_shape, classes, dropout, name)


def densenet201(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, dropout: float = 0.0
) -> keras.Model:
    """Build DenseNet-201: 20,242,984 parameters, 20,013,928 trainable.

    Arguments, result and errors are those of `densenet_imagenet`.
    """
    name = "densenet201"
    return densenet_imagenet(IMAGENET[name], input_shape, classes, dropout, name)


def densenet161(
    input_shape: Shape = (224, 224, 3), classes: int = 1000, dropout: float = 0.0
) -> keras.Model:
    """Build DenseNet-161, of growth rate 48: 28,900,936 parameters, 28,681,000 trainable.

    Arguments, result and errors are those of `densenet_imagenet`.
    """
    name = "densenet161"
    return densenet_imagenet(IMAGENET[name], input_shape, classes, dropout, name)


def densenet_cifar(
    row: Configuration,
    input_shape: Shape = (32, 32, 3),
    classes: int = 10,
    dropout: float = 0.0,
    name: str = "densenet_cifar",
) -> keras.Model:
    """Build a network for small images: its first convolution keeps their size.

    Args:
        row: A row of `CIFAR`, or another one.
        input_shape: (height, width, channels) of an image. Each block but the first halves height
            and width, and rounds down.
        classes: Number of outputs, a probability for each class.
        dropout: Share of the values dropped in training behind each convolution but the first.
            The paper has 0.2 where the training images are not augmented, and 0 where they are.
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
    x = convolution(image, row.stem, 3, TORCH, "conv1")
    return keras.Model(image, _dense_blocks(x, row, classes, dropout), name=name)


def densenet_imagenet(
    row: Configuration,
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    dropout: float = 0.0,
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
    x = convolution(image, row.stem, 7, TORCH, "conv1", stride=2)
    x = _activated(x, "conv1")
    # Torch leaves the padding out of the maximum; behind a ReLU, zeros are the same.
    x = layers.ZeroPadding2D(1, name="pool1_pad")(x)
    x = layers.MaxPooling2D(3, 2, name="pool1")(x)
    return keras.Model(image, _dense_blocks(x, row, classes, dropout), name=name)


def _dense_blocks(x: Tensor, row: Configuration, classes: int, dropout: float) -> Tensor:
    check_share("dropout", dropout, below_one=True)
    for block, count in enumerate(row.blocks, start=1):
        if block > 1:
            x = _transition(x, row.compression, dropout, f"transition{block - 1}")
        for number in range(1, count + 1):
            x = _dense_layer(x, row, dropout, f"block{block}_layer{number}")
    return classifier(_activated(x, "last"), classes, TORCH)


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


BUILDERS = {
    "densenet40_12": densenet40_12,
    "densenet_bc_100_12": densenet_bc_100_12,
    "densenet121": densenet121,
    "densenet169": densenet169,
    "densenet201": densenet201,
    "densenet161": densenet161,
}
