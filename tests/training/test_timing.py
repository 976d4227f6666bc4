"""How long networks take: forward, and in training."""

import statistics

import pytest

from coursecnn import architectures, backend, datasets
from coursecnn.backend import keras, without_weights
from coursecnn.evidence import records
from coursecnn.evidence.records import Data, Machine, Record, Run
from coursecnn.training import timing
from coursecnn.training.recipes import RECIPES

CLOCK = timing.EpochClock


def test_the_networks_are_those_with_a_thousand_classes():
    with without_weights():
        shapes = {architectures.build(name).output_shape for name in timing.FEW}
    assert shapes == {(None, 1000)}
    assert "googlenet_aux" not in timing.NETWORKS
    assert "resnet110" not in timing.NETWORKS


@pytest.mark.parametrize(
    ("full", "networks"), [("", timing.FEW), ("0", timing.FEW), ("1", timing.NETWORKS)]
)
def test_all_networks_are_measured_again_only_where_that_is_wanted(full, networks, monkeypatch):
    monkeypatch.setenv("COURSECNN_FULL", full)
    assert timing.affordable() == networks


def test_a_network_with_more_work_takes_longer():
    run = timing.measure(["lenet5", "cifar10_lab"], seed=3, calls=8, progress=False)
    assert run.seed == 3
    assert 0 < run.metrics["lenet5"] < run.metrics["cifar10_lab"] < run.seconds


def test_timing_leaves_the_session_of_the_caller_as_it_was():
    """Keras numbers layers through; a cleared session would begin anew, and draw anew."""
    keras.utils.set_random_seed(0)
    before = keras.layers.Activation("relu").name
    timing.forward_seconds("lenet5", calls=1)
    assert keras.layers.Activation("relu").name not in ("activation", before)


def test_the_record_has_every_network_and_enough_rounds_for_a_band():
    record = records.read("forward_time")
    assert all(set(run.metrics) == set(timing.NETWORKS) for run in record.runs)
    assert len(record.runs) >= records.FEWEST_RUNS


def test_the_clock_notes_each_epoch():
    times = iter([10.0, 13.0, 20.0, 21.5])
    clock = timing.EpochClock(lambda: next(times))

    for epoch in range(2):
        clock.on_epoch_begin(epoch)
        clock.on_epoch_end(epoch)

    assert clock.seconds == [3.0, 1.5]


def test_the_clock_stands_still_during_the_evaluation():
    times = iter([10.0, 13.0, 20.0, 21.0])
    clock = timing.EpochClock(lambda: next(times))

    clock.on_epoch_begin(0)
    clock.on_test_begin()
    clock.on_epoch_end(0)
    clock.on_epoch_begin(1)
    clock.on_epoch_end(1)

    assert clock.seconds == [3.0, 1.0]


def test_a_step_is_timed_on_as_many_images_as_it_takes(monkeypatch):
    passes = []

    def fit(recipe, dataset, callbacks, **_options):
        passes.append((recipe.epochs, len(dataset.x_train), len(dataset.y_train)))
        callbacks[0].seconds = [99.0, 8.0]  # with compilation, and without

    monkeypatch.setattr(timing, "fit", fit)

    seconds = timing.step_seconds(RECIPES["fast"], datasets.stand_in("cifar10"), steps=16)

    assert seconds == 0.5
    assert passes == [(3, 16 * 128, 16 * 128)]


@pytest.mark.parametrize(
    ("device", "wanted", "epochs"),
    [
        ("CPU: slow", "", 1),
        ("CPU: slow", "0", 1),
        ("CPU: slow", "1", 5),
        ("GPU: fast", "0", 5),
    ],
)
def test_a_gpu_or_the_reader_decides_for_the_whole_recipe(monkeypatch, device, wanted, epochs):
    monkeypatch.setattr(backend, "device", lambda: device)
    monkeypatch.setenv("COURSECNN_FULL", wanted)
    assert timing.affordable_epochs(RECIPES["mnist"]) == epochs


def test_without_a_wish_a_processor_measures_the_first_epoch(monkeypatch):
    monkeypatch.setattr(backend, "device", lambda: "CPU: slow")
    monkeypatch.delenv("COURSECNN_FULL", raising=False)
    assert timing.affordable_epochs(RECIPES["mnist"]) == 1


LOOM = Machine("GPU: loom", 1, {})


def recorded(folder, name, *machines):
    """A record with a run of a minute on each of these machines."""
    runs = tuple(
        Run(seed, {}, {"loss": (0.2,)}, 60.0 + 60 * seed, machine)
        for seed, machine in enumerate(machines)
    )
    data = Data("mnist", sha256="ab" * 32, official=True)
    record = Record(name, {"name": name}, data, "2026-11-01", runs)
    records.write(record, folder / f"{name}.json")


def never():
    pytest.fail("timed without need")


def test_the_cost_on_this_machine_is_that_of_its_own_runs(tmp_path):
    here = Machine.here()
    recorded(tmp_path, "mnist", LOOM, here)

    assert timing.cost(RECIPES["mnist"], tmp_path, never) == (
        "mnist: mnist_tutorial on mnist, 5 epochs; 1 runs recorded, 120 s each on "
        f"a machine like this one ({here})"
    )


@pytest.mark.parametrize("name", ["epoch_time", "best_time", "float32_time"])
def test_the_cost_here_of_another_machine_s_runs_is_estimated_from_the_lab(name, tmp_path):
    times = records.read(name)
    epoch = statistics.median(times.values("lab"))
    there = Machine(times.machines[0].device, 7, {})
    recorded(tmp_path, "mnist", LOOM, there)

    line = timing.cost(RECIPES["mnist"], tmp_path, lambda: 3 * epoch)  # three times as slow

    assert line.endswith(f"120 s each on another machine ({there}), about 360 s here")


def test_the_cost_is_a_bound_where_bfloat16_is_missing(tmp_path, monkeypatch):
    times = records.read("epoch_time")
    epoch = statistics.median(times.values("lab"))
    monkeypatch.setattr(backend, "has_bfloat16", lambda: False)
    for name in ("lab", "fast"):
        recorded(tmp_path, name, Machine(times.machines[0].device, 7, {}))

    lab, fast = (timing.cost(RECIPES[name], tmp_path, lambda: epoch) for name in ("lab", "fast"))

    assert lab.endswith("about 60 s here")
    assert fast.endswith("more than 60 s here, without bfloat16")


def test_nothing_is_estimated_from_a_machine_that_was_not_timed(tmp_path):
    recorded(tmp_path, "mnist", LOOM)

    line = timing.cost(RECIPES["mnist"], tmp_path, never)

    assert line.endswith("60 s each on another machine (GPU: loom, 1 thread)")


def test_an_epoch_of_the_lab_is_as_many_steps_as_the_recorded_ones_had(monkeypatch):
    monkeypatch.setattr(timing, "step_seconds", lambda *_: 2.0)

    assert timing.lab_epoch_seconds() == 2 * 1563
