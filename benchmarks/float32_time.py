"""Time an epoch of the fast recipe, without numbers of 16 bits, beside the lecture's.

    python -m benchmarks.float32_time

As `benchmarks.epoch_time`, and for the same chapter; the record,
`coursecnn/evidence/results/float32_time.json`, is that of a processor which has no others.
"""

from dataclasses import replace

from benchmarks import epoch_time
from coursecnn.training.recipes import RECIPES

if __name__ == "__main__":
    epoch_time.main(
        "float32_time",
        {"lab": RECIPES["lab"], "fast": replace(RECIPES["fast"], precision="float32")},
    )
