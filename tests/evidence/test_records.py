"""Run records: what is written is read back, and what was changed is refused."""

import json
import math
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from coursecnn.datasets import Dataset, Provenance
from coursecnn.evidence import records
from coursecnn.evidence.records import Band, Data, Machine, Record, Run

LOSSES = [(0.5, 0.2), (0.4, 0.1), (0.6, 0.3)]


def run(seed, accuracy=0.99, loss=(0.5, 0.2), metrics=("test_accuracy", "test_loss")):
    values = {"test_accuracy": accuracy, "test_loss": 0.04}
    curves = {"loss": tuple(loss), "accuracy": (0.9, 0.95)[: len(loss)]}
    return Run(seed, {name: values[name] for name in metrics}, curves, seconds=12.5)


@pytest.fixture
def record():
    return Record(
        name="tiny",
        recipe={"name": "tiny", "epochs": 2},
        data=Data("mnist", sha256="ab" * 32, official=True),
        machine=Machine("CPU: abacus", threads=2, versions={"python": "3.11.0"}),
        date="2026-11-01",
        runs=tuple(run(seed, 0.98 + seed / 100, loss) for seed, loss in enumerate(LOSSES)),
    )


@pytest.fixture
def path(record, tmp_path):
    path = tmp_path / "tiny.json"
    records.write(record, path)
    return path


def dataset(sha256, official=True):
    images, labels = np.zeros((2, 1, 1, 1), "uint8"), np.zeros(2, "uint8")
    provenance = Provenance("made up", official, sha256)
    return Dataset("mnist", images, labels, images, labels, ("0",), provenance)


def test_a_written_record_is_read_back_equal(record, path):
    assert records.read(path) == record
    assert records.read(str(path)) == record


def test_writing_again_gives_the_same_bytes_and_leaves_nothing_else(path):
    before = path.read_bytes()
    records.write(records.read(path), path)

    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("old", "new"),
    [("0.98", "0.97"), ("0.04", "0.14"), ('"seed": 1', '"seed": 7'), ("abacus", "abacuz")],
)
def test_a_digit_changed_by_hand_is_refused(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))

    with pytest.raises(ValueError, match=r"tiny\.json was edited by hand: .*coursecnn reproduce"):
        records.read(path)


def test_every_digit_of_the_file_is_sealed(path):
    """Whichever single digit is changed, reading fails."""
    text = path.read_text()
    for index, character in enumerate(text):
        if character.isdigit():
            path.write_text(text[:index] + str((int(character) + 1) % 10) + text[index + 1 :])
            with pytest.raises(ValueError, match=r"tiny\.json"):
                records.read(path)


def test_the_layout_of_the_file_is_not_sealed(record, path):
    path.write_text(json.dumps(json.loads(path.read_text())))

    assert records.read(path) == record


def remove(key):
    return lambda content: content.pop(key)


def assign(key, value):
    return lambda content: content.__setitem__(key, value)


@pytest.mark.parametrize(
    ("where", "edit", "message"),
    [
        ([], remove("date"), r"tiny\.json: missing field date"),
        ([], assign("mood", 1), r"tiny\.json: unknown field mood"),
        (["data"], remove("sha256"), r"tiny\.json: data: missing field sha256"),
        (["machine"], assign("owner", ""), r"tiny\.json: machine: unknown field owner"),
        (["runs", 1], remove("seconds"), r"tiny\.json: runs\[1\]: missing field seconds"),
        (["runs"], assign(2, 5), r"tiny\.json: runs\[2\] must be a JSON object, got 5"),
        ([], assign("runs", 5), r"tiny\.json: runs must be a JSON array, got 5"),
        ([], assign("schema", 2), r"tiny\.json has schema 2, this coursecnn reads 1"),
    ],
)
def test_a_malformed_record_is_refused_naming_file_and_field(path, where, edit, message):
    content = json.loads(path.read_text())
    target = content
    for step in where:
        target = target[step]
    edit(target)
    path.write_text(json.dumps(content))

    with pytest.raises(ValueError, match=message):
        records.read(path)


def test_a_truncated_file_is_refused(path):
    path.write_text(path.read_text()[:100])

    with pytest.raises(ValueError, match=r"tiny\.json is not JSON"):
        records.read(path)


def test_a_missing_record_is_named_with_those_that_exist():
    with pytest.raises(FileNotFoundError, match=r"no record is named 'imagenet'; there are \["):
        records.read("imagenet")


def test_a_loss_that_is_not_a_number_is_not_written(record, tmp_path):
    broken = replace(record, runs=(run(0, math.nan),))

    with pytest.raises(ValueError, match="JSON compliant"):
        records.write(broken, tmp_path / "broken.json")
    assert list(tmp_path.iterdir()) == []


def test_the_band_by_hand():
    """Values 1, 2, 3: mean 2, s = 1, t(0.995, 2) = 9.925 (any t table), sqrt(1 + 1/3) = 1.1547."""
    band = Band.over([1.0, 2.0, 3.0])

    assert (band.mean, band.std, band.n) == (2.0, 1.0, 3)
    assert band.high - band.mean == pytest.approx(9.925 * 1.1547, rel=1e-4)
    assert band.mean - band.low == pytest.approx(9.925 * 1.1547, rel=1e-4)


def test_the_band_holds_ninety_nine_of_a_hundred_further_runs():
    draws = np.random.default_rng(0).normal(size=(20_000, 6))
    inside = sum(Band.over(row[:5]).within(row[5]) for row in draws[:2_000])

    assert stats.binomtest(inside, 2_000, records.CONFIDENCE).pvalue > 0.01


@pytest.mark.parametrize("n", [0, 1, 2])
def test_a_band_over_too_few_runs_is_refused(n):
    with pytest.raises(ValueError, match=f"a band needs at least 3 runs, got {n}"):
        Band.over([0.5] * n)


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            [0.9901, 0.9893, 0.9911],
            "0.9902 ± 0.0009 (3 runs), next run expected in 0.9798 to 1.0005",
        ),
        ([10.0, 12.0, 14.0], "12 ± 2 (3 runs), next run expected in -11 to 35"),
        ([0.5, 0.5, 0.5], "0.5000 ± 0.0000 (3 runs), next run expected in 0.5000 to 0.5000"),
    ],
)
def test_a_band_prints_as_many_places_as_its_spread_allows(values, text):
    assert str(Band.over(values)) == text


def test_values_and_bands_come_from_metrics_or_from_a_point_of_a_curve(record):
    assert record.values("test_accuracy") == (0.98, 0.99, 1.0)
    assert record.values("loss", epoch=2) == (0.2, 0.1, 0.3)
    assert record.band("loss", epoch=2) == Band.over([0.2, 0.1, 0.3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("loss",), r"metric must be one of \['test_accuracy', 'test_loss'\], got 'loss'"),
        (("test_loss", 1), r"curve must be one of \['accuracy', 'loss'\], got 'test_loss'"),
        (("loss", 0), "epoch must be from 1 to 2, got 0"),
        (("loss", 3), "epoch must be from 1 to 2, got 3"),
    ],
)
def test_a_value_that_is_not_recorded_is_refused(record, arguments, message):
    with pytest.raises(ValueError, match=message):
        record.values(*arguments)


def test_a_further_run_joins_in_the_order_of_the_seeds(record):
    grown = replace(record, runs=record.runs[1:]).with_run(record.runs[0], "2026-11-02")

    assert grown == replace(record, date="2026-11-02")
    with pytest.raises(ValueError, match="seed 0 of tiny is recorded already"):
        grown.with_run(record.runs[0], "2026-11-02")


def test_the_table_has_a_row_per_seed(record):
    table = record.table()

    assert list(table.index) == [0, 1, 2]
    assert list(table.columns) == ["test_accuracy", "test_loss", "last loss", "last accuracy"]
    assert table.loc[1, "last loss"] == 0.1


def test_the_text_says_what_was_measured_without_dates_timings_or_machines(record):
    text = str(record)

    assert text.startswith("tiny: 3 runs of 2 epochs on mnist\n")
    assert f"loss, epoch 2      {record.band('loss', 2)}" in text
    assert not any(word in text for word in ("2026", "12.5", "abacus", "3.11"))


def test_the_text_of_a_record_in_progress_gives_no_band(record):
    text = str(replace(record, runs=record.runs[:2]))

    assert text == "tiny: 2 runs of 2 epochs on mnist, too few for a band (at least 3)"


def test_a_run_like_the_recorded_ones_passes_the_check(record, capsys):
    records.check(record, run(9, loss=(0.45,), metrics=()), dataset("ab" * 32))

    line = capsys.readouterr().out
    assert line.startswith("tiny, seed 9, 1 of 2 epochs re-measured, all inside the bands of 3")


@pytest.mark.parametrize(
    ("fresh", "message"),
    [
        (run(9, accuracy=0.5), r"tiny: test_accuracy is 0\.5000, outside of 0\.990 ± 0\.010"),
        (run(9, loss=(0.5, 7)), r"tiny: loss of epoch 2 is 7\.0000, outside of 0\.20 ± 0\.10"),
        (run(9, loss=(math.nan,)), "tiny: loss of epoch 1 is nan, outside"),
    ],
)
def test_a_run_outside_of_a_band_fails_the_check(record, fresh, message):
    with pytest.raises(AssertionError, match=message):
        records.check(record, fresh, dataset("ab" * 32))


def test_the_more_values_are_compared_the_wider_each_band(record):
    """One value may just leave its 99 % band; among several the check allows for chance."""
    just_outside = record.band("loss", 1).high + 1e-6
    alone = Run(9, {}, {"loss": (just_outside,)}, seconds=1.0)
    among = Run(9, {}, {"loss": (just_outside,), "accuracy": run(9).curves["accuracy"][:1]}, 1.0)
    with pytest.raises(AssertionError, match="widened for 1 comparisons"):
        records.check(record, alone, dataset("ab" * 32))
    records.check(record, among, dataset("ab" * 32))


def test_official_images_that_are_not_the_recorded_ones_are_refused(record):
    with pytest.raises(ValueError, match=r"images that tiny was measured on, .* training\.load"):
        records.check(record, run(9), dataset("cd" * 32))


def published(monkeypatch):
    """What a notebook would be handed, as it comes."""
    findings = []
    publish = SimpleNamespace(publish=lambda data: findings.append(data[records.MIME_TYPE]))
    notebook = SimpleNamespace(display_pub=publish)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: notebook))
    return findings


def test_a_notebook_is_handed_what_the_check_compared(record, monkeypatch):
    findings = published(monkeypatch)
    records.check(record, run(9, loss=(0.45,), metrics=()), dataset("ab" * 32))
    (finding,) = findings
    assert finding["record"] == "tiny"
    assert (finding["epochs"], finding["of_epochs"], finding["runs"]) == (1, 2, 3)
    loss, accuracy = finding["values"]
    assert (loss["what"], loss["value"]) == ("loss of epoch 1", 0.45)
    assert loss["mean"] == pytest.approx(0.5)
    assert loss["low"] < 0.5 < loss["high"]
    assert accuracy["what"] == "accuracy of epoch 1"
    assert json.loads(json.dumps(finding)) == finding


def test_a_notebook_is_handed_also_what_lies_outside(record, monkeypatch):
    findings = published(monkeypatch)
    with pytest.raises(AssertionError, match="outside of"):
        records.check(record, run(9, loss=(30.0, 0.2)), dataset("ab" * 32))
    assert findings[0]["values"][2]["value"] == 30.0


def test_on_the_stand_in_the_check_says_that_it_could_not(record, capsys):
    records.check(record, run(9, accuracy=0.5), dataset("cd" * 32, official=False))

    assert "not checked, because the record was measured on the official mnist" in (
        capsys.readouterr().out
    )
