"""Records of several seeds: resumed, never mixed, never raised from the dead."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coursecnn import training
from coursecnn.backend import keras
from coursecnn.evidence import records
from coursecnn.evidence.records import Machine
from coursecnn.training import reproduce
from tests.small_runs import NAMED, TINY, tiny_dataset, untimed


def measure(folder, seeds, recipe=NAMED, data=None, **options):
    return reproduce(recipe, data or tiny_dataset(), seeds, folder, progress=False, **options)


@pytest.fixture
def trained(monkeypatch):
    """How many epochs were trained since."""
    epochs, original = [], keras.Model.fit

    def counting(*args, **kwargs):
        epochs.append(kwargs["epochs"])
        return original(*args, **kwargs)

    monkeypatch.setattr(keras.Model, "fit", counting)
    return epochs


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_each_seed_is_recorded_and_nothing_else_is_left(tmp_path):
    record = measure(tmp_path / "results", (0, 1))

    assert record == records.read(tmp_path / "results" / "tiny.json")
    assert record.seeds == (0, 1)
    assert {run.machine for run in record.runs} == {Machine.here()}
    assert names(tmp_path / "results") == ["tiny.json"]
    alone = training.fit(NAMED, tiny_dataset(), seed=1, progress=False).run
    assert untimed(record.runs[1]) == untimed(alone)


def test_recorded_seeds_are_skipped_and_others_join(tmp_path, trained):
    measure(tmp_path, (1,))
    trained.clear()
    record = measure(tmp_path, (0, 1))

    assert record.seeds == (0, 1)
    assert len(trained) == NAMED.epochs


JUDGED = replace(NAMED, validation_split=0.25)


def test_a_network_that_was_judged_on_validation_images_is_measured_on_the_test_images_too(
    tmp_path,
):
    data = tiny_dataset()
    validating = replace(data, evaluated_on="validation")
    run = measure(tmp_path, (0,), JUDGED, validating, test=data).runs[0]

    trained = training.fit(JUDGED, validating, seed=0, progress=False)
    tested = training.evaluate(JUDGED, trained.network, data)
    assert set(tested) == {"test_accuracy", "test_loss"}
    assert run.metrics == {**trained.run.metrics, **tested}


def test_runs_that_were_measured_on_other_images_are_not_mixed(tmp_path, trained):
    data = tiny_dataset()
    validating = replace(data, evaluated_on="validation")
    measure(tmp_path, (0,), JUDGED, validating)
    trained.clear()

    with pytest.raises(ValueError, match=r"on \['validation'\] images and cannot take runs"):
        measure(tmp_path, (1,), JUDGED, validating, test=data)
    with pytest.raises(ValueError, match="test must have test images to evaluate on"):
        measure(tmp_path, (1,), JUDGED, validating, test=validating)
    assert trained == []


@pytest.mark.usefixtures("trained")
def test_a_run_of_another_machine_joins_and_the_record_shows_it(tmp_path):
    record = measure(tmp_path, (0,))
    loom = Machine("GPU: loom", 1, {"python": "3.11"})
    moved = replace(record, runs=(replace(record.runs[0], machine=loom),))
    records.write(moved, tmp_path / "tiny.json")

    grown = measure(tmp_path, (0, 1, 2))

    assert grown.machines == (loom, Machine.here())
    assert f"by 2 machines (GPU: loom, 1 thread; {Machine.here()})" in str(grown)
    assert list(grown.table()["device"]) == ["GPU: loom", *[Machine.here().device] * 2]


def test_a_record_older_than_a_field_of_the_recipe_takes_further_runs(tmp_path):
    record = measure(tmp_path, (0,))
    older = {name: value for name, value in record.recipe.items() if name != "schedule"}
    records.write(replace(record, recipe=older), tmp_path / "tiny.json")

    assert measure(tmp_path, (0, 1)).seeds == (0, 1)
    with pytest.raises(ValueError, match="measured with another recipe"):
        measure(tmp_path, (2,), replace(NAMED, schedule="linear"))


def test_a_record_of_a_newer_recipe_is_refused_by_the_field_that_is_unknown(tmp_path):
    record = measure(tmp_path, (0,))
    newer = {**record.recipe, "mixup": 0.2}
    records.write(replace(record, recipe=newer), tmp_path / "tiny.json")

    with pytest.raises(ValueError, match=r"tiny\.json: recipe: unknown field mixup; a newer"):
        measure(tmp_path, (1,))


@pytest.mark.parametrize("part", ["recipe", "data"])
def test_runs_that_differ_in_more_than_seed_and_machine_are_not_mixed(tmp_path, trained, part):
    recipe, data = NAMED, tiny_dataset()
    measure(tmp_path, (0,))
    trained.clear()
    if part == "recipe":
        recipe = replace(NAMED, epochs=9)
    else:
        data = replace(data, provenance=replace(data.provenance, sha256="cd" * 32))

    with pytest.raises(ValueError, match=rf"tiny\.json was measured with another {part}"):
        measure(tmp_path, (1,), recipe, data)
    assert trained == []


@pytest.mark.parametrize(
    ("recipe", "official", "message"),
    [
        (NAMED, False, "records are made on the official mnist only"),
        (TINY, True, "recipe tiny has no architecture, which a record must name"),
    ],
)
def test_what_nobody_could_repeat_is_never_recorded(tmp_path, trained, recipe, official, message):
    with pytest.raises(ValueError, match=message):
        measure(tmp_path, (0,), recipe, tiny_dataset(official))
    assert trained == []


@pytest.mark.parametrize("folder", ["file", "file/results"])
def test_a_folder_that_takes_no_files_is_refused_before_anything_is_trained(
    tmp_path, trained, folder
):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"results cannot be written .* with --results"):
        measure(tmp_path / folder, (0,))
    assert trained == []


class KilledError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("owner", ["write", "unlink"])
def test_a_deleted_record_is_measured_anew_wherever_the_process_was_killed(
    tmp_path, monkeypatch, trained, owner
):
    """Killed before the record is written, or after it and before the checkpoint is removed."""

    def killed(*_, **__):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(*((records, "write") if owner == "write" else (Path, "unlink")), killed)
        with pytest.raises(KilledError):
            measure(tmp_path, (0,))
    for file in tmp_path.glob("*.json"):
        file.unlink()
    trained.clear()

    measure(tmp_path, (0,))

    assert len(trained) >= 1, "the last epoch at least: no checkpoint is that of a finished run"
    assert names(tmp_path) == ["tiny.json"]


def test_the_checkpoint_of_a_recorded_seed_is_removed(tmp_path, trained):
    measure(tmp_path, (0,))
    (tmp_path / "tiny-seed0.checkpoint.npz").write_bytes(b"left by a kill")
    trained.clear()

    measure(tmp_path, (0,))

    assert (trained, names(tmp_path)) == ([], ["tiny.json"])


KILLED = """
import os, signal, sys
from pathlib import Path
from coursecnn.training import reproduce
from tests.small_runs import NAMED, tiny_dataset
original, calls = os.fsync, []
def killing(handle):
    calls.append(None)
    if len(calls) == int(sys.argv[1]):
        os.kill(os.getpid(), signal.SIGKILL)
    original(handle)
os.fsync = killing
reproduce(NAMED, tiny_dataset(), (0,), Path(sys.argv[2]), progress=False)
"""


def test_what_killed_writers_leave_is_swept_by_the_next_one(tmp_path):
    """Two epochs write a checkpoint, then the record is written; each write is killed once."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    for write in ("1", "2"):
        killed = subprocess.run([sys.executable, "-c", KILLED, write, tmp_path], env=environment)
        assert killed.returncode == -signal.SIGKILL
    assert any(name.endswith(".part") for name in names(tmp_path))

    record = measure(tmp_path, (0,))

    assert names(tmp_path) == ["tiny.json"]
    alone = training.fit(NAMED, tiny_dataset(), seed=0, progress=False).run
    assert untimed(record.runs[0]) == untimed(alone)


@pytest.fixture
def kept(tmp_path):
    """A folder with a record and the weights of its run."""
    measure(tmp_path, (3,), keep_weights=True)
    return tmp_path


def test_weights_that_were_kept_give_the_answers_of_the_trained_network(kept):
    data, (run,) = tiny_dataset(), records.read(kept / "tiny.json").runs

    network = training.load_trained(NAMED, seed=3, folder=kept)

    answers = keras.ops.convert_to_numpy(network(data.x_eval / np.float32(255))).argmax(axis=1)
    assert (answers == data.y_eval).mean() == pytest.approx(run.metrics["test_accuracy"])
    assert names(kept) == ["tiny-seed3.weights.h5", "tiny.json"]


def test_weights_that_were_not_kept_are_named_with_those_that_were(kept):
    message = r"kept of tiny, seed 0: no tiny-seed0.weights.h5; there are \['tiny-seed3"
    with pytest.raises(FileNotFoundError, match=message):
        training.load_trained(NAMED, folder=kept)


@pytest.mark.parametrize(
    "damage",
    [lambda _: b"", lambda content: content[:500], lambda content: content[:-1] + b"?"],
    ids=["empty", "cut", "a byte"],
)
def test_weights_that_are_not_those_of_the_run_are_refused_before_they_are_opened(kept, damage):
    path = kept / "tiny-seed3.weights.h5"
    path.write_bytes(damage(path.read_bytes()))

    with pytest.raises(ValueError, match=r"weights\.h5 does not hold the weights of the run"):
        training.load_trained(NAMED, seed=3, folder=kept)


@pytest.mark.parametrize(
    "path", sorted(records.SHIPPED.glob("*.weights.h5")), ids=lambda path: path.name
)
def test_all_shipped_weights_are_those_of_a_recorded_run(path):
    from coursecnn.training.recipes import RECIPES

    name, _, seed = path.name.removesuffix(".weights.h5").partition("-seed")

    assert training.load_trained(RECIPES[name], int(seed)).built
