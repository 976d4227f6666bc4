"""The benchmark that counts every architecture, in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from coursecnn import architectures

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.long
def test_the_whole_collection_is_counted_in_less_than_a_gigabyte():
    command = [sys.executable, "-m", "benchmarks.counting"]
    result = subprocess.run(command, capture_output=True, check=True, text=True, cwd=ROOT)
    found = json.loads(result.stdout)
    counted = {name: row["parameters"] for name, row in found["rows"].items()}
    assert counted == architectures.table()["parameters"].to_dict()
    assert found["peak"] < 1e9
