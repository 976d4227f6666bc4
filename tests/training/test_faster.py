"""What the fast recipe adds to training: schedule, smoothing, whitening, mirrors, fewer bits."""

import math
from dataclasses import replace

import numpy as np
import pytest

from coursecnn import backend, training
from coursecnn.backend import keras
from coursecnn.training import fit, timing
from coursecnn.training.recipes import LADDER, RECIPES
from coursecnn.training.whitening import whitening
from tests.small_runs import TINY, build_tiny, tiny_dataset, untimed

CRAFT = replace(
    TINY,
    optimizer="sgd",
    optimizer_options={"momentum": 0.9, "nesterov": True, "weight_decay": 5e-4},
    learning_rate=0.1,
    schedule="one_cycle",
    label_smoothing=0.2,
    alternating_flip=True,
    translate=1,
    cutout=2,
    tta_flip=True,
    evaluate_every_epoch=True,
)


@pytest.fixture(autouse=True)
def _tiny_networks(monkeypatch):
    monkeypatch.setattr(training.fitting.architectures, "build", build_tiny)


def test_one_cycle_climbs_for_a_quarter_and_falls_along_a_cosine():
    recipe = replace(TINY, epochs=4, schedule="one_cycle", learning_rate=0.8)  # 4 times 4 steps

    rate = training.fitting._compiled(recipe, tiny_dataset()).optimizer._learning_rate

    expected = [0.2 * step for step in range(4)]
    expected += [0.4 * (1 + math.cos(math.pi * step / 12)) for step in range(13)]
    np.testing.assert_allclose([float(rate(step)) for step in range(17)], expected, atol=1e-6)


def test_the_optimizer_gets_its_options():
    optimizer = training.fitting._compiled(CRAFT, tiny_dataset()).optimizer

    assert (optimizer.momentum, optimizer.nesterov, optimizer.weight_decay) == (0.9, True, 5e-4)


def test_smoothed_labels_give_a_share_to_each_class():
    labels = np.array([[0], [1]])
    probabilities = np.array([[0.9, 0.1], [0.3, 0.7]], dtype="float32")

    loss = float(training.fitting._loss(CRAFT, classes=2)(labels, probabilities))

    # A fifth of each label is spread over both classes: 0.9 stays, 0.1 goes to the other one.
    each = -0.9 * np.log([0.9, 0.7]) - 0.1 * np.log([0.1, 0.3])
    assert loss == pytest.approx(each.mean(), rel=1e-6)


def test_judging_uses_the_plain_loss_and_both_views():
    data = tiny_dataset()
    model = training.fitting._compiled(CRAFT, data)
    judge = training.fitting._judge(CRAFT, model)

    measured = judge.evaluate(data.x_test, data.y_test, verbose=0, return_dict=True)

    both = model.predict(data.x_test, verbose=0) + model.predict(data.x_test[:, :, ::-1], verbose=0)
    right = (both / 2)[np.arange(len(both)), data.y_test]
    assert measured["loss"] == pytest.approx(-np.log(right).mean(), rel=1e-5)
    assert measured["accuracy"] == pytest.approx((both.argmax(axis=1) == data.y_test).mean())


def test_judging_looks_at_shifted_images_and_at_their_mirror_images():
    data = tiny_dataset()
    recipe = replace(CRAFT, tta_translate=1)
    model = training.fitting._compiled(recipe, data)
    judge = training.fitting._judge(recipe, model)

    answers = judge.predict(data.x_test, verbose=0)

    border = ((0, 0), (1, 1), (1, 1), (0, 0))
    padded = np.pad(data.x_test, border, mode="reflect")
    views = [data.x_test, padded[:, 2:, 2:], padded[:, :-2, :-2]]
    views += [view[:, :, ::-1] for view in views]
    expected = np.mean([model.predict(view, verbose=0) for view in views], axis=0)
    np.testing.assert_allclose(answers, expected, rtol=1e-5)


def test_the_network_that_a_run_left_behind_is_judged_as_the_run_was(tmp_path):
    data, weights = tiny_dataset(), tmp_path / "tiny.weights.h5"
    run = fit(CRAFT, data, weights=weights, progress=False)
    network = build_tiny("tiny")
    network.load_weights(weights)

    assert training.evaluate(CRAFT, network, data) == pytest.approx(run.metrics, rel=1e-6)
    assert training.evaluate(TINY, network, data) != pytest.approx(run.metrics, rel=1e-6)


def test_each_kind_of_altered_images_is_seen_in_training():
    data, seen = tiny_dataset(), {}
    images = np.random.default_rng(0).integers(0, 256, data.x_train.shape).astype("uint8")
    for change in ({}, {"alternating_flip": True}, {"translate": 1}, {"cutout": 2}):
        recipe = replace(TINY, **change)
        seen[tuple(change)] = [
            training.fitting._augmented(recipe, images, 0, epoch) for epoch in (0, 1)
        ]

    unchanged, (first, second), shifted, painted = seen.values()
    np.testing.assert_array_equal(unchanged[0], images)
    mirrored = images[:, :, ::-1]
    once = (first == images).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(first, np.where(once[:, None, None, None], images, mirrored))
    np.testing.assert_array_equal(second, np.where(once[:, None, None, None], mirrored, images))
    for pair in (shifted, painted):
        assert pair[0].shape == images.shape
        assert not np.array_equal(pair[0], pair[1])  # drawn anew for each epoch
        assert not np.array_equal(pair[0], images)


def test_the_first_epochs_see_small_images(monkeypatch):
    recipe = replace(TINY, epochs=3, progressive_epochs=2, progressive_size=4)
    shapes = []

    def build(_architecture, input_shape, **_options):
        shapes.append(input_shape)
        pooled = keras.layers.GlobalMaxPooling2D()
        dense = keras.layers.Dense(2, activation="softmax")
        return keras.Sequential([keras.Input(input_shape), pooled, dense])

    def seen(_recipe, images, seed, epoch):
        found = augmented(_recipe, images, seed, epoch)
        shapes.append(found.shape[1:])
        return found

    augmented = training.fitting._augmented
    monkeypatch.setattr(training.fitting.architectures, "build", build)
    monkeypatch.setattr(training, "_augmented", seen)

    fit(recipe, tiny_dataset(), progress=False)

    assert shapes == [(None, None, 1), (4, 4, 1), (4, 4, 1), (6, 6, 1)]


@pytest.mark.parametrize("kill_after", [1, 2])
def test_a_run_with_all_of_it_survives_a_stop(tmp_path, kill_after):
    whole = fit(CRAFT, tiny_dataset(), seed=5, progress=False)
    checkpoint = tmp_path / "run.npz"

    fit(CRAFT, tiny_dataset(), 5, epochs=kill_after, checkpoint=checkpoint, progress=False)

    resumed = fit(CRAFT, tiny_dataset(), 5, checkpoint=checkpoint, progress=False)
    assert untimed(resumed) == untimed(whole)


def test_whitening_is_set_before_the_first_step(monkeypatch):
    def build(_architecture, **_options):
        return keras.Sequential(
            [
                keras.Input((6, 6, 1)),
                keras.layers.Conv2D(8, 2, trainable=False, name="whitening"),
                keras.layers.Flatten(),
                keras.layers.Dense(2, activation="softmax"),
            ]
        )

    monkeypatch.setattr(training.fitting.architectures, "build", build)
    data = tiny_dataset()

    model = training.fitting._compiled(replace(TINY, whiten=True), data)

    for got, expected in zip(
        model.layers[-1].get_layer("whitening").get_weights(),
        whitening(data.x_train, 2),
        strict=True,
    ):
        np.testing.assert_array_equal(got, expected)


def test_fewer_bits_are_for_the_network_alone(monkeypatch):
    monkeypatch.setattr(backend, "has_bfloat16", lambda: True)
    model = training.fitting._compiled(replace(TINY, precision="mixed_bfloat16"), tiny_dataset())

    assert {layer.compute_dtype for layer in model.layers[-1].layers} == {"bfloat16"}
    assert {str(weight.dtype) for weight in model.trainable_variables} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"  # as before


def test_where_the_processor_has_no_16_bits_32_are_taken_and_the_bar_says_so(monkeypatch, capsys):
    short = replace(TINY, precision="mixed_bfloat16")
    monkeypatch.setattr(backend, "has_bfloat16", lambda: False)

    assert fit(short, tiny_dataset()).curves == fit(TINY, tiny_dataset(), progress=False).curves
    assert "seed 0 (float32 in place of mixed_bfloat16):" in capsys.readouterr().err


def test_callbacks_hear_of_each_epoch():
    clock = timing.EpochClock()

    run = fit(TINY, tiny_dataset(), progress=False, callbacks=[clock])

    assert len(clock.seconds) == TINY.epochs
    assert 0 < sum(clock.seconds) <= run.seconds + 0.1


def test_the_ladder_leads_from_the_lecture_to_the_fast_recipe():
    rungs = [RECIPES[f"ladder_{name}"] for name in LADDER]
    lab, fast = RECIPES["lab"], RECIPES["fast"]

    first, last = rungs[0], [rungs[i] for i, rung in enumerate(LADDER.values()) if rung.kept][-1]
    assert (
        replace(first, name="lab", epochs=20, validation_split=0.0, evaluate_every_epoch=True)
        == lab
    )
    assert replace(last, name="fast", validation_split=0.0, evaluate_every_epoch=True) == fast
    assert all(rung.validation_split > 0 and not rung.evaluate_every_epoch for rung in rungs)


def test_each_rung_changes_what_it_says_and_nothing_else():
    below = None
    for name, rung in LADDER.items():
        recipe = RECIPES[f"ladder_{name}"]
        if below is not None:
            assert replace(below, name=recipe.name, **rung.changes) == recipe
            assert recipe != replace(below, name=recipe.name), "it changes nothing"
        below = recipe if rung.kept else below
