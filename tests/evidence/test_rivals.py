"""Records side by side: only those that were judged alike."""

from dataclasses import replace

import numpy as np
import pytest

from coursecnn.evidence import records
from coursecnn.evidence.comparisons import paired
from coursecnn.evidence.rivals import Rivals

HEADS = {"average": "league_plain", "dense head": "league_dense_head"}


@pytest.fixture
def write(tmp_path):
    """Write a changed copy of a record, and give its path as a name."""

    def written(name, **changes):
        record = records.read(name)
        recipe = dict(record.recipe) | changes.pop("recipe", {})
        path = tmp_path / f"{name}.json"
        records.write(replace(record, recipe=recipe, **changes), path)
        return str(path)

    return written


def test_the_difference_is_that_of_the_records_seed_by_seed_in_points():
    new, old = (np.array(records.read(n).values("validation_accuracy")) for n in HEADS.values())
    assert Rivals(HEADS).difference("average", "dense head") == paired(100 * new, 100 * old)


def test_curves_end_in_the_accuracies():
    rivals = Rivals(HEADS)
    for name, values in rivals.curves()["validation images"].items():
        assert values.shape == (5, 10)
        np.testing.assert_allclose(values[:, -1], rivals.accuracies()[name], rtol=1e-6)


def test_the_table_shows_what_a_rival_costs_and_reached():
    row = Rivals(HEADS).table().loc["average"]
    assert (row["parameters"], row["million MACs"]) == ("229,358", "9.81")  # of the registry
    found = 100 * np.array(records.read("league_plain").values("validation_accuracy"))
    assert row["validation (%)"] == f"{found.mean():.1f}"
    assert row["± over seeds"] == f"{found.std(ddof=1):.1f}"


@pytest.mark.parametrize(
    ("field", "value"),
    [("epochs", 20), ("batch_size", 64), ("translate", 4), ("precision", "mixed_bfloat16")],
)
def test_recipes_that_differ_in_more_than_the_network_are_refused(write, field, value):
    other = write("league_dense_head", recipe={field: value})
    with pytest.raises(ValueError, match=rf"differ in recipe\['{field}'\]$"):
        Rivals(HEADS | {"dense head": other})
    Rivals(HEADS | {"dense head": other}, differs=(field,))


def test_other_seeds_are_refused(write):
    other = write("league_dense_head", runs=records.read("league_dense_head").runs[:3])
    with pytest.raises(ValueError, match=r"seeds \(0, 1, 2, 3, 4\) and \(0, 1, 2\)"):
        Rivals(HEADS | {"dense head": other})


def test_one_record_is_no_comparison():
    with pytest.raises(ValueError, match="at least two"):
        Rivals({"average": "league_plain"})


def test_a_rival_that_is_none_is_named():
    with pytest.raises(ValueError, match="old must be one of 'average', 'dense head', got"):
        Rivals(HEADS).difference("average", "maximum")
