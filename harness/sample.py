"""Choose a few of many: others for each commit, and each of them as often as any other.

    python -m harness.sample COUNT NAME ...    print those of the commit that is checked out

What takes too long for every change is done for a sample on each change, and as a whole every week.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence

from harness import cells

PAGE = re.compile(r"[\w./]+\.html\b")  # in the parameters of a test


def commit() -> str:
    """The hash of the commit that is checked out; nothing where there is no repository."""
    command = ["git", "rev-parse", "HEAD"]
    try:
        done = subprocess.run(command, cwd=cells.ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def chosen(names: Sequence[str], count: int, commit: str) -> list[str]:
    """Those of the names whose turn it is, in their order.

    A name's turn hangs on the commit and on the name alone: others may be added and removed.

    Raises:
        ValueError: if the count is not positive.

    >>> chosen(["lenet5", "alexnet", "vgg16"], 1, commit="0a1b2c")
    ['alexnet']
    >>> chosen(["lenet5", "alexnet", "vgg16"], 5, commit="0a1b2c")
    ['lenet5', 'alexnet', 'vgg16']
    """
    if count < 1:
        raise ValueError(f"count must be a positive int, got {count!r}")
    first = set(sorted(names, key=lambda name: _turn(name, commit))[:count])
    return [name for name in names if name in first]


def cases(names: Sequence[str], count: int, commit: str) -> set[str]:
    """So many of the cases of each test, by the names that pytest gives them.

    What is costly to make, a network or a page, is made for several tests: so the turn of a case
    hangs on its parameters alone, whatever the test, and all cases of a page come up together.

    >>> sorted(cases(["a::t[1]", "a::t[2]", "a::t[3]", "b::t"], 2, commit="0a1b2c"))
    ['a::t[1]', 'a::t[3]', 'b::t']
    """
    tests: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in names:
        test, _, parameters = name.partition("[")
        page = PAGE.search(parameters)
        tests[test][page[0] if page else parameters.removesuffix("]")].append(name)
    return {
        name
        for turns in tests.values()
        for turn in chosen(list(turns), count, commit)
        for name in turns[turn]
    }


def share(names: Sequence[str], part: int, commit: str) -> set[str]:
    """One of so many of the names, but at least one of any.

    >>> len(share(["a::t", "b::t", "c::t", "d::t", "e::t"], 4, commit="0a1b2c"))
    1
    """
    return set(chosen(names, max(1, len(names) // part), commit))


def _turn(name: str, commit: str) -> str:
    return hashlib.sha256(f"{commit} {name}".encode()).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the sample, in one line."""
    parser = argparse.ArgumentParser(prog="python -m harness.sample", description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("names", nargs="+")
    options = parser.parse_args(arguments)
    sys.stdout.write(" ".join(chosen(options.names, options.count, commit())) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
