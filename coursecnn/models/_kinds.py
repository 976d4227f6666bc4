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
from coursecnn.models import _rules as r
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
        macs: Counts its products; None for what is counted by following what it does.
    """

    kind: Kind
    words: w.Words
    macs: r.Rule | None = r.none


def _sized(name: str) -> str:
    """Write a name with {} for one, two and three dimensions."""
    return " ".join(name.format(f"{size}D") for size in (1, 2, 3))


def _inner(*more: str) -> w.Words:
    """Describe a wrapper by the layer inside."""

    def said(layer: Any) -> list[str]:
        held = layer.forward_layer if hasattr(layer, "forward_layer") else layer.layer
        return [*words(held), *more]

    return said


_AUGMENTATION = """
    AugMix AutoContrast CenterCrop ContrastLimitedAdaptiveHistogramEqualization CutMix Equalization
    MixUp RandAugment RandomBrightness RandomColorDegeneration RandomColorJitter
    RandomContrast RandomCrop RandomElasticTransform RandomErasing RandomFlip RandomGaussianBlur
    RandomGrayscale RandomHue RandomInvert RandomPerspective RandomPosterization RandomRotation
    RandomSaturation RandomSharpness RandomShear RandomTranslation RandomZoom Solarization
"""
_ENCODING = """
    CategoryEncoding Discretization HashedCrossing Hashing IntegerLookup MaxNumBoundingBoxes
    StringLookup TextVectorization
"""
# The public classes of Keras, their kinds, words and rules (None: by what the layer does);
# "other" is what only moves values about, or changes each alone.
_TABLE: tuple[tuple[str, Kind, w.Words, r.Rule | None], ...] = (
    ("InputLayer", "input", w.fixed("input"), r.none),
    (_sized("Conv{}"), "convolution", w.conv, r.conv),
    (_sized("Conv{}Transpose"), "convolution", w.transposed, r.conv_transpose),
    ("DepthwiseConv1D DepthwiseConv2D", "convolution", w.depthwise, r.depthwise),
    ("SeparableConv1D SeparableConv2D", "convolution", w.separable, r.separable),
    ("Dense", "dense", w.dense, r.dense),
    ("EinsumDense", "dense", w.einsum, r.einsum_dense),
    ("Embedding", "embedding", w.embedding, r.none),
    ("ReversibleEmbedding", "embedding", w.embedding, r.reversible),
    ("Attention", "attention", w.fixed("attention"), None),
    ("AdditiveAttention", "attention", w.fixed("additive attention"), r.additive_attention),
    ("MultiHeadAttention", "attention", w.heads("attention"), None),
    ("GroupQueryAttention", "attention", w.grouped_heads, None),
    ("SimpleRNN SimpleRNNCell", "recurrent", w.units("recurrent"), r.recurrent(1)),
    ("LSTM LSTMCell", "recurrent", w.units("LSTM"), r.recurrent(4)),
    ("GRU GRUCell", "recurrent", w.units("GRU"), r.recurrent(3)),
    (_sized("ConvLSTM{}"), "recurrent", w.filters("conv LSTM"), r.conv_lstm),
    ("RNN", "recurrent", w.fixed("recurrent"), r.rnn),
    ("StackedRNNCells", "recurrent", w.fixed("recurrent"), None),
    ("Bidirectional", "recurrent", _inner("forwards and backwards"), r.bidirectional),
    ("TimeDistributed", "other", _inner("at each step"), r.time_distributed),
    ("SpectralNormalization", "other", _inner("spectral norm"), r.wrapped),
    ("Wrapper", "other", _inner(), r.wrapped),
    (_sized("MaxPooling{}"), "pooling", w.pool("max"), r.none),
    (_sized("AveragePooling{}"), "pooling", w.pool("average"), r.none),
    (_sized("GlobalMaxPooling{}"), "pooling", w.fixed("global max pool"), r.none),
    (_sized("GlobalAveragePooling{}"), "pooling", w.fixed("global average pool"), r.none),
    (_sized("AdaptiveMaxPooling{}"), "pooling", w.adaptive("max"), r.none),
    (_sized("AdaptiveAveragePooling{}"), "pooling", w.adaptive("average"), r.none),
    ("BatchNormalization", "normalisation", w.fixed("batch norm"), r.none),
    ("LayerNormalization", "normalisation", w.fixed("layer norm"), r.none),
    ("GroupNormalization", "normalisation", w.fixed("group norm"), r.none),
    ("RMSNormalization", "normalisation", w.fixed("RMS norm"), r.none),
    ("UnitNormalization", "normalisation", w.fixed("unit norm"), r.none),
    ("Normalization", "normalisation", w.fixed("normalisation"), r.none),
    ("Activation", "activation", w.fixed(), r.none),
    ("ReLU", "activation", w.relu, r.none),
    ("LeakyReLU", "activation", w.fixed("leaky ReLU"), r.none),
    ("PReLU", "activation", w.fixed("PReLU"), r.none),
    ("ELU", "activation", w.fixed("ELU"), r.none),
    ("Softmax", "activation", w.fixed("softmax"), r.none),
    ("Dropout", "dropout", w.dropout("dropout"), r.none),
    (_sized("SpatialDropout{}"), "dropout", w.dropout("spatial dropout"), r.none),
    ("AlphaDropout", "dropout", w.dropout("alpha dropout"), r.none),
    ("GaussianDropout", "dropout", w.dropout("Gaussian dropout"), r.none),
    ("GaussianNoise", "dropout", w.fixed("Gaussian noise"), r.none),
    ("ActivityRegularization", "other", w.fixed("activity penalty"), r.none),
    ("Add", "join", w.fixed("add"), r.none),
    ("Subtract", "join", w.fixed("subtract"), r.none),
    ("Multiply", "join", w.fixed("multiply"), r.none),
    ("Average", "join", w.fixed("average"), r.none),
    ("Maximum", "join", w.fixed("maximum"), r.none),
    ("Minimum", "join", w.fixed("minimum"), r.none),
    ("Concatenate", "join", w.fixed("concatenate"), r.none),
    ("Dot", "join", w.fixed("dot product"), r.dot_layer),
    ("Flatten", "other", w.fixed("flatten"), r.none),
    ("Reshape", "other", w.fixed("reshape"), r.none),
    ("Permute", "other", w.fixed("permute axes"), r.none),
    ("RepeatVector", "other", lambda layer: [f"repeat {layer.n} times"], r.none),
    (_sized("ZeroPadding{}"), "other", w.fixed("zero padding"), r.none),
    (_sized("Cropping{}"), "other", w.fixed("crop"), r.none),
    (_sized("UpSampling{}"), "other", w.upsample, r.none),
    ("Resizing", "other", w.resize, r.none),
    ("Rescaling", "other", w.fixed("rescale"), r.none),
    ("Identity", "other", w.fixed("identity"), r.none),
    ("Masking", "other", w.fixed("mask"), r.none),
    ("Lambda", "other", w.function, None),
    (_AUGMENTATION, "other", w.by_name, r.none),
    (_ENCODING, "other", w.by_name, r.none),
    ("Pipeline", "other", w.by_name, None),
    ("MelSpectrogram STFTSpectrogram", "other", w.by_name, r.refused),
    ("FlaxLayer JaxLayer TFSMLayer TorchModuleWrapper", "other", w.by_name, r.refused),
)  # fmt: skip

KINDS: dict[type, Row] = {
    getattr(keras.layers, name): Row(kind, words, rule)
    for names, kind, words, rule in _TABLE
    for name in names.split()
    if hasattr(keras.layers, name)  # some are new
}

# The layers of this package.
OURS: dict[str, Row] = {
    "ActiveColumns": Row("other", w.by_name),
    "CompletedAverage2D": Row("pooling", w.fixed("average pool 3×3", "stride 2")),
    "GroupedConv2D": Row("convolution", w.conv, r.conv),
    "Join": Row("join", w.fixed("mean")),
    "LayerScale": Row("other", w.fixed("scale channels")),
    "LocalResponseNormalization": Row("normalisation", w.fixed("response norm")),
    "PadChannels": Row("other", w.pad_channels),
    "RadialBasisFunctions": Row("dense", w.codes),
    "SparseConvolution": Row("convolution", w.sparse),
    "StochasticDepth": Row("other", w.survives),
    "Subsampling": Row("pooling", w.fixed("subsample 2×2", "stride 2")),
}

_ACTIVATIONS = """
    Relu Relu6 LeakyRelu Elu Celu Selu Gelu Silu Sigmoid LogSigmoid HardSigmoid HardSilu HardTanh
    Softmax LogSoftmax Softplus Softsign Sparsemax Squareplus Tanh TanhShrink SoftShrink
    HardShrink Threshold Glu SparsePlus SparseSigmoid
"""
# Each value alone, sums, comparisons, and values that move about.
_ELEMENTWISE = """
    Abs Absolute AffineTransform All AllClose Amax Amin Angle Any Append Arange Arccos Arccosh
    Arcsin Arcsinh Arctan Arctan2 Arctanh Argmax Argmin Argpartition Argsort Array ArraySplit
    Average BinaryCrossentropy Bincount BitwiseAnd BitwiseInvert BitwiseLeftShift BitwiseNot
    BitwiseOr BitwiseRightShift BitwiseXor BroadcastTo Cast CategoricalCrossentropy Cbrt Ceil Clip
    Conj Conjugate ConvertToTensor Copy Cos Cosh CountNonzero CropImages Cross Cumprod Cumsum
    Deg2rad DepthToSpace Diag Diagflat Diagonal Diff Digitize DivideNoNan Dsplit Dstack EmptyLike
    Equal Erf Erfc Erfinv Exp Exp2 ExpandDims Expm1 ExtractPatches ExtractSequences Fabs Flip
    Fliplr Flipud Floor FloorDivide Fmax Fmin Fmod Fold Full FullLike Gcd Geomspace GetItem
    Greater GreaterEqual HSVToRGB Heaviside Histogram Hsplit Hstack Hypot I0 Imag InTopK IsIn
    Isclose Isfinite Isinf Isnan Isneginf Isposinf Isreal Kron Lcm Ldexp LeftShift Less LessEqual
    Linspace Log Log10 Log1p Log2 Logaddexp Logaddexp2 LogicalAnd LogicalNot LogicalOr LogicalXor
    Logspace Logsumexp MapCoordinates Max Mean Median Meshgrid Min Mod Moments Moveaxis MultiHot
    NanToNum Nanargmax Nanargmin Nancumprod Nancumsum Nanmax Nanmean Nanmedian Nanmin
    Nanpercentile Nanprod Nanquantile Nanstd Nansum Nanvar Ndim Negative Nextafter Nonzero Norm
    NotEqual OneHot OnesLike Outer PSNR Pad PadImages Percentile Power Prod Ptp Quantile
    RGBToGrayscale RGBToHSV Rad2deg Ravel Real Rearrange Reciprocal Repeat Reshape Resize
    RightShift Roll Rot90 Round Rsqrt SaturateCast Scatter ScatterUpdate SearchSorted SegmentMax
    SegmentMin SegmentProd SegmentSum Select Sign Signbit Sin Sinc Sinh Size Slice SliceUpdate
    Sort SpaceToDepth SparseCategoricalCrossentropy Split Sqrt Square Squeeze Std StopGradient Sum
    Swapaxes Take TakeAlongAxis Tan Tile TopK Trace Transpose Trapezoid Tril Triu TrueDivide Trunc
    Unfold Unique UnravelIndex Unstack Vander Var View ViewAsComplex ViewAsReal Vsplit Vstack
    Where ZerosLike
"""
# With products that are not counted here: equations, transforms, loops.
_UNCOUNTED = """
    Cholesky CholeskyInverse Det Slogdet Logdet Eig Eigh Inv LuFactor Qr Solve SolveTriangular SVD
    Lstsq MatrixRank Pinv FFT FFT2 IFFT2 RFFT IRFFT STFT ISTFT CDist Corrcoef Correlate Scan
    AssociativeScan Map WhileLoop ForiLoop Cond Switch VectorizedMap JVP GaussianBlur SobelEdges
    SSIM ElasticTransform ScaleAndTranslate CTCLoss CTCDecode PerspectiveTransform Polar
"""
# Operations on tensors, by their class in Keras, which is not public; what is missing is refused.
_OPERATIONS: tuple[tuple[str, Kind, r.Rule], ...] = (
    ("Matmul Dot Inner", "dense", r.matmul),
    ("Vdot", "dense", r.vdot),
    ("Tensordot", "dense", r.tensordot),
    ("Einsum", "dense", r.einsum_op),
    ("Conv", "convolution", r.conv_op),
    ("DepthwiseConv", "convolution", r.depthwise_op),
    ("SeparableConv", "convolution", r.separable_op),
    ("ConvTranspose", "convolution", r.conv_transpose_op),
    ("DotProductAttention", "attention", r.attention_op),
    ("MaxPool AveragePool AdaptiveMaxPool AdaptiveAveragePool", "pooling", r.none),
    ("BatchNorm LayerNorm RMSNorm Normalize", "normalisation", r.none),
    (_ACTIVATIONS, "activation", r.none),
    ("Add Subtract Multiply Divide Concatenate Stack Maximum Minimum", "join", r.none),
    (_ELEMENTWISE, "other", r.none),
    (_UNCOUNTED, "other", r.refused),
)
OPERATIONS: dict[str, Row] = {
    name: Row(kind, w.by_name, rule) for names, kind, rule in _OPERATIONS for name in names.split()
}


def kind(layer: Any) -> Kind:
    """Say what a layer, or an operation on tensors, is for; a wrapper is what it wraps.

    >>> kind(keras.layers.MaxPooling1D(2)), kind(keras.layers.TimeDistributed(keras.layers.ReLU()))
    ('pooling', 'activation')
    """
    known = row(layer)
    if known is None:
        return "other"
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
    if not isinstance(layer, keras.layers.Layer):
        own = is_keras_own(type(layer), "call")
        return OPERATIONS.get(type(layer).__name__) if own else None
    for parent in type(layer).__mro__:
        if parent in KINDS:
            return KINDS[parent]
        if parent.__name__ in OURS and parent.__module__.startswith("coursecnn."):
            return OURS[parent.__name__]
    return None


def kind_of_type(name: str) -> Kind:
    """Say what layers of a type are for, by the name that `layer_table` gives.

    >>> kind_of_type("GlobalMaxPooling2D"), kind_of_type("Matmul"), kind_of_type("Unheard")
    ('pooling', 'dense', 'other')
    """
    known = OURS.get(name) or KINDS.get(getattr(keras.layers, name, object)) or OPERATIONS.get(name)
    return known.kind if known else "other"
