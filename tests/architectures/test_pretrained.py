"""Weights of others are fetched only when asked for, and never offline."""

import inspect
from types import SimpleNamespace

import pytest

from coursecnn.architectures import pretrained
from coursecnn.backend import keras


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of Keras, and Keras Applications that only write down what they are asked."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("COURSECNN_OFFLINE", raising=False)
    asked = []
    utils = SimpleNamespace(decode_predictions=lambda scores: asked.append(scores.shape))
    applications = SimpleNamespace(
        VGG16=lambda weights: asked.append(weights) or "network", imagenet_utils=utils
    )
    monkeypatch.setattr(pretrained, "keras", SimpleNamespace(applications=applications))
    (tmp_path / "models").mkdir()
    return SimpleNamespace(folder=tmp_path / "models", asked=asked)


def fill(cache):
    for file in ("vgg16_weights_tf_dim_ordering_tf_kernels.h5", "imagenet_class_index.json"):
        (cache.folder / file).touch()


def test_weights_that_are_there_are_loaded_without_a_network(cache, monkeypatch):
    fill(cache)
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")
    assert pretrained.load("VGG16") == "network"
    assert cache.asked == ["imagenet", (1, 1000)]


@pytest.mark.parametrize("offline", ["", "0"])
def test_missing_weights_are_fetched_only_when_asked_for(cache, monkeypatch, offline):
    monkeypatch.setenv("COURSECNN_OFFLINE", offline)
    with pytest.raises(pretrained.MissingError, match="download=True"):
        pretrained.load("VGG16")
    assert cache.asked == []
    assert pretrained.load("VGG16", download=True) == "network"


def test_offline_means_no_download_even_when_asked_for(cache, monkeypatch):
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")
    with pytest.raises(pretrained.MissingError, match="COURSECNN_OFFLINE is set"):
        pretrained.load("VGG16", download=True)
    assert cache.asked == []


def test_the_names_of_the_classes_are_missed_too(cache):
    fill(cache)
    (cache.folder / pretrained.CLASSES).unlink()
    with pytest.raises(pretrained.MissingError, match=r"^imagenet_class_index.json missing"):
        pretrained.load("VGG16")


def test_an_unknown_network_is_refused():
    with pytest.raises(ValueError, match="one of ResNet50, VGG16, VGG19, got 'AlexNet'"):
        pretrained.load("AlexNet")


@pytest.mark.parametrize("name", pretrained.NAMES)
def test_keras_calls_its_files_as_we_do(name):
    """Where Keras asks for weights under another name, the cache would be looked at in vain."""
    source = inspect.getsource(inspect.getmodule(getattr(keras.applications, name)))
    assert "_weights_tf_dim_ordering_tf_kernels.h5" in source
    assert pretrained.CLASSES in inspect.getsource(
        inspect.getmodule(keras.applications.imagenet_utils.decode_predictions)
    )
