"""Hand in many inputs, and say of each what does not hold."""

import argparse
import faulthandler
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from tests import fuzz
from tests.fuzz.kinds import FORMATS
from tests.fuzz.law import UnsoundError, outcome


def main() -> int:
    """Return 1 if an input is unsound."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz",
        description=fuzz.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("formats", nargs="*", help=f"of {', '.join(FORMATS)} (default: all)")
    parser.add_argument("--inputs", type=int, default=100, help="of each format (default: 100)")
    parser.add_argument("--first", type=int, default=0, help="the number of the first")
    asked = parser.parse_args()
    faulthandler.enable()
    counts = [hand_in(name, asked.first, asked.inputs) for name in asked.formats or FORMATS]
    return 1 if sum(each["unsound"] for each in counts) else 0


def hand_in(name: str, first: int, inputs: int) -> Counter[str]:
    """Hand in inputs of one format, and count what came of them."""
    counts, started = Counter[str](), time.process_time()
    for index in range(first, first + inputs):
        with tempfile.TemporaryDirectory() as folder:
            try:
                counts[outcome(name, index, Path(folder))] += 1
            except UnsoundError as error:
                counts["unsound"] += 1
                print(f"{name} {index}: {error}", flush=True)
                if inputs == 1:
                    traceback.print_exc()
    took = time.process_time() - started
    print(f"{name}: {dict(counts)}, {took:.0f} s of the processor", flush=True)
    return counts


if __name__ == "__main__":
    sys.exit(main())
