"""A run: repeatable, with the reader's own network or a named one, and its arguments checked."""

import random
from dataclasses import replace

import numpy as np
import pytest

from coursecnn import architectures, backend, training
from coursecnn.backend import keras
from coursecnn.training import DivergedError, fit
from tests.small_runs import NAMED, RICH, TINY, build_tiny, fit_tiny, tiny_dataset, untimed


@pytest.fixture(scope="module")
def uninterrupted():
    return fit_tiny(seed=3).run


def answers(network, images):
    return keras.ops.convert_to_numpy(network(images / np.float32(255)))


def test_a_run_holds_its_seed_metrics_and_curves(uninterrupted):
    assert (uninterrupted.seed, uninterrupted.epochs) == (3, 3)
    assert set(uninterrupted.metrics) == {"test_accuracy", "test_loss"}
    assert {name: len(curve) for name, curve in uninterrupted.curves.items()} == {
        "loss": 3,
        "accuracy": 3,
    }
    assert uninterrupted.seconds > 0


def test_the_same_seed_gives_the_same_run_whatever_was_drawn_before(uninterrupted):
    keras.utils.set_random_seed(99)

    assert untimed(fit_tiny(seed=3).run) == untimed(uninterrupted)


def test_fit_seeds_the_whole_process_as_its_documentation_says():
    draws = []
    for seed in (5, 5, 6):
        fit_tiny(seed=seed, epochs=1)
        draws.append((random.random(), np.random.random()))  # noqa: NPY002  (the global one)

    assert draws[0] == draws[1] != draws[2]


def test_a_run_of_fewer_epochs_does_not_touch_the_test_images(uninterrupted, monkeypatch, capsys):
    monkeypatch.setattr(keras.Model, "evaluate", lambda *_, **__: pytest.fail("evaluated"))

    short = fit_tiny(seed=4, epochs=1, progress=True).run

    assert (short.epochs, short.metrics) == (1, {})
    assert short.curves["loss"][0] != uninterrupted.curves["loss"][0], "another seed"
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "tiny, seed 4: 100%" in shown.err
    assert "accuracy 0." in shown.err


def test_evaluating_every_epoch_changes_nothing_but_the_curves(uninterrupted):
    run = fit_tiny(replace(TINY, evaluate_every_epoch=True), seed=3).run

    assert run.metrics == uninterrupted.metrics
    assert run.curves["loss"] == uninterrupted.curves["loss"]
    assert len(run.curves["test_loss"]) == TINY.epochs
    assert run.curves["test_accuracy"][-1] == run.metrics["test_accuracy"]


def test_a_run_stops_at_the_first_epoch_that_reaches_the_target():
    recipe = replace(TINY, evaluate_every_epoch=True)
    whole = fit_tiny(recipe, seed=3).run
    curve = whole.curves["test_accuracy"]

    stopped = fit_tiny(recipe, seed=3, target_accuracy=curve[0]).run
    never = fit_tiny(recipe, seed=3, target_accuracy=1.1).run

    assert (stopped.curves["test_accuracy"], stopped.metrics) == (curve[:1], {})
    assert untimed(never) == untimed(whole)


def test_the_trained_network_is_returned_with_the_run():
    data = tiny_dataset()

    run, network = fit_tiny(seed=3)

    right = answers(network, data.x_eval).argmax(axis=1) == data.y_eval
    assert right.mean() == pytest.approx(run.metrics["test_accuracy"])
    assert training.evaluate(TINY, network, data) == pytest.approx(run.metrics, rel=1e-6)


def test_a_model_of_the_reader_s_own_is_trained_as_it_is():
    data, mine = tiny_dataset(), build_tiny()
    before = mine.get_weights()

    run, network = fit_tiny(network=mine)

    assert network is mine
    assert not np.array_equal(before[0], mine.get_weights()[0])
    assert training.evaluate(TINY, mine, data) == pytest.approx(run.metrics, rel=1e-6)


def test_a_named_architecture_and_the_same_network_by_hand_give_the_same_run():
    def by_hand():
        return architectures.build(NAMED.architecture, **NAMED.architecture_options)

    named = fit(NAMED, tiny_dataset(), seed=2, progress=False).run

    assert untimed(fit_tiny(NAMED, seed=2, network=by_hand).run) == untimed(named)


def convolution(input_shape=(6, 6, 1), classes=2):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(2, 3),
            layers.GlobalMaxPooling2D(),
            layers.Dense(classes, activation="softmax"),
        ]
    )


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (None, "recipe tiny has no architecture: give fit a network"),
        ("lenet5", "network must be a Keras model, or a function .* got str"),
        (lambda: 5, "network must be a Keras model, or a function .* got int"),
        (lambda: convolution((28, 28, 1)), r"take the images of mnist, \(None, 6, 6, 1\), got"),
        (lambda: convolution(classes=10), r"probability for each class, \(None, 2\), got"),
    ],
)
def test_a_network_that_does_not_go_with_the_images_is_refused(network, message):
    with pytest.raises(ValueError, match=message):
        fit_tiny(network=network)


def test_a_sequential_model_without_an_input_is_built_for_the_images():
    layers = [keras.layers.Flatten(), keras.layers.Dense(2, activation="softmax")]

    assert fit_tiny(network=keras.Sequential(layers)).run.epochs == TINY.epochs


def test_the_first_epochs_see_small_images():
    seen = []

    class Shapes(keras.layers.Layer):
        def call(self, images):
            seen.append(tuple(images.shape[1:3]))
            return images

    def build():
        pooled = keras.layers.GlobalMaxPooling2D()
        dense = keras.layers.Dense(2, activation="softmax")
        return keras.Sequential([keras.Input((None, None, 1)), Shapes(), pooled, dense])

    progressive = replace(TINY, progressive_epochs=2, progressive_size=4)
    run = fit_tiny(progressive, network=build).run

    assert run.epochs == 3
    assert {(4, 4), (6, 6)} <= set(seen)
    with pytest.raises(ValueError, match="None is any size, which progressive_epochs ask for"):
        fit_tiny(progressive, network=lambda: convolution((4, 4, 1)))


def test_where_the_processor_has_no_bfloat16_float32_is_taken_and_the_bar_says_so(
    monkeypatch, capsys
):
    short = replace(TINY, precision="mixed_bfloat16")
    monkeypatch.setattr(backend, "has_bfloat16", lambda: False)

    assert fit_tiny(short, progress=True).run.curves == fit_tiny().run.curves
    assert "seed 0 (float32 in place of mixed_bfloat16):" in capsys.readouterr().err


def test_a_diverging_run_says_when_and_at_which_learning_rate():
    wild = replace(TINY, optimizer="sgd", learning_rate=1e30)

    with pytest.raises(
        DivergedError, match=r"loss of tiny became \w+ in epoch 1 at .* rate 1e\+30"
    ):
        fit_tiny(wild)


@pytest.mark.parametrize("epochs", [0, 4, -1, 1.5, True])
def test_more_epochs_than_the_recipe_has_are_refused(epochs):
    with pytest.raises(ValueError, match=f"epochs must be from 1 to the recipe's 3, got {epochs}"):
        fit_tiny(epochs=epochs)


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(ValueError, match=f"seed must be an int from 0 to 4294967295, got {seed}"):
        fit_tiny(seed=seed)


def test_numpy_s_numbers_are_numbers():
    run = fit_tiny(seed=np.int64(3), epochs=np.int32(1)).run

    assert (run.seed, type(run.seed), run.epochs) == (3, int, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"weights": "tiny.npz"}, r"weights must .* ends in \.weights\.h5, got 'tiny\.npz'"),
        ({"target_accuracy": 0.5}, r"target_accuracy must be left out: recipe tiny does not"),
        ({"target_accuracy": "high"}, "target_accuracy must be a finite number, got 'high'"),
    ],
)
def test_options_that_do_not_go_with_the_recipe_are_refused_before_anything_is_trained(
    options, message, monkeypatch
):
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: pytest.fail("trained"))
    with pytest.raises(ValueError, match=message):
        fit_tiny(**options)


@pytest.mark.parametrize("recipe", [TINY, RICH], ids=["plain", "rich"])
def test_the_weights_of_a_run_are_kept_in_a_file_of_keras(recipe, tmp_path):
    data, path = tiny_dataset(), tmp_path / "tiny.weights.h5"
    trained = fit_tiny(recipe, weights=path)

    network = build_tiny()
    network.load_weights(path)

    np.testing.assert_array_equal(
        answers(network, data.x_eval), answers(trained.network, data.x_eval)
    )
    assert [found.name for found in tmp_path.iterdir()] == ["tiny.weights.h5"]
