"""Run records: what is written is read back, and what was changed is refused."""

import json
import math
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.evidence import records
from coursecnn.evidence.records import Band, Data, Machine, Record, Run

ABACUS = Machine("CPU: abacus", threads=2, versions={"python": "3.11.0"})
LOSSES = [(0.5, 0.2), (0.4, 0.1), (0.6, 0.3)]


def run(seed, accuracy=0.99, loss=(0.5, 0.2), metrics=("test_accuracy", "test_loss")):
    values = {"test_accuracy": accuracy, "test_loss": 0.04}
    curves = {"loss": tuple(loss), "accuracy": (0.9, 0.95)[: len(loss)]}
    return Run(seed, {name: values[name] for name in metrics}, curves, 12.5, ABACUS)


@pytest.fixture
def record():
    return Record(
        name="tiny",
        recipe={"name": "tiny", "epochs": 2},
        data=Data("mnist", sha256="ab" * 32, official=True),
        date="2026-11-01",
        runs=tuple(run(seed, 0.98 + seed / 100, loss) for seed, loss in enumerate(LOSSES)),
    )


@pytest.fixture
def path(record, tmp_path):
    path = tmp_path / "tiny.json"
    records.write(record, path)
    return path


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
    [("0.98", "0.97"), ("0.04", "0.14"), ('"seed": 2', '"seed": 7'), ("abacus", "abacuz")],
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
        (["runs", 0, "machine"], assign("owner", ""), r"runs\[0\]: machine: unknown field owner"),
        (["runs", 1], remove("seconds"), r"tiny\.json: runs\[1\]: missing field seconds"),
        (["runs"], assign(2, 5), r"tiny\.json: runs\[2\]: must be a JSON object, got 5"),
        ([], assign("runs", 5), r"tiny\.json: runs must be a JSON array, got 5"),
        ([], assign("schema", 3), r"it has schema 3, this coursecnn reads 2: update coursecnn"),
        ([], assign("schema", 1), r"it has schema 1, this coursecnn reads 2: measure again"),
        ([], assign("schema", True), r"schema must be 2, got True"),
        ([], assign("schema", 2.0), r"schema must be 2, got 2\.0"),
        ([], assign("name", "../../etc"), r"tiny\.json: name must be letters"),
        ([], assign("name", "large"), r"name is large, so the file must be large\.json"),
        ([], assign("recipe", [1]), r"recipe must be a mapping, got"),
        (["recipe"], assign("epochs", "2"), r"recipe\['epochs'\] must be an int, .* got '2'"),
        (["recipe"], assign("epochs", 1), r"recipe\['epochs'\] must be an int, no fewer than"),
        ([], assign("date", "tomorrow"), r"date must be a day as YYYY-MM-DD, got 'tomorrow'"),
        ([], assign("date", "2026-02-30"), r"date must be a day as YYYY-MM-DD, got '2026-02-30'"),
        ([], assign("runs", []), r"tiny\.json: (date|runs) must"),
        (["data"], assign("sha256", "ab"), r"data: sha256 must be a SHA-256 in hex"),
        (["data"], assign("official", 1), r"data: official must be True or False, got 1"),
        (["runs", 1], assign("seed", 0), r"runs must have different seeds, in their order"),
        (["runs", 1], assign("seed", -1), r"runs\[1\]: seed must be an int from 0 to"),
        (["runs", 1], assign("seed", 1.0), r"runs\[1\]: seed must be an int from 0 to"),
        (["runs", 1], assign("seconds", -1), r"runs\[1\]: seconds must be .* at least 0, .*got -1"),
        (["runs", 1], assign("metrics", None), r"runs\[1\]: metrics must be a mapping, got None"),
        (["runs", 1], assign("curves", []), r"runs\[1\]: curves must be a mapping"),
        (["runs", 1], assign("weights", "x"), r"runs\[1\]: weights must be a SHA-256"),
        (["runs", 1, "machine"], assign("threads", 0), r"machine: threads must be a positive int"),
        (["runs", 1, "machine"], assign("versions", {"a": 1}), r"versions\['a'\] must be a text"),
        (["runs", 1, "metrics"], assign("test_accuracy", 1.7), r"'test_accuracy'\] .*at most 1"),
        (["runs", 1, "metrics"], assign("test_accuracy", "high"), r"'test_accuracy'\] must be"),
        (["runs", 1, "metrics"], assign("test_loss", -0.1), r"'test_loss'\] .* at least 0"),
        (["runs", 1, "metrics"], assign("test_loss", 10**400), r"'test_loss'\] must be a finite"),
        (
            ["runs", 1, "curves"],
            assign("loss", "low"),
            r"curves\['loss'\] must be a value per epoch",
        ),
        (["runs", 1, "curves"], assign("loss", 5), r"curves\['loss'\] must be a value per epoch"),
        (["runs", 1, "curves"], assign("loss", []), r"curves\['loss'\] must be a value per epoch"),
        (["runs", 1, "curves"], assign("loss", [1]), r"curves must have a value per epoch each"),
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


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"[]", "must hold a JSON object, got a list"),
        (b"\xff\xfe{}", "is not JSON: .*utf-8"),
        ("{}".encode("utf-16"), "is not JSON"),
        (b'{"date": NaN}', "is not JSON: NaN is no number"),
        (b'{"date": -Infinity}', "is not JSON: -Infinity is no number"),
        (b'{"date": 1e999}', "is not JSON: 1e999 is too large"),
        (b'{"date": ' + b"9" * 5000 + b"}", "is not JSON: Exceeds the limit"),
        (b'{"date": 1, "date": 2}', "is not JSON: it has 'date' twice"),
        (b'{"date": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"date": ' + b'{"a":' * 100_000, "nested too deeply"),
        (b" " * (4 * 2**20 + 1), "more than 4,194,304, so it is no record"),
    ],
)
def test_a_file_that_is_no_record_is_refused_by_its_name(path, content, message):
    path.write_bytes(content)

    with pytest.raises(ValueError, match=rf"tiny\.json.*{message}"):
        records.read(path)


def test_a_folder_is_no_record(tmp_path):
    (tmp_path / "tiny.json").mkdir()
    with pytest.raises(ValueError, match=r"tiny\.json is a folder, not a record"):
        records.read(tmp_path / "tiny.json")


def test_a_missing_record_is_named_with_those_that_exist():
    with pytest.raises(FileNotFoundError, match=r"no record is named 'imagenet'; there are \["):
        records.read("imagenet")


def test_a_value_that_is_not_a_number_is_in_no_run():
    with pytest.raises(ValueError, match=r"metrics\['test_accuracy'\] must be a finite number"):
        run(0, math.nan)


def test_values_and_bands_come_from_metrics_or_from_a_point_of_a_curve(record):
    assert record.values("test_accuracy") == (0.98, 0.99, 1.0)
    assert record.values("loss", epoch=2) == (0.2, 0.1, 0.3)
    assert record.band("loss", epoch=2) == Band.over([0.2, 0.1, 0.3], metric="loss")


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


def test_a_record_is_written_under_its_own_name_alone(record, tmp_path):
    with pytest.raises(ValueError, match=r"name is tiny, so the file must be tiny\.json"):
        records.write(record, tmp_path / "other.json")
    assert list(tmp_path.iterdir()) == []


def test_numpy_s_numbers_are_kept_as_python_s():
    metrics = {"test_accuracy": np.float32(0.5), "epochs": np.int64(3)}
    made = Run(np.int64(1), metrics, {"loss": [np.float64(0.5)]}, np.float64(1.5), ABACUS)

    assert made == Run(1, {"test_accuracy": 0.5, "epochs": 3}, {"loss": (0.5,)}, 1.5, ABACUS)
    kept = (made.seed, *made.metrics.values(), *made.curves["loss"], made.seconds)
    assert [type(value) for value in kept] == [int, float, int, float, float]


def test_what_was_measured_cannot_be_changed(record):
    with pytest.raises(TypeError, match="cannot be changed"):
        record.runs[0].metrics["test_accuracy"] = 1.0


def test_a_record_of_several_machines_shows_them(record):
    loom = Machine("GPU: loom", threads=1, versions={})
    mixed = replace(record, runs=(*record.runs[:2], replace(record.runs[2], machine=loom)))

    assert mixed.machines == (ABACUS, loom)
    assert str(mixed).startswith(
        "tiny: 3 runs of 2 epochs on mnist, by 2 machines "
        "(CPU: abacus, 2 threads; GPU: loom, 1 thread)\n"
    )
    assert list(mixed.table()["device"]) == ["CPU: abacus", "CPU: abacus", "GPU: loom"]
    assert "device" not in record.table()


def test_a_record_without_runs_says_so(record):
    assert str(replace(record, runs=())) == (
        "tiny: 0 runs of 0 epochs on mnist, too few for a band (at least 3)"
    )


def test_the_machine_is_described_for_the_record():
    machine = Machine.here()

    assert machine.device.startswith(("CPU: ", "GPU: "))
    assert machine.threads >= 1
    assert {"python", "coursecnn", "keras", "numpy", keras.backend.backend()} == set(
        machine.versions
    )


@pytest.mark.parametrize("name", ["numpy", "pandas", "scipy", "keras"])
def test_reading_the_records_waits_for_little(name):
    """NumPy alone: the others take longer than all the rest."""
    code = "import sys, coursecnn.evidence.records as r; r.read('mnist'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert (name in done.stdout.split()) == (name == "numpy")


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
