"""What `coursecnn count` says, and what it refuses."""

import csv
import io
import json

import pytest
from typer.testing import CliRunner

from coursecnn.backend import keras
from coursecnn.cli import app

layers = keras.layers


def counted(*arguments):
    """Run the command."""
    return CliRunner().invoke(app, ["count", *map(str, arguments)])


@pytest.fixture
def saved(tmp_path):
    """A file with a small model."""
    model = keras.Sequential(
        [keras.Input((6, 6, 1)), layers.Conv2D(2, 3, name="conv")], name="small"
    )
    model.save(tmp_path / "small.keras")
    return tmp_path / "small.keras"


def test_a_file_is_counted(saved):
    ran = counted(saved)
    assert ran.exit_code == 0
    lines = ran.output.splitlines()
    assert lines[2].split() == ["conv", "Conv2D", "(4,", "4,", "2)", "32", "20", "288"]
    assert "small: 20 parameters, 20 of them trainable" in lines
    assert "288 MACs (coursecnn): products 288" in lines
    assert any("an estimate, for training with a batch of 1" in line for line in lines)


def test_a_count_can_be_restated(saved):
    assert "576 FLOPs (flops): products 576" in counted(saved, "--convention", "flops").output


def test_csv_is_the_table(saved):
    rows = list(csv.DictReader(io.StringIO(counted(saved, "--format", "csv").output)))
    assert [row["macs"] for row in rows] == ["0", "288"]


def test_json_has_everything(saved):
    found = json.loads(counted(saved, "--format", "json", "--batch", 10).output)
    assert found["totals"]["macs"] == found["convention"]["count"] == 288
    assert found["layers"][1]["output_shape"] == [4, 4, 2]
    assert found["memory"]["inference"]["values"] == 10 * 4 * (36 + 32)
    assert found["memory"]["training"]["optimizer"] >= 2 * 4 * 20


@pytest.mark.parametrize(
    ("name", "parameters"), [("lenet5", "61,706"), ("MobileNetV2", "3,538,984")]
)
def test_architectures_and_applications_go_by_their_names(name, parameters):
    assert f"{parameters} parameters" in counted(name).output


def test_an_open_size_is_given():
    refused = counted("MobileNetV3Small")
    assert refused.exit_code == 1
    assert "give input_shape" in refused.output
    ran = counted("MobileNetV3Small", "--input-shape", "224,224,3")
    assert "56,510,400 MACs" in ran.output


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["nothing"], 1, "model must be a .keras file, an architecture"),
        (["missing.keras"], 1, "model must be a .keras file that exists, got 'missing.keras'"),
        (["lenet5", "--format", "xml"], 2, "--format must be one of text, csv, json, got 'xml'"),
        (["lenet5", "--convention", "mine"], 1, "convention must be one of 'coursecnn'"),
        (["lenet5", "--input-shape", "wide"], 1, "input_shape must be sizes separated by commas"),
        (["lenet5", "--input-shape", "9,9,1"], 1, "input_shape must fit the input 'image'"),
        (["lenet5", "--batch", "0"], 1, "batch must be a positive int, got 0"),
    ],
)
def test_what_is_wrong_is_said(arguments, code, message):
    ran = counted(*arguments)
    assert ran.exit_code == code
    assert message in ran.output


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_file_that_was_cut_short_is_called_damaged_and_not_missing(tmp_path, share):
    path = tmp_path / "cut.keras"
    keras.Sequential([keras.Input((2,)), layers.Dense(3)]).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))] or b"nothing")
    ran = counted(path)
    assert ran.exit_code == 1
    assert f"{str(path)!r} is damaged, cut short or of another kind" in ran.output
    assert "not found" not in ran.output.lower()


def test_a_file_that_runs_code_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((2,)), layers.Lambda(lambda x: x)])
    model.save(tmp_path / "code.keras")
    ran = counted(tmp_path / "code.keras")
    assert ran.exit_code == 1
    assert "model must be a .keras file of layers that Keras knows" in ran.output


@keras.saving.register_keras_serializable("somebody")
class Doubled(layers.Layer):
    """A layer whose code the command does not have."""

    def call(self, inputs):
        return inputs * 2


OWN = {
    "Doubled": Doubled,
    "code in a Lambda": lambda: layers.Lambda(lambda x: x),
    "Doubled, code in a Lambda": lambda: keras.Sequential(
        [Doubled(), layers.TimeDistributed(layers.Lambda(lambda x: x))]
    ),
}


@pytest.mark.parametrize("names", OWN)
def test_what_the_command_does_not_know_is_named_with_the_way_out(tmp_path, monkeypatch, names):
    model = keras.Sequential([keras.Input((2, 2)), OWN[names]()])
    model.save(tmp_path / "own.keras")
    monkeypatch.setattr(keras.saving, "load_model", _in_another_process)
    ran = counted(tmp_path / "own.keras")
    assert ran.exit_code == 1
    assert f"it holds {names}, whose code this command does not run; in Python" in ran.output


def _in_another_process(*_arguments, **_named):
    """As Keras says it where the class was never defined."""
    raise TypeError("Could not locate class 'Doubled'")
