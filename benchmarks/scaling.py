"""Time a step of training by one process and by two: `python -m benchmarks.scaling`.

Two processes on two cores share each batch and average their gradients around a ring of pipes
(`coursecnn.training.lockstep`), beside one process that trains on the whole batch with one core.
How much of a step is spent on the exchange is timed as well. The record,
`coursecnn/evidence/results/scaling.json`, is that of the chapter on several machines;
`benchmarks.rounds` says how it is continued, or made anew elsewhere.

Both the clock on the wall and the processor time of the busier process are recorded. The clock
counts the neighbours, too: it is worth reading only on an idle machine with two cores or more, and
the record says how many cores were busy with something else (`others`), where the system tells.
"""

import os
import resource
import statistics
import time
from pathlib import Path

from benchmarks import rounds
from coursecnn.training import lockstep

NETWORKS = ("pattern_one_convolution", "cifar10_lab", "cifar10_fast")
BATCH, STEPS = 64, 20


def busy() -> float:
    """Seconds that all cores were busy since the machine was started, or 0 where nobody says."""
    counts = Path("/proc/stat")
    if not counts.exists():
        return 0.0
    user, nice, system, _idle, _waiting, *rest = map(int, counts.read_text().split()[1:9])
    return (user + nice + system + sum(rest)) / float(os.sysconf("SC_CLK_TCK"))


def own() -> float:
    """Seconds that cores were busy with this process and those that it has started."""
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def measured(_: int) -> dict[str, float]:
    """The times of a round, in seconds, and how many cores were busy with something else."""
    started = time.perf_counter(), busy() - own()
    seconds: dict[str, float] = {}
    for network in NETWORKS:
        one = lockstep.train(network, processes=1, steps=STEPS, batch_size=BATCH)
        two = lockstep.train(network, processes=2, steps=STEPS, batch_size=BATCH)
        seconds |= {
            f"{network}, one, clock": one.step,
            f"{network}, two, clock": two.step,
            f"{network}, one": one.work,
            f"{network}, two": two.work,
            f"{network}, exchange": two.exchange,
        }
    passed = time.perf_counter() - started[0]
    others = max(0.0, busy() - own() - started[1]) / passed
    return {name: round(value, 6) for name, value in seconds.items()} | {"others": round(others, 2)}


def main() -> None:
    """Measure what is missing, and print a table."""
    record = rounds.record(
        "scaling",
        "Time a step of training by one process and by two.",
        {"batch_size": BATCH, "steps": STEPS},
        rounds.NOISE,
        measured,
    )
    print(f"{'processor ms for a step':24}{'one':>10}{'two':>10}{'one / two':>12}")
    for network in NETWORKS:
        one, two = (record.values(f"{network}, {p}") for p in ("one", "two"))
        gains = [a / b for a, b in zip(one, two, strict=True)]
        middle = (1000 * statistics.median(times) for times in (one, two))
        print(f"{network:24}" + "".join(f"{m:10.1f}" for m in middle), end="")
        print(f"{statistics.median(gains):12.2f}")
    print("cores busy with something else:", *record.values("others"))


if __name__ == "__main__":
    main()
