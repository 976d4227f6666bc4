"""ZFNet: AlexNet with a finer first look, found by looking at what its layers see.

- `zfnet`: 7×7 windows with a stride of 2 in front, and no towers;
- `zfnet_512`: wider in conv3, conv4 and conv5, the network behind the paper's best numbers.

Sources: Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014,
figure 3, section 3, table 2 (arXiv:1311.2901); the authors released no definition. What they
leave open:

- padding. Figure 3 prints maps of 110, 55, 26, 13 and 6 rows for 224. Without padding in conv1
  and conv2, and with windows that hang over the edge completed, as in cuda-convnet, all of these
  come out; rounded down, conv1 would make 109. The 3×3 convolutions keep their size;
- normalisation follows the pooling (figure 3), with the constants of AlexNet, which section 2
  refers to;
- "all weights are initialised to 10^-2" (section 3) is read as the standard deviation, as in
  AlexNet; all biases begin at zero;
- a filter of a convolution whose root mean square passes 10^-1 is scaled back to it in training
  (section 3): a constraint of the kernel.

No other deviations.

>>> [row.filters for row in ZFNET], [row.filters for row in ZFNET_512]
([96, 256, 384, 384, 256], [96, 256, 512, 1024, 512])
"""

from collections.abc import Sequence
from functools import partial

from coursecnn.architectures._registry import rows
from coursecnn.architectures.alexnet import Row, convolutions, dense_layers, table_of
from coursecnn.architectures.layers import Shape, classified, image_input
from coursecnn.backend import keras

__all__ = ["NETWORKS", "ZFNET", "ZFNET_512", "zfnet", "zfnet_512"]

ZFNET = table_of(
    # filters, kernel, stride, padding, split, normalised, pooled, bias
    (96, 7, 2, "valid", False, True, True, 0),
    (256, 5, 2, "valid", False, True, True, 0),
    (384, 3, 1, "same", False, False, False, 0),
    (384, 3, 1, "same", False, False, False, 0),
    (256, 3, 1, "same", False, False, True, 0),
)
# "Layers 3,4,5: 512,1024,512 maps".
ZFNET_512 = (
    *ZFNET[:2],
    *(row._replace(filters=n) for row, n in zip(ZFNET[2:], (512, 1024, 512), strict=True)),
)
LARGEST_RMS = 0.1  # of the weights of a filter
SMALLEST = 60  # pixels, from which the last pooling still has a whole window


def zfnet(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build the network of figure 3: 62,357,608 parameters by default.

    Args:
        input_shape: (height, width, channels) of an image.
        classes: Number of outputs, a probability for each class.
        top: Whether the classifier is there; without it the model ends in the maps of `pool5`.
        classifier_activation: Of the outputs; None for logits.

    Returns:
        A model from (batch, height, width, channels) to (batch, classes).

    Raises:
        ValueError: A side of the image is below 60 pixels, or another argument is not one of
            these.
    """
    return _build("zfnet", ZFNET, input_shape, classes, top=top, activation=classifier_activation)


def zfnet_512(
    input_shape: Shape = (224, 224, 3),
    classes: int = 1000,
    *,
    top: bool = True,
    classifier_activation: str | None = "softmax",
) -> keras.Model:
    """Build it with 512, 1024, 512 filters at the end: 107,627,624 parameters; else as `zfnet`."""
    return _build(
        "zfnet_512", ZFNET_512, input_shape, classes, top=top, activation=classifier_activation
    )


def _build(
    name: str,
    table: Sequence[Row],
    input_shape: Shape,
    classes: int,
    *,
    top: bool,
    activation: str | None,
) -> keras.Model:
    inputs = image_input(input_shape, classes, SMALLEST)
    x = convolutions(inputs, table, pool_first=True, largest_rms=LARGEST_RMS)
    dense = partial(dense_layers, classes=classes, hidden_bias=0)
    return classified(inputs, x, dense, name=name, top=top, activation=activation)


NETWORKS = rows(
    "zfnet",
    "Zeiler and Fergus, ECCV 2014 (arXiv:1311.2901)",
    (224, 224, 3),
    1000,
    # name     builder  place       parameters  trainable   MACs
    ("zfnet", zfnet, "figure 3", 62_357_608, 62_357_608, 1_168_032_896),
    ("zfnet_512", zfnet_512, "table 2", 107_627_624, 107_627_624, 2_476_704_896),
)
