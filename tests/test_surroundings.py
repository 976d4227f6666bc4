"""The package in surroundings that are not those of its authors."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coursecnn.datasets import registry
from coursecnn.evidence import ledger, records
from tests.small_datasets import small_mnist, write

ROOT = Path(__file__).parents[1]


def said(program, *flags, cwd=ROOT, **environment):
    """What a program prints; it must end well."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run(
        [sys.executable, *flags, "-c", program],
        cwd=cwd,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


LOADS = """
from coursecnn.datasets import store
from tests.small_datasets import small_mnist
print(store.load(small_mnist()[0]).provenance.source)
"""


def test_data_is_found_whatever_folders_are_called_and_wherever_one_stands(tmp_path):
    """Without assertions, warnings as errors, in a folder that takes no files, in ASCII."""
    folder = write(tmp_path / "Größe 1 – 図", {"mnist.npz": small_mnist()[1]})
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    assert said(
        LOADS,
        *("-O", "-W", "error"),
        cwd="/proc",
        HOME="/nonexistent",
        COURSECNN_OFFLINE="1",
        COURSECNN_DATA=str(folder),
        **ascii_only,
    ) == ("COURSECNN_DATA\n")


def test_an_empty_variable_is_none(tmp_path):
    folder = write(tmp_path / "coursecnn", {"mnist.npz": small_mnist()[1]})
    cache = {"XDG_CACHE_HOME": str(folder.parent), "COURSECNN_DATA": "", "COURSECNN_OFFLINE": "1"}
    assert said(LOADS, **cache) == "the package's cache\n"


def test_arithmetic_and_ledger_need_nothing_but_python():
    program = "import coursecnn.geometry; from coursecnn.evidence import ledger; "
    program += 'print(ledger.compare("mnist.parameters_all", 93_322).verdict)'
    assert said(program, "-S", PYTHONSAFEPATH="1") == "exact\n"


@pytest.mark.parametrize(
    ("path", "read"),
    [
        (registry.REGISTRY, registry.read),
        (ledger.SHIPPED, ledger.read),
        (records.SHIPPED / "mnist.json", records.read),
    ],
    ids=["registry", "ledger", "record"],
)
def test_line_ends_of_windows_change_nothing(tmp_path, path, read):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert read(copy) == read(path)
