"""How long networks take, forward."""

import pytest

from coursecnn import architectures, records, timing
from coursecnn.backend import without_weights


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
