"""The errata of papers and model cards, counted a second time: plain arithmetic, nothing of ours.

The chapters count built networks. Here each count follows from the tables of the source alone, so
that a fault of the package cannot accuse anybody.
"""

from itertools import pairwise
from math import ceil

import pytest

from coursecnn.evidence import ledger
from coursecnn.evidence.ledger import Verdict

FIRES = ((16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256))


def squeezenet(kernel, filters, pooled_after):
    """Parameters, and multiplications and additions, of SqueezeNet on 227×227 (its release)."""
    side = (227 - kernel) // 2 + 1
    parameters = 3 * kernel**2 * filters + filters
    products = side**2 * 3 * kernel**2 * filters
    side, channels = ceil((side - 3) / 2) + 1, filters
    for number, (squeeze, expand) in enumerate(FIRES, start=2):
        weights = channels * squeeze + squeeze * expand * (1 + 9)
        parameters += weights + squeeze + 2 * expand
        products += side**2 * weights
        channels = 2 * expand
        if number in pooled_after:
            side = ceil((side - 3) / 2) + 1
    return parameters + 512 * 1000 + 1000, 2 * (products + side**2 * 512 * 1000)


def squeezenet_1_1():
    """Multiplications and additions of version 1.1, as released."""
    return squeezenet(3, 64, (3, 5))[1]


def resnet_1202():
    """Three stages of 200 units of two 3×3 convolutions, normalised, shortcuts without weights."""
    total, channels = 3 * 16 * 9 + 2 * 16, 16
    for filters in (16, 32, 64):
        for _ in range(200):
            total += 9 * filters * (channels + filters) + 2 * 2 * filters
            channels = filters
    return total + 64 * 10 + 10


def fractalnet_20():
    """Five blocks of three columns: seven convolutions, three of which read the block's input."""
    widths = (3, 64, 128, 256, 512, 512)
    blocks = sum(9 * f * (3 * c + 4 * f) + 7 * f for c, f in pairwise(widths))
    return blocks + 512 * 10 + 10


def mobilenet_with_full_convolutions():
    """Table 1 of the paper, every depthwise layer and the 1×1 after it as one 3×3 convolution."""
    table = [(32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2)]
    table += [(512, 512, 1)] * 5 + [(512, 1024, 2), (1024, 1024, 1)]
    side, products = 112, 112**2 * 27 * 32
    for before, after, stride in table:
        side //= stride
        products += side**2 * 9 * before * after
    return round((products + 1024 * 1000) / 1e6, 1)


@pytest.mark.parametrize(
    ("key", "again"),
    [
        ("alexnet.neurons_conv1", lambda: 55 * 55 * 96),
        ("alexnet.crops", lambda: 2 * (256 - 224 + 1) ** 2),
        ("squeeze.size", lambda: round(4 * squeezenet(7, 96, (4, 8))[0] / 1e6, 2)),
        ("squeeze.flops_1_1", squeezenet_1_1),
        ("wide.parameters_1202", resnet_1202),
        ("fractal.parameters_20", fractalnet_20),
        ("after.mobilenet_v1.full_macs", mobilenet_with_full_convolutions),
    ],
)
def test_an_erratum_of_a_paper_is_one_by_a_second_count_too(key, again):
    assert ledger.compare(key, again()).verdict is Verdict.ERRATUM


def test_the_second_count_finds_what_the_chapters_found():
    assert (resnet_1202(), fractalnet_20()) == (19_421_274, 33_714_314)
    assert (squeezenet(7, 96, (4, 8))[0], squeezenet_1_1()) == (1_248_424, 775_495_040)
    assert mobilenet_with_full_convolutions() == 4867.3
