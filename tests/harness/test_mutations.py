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
from harness import cells, grammar, lint, prose
from tests.notebooks import code, sound_chapter, text, write_notebook

REPOSITORY = Path(__file__).parents[2]
CHAPTERS = cells.chapters()
EXECUTED = REPOSITORY / "book" / "foundations" / "01_cortex.ipynb"
# Significant digits; a shorter number, once changed, is often another number of the same chapter.
LONG = 4


def other_digit(text):
    """The text with its last digit changed."""
    digit = list(re.finditer(r"\d", text))[-1]
    changed = str((int(digit.group()) + 1) % 10)
    return text[: digit.start()] + changed + text[digit.end() :]


def significant_digits(text):
    """How many digits the text has, leading zeros aside."""
    return len(re.sub(r"\D", "", text).lstrip("0"))


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


@pytest.mark.parametrize("path", CHAPTERS, ids=lambda path: path.stem)
def test_a_changed_digit_in_any_long_number_of_the_prose_is_caught(path, tmp_path):
    """All of them are changed at once: what proves a number never stands in the prose."""
    published = ledger.entries()
    assert prose.check(path, published) == []
    notebook, forged = cells.read(path), []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        for number in reversed(list(grammar.stated_in(cell.source))):
            if significant_digits(number.text) >= LONG:
                end = number.start + len(number.text)
                forged.append(other_digit(number.text))
                cell.source = cell.source[: number.start] + forged[-1] + cell.source[end:]
    nbformat.write(notebook, tmp_path / path.name)

    unproved = prose.check(tmp_path / path.name, published)

    assert sorted(found.number for found in unproved) == sorted(forged)


def promised(page, begins):
    """The lines of README's list that begins after a sentence."""
    rest = page.partition(begins)[2]
    bullets = re.match(r"\s*((?:- .*\n)+)", rest)[1]
    return [line.removeprefix("- ").rstrip(",.") for line in bullets.splitlines()]


def guarded(folder, *more):
    """What lint and the prose guard say of a sound chapter with some cells more."""
    path = write_notebook(folder / "chapter.ipynb", [*sound_chapter(), *more])
    return [*lint.lint(path), *prose.check(path, {})]


def a_short_number(folder):
    """All of 12 and 15 are printed; the text takes one for the other."""
    return guarded(folder, code("print(12, 15)", "12 15\n"), text("It has 15 layers, not 12."))


def an_exempt_number(folder):
    return guarded(folder, text("VGG12, from 1995, has 5×5 kernels."))


def an_output_that_is_measured_anew(folder):
    anew = code("assert loss < 1\nprint(loss)", "0.1446\n", tags=["nbval-ignore-output"])
    return guarded(folder, anew)


def the_words_of_a_figure(folder):
    chapter = sound_chapter()
    chapter[-1].metadata.mystnb.image.alt = "The accuracy rises over 98765 epochs."
    path = write_notebook(folder / "chapter.ipynb", chapter)
    return [*lint.lint(path), *prose.check(path, {})]


def a_page_without_cells(_folder):
    """The guards read notebooks, and nothing else."""
    return [path for path in cells.chapters() if path.suffix != ".ipynb"]


NOTICED = {
    "in a text, a table or a result that a cell stores": (
        test_a_digit_in_a_stored_output_and_one_in_the_ledger_fail_the_cells_that_show_them
    ),
    "in the ledger of printed numbers, where a chapter compares it": (
        test_a_digit_in_a_stored_output_and_one_in_the_ledger_fail_the_cells_that_show_them
    ),
    "in a run record, which carries a checksum": test_a_digit_in_a_run_record_is_refused,
    "in the arithmetic of the package": test_a_constant_in_the_geometry_fails_the_unit_tests,
    "in a number of four or more significant digits in a chapter's text": (
        test_a_changed_digit_in_any_long_number_of_the_prose_is_caught
    ),
}
MAY_PASS = {
    "in a shorter number of a chapter's text, if another one of the chapter proves it": (
        a_short_number
    ),
    "in a small count, a year, a size such as 3×3, or a name such as VGG16": an_exempt_number,
    (
        "in the stored output of a cell tagged `nbval-ignore-output`: its assertion is run instead"
    ): an_output_that_is_measured_anew,
    "in the words that describe a figure": the_words_of_a_figure,
    "in a page without cells, or in a hint of an exercise": a_page_without_cells,
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
