"""Weights of others are fetched only when asked for, and never offline."""

import hashlib
import inspect
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from coursecnn.architectures import pretrained
from coursecnn.backend import keras

CONTENTS = {
    "vgg16_weights_tf_dim_ordering_tf_kernels.h5": b"weights",
    "imagenet_class_index.json": b'{"0": ["n01440764", "tench"]}',
}


def decode_predictions(scores):
    """Stands for Keras's function, in a module where `CLASS_INDEX` may be put."""
    asked.append(scores.shape)


asked: list[object] = []
CLASS_INDEX = None


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of Keras, and Keras Applications that only write down what they are asked."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("COURSECNN_OFFLINE", raising=False)
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in CONTENTS.items()}
    (weights, _), (classes, _) = pretrained.WEIGHTS["VGG16"], pretrained.CLASSES
    monkeypatch.setitem(pretrained.WEIGHTS, "VGG16", (weights, md5[weights]))
    monkeypatch.setattr(pretrained, "CLASSES", (classes, md5[classes]))
    asked.clear()
    monkeypatch.setattr(sys.modules[__name__], "CLASS_INDEX", None)
    applications = SimpleNamespace(
        VGG16=lambda weights: asked.append(weights) or "network",
        imagenet_utils=SimpleNamespace(decode_predictions=decode_predictions),
    )
    monkeypatch.setattr(pretrained, "keras", SimpleNamespace(applications=applications))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def fill(cache, **changed):
    for file, content in CONTENTS.items():
        (cache / file).write_bytes(changed.get(file.split("_")[0], content))


@pytest.mark.parametrize("mode", [0o755, 0o555], ids=["writable", "read-only"])
def test_weights_that_are_there_are_loaded_without_a_network(cache, monkeypatch, mode):
    fill(cache)
    cache.chmod(mode)
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")

    assert pretrained.load("VGG16") == "network"
    assert asked == [str(cache / "vgg16_weights_tf_dim_ordering_tf_kernels.h5")]
    assert CLASS_INDEX == {"0": ["n01440764", "tench"]}


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("offline", ["", "0"])
def test_missing_weights_are_fetched_only_when_asked_for(monkeypatch, offline):
    monkeypatch.setenv("COURSECNN_OFFLINE", offline)
    with pytest.raises(pretrained.MissingError, match="download=True"):
        pretrained.load("VGG16")
    assert asked == []

    assert pretrained.load("VGG16", download=True) == "network"
    assert asked == ["imagenet", (1, 1000)]


@pytest.mark.usefixtures("cache")
def test_offline_means_no_download_even_when_asked_for(monkeypatch):
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")
    with pytest.raises(pretrained.MissingError, match="COURSECNN_OFFLINE is set"):
        pretrained.load("VGG16", download=True)
    assert asked == []


def test_the_names_of_the_classes_are_missed_too(cache):
    fill(cache)
    (cache / pretrained.CLASSES[0]).unlink()
    with pytest.raises(pretrained.MissingError, match=r"^imagenet_class_index.json missing"):
        pretrained.load("VGG16")


@pytest.mark.parametrize(("damaged", "file"), [("vgg16", "vgg16_.*h5"), ("imagenet", "imagenet_")])
def test_a_damaged_file_is_missed_and_left_alone(cache, damaged, file):
    fill(cache, **{damaged: b"wei"})
    with pytest.raises(pretrained.MissingError, match=rf"^{file}.* damaged in Keras's cache"):
        pretrained.load("VGG16")

    assert asked == []
    assert b"wei" in {path.read_bytes() for path in cache.iterdir()}


def test_a_damaged_file_is_fetched_anew_when_asked_for(cache):
    fill(cache, vgg16=b"wei")
    assert pretrained.load("VGG16", download=True) == "network"


def test_keras_itself_would_fetch_a_truncated_file_anew_and_lose_it(tmp_path, monkeypatch):
    """Otherwise the tests above would prove nothing; and ours does not go that way."""
    home = inspect.getmodule(keras.utils.get_file)
    monkeypatch.setattr(home.config, "keras_home", lambda: str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("COURSECNN_OFFLINE", raising=False)

    def no_network(url, *_):
        raise OSError(f"asked for {url}")

    monkeypatch.setattr(home, "urlretrieve", no_network)
    truncated = tmp_path / "models" / pretrained.WEIGHTS["VGG16"][0]
    truncated.parent.mkdir()
    truncated.write_bytes(b"truncated")

    with pytest.raises(pretrained.MissingError, match=r"h5 damaged and imagenet.* missing"):
        pretrained.load("VGG16")
    assert truncated.read_bytes() == b"truncated"

    with keras.StatelessScope(), pytest.raises(OSError, match="asked for https"):
        keras.applications.VGG16(weights="imagenet")
    assert not truncated.exists()


def test_keras_does_not_look_for_names_of_classes_that_it_was_given(monkeypatch):
    """As `load` gives them: on the module of the decoder."""
    decode = keras.applications.imagenet_utils.decode_predictions
    names = {str(index): [f"n{index}", f"name {index}"] for index in range(1000)}
    monkeypatch.setattr(sys.modules[decode.__module__], "CLASS_INDEX", names)

    (((identifier, name, _),),) = decode(np.eye(1000)[[7]], top=1)

    assert (identifier, name) == ("n7", "name 7")


def test_a_user_without_a_home_directory_has_no_weights(monkeypatch):
    monkeypatch.delenv("KERAS_HOME", raising=False)
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    with pytest.raises(pretrained.MissingError, match="missing in Keras's cache"):
        pretrained.load("VGG16")


def test_an_unknown_network_is_refused():
    with pytest.raises(ValueError, match="one of ResNet50, VGG16, VGG19, got 'AlexNet'"):
        pretrained.load("AlexNet")


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_keras_knows_the_same_files_and_checksums(name):
    """Where Keras asks for others, the cache would be looked at in vain."""
    source = inspect.getsource(inspect.getmodule(getattr(keras.applications, name)))
    file, md5 = pretrained.WEIGHTS[name]
    assert file.removeprefix(name.lower()) == "_weights_tf_dim_ordering_tf_kernels.h5"
    assert "_weights_tf_dim_ordering_tf_kernels.h5" in source
    assert md5 in source


def test_keras_knows_the_same_names_of_classes():
    source = inspect.getsource(
        inspect.getmodule(keras.applications.imagenet_utils.decode_predictions)
    )
    assert all(known in source for known in pretrained.CLASSES)
