"""The book's own Sphinx extensions: mathematics, ledger, tables, front page, glossary, folds."""

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from docutils import nodes
from docutils.utils import new_document
from sphinx.errors import ExtensionError

from coursecnn import architectures
from coursecnn.evidence import ledger, statements
from coursecnn.evidence.ledger import Verdict
from coursecnn.evidence.records import Data, Machine, Record, Run

REPOSITORY = Path(__file__).parents[2]
COUNTS = REPOSITORY / "tests" / "models"
sys.path.insert(0, str(REPOSITORY / "book" / "_extensions"))

import architecture_table  # noqa: E402 - they lie where Sphinx looks for extensions
import chapter_evidence  # noqa: E402
import comparison_tables  # noqa: E402
import folds  # noqa: E402
import front_page  # noqa: E402
import glossary_links  # noqa: E402
import ledger_pages  # noqa: E402
import mathml  # noqa: E402
import side_by_side  # noqa: E402
from glossary_links import Term  # noqa: E402

from harness import cells  # noqa: E402
from harness.folds import TITLES  # noqa: E402


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


def test_two_verdicts_on_two_entries_of_one_printed_number_stop_the_build(tmp_path, monkeypatch):
    twice = "a = {0}\nb = {0}".format(
        '{printed = "55", unit = "pixels", meaning = "A side", source = "A", kind = "recomputed"}'
    )
    entries = ledger.read_entries(f"[demo]\n{twice}")
    monkeypatch.setattr(ledger, "_shipped_entries", lambda: entries)
    book = chapter(tmp_path, "01", finding("demo.a"), finding("demo.b", Verdict.EXACT))
    with pytest.raises(ExtensionError, match=r"demo\.b: .*exact in .*, but demo\.a: .*erratum"):
        ledger_pages.places(book)


def test_a_number_does_not_hold_and_hold_under_two_units(tmp_path, monkeypatch):
    fields = 'printed = "11.7 %", meaning = "An error", source = "A", kind = "cited"'
    entries = ledger.read_entries(
        f'[demo]\na = {{{fields}, unit = "error"}}\nb = {{{fields}, unit = "test error"}}'
    )
    monkeypatch.setattr(ledger, "_shipped_entries", lambda: entries)
    book = chapter(tmp_path, "01", finding("demo.a"), finding("demo.b", Verdict.CITED))
    with pytest.raises(ExtensionError, match=r"demo\.b: .*cited in .*, but demo\.a: .*erratum"):
        ledger_pages.places(book)


def test_the_table_links_to_the_section_that_shows_the_number(tmp_path):
    book = chapter(tmp_path, "01", finding(), heading="## Why 3×3?")
    table = ledger_pages.rows(ledger_pages.places(book), to_root="../../")
    assert '<a href="../../book/part/01.html#why-33">A chapter</a>' in table
    assert "✗ erratum" in table


def test_a_row_says_what_it_can_be_filtered_by_and_labels_its_cells(tmp_path):
    book = chapter(tmp_path, "01", finding())
    row = ledger_pages.rows(ledger_pages.places(book), to_root="")
    said = re.findall(r' data-(verdict|chapter|origin)="([^"]*)"', row)
    assert said == [("verdict", "erratum"), ("chapter", "A chapter"), ("origin", "a lecture")]
    assert re.findall(r'<td data-label="([^"]*)"', row) == list(ledger_pages.ON_THE_PAGE)


@pytest.mark.parametrize("statement", statements.shipped().values(), ids=statements.shipped())
def test_a_statement_names_a_chapter_of_the_book(statement):
    path = REPOSITORY / "book" / f"{statement.chapter}.ipynb"
    assert ledger_pages.title(path)
    assert statement.source.startswith(ledger.LECTURE)


def test_what_was_said_in_words_stands_folded_at_the_foot_of_its_chapter(monkeypatch):
    said = {
        "a.right": statements.Statement("1 < 2", "So it is.", "Lecture A", "part/01", "holds"),
        "a.wrong": statements.Statement("2 < 1", "1 < 2", "Lecture A", "part/01", "slip"),
    }
    monkeypatch.setattr(statements, "shipped", lambda: said)
    markup = ledger_pages.in_words("book/part/01")
    assert "<summary>What the lectures say here in words: 1 of 2 hold</summary>" in markup
    assert markup.startswith('<details class="ledger in-words"><summary>')
    assert markup.index("2 &lt; 1<br>") < markup.index("1 &lt; 2<br>")
    assert "✗ rather: 1 &lt; 2" in markup
    assert "✓ holds: So it is." in markup
    assert ledger_pages.in_words("book/part/02") == ""


def test_a_notebook_is_parsed_once_and_again_when_it_has_changed(tmp_path, monkeypatch):
    book = chapter(tmp_path, "01", finding())
    parsed = []
    loads = json.loads
    monkeypatch.setattr(ledger_pages.json, "loads", lambda text: parsed.append(text) or loads(text))
    assert ledger_pages.places(book) == ledger_pages.places(book)
    assert len(parsed) == 1
    chapter(tmp_path, "01", finding("mnist.parameters_base"))
    (place,) = ledger_pages.places(book)
    assert place.finding.entry.key == "mnist.parameters_base"


def test_a_finding_without_an_entry_stops_the_build(tmp_path):
    book = chapter(tmp_path, "01", finding(key="nobody.said_this"))
    with pytest.raises(KeyError, match=r"nobody\.said_this"):
        ledger_pages.places(book)


def glossary(*entries):
    """The doctree of a glossary page; an entry is its terms, and its definition."""
    page = new_document("glossary")
    items = nodes.definition_list()
    for *names, definition in entries:
        item = nodes.definition_list_item()
        item += [nodes.term("", name, ids=[f"term-{name}"]) for name in names]
        item += nodes.definition("", nodes.paragraph("", definition), nodes.paragraph("", "Where."))
        items += item
    page += items
    return page


def linked(*children, names=("stride", "max pooling", "pooling", "ReLU")):
    """A page of one paragraph, after its first mentions have become links."""
    page = new_document("chapter")
    page += nodes.paragraph("", "", *children)
    known = {name: Term(f"term-{name}", f"What {name} is.") for name in names}
    glossary_links.link_first_mentions(page, known, "glossary.html")
    return page


def mentions(page):
    return [link.astext() for link in page.findall(nodes.reference) if "refuri" in link]


def test_terms_are_those_in_english_with_their_definition():
    page = glossary(("stride", "보폭 (스트라이드)", "The step."), ("LeNet-5", "A network."))
    assert glossary_links.terms(page) == {
        "stride": Term("term-stride", "The step."),
        "LeNet-5": Term("term-LeNet-5", "A network."),
    }


def test_the_first_mention_of_a_term_becomes_a_link_with_its_definition():
    page = linked(nodes.Text("The stride is 2. A stride of 1 keeps the size."))
    (link,) = page.findall(nodes.reference)
    assert (link.astext(), link["refuri"]) == ("stride", "glossary.html#term-stride")
    assert link["reftitle"] == "What stride is."
    assert page.astext() == "The stride is 2. A stride of 1 keeps the size."


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Strides of 2", ["Strides"]),
        ("strident, astride, pre-stride", []),
        ("max pooling, then pooling", ["max pooling", "pooling"]),
        ("ReLUs, a relu", ["ReLUs"]),
    ],
)
def test_a_term_is_found_as_a_word_the_longest_first(text, found):
    assert mentions(linked(nodes.Text(text))) == found


@pytest.mark.parametrize("kind", [nodes.literal, nodes.math, nodes.title, nodes.reference])
def test_what_is_no_prose_is_left_alone(kind):
    page = linked(kind("", "stride"), nodes.Text(" and stride"))
    assert mentions(page) == ["stride"]
    assert isinstance(next(page.findall(kind)).children[0], nodes.Text)
    assert page.astext() == "stride and stride"


def test_a_changed_glossary_makes_every_page_outdated():
    book = SimpleNamespace(found_docs={"a", "b"})
    changed = {glossary_links.GLOSSARY}
    assert glossary_links.outdated(None, book, set(), changed, set()) == {"a", "b"}
    assert glossary_links.outdated(None, book, set(), {"a"}, set()) == set()


def course(folder):
    """A book of two chapters in one part, with a finding and an exercise in each."""
    chapter(folder, "01", finding(), heading="### Exercise 1: count")
    chapter(
        folder,
        "02",
        finding("mnist.parameters_base", Verdict.EXACT),
        heading="### Exercise 1: x",
    )
    contents = json.loads((folder / "_toc.yml").read_text())
    contents["parts"][0]["caption"] = "Part"
    (folder / "_toc.yml").write_text(json.dumps(contents))
    return front_page.chapters(folder), ledger_pages.places(folder)


def test_the_map_shows_each_chapter_with_its_question_and_what_it_holds(tmp_path):
    known, found = course(tmp_path)
    asked = front_page.questions(["book/part/02: Why?", "", "book/part/01: How: so?"], known)
    markup = front_page.course_map(known, asked, found, to_root="../")
    first, second = markup.split("</li>")[:2]
    assert 'value="1"' in first
    assert '<a href="../book/part/02.html">A chapter</a> <span>Why?</span>' in first
    assert "1 exercise · 1 number checked</small>" in first
    assert "How: so?" in second
    assert "1 exercise · 1 number checked · 1 erratum</small>" in second


def test_a_chapter_without_a_question_stops_the_build(tmp_path):
    known, _ = course(tmp_path)
    wrong = (
        "course-map has no line for book/part/01, has a line for book/part/09, no chapter: write"
    )
    with pytest.raises(ExtensionError, match=wrong):
        front_page.questions(["book/part/02: Why?", "book/part/09: What?"], known)


def test_the_totals_count_by_kind_and_by_verdict(tmp_path):
    known, found = course(tmp_path)
    markup = front_page.totals(known, found, to_root="../")
    assert "<dt>chapters</dt><dd><b>2</b></dd>" in markup
    assert "2 recomputed" in markup
    assert "1 exact, 1 erratum" in markup


def texts(row):
    return [entry.astext() for entry in row]


def test_the_table_of_architectures_has_a_row_for_each():
    (table,) = architecture_table.ArchitectureTable.run(None)
    head, *body = table.findall(nodes.row)
    assert tuple(texts(head)) == architecture_table.HEAD
    assert [row[0].astext() for row in body] == architectures.names()


def test_a_row_of_it_has_source_image_and_counts():
    row = architecture_table.line(architecture_table.cells(architectures.describe("nin_cifar10")))
    assert texts(row) == [
        *("nin_cifar10", "nin"),
        "Lin, Chen and Yan, ICLR 2014 (arXiv:1312.4400), section 4, release NIN/cifar-10_def",
        *("32×32×3", "966,986", "222,486,528"),
    ]


def rows_of(found):
    return [texts(row) for row in found.findall(nodes.row)]


def test_the_table_of_applications_holds_the_counts_of_the_file():
    found, made = comparison_tables.ApplicationsCounted.run(None)
    counted = json.loads((COUNTS / "application_macs.json").read_text("utf-8"))
    head, *body = rows_of(found)
    assert tuple(head) == comparison_tables.APPLICATIONS
    assert [row[0] for row in body] == list(counted["applications"])
    resnet50 = next(row for row in body if row[0] == "ResNet50")
    assert resnet50[2] == resnet50[3] == f"{counted['applications']['ResNet50']['macs']:,}"
    assert resnet50[5] == "equal"
    assert f"{len(body)} applications" in made.astext()
    assert counted["tensorflow"] in made.astext()


def test_a_difference_of_counts_has_a_sign():
    row = {"parameters": 1, "products": 2, "macs": 2, "float_operations": 1000, "restated": 980}
    (cells,) = comparison_tables.applications({"applications": {"Mine": row}})
    assert cells == ("Mine", "1", "2", "2", "1,000", "−2.0\N{NO-BREAK SPACE}%")


def test_each_tool_says_of_resnet50_what_is_restated():
    found, _ = comparison_tables.Resnet50Counted.run(None)
    _, *body = rows_of(found)
    counted = json.loads((COUNTS / "resnet50_counts.json").read_text("utf-8"))
    assert len(body) == len(counted["versions"]) == 6
    for (tool, version), row in zip(counted["versions"].items(), body, strict=True):
        one, other = (counted[form][tool] for form in comparison_tables.FORMS.values())
        assert row[0] == f"{tool.split()[0]} {version}"
        assert row[2:] == [f"{one:,}", "equal", f"{other:,}", "equal"]


def timed(rounds):
    """A record of times that were never measured."""
    runs = []
    for seed, factor in enumerate(rounds):
        metrics = {"applications": 40, "applications_seconds": 3.0, "applications_slowest": 0.2}
        metrics["applications_megabytes"] = 30.0
        for place, way in enumerate(comparison_tables.WAYS):
            metrics[f"{way}_seconds"] = 2.0 * factor ** bool(place)
            metrics[f"{way}_megabytes"] = 1000.0
        runs.append(Run(seed, metrics, {}, 1.0, Machine("CPU: none", 1, {})))
    data = Data("noise", "0" * 64, official=False)
    return Record("counting_time", {"networks": ["a", "b"]}, data, "2026-01-01", tuple(runs))


def test_times_are_ratios_within_a_round():
    first, second, *_ = comparison_tables.times(timed([2, 4]))
    assert first[1:] == ("1.00 ×", "1.00 ×", "1.00 ×", "1.00 GB")
    assert second[1:4] == ("3.00 ×", "2.00 ×", "4.00 ×")


def test_the_table_of_times_says_what_was_measured_on_what(monkeypatch):
    monkeypatch.setattr(comparison_tables.records, "read", lambda _: timed([2, 3]))
    found, made = comparison_tables.CountingTimes.run(None)
    assert len(rows_of(found)) == 1 + len(comparison_tables.WAYS)
    assert made.astext().startswith("2 networks for 224×224 pixels, counted in 2 rounds by python")
    assert "CPU: none" in made.astext()
    assert "all 40 applications of Keras" in made.astext()


def page_with(source, hide_mode="input"):
    """A page of one cell of code, as MyST-NB makes it."""
    page = new_document("chapter")
    inside = nodes.container(nb_element="cell_code_source")
    inside += nodes.literal_block(source, source)
    cell = nodes.container(nb_element="cell_code", hide_mode=hide_mode)
    cell += inside
    page += cell
    return page, cell


@pytest.mark.parametrize("title", TITLES)
def test_the_button_over_a_folded_cell_says_what_it_hides_and_the_code_does_not(title):
    page, cell = page_with(f"# @title {title}\nplot()\n\nshow()")
    folds.label(None, page)
    words = folds.WORDS[title]
    assert (cell["prompt_show"], cell["prompt_hide"]) == (f"Show {words}", f"Hide {words}")
    block = next(cell.findall(nodes.literal_block))
    assert page.astext() == block.rawsource == "plot()\n\nshow()"
    assert block[0].parent is block


def test_the_buttons_have_words_for_every_title_and_no_other():
    assert set(folds.WORDS) == set(TITLES)


def test_a_folded_cell_without_a_title_is_warned_of_with_its_place(monkeypatch):
    warned = []
    monkeypatch.setattr(
        folds.logger, "warning", lambda *args, **where: warned.append((args, where))
    )
    page, cell = page_with("plot()")
    folds.label(None, page)
    (((message, known), where),) = warned
    assert message.startswith("a folded cell must begin with # @title")
    assert (known.split(", ")[0], where["location"]) == ("Imports", cell)


def test_a_button_is_read_aloud_as_it_is_written():
    context = {"body": '<summary aria-label="Toggle hidden content">\n<p>Show the imports</p>'}
    folds.name(None, "", "", context, None)
    assert context["body"] == "<summary>\n<p>Show the imports</p>"


@pytest.mark.parametrize("phrase", glossary_links.BOXES)
def test_a_box_that_chapters_link_to_is_where_the_link_leads(phrase):
    target, heading, _ = glossary_links.BOXES[phrase]
    titles = [
        line
        for c in cells.read(REPOSITORY / f"{target}.ipynb").cells
        for line in c.source.splitlines()
    ]
    assert f"## {heading}" in titles
    mentions = [path for path in cells.chapters() if phrase in path.read_text("utf-8")]
    assert len(mentions) > 5


RUNS = {"mnist": 5, "ladder_gelu": 3, "ladder_whiten": 3, "lab": 10}


def stored(path, *code, computed_by=None):
    """A stored notebook whose cells are pairs of a source and a text that it shows."""
    cells = [
        {
            "cell_type": "code",
            "source": source,
            "metadata": {"tags": ["nbval-ignore-output"] if "compare(" in source else []},
            "outputs": [{"output_type": "stream", "text": shown}],
        }
        for source, shown in code
    ]
    metadata = {"coursecnn": computed_by} if computed_by else {}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata}))
    return path


def test_numbers_are_counted_by_kind(tmp_path):
    book = chapter(tmp_path, "01", finding(), finding("mnist.parameters_base", Verdict.EXACT))
    path = book / "book" / "part" / "01.ipynb"
    notebook = json.loads(path.read_text())
    compared = "mnist, seed 0, 1 of 5 epochs re-measured, all inside the bands of 5 runs\n"
    more = stored(
        tmp_path / "more.ipynb",
        ("print(x)", "1,204 and 3.5, conv1 and 1e-3\n"),
        ("records.compare(a, b, c)", compared + "  loss 0.1234\n  accuracy 0.9 0.95\n"),
    )
    notebook["cells"] += json.loads(more.read_text())["cells"]
    notebook["metadata"] = {"coursecnn": {"device": "CPU: abacus"}}
    for cell in notebook["cells"]:
        cell.setdefault("metadata", {})
    path.write_text(json.dumps(notebook))
    found = chapter_evidence.basis(path, RUNS)
    assert (found.checked, found.refuted, found.adopted, found.cited) == (2, 1, 0, 0)
    assert (found.remeasured, found.computed) == (3, 3)
    assert found.computed_by == {"device": "CPU: abacus"}


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ('records.read("mnist")', {"mnist"}),
        ("records.read('mnist')", {"mnist"}),
        ('{n: records.read(f"ladder_{n}") for n in LADDER}', {"ladder_gelu", "ladder_whiten"}),
        ('{n: records.read(f"l{n}") for n in LADDER}', set()),
        ('datasets.load("mnist")', set()),
    ],
)
def test_the_records_of_a_chapter_are_those_that_its_code_names(tmp_path, source, names):
    found = chapter_evidence.basis(stored(tmp_path / "c.ipynb", (source, "")), RUNS)
    assert set(found.runs) == names


DATES = dict.fromkeys(RUNS, "2026-11-22") | {"lab": "2026-11-29"}
BASIS = chapter_evidence.Basis(
    checked=41,
    refuted=1,
    adopted=2,
    cited=7,
    remeasured=0,
    computed=1204,
    runs={"lab": 10, "mnist": 5},
    computed_by={"device": "CPU: abacus", "python": "3.11.9", "numpy": "2.4.0", "keras": "3.15.0"},
)


def test_the_line_at_the_foot_says_kinds_machine_and_records():
    line = chapter_evidence.line(BASIS, DATES, "../../", "https://host/results")
    assert re.sub("<.*?>", "", line) == (
        "Numbers in this chapter: 41 checked against a source (1 does not hold), "
        "2 adopted from one, 7 cited from one, 1,204 computed here. "
        "Last run with Python 3.11.9, NumPy 2.4.0 and Keras 3.15.0 on a CPU (abacus). "
        "Records: lab, mnist (15 runs, the newest of 2026-11-29)."
    )
    assert '<a href="../../book/appendix/errata.html">1 does not hold</a>' in line
    assert '<a href="https://host/results/lab.json">lab</a>' in line


def test_what_a_chapter_does_not_have_is_not_in_its_line():
    bare = replace(BASIS, checked=0, refuted=0, adopted=0, runs={}, computed_by={})
    line = chapter_evidence.line(bare, DATES, "", "")
    assert re.sub("<.*?>", "", line) == (
        "Numbers in this chapter: 7 cited from a source, 1,204 computed here."
    )


def test_of_many_records_the_line_has_the_number():
    many = {f"ladder_{n}": 3 for n in range(7)}
    dates = dict.fromkeys(many, "2026-11-22")
    line = chapter_evidence.line(replace(BASIS, runs=many), dates, "", "https://host/results")
    assert '<a href="https://host/results">7 of them</a> (21 runs' in line


@pytest.mark.parametrize("path", cells.chapters(), ids=lambda path: path.stem)
def test_every_chapter_has_its_line(path):
    known = {name: len(record.runs) for name, record in chapter_evidence.shipped().items()}
    found = chapter_evidence.basis(path, known)
    assert found.computed > 0
    assert {"device", "python", "numpy"} <= found.computed_by.keys()
    assert bool(found.runs) is ("records.read" in path.read_text("utf-8"))


def test_pages_are_read_side_by_side_and_an_extension_that_is_silent_does_not_forbid_it():
    silent, other = (SimpleNamespace(parallel_read_safe=None) for _ in range(2))
    app = SimpleNamespace(
        parallel=0,
        extensions={"sphinx_multitoc_numbering": silent, "another": other},
        connect=lambda event, tell: events.update({event: tell}),
    )
    events = {}

    side_by_side.setup(app)
    events["config-inited"](app, None)

    assert app.parallel == os.cpu_count()
    assert silent.parallel_read_safe is True
    assert other.parallel_read_safe is None
