"""The prose guard: honest sentences are bound without a fight, mistakes get a cure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from coursecnn.evidence import ledger
from harness import bindings, grammar, normalise, prose, sources
from tests.notebooks import PIXEL, code, displayed, text, write_notebook

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
RESULTS = """\
image (28, 28, 1), maps 26x26x32, kernel 3
first layer 320 parameters, second 18496, third 36928
Total params: 93,322
trained on 60000 images, tested on 10000
accuracy 0.9909, spread 0.0009, lowest 0.9893, highest 0.9918
loss 0.0271, at the beginning 2.3026
88 of 10000 images are wrong
plain 95.2 s, faster 31.7 s
weight decay 0.0005, learning rate 0.001
file 373288 bytes, memory 1253674 numbers
convolution -25, products 308 -498 164
right (%) 71.5, products (millions) 24.8
"""
CHAPTER = [
    text("# Results"),
    code("epochs, batch = 20, 32\nangle = 45  # not 77\nstride = (2, 2)"),
    code("show()", RESULTS),
    code("ledger.cite('paper.error')"),
]


@pytest.fixture(autouse=True)
def entries(monkeypatch):
    monkeypatch.setattr(ledger, "entries", lambda: PUBLISHED)


def chapter(folder: Path, *sentences: str) -> Path:
    cells = [*CHAPTER[:1], *map(text, sentences), *CHAPTER[1:]]
    return write_notebook(folder / "chapter.ipynb", cells)


def bound(folder: Path, *sentences: str) -> tuple[prose.Page, list[str]]:
    """A chapter with these sentences, bound; what the guard says of it."""
    path = chapter(folder, *sentences)
    list(prose.bind(path))
    page = prose.Page(path)
    return page, list(map(str, page.problems()))


HONEST = [
    "It has 93,322 parameters, 320 of them in the first layer.",
    "It has 93\u202f322 parameters.",
    "Of 60 000 images $10{,}000$ are kept.",
    "It reaches 99.1 % of the test images.",
    "It reaches 99.1 ± 0.1 %.",
    "It reaches (99.1 ± 0.1) %.",
    "The seeds lie between 98.9 and 99.2 %.",
    "The seeds lie between 98.9 and 99.2 percent.",
    "An accuracy of 0.99 is easy.",
    "More than 98 % are right.",
    "The loss falls from 2.30 to 0.03.",
    "The network holds 1.25 M numbers.",
    "The network holds 1.25 million numbers, or 1,254 thousand.",
    "The file has 373 kB, or 0.37 MB.",
    "The weight decay is $5 \\cdot 10^{-4}$, which is 5·10⁻⁴ or 0.0005.",
    "The learning rate is 1e-3.",
    "20 epochs with batches of 32.",
    "A stride of 2 and 3×3 kernels.",
    "Images of 28×28×1 become maps of 26 × 26 × 32.",
    "The angle is 45°.",
    "The products are 308, −498 and 164; the result is -25.",
    "$(28 - 3)/1 + 1 = 26$ columns.",
    "By hand: 3 × 3 × 1 × 32 + 32 = 320.",
    "$\\frac{1}{4} + \\frac{1}{4} = 0.5$",
    "The first is 3.0 times as slow.",
    "The error is 0.9 %.",
    "A share of 0.88 % is wrong.",
    "The highest is 0.25 points above the lowest.",
    "The first two layers have 18,816 parameters together.",
    "The paper prints an error of 18.05 %.",
    "LeCun wrote it in 1998, and by 2020 everybody knew.",
    "On 12 May 2024 it was still so.",
    "The 1990s, and 1989-1998.",
    "See chapters 11, 12 and 13, and section 2.11.",
    "Eq. 12, Fig. 11 and Sec. 2.11 of the paper.",
    "It needs Python 3.12 and Keras 3.8.",
    "VGG16, ResNet-50/101/152 and CIFAR-10.",
    "1. The first item\n2. The second item",
    "The weights $w_{11}$ and $x_1$, and `Conv2D(77, 5)`.",
    "[A paper](https://doi.org/10.1109/5.726791) of 1998.",
    "## 3. Three of five\n\nHalf of it, the tenth time.",
    "Three of the five runs take half the time, with twice as many weights.",
    "One idea, the two networks, one of them: half an hour.",
]


def test_there_are_forty_honest_sentences():
    assert len(HONEST) >= 40


@pytest.mark.parametrize("sentence", HONEST)
def test_an_honest_sentence_is_bound_or_excused_without_a_fight(tmp_path, sentence):
    _, problems = bound(tmp_path, sentence)
    assert problems == []


BIND = r"\n  python -m harness.prose --bind \S*chapter.ipynb"
OR_REBIND = r"\n  correct it, or if another source is meant: python -m harness.prose --rebind "
# What is written first, what it becomes, and what is said.
MISTAKES = {
    "a digit that is wrong": (
        "It has 93,322 parameters.",
        "It has 93,332 parameters.",
        f"'93,332' is not .*Total params: .*; it was '93,322'\n  in: It has 93,332 .*{OR_REBIND}",
    ),
    "a rounding that is wrong": ("99.1 % are right.", "99.2 % are right.", "'99.2 %' is not what"),
    "a sign that is lost": (
        "The sum is -25 then.",
        "The sum is 25 then.",
        "'25' .*it is -25 there",
    ),
    "a per cent that is lost": (
        "It reaches 99.1 % here.",
        "It reaches 99.1 here.",
        "'99.1' is not",
    ),
    "a unit that is wrong": (
        "The file has 373 kB.",
        "The file has 373 MB.",
        "'373 MB' is not what",
    ),
    "million for thousand": (
        "1,254 thousand numbers.",
        "1,254 million numbers.",
        "'1,254 million' is not what it is bound to",
    ),
    "less for more": (
        "It is right for more than 98 % of them.",
        "It is right for less than 98 % of them.",
        "'98 %' is not what it is bound to, .*: it is 0.99",
    ),
    "a per cent that is lost, where the column has it": (
        "It is right for 71.5 % here.",
        "It is right for 71.5 here.",
        "'71.5' is not what it is bound to, .*: the unit was changed; it was '71.5 %'",
    ),
    "million for thousand, where the column has it": (
        "It does 24.8 million of them.",
        "It does 24.8 thousand of them.",
        "'24.8 thousand' is not what it is bound to, .*: the unit was changed",
    ),
    "at least for at most": (
        "It has at most 320 parameters.",
        "It has at least 320 parameters.",
        "'320' is not what it is bound to, .*: the words before it say the contrary",
    ),
    "two numbers that change places": (
        "Of 60000 images, 88 are wrong.",
        "Of 88 images, 60000 are wrong.",
        "'88' is not what it is bound to, .*: it is 60000 there",
    ),
    "a decade that there was not": (
        "What did the 1990s build?",
        "What did the 1290s build?",
        "'1290s' is no number, and no name",
    ),
    "a size that is wrong": ("Maps of 26×26×32.", "Maps of 28×26×32.", "'28×26×32' is not what"),
    "a calculation that is wrong": (
        "$(28 - 3)/1 + 1 = 26$",
        "$(28 - 3)/1 + 1 = 25$",
        "does not hold: .* is 26, not 25\n.*\n  correct the calculation",
    ),
    "a calculation that begins with nought": (
        "$(28 - 3)/1 + 1 = 26$",
        "$(28 - 3)/1 + 1 = 06$",
        "does not hold: .* is 26, not 06",
    ),
    "a chapter that there is not": (
        "See chapter 4.",
        "See chapter 0.",
        "'chapter 0' is not what it is bound to",
    ),
    "a figure that there is not": (
        "See figure 2.7.",
        "See figure 0.7.",
        "'figure 0.7' is not what it is bound to, 'reference': .* it was 'figure 2.7'",
    ),
    "a second table that there is not": (
        "See tables 2.7 and 2.8.",
        "See tables 2.7 and 0.8.",
        "'tables 2.7 and 0.8' is not what it is bound to",
    ),
    "a name that nobody has": (
        "VGG16",
        "VGG12",
        "'VGG12' is no number, and no name of harness/names",
    ),
    "another name": (
        "By VGG16 then.",
        "By VGG19 then.",
        "'VGG19' is not .*'name'.* it was 'VGG16'",
    ),
    "another data set": ("On CIFAR-10 too.", "On CIFAR-15 too.", "'CIFAR-15' is no number, and no"),
    "another year": ("LeCun, in 1998, said", "LeCun, in 1996, said", "'1996' is not .*'year'"),
    "another chapter": (
        "See chapter 4.",
        "See chapter 7.",
        "'chapter 7' is not what it is bound to",
    ),
    "another small count": ("A kernel of 3 rows.", "A kernel of 4 rows.", "'4' is not what it is"),
    "another ratio": ("It is 3.0 times as slow.", "It is 3.4 times as slow.", "'3.4' is not what"),
    "another count in words": (
        "Three of the five runs fail.",
        "Three of the six runs fail.",
        "'six' is not what it is bound to, 'word': .* nothing computes it; it was 'five'",
    ),
    "another part in words": (
        "It takes a third of the time.",
        "It takes a quarter of the time.",
        "'a quarter' is not what it is bound to, 'word': .*; it was 'a third'",
    ),
    "a number that nothing shows": (
        "",
        "It took 7,777 steps.",
        (
            r"nothing proves '7,777'; nearest: 10000 \(.*\n.*\n  correct it, or have a cell "
            r"print it; .*write \['It took ‹7,777› steps.', '= .*chapter.numbers.toml"
        ),
    ),
    "a number of a comment": ("", "An angle of 77 degrees.", "nothing proves '77'; nearest: "),
    "a number that is not bound yet": (
        "",
        "It has 93,322 parameters.",
        f"'93,322' is not bound to a source yet\n.*{BIND} binds it, to 'Total params: ‹93,322›'",
    ),
    "a sentence that was moved and not bound": (
        "It has 93,322 parameters.",
        "After all this it has 93,322 parameters.",
        f"chapter.numbers.toml is not as the text is{BIND} writes it anew",
    ),
}


@pytest.mark.parametrize(("before", "after", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_answered_with_cell_cause_and_cure(tmp_path, before, after, message):
    _, problems = bound(tmp_path, before)
    assert problems == []
    path = chapter(tmp_path, after)
    said = "\n".join(map(str, prose.Page(path).problems()))
    assert re.search(message, said)
    assert re.search(r"^\S*chapter.ipynb, (?:text cell 2 \(Results\)|numbers): ", said)


def test_there_are_twenty_mistakes():
    assert len(MISTAKES) >= 20


CHANGED = [
    key for key, (before, _, said) in MISTAKES.items() if before and "not as the text" not in said
]


@pytest.mark.parametrize("mistake", CHANGED)
def test_binding_anew_never_explains_a_mistake_away(tmp_path, mistake):
    before, after, _ = MISTAKES[mistake]
    bound(tmp_path, before)
    _, problems = bound(tmp_path, after)
    assert problems


class TestBinding:
    """What keeps a binding, and what renews it."""

    def test_text_may_be_moved_and_reworded(self, tmp_path):
        first, _ = bound(tmp_path, "It has 93,322 parameters.", "An angle of 45 degrees, then.")
        second, problems = bound(
            tmp_path, "## New\n\nAn angle of 45 degrees, then.", "Well, it has 93,322 parameters!"
        )
        assert problems == []
        assert {each.source for each in first.bound} == {each.source for each in second.bound}

    def test_a_new_output_and_a_text_that_follows_are_bound_together(self, tmp_path):
        bound(tmp_path, "It has 93,322 parameters.")
        path = tmp_path / "chapter.ipynb"
        changed = [text("# Results"), text("It has 93,333 parameters.")]
        changed.append(code("show()", RESULTS.replace("93,322", "93,333")))
        write_notebook(path, changed)
        list(prose.bind(path))
        assert prose.check(path) == []
        assert [each.source for each in bindings.read(path)] == ["Total params: ‹93,333›"]

    def test_a_new_output_alone_is_noticed(self, tmp_path):
        bound(tmp_path, "It has 93,322 parameters.")
        path = tmp_path / "chapter.ipynb"
        output = code("show()", RESULTS.replace("93,322", "93,333"))
        write_notebook(path, [text("# Results"), text("It has 93,322 parameters."), output])
        list(prose.bind(path))
        assert "nothing proves" in str(prose.check(path)[0]) or "not there" in str(
            prose.check(path)[0]
        )

    def test_the_nearest_is_taken_and_rebinding_takes_it_anew(self, tmp_path):
        path = write_notebook(
            tmp_path / "chapter.ipynb",
            [
                *(text("# A"), code("a", "maps 12\n"), text("## B"), text("There are 12 layers.")),
                *(code("b", "layers 12\n"), text("## C"), code("c", "rows 12\n")),
            ],
        )
        list(prose.bind(path))
        assert [each.source for each in bindings.read(path)] == ["layers ‹12›"]

    def test_a_word_is_bound_where_an_author_writes_so(self, tmp_path):
        path = chapter(tmp_path, "It takes a third of the time.")
        line = ["It takes ‹a third› of the", "= {‹31.7› s} / {plain ‹95.2› s,}"]
        bindings.write(path, [bindings.Binding("Results", *line)])
        list(prose.bind(path))
        assert prose.check(path) == []
        assert [each.context for each in bindings.read(path)] == ["It takes ‹a third› of the"]
        line[1] = "= {plain ‹95.2› s,} / {‹31.7› s}"
        bindings.write(path, [bindings.Binding("Results", *line)])
        assert "'a third' is not what it is bound to" in str(prose.check(path)[0])
        list(prose.bind(path, again=True))
        assert prose.check(path), "an expression gives way to no other source by itself"

    def test_any_other_number_in_words_is_bound_where_an_author_writes_so(self, tmp_path):
        path = chapter(tmp_path, "It is so for two digits.")
        line = bindings.Binding("Results", "It is so for ‹two› digits.", "code: (‹2›, 2)")
        bindings.write(path, [line._replace(source="code: stride = (‹2›, 2)")])
        list(prose.bind(path))
        assert prose.check(path) == []
        bindings.write(path, [line._replace(source="code: stride = (2, ‹3›)")])
        assert prose.check(path)

    @pytest.mark.parametrize(
        ("said", "value", "agrees"),
        [
            ("three of", "3", True),
            ("three of", "3.1", True),
            ("twenty of", "19", False),
            ("half the", "0.48", True),
            ("half the", "0.46", False),
            ("about half the", "0.45", True),
            ("more than half the", "0.6", True),
            ("more than half the", "0.4", False),
            ("nearly twice the", "1.8", True),
            ("nearly twice the", "2.1", False),
            ("nine tenths of", "0.894", True),
            ("two and a half times the", "2.5", True),
        ],
    )
    def test_a_number_in_words_is_as_exact_as_it_says(self, said, value, agrees):
        token = next(each for each in grammar.tokens(f"it is {said} five") if each.kind == "word")
        shown = next(grammar.shown_in(value))
        before = f"it is {said} five"[: token.start]
        assert sources._agree(token, shown, before) is agrees

    def test_a_count_in_words_is_bound_to_what_counts_the_same_things(self, tmp_path):
        cell = code("show()", "3 of 5 runs agree, 5 maps\n")
        path = write_notebook(tmp_path / "chapter.ipynb", [text("# A\n\nAll five runs."), cell])
        list(prose.bind(path))
        assert [each.source for each in bindings.read(path)] == ["3 of ‹5› runs agree, 5 maps"]

    def test_marks_in_a_text_are_not_those_of_its_binding(self, tmp_path):
        path = chapter(tmp_path, "Of ‹all› of it, ‹93,322› are parameters.")
        list(prose.bind(path))
        assert prose.check(path) == []
        assert [each.context for each in bindings.read(path)] == [
            "Of <all> of it, <‹93,322›> are parameters."
        ]

    def test_what_measures_anew_is_sealed_by_a_run_alone(self, tmp_path):
        def stored(loss: str) -> Path:
            anew = code("assert fit()", loss, tags=["nbval-ignore-output"])
            return write_notebook(tmp_path / "chapter.ipynb", [text("# A"), anew])

        path = stored("loss 0.6446\n")
        list(prose.bind(path))
        assert prose.check(path) == []
        stored("loss 0.1446\n")
        list(prose.bind(path))
        assert "are not those that were stored by a run" in str(prose.check(path)[0])
        list(prose.bind(path, measured=True))
        assert prose.check(path) == []

    def test_on_a_terminal_several_are_shown_and_one_is_asked_for(self, tmp_path, monkeypatch):
        asked = []
        monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
        monkeypatch.setattr("builtins.input", lambda words: asked.append(words) or "2")
        path = write_notebook(
            tmp_path / "chapter.ipynb", [text("# A\n\nIt has 12."), code("a", "x 12\ny 12\n")]
        )
        list(prose.bind(path))
        assert "  1  x ‹12›\n  2  y ‹12›\nwhich one proves it? [1] " in asked[0]
        assert [each.source for each in bindings.read(path)] == ["y ‹12›"]

    def test_normalising_binds(self, tmp_path, capsys):
        path = chapter(tmp_path, "It has 93,322 parameters, and 7,777 more.")
        assert normalise.main([str(path)]) == 0
        said = capsys.readouterr().out
        assert "It has ‹93,322› parameters, and : Total params: ‹93,322›" in said
        assert "numbers are not proved: python -m harness.prose" in said

    def test_a_file_that_says_it_is_of_another_page_is_noticed(self, tmp_path):
        path = chapter(tmp_path, "It has 93,322 parameters.")
        list(prose.bind(path))
        stored = bindings.file(path)
        stored.write_text(stored.read_text().replace("of chapter.ipynb", "of chapter2.ipynb"))
        assert "does not begin with the name of its page" in str(prose.check(path)[0])
        list(prose.bind(path))
        assert prose.check(path) == []

    def test_a_damaged_file_is_named(self, tmp_path):
        path = chapter(tmp_path, "It has 93,322 parameters.")
        bindings.file(path).write_text('"Results" = 3')
        with pytest.raises(ValueError, match=r"chapter.numbers.toml is not a list of pairs .*git"):
            prose.check(path)


@pytest.mark.parametrize(
    "cell",
    [
        pytest.param(code("show()", "93,322", tags=["nbval-ignore-output"]), id="ignored output"),
        pytest.param(code("show()", displayed(image_svg="<svg>93,322</svg>")), id="picture"),
        pytest.param(code("show()", displayed(text_html="<td id='93322'>")), id="HTML attribute"),
        pytest.param(code("plt", displayed(text_plain="<Figure size 93322x7>")), id="figure size"),
        pytest.param(code("print('lecture.parameter')"), id="another key"),
        pytest.param(code("a = 1  # 93322"), id="comment"),
        pytest.param(code("print(a[93322])"), id="subscript"),
        pytest.param(code("show()", "resnext_93322x4d: 7"), id="name of an output"),
    ],
)
def test_what_nobody_compares_is_no_evidence(tmp_path, cell):
    path = write_notebook(tmp_path / "chapter.ipynb", [text("It has 93,322 of them."), cell])
    list(prose.bind(path))
    assert "nothing proves '93,322'" in str(prose.check(path)[0])


@pytest.mark.parametrize(
    ("cell", "source"),
    [
        (code("f", displayed(text_plain="93322 in all")), "‹93322› in all"),
        (code("f", displayed(text_html="<tr><td>all</td><td>93,322</td>")), "all ‹93,322›"),
        (code("f", displayed(text_markdown="**93,322**")), "**‹93,322›**"),
        (code("parameters = 93_322"), ""),
        (code("parameters = 93322"), "code: parameters = ‹93322›"),
        (code("ledger.cite('lecture.parameters')"), "ledger: lecture.parameters"),
    ],
)
def test_a_number_is_bound_to_text_of_any_form(tmp_path, cell, source):
    path = write_notebook(tmp_path / "chapter.ipynb", [text("It has 93,322 of them."), cell])
    list(prose.bind(path))
    assert [each.source for each in bindings.read(path)] == [source] * bool(source)


def test_a_figure_is_described_with_numbers_of_its_outputs_or_its_own(tmp_path):
    alt = {"image": {"alt": "A curve from 0.0271 down to 0.0123, in words."}}
    drawn = code("plt.show()", displayed(image_png=PIXEL), mystnb=alt)
    path = write_notebook(tmp_path / "chapter.ipynb", [text("# A"), CHAPTER[2], drawn])
    list(prose.bind(path))
    assert [each.source.partition("‹")[0] for each in bindings.read(path)] == ["loss ", "figure"]
    assert prose.check(path) == []


EXCUSED = {
    "address": [
        "[the paper](https://a.org/12345)",
        "https://a.org/12345",
        "10.1109/5.726791",
        "arXiv:1409.1556",
    ],
    "list": ["12. the twelfth item"],
    "reference": [
        "Chapter 12",
        "section 2.11",
        "exercises 11 and 12",
        "chapters 11, 12 and 13",
        "Fig. 14",
        "slide 61",
        "equation (12)",
    ],
    "year": [
        "in 1998",
        "by 2020",
        "(1989-1998)",
        "[1959]",
        "(a lecture, 1981)",
        "Fukushima, 1980",
        "LeCun et al. 1998",
        "ILSVRC 2012",
        "the 1980s",
        "12 May 2024",
    ],
    "version": ["Python 3.11, 3.12 or 3.13", "Keras 3.8", "version 2.1.0"],
    "index": ["$x_{12}$", "x_1"],
}
EXAMPLES = [(name, example) for name, examples in EXCUSED.items() for example in examples]


def test_every_excuse_has_examples():
    assert EXCUSED.keys() == grammar.EXCUSES.keys()


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_every_example_of_an_excuse_is_excused(name, example):
    assert {token.kind for token in grammar.tokens(example)} == {name}


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_excuse_ends_where_the_next_number_begins(name, example):
    found = [(token.kind, token.text) for token in grammar.tokens(f"{example}: 77.7")]
    assert found[0][0] == name
    assert found[-1] == ("number", "77.7")


@pytest.mark.parametrize("name", grammar.NAMES_FILE.read_text("utf-8").split())
def test_a_name_of_the_list_is_known_and_no_other(name):
    name = name.replace("_", " ")
    assert [token.kind for token in grammar.tokens(f"By {name}, then")] == ["name"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1,253,674", "1253674"),
        ("60 000", "60000"),
        (r"$204{,}800$", "204800"),
        ("−498", "-498"),
        ("(-498)", "-498"),
        ("3 %", "0.03"),
        (r"$99.2\%$", "0.992"),
        ("1.25 million", "1250000"),
        ("1.25 M", "1250000"),
        ("358M", "358000000"),
        ("96 MB", "96000000"),
        ("12 MiB", "12582912"),
        ("2.7 × 10^5", "270000"),
        (r"$2.7 \times 10^{-5}$", "0.000027"),
        ("10⁻³", "0.001"),
        ("`93,322`", "93322"),
        ("50-layer", "50"),
        ("28px", "28"),
        ("1920 parameters", "1920"),
        ("of 2048 units", "2048"),
        ("step 0.01", "0.01"),
        ("at step 10, 0.01", "0.01"),
        ("in figure 5.5, 0.35", "0.35"),
        ("```\n93322\n```", "93322"),
    ],
)
def test_a_number_is_read_as_it_is_written(written, value):
    found = [token.number for token in grammar.tokens(written)]
    assert [str(number.value.value) for number in found if number] == [value]


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        ("= 3 * 4", "names no source"),
        ("= {Total params: ‹93,322›} / 0", "cannot be evaluated"),
        ("= open({Total params: ‹93,322›})", "numbers, "),
        ("= {Total params: ‹93,323›} / 2", "is not there any more"),
        ("Total params: 93,322", "marks no number"),
        ("Total params: ‹93›,322", "'93' is no number in 'Total params: 93,322'"),
        ("ledger: no.such", "published.toml has no entry 'no.such'"),
        ("@../../etc/passwd.txt: ‹3›", "there is no file 'passwd.txt'"),
    ],
)
def test_a_source_that_is_none_says_why(tmp_path, expression, fault):
    page, _ = bound(tmp_path, "It has 46,661 of them.")
    with pytest.raises(ValueError, match=fault):
        page.sources.value(expression)


def test_keys_that_the_ledger_lacks_are_named(tmp_path):
    cell = code("ledger.cite('paper.error'); ledger.compare('no.such', 3); judge('nor.this', b)")
    path = write_notebook(tmp_path / "a.ipynb", [cell, code("exercises.compare('q', 1)")])
    said = [found.message for found in prose.unknown_keys(path)]
    assert said == [f"published.toml has no entry {key!r}" for key in ("no.such", "nor.this")]


def test_the_command_fails_on_an_unproved_number(tmp_path, capsys):
    path = write_notebook(tmp_path / "a.ipynb", [text("It has 93,323 parameters.")])
    assert prose.main([str(path)]) == 1
    assert "nothing proves '93,323'" in capsys.readouterr().out


@pytest.mark.slow
def test_no_digit_of_the_book_is_in_no_token():
    for path in prose.pages():
        for part in bindings.texts(path):
            told = "".join(token.text for token in grammar.tokens(part.source))
            assert sorted(re.findall(r"\d", told)) == sorted(re.findall(r"\d", part.source))


def test_sources_are_quoted_in_whole_words():
    line = " ".join(["word"] * 30 + ["loss=0.25"] + ["word"] * 30)
    (shown,) = [shown for shown, _ in sources.Sources(_notebook(line)).shown]
    assert shown.quotation.startswith("word ")
    assert "loss=‹0.25›" in shown.quotation
    assert len(shown.quotation) < 80


def _notebook(line: str):
    from tests.notebooks import build_notebook

    return build_notebook([code("show()", line)])
