"""Every exercise accepts its solution, refuses silence, and knows its mistakes."""

import numpy as np
import pytest

from coursecnn.backend import keras
from coursecnn.exercises import check, exercises
from coursecnn.exercises.answers import Exercise, Mistake

ALL = list(exercises().values())
MISTAKES = [(exercise, mistake) for exercise in ALL for mistake in exercise.mistakes]


def mean(x, y):
    return (x + y) / 2


@pytest.fixture
def averaging():
    return Exercise(
        name="test.mean",
        solution=mean,
        hint="add, then halve.",
        mistakes=(Mistake(lambda x, y: x + y, "you forgot to halve."),),
        cases=((1, 3), (np.arange(4), np.ones(4))),
    )


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.name)
def test_the_solution_passes(exercise):
    assert exercise.feedback(exercise.solution).correct


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.name)
def test_no_answer_is_no_solution(exercise):
    feedback = exercise.feedback(...)
    assert not feedback.correct
    assert "Your turn" in feedback.message


@pytest.mark.parametrize("exercise", ALL, ids=lambda exercise: exercise.name)
def test_an_unheard_of_answer_gets_the_general_hint(exercise):
    unheard_of = (lambda *_: -123.456) if callable(exercise.solution) else -123.456
    feedback = exercise.feedback(unheard_of)
    assert not feedback.correct
    assert exercise.hint in feedback.message


def without_mistakes(table):
    """The exercises that know no mistake, and so can help nobody who makes one."""
    return [exercise.name for exercise in table if not exercise.mistakes]


def test_every_exercise_knows_a_mistake():
    """Give it in `mistakes=(Mistake(answer, hint), ...)` of its row in coursecnn/exercises/."""
    assert without_mistakes(ALL) == []


def test_an_exercise_without_a_mistake_is_found(averaging):
    bare = Exercise(name="test.bare", solution=1, hint="count.")
    assert without_mistakes([averaging, bare]) == ["test.bare"]


@pytest.mark.parametrize(
    ("exercise", "mistake"), MISTAKES, ids=[f"{e.name}-{i}" for i, (e, _) in enumerate(MISTAKES)]
)
def test_a_known_mistake_gets_its_hint(exercise, mistake):
    feedback = exercise.feedback(mistake.answer)
    assert not feedback.correct
    assert mistake.hint in feedback.message


def test_a_function_is_judged_by_what_it_returns(averaging):
    assert averaging.feedback(lambda a, b: a / 2 + b / 2).correct
    assert "forgot to halve" in averaging.feedback(lambda a, b: b + a).message


def test_a_function_that_writes_into_its_arguments_cannot_change_the_question():
    def erase(x):
        x[:] = 0
        return x.sum()

    exercise = Exercise("test.sum", np.sum, "add.", cases=((np.arange(4),),))
    assert not exercise.feedback(erase).correct
    assert exercise.feedback(lambda x: x.sum()).correct
    assert exercise.cases[0][0].tolist() == [0, 1, 2, 3]


def test_a_function_that_raises_is_reported_not_raised(averaging):
    assert "ZeroDivisionError" in averaging.feedback(lambda a, b: a / (b - b)).message


def test_a_value_in_place_of_a_function_is_named(averaging):
    assert "must be a function, got int" in averaging.feedback(2).message


def test_answers_with_the_same_view_are_equally_right():
    even = Exercise("test.even", 2, "halve it.", (Mistake(1, "odd."),), view=lambda n: n % 2)
    assert even.feedback(4).correct
    assert "odd" in even.feedback(7).message
    assert "halve it" in even.feedback(0.5).message


def test_a_text_in_place_of_numbers_is_wrong_not_an_error():
    exercise = Exercise(name="test.array", solution=np.arange(3), hint="count from zero.")
    assert exercise.feedback("0 1 2").message == "Not yet: count from zero."


def test_a_wrong_shape_is_not_equal(averaging):
    assert not averaging.feedback(lambda a, b: np.atleast_2d(mean(a, b))).correct


def test_a_misspelt_name_is_answered_with_the_nearest():
    with pytest.raises(KeyError, match=r"cortex\.dense_parameters"):
        check("cortex.dense_parameter", 1)


def test_a_name_like_no_other_is_answered_with_how_names_begin():
    with pytest.raises(KeyError, match=r"called 'zzzz'; names begin with cortex\., "):
        check("zzzz", 1)


def stage_of_vgg(activated):
    """Column C's third stage; `activated` applies a convolution, and an activation in some way."""
    maps = image = keras.Input((56, 56, 128))
    for kernel in (3, 3, 1):
        maps = activated(256, kernel, maps)
    return keras.Model(image, keras.layers.MaxPooling2D(2)(maps))


def convolved(maps, filters, kernel, **options):
    return keras.layers.Conv2D(filters, kernel, padding="same", **options)(maps)


@pytest.mark.parametrize(
    ("activated", "is_right"),
    [
        (lambda n, k, x: convolved(x, n, k, activation="relu"), True),
        (lambda n, k, x: keras.layers.ReLU()(convolved(x, n, k)), True),
        (lambda n, k, x: keras.layers.Activation("relu")(convolved(x, n, k)), True),
        (lambda n, k, x: keras.ops.relu(convolved(x, n, k)), True),
        (lambda n, k, x: convolved(x, n, k), False),
        (lambda n, k, x: convolved(x, n, k, activation="tanh"), False),
    ],
    ids=["own", "layer", "Activation", "operation", "none", "another"],
)
def test_an_activation_counts_however_it_is_written(activated, is_right):
    assert check("vgg.stage_c", stage_of_vgg(activated)).correct == is_right


def test_a_model_within_a_model_is_opened():
    image, maps = keras.Input((56, 56, 128)), keras.Input((56, 56, 128))
    inner = keras.Model(maps, convolved(convolved(maps, 256, 3), 256, 3))
    for layer in inner.layers[1:]:
        layer.activation = keras.activations.relu
    after = convolved(inner(image), 256, 1, activation="relu")
    assert check("vgg.stage_c", keras.Model(image, keras.layers.MaxPooling2D(2)(after))).correct
