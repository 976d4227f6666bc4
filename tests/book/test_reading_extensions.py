"""What of a figure is a picture, what the search is made of, how a page is cited and counted."""

import sys
from pathlib import Path

import numpy as np
import pytest
from docutils import nodes
from docutils.utils import new_document

sys.path.insert(0, str(Path(__file__).parents[2] / "book" / "_extensions"))

import dark_figures
import exercises_here
import reading
import searching

RANDOM = np.random.default_rng(0)


def paper(rows=120, columns=300):
    return np.full((rows, columns, 3), 255, np.uint8)


def with_part(figure, top, left, part):
    figure[top : top + part.shape[0], left : left + part.shape[1]] = part
    return figure


def noise(rows=40, columns=40, low=0, high=250):
    return RANDOM.integers(low, high, (rows, columns, 3), dtype=np.uint8)


def test_a_photograph_is_kept_and_its_axes_are_not():
    figure = with_part(paper(), 20, 30, noise())
    figure[80, 10:290] = 0  # a line
    figure[70:90, 200:203] = 0

    assert dark_figures.kept(figure) == [(30, 20, 70, 60)]


def test_bars_boxes_and_letters_are_not_kept():
    figure = with_part(paper(), 20, 30, np.full((50, 40, 3), (0, 114, 178), np.uint8))
    with_part(figure, 20, 100, np.full((50, 40, 3), 200, np.uint8))
    figure[30:32, 110:130] = 0

    assert dark_figures.kept(figure) == []


def test_a_digit_on_black_is_kept():
    digit = np.zeros((30, 30, 3), np.uint8)
    digit[5:25, 12:16] = 255

    assert dark_figures.kept(with_part(paper(), 10, 10, digit)) == [(10, 10, 40, 40)]


def test_among_photographs_one_that_is_mostly_white_is_one_as_well():
    figure = paper()
    for left in (10, 60, 110):
        with_part(figure, 10, left, noise())
        with_part(figure, 70, left, noise())
    figure[70:110, 110:150] = 255
    figure[75:90, 115:130] = 90

    assert (110, 70, 150, 110) in dark_figures.kept(figure)
    assert len(dark_figures.kept(figure)) == 6


def test_a_map_of_signs_beside_a_photograph_turns_round():
    figure = with_part(paper(), 10, 10, noise())
    signs = np.where(RANDOM.random((40, 40, 1)) < 0.5, (224, 130, 20), (128, 115, 172))

    assert dark_figures.kept(with_part(figure, 10, 80, signs.astype(np.uint8))) == [
        (10, 10, 50, 50)
    ]


def test_the_scale_of_colours_beside_a_picture_is_kept_with_it():
    figure = with_part(paper(), 10, 10, noise(90, 90))
    scale = np.linspace(0, 200, 90).astype(np.uint8)[:, None, None]
    with_part(figure, 10, 110, np.broadcast_to(scale, (90, 8, 3)))

    assert dark_figures.kept(figure) == [(10, 10, 100, 100), (110, 10, 118, 100)]


def test_only_pictures_of_notebooks_are_marked():
    html = '<img alt="x" src="_images/a.png"><img src="_static/b.png"><img src="_images/c.svg">'
    marked = dark_figures.marked(html, lambda _: ([], (2, 2)))

    assert marked == html.replace('<img alt="x"', '<img data-keep="" alt="x"')


@pytest.mark.parametrize(
    ("source", "count"),
    [("# A\n\n## One\n\n### Not\n", 1), ("## One\n\n## Exercises\n\n## Two", 2), ("text ## no", 0)],
)
def test_the_sections_that_can_be_ticked_are_counted(source, count):
    notebook = {"cells": [{"cell_type": "markdown", "source": source.splitlines(keepends=True)}]}

    assert exercises_here.sections(notebook) == count


CITATION = {"authors": [{"name": "A & B"}], "title": "A course", "version": "1.2"}


def test_a_page_is_cited_in_words_and_in_bibtex():
    markup = reading.cite(
        "<span>2. </span>C &amp; D", CITATION, "2030", "https://x", "book/c.ipynb"
    )

    assert "A &amp; B (2030). 2. C &amp; D. In <i>A course</i>, version 1.2." in markup
    assert "@incollection{coursecnn-c," in markup
    assert "title     = {2. C &amp; D}" in markup


def page_of(*children):
    document = new_document("page")
    section = nodes.section("", nodes.title("", "Title"), *children, ids=["here"])
    document += section
    return document


def test_the_text_of_a_page_has_no_code_and_no_output():
    cell = nodes.container("", nodes.paragraph("", "printed"), nb_element="cell_code_output")
    page = page_of(nodes.paragraph("", "two\nlines"), nodes.literal_block("", "import x"), cell)

    assert searching.sections(page) == [("here", "Title", "two lines")]


def test_each_korean_form_of_a_term_has_its_english():
    terms = [nodes.term("", "receptive field"), nodes.term("", "수용 영역 (수용장)")]
    item = nodes.definition_list_item("", *terms, nodes.definition("", nodes.paragraph("", "x")))
    page = page_of(nodes.definition_list("", item))

    assert searching.pairs(page) == {"수용 영역": "receptive field", "수용장": "receptive field"}


def test_a_form_with_a_number_is_not_found_in_every_other_word():
    terms = [nodes.term("", "1×1 convolution"), nodes.term("", "1×1 합성곱")]
    item = nodes.definition_list_item("", *terms, nodes.definition("", nodes.paragraph("", "x")))

    assert searching.pairs(page_of(nodes.definition_list("", item))) == {
        "1×1 합성곱": "1×1 convolution"
    }


def test_a_term_of_the_glossary_is_found_by_each_of_its_forms():
    terms = [nodes.term("", "pooling", ids=["term-pooling"]), nodes.term("", "풀링")]
    item = nodes.definition_list_item("", *terms, nodes.definition("", nodes.paragraph("", "x")))
    page = page_of(nodes.definition_list("", item))

    assert searching.sections(page)[1:] == [("term-pooling", "pooling", "pooling, 풀링: x")]
