"""Evaluation: the plain loss, several views of an image, the shortest decimals."""

from dataclasses import replace

import numpy as np
import pytest

from coursecnn import datasets, training
from coursecnn.training.evaluation import shortest
from coursecnn.training.recipes import RECIPES
from tests.small_runs import RICH, TINY, build_tiny, fit_tiny, tiny_dataset


@pytest.fixture(scope="module")
def network():
    return fit_tiny(RICH).network


def predicted(network, images):
    return network.predict(images / np.float32(255), verbose=0)


def scored(answers, labels):
    """Accuracy and loss by the definition."""
    right = answers[np.arange(len(answers)), labels]
    return {
        "test_accuracy": (answers.argmax(axis=1) == labels).mean(),
        "test_loss": -np.log(right).mean(),
    }


def test_evaluation_uses_the_plain_loss_and_both_views(network):
    data = tiny_dataset()
    views = [data.x_eval, data.x_eval[:, :, ::-1]]

    found = training.evaluate(RICH, network, data)

    mean = np.mean([predicted(network, view) for view in views], axis=0)
    assert found == pytest.approx(scored(mean, data.y_eval), rel=1e-5)


def test_evaluation_looks_at_translated_images_and_at_their_mirror_images(network):
    data = tiny_dataset()
    border = ((0, 0), (1, 1), (1, 1), (0, 0))
    padded = np.pad(data.x_eval, border, mode="reflect")
    views = [data.x_eval, padded[:, 2:, 2:], padded[:, :-2, :-2]]
    views += [view[:, :, ::-1] for view in views]

    found = training.evaluate(replace(RICH, tta_translate=1), network, data)

    mean = np.mean([predicted(network, view) for view in views], axis=0)
    assert found == pytest.approx(scored(mean, data.y_eval), rel=1e-5)


def test_a_network_of_one_size_is_evaluated_although_a_training_begins_with_smaller_images(network):
    smaller = replace(RICH, progressive_epochs=1, progressive_size=4)

    assert training.evaluate(smaller, network, tiny_dataset()) == pytest.approx(
        training.evaluate(RICH, network, tiny_dataset())
    )


def test_the_network_that_a_run_left_behind_is_evaluated_as_the_run_was(tmp_path):
    data, weights = tiny_dataset(), tmp_path / "tiny.weights.h5"
    run = fit_tiny(RICH, weights=weights).run
    network = build_tiny()
    network.load_weights(weights)

    assert training.evaluate(RICH, network, data) == pytest.approx(run.metrics, rel=1e-6)
    assert training.evaluate(TINY, network, data) != pytest.approx(run.metrics, rel=1e-6)


def test_the_metrics_say_on_which_images_they_were_measured():
    few = replace(RECIPES["pooling_max"], epochs=1)
    data = datasets.stand_in("mnist").split_validation(0.99)
    part = replace(data, x_eval=data.x_eval[:50], y_eval=data.y_eval[:50])

    assert set(fit_tiny(few, part, network=None).run.metrics) == {
        "validation_accuracy",
        "validation_loss",
    }


def test_values_are_the_shortest_decimals_of_what_keras_computed():
    assert shortest(float(np.float32(0.9904))) == 0.9904
