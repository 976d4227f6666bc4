"""A fresh run beside a record: compared in every value, refused outside of a band."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest

from coursecnn.datasets import Dataset, Provenance
from coursecnn.evidence import records
from coursecnn.evidence.records import Data, Machine, Record, Run, compare

ABACUS = Machine("CPU: abacus", threads=2, versions={"python": "3.11.0"})
LOSSES = [(0.5, 0.2), (0.4, 0.1), (0.6, 0.3)]


def run(seed, accuracy=0.99, loss=(0.5, 0.2), metrics=("test_accuracy", "test_loss")):
    values = {"test_accuracy": accuracy, "test_loss": 0.04}
    curves = {"loss": tuple(loss), "accuracy": (0.9, 0.95)[: len(loss)]}
    return Run(seed, {name: values[name] for name in metrics}, curves, 12.5, ABACUS)


@pytest.fixture
def record():
    runs = tuple(run(seed, 0.98 + seed / 100, loss) for seed, loss in enumerate(LOSSES))
    data = Data("mnist", sha256="ab" * 32, official=True)
    return Record("tiny", {"name": "tiny", "epochs": 2}, data, "2026-11-01", runs)


def dataset(sha256, official=True):
    images, labels = np.zeros((2, 1, 1, 1), "uint8"), np.zeros(2, "uint8")
    provenance = Provenance("made up", official, sha256)
    return Dataset("mnist", images, labels, images, labels, ("0",), provenance)


SAME = dataset("ab" * 32)


def test_a_run_like_the_recorded_ones_passes(record):
    comparison = compare(record, run(9, loss=(0.45,), metrics=()), SAME)

    comparison.assert_inside()
    assert comparison.outside == ()
    assert str(comparison).startswith(
        "tiny, seed 9, 1 of 2 epochs re-measured, all inside the bands of 3 runs"
    )
    assert "\n  loss 0.4500\n" in str(comparison)


@pytest.mark.parametrize(
    ("fresh", "message"),
    [
        (run(9, accuracy=0.5), r"tiny: test_accuracy is 0\.5000, outside of 0\.990 ± 0\.010"),
        (run(9, loss=(0.5, 7)), r"tiny: loss of epoch 2 is 7\.0000, outside of 0\.20 ± 0\.10"),
    ],
)
def test_a_run_outside_of_a_band_is_refused_by_value_and_band(record, fresh, message):
    comparison = compare(record, fresh, SAME)

    assert len(comparison.outside) == 1
    assert "re-measured, outside the bands of 3 runs" in str(comparison)
    with pytest.raises(AssertionError, match=message):
        comparison.assert_inside()


def test_a_value_that_is_no_number_lies_outside_of_every_band(record):
    assert not record.band("test_accuracy").within(math.nan)


def test_the_more_values_are_compared_the_wider_each_band(record):
    """One value may just leave its 99 % band; among several there is allowance for chance."""
    just_outside = record.band("loss", 1).high + 1e-6
    alone = Run(9, {}, {"loss": (just_outside,)}, 1.0, ABACUS)
    among = replace(alone, curves={**alone.curves, "accuracy": run(9).curves["accuracy"][:1]})

    with pytest.raises(AssertionError, match="widened for 1 comparisons"):
        compare(record, alone, SAME).assert_inside()
    compare(record, among, SAME).assert_inside()


def test_bands_without_power_are_counted(record):
    """Three runs so far apart; the losses of the test and both accuracies never differ."""
    assert "3 runs, 3 of 6 without power" in str(compare(record, run(9), SAME))


def test_official_images_that_are_not_the_recorded_ones_are_refused(record):
    with pytest.raises(
        ValueError, match=r"images that tiny was measured on, .* training\.load_data"
    ):
        compare(record, run(9), dataset("cd" * 32))


def test_a_run_without_values_is_refused(record):
    with pytest.raises(ValueError, match="run must hold a metric or a curve to compare"):
        compare(record, Run(9, {}, {}, 1.0, ABACUS), SAME)


def test_on_the_stand_in_nothing_is_compared_and_that_is_said(record):
    comparison = compare(record, run(9, accuracy=0.5), dataset("cd" * 32, official=False))

    comparison.assert_inside()
    assert comparison.values == ()
    assert "not checked, because the record was measured on the official mnist" in str(comparison)
    assert list(comparison._repr_mimebundle_()) == ["text/plain"]


def test_a_notebook_is_handed_what_was_compared(record):
    comparison = compare(record, run(9, loss=(0.45,), metrics=()), SAME)
    shown = comparison._repr_mimebundle_()

    assert shown["text/plain"] == str(comparison)
    finding = shown[records.MIME_TYPE]
    assert finding["record"] == "tiny"
    assert (finding["recorded_on"], finding["device"]) == ("CPU: abacus", "CPU: abacus")
    assert (finding["epochs"], finding["of_epochs"], finding["runs"]) == (1, 2, 3)
    loss, accuracy = finding["values"]
    assert (loss["what"], loss["value"]) == ("loss of epoch 1", 0.45)
    assert loss["mean"] == pytest.approx(0.5)
    assert loss["low"] < 0.5 < loss["high"]
    assert accuracy["what"] == "accuracy of epoch 1"
    assert json.loads(json.dumps(finding)) == finding


def test_a_notebook_is_handed_also_what_lies_outside(record):
    shown = compare(record, run(9, loss=(30.0, 0.2)), SAME)._repr_mimebundle_()

    assert shown[records.MIME_TYPE]["values"][2]["value"] == 30.0
