"""The benchmark that judges two kept networks with and without the mirror image."""

import numpy as np
import pytest

from benchmarks import mirror
from coursecnn import datasets
from coursecnn.evidence import records


class Looks:
    """Says class 1 with the probability that is the first pixel's red, else class 0."""

    def predict(self, pixels, **_):
        red = pixels[:, 0, 0, 0]
        return np.stack([1 - red, red], axis=1)


def data(left, right, labels):
    """Images of 1×2 pixels, with this much red on the left and on the right."""
    pixels = np.zeros((len(left), 1, 2, 3), dtype=np.uint8)
    pixels[:, 0, 0, 0], pixels[:, 0, 1, 0] = left, right
    y = np.array(labels)
    return datasets.from_arrays("cifar10", pixels, y, pixels, y, classes=["zero", "one"])


def test_an_image_is_mended_or_spoiled_where_the_mean_of_both_answers_says_otherwise():
    # Right both ways, wrong alone and right together, right alone and wrong together, wrong.
    judged = mirror.both_ways(Looks(), data([255, 100, 150, 0], [255, 255, 0, 0], [1, 1, 1, 1]))
    assert judged == {
        "plain_accuracy": 0.5,
        "mirrored_accuracy": 0.5,
        "mended": 1,
        "spoiled": 1,
    }


@pytest.mark.parametrize("name", mirror.JUDGED)
def test_the_record_agrees_with_itself(name):
    (found,) = (run.metrics for run in records.read("mirror").runs)
    gained = found[f"{name}_mended"] - found[f"{name}_spoiled"]
    difference = found[f"{name}_mirrored_accuracy"] - found[f"{name}_plain_accuracy"]
    assert round(10_000 * difference) == gained


def test_the_record_says_of_fast_what_its_own_record_says():
    """Which was measured with the mirror image, in shorter numbers."""
    (found,) = (run.metrics for run in records.read("mirror").runs)
    own = records.read("fast").values("test_accuracy")[mirror.SEED]
    assert found["fast_mirrored_accuracy"] == pytest.approx(own, abs=0.003)


def test_the_record_says_of_lab_what_its_own_record_says():
    (found,) = (run.metrics for run in records.read("mirror").runs)
    own = records.read("lab").values("test_accuracy")[mirror.SEED]
    assert found["lab_plain_accuracy"] == pytest.approx(own, abs=0.0005)
