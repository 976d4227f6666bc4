"""Stored interactives get the scripts of the package, and keep their data."""

import json
import shutil

import pytest

from coursecnn.interactive import page
from harness import renew
from harness.cells import ROOT

CHAPTER = ROOT / "book" / "foundations" / "02_convolution.ipynb"
FRAGMENT = page.fragment(
    "replay.js", 'A "replay"', {"text": "</script>", "n": [1, 2.5]}, "<p>x</p>"
)


def test_what_is_new_already_stays_as_it_is():
    html = f"<p>before</p>{FRAGMENT}<p>between</p>{FRAGMENT}<p>after</p>"

    assert renew.renewed(html) == html


@pytest.mark.parametrize(
    "old",
    [
        FRAGMENT.replace("const", "var"),
        FRAGMENT.replace("border", "outline"),
        FRAGMENT.replace("replay-", "replay-0"),
    ],
    ids=["script", "style", "key"],
)
def test_an_old_script_style_or_key_is_renewed(old):
    assert old != FRAGMENT
    assert renew.renewed(f"a{old}b") == f"a{FRAGMENT}b"


def test_html_that_is_no_interactive_is_left_alone():
    assert renew.renewed("<table><script>const a = 1;</script></table>") == (
        "<table><script>const a = 1;</script></table>"
    )


def test_a_chapter_is_renewed_once_and_its_other_outputs_stay(tmp_path, capsys):
    path = tmp_path / "02.ipynb"
    shutil.copy(CHAPTER, path)
    stored = json.loads(path.read_text("utf-8"))
    for cell in stored["cells"]:
        for output in cell.get("outputs", []):
            if html := output.get("data", {}).get("text/html"):
                output["data"]["text/html"] = [
                    line.replace("class Stepper", "class S") for line in html
                ]
    path.write_text(json.dumps(stored), "utf-8")

    assert renew.main([str(path)]) == 0
    assert "its interactives are new" in capsys.readouterr().out
    renew.main([str(path)])

    assert capsys.readouterr().out == ""
    assert path.read_text("utf-8").count("class Stepper") == 1


def test_the_chapters_hold_the_scripts_of_the_package():
    """Else: python -m harness.renew."""
    for path in sorted((ROOT / "book").rglob("*.ipynb")):
        for cell in json.loads(path.read_text("utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                html = "".join(output.get("data", {}).get("text/html", ""))
                assert renew.renewed(html) == html, path.name
