"""Examinations: each paper has other numbers, and every answer is right."""

import math
import re
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from coursecnn import cli
from coursecnn.convolution import correlate2d
from coursecnn.exercises import CHAPTERS, exam, exercises
from coursecnn.exercises.variations import VARIATIONS, Variation

BY_NAME = {variation.name: variation for variation in VARIATIONS}
OF_EXERCISES = [variation for variation in VARIATIONS if variation.own]
# Counted by hand, or printed in the papers and chapters: none of it by the package.
KNOWN = (
    ("convolution.layer", (5, 3, 2, 3), ((3, 3, 2), 56)),
    ("stride_padding_pooling.output_size", (224, 7, 2, 3), 112),
    ("stride_padding_pooling.never_read", (10, 2, 4), 4),
    ("first_cnn.parameters", (32, 64, 64, 64), 93_322),
    ("patterns.field", (1, 2, 3), 3 + 1 + 4 + 2),
    ("vgg.stack", (3, 10), (7, 2700, 4900)),
    ("nin_googlenet.module", (28, 192, 64, 96, 128, 16, 32, 32), 784 * 163_328),
    ("resnet.bottleneck", (64,), 16_384 + 36_864 + 16_384),
    ("resnet.layers", (3, 4, 6, 3), 50),
    ("better_residuals.groups", (64, 32), 64 * 9 * 2),
    ("better_residuals.alive", (54, 0.2), 32),
    ("other_roads.maps_read", (64, 32, 6), 224),
    ("other_roads.fire", (96, 16, 64), 11_920),
    ("cifar10_lab.steps", (50_000, 10, 128), 352),
    ("faster.smoothed", (5, 0.2), 0.84),
    ("faster.ratio", (12, 3, 0.4), 10),
    ("league.false_calls", (10, 90), 4.5),
    ("league.places", (4, 2.569, 14), 1.25),  # Demšar 2006, section 3.2.2
    ("beyond_one_machine.synchronised", (-1, 3, 2, 4), (1, 7)),
    ("what_came_after.unit_parameters", (96, 7), 79_296),
)


def numbers_in(answer):
    """All numbers of an answer."""
    if isinstance(answer, tuple):
        return [number for part in answer for number in numbers_in(part)]
    return np.asarray(answer).ravel().tolist()


@pytest.mark.parametrize("variation", OF_EXERCISES, ids=lambda each: each.name)
def test_with_the_chapter_s_numbers_it_is_the_chapter_s_exercise(variation):
    feedback = exercises()[variation.name].feedback(variation.answer(**variation.own))
    assert feedback.correct, feedback


@pytest.mark.parametrize(("name", "numbers", "answer"), KNOWN, ids=lambda value: str(value)[:40])
def test_an_answer_that_is_known_comes_out(name, numbers, answer):
    variation = BY_NAME[name]
    named = dict(zip(variation.choices, numbers, strict=True))
    assert variation.answer(**named) == answer


def test_each_answer_is_held_against_something_that_the_package_did_not_compute():
    assert {name for name, *_ in KNOWN} | {each.name for each in OF_EXERCISES} == set(BY_NAME)


@pytest.mark.parametrize("variation", VARIATIONS, ids=lambda each: each.name)
@settings(max_examples=25)  # of each variation
@given(seed=st.integers(0, 10**6))
def test_whatever_is_drawn_has_an_answer_that_can_be_written_down(variation, seed):
    numbers = variation.draw(Random(seed))
    answer = numbers_in(variation.answer(**numbers))
    assert answer
    assert all(math.isfinite(number) for number in answer)
    assert all(isinstance(number, int) or round(number, 4) == number for number in answer)
    assert not re.search(r"[{}]", variation.text.format(**numbers))
    assert variation.makes_sense(**numbers)


@given(seed=st.integers(0, 10**6))
def test_a_kernel_to_compute_by_hand_shows_whether_it_was_flipped(seed):
    numbers = BY_NAME["convolution.by_hand"].draw(Random(seed))
    flipped = correlate2d(numbers["image"], numbers["kernel"][::-1, ::-1])
    assert not np.array_equal(correlate2d(**numbers), flipped)


def test_every_chapter_can_be_asked_but_the_one_without_numbers():
    asked = {name.partition(".")[0] for name in BY_NAME}
    assert asked == set(CHAPTERS) - {"comparison"}


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_papers_ask_the_same_with_different_answers(seed):
    first, *others = exam.papers(["lenet", "vgg"], seed=seed, variants=4, questions=3)
    assert [paper.letter for paper in [first, *others]] == ["A", "B", "C", "D"]
    for place, question in enumerate(first.questions):
        column = [paper.questions[place] for paper in [first, *others]]
        assert {each.name for each in column} == {question.name}
        assert len({each.answer for each in column}) == len(column)
        assert len({each.text for each in column}) == len(column)


def test_more_papers_change_none_of_those_that_were_there():
    few, many = (exam.papers(["resnet"], seed=3, variants=count) for count in (2, 5))
    assert many[:2] == few


def written(folder, **options):
    return {path.name: path.read_bytes() for path in exam.write(folder, ["convolution"], **options)}


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(tmp_path):
    first, again, other = (
        written(tmp_path / name, seed=seed, variants=2)
        for name, seed in (("a", 7), ("b", 7), ("c", 8))
    )
    assert list(first) == ["paper_A.html", "paper_B.html", "answers.html"]
    assert first == again
    assert all(first[name] != other[name] for name in first)


@pytest.mark.parametrize("variation", VARIATIONS, ids=lambda each: each.name)
def test_a_text_asks_for_as_many_decimals_as_the_answer_has(variation):
    words = {2: "two", 4: "four"}
    asked = re.findall(r"(\w+) decimals", variation.text)
    assert asked == ([] if variation.decimals is None else [words[variation.decimals]])


@settings(max_examples=25)
@given(seed=st.integers(0, 10**6))
def test_asked_for_decimals_are_printed_with_the_zeros_at_their_end(seed):
    with TemporaryDirectory() as folder:
        *_, answers = exam.write(Path(folder, "exam"), ["faster"], seed=seed)
        printed = re.findall(r"<li>([\d.,]+) <small>", answers.read_text())
    assert [len(text.partition(".")[2]) for text in printed] == [4, 2]


def test_a_variation_has_a_title_exactly_where_no_exercise_has_its_name():
    assert {each.name for each in VARIATIONS if not each.title} == BY_NAME.keys() & exercises()
    titles = [each.title for each in VARIATIONS if each.title]
    assert len(set(titles)) == len(titles)


def test_the_answers_name_an_exercise_only_where_a_chapter_asks_it(tmp_path):
    chapters = list(dict.fromkeys(name.partition(".")[0] for name in BY_NAME))
    *_, answers = exam.write(tmp_path / "exam", chapters)
    origins = re.findall(r"<small>([^<]+)</small></li>", answers.read_text())
    assert len(origins) == len(VARIATIONS)
    assert [origin for origin in origins if ": " not in origin] == [
        name for name in BY_NAME if name in exercises()
    ]
    assert "resnet: weights of a bottleneck" in origins


def test_the_answers_are_in_their_own_file_alone(tmp_path):
    exam.write(tmp_path, ["vgg"], seed=1)
    paper, answers = ((tmp_path / name).read_text() for name in ("paper_A.html", "answers.html"))
    for question in exam.papers(["vgg"], seed=1)[0].questions:
        shown = f"{numbers_in(question.answer)[-1]:,}"
        assert shown in answers
        assert shown not in paper
    assert "coursecnn exam vgg --seed 1 --variants 1" in answers


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"chapters": ["lanet"]}, "'lanet' is no chapter: take some of cortex, convolution"),
        ({"chapters": ["comparison"]}, "'comparison' has no numeric questions: take some of"),
        ({"chapters": []}, "chapters must name at least one of cortex"),
        ({"variants": 0}, "variants must be a positive int, got 0"),
        ({"variants": 27}, "variants must be at most 26, got 27"),
        ({"questions": 9}, "questions must be at most 2, which lenet can ask, got 9"),
        ({"seed": "a"}, "seed must be an int, got 'a'"),
        (
            {"chapters": ["alexnet_zfnet"], "variants": 26},
            r"variants must be at most \d+ where alexnet_zfnet.rounding is asked, got 26",
        ),
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_refused(options, message):
    with pytest.raises(ValueError, match=message):
        exam.papers(**{"chapters": ["lenet"], **options})


def test_a_folder_that_holds_something_is_refused_and_left_alone(tmp_path):
    (tmp_path / "paper_C.html").write_text("of another examination")
    with pytest.raises(ValueError, match="folder must be new or empty"):
        exam.write(tmp_path, ["vgg"])
    assert [path.name for path in tmp_path.iterdir()] == ["paper_C.html"]


def test_the_command_writes_them_and_says_where(tmp_path):
    folder = tmp_path / "exam"
    arguments = ["exam", "vgg", "resnet", "--folder", folder, "--variants", 2, "--questions", 2]
    done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.stderr
    assert done.stdout.split() == [
        str(folder / name) for name in ("paper_A.html", "paper_B.html", "answers.html")
    ]
    refused = CliRunner().invoke(cli.app, ["exam", "vgg", "--folder", str(folder)])
    assert refused.exit_code == 1
    assert "folder must be new or empty" in refused.stderr


def test_the_checks_above_can_fail():
    """A wrong rule is seen in the chapter's own numbers."""
    right = BY_NAME["cortex.dense_parameters"]
    wrong = Variation(right.name, right.text, lambda side, units: side**2 * units, right.choices)
    assert not exercises()[right.name].feedback(wrong.answer(**right.own)).correct
