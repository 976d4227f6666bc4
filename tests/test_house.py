"""The rooms of the package: which imports which, as its source says, without importing anything."""

import ast
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import coursecnn

PACKAGE = Path(__file__).parents[1] / "coursecnn"
# From the ground up: a room imports from the floors below its own, and never from beside or above.
FLOORS = (
    {"_files", "_keras_private", "_machine", "_moved", "_npz", "_values", "figures"},
    {"_toml", "backend"},
    {"_checks"},
    {"geometry"},
    {"convolution", "patterns", "datasets"},
    {"architectures"},
    {"models"},
    {"evidence"},
    {"training"},
    {"interactive"},
    {"exercises", "widgets"},
    {"cli"},
)


def imports(tree, module):
    """The modules of the package that a module imports, anywhere but for typing alone."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "coursecnn":
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("coursecnn."))
        else:
            yield from imports(node, module)


def graph():
    """For every module of the package, the modules of the package that it imports."""
    paths = {
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(
            ".__init__"
        ): path
        for path in PACKAGE.rglob("*.py")
    }
    return {
        name: {
            found for found in imports(ast.parse(path.read_text("utf-8")), name) if found in paths
        }
        - {name, "coursecnn"}
        for name, path in paths.items()
    }


def room(module):
    return module.split(".")[1]


def rooms():
    found = defaultdict(set)
    for module, imported in graph().items():
        if module != "coursecnn":
            found[room(module)] |= {room(other) for other in imported} - {room(module)}
    return found


def climbs(found):
    """The imports that do not lead down, as (from, to)."""
    floor = {name: number for number, names in enumerate(FLOORS) for name in names}
    return [
        (name, other)
        for name in sorted(found)
        for other in found[name]
        if floor[other] >= floor[name]
    ]


def circle(found):
    """One circle among what imports what, or none."""
    try:
        list(TopologicalSorter(found).static_order())
    except CycleError as error:
        return error.args[1]
    return None


def test_every_room_has_its_floor_and_every_import_leads_down():
    found = rooms()
    assert set().union(*FLOORS) == set(found)
    assert climbs(found) == []


def test_no_modules_import_each_other_in_a_circle():
    within = {
        name: {other for other in imported if not name.startswith(f"{other}.")}
        for name, imported in graph().items()
    }
    assert circle(within) is None


def test_the_checks_above_can_fail():
    assert climbs({"geometry": {"training"}, "training": {"datasets"}}) == [
        ("geometry", "training")
    ]
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) is not None


def test_the_package_offers_its_rooms():
    public = {name for names in FLOORS for name in names if not name.startswith("_")}
    assert set(coursecnn.__all__) == public
    assert public < set(dir(coursecnn))


@pytest.mark.parametrize("name", ["records", "nothing"])
def test_a_room_that_is_not_there_is_refused(name):
    with pytest.raises(AttributeError, match=f"has no attribute '{name}'"):
        getattr(coursecnn, name)
