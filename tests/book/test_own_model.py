"""The page on models of one's own: its programs run, and print what they print there."""

import doctest
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from coursecnn.cli import app

PAGE = Path(__file__).parents[2] / "book/appendix/reference/own_model.rst"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where the programs write; without a network, on whatever images are here."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")
    return tmp_path


def commands():
    """The commands of the page, as the arguments of `coursecnn`."""
    lines = re.findall(r"^   \$ coursecnn (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    return [shlex.split(line) for line in lines]


@pytest.mark.slow
def test_the_programs_and_commands_of_the_page_run(folder):
    found = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert found.failed == 0
    assert found.attempted > 20
    assert (folder / "network.svg").read_text("utf-8").startswith("<?xml")
    for command in commands():
        result = CliRunner().invoke(app, command)
        assert result.exit_code == 0, result.output
    assert [command[0] for command in commands()] == ["count", "count", "draw"]
