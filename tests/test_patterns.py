"""The notation of the architecture patterns: reading, writing, unrolling. No Keras is needed."""

import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from coursecnn import geometry
from coursecnn.patterns import (
    Conv,
    FullyConnected,
    Optional,
    Pattern,
    PatternError,
    Pool,
    Relu,
    Repeat,
    layers,
    parse,
    variants,
)

CS231N = "INPUT -> [[CONV -> RELU]*N -> POOL?]*M -> [FC -> RELU]*K -> FC"

# Random trees of every legal form: convolutions and pooling first, fully connected layers behind.
positive = st.integers(1, 999)
windows = st.tuples(st.integers(1, 11), st.integers(1, 11))
convs = st.builds(
    Conv, st.none() | positive, windows, st.integers(1, 4), st.sampled_from(["same", "valid"])
)
pools = st.builds(Pool, windows, st.none() | st.integers(1, 4))
dense = st.builds(FullyConnected, st.none() | positive)
counts = st.integers(1, 9) | st.sampled_from("KMN")


def parts(*leaves):
    """Sequences of the leaves with repeated and optional parts, nested at random."""
    leaf = st.one_of(*leaves)

    def nest(inner):
        body = st.lists(inner, min_size=1, max_size=3).map(lambda found: sum(found, ()))
        repeated = st.builds(lambda body, count: (Repeat(body, count),), body, counts)
        return body | repeated | body.map(lambda body: (Optional(body),))

    return st.recursive(leaf, nest, max_leaves=6)


def alone(node):
    return (node,)


def with_relu(node):
    return (node, Relu())


spatial = parts(convs.map(alone), convs.map(with_relu), pools.map(alone))
heads = parts(dense.map(alone), dense.map(with_relu))
nothing = st.just(())
patterns = st.builds(
    lambda before, head, last: Pattern((*before, *head, last)),
    nothing | spatial,
    nothing | heads,
    dense,
)


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("INPUT -> FC", "FC"),
        ("INPUT -> CONV -> FC", "CONV FC"),
        ("INPUT -> [CONV -> POOL]*2 -> FC -> FC", "CONV POOL CONV POOL FC FC"),
        (
            "INPUT -> [CONV -> CONV -> POOL]*3 -> FC *2 -> FC",
            "CONV CONV POOL CONV CONV POOL CONV CONV POOL FC FC FC",
        ),
    ],
)
def test_the_patterns_of_the_lecture_unroll(text, expanded):
    assert " ".join(map(str, parse(text).expand())) == expanded


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("input→fc", "INPUT -> FC"),
        (" INPUT\n  -> [ Conv->Pool ] * 02\t-> FC ", "INPUT -> [CONV -> POOL]*2 -> FC"),
        ("INPUT -> [CONV]*2 -> [POOL]? -> [FC]", "INPUT -> CONV*2 -> POOL? -> FC"),
        ("INPUT -> [CONV -> [CONV -> POOL]] -> FC", "INPUT -> CONV -> CONV -> POOL -> FC"),
        ("INPUT -> [[CONV*2]]*n -> FC", "INPUT -> [CONV*2]*N -> FC"),
        ("INPUT -> CONV(3 × 3, same, stride 1) -> POOL(2x2) -> FC", "INPUT -> CONV -> POOL -> FC"),
        (
            "INPUT -> CONV(VALID, stride2, 1X7, 64) -> FC(120) -> FC",
            "INPUT -> CONV(64, 1x7, stride 2, valid) -> FC(120) -> FC",
        ),
        (CS231N, CS231N),
    ],
)
def test_the_canonical_form_has_one_spelling(text, canonical):
    assert str(parse(text)) == canonical


def test_options_are_read_into_the_layers():
    pattern = parse("INPUT -> CONV(64, 5x7, stride 2, valid) -> POOL(3x2, stride 1) -> FC(9) -> FC")

    assert pattern.items == (
        Conv(64, (5, 7), 2, "valid"),
        Pool((3, 2), 1),
        FullyConnected(9),
        FullyConnected(),
    )


@given(patterns)
@example(parse(CS231N))
def test_what_is_written_is_read_back(pattern):
    assert parse(str(pattern)) == pattern


@given(patterns)
def test_spaces_capitals_and_the_kind_of_arrow_mean_nothing(pattern):
    text = str(pattern)

    assert parse(text.lower().replace("->", "→").replace(" ", "\n\t ")) == pattern
    assert parse(text.replace(" ", "")) == pattern


# Each error as it is shown: what is wrong, the text, the caret.
ERRORS = """\
expected INPUT, with which a pattern starts, got 'CONV'
  CONV -> FC
  ^

expected '->' and a layer after INPUT, got the end
  INPUT
       ^

expected '->' and a layer after INPUT, got '~'
  INPUT ~> FC
        ^

expected CONV, POOL, RELU, FC or '[', got the end
  INPUT ->
          ^

expected CONV, POOL, RELU, FC or '[', got ']'
  INPUT -> [] -> FC
            ^

unknown layer 'CNOV': did you mean CONV?
  INPUT -> CNOV -> FC
           ^

unknown layer 'XYZ': expected CONV, POOL, RELU, FC or '['
  INPUT -> XYZ -> FC
           ^

expected '->' or the end, got 'FC'
  INPUT -> CONV FC
                ^

expected '->' or ']', got 'POOL'
  INPUT -> [CONV POOL] -> FC
                 ^

this '[' is never closed: expected ']'
  INPUT -> [CONV -> FC
           ^

this ']' closes no '['
  INPUT -> CONV] -> FC
               ^

expected a count, a positive integer or one letter, after '*', got '0'
  INPUT -> FC*0
              ^

expected a count, a positive integer or one letter, after '*', got 'NM'
  INPUT -> FC*NM
              ^

only one '?' or '*' may follow: use brackets
  INPUT -> POOL?*2 -> FC
                ^

expected an option of POOL (write it like POOL(3x3, stride 2)), got '2'
  INPUT -> POOL(2) -> FC
                ^

expected an option of FC (write it like FC(120)), got 'size'
  INPUT -> FC(size)
              ^

expected a positive integer, got '0'
  INPUT -> CONV(0) -> FC
                ^

expected a window of at least 1x1, got '0x3'
  INPUT -> CONV(0x3) -> FC
                ^

expected a positive integer after 'stride', got ')'
  INPUT -> CONV(stride) -> FC
                      ^

CONV has its filters already
  INPUT -> CONV(8, 9) -> FC
                   ^

expected ',' or ')', got '3x3'
  INPUT -> CONV(8 3x3) -> FC
                  ^

CONV after FC: expected it before the first FC, which keeps no rows and columns
  INPUT -> FC -> CONV -> FC
                 ^

CONV after FC: expected it before the first FC, which keeps no rows and columns
  INPUT -> FC -> RELU -> CONV -> FC
                         ^

POOL after FC in the next round: expected it before the first FC, which keeps no rows and columns
  INPUT -> [POOL -> FC]*N
            ^

expected RELU only right after a CONV or an FC
  INPUT -> POOL -> RELU -> FC
                   ^

expected RELU only right after a CONV or an FC
  INPUT -> [CONV -> [RELU -> POOL?]*2] -> FC
                     ^

expected RELU only right after a CONV or an FC
  INPUT -> [CONV -> POOL]*2 -> RELU -> FC
                               ^

expected FC as the last layer, for the class scores
  INPUT -> [CONV -> POOL]*2
                    ^

expected FC as the last layer, for the class scores
  INPUT -> FC -> RELU
                 ^
""".removesuffix("\n").split("\n\n")


@pytest.mark.parametrize("shown", ERRORS, ids=[error.splitlines()[1].strip() for error in ERRORS])
def test_an_error_points_at_the_character_and_says_what_was_expected(shown):
    problem, text, _ = shown.splitlines()
    with pytest.raises(PatternError, match=re.escape(problem)) as caught:
        parse(text.removeprefix("  "))

    assert str(caught.value) == shown


def test_an_error_at_the_end_points_behind_the_last_character():
    with pytest.raises(PatternError, match="got the end") as caught:
        parse("INPUT -> CONV ->  \n ")

    assert caught.value.position == len("INPUT -> CONV ->")


def test_an_empty_text_is_no_pattern():
    with pytest.raises(PatternError, match="expected INPUT, with which a pattern starts, got the"):
        parse("")


def test_an_error_shows_the_line_it_is_on_and_keeps_its_tabs():
    with pytest.raises(PatternError) as caught:
        parse("INPUT\n\t-> CONF\n\t-> FC")

    assert str(caught.value).splitlines()[1:] == ["  \t-> CONF", "  \t   ^"]


def test_nesting_does_not_multiply_the_work():
    text = f"INPUT -> {'[' * 50}CONV{']*2' * 50} -> FC"

    assert str(parse(text)) == text.replace("[CONV]", "CONV")


def test_an_error_survives_pickling():
    with pytest.raises(PatternError) as caught:
        parse("INPUT -> FC -> ")

    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


pieces = ["INPUT", "->", "CONV", "POOL", "FC", "RELU", "[", "]", "?", "*", "2", "N", "(", ")", ","]
texts = st.lists(st.sampled_from([*pieces, "3x3", "stride", "0", "ß", " ", "\n"])).map(" ".join)


def refusal(text):
    try:
        parse(text)
    except PatternError as error:
        return error
    return None


@given(texts.map("INPUT -> {}".format) | st.text())
def test_any_text_is_read_or_refused_at_a_place_within_it(text):
    error = refusal(text)

    assert error is None or 0 <= error.position <= len(text)


@given(patterns, st.data())
def test_a_lost_character_is_read_or_refused_like_any_text(pattern, data):
    text = str(pattern)
    lost = data.draw(st.integers(0, len(text) - 1))
    error = refusal(text[:lost] + text[lost + 1 :])

    assert error is None or 0 <= error.position < len(text)


@pytest.mark.parametrize(
    ("items", "match"),
    [
        ((), "expected '->' and a layer after INPUT"),
        ((Conv(filters=0), FullyConnected()), "expected a positive integer, got '0'"),
        ((Conv(),), "expected FC as the last layer"),
        ((Repeat((), 2), FullyConnected()), r"expected CONV, POOL, RELU, FC or '\[', got '\]'"),
        ((Repeat((Conv(),), 0), FullyConnected()), "expected a count"),
        (
            (Repeat((Conv(),), "n"), FullyConnected()),
            "items must be what 'INPUT -> CONV\\*n -> FC'",
        ),
    ],
)
def test_a_tree_made_by_hand_obeys_the_same_rules(items, match):
    with pytest.raises(ValueError, match=match):
        Pattern(items)


def test_letters_are_bound_to_counts():
    pattern = parse(CS231N).choose(True)

    assert pattern.letters == ("N", "M", "K")
    assert str(pattern.bind(N=2, M=3, K=1)) == (
        "INPUT -> [[CONV -> RELU]*2 -> POOL]*3 -> [FC -> RELU]*1 -> FC"
    )


def test_a_part_that_comes_zero_times_goes():
    assert parse(CS231N).expand(keep=[False], N=0, M=2, K=0) == (FullyConnected(),)
    assert str(parse(CS231N).choose(True).bind(N=0, M=2, K=0)) == "INPUT -> POOL*2 -> FC"


@pytest.mark.parametrize(
    ("given_counts", "match"),
    [
        ({}, r"counts must be given for N, M in 'INPUT .*', got \{\}"),
        ({"N": 1, "M": 1, "K": 1}, "counts must be given for N, M in"),
        ({"N": 1, "M": -1}, "M must be a count of at least 0, got -1"),
        ({"N": 1, "M": 1.0}, r"M must be a count of at least 0, got 1\.0"),
    ],
)
def test_counts_that_do_not_go_with_the_letters_are_refused(given_counts, match):
    with pytest.raises(ValueError, match=match):
        parse("INPUT -> [CONV*N -> POOL]*M -> FC").bind(**given_counts)


def test_binding_away_the_last_layer_is_refused_with_what_is_left():
    with pytest.raises(PatternError, match=r"FC as the last layer.*\n  INPUT -> CONV\n"):
        parse("INPUT -> CONV -> FC*N").bind(N=0)


@given(patterns.filter(lambda pattern: not pattern.optionals), st.integers(1, 3))
def test_binding_a_letter_is_writing_the_number(pattern, count):
    written = re.sub(r"\*[KMN]", f"*{count}", str(pattern))

    assert pattern.bind(**dict.fromkeys(pattern.letters, count)) == parse(written)


def test_each_question_mark_is_decided_from_left_to_right():
    pattern = parse("INPUT -> [CONV -> POOL?]? -> FC? -> FC")

    assert str(pattern.choose(False, True, False)) == "INPUT -> CONV -> FC"
    assert str(pattern.choose(True, False, True)) == "INPUT -> FC -> FC"


def test_a_decision_for_each_question_mark_is_demanded():
    with pytest.raises(ValueError, match=r"keep must say .* each of the 1 '\?' in .*, got \(\)"):
        parse(CS231N).expand(N=1, M=1, K=1)


def test_variants_come_once_and_the_fullest_first():
    found = variants(parse("INPUT -> [CONV -> POOL?]? -> FC"))

    assert list(map(str, found)) == [
        "INPUT -> CONV -> POOL -> FC",
        "INPUT -> FC",
        "INPUT -> CONV -> FC",
    ]


def test_variants_that_are_no_patterns_are_passed_over():
    assert [str(found) for found in variants(parse("INPUT -> CONV -> FC?"))] == [
        "INPUT -> CONV -> FC"
    ]


def test_a_pattern_without_question_marks_is_its_only_variant():
    pattern = parse("INPUT -> [CONV -> POOL]*N -> FC")

    assert list(variants(pattern)) == [pattern]


def test_layers_are_named_by_the_block_they_are_in():
    named = layers("INPUT -> [CONV*N -> POOL]*2 -> CONV -> FC*2 -> FC", classes=10, N=2)

    assert list(named) == [
        *("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2", "pool2", "conv3_1"),
        *("fc1", "fc2", "scores"),
    ]


def test_filters_double_after_each_pooling():
    named = layers("INPUT -> CONV -> CONV(20) -> CONV -> POOL -> POOL -> CONV -> FC", classes=10)

    filters = [layer.filters for name, layer in named.items() if name.startswith("conv")]
    assert filters == [32, 20, 20, 80]


def test_what_is_left_open_gets_its_documented_default():
    named = layers("INPUT -> CONV -> POOL -> FC -> FC", classes=10)

    assert list(named.values()) == [
        geometry.Convolution(32, (3, 3), 1, "same", rounding="floor"),
        geometry.Pooling((2, 2), None, rounding="floor"),
        geometry.Dense(128),
        geometry.Dense(10),
    ]


def test_what_is_written_reaches_the_layers():
    text = "INPUT -> CONV(6, 5x3, stride 2, valid) -> POOL(3x2, stride 1) -> FC(84) -> FC(10)"

    assert list(layers(text, classes=10).values()) == [
        geometry.Convolution(6, (5, 3), 2, "valid", rounding="floor"),
        geometry.Pooling((3, 2), 1, rounding="floor"),
        geometry.Dense(84),
        geometry.Dense(10),
    ]


def test_vgg16_is_a_pattern():
    """The parameters are those of Simonyan and Zisserman's configuration D, built as published."""
    block = "CONV({0})*{1} -> POOL"
    blocks = [block.format(*sizes) for sizes in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)]]
    text = " -> ".join(["INPUT", *blocks, "FC(4096)*2", "FC"])
    shape, parameters = (224, 224, 3), 0
    for layer in layers(text, classes=1000).values():
        parameters += layer.parameters(shape)
        shape = layer.output_shape(shape)

    assert parameters == 138_357_544


def test_a_written_relu_is_the_one_that_is_there_anyway():
    written = layers("INPUT -> [CONV -> RELU -> POOL]*2 -> FC -> RELU -> FC", classes=10)

    assert written == layers("INPUT -> [CONV -> POOL]*2 -> FC -> FC", classes=10)


@pytest.mark.parametrize("classes", [0, -1, 2.0, "10"])
def test_classes_must_be_a_positive_int(classes):
    with pytest.raises(ValueError, match=f"classes must be a positive int, got {classes!r}"):
        layers("INPUT -> FC", classes)


def test_the_last_layer_cannot_be_wider_than_the_classes():
    with pytest.raises(ValueError, match=r"the width of the last layer, FC\(100\), got 10"):
        layers("INPUT -> FC(100)", classes=10)


def test_the_notation_is_read_without_keras():
    code = (
        "import sys, coursecnn.patterns as p; p.layers('INPUT -> CONV -> FC', 10);"
        "print(sorted({'keras', 'tensorflow', 'numpy'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert result.stdout == "[]\n"


@pytest.mark.parametrize(
    "text",
    [
        "INPUT => [CONV => POOL]*2 => FC",
        "INPUT --> [CONV --> POOL] × 2 --> FC",
        "INPUT → [CONV → POOL]×2 → FC",
        "INPUT -> [CONV -> POOL] x 2 -> FC",
    ],
)
def test_arrows_and_times_may_be_written_in_the_usual_ways(text):
    assert str(parse(text)) == "INPUT -> [CONV -> POOL]*2 -> FC"


def test_brackets_are_nested_only_so_deep():
    def nested(depth):
        return f"INPUT -> {'[' * depth}CONV{']' * depth} -> FC"

    assert str(parse(nested(50))) == "INPUT -> CONV -> FC"
    for depth in (51, 2000):
        with pytest.raises(PatternError, match="expected brackets at most 50 deep"):
            parse(nested(depth))


def test_a_tree_made_by_hand_is_nested_only_so_deep():
    node = Conv()
    for _ in range(2000):
        node = Repeat((node,), 2)
    with pytest.raises(ValueError, match="items must be nested at most 50 deep"):
        Pattern((node, FullyConnected()))


def test_an_integer_of_many_digits_is_refused():
    for pattern in ("CONV*{}", "CONV({})", "CONV({}x3)", "POOL(stride {})"):
        with pytest.raises(PatternError, match="expected"):
            parse(f"INPUT -> {pattern.format('9' * 5000)} -> FC")


def test_integers_of_numpy_and_lists_are_sizes():
    hand_made = Pattern((Repeat((Conv(np.int64(4), [3, 3]),), np.int64(2)), FullyConnected()))
    assert hand_made == parse("INPUT -> CONV(4)*2 -> FC")
    plain = layers("INPUT -> CONV*N -> FC", classes=3, N=2)
    assert layers("INPUT -> CONV*N -> FC", classes=np.int32(3), N=np.int64(2)) == plain
