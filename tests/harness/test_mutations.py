"""Change one digit, and the project's own checks go red, or README says that they do not.

`NOTICED` and `MAY_PASS` are README's two lists, each line with the test that holds it to its word.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from coursecnn.evidence import ledger, records
from harness import cells, compare, lint, prose, sample
from tests import mutation
from tests.notebooks import code, sound_chapter, write_notebook

REPOSITORY = Path(__file__).parents[2]
EXECUTED = REPOSITORY / "book" / "foundations" / "01_cortex.ipynb"


def other_digit(text):
    """The text with its last digit changed."""
    digit = list(re.finditer(r"\d", text))[-1]
    changed = str((int(digit.group()) + 1) % 10)
    return text[: digit.start()] + changed + text[digit.end() :]


def replace_once(path, old, new):
    """Replace the first `old` in a file, which must hold one."""
    text = path.read_text(encoding="utf-8")
    assert old in text, f"{path.name} does not hold {old!r}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def copy(tmp_path):
    """A copy of what a chapter needs to be executed and compared."""
    for folder in ("coursecnn", "harness", "tests"):
        ignore = shutil.ignore_patterns("__pycache__", "*.npz")
        shutil.copytree(REPOSITORY / folder, tmp_path / folder, ignore=ignore)
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    return tmp_path


def run_pytest(folder, *arguments):
    """Run pytest in a copy, on the copy's own package."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def failed_cells(result):
    """The numbers of the code cells that a run of nbval reports as failed."""
    return {int(n) for n in re.findall(r"^FAILED .*code cell (\d+)", result.stdout, re.MULTILINE)}


def first_printing(code):
    """The first cell that prints a number of its own, as (position, output)."""
    for position, cell in enumerate(code):
        for output in cell.outputs:
            if output.output_type == "stream" and re.search(r"\d", output.text):
                return position, output
    raise AssertionError("no cell of the chapter prints a number")


def showing(code, key):
    """The positions of the cells whose outputs show the ledger's entry `key`."""
    return {
        position
        for position, cell in enumerate(code)
        for output in cell.outputs
        for finding in output.get("data", {}).get(ledger.MIME_TYPE, [])
        if finding["key"] == key
    }


@pytest.mark.slow
def test_a_digit_in_a_stored_output_and_one_in_the_ledger_fail_the_cells_that_show_them(copy):
    notebook = cells.read(EXECUTED)
    code = cells.code_cells(notebook)
    position, output = first_printing(code)
    output.text = other_digit(output.text)
    chapter = copy / EXECUTED.name
    nbformat.write(notebook, chapter)
    key = next(k for k in ledger.entries() if showing(code, k))
    printed = ledger.entry(key).printed.text
    section = f'[{key}]\nprinted = "'
    replace_once(
        copy / "coursecnn" / "evidence" / "published.toml",
        section + printed,
        section + other_digit(printed),
    )

    result = run_pytest(copy, "--nbval", "--nbval-current-env", chapter.name)

    expected = {position + 1, *(shown + 1 for shown in showing(code, key))}
    assert failed_cells(result) == expected, result.stdout


@pytest.mark.slow
def test_a_constant_in_the_geometry_fails_the_unit_tests(copy):
    replace_once(
        copy / "coursecnn" / "geometry.py",
        "return span // self.stride + 1",
        "return span // self.stride + 2",
    )
    result = run_pytest(copy, "-x", "tests/test_geometry.py")
    assert result.returncode == 1
    assert "FAILED tests/test_geometry.py" in result.stdout


@pytest.mark.parametrize(
    "path",
    sorted((REPOSITORY / "coursecnn" / "evidence" / "results").glob("*.json")),
    ids=lambda path: path.stem,
)
def test_a_digit_in_a_run_record_is_refused(path, tmp_path):
    records.read(path)  # as it is, it is intact
    forged = tmp_path / path.name
    text = path.read_text(encoding="utf-8")
    value = re.search(r"\d\.\d{3,}", text).group()
    forged.write_text(text.replace(value, other_digit(value), 1), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"{path.name} was edited by hand"):
        records.read(forged)


TEXTS = {"prose": 12, "alt": 8, "page": 6, "binding": 12}


@pytest.mark.slow
@pytest.mark.parametrize("kind", TEXTS)
def test_a_changed_digit_of_a_text_is_noticed_even_after_binding_anew(kind):
    for mutant in mutation.mutants(kind, TEXTS[kind], sample.commit()):
        assert mutant.is_noticed(), mutant


@pytest.mark.parametrize("kind", ["output", "table"])
def test_a_changed_digit_of_a_stored_output_is_noticed(kind):
    for mutant in mutation.mutants(kind, 20, sample.commit()):
        assert mutant.is_noticed() or "with a tolerance" in mutant.where, mutant


def test_the_sample_moves_with_the_commit():
    first, second, again = (
        [(each.where, each.after) for each in mutation.mutants("record", 3, commit)]
        for commit in ("0a1b2c", "3d4e5f", "0a1b2c")
    )
    assert first == again != second


def test_what_survives_is_shown_and_fails_the_command(monkeypatch, capsys):
    blind = mutation.Mutant("here", "1 step", "2 step", lambda: False)
    monkeypatch.setitem(mutation.KINDS, "prose", lambda _dice: blind)
    assert mutation.main(["--kind", "prose", "--count", "2"]) == 1
    assert "prose: 0.0% of 2 noticed" in (said := capsys.readouterr().out)
    assert "  survives in here: '1 step' -> '2 step'\n" in said


def promised(page, begins):
    """The lines of README's list that begins after a sentence."""
    rest = page.partition(begins)[2]
    bullets = re.match(r"\s*((?:- .*\n)+)", rest)[1]
    return [line.removeprefix("- ").rstrip(",.") for line in bullets.splitlines()]


def a_hint(_folder):
    """The guards read texts and code cells of pages, and nothing else."""
    return [path for path in prose.pages() if path.suffix == ".py"]


def a_comment(folder):
    chapter = [*sound_chapter(), code("a = 1  # 93322 of them")]
    path = write_notebook(folder / "chapter.ipynb", chapter)
    list(prose.bind(path))
    chapter[-1].source = "a = 1  # 93323 of them"
    write_notebook(path, chapter)
    return [*lint.lint(path), *prose.check(path)]


NOTICED = {
    "in a text, a table or a result that a cell stores": (
        test_a_digit_in_a_stored_output_and_one_in_the_ledger_fail_the_cells_that_show_them
    ),
    "in the ledger of printed numbers, where a chapter compares it": (
        test_a_digit_in_a_stored_output_and_one_in_the_ledger_fail_the_cells_that_show_them
    ),
    "in a run record, which carries a checksum": test_a_digit_in_a_run_record_is_refused,
    "in the arithmetic of the package": test_a_constant_in_the_geometry_fails_the_unit_tests,
    "in a text, a formula or the description of a figure, in a chapter, on a page or here": (
        test_a_changed_digit_of_a_text_is_noticed_even_after_binding_anew
    ),
    "in a file that binds the numbers of a text to their sources": (
        test_a_changed_digit_of_a_text_is_noticed_even_after_binding_anew
    ),
    "in the stored output of a cell tagged `nbval-ignore-output`, which is sealed": (
        test_a_changed_digit_of_a_stored_output_is_noticed
    ),
}


def a_place_within_the_tolerance(_folder):
    old, new = (code("print(x)", words) for words in ("loss 1.00001", "loss 1.00002"))
    return compare.differences(old.outputs, new.outputs, compare.Tolerance(rtol=1e-4))


MAY_PASS = {
    "in the last places of an output whose cell asks for a tolerance": a_place_within_the_tolerance,
    "in a hint of an exercise": a_hint,
    "in a comment, or in the words of a docstring": a_comment,
}


def test_readme_promises_what_is_tested_here_and_admits_what_is_not_noticed():
    page = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert promised(page, "A wrong digit makes `make test` fail if it is\n") == list(NOTICED)
    assert promised(page, "A wrong digit may pass if it is\n") == list(MAY_PASS)


@pytest.mark.parametrize("mutation", MAY_PASS.values(), ids=lambda mutation: mutation.__name__)
def test_what_may_pass_does_pass(mutation, tmp_path):
    """Once a guard notices it, README may promise more."""
    assert mutation(tmp_path) == []


def test_no_page_promises_more_than_readme():
    pages = [REPOSITORY / "README.md", *sorted((REPOSITORY / "book").glob("*.md"))]
    for page in [*pages, REPOSITORY / "_config.yml"]:
        said = page.read_text(encoding="utf-8").lower()
        assert not re.search(
            r"wrong number in|(?:any|every|each) (?:digit|number) .*(?:test|check)", said
        )
