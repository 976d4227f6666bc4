"""The prose guard catches numbers without evidence, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from coursecnn.evidence import ledger
from harness import grammar, prose
from tests.notebooks import build_notebook, code, displayed, text, write_notebook

PUBLISHED = ledger.read_entries(
    """
    [lecture.parameters]
    printed = "93,322"
    unit = "parameters"
    meaning = "The whole network"
    source = "Lecture, second summary"
    kind = "recomputed"

    [paper.error]
    printed = "18.05"
    unit = "%"
    meaning = "The test error"
    source = "Paper, table 2"
    kind = "cited"
    """
)


def unproved(path: Path, *sources: object) -> list[str]:
    write_notebook(path / "chapter.ipynb", sources)
    return [found.number for found in prose.check(path / "chapter.ipynb", PUBLISHED)]


EXAMPLES = [
    pytest.param(example, id=f"{exemption.name}: {example}")
    for exemption in grammar.EXEMPTIONS
    for example in exemption.examples
]


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_an_exemption_is_exempt(example):
    assert [number.text for number in grammar.stated_in(example)] == []


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_exemption_ends_where_the_next_number_begins(example):
    assert [number.text for number in grammar.stated_in(f"{example}: 77.7")] == ["77.7"]


@pytest.mark.parametrize(
    "sentence",
    [
        "the 3 filters, from 0 to 10",
        "`Dense(512)` with `stride=12` on `(28, 28, 1)`",
        "three hundred",
        "$O = (N - F + 2P)/S + 1$",
        "the ratio is 1/9",
    ],
)
def test_small_counts_code_and_words_are_exempt(sentence):
    assert list(grammar.stated_in(sentence)) == []


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,253,674", "1253674"),
        ("60 000", "60000"),
        ("60\u202f000", "60000"),
        (r"$204{,}800$", "204800"),
        (r"$60\,000$", "60000"),
        ("−498", "-498"),
        ("(-498)", "-498"),
        ("-3", "-3"),
        ("3 %", "0.03"),
        (r"$99.2\%$", "0.992"),
        ("1.25 million", "1250000"),
        ("358M", "358000000"),
        ("60k", "60000"),
        ("96 MB", "96000000"),
        ("12 MiB", "12582912"),
        ("2.7 × 10^5", "270000"),
        (r"$2.7 \times 10^{-5}$", "0.000027"),
        ("10⁻³", "0.001"),
        ("1e-4", "0.0001"),
        ("`93,322`", "93322"),
        ("**93,322**", "93322"),
        ("_93,322_", "93322"),
        ("50-layer", "50"),
        ("28px", "28"),
        ("top-5 99.2", "99.2"),
        ("| 784 |", "784"),
        ("0–255", "255"),
        ("1920 parameters", "1920"),
        ("in 1920 steps", "1920"),
        ("of 2048 units", "2048"),
        ("the 2000 images", "2000"),
        ("60000 × 2", "60000"),
        ("step 0.01", "0.01"),
        ("N-28", "28"),
        ("```\n93322\n```", "93322"),
    ],
)
def test_every_other_number_is_stated(written, value):
    assert [str(number.value.value) for number in grammar.stated_in(written)] == [value]


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ("93,322", "Total params: 93322"),
        ("93,322", "93,322"),
        ("99.2 %", "accuracy 0.9918"),
        ("99.2 %", "error and accuracy in %: 0.8 99.18"),
        ("99 %", "0.9914"),
        ("358M", "358,410,240"),
        ("358 million", "358M"),
        ("96 MB", "96,000,123"),
        ("−25", "[[-25]]"),
        ("308 − 498", "308 -498"),
        ("0.33", "0.3333"),
        ("28", "28x28x32"),
        ("12", "(None, 12, 7)"),
    ],
)
def test_a_number_is_proved_by_one_that_rounds_to_it(tmp_path, stated, shown):
    assert unproved(tmp_path, text(stated), code("show()", shown)) == []


@pytest.mark.parametrize(
    ("stated", "shown"),
    [
        ("93,323", "93,322"),
        ("99.2 %", "accuracy 0.9914"),
        ("5 %", "a kernel of 5"),
        ("358M", "359,410,240"),
        ("-25", "25"),
        ("25", "-25"),
        ("0.34", "0.3333"),
        ("345", "12345 0.345 conv2d_345 v345"),
        ("12345", "12 345"),
    ],
)
def test_a_number_is_not_proved_by_one_that_does_not_round_to_it(tmp_path, stated, shown):
    assert unproved(tmp_path, text(stated), code("show()", shown)) == [stated]


@pytest.mark.parametrize(
    "output",
    [
        "93,322\n",
        displayed(text_plain="93322"),
        displayed(text_html="<table><td class='x17'>93,322</td></table>"),
        displayed(text_markdown="**93,322**"),
    ],
)
def test_evidence_is_text_in_any_form(tmp_path, output):
    assert unproved(tmp_path, text("93,322"), code("show()", output)) == []


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(code("parameters = 93_322"), id="code"),
        pytest.param(code("show()", "93,322", tags=["nbval-ignore-output"]), id="ignored output"),
        pytest.param(code("show()", displayed(image_svg="<svg>93,322</svg>")), id="picture"),
        pytest.param(code("show()", displayed(text_html="<td id='93322'>")), id="HTML attribute"),
        pytest.param(code("print('lecture.parameter')"), id="another key"),
    ],
)
def test_what_nobody_compares_is_no_evidence(tmp_path, cell):
    assert unproved(tmp_path, text("93,322"), cell) == ["93,322"]


def test_an_entry_that_the_code_names_is_evidence(tmp_path):
    cell = code("%matplotlib inline\nledger.compare('lecture.parameters', 93_322)")
    assert unproved(tmp_path, text("It has 93,322, an error of 18.05 %."), cell) == ["18.05 %"]
    both = code("use('paper.error', 'lecture.parameters')")
    assert unproved(tmp_path, text("It has 93,322, an error of 18.05 %."), both) == []


def test_the_message_names_cell_number_sentence_and_nearest_evidence(tmp_path):
    story = text("## The head\n\nIt is small. The network has 93,323 parameters. It learns.")
    path = write_notebook(tmp_path / "a.ipynb", [story, code("show()", "55,744 93,322 12")])
    (found,) = prose.check(path, PUBLISHED)
    assert found.cell == "text cell 1 (The head)"
    assert str(found).splitlines()[0].endswith("nothing proves '93,323'")
    assert "in: The network has 93,323 parameters." in str(found)
    assert "nearest: 93,322 (code cell 1), 55,744 (code cell 1)" in str(found)


def test_keys_that_the_ledger_lacks_are_named(tmp_path):
    cell = code("ledger.cite('paper.error'); ledger.compare('no.such', 3); judge('nor.this', b)")
    path = write_notebook(tmp_path / "a.ipynb", [cell, code("exercises.compare('q', 1)")])
    assert [found.key for found in prose.unknown_keys(path, PUBLISHED)] == ["no.such", "nor.this"]


def test_the_command_fails_on_an_unproved_number(tmp_path, capsys):
    path = write_notebook(tmp_path / "a.ipynb", [text("It has 93,323 parameters.")])
    assert prose.main([str(path)]) == 1
    assert "nothing proves '93,323'" in capsys.readouterr().out


STORY = (
    "The image has 28×28 pixels, 784 in all. The first layer has 320 parameters, the second "
    "18,496 and the third 36,928, together 55,744; with the head there are 93,322. It is trained "
    "on 60,000 images and reaches 99.12 % (0.9912) on the test set, a loss of 0.0271. "
    "$308 + (-498) + 164 + 1 = -25$. It needs 2.7 × 10^5 operations and 0.37 MB."
)
RESULTS = (
    "784 320 18496 36928 55744 93322 60000 accuracy 0.99118 loss 0.02712 "
    "308 -498 164 -25 macs 273,218 bytes 373,288 batch 128 mean 0.1307 std 0.3081"
)


def test_almost_every_changed_digit_of_a_stated_number_is_caught(tmp_path):
    """The few that pass say what another output happens to show."""
    evidence = [prose.Evidence(number, "output") for number in grammar.shown_in(RESULTS)]
    results = [is_caught(mutant, evidence) for mutant in mutants(STORY)]
    assert unproved(tmp_path, text(STORY), code("show()", RESULTS)) == []
    assert len(results) > 500
    assert sum(results) / len(results) > 0.98


def mutants(story: str) -> list[str]:
    """Every way of changing one digit of a stated number."""
    return [
        story[:place] + digit + story[place + 1 :]
        for number in grammar.stated_in(story)
        for place in range(number.start, number.start + len(number.text))
        for digit in "0123456789"
        if story[place].isdigit() and story[place] != digit
    ]


def is_caught(story: str, evidence: list[prose.Evidence]) -> bool:
    return any(
        not any(number.states(known.number) for known in evidence)
        for number in grammar.stated_in(story)
    )


def test_build_notebook_makes_a_valid_normalised_notebook():
    assert [cell.cell_type for cell in build_notebook(["1 + 1", text("# T")]).cells] == [
        "code",
        "markdown",
    ]
