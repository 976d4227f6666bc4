"""How long networks take: forward, and in training."""

import pytest

from coursecnn import architectures, datasets
from coursecnn.backend import without_weights
from coursecnn.evidence import records
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
    run = timing.measure(["lenet5", "cifar10_lab"], seed=3, calls=2, progress=False)
    assert run.seed == 3
    assert 0 < run.metrics["lenet5"] < run.metrics["cifar10_lab"] < run.seconds


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


def test_the_first_epoch_of_an_image_in_training_does_not_count(monkeypatch):
    ticks = iter([0.0, 99.0, 100.0, 100.64, 200.0, 200.32])
    monkeypatch.setattr(timing, "EpochClock", lambda _: CLOCK(lambda: next(ticks)))

    assert timing.training_seconds("mnist_tutorial", epochs=3) == 0.32 / timing.TRAINED_ON


def test_an_image_in_training_takes_longer_where_there_is_more_to_do():
    small, large = map(timing.training_seconds, ("mnist_tutorial", "cifar10_lab"))
    assert 0 < small < large


def test_one_epoch_leaves_nothing_to_time():
    with pytest.raises(ValueError, match=r"epochs must be 2 or more, .* got 1"):
        timing.training_seconds("mnist_tutorial", epochs=1)


def test_a_step_is_timed_on_as_many_images_as_it_takes(monkeypatch):
    passes = []

    def fit(recipe, dataset, callbacks, **_options):
        passes.append((recipe.epochs, len(dataset.x_train), len(dataset.y_train)))
        callbacks[0].seconds = [99.0, 8.0]  # with compilation, and without

    monkeypatch.setattr(timing.training, "fit", fit)

    seconds = timing.step_seconds(RECIPES["fast"], datasets.stand_in("cifar10"), steps=16)

    assert seconds == 0.5
    assert passes == [(3, 16 * 128, 16 * 128)]
