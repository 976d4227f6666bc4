"""Training by recipe: repeatable, resumable, and honest about what it ran on."""

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
from coursecnn.training import DivergedError, fit, reproduce
from coursecnn.training.recipes import ABLATIONS, RECIPES, Recipe
from tests.small_runs import TINY, build_tiny, tiny_dataset, untimed


@pytest.fixture(autouse=True)
def _tiny_networks(monkeypatch):
    monkeypatch.setattr(training.fitting.architectures, "build", build_tiny)


@pytest.fixture(scope="module")
def uninterrupted():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.fitting.architectures, "build", build_tiny)
        return fit(TINY, tiny_dataset(), seed=3, progress=False)


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

    again = fit(TINY, tiny_dataset(), seed=3, progress=False)

    assert untimed(again) == untimed(uninterrupted)


def test_a_run_of_fewer_epochs_does_not_touch_the_test_images(uninterrupted, monkeypatch, capsys):
    monkeypatch.setattr(keras.Model, "evaluate", lambda *_, **__: pytest.fail("evaluated"))

    short = fit(TINY, tiny_dataset(), seed=4, epochs=1)

    assert (short.epochs, short.metrics) == (1, {})
    assert short.curves["loss"][0] != uninterrupted.curves["loss"][0], "another seed"
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "tiny, seed 4: 100%" in shown.err
    assert "accuracy 0." in shown.err


def test_a_watched_run_is_judged_after_each_epoch(uninterrupted):
    watched = fit(replace(TINY, evaluate_every_epoch=True), tiny_dataset(), seed=3, progress=False)

    assert watched.metrics == uninterrupted.metrics
    assert watched.curves["loss"] == uninterrupted.curves["loss"]
    assert len(watched.curves["test_loss"]) == TINY.epochs
    assert watched.curves["test_accuracy"][-1] == watched.metrics["test_accuracy"]


def test_a_watched_run_stops_at_the_first_epoch_that_reaches_an_accuracy():
    recipe, data = replace(TINY, evaluate_every_epoch=True), tiny_dataset()
    whole = fit(recipe, data, seed=3, progress=False)
    curve = whole.curves["test_accuracy"]

    stopped = fit(recipe, data, seed=3, target_accuracy=curve[0], progress=False)
    never = fit(recipe, data, seed=3, target_accuracy=1.1, progress=False)

    assert (stopped.curves["test_accuracy"], stopped.metrics) == (curve[:1], {})
    assert untimed(never) == untimed(whole)


def test_a_run_that_is_not_watched_cannot_stop_at_an_accuracy():
    with pytest.raises(ValueError, match=r"recipe tiny does not evaluate every epoch, .* got 0\.5"):
        fit(TINY, tiny_dataset(), target_accuracy=0.5, progress=False)


def test_a_linear_schedule_falls_from_the_learning_rate_to_nothing():
    falling = replace(TINY, schedule="linear", learning_rate=0.12)  # 30 images make 4 steps

    rate = training.fitting._compiled(falling, tiny_dataset()).optimizer._learning_rate

    rates = [float(rate(step)) for step in range(13)]
    np.testing.assert_allclose(rates, np.linspace(0.12, 0, 13), atol=1e-8)


def test_a_falling_learning_rate_survives_a_stop(tmp_path):
    falling, checkpoint = replace(TINY, schedule="linear"), tmp_path / "run.npz"
    whole = fit(falling, tiny_dataset(), progress=False)

    fit(falling, tiny_dataset(), epochs=1, checkpoint=checkpoint, progress=False)

    resumed = fit(falling, tiny_dataset(), checkpoint=checkpoint, progress=False)
    assert untimed(resumed) == untimed(whole)


def test_values_are_the_shortest_decimals_of_what_keras_computed():
    assert training.fitting._shortest(float(np.float32(0.9904))) == 0.9904


class StoppedError(Exception):
    """Stands for a kill, so that many moments can be tried in one process."""


def stop_at(monkeypatch, owner, name, call):
    """Let the given call of `owner.name` raise, as if the process ended there."""
    original, calls = getattr(owner, name), []

    def stopping(*args, **kwargs):
        calls.append(None)
        if len(calls) == call:
            raise StoppedError
        return original(*args, **kwargs)

    monkeypatch.setattr(owner, name, stopping)


@pytest.mark.parametrize(
    ("owner", "name", "call", "kept"),
    [
        (training.fitting._Watch, "on_train_batch_end", 4, 0),
        (Path, "replace", 2, 1),
        (keras.Model, "evaluate", 1, 3),
    ],
    ids=["in the first epoch", "before a checkpoint is in place", "before the test"],
)
def test_a_resumed_run_equals_an_uninterrupted_one(
    uninterrupted, monkeypatch, tmp_path, owner, name, call, kept
):
    checkpoint = tmp_path / "run.npz"
    with monkeypatch.context() as patch:
        stop_at(patch, owner, name, call)
        with pytest.raises(StoppedError):
            fit(TINY, tiny_dataset(), seed=3, checkpoint=checkpoint, progress=False)
    trained = []
    original = training.fitting._State.train
    monkeypatch.setattr(
        training.fitting._State,
        "train",
        lambda self, *args: trained.append(1) or original(self, *args),
    )

    resumed = fit(TINY, tiny_dataset(), seed=3, checkpoint=checkpoint, progress=False)

    assert untimed(resumed) == untimed(uninterrupted)
    assert len(trained) == TINY.epochs - kept


@pytest.mark.parametrize("steps", [4, 5, 7])
def test_a_run_that_is_stopped_again_and_again_loses_nothing(
    uninterrupted, monkeypatch, tmp_path, steps
):
    """Each attempt ends after so many of its steps; an epoch has four, so each one saves one."""
    checkpoint, attempts = tmp_path / "run.npz", 0
    while True:
        with monkeypatch.context() as patch:
            stop_at(patch, training.fitting._Watch, "on_train_batch_end", steps + 1)
            attempts += 1
            try:
                run = fit(TINY, tiny_dataset(), seed=3, checkpoint=checkpoint, progress=False)
            except StoppedError:
                continue
            break

    assert untimed(run) == untimed(uninterrupted)
    assert attempts == TINY.epochs


KILLED = """
import os, signal, sys
from coursecnn import training
from coursecnn.training import fit
from tests.small_runs import TINY, build_tiny, tiny_dataset
training.fitting.architectures.build = build_tiny
moments = {"step": (training.fitting._Watch, "on_train_batch_end"), "write": (os, "fsync")}
owner, name = moments[sys.argv[1]]
original, calls = getattr(owner, name), []
def killing(*args, **kwargs):
    calls.append(None)
    if len(calls) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGKILL)
    return original(*args, **kwargs)
setattr(owner, name, killing)
fit(TINY, tiny_dataset(), seed=3, checkpoint=sys.argv[3], progress=False)
"""


def test_a_killed_process_loses_nothing_but_the_epoch_it_was_in(uninterrupted, tmp_path):
    """Killed for good, inside an epoch and inside a write, and resumed in another process."""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    moments = {"step": "10", "write": "2"}
    killed = {
        moment: subprocess.Popen(
            [sys.executable, "-c", KILLED, moment, call, tmp_path / f"{moment}.npz"],
            env=environment,
        )
        for moment, call in moments.items()
    }

    for moment, process in killed.items():
        assert process.wait() == -signal.SIGKILL
        resumed = fit(
            TINY, tiny_dataset(), seed=3, checkpoint=tmp_path / f"{moment}.npz", progress=False
        )
        assert untimed(resumed) == untimed(uninterrupted)


@pytest.fixture
def checkpoint(tmp_path):
    """The checkpoint of a run of seed 3 that has not begun."""
    path = tmp_path / "run.npz"
    training.fitting._begin(TINY, tiny_dataset(), seed=3).save(path)
    return path


@pytest.mark.parametrize(
    ("recipe", "official", "seed"),
    [(TINY, True, 4), (TINY, False, 3), (replace(TINY, learning_rate=0.5), True, 3)],
    ids=["seed", "images", "recipe"],
)
def test_a_checkpoint_of_another_run_is_refused(checkpoint, recipe, official, seed):
    with pytest.raises(ValueError, match=r"run\.npz belongs to another run"):
        fit(recipe, tiny_dataset(official), seed, checkpoint=checkpoint, progress=False)


@pytest.mark.parametrize(
    "damage",
    [lambda content: content[:-100], lambda _: b"", lambda _: b"{}"],
    ids=["cut", "empty", "another file"],
)
def test_a_damaged_checkpoint_is_refused(checkpoint, damage):
    checkpoint.write_bytes(damage(checkpoint.read_bytes()))

    with pytest.raises(ValueError, match=r"run\.npz is damaged .*delete it"):
        fit(TINY, tiny_dataset(), seed=3, checkpoint=checkpoint, progress=False)


def test_a_diverging_run_says_when_and_at_which_learning_rate():
    wild = replace(TINY, optimizer="sgd", learning_rate=1e30)

    with pytest.raises(
        DivergedError, match=r"loss of tiny became \w+ in epoch 1 at .* rate 1e\+30"
    ):
        fit(wild, tiny_dataset(), progress=False)


@pytest.mark.parametrize("epochs", [0, 4, -1])
def test_more_epochs_than_the_recipe_has_are_refused(epochs):
    with pytest.raises(ValueError, match=f"epochs must be from 1 to the recipe's 3, got {epochs}"):
        fit(TINY, tiny_dataset(), epochs=epochs)


@pytest.mark.parametrize("seed", [-1, 2**32, 0.5, True])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(ValueError, match=f"seed must be an int from 0 to 4294967295, got {seed}"):
        fit(TINY, tiny_dataset(), seed=seed)


def test_weights_that_were_kept_give_the_answers_of_the_trained_network(uninterrupted, tmp_path):
    data = tiny_dataset()
    reproduce(TINY, data, (3,), tmp_path, progress=False, keep_weights=True)

    network = training.load_trained(TINY, seed=3, folder=tmp_path)

    answers = keras.ops.convert_to_numpy(network(data.x_test / np.float32(255))).argmax(axis=1)
    assert (answers == data.y_test).mean() == pytest.approx(uninterrupted.metrics["test_accuracy"])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "tiny-seed3.weights.h5",
        "tiny.json",
    ]


def test_weights_that_were_not_kept_are_named_with_those_that_were(tmp_path):
    (tmp_path / "tiny-seed3.weights.h5").touch()

    with pytest.raises(FileNotFoundError, match=r"kept of tiny, seed 0; there are \['tiny-seed3"):
        training.load_trained(TINY, folder=tmp_path)


def test_weights_in_a_file_of_another_kind_are_refused_before_anything_is_trained():
    with pytest.raises(ValueError, match=r"weights must .* ends in \.weights\.h5, got 'tiny\.npz'"):
        fit(TINY, tiny_dataset(), weights="tiny.npz")


def test_another_dataset_than_the_recipe_names_is_refused():
    with pytest.raises(ValueError, match="recipe tiny trains on mnist, got cifar10"):
        fit(TINY, replace(tiny_dataset(), name="cifar10"))


@pytest.fixture
def fitted(monkeypatch):
    """Replace `fit`, which has its tests above, by one that only says which seeds it ran."""
    seeds = []

    def quick(_recipe, _dataset, seed, epochs, checkpoint, weights, progress):
        assert (epochs, weights, progress) == (None, None, True)
        checkpoint.parent.mkdir(exist_ok=True)
        checkpoint.write_bytes(b"the last epoch")
        seeds.append(seed)
        return records.Run(seed, {"test_accuracy": 0.9 + seed / 100}, {"loss": (0.5,)}, 1.0)

    monkeypatch.setattr(training, "fit", quick)
    return seeds


def test_each_finished_seed_is_recorded_and_its_checkpoint_removed(fitted, tmp_path):
    record = reproduce(TINY, tiny_dataset(), (0, 1, 2), tmp_path / "results")

    assert fitted == [0, 1, 2]
    assert record == records.read(tmp_path / "results" / "tiny.json")
    assert record.band("test_accuracy").mean == pytest.approx(0.91)
    assert [path.name for path in (tmp_path / "results").iterdir()] == ["tiny.json"]


def test_recorded_seeds_are_skipped_and_others_join(fitted, tmp_path):
    reproduce(TINY, tiny_dataset(), (1,), tmp_path)
    record = reproduce(TINY, tiny_dataset(), (0, 1, 2), tmp_path)

    assert fitted == [1, 0, 2]
    assert record.seeds == (0, 1, 2)


def test_a_recipe_with_a_tuple_among_its_options_is_recognised_in_its_record(fitted, tmp_path):
    shaped = replace(TINY, architecture_options={"input_shape": (6, 6, 1)})
    record = reproduce(shaped, tiny_dataset(), (0, 1), tmp_path)

    assert record.seeds == (0, 1)
    assert fitted == [0, 1]


def test_a_recipe_with_a_tuple_among_its_options_is_recognised_in_its_checkpoint(tmp_path):
    shaped = replace(TINY, architecture_options={"input_shape": (6, 6, 1)})
    for epochs in (1, 2):
        run = fit(
            shaped, tiny_dataset(), epochs=epochs, checkpoint=tmp_path / "c.npz", progress=False
        )
        assert run.epochs == epochs


@pytest.mark.usefixtures("fitted")
def test_a_record_older_than_a_field_of_the_recipe_takes_further_runs(tmp_path):
    record = reproduce(TINY, tiny_dataset(), (0,), tmp_path)
    older = {name: value for name, value in record.recipe.items() if name != "schedule"}
    records.write(replace(record, recipe=older), tmp_path / "tiny.json")

    assert reproduce(TINY, tiny_dataset(), (0, 1), tmp_path).seeds == (0, 1)
    with pytest.raises(ValueError, match="measured with another recipe"):
        reproduce(replace(TINY, schedule="linear"), tiny_dataset(), (2,), tmp_path)


def test_a_folder_that_takes_no_files_is_refused_before_anything_is_trained(fitted, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"results cannot be written .* with --results"):
        reproduce(TINY, tiny_dataset(), (0,), tmp_path / "file" / "results")
    assert fitted == []


def test_a_stopped_reproduction_keeps_the_finished_seeds(fitted, monkeypatch, tmp_path):
    stop_at(monkeypatch, training, "fit", 3)
    with pytest.raises(StoppedError):
        reproduce(TINY, tiny_dataset(), (0, 1, 2), tmp_path)

    assert records.read(tmp_path / "tiny.json").seeds == (0, 1)
    assert fitted == [0, 1]


def test_the_stand_in_is_never_recorded(fitted, tmp_path):
    with pytest.raises(ValueError, match="records are made on the official mnist only"):
        reproduce(TINY, tiny_dataset(official=False), (0,), tmp_path)
    assert fitted == []


@pytest.mark.parametrize("part", ["recipe", "data", "machine"])
def test_runs_that_differ_in_more_than_the_seed_are_not_mixed(fitted, monkeypatch, tmp_path, part):
    recipe, data = TINY, tiny_dataset()
    reproduce(recipe, data, (0,), tmp_path)
    if part == "recipe":
        recipe = replace(TINY, epochs=9)
    elif part == "data":
        data = replace(data, provenance=replace(data.provenance, sha256="cd" * 32))
    else:
        monkeypatch.setattr(training, "machine", lambda: records.Machine("GPU: loom", 1, {}))

    with pytest.raises(ValueError, match=rf"tiny\.json was measured with another {part}"):
        reproduce(recipe, data, (1,), tmp_path)
    assert fitted == [0]


def test_the_machine_is_described_for_the_record():
    machine = training.machine()

    assert machine.device.startswith(("CPU: ", "GPU: "))
    assert machine.threads >= 1
    assert {"python", "coursecnn", "keras", "numpy", keras.backend.backend()} == set(
        machine.versions
    )


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_is_filed_under_its_own_name(name):
    assert RECIPES[name].name == name


FEW = ("best", "ladder_", "lenet5", "lab", *ABLATIONS)  # whose runs take minutes


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_has_a_record_that_was_made_with_it(name):
    record = records.read(name)

    assert Recipe(**record.recipe) == RECIPES[name]
    assert record.data.official
    # Three of those: the fewest that give a spread worth printing.
    assert len(record.runs) >= (3 if name.startswith(FEW) else 5)


def test_no_record_is_shipped_that_nothing_can_repeat():
    shipped = {path.stem for path in records.SHIPPED.glob("*.json")}
    times = {"best_time", "epoch_time", "float32_time", "forward_time", "race_time", "scaling"}
    assert shipped - times == set(RECIPES)
    benchmarks = Path(__file__).parents[2] / "benchmarks"
    assert times <= {path.stem for path in benchmarks.glob("*.py")}
