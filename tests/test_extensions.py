"""The book's own Sphinx extensions: mathematics as MathML, and the pages that the ledger fills."""

import json
import sys
from pathlib import Path

import pytest
from docutils import nodes
from sphinx.errors import ExtensionError

from coursecnn import ledger
from coursecnn.ledger import Verdict

REPOSITORY = Path(__file__).parent.parent
sys.path.insert(0, str(REPOSITORY / "book" / "_extensions"))

import ledger_pages  # noqa: E402 - it lies where Sphinx looks for extensions
import mathml  # noqa: E402


def chapter(folder, name, *findings, heading="## Counting"):
    """A stored notebook whose one output carries `findings`."""
    output = {"output_type": "execute_result", "data": {ledger.MIME_TYPE: list(findings)}}
    cells = [
        {"cell_type": "markdown", "source": ["# A chapter\n", "\n", f"{heading}\n"]},
        {"cell_type": "code", "source": [], "outputs": [output]},
    ]
    path = folder / "book" / "part" / f"{name}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"cells": cells}))
    files = sorted(f"book/part/{other.stem}" for other in path.parent.iterdir())
    contents = {"parts": [{"chapters": [{"file": file} for file in reversed(files)]}]}
    (folder / "_toc.yml").write_text(json.dumps(contents))
    return folder


def finding(key="mnist.parameters_all", verdict=Verdict.ERRATUM):
    return {"key": key, "found": "recomputed 1", "verdict": verdict.value}


def test_latex_that_the_converter_lacks_is_written_otherwise():
    big = mathml.mathml(nodes.math(text=r"\big(x_1, \dots\big)"), block=False)
    assert big == mathml.mathml(nodes.math(text=r"(x_1, \ldots)"), block=False)
    assert "<math" in big


def test_a_formula_becomes_mathml():
    latex = r"O = \frac{N - F + 2P}{S} + 1"
    markup = mathml.mathml(nodes.math_block(text=latex), block=True)
    assert markup.startswith("<math")
    assert 'display="block"' in markup
    assert "<mfrac>" in markup


def test_unknown_latex_is_warned_of_with_its_place(monkeypatch):
    """The book is built with warnings as errors, so this stops the build, after the last page."""
    warned = []
    monkeypatch.setattr(
        mathml.logger, "warning", lambda *args, **where: warned.append((args, where))
    )
    formula = nodes.math(text=r"\nosuchcommand{x < 1}")
    assert mathml.mathml(formula, block=False) == r"\nosuchcommand{x &lt; 1}"
    ((message, latex, _), where) = warned[0]
    assert message.startswith("cannot write this formula as MathML")
    assert (latex, where["location"]) == (r"\nosuchcommand{x < 1}", formula)


def test_a_finding_is_found_with_its_page_and_section(tmp_path):
    book = chapter(tmp_path, "01", finding())
    (place,) = ledger_pages.places(book)
    assert (place.page, place.chapter, place.section) == (
        "book/part/01.html",
        "A chapter",
        "Counting",
    )
    assert place.finding.entry.printed.text == "93,322"


def test_a_number_stands_in_the_ledger_once_where_it_was_first_shown(tmp_path):
    """The table of contents of these tests is in reverse order: the later file comes first."""
    chapter(tmp_path, "01", finding())
    book = chapter(tmp_path, "02", finding())
    (place,) = ledger_pages.places(book)
    assert place.page == "book/part/02.html"


def test_two_verdicts_on_one_number_stop_the_build(tmp_path):
    chapter(tmp_path, "01", finding())
    book = chapter(tmp_path, "02", finding(verdict=Verdict.EXACT))
    with pytest.raises(ExtensionError, match=r"erratum in book/part/01\.html, but .*exact in book"):
        ledger_pages.places(book)


def test_the_table_links_to_the_section_that_shows_the_number(tmp_path):
    book = chapter(tmp_path, "01", finding(), heading="## Why 3×3?")
    table = ledger_pages.table(ledger_pages.places(book), to_root="../../")
    assert '<a href="../../book/part/01.html#why-33">A chapter</a>' in table
    assert "✗ erratum" in table


def test_the_errata_leave_out_what_holds(tmp_path):
    book = chapter(
        tmp_path, "01", finding(), finding("mnist.parameters_base", verdict=Verdict.EXACT)
    )
    refuted = [p for p in ledger_pages.places(book) if p.finding.verdict in ledger_pages.REFUTED]
    assert [place.finding.entry.key for place in refuted] == ["mnist.parameters_all"]


def test_a_finding_without_an_entry_stops_the_build(tmp_path):
    book = chapter(tmp_path, "01", finding(key="nobody.said_this"))
    with pytest.raises(KeyError, match=r"nobody\.said_this"):
        ledger_pages.places(book)
