"""The benchmark that lends a pretrained network to CIFAR-10, and its record."""

import numpy as np
import pytest

from benchmarks import transfer
from coursecnn import datasets
from coursecnn.evidence import records


@pytest.fixture
def small(monkeypatch):
    """Few pictures a class, each of which is recognised by its number."""
    pictures = np.arange(1_000, dtype=np.int64)
    pixels = np.stack([pictures % 256, pictures // 256, pictures * 0], axis=-1).astype(np.uint8)
    x = np.broadcast_to(pixels[:, None, None], (1_000, 4, 4, 3)).copy()
    y = pictures % 10
    data = datasets.from_arrays(
        "cifar10", x, y, x[:100], y[:100], classes=[f"class {label}" for label in range(10)]
    )
    monkeypatch.setattr(datasets, "cifar10", lambda: data)
    monkeypatch.setattr(transfer, "HELD_OUT", 300)
    monkeypatch.setattr(transfer, "POOL", range(20, 70))
    monkeypatch.setattr(transfer, "APART", 10)


def numbers(chosen):
    """Which pictures of the fixture these are."""
    pixels = chosen.pictures[:, 0, 0].astype(int)
    return set((pixels[:, 0] + 256 * pixels[:, 1]).tolist())


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("size", [1, 5, 10, 25])
def test_a_draw_has_as_many_of_each_class_and_those_of_a_smaller_one(size, tmp_path):
    pool = transfer.parts(tmp_path)["pool"]
    for draw in (*transfer.DRAWS, transfer.PILOT):
        chosen = transfer.drawn(pool, draw, size)
        assert np.bincount(chosen.labels).tolist() == [size] * 10
        assert len(numbers(chosen)) == 10 * size
        assert numbers(transfer.drawn(pool, draw, 1)) <= numbers(chosen)


@pytest.mark.usefixtures("small")
def test_small_draws_share_no_picture_and_none_is_among_those_that_choose(tmp_path):
    every = transfer.parts(tmp_path)
    draws = [numbers(transfer.drawn(every["pool"], draw, 10)) for draw in transfer.DRAWS]
    assert len(set().union(*draws)) == sum(map(len, draws)) == 5 * 100
    assert not numbers(every["validation"]) & numbers(every["pool"])


def test_each_picture_is_mirrored_or_not_and_shifted_by_up_to_three_pixels():
    rng = np.random.default_rng(0)
    picture = rng.random((1, 9, 9, 3))
    padded = np.pad(picture, ((0, 0), (3, 3), (3, 3), (0, 0)), "reflect")[0]
    windows = [padded[i : i + 9, j : j + 9] for i in range(7) for j in range(7)]
    found = set()
    for result in transfer.moved(np.repeat(picture, 300, axis=0), rng):
        straight = [n for n, window in enumerate(windows) if np.array_equal(result, window)]
        mirrored = [
            n for n, window in enumerate(windows) if np.array_equal(result, window[:, ::-1])
        ]
        assert straight or mirrored
        found.add((bool(mirrored), *(straight or mirrored)))
    assert len(found) > 80


def test_the_record_has_the_settings_that_its_pilot_chose():
    record = records.read("transfer")
    assert record.seeds == transfer.DRAWS
    assert record.recipe["judged_on"] == transfer.JUDGED_ON
    pilot, settings = record.recipe["pilot"], record.recipe["settings"]
    for method, grid in transfer.GRIDS.items():
        for size in transfer.SIZES[method]:
            seen = [pilot[f"{method}_{size}_{transfer.named(setting)}"] for setting in grid]
            best = grid[int(np.argmax(seen))]
            assert {**settings[method][str(size)], **best} == dict(settings[method][str(size)])
            assert len(record.values(f"{method}_{size}_accuracy")) == len(transfer.DRAWS)
