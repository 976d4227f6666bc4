"""Slides: what of a chapter goes on them, and what never does."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from harness import cells, slide_page, slides

# A picture of one pixel, and one of three pixels side by side: their headers are all that counts.
NARROW = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNiAAAABgADNjd8qAAAAABJRU5ErkJggg=="
)
WIDE = (
    "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAAAAAD1B8+9AAAAC0lEQVR4nGNgAAMAAAcAAdlYvOsAAAAASUVORK5CYII="
)
TABLE = "<table><tr><th>a</th></tr>" + "<tr><td>1</td></tr>" * 3 + "</table>"
SOLUTION = ["hide-cell"]


def picture(png=WIDE, source="plt.show()"):
    shown = new_output("display_data", {"image/png": png})
    cell = new_code_cell(f"# @title Figure\n{source}", outputs=[shown])
    cell.metadata["tags"] = ["hide-input"]
    cell.metadata["mystnb"] = {"image": {"alt": "A small picture"}}
    return cell


def code(source, printed="", tags=()):
    outputs = [new_output("stream", name="stdout", text=printed)] if printed else []
    cell = new_code_cell(source, outputs=outputs)
    if tags:
        cell.metadata["tags"] = list(tags)
    return cell


def made(*parts):
    """The slides of a chapter of these texts and cells, after its title."""
    all_parts = ["# A chapter\n\n*What is it?*", *parts]
    notebook = new_notebook(
        cells=[new_markdown_cell(part) if isinstance(part, str) else part for part in all_parts]
    )
    return slides.slides(notebook)[1:]


def kinds(found):
    return [slide.kind for slide in found]


def test_a_section_gives_its_question_its_first_sentences_and_its_first_figure():
    text = "## Why?\n\n*Why is it so?*\n\nOne.\nTwo.\nThree.\nFour.\n\nA second paragraph."
    [slide] = made(text, picture(), "*Figure 1.1. What is seen.*\n\nMore.")
    assert slide.title == "Why?"
    words = " ".join(slide.parts)
    assert "Why is it so?" in words
    assert "Three." in words
    assert "Figure 1.1" in words
    assert not re.search("Four|second|More", words)
    assert not slide.beside


def test_a_narrow_figure_stands_beside_its_text():
    [slide] = made("## Why?\n\nSo.", picture(NARROW))
    assert slide.beside


def test_a_long_lead_and_each_further_figure_have_slides_of_their_own():
    long = "## Why?\n\n" + "word " * 100
    assert kinds(made(long, picture(), picture())) == ["text", "figure", "figure"]
    assert kinds(made("## Why?\n\nSo.", picture(), picture())) == ["text", "figure"]


def test_what_a_sentence_announces_comes_with_it_and_the_first_formula_always():
    [slide] = made("## Why?\n\nTwo things:\n\n- one\n- two\n\nThen\n\n$$ x = 1 $$\n\n$$ y = 2 $$")
    words = " ".join(slide.parts)
    assert "<li>two</li>" in words
    assert words.count("<math") == 1


def test_code_that_defines_something_is_preferred_and_comes_with_what_it_prints():
    first, second = code("a = 1\nb = 2"), code("def f(x):\n    return x", printed="f\n")
    [_, slide] = made("## How\n\nSo.", first, second)
    assert slide.kind == "code"
    assert "def" in slide.parts[0]
    assert slide.parts[1] == slide_page.output("f")
    [_, slide] = made("## How\n\nSo.", first)
    assert "a" in slide.parts[0]


@pytest.mark.parametrize(
    "cell",
    [
        code("a = 1"),
        code("\n".join(["a = 1"] * 21)),
        code(f"a = {'1' * 90}\nb = 2"),
        code("# @title Imports\nimport math", tags=["hide-input"]),
        code("# @title Check\nledger.table()", tags=["hide-input"]),
        code("import sys\nprint(sys)", tags=["remove-cell"]),
        code("# @title Solution\nanswer = 42", tags=SOLUTION),
    ],
    ids=["one line", "too long", "too wide", "imports", "check", "Colab", "solution"],
)
def test_code_that_does_not_teach_or_does_not_fit_has_no_slide(cell):
    assert kinds(made("## How\n\nSo.", cell)) == ["text"]


@pytest.mark.parametrize(("rows", "kept"), [(3, True), (40, False)])
def test_a_table_of_few_rows_has_a_slide(rows, kept):
    shown = new_output("execute_result", {"text/html": TABLE + "<tr></tr>" * rows})
    cell = new_code_cell("# @title Table\ntable", outputs=[shown])
    cell.metadata["tags"] = ["hide-input"]
    assert ("table" in kinds(made("## How\n\nSo.", cell))) is kept


def test_an_exercise_is_asked_whole_and_never_solved():
    text = "## Exercises\n\nReplace the dots.\n\n### Exercise 1: count\n\nHow many?\n\nAnd why?"
    asked = code('side = 28\nanswer = ...\ncheck("cortex.dense_parameters", answer)')
    solved = code("# @title Solution\nanswer = 78_500", printed="78500\n", tags=SOLUTION)
    [slide] = made(text, asked, solved)
    assert slide.kind == "exercise"
    words = re.sub("<[^>]*>", "", " ".join(slide.parts))
    assert "And why?" in words
    assert "side = 28" in words
    assert not re.search(r"78.?500|check|\.\.\.|Replace", words)


@pytest.mark.parametrize("title", ["Further reading", "Next", "Optional: more"])
def test_what_is_left_out_has_no_slide(title):
    assert made(f"## {title}\n\nWords.", picture()) == []
    assert made(f"## {title}\n\nWords.\n\n### Below\n\nWords.") == []
    assert made("## More\n\n*Optional: skip this.*\n\nWords.") == []


def test_what_is_to_be_remembered_is_shown_whole():
    items = "\n".join(f"- item {number}: {'word ' * 20}" for number in range(8))
    found = made(f"## What to remember\n\n{items}")
    words = " ".join(part for slide in found for part in slide.parts)
    assert len(found) == 2
    assert words.count("<li>") == 8


def test_the_opening_has_the_question_the_goals_and_a_subsection_knows_its_section():
    goals = "Words.\n\nWhen you have read this chapter, you can\n\n- count;\n- draw."
    first, *others = made(goals, "## One\n\nText.\n\n### Two\n\nText.")
    assert first.title == "When you have read this chapter, you can"
    assert "draw" in first.parts[0]
    assert [(slide.title, slide.above) for slide in others] == [("One", ""), ("Two", "One")]


def test_a_text_loses_links_within_the_book_and_keeps_others():
    made_html = slide_page.text('[a](../b.ipynb) [c](https://example.org/?a=1&b=2) $x$ "q"')
    assert 'href="https://example.org/?a=1&amp;b=2"' in made_html
    assert "ipynb" not in made_html
    assert "<math" in made_html
    assert "“q”" in made_html


def test_addresses_are_unique_and_follow_from_the_titles():
    found = [slide_page.Slide(title, (), "text") for title in ("A b?", "A b?", "$*$", "C")]
    page = slide_page.page("Chapter 1", found)
    assert re.findall('<section id="([^"]+)"', page) == ["a-b", "a-b-2", "slide", "c"]
    assert "1 / 4" in page


def test_a_page_carries_no_markup_out_of_what_it_quotes():
    found = slide_page.Slide("a < b", (slide_page.output("<script>"),), "text")
    page = slide_page.page("", [found])
    assert "<script>" not in page
    assert slide_page.figure("AAAA", 'a "quoted" <word>').count("<") == 3


@pytest.mark.parametrize("path", cells.chapters(), ids=lambda path: path.stem)
def test_each_chapter_has_slides_that_need_nothing_else(path):
    notebook = cells.read(path)
    found = slides.slides(notebook)
    assert found[0].kind == "title"
    assert len({slide.kind for slide in found}) > 3
    asked = [cell for cell in notebook.cells if cell.source.startswith("### Exercise ")]
    assert kinds(found).count("exercise") >= len(asked) > 0
    page = slide_page.page("Chapter 1", found)
    assert not re.search(r"""(src|<link[^>]*href)=["']https?:""", page)
    assert "@title Solution" not in page


def test_the_command_writes_them_below_build(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(slides, "SLIDES", tmp_path)
    chapter = next(path for path in cells.chapters() if path.stem == "08_vgg")
    monkeypatch.setattr("sys.argv", ["slides", str(chapter)])
    assert slides.main() == 0
    assert "<title>Chapter 8: VGG: slides</title>" in (tmp_path / "08_vgg.html").read_text()
    assert re.fullmatch(r"\S+08_vgg.html: \d+ slides\n", capsys.readouterr().out)


@pytest.mark.parametrize(
    ("content", "message"),
    [("{", "is no"), (None, "is not there"), ("## Two", "has no title")],
    ids=["damaged", "missing", "without a title"],
)
def test_what_has_no_slides_is_named(tmp_path, monkeypatch, capsys, content, message):
    path = tmp_path / "a.ipynb"
    if content:
        text = nbformat.writes(new_notebook(cells=[new_markdown_cell(content)]))
        path.write_text(content if content == "{" else text)
    monkeypatch.setattr("sys.argv", ["slides", str(path)])
    assert slides.main() == 1
    said = capsys.readouterr().err
    assert "a.ipynb" in said
    assert re.search(message, said)
