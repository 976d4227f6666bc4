"""What `benchmarks.looking` records, and that a run that was killed goes on."""

import json

import numpy as np
import pytest

from benchmarks.looking import PART, RECIPE, VALIDATION, Look
from coursecnn.evidence import records
from coursecnn.training.recipes import Recipe


class Says:
    """A network whose answer is the first pixel."""

    def predict(self, x, batch_size, verbose):
        return np.eye(10)[x[:, 0]]


@pytest.fixture
def look(tmp_path):
    """One that judges six thousand images, of which each thousand has more right answers."""
    y = np.zeros(VALIDATION + 2 * PART, dtype=int)
    right = np.concatenate([np.arange(PART) < 100 * (n + 1) for n in range(len(y) // PART)])
    look = Look(np.where(right, 0, 1)[:, None], y, tmp_path / "seen.json")
    look.set_model(Says())
    return look


def test_each_part_is_judged_apart(look):
    look.on_epoch_end(0)
    curves = look.curves()
    assert curves["validation5000_accuracy"] == pytest.approx([0.3])
    assert curves["test1_accuracy"] == pytest.approx([0.6])
    assert curves["test2_accuracy"] == pytest.approx([0.7])
    assert curves["test_accuracy"] == pytest.approx([0.65])


def test_an_epoch_that_is_run_again_replaces_itself(look):
    for epoch in (0, 1, 1):
        look.on_epoch_end(epoch)
    assert len(look.curves()["test_accuracy"]) == 2
    again = Look(look.x, look.y, look.path)
    assert again.seen == look.seen == json.loads(look.path.read_text("utf-8"))


def test_epochs_that_nobody_looked_at_are_refused(look):
    with pytest.raises(ValueError, match=r"has 0 epochs, and the run is at 3: delete its check"):
        look.on_epoch_end(2)


def test_the_record_was_made_with_the_recipe():
    record = records.read("looking")
    assert Recipe.from_json(record.recipe) == RECIPE
    assert record.data.official
    for run in record.runs:
        parts = [run.curves[f"test{n}_accuracy"] for n in range(1, 11)]
        np.testing.assert_allclose(np.mean(parts, axis=0), run.curves["test_accuracy"], atol=1e-6)
