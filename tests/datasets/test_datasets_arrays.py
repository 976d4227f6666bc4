"""Images of one's own: converted where nothing is lost, refused with the cure where it would be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from coursecnn import datasets
from coursecnn.datasets import Dataset, from_arrays

CLASSES = ("dark", "light", "grey")
SHAPE = (6, 4, 5, 3)
RANDOM = np.random.default_rng(0)
X = RANDOM.integers(0, 256, SHAPE, dtype=np.uint8)
Y = np.array([0, 1, 2, 0, 1, 2], dtype=np.uint8)


def own(**changed) -> Dataset:
    given = {"x_train": X, "y_train": Y, "x_eval": X[:3], "y_eval": Y[:3], "classes": CLASSES}
    return from_arrays("own", **given | changed)


bytes_of_images = arrays.arrays(np.uint8, (6, 4, 5, 3))
wide_enough = st.sampled_from([np.uint8, np.int16, np.int32, np.int64, np.uint64, np.float64])


@given(images=bytes_of_images, dtype=wide_enough)
def test_whole_numbers_in_any_type_are_the_same_images(images, dtype) -> None:
    if np.issubdtype(dtype, np.floating):
        images[0, 0, 0, 0] = 2  # otherwise they might be images from 0 to 1
    data = own(x_train=images.astype(dtype))

    assert data.x_train.dtype == np.uint8
    assert (data.x_train == images).all()
    assert data.provenance.sha256 == own(x_train=images).provenance.sha256


@given(
    labels=arrays.arrays(np.int64, 6, elements=st.integers(0, 2)),
    dtype=st.sampled_from([np.uint8, np.int8, np.int64, np.float32]),
    column=st.booleans(),
)
def test_labels_in_any_type_and_as_a_column_are_the_same_labels(labels, dtype, column) -> None:
    labels = labels.astype(dtype)
    data = own(y_train=labels[:, np.newaxis] if column else labels)

    assert data.y_train.dtype == np.uint8
    assert data.y_train.tolist() == labels.tolist()


def test_lists_and_grey_images_without_a_channel_are_taken() -> None:
    data = own(x_train=X[..., 0].tolist(), y_train=Y.tolist(), x_eval=X[:3, ..., 0])

    assert data.x_train.shape == (6, 4, 5, 1)
    assert (data.x_train[..., 0] == X[..., 0]).all()


@given(images=arrays.arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32)))
def test_images_from_0_to_1_are_never_taken_for_bytes(images) -> None:
    with pytest.raises(ValueError, match=r"got float32 from .*: multiply by 255 and round"):
        own(x_train=images)


def test_the_cure_for_scaled_images_cures() -> None:
    scaled = X / np.float32(255)

    assert (own(x_train=np.rint(255 * scaled).astype(np.uint8)).x_train == X).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"x_train": X / 255}, "x_train must be uint8 from 0 to 255, got float64 from 0.0 to 1.0"),
        ({"x_eval": X[:3] > 100}, "x_eval must be uint8 .* got bool .* multiply by 255"),
        ({"x_train": X - 127.5}, "from -127.5 to 127.5: undo the normalisation"),
        ({"x_train": X * 2.5}, "to 637.5: undo the normalisation"),
        ({"x_train": X.astype(np.int64) - 1}, "got int64 from -1 to 254"),
        ({"x_train": X + 0.25}, "undo|not all of them whole: round"),
        ({"x_train": np.where(X.max() == X, np.nan, X)}, "replace what is not a number"),
        ({"x_train": np.where(X.max() == X, np.inf, X)}, "from .* to inf: undo"),
        ({"x_train": X.astype(str)}, "must be an array of numbers, got images of type <U"),
        ({"x_train": [X[0], X[1, :2]]}, "x_train must be one array of images of one shape"),
        ({"x_train": X[0, 0]}, r"must have the shape \(images, height, width, channels\), got"),
        ({"x_train": X[:0], "y_train": Y[:0]}, "x_train must hold at least one image and pixel"),
        ({"x_eval": X[:0], "y_eval": Y[:0]}, "x_eval must hold at least one image and pixel"),
        ({"x_train": X[:, :0]}, "x_train must hold at least one image and pixel"),
        ({"x_eval": X[:3, :2]}, r"images of one shape, got \(4, 5, 3\) and \(2, 5, 3\)"),
        ({"y_train": Y[:5]}, "one label for each image, got 6 images and 5 labels"),
        ({"y_train": Y[:0]}, r"y_train must have the shape \(images,\), got \(0,\)"),
        ({"y_train": np.eye(3)[Y]}, r"got \(6, 3\): of one-hot labels take y.argmax\(axis=1\)"),
        ({"y_train": Y + 1}, "y_train must hold classes from 0 to 2, got uint8 from 1 to 3"),
        ({"y_train": Y.astype(int) - 1}, "classes from 0 to 2, got int64 from -1 to 1"),
        ({"y_train": Y.astype(int) + 256}, "classes from 0 to 2, got int64 from 256 to 258"),
        ({"y_train": Y + 0.5}, "classes from 0 to 2, got float64 from 0.5 to 2.5"),
        ({"y_train": np.where(Y == 2, np.nan, Y)}, "y_train must hold classes from 0 to 2, got"),
        ({"y_train": ["cat"] * 6}, "must be an array of numbers, got labels of type <U3"),
        ({"classes": "abc"}, "classes must be a list of names, got 'abc'"),
        ({"classes": ()}, "classes must be a list of names"),
        ({"classes": (0, 1, 2)}, "classes must be a list of names"),
        ({"classes": ("a", "a", "b")}, "classes must have different names"),
        ({"classes": tuple(map(str, range(257)))}, "classes must be at most 256, got 257"),
        ({"evaluated_on": "held-out"}, "evaluated_on must be 'test' or 'validation', got"),
    ],
)
def test_what_would_have_to_be_guessed_is_refused(changed, message) -> None:
    with pytest.raises(ValueError, match=message):
        own(**changed)


def test_a_dataset_made_by_hand_is_checked_as_well() -> None:
    data = own()

    with pytest.raises(ValueError, match=r"x_train must be uint8 .* multiply by 255"):
        replace(data, x_train=data.x_train / 255)
    with pytest.raises(ValueError, match="name must be a word, got ''"):
        replace(data, name="")
    assert replace(data, y_eval=data.y_eval[:, np.newaxis].astype(int)).y_eval.shape == (3,)


def test_images_of_ones_own_say_what_they_are() -> None:
    data = own(evaluated_on="validation")

    assert repr(data) == (
        "own (own images): 6 training and 3 validation images of 4×5×3 in 3 classes"
    )
    assert not data.provenance.official


def test_the_digest_is_that_of_the_content() -> None:
    changed = X.copy()
    changed[0, 0, 0, 0] ^= 1

    assert own().provenance == own().provenance
    assert own().provenance.sha256 != own(x_train=changed).provenance.sha256


# --- validation images are not test images ---


@pytest.mark.parametrize("axis", ["x", "y"])
def test_a_split_has_no_test_images(axis: str) -> None:
    data = datasets.stand_in("mnist")
    split = data.split_validation(100)

    assert getattr(data, f"{axis}_test") is getattr(data, f"{axis}_eval")
    assert not hasattr(split, f"{axis}_test")
    with pytest.raises(AttributeError, match=f"has validation images, use {axis}_eval"):
        getattr(split, f"{axis}_test")


@pytest.mark.parametrize(
    ("old", "new"), [("hold_out", "split_validation"), ("judged_on", "evaluated_on")]
)
def test_the_names_of_earlier_releases_lead_to_those_of_today(old: str, new: str) -> None:
    with pytest.raises(AttributeError, match=f"{old} is {new} since coursecnn 0.2"):
        getattr(own(), old)


def test_a_split_sets_aside_the_images_that_it_always_did() -> None:
    """Records and stored outputs depend on them."""
    split = datasets.stand_in("mnist").split_validation(1000, seed=0)

    assert split.provenance.sha256.startswith("b0fa5c0ffcf24955")


def test_numpys_integers_are_sizes() -> None:
    data = own()

    assert len(data.split_validation(np.int64(3)).x_eval) == 3
    assert len(data.split_validation(np.float32(0.5)).x_eval) == 3


def test_a_class_with_one_image_cannot_be_split() -> None:
    labels = np.array([0, 0, 0, 1, 1, 2])
    with pytest.raises(ValueError, match="at least two training images to be split, grey has one"):
        own(y_train=labels).split_validation(3)
