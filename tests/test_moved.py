"""Names of earlier releases: whoever uses one is told the new one."""

import importlib

import pytest

from coursecnn import training
from coursecnn._moved import MOVED
from coursecnn.training.recipes import RECIPES
from tests.small_runs import tiny_dataset

RENAMED = {
    "coursecnn.evidence.records.check": "coursecnn.evidence.records.compare",
    "coursecnn.models.diagrams.block": "coursecnn.models.diagrams.draw",
    "coursecnn.training.augmentation.cut_out": "coursecnn.training.augmentation.cutout",
    "coursecnn.training.augmentation.mirror": "coursecnn.training.augmentation.alternating_flip",
    "coursecnn.training.augmentation.shift": "coursecnn.training.augmentation.translate",
    "coursecnn.training.judged": "coursecnn.training.evaluate",
    "coursecnn.training.load": "coursecnn.training.load_data",
    "coursecnn.training.machine": "coursecnn.evidence.records.Machine.here",
    "coursecnn.training.recipes.COMPARISONS": "coursecnn.training.recipes.ABLATIONS",
    "coursecnn.training.trained": "coursecnn.training.load_trained",
}


def there_is(name):
    """Whether a dotted name leads to something."""
    module, _, rest = name.rpartition(".")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError:
        module, _, owner = module.rpartition(".")
        found = getattr(importlib.import_module(module), owner)
    return hasattr(found, rest)


@pytest.mark.parametrize(("old", "new"), MOVED.items())
def test_a_module_that_moved_is_named_with_its_new_place(old, new):
    with pytest.raises(ModuleNotFoundError, match=rf"{old} is {new} since coursecnn 0.2"):
        importlib.import_module(old)
    assert importlib.import_module(new)


@pytest.mark.parametrize(("old", "new"), RENAMED.items())
def test_a_name_that_was_changed_is_answered_with_the_new_one(old, new):
    module, _, name = old.rpartition(".")
    for use in (f"import {module} as m; m.{name}", f"from {module} import {name}"):
        with pytest.raises(ImportError, match=rf"^{old} is {new}.* since coursecnn 0.2"):
            exec(use)
    assert there_is(new)


def test_a_name_that_never_was_is_answered_as_python_does():
    with pytest.raises(AttributeError, match=r"'coursecnn\.training' has no attribute 'until'"):
        training.until  # noqa: B018


def test_the_old_name_of_an_option_of_fit_is_answered_with_the_new_one():
    message = "fit has no argument 'until': it is 'target_accuracy' since coursecnn 0.2"
    with pytest.raises(TypeError, match=message):
        training.fit(RECIPES["mnist"], tiny_dataset(), until=0.9)
