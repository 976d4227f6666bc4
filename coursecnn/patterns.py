"""The lecture's notation for architectures, `INPUT -> [CONV -> POOL]*2 -> FC -> FC`, made real.

========== ==============================================================================
parse      text to `Pattern`; `str(pattern)` is the text again, in canonical form
variants   the patterns that the `?` of a pattern allow
layers     the named layers of a pattern, as `coursecnn.geometry` describes them
build      the Keras model
========== ==============================================================================

The notation in EBNF. White space is free, letters may be small, `→`, `=>` and `-->` may stand for
`->`, `×` for `x`, and either of these two for `*`; the canonical form has capital names, and leaves
out whatever is a default:

    pattern  = "INPUT" , "->" , chain ;
    chain    = item , { "->" , item } ;
    item     = ( layer | "[" , chain , "]" ) , [ "?" | "*" , count ] ;
    count    = integer | letter ;
    layer    = conv | pool | fc | "RELU" ;
    conv     = "CONV" , [ "(" , option , { "," , option } , ")" ] ;
    pool     = "POOL" , [ "(" , option , { "," , option } , ")" ] ;
    fc       = "FC"   , [ "(" , integer , ")" ] ;
    option   = integer | integer , "x" , integer | "stride" , integer | "same" | "valid" ;

`?` marks what may be left out. `*` repeats; a letter is a count that is given later. `CONV` takes
each option once: its filters, its window (height x width), its stride, its padding. `POOL` takes a
window and a stride. Integers are positive, of at most 9 digits; brackets are nested at most 50
deep. For example:

    INPUT -> [CONV(64, 5x5, stride 2, valid) -> POOL(3x3, stride 2)]*2 -> FC(120) -> FC
    INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC

What the notation leaves open is settled like this:

- each CONV, and each FC but the last, is followed by a ReLU; a written RELU is that same one;
- the last FC gives the class scores, through a softmax;
- CONV is 3x3 with stride 1 and "same" padding;
- a CONV without a number of filters has as many as the one before it, 32 if it is the first,
  and twice that after each POOL between them;
- POOL takes the maximum of 2x2 windows, side by side unless a stride is given; what does not
  fill a window at the right and bottom edges is dropped, as Keras does;
- FC has 128 units.

>>> pattern = parse("input → [conv → pool] * 2 → fc → fc")
>>> print(pattern)
INPUT -> [CONV -> POOL]*2 -> FC -> FC
>>> print(*layers(pattern, classes=10))
conv1_1 pool1 conv2_1 pool2 fc1 scores
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from itertools import product
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple, TypeAlias

from coursecnn import geometry
from coursecnn._checks import as_int, as_plain, check_activation, check_choice, check_count

if TYPE_CHECKING:
    from coursecnn.backend import keras

__all__ = [
    "Conv",
    "FullyConnected",
    "Layer",
    "Node",
    "Optional",
    "Pattern",
    "PatternError",
    "Pool",
    "Relu",
    "Repeat",
    "build",
    "layers",
    "parse",
    "variants",
]

FILTERS = 32  # of the first CONV
UNITS = 128  # of an FC
DEEPEST = 50  # brackets within brackets
MOST_LAYERS = 10_000
LONGEST = 9  # digits of an integer


class PatternError(ValueError):
    """The text is no pattern. The message shows the place with a caret under it.

    Attributes:
        problem: What is wrong, and what was expected.
        text: The pattern's text.
        position: Index of the character of `text` that is pointed at.

    >>> parse("INPUT -> CNV -> FC")
    Traceback (most recent call last):
    coursecnn.patterns.PatternError: unknown layer 'CNV': did you mean CONV?
      INPUT -> CNV -> FC
               ^
    """

    def __init__(self, problem: str, text: str, position: int) -> None:
        """Keep what the message is made of."""
        super().__init__(problem, text, position)
        self.problem = problem
        self.text = text
        self.position = position

    def __str__(self) -> str:
        start = self.text.rfind("\n", 0, self.position) + 1
        line = self.text[start:].partition("\n")[0]
        indent = re.sub(r"\S", " ", line[: self.position - start])  # a tab stays a tab
        return f"{self.problem}\n  {line}\n  {indent}^"


@dataclass(frozen=True)
class _Written:
    """What all layers share: a name, and the options that differ from their defaults."""

    name: ClassVar[str]

    def __post_init__(self) -> None:
        for field in fields(self):
            object.__setattr__(self, field.name, as_plain(getattr(self, field.name)))

    def __str__(self) -> str:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        changed = {f.name: values[f.name] for f in fields(self) if values[f.name] != f.default}
        options = ", ".join(_option(name, value) for name, value in changed.items())
        return f"{self.name}({options})" if options else self.name


def _option(name: str, value: object) -> str:
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return f"stride {value}" if name == "stride" else str(value)


@dataclass(frozen=True)
class Conv(_Written):
    """A convolution and its ReLU; `filters` is None where the pattern leaves them open.

    >>> print(Conv(), Conv(64, kernel=(5, 5), stride=2, padding="valid"))
    CONV CONV(64, 5x5, stride 2, valid)
    """

    name: ClassVar[str] = "CONV"

    filters: int | None = None
    kernel: tuple[int, int] = (3, 3)  # height, width
    stride: int = 1
    padding: Literal["same", "valid"] = "same"


@dataclass(frozen=True)
class Pool(_Written):
    """Max pooling; without a `stride` the windows lie side by side.

    >>> Pool()
    Pool(kernel=(2, 2), stride=None)
    """

    name: ClassVar[str] = "POOL"

    kernel: tuple[int, int] = (2, 2)  # height, width
    stride: int | None = None


@dataclass(frozen=True)
class Relu(_Written):
    """The ReLU of the layer before it, written out.

    >>> Relu()
    Relu()
    """

    name: ClassVar[str] = "RELU"


@dataclass(frozen=True)
class FullyConnected(_Written):
    """A fully connected layer; `units` is None where the pattern leaves them open.

    >>> FullyConnected(10).units
    10
    """

    name: ClassVar[str] = "FC"

    units: int | None = None


@dataclass(frozen=True)
class Repeat:
    """A part that comes `count` times; a letter is a count that is given later.

    >>> Repeat((Conv(8), Relu()), 2).count
    2
    """

    body: tuple[Node, ...]
    count: int | str

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", as_plain(self.count))

    def __str__(self) -> str:
        return f"{_bracketed(self.body)}*{self.count}"


@dataclass(frozen=True)
class Optional:
    """A part that may be left out.

    >>> Optional((Pool(),))
    Optional(body=(Pool(kernel=(2, 2), stride=None),))
    """

    body: tuple[Node, ...]

    def __str__(self) -> str:
        return f"{_bracketed(self.body)}?"


Layer: TypeAlias = Conv | Pool | Relu | FullyConnected
Node: TypeAlias = Layer | Repeat | Optional
_Rule: TypeAlias = Callable[[Repeat | Optional], "tuple[Node, ...]"]


def _bracketed(body: tuple[Node, ...]) -> str:
    single = len(body) == 1 and isinstance(body[0], Layer)
    return str(body[0]) if single else f"[{' -> '.join(map(str, body))}]"


@dataclass(frozen=True)
class Pattern:
    """A pattern: what follows INPUT, as a tree.

    Attributes:
        items: The layers, repetitions and optional parts, from first to last.

    Raises:
        PatternError: The items make no pattern; the text shown is theirs.

    Examples:
        >>> pattern = parse("INPUT -> [CONV*N -> POOL?]*2 -> FC")
        >>> pattern.items[1]
        FullyConnected(units=None)
        >>> print(pattern.choose(False).bind(N=3))
        INPUT -> [CONV*3]*2 -> FC
        >>> print(*pattern.expand(keep=[True], N=1))
        CONV POOL CONV POOL FC
    """

    items: tuple[Node, ...]

    def __post_init__(self) -> None:
        _check_depth(self.items)
        # The parser is the one judge: a tree made by hand must be what its own text says.
        if _Parser(str(self)).items() != self.items:
            raise ValueError(f"items must be what {str(self)!r} stands for, got {self.items!r}")

    def __str__(self) -> str:
        return " -> ".join(["INPUT", *map(str, self.items)])

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters that stand for counts, in the order of the text."""
        counts = [node.count for node in _nodes(self.items) if isinstance(node, Repeat)]
        return tuple(dict.fromkeys(count for count in counts if isinstance(count, str)))

    @property
    def optionals(self) -> tuple[Optional, ...]:
        """The parts marked with `?`, in the order of these marks in the text."""
        return tuple(node for node in _nodes(self.items) if isinstance(node, Optional))

    def choose(self, *keep: bool) -> Pattern:
        """Decide each `?`.

        Args:
            keep: For each `?` of the text, from left to right, whether its part stays. A part
                that is repeated stays or goes as a whole.

        Raises:
            ValueError: There are more or fewer decisions than `?`.
            PatternError: What is left is no pattern.
        """
        if len(keep) != len(self.optionals):
            raise ValueError(
                f"keep must say True or False for each of the {len(self.optionals)} '?' in "
                f"'{self}', got {keep!r}"
            )
        decisions = iter(keep)

        def decide(node: Repeat | Optional) -> tuple[Node, ...]:
            if isinstance(node, Repeat):
                return (node,)
            return node.body if next(decisions) else ()

        return Pattern(_rewritten(self.items, decide))

    def bind(self, **counts: int) -> Pattern:
        """Replace every letter by its count; a part that comes 0 times goes.

        Raises:
            ValueError: A letter is missing or unknown, or a count is no whole number.
            PatternError: What is left is no pattern.
        """
        if set(counts) != set(self.letters):
            raise ValueError(
                f"counts must be given for {', '.join(self.letters) or 'no letter'} in '{self}', "
                f"got {counts!r}"
            )
        times = {letter: as_int(count) for letter, count in counts.items()}
        for letter, number in times.items():
            if number is None or number < 0:
                raise ValueError(f"{letter} must be a count of at least 0, got {counts[letter]!r}")

        def give_count(node: Repeat | Optional) -> tuple[Node, ...]:
            if isinstance(node, Optional) or isinstance(node.count, int):
                return (node,)
            number = times[node.count]
            return (Repeat(node.body, number),) if number else ()

        return Pattern(_rewritten(self.items, give_count))

    def expand(self, keep: Sequence[bool] = (), **counts: int) -> tuple[Layer, ...]:
        """Return the layers one by one, with every `?` decided and every repetition unrolled.

        Args:
            keep: The decisions of `choose`.
            **counts: The counts of `bind`.
        """
        bound = self.choose(*keep).bind(**counts)
        if (number := _count(bound.items)) > MOST_LAYERS:
            raise ValueError(
                f"counts must make at most {MOST_LAYERS:,} layers, got {number:,} in '{bound}'"
            )
        return _unrolled(bound.items)


def _check_depth(items: tuple[Node, ...]) -> None:
    level = [items]
    for _ in range(DEEPEST + 1):
        level = [
            node.body for part in level for node in part if isinstance(node, Repeat | Optional)
        ]
    if level:
        raise ValueError(f"items must be nested at most {DEEPEST} deep, got more")


def _nodes(items: tuple[Node, ...]) -> Iterator[Node]:
    """Yield each node after those within it, which is the order of `?` and `*` in the text."""
    for node in items:
        if not isinstance(node, Layer):
            yield from _nodes(node.body)
        yield node


def _count(items: tuple[Node, ...]) -> int:
    """Say how many layers there are when all is unrolled."""
    return sum(
        _count(node.body) * int(node.count) if isinstance(node, Repeat) else 1 for node in items
    )


def _unrolled(items: tuple[Node, ...]) -> tuple[Layer, ...]:
    unrolled: list[Layer] = []
    for node in items:
        if isinstance(node, Repeat):
            unrolled += _unrolled(node.body) * int(node.count)
        elif isinstance(node, Layer):
            unrolled.append(node)
    return tuple(unrolled)


def _rewritten(items: tuple[Node, ...], rule: _Rule) -> tuple[Node, ...]:
    """Put `rule(node)` in the place of each `Repeat` and `Optional`, from the inside out."""
    new: list[Node] = []
    for node in items:
        if isinstance(node, Layer):
            new.append(node)
        else:
            whole = rule(replace(node, body=_rewritten(node.body, rule)))
            new += [part for part in whole if isinstance(part, Layer) or part.body]
    return tuple(new)


def parse(text: str) -> Pattern:
    """Read a pattern.

    Raises:
        PatternError: The text is no pattern; the message points at the character.
        ValueError: It is no text.

    Examples:
        >>> parse("INPUT -> CONV(64, 5x5)*2 -> FC").items[0]
        Repeat(body=(Conv(filters=64, kernel=(5, 5), stride=1, padding='same'),), count=2)
        >>> parse("INPUT -> [CONV -> POLL]*2 -> FC")
        Traceback (most recent call last):
        coursecnn.patterns.PatternError: unknown layer 'POLL': did you mean POOL?
          INPUT -> [CONV -> POLL]*2 -> FC
                            ^
    """
    if not isinstance(text, str):
        raise ValueError(f"pattern must be a text such as 'INPUT -> CONV -> FC', got {text!r}")
    return Pattern(_Parser(text).items())


def variants(pattern: Pattern) -> Iterator[Pattern]:
    r"""Yield the patterns that the `?` of a pattern allow, each once, the fullest first.

    Choices that leave no legal pattern, such as a RELU after no layer, are passed over.

    >>> print(*variants(parse("INPUT -> [CONV -> POOL?]*2 -> FC? -> FC")), sep="\n")
    INPUT -> [CONV -> POOL]*2 -> FC -> FC
    INPUT -> [CONV -> POOL]*2 -> FC
    INPUT -> CONV*2 -> FC -> FC
    INPUT -> CONV*2 -> FC
    """
    seen: set[Pattern] = set()
    for keep in product((True, False), repeat=len(pattern.optionals)):
        try:
            variant = pattern.choose(*keep)
        except PatternError:
            continue
        if variant not in seen:
            seen.add(variant)
            yield variant


def layers(
    pattern: Pattern | str, classes: int, *, keep: Sequence[bool] = (), **counts: int
) -> dict[str, geometry.Layer]:
    """Name the layers of a pattern and settle their sizes, without Keras.

    Args:
        pattern: A pattern or its text.
        classes: Units of the last FC.
        keep: For each `?`, whether its part stays, as in `Pattern.choose`.
        **counts: The count of each letter, as in `Pattern.bind`.

    Returns:
        Layers by name, from first to last: `conv2_1` is the first convolution after `pool1`, and
        the others are called `pool1`, ..., `fc1`, ..., `scores`.

    Raises:
        PatternError: The text is no pattern.
        ValueError: `classes`, `keep` or `counts` do not go with the pattern.

    Examples:
        >>> layers("INPUT -> CONV*N -> POOL -> FC", classes=10, N=2)["conv1_2"].filters
        32
    """
    pattern = pattern if isinstance(pattern, Pattern) else parse(pattern)
    *hidden, scores = pattern.expand(keep, **counts)
    classes = check_count("classes", classes)
    if scores not in (FullyConnected(), FullyConnected(classes)):
        raise ValueError(f"classes must be the width of the last layer, {scores}, got {classes!r}")
    named: dict[str, geometry.Layer] = {}
    block, conv, dense, filters = 1, 0, 0, FILTERS
    for layer in hidden:
        if isinstance(layer, Conv):
            conv += 1
            filters = filters if layer.filters is None else layer.filters
            named[f"conv{block}_{conv}"] = geometry.Convolution(
                filters, layer.kernel, layer.stride, layer.padding, rounding="floor"
            )
        elif isinstance(layer, Pool):
            named[f"pool{block}"] = geometry.Pooling(layer.kernel, layer.stride, rounding="floor")
            block, conv, filters = block + 1, 0, 2 * filters
        elif isinstance(layer, FullyConnected):
            dense += 1
            named[f"fc{dense}"] = geometry.Dense(UNITS if layer.units is None else layer.units)
    return {**named, "scores": geometry.Dense(classes)}


def build(
    pattern: Pattern | str,
    input_shape: tuple[int, int, int],
    classes: int,
    *,
    keep: Sequence[bool] = (),
    top: bool = True,
    classifier_activation: str | None = "softmax",
    **counts: int,
) -> keras.Model:
    """Build the Keras model of a pattern.

    Args:
        pattern: A pattern or its text.
        input_shape: (height, width, channels) of the images.
        classes: Units of the last FC.
        keep: For each `?`, whether its part stays, as in `Pattern.choose`.
        top: Whether the FCs are there; without them the model ends in the maps that the first FC
            would flatten.
        classifier_activation: Of the last FC, a name of `keras.activations`; None for logits.
        **counts: The count of each letter, as in `Pattern.bind`.

    Returns:
        An uncompiled model from images (batch, height, width, channels) to the probabilities
        (batch, classes), its layers named as in `layers`.

    Raises:
        PatternError: The text is no pattern.
        ValueError: The other arguments do not go with the pattern, or a window does not fit into
            the map that reaches it, as where a map of 1x1 would be pooled.

    Examples:
        >>> build("INPUT -> FC", input_shape=(28, 28, 1), classes=10).count_params()
        7850
    """
    from coursecnn.backend import keras  # only here: the notation itself needs no Keras

    check_choice("top", top, (True, False))
    check_activation("classifier_activation", classifier_activation)
    named = layers(pattern, classes, keep=keep, **counts)
    inputs = x = keras.Input(_fitting(named, input_shape), name="input")
    for name, layer in named.items():
        if isinstance(layer, geometry.Dense) and len(x.shape) == 4:
            if not top:
                break
            x = keras.layers.Flatten(name="flatten")(x)
        x = _keras_layer(name, layer, classifier_activation)(x)
    return keras.Model(inputs, x, name="pattern")


def _keras_layer(
    name: str, layer: geometry.Layer, classifier_activation: str | None
) -> keras.Layer:
    from coursecnn.backend import keras

    if isinstance(layer, geometry.Pooling):
        return keras.layers.MaxPooling2D(layer.kernel, layer.stride, name=name)
    if isinstance(layer, geometry.Dense):
        activation = classifier_activation if name == "scores" else "relu"
        return keras.layers.Dense(layer.units, activation, name=name)
    return keras.layers.Conv2D(
        layer.filters, layer.kernel, layer.stride, layer.padding, activation="relu", name=name
    )


def _fitting(named: dict[str, geometry.Layer], input_shape: Sequence[int]) -> tuple[int, ...]:
    """Read a shape; an error names the first layer whose window exceeds the map it is given."""
    shape = whole = as_plain(input_shape)
    sizes = [as_int(size) for size in shape] if isinstance(shape, tuple) else []
    if len(sizes) != 3 or not all(size is not None and size > 0 for size in sizes):
        raise ValueError(
            f"input_shape must be (height, width, channels) in positive ints, got {input_shape!r}"
        )
    for name, layer in named.items():
        if isinstance(layer, geometry.Dense):
            break
        try:
            shape = layer.output_shape(shape)
        except ValueError as error:
            window, left = _option("kernel", layer.kernel), _option("map", shape[:2])
            raise ValueError(
                f"{name} has a window of {window}, but only a map of {left} is left of "
                f"input_shape={whole!r}: use fewer POOLs or a larger image"
            ) from error
    return whole


class _Token(NamedTuple):
    kind: str  # ARROW, SIZE, NUMBER, WORD, MARK or END
    text: str
    position: int


_TOKEN = re.compile(
    r"(?P<ARROW>[-–—=]+>|[→⇒⟶])|(?P<SIZE>[0-9]+\s*[xX×]\s*[0-9]+)|(?P<NUMBER>[0-9]+)"
    r"|(?P<WORD>[^\W\d_]+)|(?P<MARK>\S)"
)
_LAYERS: dict[str, type[Layer]] = {
    layer.name: layer for layer in (Conv, Pool, Relu, FullyConnected)
}
_TIMES = ("*", "×", "x", "X")  # before a count
# What an option sets, by its word, or by the kind of its token if it is none.
_OPTIONS = {
    "CONV": {
        "NUMBER": "filters",
        "SIZE": "kernel",
        "stride": "stride",
        "same": "padding",
        "valid": "padding",
    },
    "POOL": {"SIZE": "kernel", "stride": "stride"},
    "RELU": {},
    "FC": {"NUMBER": "units"},
}
_EXAMPLES = {
    "CONV": "write it like CONV(64, 5x5, stride 2, valid)",
    "POOL": "write it like POOL(3x3, stride 2)",
    "RELU": "RELU takes none",
    "FC": "write it like FC(120)",
}


class _Parser:
    """Recursive descent: one method for each rule of the grammar, named like it."""

    def __init__(self, text: str) -> None:
        self.text = text
        found = _TOKEN.finditer(text)
        self.tokens = [_Token(str(m.lastgroup), m.group(), m.start()) for m in found]
        self.tokens.append(_Token("END", "the end", len(text.rstrip())))
        self.index = 0
        self.positions: list[int] = []  # of each layer, in the order of the text
        self.depth = 0  # brackets that are open

    @property
    def token(self) -> _Token:
        """The next token, not yet taken."""
        return self.tokens[self.index]

    def take(self) -> _Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def accept(self, mark: str) -> bool:
        """Take the next token if it is `mark`, or an arrow if `mark` is "->"."""
        matches = self.token.kind == "ARROW" if mark == "->" else self.token.text == mark
        self.index += matches
        return matches

    def expected(self, what: str) -> PatternError:
        """Say what should stand in the place of the next token."""
        found = self.token.text if self.token.kind == "END" else repr(self.token.text)
        return self.error(f"expected {what}, got {found}", self.token.position)

    def error(self, problem: str, position: int) -> PatternError:
        return PatternError(problem, self.text, position)

    def items(self) -> tuple[Node, ...]:
        """Parse the whole text."""
        if self.token.text.upper() != "INPUT":
            raise self.expected("INPUT, with which a pattern starts")
        self.take()
        if not self.accept("->"):
            raise self.expected("'->' and a layer after INPUT")
        items = self.chain()
        if self.token.text == "]":
            raise self.error("this ']' closes no '['", self.token.position)
        if self.token.kind != "END":
            raise self.expected("'->' or the end")
        self.check_order(items)
        return items

    def chain(self) -> tuple[Node, ...]:
        nodes = [*self.item()]
        while self.accept("->"):
            nodes += self.item()
        return tuple(nodes)

    def item(self) -> tuple[Node, ...]:
        bracket = self.token.position
        body = self.group(bracket) if self.accept("[") else (self.layer(),)
        nodes: tuple[Node, ...] = body
        if self.accept("?"):
            nodes = (Optional(body),)
        elif any(self.accept(mark) for mark in _TIMES):
            nodes = (Repeat(body, self.count()),)
        if self.token.text in ("?", *_TIMES):
            raise self.error("only one '?' or '*' may follow: use brackets", self.token.position)
        return nodes

    def group(self, bracket: int) -> tuple[Node, ...]:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.error(f"expected brackets at most {DEEPEST} deep", bracket)
        body = self.chain()
        self.depth -= 1
        if self.token.kind == "END":
            raise self.error("this '[' is never closed: expected ']'", bracket)
        if not self.accept("]"):
            raise self.expected("'->' or ']'")
        return body

    def count(self) -> int | str:
        if self.token.kind == "WORD" and len(self.token.text) == 1 and self.token.text.isascii():
            return self.take().text.upper()
        return self.integer("a count, a positive integer or one letter, after '*'")

    def integer(self, what: str) -> int:
        text = self.token.text
        if self.token.kind != "NUMBER" or len(text) > LONGEST or int(text) == 0:
            raise self.expected(what)
        return int(self.take().text)

    def layer(self) -> Layer:
        name = self.token.text.upper()
        if self.token.kind != "WORD":
            raise self.expected(f"{', '.join(_LAYERS)} or '['")
        if name not in _LAYERS:
            near = get_close_matches(name, _LAYERS, n=1)
            hint = f"did you mean {near[0]}?" if near else f"expected {', '.join(_LAYERS)} or '['"
            raise self.error(f"unknown layer {self.token.text!r}: {hint}", self.token.position)
        self.positions.append(self.take().position)
        return _LAYERS[name](**self.options(name) if self.accept("(") else {})

    def options(self, name: str) -> dict[str, Any]:
        options: dict[str, Any] = {}
        while True:
            key = self.token.text.lower() if self.token.kind == "WORD" else self.token.kind
            field = _OPTIONS[name].get(key)
            if field is None:
                raise self.expected(f"an option of {name} ({_EXAMPLES[name]})")
            if field in options:
                raise self.error(f"{name} has its {field} already", self.token.position)
            options[field] = self.option(key)
            if self.accept(")"):
                return options
            if not self.accept(","):
                raise self.expected("',' or ')'")

    def option(self, key: str) -> Any:
        if key == "NUMBER":
            return self.integer("a positive integer")
        if key == "SIZE":
            sides = re.findall("[0-9]+", self.token.text)
            height, width = (int(side[: LONGEST + 1]) for side in sides)
            if not height * width or max(map(len, sides)) > LONGEST:
                raise self.expected("a window of at least 1x1")
            self.take()
            return height, width
        self.take()
        return self.integer("a positive integer after 'stride'") if key == "stride" else key

    def check_order(self, items: tuple[Node, ...]) -> None:
        """Check which layer may follow which, also from one round of a repetition to the next."""
        dense, last = False, 0
        previous: Layer | None = None
        for number, layer in _meetings(items):
            position = self.positions[number]
            if dense and isinstance(layer, Conv | Pool):
                place = "after FC" if number > last else "after FC in the next round"
                raise self.error(
                    f"{layer.name} {place}: expected it before the first FC, which keeps no "
                    f"rows and columns",
                    position,
                )
            if isinstance(layer, Relu) and not isinstance(previous, Conv | FullyConnected):
                raise self.error("expected RELU only right after a CONV or an FC", position)
            dense = dense or isinstance(layer, FullyConnected)
            previous, last = layer, number
        if not isinstance(previous, FullyConnected):
            position = self.positions[last]
            raise self.error("expected FC as the last layer, for the class scores", position)


def _meetings(items: tuple[Node, ...], start: int = 0) -> list[tuple[int, Layer]]:
    """List the layers with their numbers in the text, so that all that can meet are neighbours.

    A repeated body comes a second time, without its own repetitions.
    """
    met: list[tuple[int, Layer]] = []
    for node in items:
        if isinstance(node, Layer):
            met.append((start, node))
            start += 1
        else:
            body = _meetings(node.body, start)
            again = isinstance(node, Repeat) and node.count != 1
            met += [*body, *(dict.fromkeys(body) if again else ())]
            start = 1 + max(number for number, _ in body)
    return met
