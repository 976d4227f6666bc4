"""Time networks for ImageNet, forward, alone and in batches: `python -m benchmarks.batch_time`.

Each network reads one image, and then 32 together, in the same round; what is recorded is the
processor's time for an image either way. The record, `coursecnn/evidence/results/batch_time.json`,
is that of chapter 13; `benchmarks.rounds` says how it is continued, or made anew elsewhere. A round
takes about three minutes on two idle cores.
"""

import statistics

from tqdm import tqdm

from benchmarks import rounds
from coursecnn.backend import keras
from coursecnn.training import timing

NETWORKS = (*timing.FEW, "resnet18", "resnet34", "resnext50_32x4d", "densenet169")
BATCHES = {1: timing.CALLS, 32: 1}  # images that are read together, and how often


def measured(seed: int) -> dict[str, float]:
    """Seconds of the processor for an image, by network and batch."""
    keras.utils.set_random_seed(seed)
    return {
        f"{network}, {images}": timing.forward_seconds(network, calls, images)
        for network in tqdm(NETWORKS, disable=None, unit="network")
        for images, calls in BATCHES.items()
    }


def main() -> None:
    """Measure what is missing, and print a table."""
    record = rounds.record(
        "batch_time",
        "Time networks for ImageNet, forward, alone and in batches.",
        {"calls": {str(images): calls for images, calls in BATCHES.items()}},
        rounds.NOISE,
        measured,
    )
    print(f"{'CPU s for an image':22}" + "".join(f"{f'of {n}':>10}" for n in BATCHES))
    for network in NETWORKS:
        times = (statistics.fmean(record.values(f"{network}, {n}")) for n in BATCHES)
        print(f"{network:22}" + "".join(f"{time:10.4f}" for time in times))


if __name__ == "__main__":
    main()
