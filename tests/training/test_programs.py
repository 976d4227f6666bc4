"""The programs of the README and of the reference's page on training, as they stand there."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from coursecnn import datasets, training
from coursecnn.training.recipes import RECIPES

README = Path(__file__).parents[2] / "README.md"


def blocks():
    """The Python programs of the README."""
    return re.findall(
        r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )


def programs():
    """Those that train."""
    return [block for block in blocks() if "training.fit" in block]


def test_the_program_that_counts_runs_as_it_stands(capsys):
    (program,) = (block for block in blocks() if block not in programs())
    exec(program, {})
    macs, *field = capsys.readouterr().out.splitlines()
    assert int(macs) == 300_774_272  # Sandler et al. 2018, table 4: 300 million
    assert field[0].startswith("receptive field of block_6_expand")


def test_there_are_three_programs():
    assert len(programs()) == 3


@pytest.mark.parametrize("program", programs(), ids=["recipe", "own network", "own recipe"])
def test_a_program_runs_as_it_stands_and_keeps_its_model(program, monkeypatch, tmp_path):
    """On few images of the stand-in."""
    monkeypatch.chdir(tmp_path)
    for name in ("mnist", "cifar10"):
        data = datasets.stand_in(name)
        few = replace(
            data,
            x_train=data.x_train[:200],
            y_train=data.y_train[:200],
            x_eval=data.x_eval[:50],
            y_eval=data.y_eval[:50],
        )
        monkeypatch.setattr(datasets, name, lambda few=few: few)
    for name, recipe in RECIPES.items():
        monkeypatch.setitem(RECIPES, name, replace(recipe, epochs=min(recipe.epochs, 2)))
    monkeypatch.setattr(training, "fit", _quiet(training.fit))

    found = {}
    exec(program, found)

    assert found["run"].metrics
    assert found["network"].built
    assert list(tmp_path.glob("*.keras"))


def _quiet(fit):
    return lambda *args, **options: fit(*args, **options | {"progress": False})
