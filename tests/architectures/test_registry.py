"""Architectures by name: their rows against the networks, and what all builders have in common."""

import ast
import contextlib
import inspect
import re
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from coursecnn import architectures
from coursecnn.backend import keras, without_weights
from tests.outlines import counts, outline, unnamed

NAMES = architectures.names()
# One of each family, the one that is run in least time; and all that end in a way of their own.
SMALL = (
    *("mnist_tutorial_base", "mnist_tutorial", "pattern_convolution_pooling", "cifar10_lab"),
    *("lenet5_1998", "lenet5", "alexnet", "zfnet", "vgg11", "nin_cifar10", "googlenet"),
    *("resnet18", "plain20", "resnet50_v2", "wide_resnet_16_8", "resnext29_8x64d"),
    *("stochastic_depth_110", "fractalnet20", "densenet40_12", "squeezenet1_0"),
    *("mobilenet_v1", "se_resnet50", "efficientnet_lite0", "convnext_tiny", "cifar10_fast"),
    architectures.names(family="ablations")[0],
    "league",
)
NEVER_DROPPED = {"stochastic_depth_110": {"last_survival": 1.0}}
PENALTIES = "lenet5_1998"  # whose outputs are distances, with a softmax for the asking


@pytest.mark.parametrize("name", NAMES)
def test_the_row_says_what_the_network_has(name):
    model, row, costs = outline(name), architectures.describe(name), counts(name)
    assert model.name == name
    assert model.input_shape == (None, *row.input_shape)
    assert {output.shape[1:] for output in model.outputs} == {(row.classes,)} or not row.classes
    assert (costs.params, costs.trainable, costs.macs) == (row.parameters, row.trainable, row.macs)
    assert model.count_params() == row.parameters
    assert unnamed(model) == [], "such a name depends on what was built before"


def test_an_unnamed_layer_is_found():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    assert len(unnamed(model)) == 1


STATED = re.compile(r"([\d,]+) parameters(?:, ([\d,]+) (?:of them )?trainable)?")


def stated(documentation):
    """The counts in the first line of a docstring: parameters, and trainable ones if others."""
    found = STATED.search(documentation.partition("\n")[0])
    return found and tuple(int(number.replace(",", "")) for number in found.groups() if number)


@pytest.mark.parametrize("name", NAMES)
def test_a_docstring_has_the_counts_of_the_row(name):
    row = architectures.describe(name)
    found = stated(row.documentation)
    assert row.documentation
    assert found in (None, (row.parameters, row.trainable), (row.parameters,))


def test_counts_in_a_docstring_are_found():
    stating = [name for name in NAMES if stated(architectures.describe(name).documentation)]
    assert len(stating) > 15
    assert stated("Build it: 1,740,106 parameters, 1,732,010 of them trainable.") == (
        *(1_740_106, 1_732_010),
    )


LONG = re.compile(r"(?<![\w.,])\d{1,3}(?:,\d{3})+(?!\w|,\d)")
ASSERTED = re.compile(r"\b\d{1,3}(?:_\d{3})+\b")


def long_numbers(source):
    """The long numbers in the docstrings of a module, each with what the docstring is of."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef):
            for number in LONG.findall(ast.get_docstring(node) or ""):
                yield getattr(node, "name", "the module"), int(number.replace(",", ""))


@pytest.mark.parametrize("path", sorted(Path(architectures.__file__).parent.glob("*.py")))
def test_every_long_number_in_a_docstring_is_that_of_a_row_or_is_asserted_by_a_test(path):
    rows = map(architectures.describe, NAMES)
    proved = {count for row in rows for count in (row.parameters, row.trainable, row.macs)}
    for test in Path(__file__).parent.glob("test_*.py"):
        proved |= {int(found) for found in ASSERTED.findall(test.read_text("utf-8"))}
    assert [each for each in long_numbers(path.read_text("utf-8")) if each[1] not in proved] == []


def test_long_numbers_in_docstrings_are_found():
    source = '"""Of 1,234 (or 62,378,344), not 123."""\ndef f():\n    "In all 10,000."'
    assert list(long_numbers(source)) == [
        *(("the module", 1234), ("the module", 62_378_344), ("f", 10_000)),
    ]


@pytest.mark.parametrize("name", NAMES)
def test_every_architecture_has_a_source(name):
    assert re.search(r"[A-Z].*\w", architectures.describe(name).source)


def test_families_follow_the_course_and_each_has_a_network_that_is_run_here():
    families = list(dict.fromkeys(architectures.describe(name).family for name in NAMES))
    assert families[:3] == ["lectures", "lenet", "alexnet"]
    assert {architectures.describe(name).family for name in SMALL} == set(families)


@pytest.mark.parametrize("name", NAMES)
def test_builders_take_the_image_and_the_classes_first_and_options_by_name(name):
    row = architectures.describe(name)
    first, *others = inspect.signature(row.builder).parameters.values()
    assert first.name == "input_shape"
    if row.classes:
        assert others[0].name == "classes"
        assert {"top", "classifier_activation"} - set(row.options) <= (
            {"classifier_activation"} if name == PENALTIES else set()
        )
    options = others[1:] if row.classes else others
    assert {option.kind for option in options} <= {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("name", NAMES)
def test_a_builder_can_be_had_from_its_module(name):
    row = architectures.describe(name)
    module = import_module(f"coursecnn.architectures.{row.family}")
    assert getattr(module, name) is row.builder


class TestNames:
    def test_a_pattern_chooses(self):
        assert architectures.names("vgg1?") == ["vgg11", "vgg13", "vgg16", "vgg19"]
        assert architectures.names("resnet*_v2") == [f"resnet{n}_v2" for n in (50, 101, 152)]
        assert architectures.names("no such*") == []

    def test_a_family_chooses(self):
        assert architectures.names(family="zfnet") == ["zfnet", "zfnet_512"]
        assert architectures.names("*512", family="zfnet") == ["zfnet_512"]

    def test_a_table_has_a_line_for_each(self):
        table = architectures.table("vgg1?")
        assert list(table.index) == architectures.names("vgg1?")
        assert table.loc["vgg16", "parameters"] == 138_357_544
        assert len(architectures.table()) == len(architectures.names())


class TestBuild:
    def test_unknown_name_is_answered_with_the_nearest(self):
        with pytest.raises(ValueError, match=r"such as mnist_tutorial, .*got 'mnist_tutoral'"):
            architectures.build("mnist_tutoral")

    def test_a_name_like_no_other_is_answered_with_all(self):
        with pytest.raises(ValueError, match=", ".join(NAMES)):
            architectures.build("?")

    def test_an_unknown_option_is_answered_with_those_that_there_are(self):
        message = (
            "resnet50 takes input_shape, classes, release, shortcut, top, classifier_activation; "
            "got 'input_size'"
        )
        with pytest.raises(TypeError, match=message):
            architectures.build("resnet50", input_size=64)

    def test_a_description_shows_counts_options_and_docstring(self):
        text = str(architectures.describe("nin_cifar10"))
        assert "966,986" in text
        assert "second_pooling='max'" in text
        assert "Build the network for CIFAR-10" in text


def linear(input_shape=(8, 8, 1), classes=2):
    """Build a linear classifier."""
    flat, dense = keras.layers.Flatten(), keras.layers.Dense(classes, "softmax")
    return keras.Sequential([keras.Input(input_shape), flat, dense])


class TestRegister:
    @pytest.fixture(autouse=True)
    def forgotten(self):
        """Whatever a test adds is gone after it."""
        yield
        for name in architectures.names(family="own"):
            architectures.unregister(name)

    def test_a_call_makes_a_network_known(self):
        architectures.register("linear", linear, source="An example", classes=2, macs=128)
        assert architectures.names()[-1] == "linear"
        assert architectures.build("linear", classes=3).output_shape == (None, 3)
        row = architectures.describe("linear")
        assert (row.family, row.macs, row.parameters) == ("own", 128, None)

    def test_a_decorator_makes_a_network_known_and_leaves_its_function(self):
        decorated = architectures.register("linear", input_shape=(8, 8, 1))(linear)
        assert decorated is linear
        assert architectures.describe("linear").documentation == "Build a linear classifier."

    def test_its_options_are_checked_too(self):
        architectures.register("linear", linear)
        with pytest.raises(TypeError, match="linear takes input_shape, classes; got 'depth'"):
            architectures.build("linear", depth=3)

    def test_a_builder_that_takes_anything_is_given_anything(self):
        architectures.register("linear", lambda **options: linear(**options))
        assert architectures.build("linear", classes=5).output_shape == (None, 5)

    def test_a_name_of_the_course_is_refused(self):
        message = "name must be a new one, got 'vgg16', which is in family 'vgg'"
        for replace in (False, True):
            with pytest.raises(ValueError, match=message):
                architectures.register("vgg16", linear, replace=replace)

    def test_a_name_of_one_s_own_is_refused_unless_it_is_to_be_replaced(self):
        architectures.register("linear", linear)
        with pytest.raises(ValueError, match="name must be a new one, got 'linear'"):
            architectures.register("linear", linear)
        architectures.register("linear", partial(linear, classes=7), replace=True)
        assert architectures.build("linear").output_shape == (None, 7)

    @pytest.mark.parametrize(
        ("name", "known", "message"),
        [
            ("res*", {}, r"name must be of letters, digits, _, - and \., got 'res\*'"),
            (5, {}, "name must be of letters, digits, _, - and ., got 5"),
            ("linear", {"builder": "linear"}, "builder must build a Keras model when called, got"),
            ("linear", {"input_shape": (8, 8)}, "input_shape must be .height, width, channels."),
            ("linear", {"input_shape": (8, 8, 0)}, "sizes must be a positive int, got 0"),
            ("linear", {"classes": 0}, "classes must be a positive int, got 0"),
            ("linear", {"macs": 1.5}, "macs must be a positive int, got 1.5"),
            (
                "linear",
                {"parameters": 130, "trainable": 131},
                "trainable must be among the 130 parameters, got 131",
            ),
        ],
    )
    def test_a_row_that_cannot_be_is_refused(self, name, known, message):
        with pytest.raises(ValueError, match=message):
            architectures.register(name, **{"builder": linear, **known})
        assert architectures.names(family="own") == []

    def test_only_networks_of_one_s_own_are_forgotten(self):
        with pytest.raises(ValueError, match="of your own, got 'vgg16' of the course"):
            architectures.unregister("vgg16")
        with pytest.raises(ValueError, match="name must be an architecture"):
            architectures.unregister("linear")


@pytest.fixture(scope="module", params=SMALL)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def options(name):
    """For small images, and without what is random at inference."""
    shape = smallest_input(name, architectures.describe(name).input_shape)
    return {"input_shape": shape, **NEVER_DROPPED.get(name, {})}


@pytest.fixture(scope="module")
def small(name, options):
    """A network with weights."""
    keras.utils.set_random_seed(0)
    return architectures.build(name, **options)


def smallest_input(name, shape):
    """The smallest of a few shapes that the architecture takes, to be run in little time."""
    for side in (16, 32, 64, 96, 128):
        with contextlib.suppress(ValueError), without_weights():
            architectures.build(name, input_shape=(side, side, shape[-1]))
            return (side, side, shape[-1])
    return shape


def images_for(model):
    shape = (4, *model.input_shape[1:])
    return np.random.default_rng(0).random(shape, dtype="float32")


def outputs_of(model):
    outputs = model(images_for(model), training=False)
    return [keras.ops.convert_to_numpy(o) for o in keras.tree.flatten(outputs)]


@pytest.mark.slow
def test_a_saved_network_loads_again_and_gives_the_same_finite_numbers(small, tmp_path):
    small.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert [layer.name for layer in loaded.layers] == [layer.name for layer in small.layers]
    for expected, got in zip(outputs_of(small), outputs_of(loaded), strict=True):
        assert np.isfinite(expected).all()
        np.testing.assert_array_equal(got, expected)


def loss(_targets, outputs):
    return -keras.ops.log(keras.ops.abs(outputs) + 1e-3)


def test_every_trainable_weight_gets_a_gradient(small):
    """A weight that the loss does not depend on would not move in a step of training.

    Lion takes the sign of a gradient, so that a small one moves a weight as far as a large one.
    What a step drops, another one may not, so there are a few, each from the same weights.
    """
    expected = {weight.path for weight in small.trainable_weights}
    before, moved = small.get_weights(), set()
    targets = [np.zeros((4, *output.shape[1:])) for output in small.outputs]
    small.compile(keras.optimizers.Lion(0.1), loss=[loss] * len(targets), run_eagerly=True)
    for _ in range(8):
        small.train_on_batch(images_for(small), targets)
        after = zip(small.weights, before, small.get_weights(), strict=True)
        moved |= {w.path for w, old, new in after if not np.array_equal(old, new)}
        small.set_weights(before)
        if expected <= moved:
            break
    assert expected <= moved


def test_logits_become_the_probabilities(name, options, small):
    if "classifier_activation" not in architectures.describe(name).options:
        pytest.skip(f"{name} ends in no softmax")
    logits = architectures.build(name, **options, classifier_activation=None)
    logits.set_weights(small.get_weights())
    (before,), (after,) = outputs_of(logits), outputs_of(small)
    exponentials = np.exp(before - before.max(axis=1, keepdims=True))
    expected = exponentials / exponentials.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(after, expected, rtol=1e-5, atol=1e-7)
    assert not np.allclose(before, after)


def test_a_headless_network_gives_the_maps_before_the_classifier(name, options, small):
    if "top" not in architectures.describe(name).options:
        pytest.skip(f"{name} has no classifier")
    headless = architectures.build(name, **options, top=False)
    for layer in headless.layers:
        layer.set_weights(small.get_layer(layer.name).get_weights())
    inner = small.get_layer(headless.output_names[0]).output
    (expected,), (got,) = outputs_of(keras.Model(small.input, inner)), outputs_of(headless)
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-6)
    assert got.ndim == 4
    assert headless.count_params() < small.count_params()


@pytest.mark.parametrize("option", ["top", "classifier_activation"])
def test_what_no_classifier_ends_in_is_refused(name, option):
    if option not in architectures.describe(name).options:
        pytest.skip(f"{name} has no {option}")
    message = f"{option} must be .*, got 'sofmax'"
    with pytest.raises(ValueError, match=message), without_weights():
        architectures.build(name, **{option: "sofmax"})


def test_the_base_of_the_tutorial_is_the_tutorial_without_its_top():
    base = [layer.get_config() for layer in outline("mnist_tutorial_base").layers]
    headless = [layer.get_config() for layer in outline("mnist_tutorial", top=False).layers]
    assert headless == base


def test_all_three_heads_of_googlenet_give_logits_or_none_is_there():
    logits = outline("googlenet_aux", classes=5, classifier_activation=None)
    heads = [logits.get_layer(name) for name in logits.output_names]
    assert [head.activation for head in heads] == [keras.activations.linear] * 3
    assert outline("googlenet_aux", top=False).output_shape == (None, 7, 7, 1024)


def test_images_and_classes_can_be_others(name):
    height, width, channels = architectures.describe(name).input_shape
    shape = (height + 32, width + 64, channels)
    arguments = {} if name.endswith("_base") else {"classes": 7}
    with without_weights():
        model = architectures.build(name, input_shape=shape, **arguments)
    assert model.input_shape == (None, *shape)
    assert {output.shape[1:] for output in model.outputs} == {(7,)} or not arguments
