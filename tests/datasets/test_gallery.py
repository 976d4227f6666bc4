"""The photographs are what their table says, and may be shown."""

from pathlib import Path

import numpy as np
import pytest

from coursecnn import datasets
from coursecnn.architectures import pretrained
from coursecnn.datasets import gallery

PHOTOGRAPHS = datasets.photographs()
FREE = {"CC0", "Public domain", "CC BY 2.0"}


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_a_photograph_has_colours_an_author_and_a_free_licence(name):
    photograph = PHOTOGRAPHS[name]
    assert photograph.pixels.dtype == np.uint8
    assert photograph.pixels.ndim == 3
    assert photograph.pixels.shape[2] == 3
    assert min(photograph.pixels.shape[:2]) >= 256
    assert photograph.licence in FREE
    assert all((photograph.shows, photograph.author, photograph.source))


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_what_is_right_is_the_name_of_a_class(name):
    assert set(PHOTOGRAPHS[name].right) <= set(pretrained.class_names())


def test_the_folder_has_the_files_of_the_table_and_is_small():
    files = list(Path(gallery.__file__).parent.glob("*.jpg"))
    assert {file.stem for file in files} == set(PHOTOGRAPHS) - {"tower", "dahlia"}
    assert sum(file.stat().st_size for file in files) < 200_000
