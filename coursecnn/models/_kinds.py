"""What each layer of Keras and of this package is: the one table of layer types.

- `kind(layer)`: what it is for, which gives it its colour;
- `words(layer)`: what it does, as the parts of a label;
- `row(layer)`: its row, with the rule for its multiplications; None for a layer that is unknown.

A subclass is what its parent is. Types are looked up by class, those of this package by name, so
that the table needs no architecture. A test demands a row for every public layer of Keras, every
operation of `keras.ops` and every layer of this package.
"""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from coursecnn._keras_private import is_keras_own
from coursecnn.backend import keras
from coursecnn.models import _words as w

__all__ = ["KINDS", "Kind", "Row", "kind", "kind_of_type", "row", "words"]

Kind: TypeAlias = Literal[
    "input",
    "convolution",
    "dense",
    "attention",
    "recurrent",
    "embedding",
    "pooling",
    "normalisation",
    "activation",
    "dropout",
    "join",
    "other",
]


@dataclass(frozen=True)
class Row:
    """What is known of a type of layer.

    Attributes:
        kind: What it is for.
        words: Gives the parts of a label, the activation aside.
    """

    kind: Kind
    words: w.Words


def _sized(name: str) -> str:
    """Write a name with {} for one, two and three dimensions."""
    return " ".join(name.format(f"{size}D") for size in (1, 2, 3))


_AUGMENTATION = """
    AugMix AutoContrast CenterCrop ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization
    MixUp Pipeline RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter
    RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
    RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation
    RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom Solarization
"""
_ENCODING = """
    CategoryEncoding Discretization HashedCrossing Hashing IntegerLookup MaxNumBoundingBoxes
    MelSpectrogram STFTSpectrogram StringLookup TextVectorization
"""
# The public classes of Keras; "other" is what only moves values about, or changes each alone.
_TABLE: tuple[tuple[str, Kind, w.Words], ...] = (
    ("InputLayer", "input", w.fixed("input")),
    (_sized("Conv{}"), "convolution", w.conv),
    (_sized("Conv{}Transpose"), "convolution", w.transposed),
    ("DepthwiseConv1D DepthwiseConv2D", "convolution", w.depthwise),
    ("SeparableConv1D SeparableConv2D", "convolution", w.separable),
    ("Dense", "dense", w.dense),
    ("EinsumDense", "dense", w.einsum),
    ("Embedding ReversibleEmbedding", "embedding", w.embedding),
    ("Attention", "attention", w.fixed("attention")),
    ("AdditiveAttention", "attention", w.fixed("additive attention")),
    ("MultiHeadAttention", "attention", w.heads("attention")),
    ("GroupQueryAttention", "attention", lambda layer: [
        "attention", f"{layer.num_query_heads} heads", f"in {layer.num_key_value_heads} groups"]),
    ("SimpleRNN SimpleRNNCell", "recurrent", w.units("recurrent")),
    ("LSTM LSTMCell", "recurrent", w.units("LSTM")),
    ("GRU GRUCell", "recurrent", w.units("GRU")),
    (_sized("ConvLSTM{}"), "recurrent", w.filters("conv LSTM")),
    ("RNN StackedRNNCells", "recurrent", w.fixed("recurrent")),
    ("Bidirectional", "recurrent", lambda layer: [
        *words(layer.forward_layer), "forwards and backwards"]),
    ("TimeDistributed", "other", lambda layer: [*words(layer.layer), "at each step"]),
    ("SpectralNormalization", "other", lambda layer: [*words(layer.layer), "spectral norm"]),
    ("Wrapper", "other", lambda layer: words(layer.layer)),
    (_sized("MaxPooling{}"), "pooling", w.pool("max")),
    (_sized("AveragePooling{}"), "pooling", w.pool("average")),
    (_sized("GlobalMaxPooling{}"), "pooling", w.fixed("global max pool")),
    (_sized("GlobalAveragePooling{}"), "pooling", w.fixed("global average pool")),
    (_sized("AdaptiveMaxPooling{}"), "pooling", w.adaptive("max")),
    (_sized("AdaptiveAveragePooling{}"), "pooling", w.adaptive("average")),
    ("BatchNormalization", "normalisation", w.fixed("batch norm")),
    ("LayerNormalization", "normalisation", w.fixed("layer norm")),
    ("GroupNormalization", "normalisation", w.fixed("group norm")),
    ("RMSNormalization", "normalisation", w.fixed("RMS norm")),
    ("UnitNormalization", "normalisation", w.fixed("unit norm")),
    ("Normalization", "normalisation", w.fixed("normalisation")),
    ("Activation", "activation", w.fixed()),
    ("ReLU", "activation", w.fixed("ReLU")),
    ("LeakyReLU", "activation", w.fixed("leaky ReLU")),
    ("PReLU", "activation", w.fixed("PReLU")),
    ("ELU", "activation", w.fixed("ELU")),
    ("Softmax", "activation", w.fixed("softmax")),
    ("Dropout", "dropout", w.dropout("dropout")),
    (_sized("SpatialDropout{}"), "dropout", w.dropout("spatial dropout")),
    ("AlphaDropout", "dropout", w.dropout("alpha dropout")),
    ("GaussianDropout", "dropout", w.dropout("Gaussian dropout")),
    ("GaussianNoise", "dropout", w.fixed("Gaussian noise")),
    ("ActivityRegularization", "other", w.fixed("activity penalty")),
    ("Add", "join", w.fixed("add")),
    ("Subtract", "join", w.fixed("subtract")),
    ("Multiply", "join", w.fixed("multiply")),
    ("Average", "join", w.fixed("average")),
    ("Maximum", "join", w.fixed("maximum")),
    ("Minimum", "join", w.fixed("minimum")),
    ("Concatenate", "join", w.fixed("concatenate")),
    ("Dot", "join", w.fixed("dot product")),
    ("Flatten", "other", w.fixed("flatten")),
    ("Reshape", "other", w.fixed("reshape")),
    ("Permute", "other", w.fixed("permute axes")),
    ("RepeatVector", "other", lambda layer: [f"repeat {layer.n} times"]),
    (_sized("ZeroPadding{}"), "other", w.fixed("zero padding")),
    (_sized("Cropping{}"), "other", w.fixed("crop")),
    (_sized("UpSampling{}"), "other", w.upsample),
    ("Resizing", "other", w.resize),
    ("Rescaling", "other", w.fixed("rescale")),
    ("Identity", "other", w.fixed("identity")),
    ("Masking", "other", w.fixed("mask")),
    ("Lambda", "other", w.function),
    (_AUGMENTATION, "other", w.by_name),
    (_ENCODING, "other", w.by_name),
    ("FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper", "other", w.by_name),
)  # fmt: skip

KINDS: dict[type, Row] = {
    getattr(keras.layers, name): Row(kind, words)
    for names, kind, words in _TABLE
    for name in names.split()
    if hasattr(keras.layers, name)  # some are new
}

# The layers of this package.
OURS: dict[str, Row] = {
    "ActiveColumns": Row("other", w.by_name),
    "CompletedAverage2D": Row("pooling", w.fixed("average pool 3×3", "stride 2")),
    "Join": Row("join", w.fixed("mean")),
    "LocalResponseNormalization": Row("normalisation", w.fixed("response norm")),
    "PadChannels": Row("other", w.pad_channels),
    "RadialBasisFunctions": Row("dense", w.codes),
    "SparseConvolution": Row("convolution", w.sparse),
    "StochasticDepth": Row("other", w.survives),
    "Subsampling": Row("pooling", w.fixed("subsample 2×2", "stride 2")),
}

_ELEMENTWISE = """
    relu relu6 leaky_relu elu celu selu gelu silu sigmoid log_sigmoid hard_sigmoid hard_silu
    hard_tanh softmax log_softmax softplus softsign sparsemax squareplus tanh tanh_shrink
    soft_shrink hard_shrink threshold glu sparse_plus sparse_sigmoid
"""
# Operations on tensors, by their name in `keras.ops`; all others are "other".
_OPERATIONS: tuple[tuple[str, Kind], ...] = (
    ("conv conv_transpose depthwise_conv separable_conv", "convolution"),
    ("matmul einsum dot tensordot inner vdot", "dense"),
    ("dot_product_attention", "attention"),
    ("max_pool average_pool adaptive_max_pool adaptive_average_pool", "pooling"),
    ("batch_normalization layer_normalization rms_normalization normalize", "normalisation"),
    (_ELEMENTWISE, "activation"),
    ("add subtract multiply divide concatenate stack maximum minimum", "join"),
)
OPERATIONS: dict[str, Kind] = {name: kind for names, kind in _OPERATIONS for name in names.split()}


def kind(layer: Any) -> Kind:
    """Say what a layer, or an operation on tensors, is for; a wrapper is what it wraps.

    >>> kind(keras.layers.MaxPooling1D(2)), kind(keras.layers.TimeDistributed(keras.layers.ReLU()))
    ('pooling', 'activation')
    """
    known = row(layer)
    if known is None:
        return OPERATIONS.get(operation_name(layer), "other")
    if known.kind == "other" and isinstance(layer, keras.layers.Wrapper):
        return kind(layer.layer)
    return known.kind


def words(layer: Any) -> list[str]:
    """Say what a layer does: its operation, its settings, its activation.

    >>> words(keras.layers.Conv2D(8, 3, dilation_rate=2, activation="relu"))
    ['3×3 conv, 8', 'dilation 2', 'ReLU']
    >>> words(keras.layers.MaxPooling1D(2))
    ['max pool 2', 'stride 2']
    """
    known = row(layer)
    if known is None:
        return w.by_name(layer)
    # The gates of a recurrent layer have activations of their own.
    said = known.words(layer) + ([] if known.kind == "recurrent" else w.activation(layer))
    return said or ["linear"]  # an Activation that does nothing


def row(layer: Any) -> Row | None:
    """Find the row of a layer's type, or of the nearest parent that has one."""
    for parent in type(layer).__mro__:
        if parent in KINDS:
            return KINDS[parent]
        if parent.__name__ in OURS and parent.__module__.startswith("coursecnn."):
            return OURS[parent.__name__]
    return None


def kind_of_type(name: str) -> Kind:
    """Say what layers of a type are for, by the name that `layer_table` gives.

    >>> kind_of_type("GlobalMaxPooling2D"), kind_of_type("Unheard")
    ('pooling', 'other')
    """
    if name in OURS:
        return OURS[name].kind
    known = getattr(keras.layers, name, None)
    return KINDS[known].kind if known in KINDS else OPERATIONS.get(w.snake(name), "other")


def operation_name(layer: Any) -> str:
    """Name an operation on tensors as `keras.ops` does; empty for a layer, and for one's own.

    >>> operation_name(keras.layers.ReLU())
    ''
    """
    if isinstance(layer, keras.layers.Layer) or not is_keras_own(type(layer), "call"):
        return ""
    name = w.snake(type(layer).__name__)
    return name if hasattr(keras.ops, name) else ""
