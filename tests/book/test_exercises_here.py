"""Where the pages put the places to answer in, the front page's picture, and its lists."""

import html
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from docutils import nodes
from docutils.utils import new_document
from PIL import Image
from sphinx.errors import ExtensionError

from coursecnn.evidence import ledger
from coursecnn.evidence.ledger import Finding, Verdict

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "book" / "_extensions"))

import exercises_here  # noqa: E402 - they lie where Sphinx looks for extensions
import hero  # noqa: E402
import lazy_images  # noqa: E402
from ledger_pages import Place  # noqa: E402

NAME, FUNCTION = "cortex.dense_parameters", "cortex.secret_kernel"


def cell(source, *tags, kind="code"):
    return {"cell_type": kind, "source": source, "metadata": {"tags": list(tags)}, "id": "abc"}


def ask(name):
    return cell(f'answer = ...\ncheck("{name}", answer)')


NOTEBOOK = {
    "cells": [
        cell("# A chapter", kind="markdown"),
        cell("import coursecnn"),
        ask(NAME),
        cell(f'# @title Solution\ncheck("{NAME}", 1)', "hide-cell"),
        ask(FUNCTION),
    ]
}


def data_of(markup):
    return json.loads(html.unescape(markup.split('data-exercise="')[1].split('"')[0]))


def test_the_first_cell_that_checks_asks_and_the_folded_one_solves():
    assert exercises_here.asked(NOTEBOOK) == [(2, NAME), (4, FUNCTION)]
    assert list(exercises_here.names(NOTEBOOK)) == [NAME, FUNCTION]


def test_what_the_page_can_check_comes_sealed_and_a_function_leads_to_its_cell():
    number = data_of(exercises_here.element(NAME, "https://x"))
    function = data_of(exercises_here.element(FUNCTION, "https://x#scrollTo=abc"))

    assert number["kind"] == "number"
    assert "78500" not in json.dumps(number)
    assert function == {"name": FUNCTION, "colab": "https://x#scrollTo=abc"}


def page_of(tmp_path, notebook):
    """A page as MyST-NB reads it, and the application that builds it."""
    path = tmp_path / "01.ipynb"
    path.write_text(json.dumps(notebook))
    document = new_document("01")
    section = nodes.section("", nodes.title(text="A chapter"))
    document += section
    for place, one in enumerate(notebook["cells"]):
        if one["cell_type"] == "code":
            output = nodes.container(nb_element="cell_code_output")
            section += nodes.container("", output, nb_element="cell_code", cell_index=place)
    options = {"repository_url": "https://github.com/o/r", "repository_branch": "main"}
    app = SimpleNamespace(
        env=SimpleNamespace(docname="book/part/01", doc2path=lambda _: str(path)),
        config=SimpleNamespace(html_theme_options=options),
    )
    return app, document


def test_each_exercise_has_its_place_and_the_chapter_its_bar(tmp_path):
    app, document = page_of(tmp_path, NOTEBOOK)

    exercises_here.place(app, document)

    kinds = [
        "cell" if isinstance(n, nodes.container) else n.astext()[:24] for n in document[0].children
    ]
    place = '<div class="course-exerc'
    assert kinds == [
        "A chapter",
        '<div class="course-progr',
        "cell",
        "cell",
        place,
        "cell",
        "cell",
        place,
    ]
    address = "https://colab.research.google.com/github/o/r/blob/main/book/part/01.ipynb"
    assert data_of(document[0].children[-1].astext())["colab"] == f"{address}#scrollTo=abc"
    assert f'data-exercises="{NAME} {FUNCTION}"' in document[0][1].astext()
    assert 'data-sections="book/part/01 0"' in document[0][1].astext()


def test_words_about_three_dots_give_way_to_the_place(tmp_path):
    app, document = page_of(tmp_path, NOTEBOOK)
    exercises_here.place(app, document)

    cells = [node for node in document[0].children if isinstance(node, nodes.container)]

    assert [len(cell.children) for cell in cells] == [1, 0, 1, 0]


def test_a_chapter_without_exercises_has_no_bar(tmp_path):
    app, document = page_of(tmp_path, {"cells": NOTEBOOK["cells"][:2]})

    exercises_here.place(app, document)

    assert len(document[0].children) == 2


def test_all_exercises_of_the_chapters_are_found():
    from coursecnn.exercises import exercises

    paths = sorted(REPOSITORY.glob("book/*/*.ipynb"))
    found = [n for path in paths for n in exercises_here.names(json.loads(path.read_text("utf-8")))]

    assert sorted(found) == sorted(exercises())


def test_the_script_is_one_plain_file_without_addresses():
    script = exercises_here.script()

    assert "import " not in script
    assert "http" not in script
    assert len(script.encode()) < 30_000


def finding(found="recomputed 271,351,808"):
    entry = ledger.entry("googlenet.bottleneck_operations")
    return Place(Finding(entry, found, Verdict.ERRATUM), "book/x.html", "A chapter", "Costs")


def test_an_erratum_is_drawn_to_scale():
    markup = hero.erratum(finding(), "../")

    assert "<b>358M</b>" in markup
    assert 'style="width: 100.0%"' in markup
    assert 'style="width: 75.8%"' in markup
    assert '<a href="../book/x.html">A chapter</a>' in markup


def test_what_is_no_number_cannot_be_drawn():
    with pytest.raises(ExtensionError, match="no number in 'many'"):
        hero.erratum(finding("many"), "")


def test_every_interactive_of_the_book_is_listed_with_a_picture_that_is_there():
    found = list(hero.interactives(REPOSITORY))
    markup = hero.plays(found, "")

    assert {kind for kind, *_ in found} == set(hero.PLAYS)
    for kind in hero.PLAYS:
        assert f'src="_static/plays/{kind}.webp"' in markup
        picture = REPOSITORY / "book" / "_static" / "plays" / f"{kind}.webp"
        assert 0 < picture.stat().st_size < 15_000


def test_an_interactive_that_is_not_described_stops_the_build():
    with pytest.raises(ExtensionError, match=r"hero\.PLAYS what one does in \['odd'\]"):
        hero.plays([("odd", "Odd", "x.html")], "")


def test_the_picture_of_the_front_page_is_light_and_always_the_same():
    assert hero.hero() == hero.hero()
    assert hero.photograph().shape == hero.SIZE[::-1]
    assert len(hero.hero().encode()) < 220_000


PICTURES = '<img alt="a" src="../_images/a.png" /><p>x</p><img src="../_images/b.png">'


def test_pictures_but_the_first_are_loaded_late_and_have_their_size():
    first, second = lazy_images.late(PICTURES, {"a.png": (4, 3), "b.png": (2, 1)}.get).split("<p>")

    assert first == '<img alt="a" src="../_images/a.png" width="4" height="3">'
    assert second.endswith('<img src="../_images/b.png" width="2" height="1" loading="lazy">')


def test_a_picture_that_says_its_size_keeps_it_and_others_are_left_alone():
    given = '<img src="_images/a.png" width="7"><img src="data:image/png;base64,x">'

    assert lazy_images.late(given, lambda _: (4, 3)) == given


def test_a_heavy_picture_is_written_lighter_with_the_same_pixels(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (200, 300, 4), dtype=np.uint8)
    pixels[..., 3] = 255
    pixels[:120] = 7
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)

    name = lazy_images.lighter(path, tmp_path / "out", "b.png")

    assert name == "b.webp"
    assert (tmp_path / "out" / name).stat().st_size < path.stat().st_size
    with Image.open(tmp_path / "out" / name) as picture:
        assert np.array_equal(np.asarray(picture.convert("RGBA")), pixels)


def test_a_photograph_that_is_too_heavy_loses_a_little(tmp_path):
    coarse = np.random.default_rng(0).integers(40, 216, (20, 30, 3), dtype=np.uint8)
    noise = np.random.default_rng(1).integers(-9, 10, (400, 600, 3))
    smooth = np.asarray(Image.fromarray(coarse).resize((600, 400), Image.Resampling.BICUBIC))
    pixels = np.clip(smooth + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")

    name = lazy_images.lighter(tmp_path / "a.png", tmp_path / "out", "a.png")

    with Image.open(tmp_path / "out" / name) as picture:
        error = np.abs(np.asarray(picture.convert("RGB")).astype(int) - pixels).mean()
    assert 0 < error < 6
    assert (tmp_path / "out" / name).stat().st_size < (tmp_path / "a.png").stat().st_size / 3


def test_a_light_picture_stays_as_it_is(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (9, 9)).save(path)

    assert lazy_images.lighter(path, tmp_path, "a.png") is None
