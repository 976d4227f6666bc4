"""The moving sample: the same for one commit, another one for the next, and in the end all."""

import hashlib
import itertools
import re
from collections import Counter
from types import SimpleNamespace

import pytest

from harness import cells, sample
from tests import conftest

CHAPTERS = [cells.shown(path) for path in cells.chapters()]
COMMITS = [hashlib.sha1(str(number).encode()).hexdigest() for number in range(1000)]


def test_every_chapter_comes_up_within_sixty_commits():
    for start in range(0, len(COMMITS), 60):
        turns = (sample.chosen(CHAPTERS, 2, commit) for commit in COMMITS[start : start + 60])
        assert set(itertools.chain.from_iterable(turns)) == set(CHAPTERS)


def test_each_comes_up_as_often_as_any_other():
    turns = Counter(name for commit in COMMITS for name in sample.chosen("abcdefgh", 2, commit))

    assert turns.total() == 2 * len(COMMITS)
    assert all(200 < turns[name] < 300 for name in "abcdefgh")


def test_what_else_there_is_does_not_change_the_order_of_turns():
    for commit in COMMITS[:50]:
        (first,) = sample.chosen(CHAPTERS, 1, commit)
        others = [name for name in CHAPTERS if name != first]
        assert sample.chosen(CHAPTERS, 3, commit) == [
            name for name in CHAPTERS if name == first or name in sample.chosen(others, 2, commit)
        ]


@pytest.mark.parametrize("count", [0, -1])
def test_a_sample_of_none_is_refused(count):
    with pytest.raises(ValueError, match=f"count must be a positive int, got {count}"):
        sample.chosen(CHAPTERS, count, COMMITS[0])


def test_the_command_prints_those_of_the_commit_that_is_checked_out(capsys, monkeypatch):
    monkeypatch.setattr(sample, "commit", lambda: COMMITS[0])
    assert sample.main(["2", *CHAPTERS]) == 0
    assert capsys.readouterr().out.split() == sample.chosen(CHAPTERS, 2, COMMITS[0])


def test_the_commit_is_that_of_the_repository(monkeypatch, tmp_path):
    assert re.fullmatch("[0-9a-f]{40}|", sample.commit())
    monkeypatch.setattr(cells, "ROOT", tmp_path)
    assert sample.commit() == ""


def test_of_each_test_as_many_cases_are_left_and_all_in_the_end():
    names = [f"a::one[{n}]" for n in range(9)] + [f"b::two[{n}]" for n in range(5)] + ["b::three"]
    turns = [sample.cases(names, 3, commit) for commit in COMMITS[:60]]

    assert {len(turn) for turn in turns} == {3 + 3 + 1}
    assert set().union(*turns) == set(names)


def test_a_case_comes_up_in_all_tests_at_once():
    """So that what several tests share is made once."""
    names = [f"a::{test}[{n}]" for test in ("one", "two") for n in range(9)]
    for commit in COMMITS[:20]:
        turns = sample.cases(names, 3, commit)
        assert len({name.partition("[")[2] for name in turns}) == 3


def test_the_cases_of_a_test_are_those_whose_turn_it_is_by_name():
    """So that what is made for a sample of names is made for the cases with these names."""
    for commit in COMMITS[:20]:
        turns = sample.cases([f"a::one[{name}]" for name in CHAPTERS], 3, commit)
        assert turns == {f"a::one[{name}]" for name in sample.chosen(CHAPTERS, 3, commit)}


def test_all_that_is_looked_at_on_a_page_comes_up_at_once():
    pages = [f"book/part/0{n}_x.html" for n in range(9)]
    widths = [f"a::fits[{width}-{page}]" for page in pages for width in (360, 1300)]
    plain = [f"a::light[{page}]" for page in pages]
    for commit in COMMITS[:20]:
        turns = sample.cases(widths + plain, 2, commit)
        assert len(turns) == 2 * 2 + 2
        assert len({name.rpartition("book/")[2] for name in turns}) == 2


class Item(SimpleNamespace):
    """A test as pytest collects it: its name, its file and its markers."""

    def get_closest_marker(self, name):
        return name if name in self.markers else None

    def add_marker(self, name):
        self.markers.add(name)


def collected(items, count):
    """What is left of tests, and what pytest is told to have been left out."""
    left_out = []
    hook = SimpleNamespace(pytest_deselected=lambda items: left_out.extend(items))
    config = SimpleNamespace(getoption=lambda _: count, hook=hook)
    conftest.pytest_collection_modifyitems(config, items)
    return [item.nodeid for item in items], [item.nodeid for item in left_out]


def items(path, **markers):
    names = [*(f"a::case[{n}]" for n in range(5)), "a::alone", "a::all"]
    return [Item(nodeid=name, path=path, markers={*markers.get(name[3:], ())}) for name in names]


def test_what_says_something_only_of_all_cases_is_left_out_of_a_sample_and_counted_so():
    names = [item.nodeid for item in items(cells.ROOT)]

    left, out = collected(items(cells.ROOT, all=["whole"]), 2)
    assert len(left) == 3
    assert "a::alone" in left
    assert sorted(left + out) == sorted(names)
    assert "a::all" in out
    assert collected(items(cells.ROOT, all=["whole"]), None) == (names, [])


@pytest.mark.parametrize(("kind", "count"), [("slow", 2), ("page", 4)])
def test_of_what_is_costly_a_sample_takes_a_share_and_in_the_end_all(kind, count, monkeypatch):
    monkeypatch.setattr(conftest, "_mentions", lambda _path, _kind: True)
    names = [f"a::costly{number}" for number in range(8)]
    taken = []
    for commit in COMMITS[:60]:
        monkeypatch.setattr(sample, "commit", lambda commit=commit: commit)
        tests = [Item(nodeid=name, path=cells.ROOT, markers={kind}) for name in names]
        quick = [item for item in items(cells.ROOT) if item.nodeid == "a::alone"]
        left, out = collected([*tests, *quick], 2)
        assert len(left) == count + 1
        assert sorted(left + out) == sorted([*names, "a::alone"])
        taken += left
    assert set(taken) == {*names, "a::alone"}


def test_a_slow_test_that_says_something_only_of_all_cases_is_in_no_sample():
    left, _ = collected(items(cells.ROOT, all=["slow", "whole"]), 2)
    assert "a::all" not in left


@pytest.mark.parametrize(("kind", "text"), [("page", "def test_a(show):"), ("long", "mark.long")])
def test_a_file_that_holds_such_tests_is_read_and_no_other(tmp_path, kind, text):
    told, other = tmp_path / "test_told.py", tmp_path / "test_other.py"
    told.write_text(text, encoding="utf-8")
    other.write_text("def test_shown():", encoding="utf-8")
    asked = lambda markers: SimpleNamespace(getoption=lambda _: markers)  # noqa: E731

    assert conftest.pytest_ignore_collect(told, asked(kind)) is None
    assert conftest.pytest_ignore_collect(other, asked(kind)) is True
    assert conftest.pytest_ignore_collect(other, asked("not (long or page)")) is None
    with pytest.raises(pytest.UsageError, match=r"test_other\.py must mention"):
        collected(items(other, alone=[kind]), None)
