"""Numbers of a chapter carry their proof: which get a mark, and what their notes say."""

import json
import re
import sys
from html import unescape
from pathlib import Path

import pytest
from docutils import nodes
from docutils.utils import new_document

from coursecnn.evidence import ledger
from coursecnn.evidence.ledger import Verdict
from harness import bindings, cells, grammar
from harness.bindings import Binding
from harness.prose import Page
from harness.sources import MARKED

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "book" / "_extensions"))

import number_cards  # noqa: E402 - it lies where Sphinx looks for extensions

KEY = "mnist.parameters_all"
TABLE = (
    "<table><thead><tr><th></th><th>MACs</th><th>values</th></tr></thead>"
    "<tbody><tr><th>conv2</th><td>4,478,976</td><td>7,744</td></tr></tbody></table>"
)
TEXT = """## Counting

In all there are 93,322 parameters; one layer needs 4,478,976 MACs, twice 2,239,488.
It has 3×3 kernels, as in chapter 3, and about 55.4 % of 4,478,976. The test accuracy is 99.0 %.
The lecture prints 93,322, and 9."""
EXERCISE = "### Exercise 1\n\nHow many are 4,478,976?"
SOURCES = {
    "‹93,322› parameters": "Total params: ‹93,322›",
    "‹4,478,976› MACs": "conv2 ‹4,478,976› 7,744",
    "‹2,239,488›.": "= {conv2 ‹4,478,976› 7,744} / 2",
    "‹3×3› kernels": "kernels of ‹3×3›",
    "‹55.4 %› of": "code: share = ‹0.554›",
    "of ‹4,478,976›.": "conv2 ‹4,478,976› 7,744",
    "‹99.0 %›.": "test_accuracy ‹0.9902› ± 0.0009",
    "prints ‹93,322›,": f"ledger: {KEY}",
    "and ‹9›.": "‹9› kernels of 3×3",
    "are ‹4,478,976›?": "conv2 ‹4,478,976› 7,744",
}


def cell(source, *outputs, kind="code"):
    data = [{"output_type": "display_data", "metadata": {}, "data": each} for each in outputs]
    own = {"outputs": data, "execution_count": 1} if kind == "code" else {}
    return {"cell_type": kind, "source": source, "metadata": {}, "id": "a", **own}


CELLS = [
    cell(TEXT.splitlines(keepends=True), kind="markdown"),
    cell("import coursecnn"),
    cell("model.summary()", {"text/plain": "Total params: 93,322\n9 kernels of 3×3"}),
    cell("table", {"text/html": TABLE, "text/plain": "no table"}),
    cell('record = records.read("mnist")'),
    cell("print(record)", {"text/plain": ["test_accuracy 0.9902 ± 0.0009\n"]}),
    cell(
        "ledger.table()",
        {ledger.MIME_TYPE: [{"key": KEY, "found": "recomputed 93,322", "verdict": "exact"}]},
    ),
    cell(EXERCISE, kind="markdown"),
]


@pytest.fixture
def path(tmp_path):
    """A chapter with its bindings."""
    path = tmp_path / "01_counting.ipynb"
    notebook = {"cells": CELLS, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    path.write_text(json.dumps(notebook), "utf-8")
    left = dict(SOURCES)
    lines = []
    for place in bindings.places(bindings.texts(path), []):
        said = next((words for words in left if words in place.context), "")
        lines.append(Binding(place.text.heading, place.context, left.pop(said, place.token.kind)))
    assert not left
    bindings.write(path, lines)
    return path


@pytest.fixture
def noted(path):
    """Each number of the chapter with its note, or None, as they stand."""
    chapter = number_cards.Chapter(path)
    proofs = number_cards.Proofs(chapter, "../../", "https://x/results")
    numbers = [(place, proofs.note(place, binding)) for place, binding in chapter.bound]
    return [(place.written, number and proofs.notes[number - 1]) for place, number in numbers]


def text_of(markup):
    return unescape(re.sub("<[^>]*>", "", markup))


def test_numbers_of_outputs_the_ledger_and_expressions_have_a_note_and_others_have_none(noted):
    assert [(written, note is not None) for written, note in noted] == [
        ("93,322", True),
        ("4,478,976", True),
        ("2,239,488", True),
        ("3×3", False),  # a size
        ("chapter 3", False),
        ("55.4 %", False),  # what the code sets
        ("4,478,976", True),
        ("99.0 %", True),
        ("93,322", True),
        ("9", False),  # a digit that stands in many lines
        ("Exercise 1", False),
        ("4,478,976", False),  # in an exercise
    ]


def test_a_note_tells_the_line_with_its_column_its_cell_and_its_record(noted):
    notes = [note for _, note in noted if note]

    assert notes[1] == notes[3]  # once, for both
    assert text_of(notes[1]) == (
        "4,478,976 MACs: conv2 4,478,976 7,744 shown by cell 3, which the tests run again"
    )
    assert '<a href="#cell-3">cell 3</a>' in notes[1]
    assert text_of(notes[2]).startswith("2,239,488 4,478,976 / 2, from conv2 4,478,976 7,744")
    assert "<b>0.9902</b>" in notes[4]
    assert '<a href="https://x/results/mnist.json">mnist</a>, seeds 0 to 4, 20' in notes[4]


@pytest.mark.parametrize(
    ("expression", "shown"),
    [("-{points: ‹-1.3›, of 8}", "-(-1.3)"), ("{a ‹2›} / {b ‹−3›}", "2 / (−3)")],
)
def test_a_negative_number_of_an_expression_stands_in_brackets(expression, shown):
    assert number_cards.QUOTED.sub(number_cards._operand, expression) == shown


def test_the_note_of_a_printed_number_tells_source_finding_and_verdict(noted):
    entry = ledger.entry(KEY)
    note = next(note for written, note in reversed(noted) if written == "93,322")

    assert text_of(note) == (
        f"93,322 {entry.meaning} ({entry.unit}): printed 93,322, recomputed 93,322, "
        f"{ledger.MARKS[Verdict.EXACT]} exact. {entry.source}; ledger, cell 6"
    )
    assert 'href="../../book/appendix/ledger.html#mnist-parameters_all"' in note


def document(*paragraphs):
    found = new_document("a page")
    found += [nodes.paragraph("", "", *parts) for parts in paragraphs]
    return found


def tokens(path):
    return [place.token for place, _ in number_cards.Chapter(path).bound]


def test_a_token_is_found_by_its_digits_through_markup_and_silent_in_links(path):
    bold, link = nodes.strong("", "", nodes.Text("93,322")), nodes.reference("", "4,478,976")
    rest = " and 2,239,488, 3×3, chapter 3, 55.4 %, 4,478,976, 99.0 %, 93,322, 9; 1, 4,478,976"
    page = document([nodes.Text("In all "), bold, link], [nodes.Text(rest)])
    found = list(number_cards.spots(page, tokens(path)))

    assert [spot and spot[1] for spot in found[:4]] == [0, None, 5, 16]
    assert found[0][0] is bold[0]


def test_an_address_may_be_written_out_or_not_and_the_number_of_a_list_never_is():
    texts = ["arXiv:1605.07678", "1. A", "42"]
    found = [grammar.tokens(text)[0] for text in texts]
    assert [token.kind for token in found] == ["address", "list", "number"]
    for shown, start in (("42", 0), ("arXiv:1605.07678 says 42", 22)):
        *_, (leaf, position) = number_cards.spots(document([nodes.Text(shown)]), found)
        assert (leaf.astext(), position) == (shown, start)


def test_digits_that_are_not_the_chapters_are_refused(path):
    with pytest.raises(ValueError, match="'93,322' is in the chapter, and '93323' on the page"):
        list(number_cards.spots(document([nodes.Text("93,323")]), tokens(path)))


def test_a_text_is_split_at_its_marks_and_only_the_first_of_a_note_is_led_back_to():
    seen = set()
    parts = list(number_cards._split("of 12 and 34", [(3, "12", 1), (10, "34", 1)], seen))

    assert [part.astext() for part in parts] == ["of ", "12", " and ", "34"]
    assert [part["ids"] for part in parts if isinstance(part, number_cards.Mark)] == [["at-1"], []]


def test_a_long_line_is_cut_and_keeps_its_number():
    line = " ".join(str(number) for number in range(1000, 1100))
    shown = text_of(number_cards.quoted("1050 ‹1051› 1052", line))

    assert shown.startswith("… ")
    assert shown.endswith(" …")
    assert "1051" in shown
    assert len(shown) < 2 * number_cards.LONGEST


def test_a_page_without_proofs_has_no_notes():
    assert number_cards.notes([]) == ""
    assert number_cards.notes(["a"]).count("<li") == 1


@pytest.mark.parametrize("path", cells.chapters(), ids=lambda path: path.stem)
def test_each_note_of_a_chapter_holds_the_value_that_its_binding_names(path):
    """As the guard reads it, not as the cards do."""
    chapter = number_cards.Chapter(path)
    proofs = number_cards.Proofs(chapter, "", "")
    sources = Page(path).sources
    count = 0
    for place, binding in chapter.bound:
        number = proofs.note(place, binding)
        if number is None:
            continue
        count += 1
        told = text_of(proofs.notes[number - 1])
        assert told.startswith(place.written)
        named = MARKED.findall(binding.source) or [sources.value(binding.source).text]
        assert all(value.split()[0] in told for value in named), (told, binding)

    assert count >= 5
    assert len(proofs.notes) <= count
