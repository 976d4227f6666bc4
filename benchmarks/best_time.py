"""Time an epoch of the longest recipe beside the lecture's and the fast one.

    python -m benchmarks.best_time

As `benchmarks.epoch_time`, and for the same chapter; the record is
`coursecnn/evidence/results/best_time.json`.
"""

from benchmarks import epoch_time
from coursecnn.training.recipes import RECIPES

if __name__ == "__main__":
    epoch_time.main("best_time", {name: RECIPES[name] for name in ("lab", "fast", "best")})
