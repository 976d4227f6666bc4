"""The command `coursecnn`: what it does, and what it says when it cannot."""

import json
import statistics
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner

import coursecnn
from coursecnn import cli, datasets, training
from coursecnn.evidence import records
from coursecnn.evidence.records import Data, Machine, Record, Run
from coursecnn.models import report
from coursecnn.training import timing
from coursecnn.training.recipes import RECIPES

HERE = Machine.here()
RUNS = tuple(
    Run(
        seed,
        {"test_accuracy": 0.98 + seed / 1000},
        {"loss": (0.2,), "accuracy": (0.9,)},
        60.0,
        HERE,
    )
    for seed in range(3)
)


def coursecnn_says(*arguments):
    """Run the command in this process: its exit code, stdout and stderr."""
    done = CliRunner().invoke(cli.app, [str(argument) for argument in arguments])
    return done.exit_code, done.stdout, done.stderr


@pytest.fixture
def measured(monkeypatch):
    """Keep the command from loading or training anything, and return what it asked for."""
    calls = []

    def reproduce(recipe, dataset, seeds, folder, *, keep_weights):
        calls.append((recipe, dataset, seeds, folder, keep_weights))
        return record()

    monkeypatch.setattr(datasets, "fetch", lambda name: Path("/data") / name)
    monkeypatch.setattr(training, "load_data", lambda recipe: f"the images of {recipe.dataset}")
    monkeypatch.setattr(training, "reproduce", reproduce)
    return calls


def record(name="mnist"):
    data = Data("mnist", sha256="ab" * 32, official=True)
    return Record(name, {"name": name}, data, "2026-11-01", RUNS)


def test_the_version_is_the_package_s():
    assert coursecnn_says("--version") == (0, f"coursecnn {coursecnn.__version__}\n", "")


def test_data_fetches_every_dataset_and_says_where_each_lies(monkeypatch):
    fetched = []
    monkeypatch.setattr(datasets, "fetch", fetched.append)
    monkeypatch.setattr(datasets, "describe", lambda name: f"{name}: here")

    assert coursecnn_says("data") == (0, "mnist: here\ncifar10: here\n", "")
    assert fetched == ["mnist", "cifar10"]


def test_data_status_does_not_fetch(monkeypatch):
    monkeypatch.setattr(datasets, "fetch", lambda _: pytest.fail("fetched"))
    monkeypatch.setattr(datasets, "describe", lambda name: f"{name}: not here")

    assert coursecnn_says("data", "mnist", "--status") == (0, "mnist: not here\n", "")


def test_data_that_cannot_be_had_is_an_error_without_a_traceback(monkeypatch):
    def unavailable(_):
        raise datasets.UnavailableError("the official files are not here")

    monkeypatch.setattr(datasets, "fetch", unavailable)

    assert coursecnn_says("data") == (1, "", "coursecnn: the official files are not here\n")


def test_reproduce_measures_and_prints_the_record(measured, tmp_path):
    code, out, err = coursecnn_says("reproduce", "mnist", "--results", tmp_path)

    assert (code, err) == (0, "")
    assert out == f"{record()}\n{tmp_path / 'mnist.json'}\n"
    recipe = RECIPES["mnist"]
    assert measured == [(recipe, "the images of mnist", (0, 1, 2, 3, 4), tmp_path, False)]


def test_records_go_into_the_package_unless_a_folder_is_named(measured):
    coursecnn_says("reproduce", "mnist")

    assert measured[0][3] == Path(coursecnn.__file__).parent / "evidence" / "results"


@pytest.mark.parametrize(
    ("text", "seeds"), [("3", (0, 1, 2)), ("0,3", (0, 3)), ("7,", (7,)), (" 2, 1 ", (2, 1))]
)
def test_seeds_are_a_count_or_a_list(measured, text, seeds):
    coursecnn_says("reproduce", "mnist", "--seeds", text)

    assert measured[0][2] == seeds


def test_the_weights_are_kept_where_they_are_wanted(measured):
    coursecnn_says("reproduce", "mnist", "--keep-weights")

    assert measured[0][4] is True


def test_another_number_of_epochs_is_another_recipe(measured):
    coursecnn_says("reproduce", "mnist", "--epochs", "2")

    assert measured[0][0] == replace(RECIPES["mnist"], epochs=2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("data", "imagenet"), "dataset must be one of mnist, cifar10, got 'imagenet'"),
        (("reproduce", "alexnet"), "recipe must be one of mnist, "),
        (("reproduce",), "name a recipe: one of mnist, "),
        (("reproduce", "mnist", "--seeds", "0"), "--seeds must be a count such as 5 or a list"),
        (("reproduce", "mnist", "--seeds", "a,b"), "--seeds must be a count such as 5 or a list"),
        (("reproduce", "mnist", "--seeds", "-1"), "--seeds must be a count such as 5 or a list"),
        (("reproduce", "mnist", "--seeds", ","), "--seeds must be a count such as 5 or a list"),
    ],
)
@pytest.mark.usefixtures("measured")
def test_a_wrong_argument_is_one_line_and_exit_code_2(arguments, message):
    code, out, err = coursecnn_says(*arguments)

    assert (code, out) == (2, "")
    assert err.startswith(f"coursecnn: {message}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ValueError("the record was measured with another recipe"), 1),
        (training.DivergedError("the loss became nan"), 1),
        (PermissionError("the folder cannot be written to"), 1),
        (KeyboardInterrupt("stopped; the same command continues where it stopped"), 130),
    ],
)
@pytest.mark.usefixtures("measured")
def test_what_stops_a_measurement_is_one_line(monkeypatch, error, code):
    def stopped(*_, **__):
        raise error

    monkeypatch.setattr(training, "reproduce", stopped)

    assert coursecnn_says("reproduce", "mnist") == (code, "", f"coursecnn: {error}\n")


@pytest.mark.usefixtures("measured")
def test_a_bug_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr(training, "reproduce", lambda *_, **__: {}["missing"])

    result = CliRunner().invoke(cli.app, ["reproduce", "mnist"])

    assert isinstance(result.exception, KeyError)


def test_list_says_what_a_recorded_recipe_took_on_a_machine_like_this_one(tmp_path):
    records.write(record(), tmp_path / "mnist.json")

    code, out, error = coursecnn_says("reproduce", "--list", "--results", tmp_path)

    assert (code, error) == (0, "")
    assert out.splitlines()[0] == (
        "mnist: mnist_tutorial on mnist, 5 epochs; 3 runs recorded, 60 s each on "
        f"a machine like this one ({HERE})"
    )


def test_list_times_this_machine_once_and_says_so(tmp_path, monkeypatch):
    times = records.read("epoch_time")
    epoch = statistics.median(times.values("lab"))
    monkeypatch.setattr(timing, "lab_epoch_seconds", lambda: 3 * epoch)  # three times as slow
    there = Machine(times.machines[0].device, 7, {})
    for name in ("mnist", "lab"):
        moved = tuple(replace(run, machine=there) for run in RUNS)
        records.write(replace(record(name), runs=moved), tmp_path / f"{name}.json")

    _, out, error = coursecnn_says("reproduce", "--list", "--results", tmp_path)

    assert out.splitlines()[0].endswith(f"another machine ({there}), about 180 s here")
    assert error == "timing a few steps of training on this machine ...\n"


def test_list_does_not_guess_what_was_not_measured(tmp_path):
    code, out, _ = coursecnn_says("reproduce", "--list", "--results", tmp_path)

    assert code == 0
    assert [line.partition(":")[0] for line in out.splitlines()] == list(RECIPES)
    assert "nothing recorded, so what a run takes is not known" in out


@pytest.mark.parametrize("late", ["keras", "numpy", "pandas", "scipy"])
def test_asking_for_help_does_not_wait_for(late):
    code = f"import coursecnn.cli, sys; print({late!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_draw_writes_the_same_file_each_time(tmp_path):
    files = [tmp_path / name for name in ("one.svg", "two.svg")]
    for file in files:
        assert coursecnn_says("draw", "lenet5", "--output", file) == (0, f"{file}\n", "")
    assert files[0].read_bytes() == files[1].read_bytes()
    assert b"<svg" in files[0].read_bytes()


def test_a_drawing_holds_what_count_says(tmp_path):
    file = tmp_path / "part.svg"
    coursecnn_says("draw", "squeezenet1_1", "--last", "pool1", "--output", file)
    parts = ElementTree.parse(file).getroot().iter("{http://www.w3.org/2000/svg}metadata")
    (held,) = [json.loads(part.text) for part in parts if part.get("id") == "coursecnn-counted"]
    said = json.loads(coursecnn_says("count", "squeezenet1_1", "--format", "json")[1])

    assert held == {name: said[name] for name in ("model", "layers")}


def test_a_model_that_cannot_be_counted_is_drawn_all_the_same(tmp_path, monkeypatch):
    from coursecnn.backend import keras

    class Hidden(keras.layers.Layer):
        def call(self, x):
            return x.numpy()

        def compute_output_shape(self, shape):
            return shape

    image = keras.Input((8, 8, 3))
    monkeypatch.setattr(report, "find", lambda _: keras.Model(image, Hidden()(image)))
    file = tmp_path / "own.svg"

    assert coursecnn_says("draw", "own", "--output", file) == (0, f"{file}\n", "")
    assert "coursecnn-counted" not in file.read_text("utf-8")


def test_draw_names_its_file_after_the_model(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert coursecnn_says("draw", "squeezenet1_1", "--last", "pool1") == (
        0,
        "squeezenet1_1.svg\n",
        "",
    )
    assert [path.name for path in tmp_path.iterdir()] == ["squeezenet1_1.svg"]


def test_draw_takes_a_model_from_a_file_and_opens_the_models_in_it(tmp_path, monkeypatch):
    from coursecnn.models import diagrams
    from tests.networks import nested

    drawn = []
    monkeypatch.setattr(diagrams, "save_svg", lambda figure, _, **__: drawn.append(figure))
    nested().save(tmp_path / "mine.keras")
    for options in ((), ("--nested",), ("--nested", "--first", "b/a/conv"), ("--stages",)):
        file = tmp_path / "mine.svg"
        code, _, error = coursecnn_says("draw", tmp_path / "mine.keras", "--output", file, *options)
        assert (code, error) == (0, "")
    texts = [[text.get_text() for text in figure.axes[0].texts] for figure in drawn]
    assert "b\nmodel, 2 layers" in texts[0]
    assert "3×3 conv, 4\nReLU" in texts[1]
    assert texts[2] == ["3×3 conv, 4\nReLU", "flatten"]
    assert texts[3][:2] == ["8×8×3", "input"]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["lenet7"], 1, "model must be a .keras file, an architecture of coursecnn"),
        (["none.keras"], 1, "model must be a .keras file that exists, got 'none.keras'"),
        (["lenet5", "--first", "C9"], 1, "first must be the name of a layer of the model"),
        (["lenet5", "--input-shape", "28"], 1, "input_shape must fit the input"),
        (["lenet5", "--output", "lenet5.png"], 2, "--output must end in .svg, got 'lenet5.png'"),
        (["lenet5", "--stages", "--nested"], 2, "--stages draws a whole model"),
    ],
)
def test_draw_says_what_is_wrong_and_writes_nothing(
    arguments, code, message, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    done = coursecnn_says("draw", *arguments)
    assert done[:2] == (code, "")
    assert done[2].startswith(f"coursecnn: {message}")
    assert list(tmp_path.iterdir()) == []


def test_draw_leaves_the_old_file_where_a_new_one_cannot_be_written(tmp_path):
    blocked = tmp_path / "a.svg"
    blocked.mkdir()
    code, _, error = coursecnn_says("draw", "lenet5", "--output", blocked)
    assert code == 1
    assert "a.svg" in error
    assert [path.name for path in tmp_path.iterdir()] == ["a.svg"]


def test_what_the_command_knows_without_asking_is_what_the_package_knows():
    assert cli.SHIPPED == records.SHIPPED
    assert tuple(datasets.NAMES) == cli.NAMES
