"""Every architecture answers as it did when its fingerprint was stored, on every backend."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from coursecnn import architectures, backend
from tests.fingerprints import answers, stored

ROOT = Path(__file__).resolve().parents[2]


def close(got, expected):
    """Whether answers agree but for rounding, which hundreds of layers in a row can add up."""
    return np.allclose(got, expected, rtol=1e-3, atol=1e-4)


def test_every_architecture_has_a_fingerprint():
    assert list(stored()) == architectures.names(), "run python -m tests.fingerprints"


@pytest.mark.parametrize("name", architectures.names())
def test_answers_are_those_stored(name):
    entry = stored()[name]
    got = answers(name, entry["gain"])
    assert close(got, entry["answers"]), f"got {got}, stored is {entry['answers']}"


@pytest.mark.parametrize(
    ("name", "override"),
    [
        ("mnist_tutorial", {"pooling": "average"}),
        ("lenet5", {"activation": "relu"}),
        ("alexnet", {"pool_first": True}),
        ("nin_cifar10", {"second_pooling": "average"}),
        ("squeezenet1_0", {"conv10_padding": 0}),
        ("resnet18", {"release": "torch"}),  # another padding of the first pooling, nothing else
        ("resnet50", {"release": "torch"}),  # and another convolution with the stride
        ("resnet50_v2", {"release": "keras"}),
        ("resnet20", {"shortcut": "B"}),
        ("stochastic_depth_110", {"last_survival": 0.6}),
        ("fractalnet20", {"pool_first": False}),
    ],
)
def test_a_choice_that_changes_the_arithmetic_changes_the_answers(name, override):
    """The check above can fail, and each of these arguments does something."""
    entry = stored()[name]
    assert not close(answers(name, entry["gain"], **override), entry["answers"])


@pytest.mark.parametrize("other", sorted({"tensorflow", "jax", "torch"} - {backend.name()}))
def test_answers_are_the_same_on_another_backend(other, pytestconfig):
    """Of all networks, or of a sample where one is asked for."""
    if importlib.util.find_spec(other) is None:
        pytest.skip(f"{other} is not installed")
    test = f"{__file__}::{test_answers_are_those_stored.__name__}"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    if count := pytestconfig.getoption("sample"):
        command += ["--sample", str(count)]
    environment = {**os.environ, "KERAS_BACKEND": other}
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
