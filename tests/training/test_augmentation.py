"""Altered images: what changes in them, what does not, and how often."""

import numpy as np
import pytest
from PIL import Image

from coursecnn.training.augmentation import AT_ONCE, alternating_flip, cutout, scale, translate

IMAGES = np.random.default_rng(0).integers(0, 256, (2000, 6, 8, 3), dtype="uint8")


def generator():
    return np.random.default_rng(7)


def test_a_mirrored_image_is_the_image_or_its_mirror_image():
    mirrored = alternating_flip(IMAGES, seed=4, epoch=0)
    same = (mirrored == IMAGES).all(axis=(1, 2, 3))
    np.testing.assert_array_equal(mirrored[~same], IMAGES[~same][:, :, ::-1])
    assert 900 < same.sum() < 1100


def test_two_epochs_show_each_image_both_ways():
    first, second, third = (alternating_flip(IMAGES, seed=4, epoch=epoch) for epoch in range(3))
    np.testing.assert_array_equal(first[:, :, ::-1], second)
    np.testing.assert_array_equal(first, third)
    assert not np.array_equal(first, alternating_flip(IMAGES, seed=5, epoch=0))


def test_a_shifted_image_is_a_window_of_the_image_with_its_reflection():
    """NumPy's roll is the reference, on images without a visible edge."""
    wave = np.add.outer(np.arange(8) % 4, np.arange(8) % 4)[None, :, :, None].astype("uint8")
    inside = np.s_[2:-2, 2:-2, 0]
    rolled = {
        np.roll(wave[0], (down, right), (0, 1))[inside].tobytes()
        for down in range(-2, 3)
        for right in range(-2, 3)
    }
    shifted = translate(wave.repeat(500, axis=0), 2, generator())
    assert {image[inside].tobytes() for image in shifted} == rolled


def test_every_shift_is_equally_likely():
    dot = np.zeros((5000, 7, 7, 1), "uint8")
    dot[:, 3, 3] = 1
    landed = translate(dot, 1, generator()).mean(axis=0)[2:5, 2:5, 0]
    np.testing.assert_allclose(landed, 1 / 9, atol=0.02)


def test_the_gap_is_filled_with_the_reflection():
    ramp = np.arange(6, dtype="uint8").reshape(1, 1, 6, 1).repeat(6, axis=1)
    rows = {tuple(image[0, :, 0]) for image in translate(ramp.repeat(50, axis=0), 1, generator())}
    assert rows == {(1, 0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5), (1, 2, 3, 4, 5, 4)}


def test_a_square_is_painted_in_the_mean_colour():
    painted = cutout(IMAGES, 3, generator())
    changed = (painted != IMAGES).any(axis=-1)
    colour = IMAGES.mean(axis=(0, 1, 2)).astype("uint8")
    assert (painted[changed] == colour).all()
    assert changed.sum(axis=(1, 2)).max() == 9
    assert (changed.any(axis=2).sum(axis=1) <= 3).all()
    assert (changed.any(axis=1).sum(axis=1) <= 3).all()
    assert changed.any(axis=0).all(), "squares fall everywhere"


def test_scaled_images_are_those_of_pillow():
    for side in (1, 3, 4, 5):
        theirs = [
            np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.BILINEAR))
            for image in IMAGES
        ]
        ours = scale(IMAGES, side)
        assert ours.dtype == np.uint8
        np.testing.assert_allclose(ours.astype(int), theirs, atol=1)  # rounded otherwise


def test_however_many_images_are_scaled_each_is_scaled_alone():
    many = np.resize(IMAGES, (AT_ONCE + 3, *IMAGES.shape[1:]))
    np.testing.assert_array_equal(scale(many, 4)[-3:], scale(many[-3:], 4))


@pytest.mark.parametrize("alter", [translate, cutout])
def test_the_same_generator_gives_the_same_images_and_leaves_the_others_alone(alter):
    before = IMAGES.copy()
    first, second = (alter(IMAGES, 2, generator()) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(IMAGES, before)
    assert (first.dtype, first.shape) == (IMAGES.dtype, IMAGES.shape)


@pytest.mark.parametrize("value", [0, 6, -1, 2.0, True])
@pytest.mark.parametrize(("alter", "name"), [(translate, "pixels"), (cutout, "size")])
def test_a_distance_that_is_none_is_refused(alter, name, value):
    message = rf"{name} must be a positive int smaller than the images' 6 pixels, got {value}"
    with pytest.raises(ValueError, match=message):
        alter(IMAGES, value, generator())


@pytest.mark.parametrize("value", [0, 6, -1, 2.0, True])
def test_a_side_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match=rf"side must be .* images' 6 pixels, got {value}"):
        scale(IMAGES, value)
