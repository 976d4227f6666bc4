"""The benchmark that counts every architecture, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import counting
from coursecnn import architectures
from coursecnn.evidence import records

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.long
@pytest.mark.whole
def test_the_whole_collection_is_counted_in_less_than_a_gigabyte():
    command = [sys.executable, "-m", "benchmarks.counting", "architectures"]
    result = subprocess.run(command, capture_output=True, check=True, text=True, cwd=ROOT)
    found = json.loads(result.stdout)
    counted = {name: row["parameters"] for name, row in found["rows"].items()}
    assert counted == architectures.table()["parameters"].to_dict()
    assert found["peak"] < 1e9


def test_the_record_says_that_layer_tables_take_no_time_and_no_weights():
    """Times are not measured here; what `benchmarks.counting_time` measured is read."""
    record = records.read("counting_time")
    assert len(record.runs) >= records.FEWEST_RUNS
    for run in record.runs:
        assert run.metrics["applications"] >= 38
        assert run.metrics["applications_slowest"] < 2
        assert run.metrics["applications_seconds"] < 60
        assert run.metrics["applications_megabytes"] < 500
        ways = {name: value for name, value in run.metrics.items() if name.endswith("_seconds")}
        del ways["applications_seconds"]
        assert min(ways, key=ways.__getitem__) == "tables_seconds"
        assert len(ways) == 4


def test_a_profiler_and_a_table_find_the_same():
    name = "squeezenet1_1"
    ours, theirs = counting.counted(name), counting.profiled(name)
    assert ours["totals"]["macs"] == theirs["macs"]
    assert ours["parameters"] == theirs["parameters"]
