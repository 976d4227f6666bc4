"""The page checks answers as Python does: what is right, which mistakes are known, what to hint."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from coursecnn.exercises import exercises, views
from coursecnn.exercises.answers import Exercise, Mistake
from coursecnn.exercises.sealed import seal
from coursecnn.interactive import page
from tests import browser

RANDOM = 15  # answers for each exercise, besides the right one and the known mistakes
SEALED = {name: sealed for name, one in exercises().items() if (sealed := seal(one))}
TAUGHT = {name: exercises()[name] for name in SEALED}
SOURCE = f"{page.module('answers.js')}\nexport {{ feedback, judged, opened, valueOf }};"
CALL = """async ([source, name, calls]) => {
  const module = await import(`data:text/javascript;base64,${source}`);
  return calls.map((call) => module[name](...call));
}"""
Compute = Callable[[str, list[Any]], list[Any]]


@pytest.fixture(scope="module")
def compute(chromium: Any) -> Iterator[Compute]:
    """Call a function of `answers.js` with each of many lists of arguments."""
    source = base64.b64encode(SOURCE.encode()).decode()
    with browser.visit(chromium) as visit:
        yield lambda name, calls: visit.page.evaluate(CALL, [source, name, calls])
        visit.assert_quiet()


def as_json(value: Any) -> Any:
    """A value as it comes out of what was typed."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    return [as_json(part) for part in value] if isinstance(value, list | tuple) else value


def typed(value: Any) -> str:
    """A value as people type it."""
    return value if isinstance(value, str) else repr(as_json(value))


def changed(value: Any, rng: np.random.Generator) -> Any:
    """An answer that is much like another one: some near enough, most not."""
    value = as_json(value)
    if isinstance(value, list):
        kind = rng.integers(4)
        if kind == 0 and value:
            return value[:-1]
        if kind == 1:
            return [*value, value[-1] if value else 0]
        if not value:
            return [1]
        place = int(rng.integers(len(value)))
        return [changed(v, rng) if i == place else v for i, v in enumerate(value)]
    if isinstance(value, bool):
        return [not value, int(value), value][rng.integers(3)]
    if isinstance(value, str):
        letters = list(value)
        rng.shuffle(letters)
        return ["".join(letters), value.upper(), f"  {value} ", value + "x", value[1:]][
            rng.integers(5)
        ]
    scale = 10.0 ** rng.integers(-9, 2) * rng.choice([-1, 1])
    options = [value + 1, -value, value * (1 + scale), value + scale, value, [value], 0]
    return options[rng.integers(len(options))]


def answers_to(exercise: Exercise, rng: np.random.Generator) -> list[Any]:
    known = [exercise.solution, *(mistake.answer for mistake in exercise.mistakes)]
    drawn = [changed(known[rng.integers(len(known))], rng) for _ in range(RANDOM)]
    return [*map(as_json, known), *drawn]


def is_even(value: Any) -> bool:
    """Whether NumPy makes an array of it."""
    try:
        np.asarray(value)
    except ValueError:
        return False
    return True


def test_page_and_python_agree_on_right_wrong_and_random_answers(compute: Compute) -> None:
    rng = np.random.default_rng(0)
    cases = [(name, a) for name, one in TAUGHT.items() for a in answers_to(one, rng) if is_even(a)]
    expected = [TAUGHT[name].feedback(answer) for name, answer in cases]
    contents = compute("opened", [[SEALED[name]] for name, _ in cases])

    found = compute("judged", [[c, a] for c, (_, a) in zip(contents, cases, strict=True)])

    for case, python, script in zip(cases, expected, found, strict=True):
        assert (script["correct"], script["message"]) == (python.correct, python.message), case
    verdicts = [feedback.correct for feedback in expected]
    assert len(cases) > 1000
    assert 100 < sum(verdicts) < len(cases) / 2


def test_what_is_typed_is_read_as_python_reads_it(compute: Compute) -> None:
    """From the text in the box to what the reader is told."""
    cases = [
        (name, answer)
        for name, one in TAUGHT.items()
        for answer in (one.solution, *(mistake.answer for mistake in one.mistakes))
    ]

    found = compute("feedback", [[SEALED[name], typed(answer)] for name, answer in cases])

    for (name, answer), script in zip(cases, found, strict=True):
        python = TAUGHT[name].feedback(answer)
        assert (script["correct"], script["message"]) == (python.correct, python.message), (
            name,
            answer,
        )
    assert len(cases) > 200


READINGS = [
    ("1024", "number", 1024),
    ("1,024", "number", 1024),
    ("1_024", "number", 1024),
    ("1 + 2*3", "number", 7),
    ("2**3**2", "number", 512),
    ("-2**2", "number", -4),
    ("7//2", "number", 3),
    ("-7 // 2", "number", -4),
    ("-7 % 3", "number", 2),
    ("(28 − 5 + 1)**2 × 6", "number", 3456),
    ("0,25", "number", 0.25),
    (".5", "number", 0.5),
    ("2.", "number", 2),
    ("1e-3", "number", 0.001),
    ("1/0", "number", None),
    ("two", "number", None),
    ("1 2", "number", None),
    ("2 3 +", "number", None),
    ("alert(1)", "number", None),
    ("__proto__", "number", None),
    ("constructor", "number", None),
    ("(8, 0, 0)", "list", [8, 0, 0]),
    ("8, 0, 0", "list", [8, 0, 0]),
    ("8 0 0", "list", [8, 0, 0]),
    ("[8, 0, 0,]", "list", [8, 0, 0]),
    ("(True, False)", "list", [True, False]),
    ("True False", "list", [True, False]),
    ("(3*3, 1/2)", "list", [9, 0.5]),
    ("(8, 0", "list", None),
    ("('AB', \"C\")", "list", ["AB", "C"]),
    ("'AB', 'C'", "list", ["AB", "C"]),
    ("'AB', C", "list", None),
    ("'5'", "number", None),
    ("'1' 2", "matrix", None),
    ("np.array([1, 2])", "list", [1, 2]),
    ("1 2\n3 4", "matrix", [[1, 2], [3, 4]]),
    ("1\t2\n3\t4\n", "matrix", [[1, 2], [3, 4]]),
    ("1, 2; 3, 4", "matrix", [[1, 2], [3, 4]]),
    ("[[1, 2],\n [3, 4]]", "matrix", [[1, 2], [3, 4]]),
    ("np.array([[1, -2], [1/9, 4]])", "matrix", [[1, -2], [1 / 9, 4]]),
    ("1 2\n3", "matrix", None),
    ("1 x\n3 4", "matrix", None),
    ('"CE"', "text", "CE"),
    ("'CE'", "text", "CE"),
    ("CE", "text", "CE"),
    ("it's", "text", "it's"),
]


def test_people_write_values_in_many_ways(compute: Compute) -> None:
    found = compute("valueOf", [[text, kind] for text, kind, _ in READINGS])

    for (text, _, expected), value in zip(READINGS, found, strict=True):
        assert value == expected, text
        assert type(value) is type(expected) or isinstance(value, int | float), text


def test_sums_are_computed_as_python_computes_them(compute: Compute) -> None:
    rng = np.random.default_rng(1)
    operators = ["+", "-", "*", "/", "//", "%"]
    texts = []
    while len(texts) < 300:
        numbers, signs = rng.integers(1, 40, 5), rng.choice(operators, 4)
        text = "".join(f"{n} {s} " for n, s in zip(numbers, signs, strict=False)) + str(numbers[4])
        text = f"({text}) * 2" if rng.random() < 0.5 else text
        if _is_defined(text):
            texts.append(text)

    found = compute("valueOf", [[text, "number"] for text in texts])

    assert found == pytest.approx([eval(text) for text in texts], rel=1e-12)


def _is_defined(text: str) -> bool:
    try:
        eval(text)
    except ZeroDivisionError:
        return False
    return True


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("number", "", "Your turn"),
        ("number", "many", "no number"),
        ("matrix", "1\n2 3", "each row"),
    ],
)
def test_what_cannot_be_read_is_said_and_is_no_mistake(
    compute: Compute, kind: str, text: str, words: str
) -> None:
    sealed = next(one for one in SEALED.values() if one["kind"] == kind)

    [told] = compute("feedback", [[sealed, text]])

    assert words in told["message"]
    assert not told["correct"]


def test_no_answer_and_no_hint_can_be_read_in_the_page() -> None:
    for name, sealed in SEALED.items():
        text = json.dumps(sealed)
        raw = base64.b64decode(sealed["sealed"])
        assert TAUGHT[name].hint not in text
        assert TAUGHT[name].hint.encode() not in raw
        assert b"solution" not in raw
        assert sealed.keys() == {"name", "kind", "sealed"}


def test_functions_and_what_only_the_package_can_judge_are_left_to_python() -> None:
    left = {name: one for name, one in exercises().items() if name not in SEALED}

    assert all(
        callable(one.solution)
        or one.view.__module__ != views.__name__
        or isinstance(one.solution, set)
        for one in left.values()
    )
    assert len(SEALED) > len(exercises()) / 2


@pytest.mark.parametrize("value", [{1, 2}, None, 2**60, object()])
def test_a_solution_that_json_does_not_have_is_not_sealed(value: Any) -> None:
    assert seal(Exercise("test.odd", value, "think.", (Mistake(1, "no."),))) is None


def test_arrays_are_sealed_whatever_their_type() -> None:
    kinds = {
        "number": np.float32(2),
        "list": np.arange(3, dtype=np.uint8),
        "matrix": np.eye(2, dtype=bool),
        "text": "abc",
    }
    for kind, value in kinds.items():
        sealed = seal(Exercise("test.kind", value, "think."))
        assert sealed is not None
        assert sealed["kind"] == kind
