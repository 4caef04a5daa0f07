"""How often `faster` is wrong: synthetic work of known ratio, timed beside a process that keeps a core busy.

    python tests/timing/faster_errors.py [DECISIONS]

Work is a loop of counted steps, so the true ratio of two is that of their counts. Each decision draws its own
pairs, as a claim does: interleaved, least of three repeats, pseudomedian, looks up to the budget. The load, a
second process per core, sleeps and computes by turns of random length.
"""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import random
import sys
import time
from collections import Counter

from harness.judge import decide
from harness.questions import Linear, Question, Reading, Region
from harness.timing import Prepared

STEPS = 200_000
"""About 0.6 ms: less than the 2 ms that a repeat of `faster` lasts, so the noise is rather larger here."""
BUDGET = 48
ALPHA = 0.001
CASES = [(1.0, 1.0), (1.0, 1.05), (1.1, 1.05), (1.1, 1.1), (1.1, 1.2), (3.0, 2.0), (3.0, 3.0), (3.0, 4.0)]
"""True ratio, and the factor that is claimed."""


def work(steps: int) -> Prepared:
    """A callable of `steps` steps."""

    def call() -> None:
        for _ in itertools.repeat(None, steps):  # no sum: integers beyond 2³⁰ cost more to add
            pass

    return Prepared(call, 0.0, 0.0)


def question(factor: float) -> Question:
    """That of `faster`, at this factor."""
    readings = (Reading("pair", (), "x.seconds"), Reading("pair", (), "y.seconds"))
    effect = Linear(readings, (-1.0, 1.0), "log", math.hypot(1e-3, 1e-3))
    return Question("", effect, Region(low=math.log(factor)), "pseudomedian", ALPHA, ALPHA, BUDGET)


def log_ratio(x: Prepared, y: Prepared, seed: int) -> float:
    """ln(seconds of y / seconds of x) of one pair, as `harness.timing.pair` takes it."""
    seconds = {}
    for name, each in (("x", x), ("y", y)) if seed % 2 == 0 else (("y", y), ("x", x)):
        seconds[name] = each.seconds()
    return math.log(seconds["y"] / seconds["x"])


def decision(ratio: float, factor: float) -> tuple[str, int]:
    """One claim's verdict, and the seeds that it took."""
    x, y = work(STEPS), work(round(STEPS * ratio))
    values: list[float] = []
    ruling = decide(values, question(factor))
    while ruling.next_look is not None:
        values += [log_ratio(x, y, seed) for seed in range(len(values), ruling.next_look)]
        ruling = decide(values, question(factor))
    assert ruling.verdict is not None
    return ruling.verdict, ruling.n


def load(seed: int) -> None:
    """Keep a core busy for random spells, until the parent is gone."""
    generator, parent = random.Random(seed), os.getppid()
    while os.getppid() == parent:
        end = time.perf_counter() + generator.expovariate(1 / 0.05)
        while time.perf_counter() < end:
            pass
        time.sleep(generator.expovariate(1 / 0.05))


def main() -> None:
    """Print the table."""
    decisions = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    cores = len(os.sched_getaffinity(0))
    fresh = multiprocessing.get_context("spawn")
    for number in range(cores):
        fresh.Process(target=load, args=(number,), daemon=True).start()
    print("| true ratio | claimed | supported | refuted | inconclusive | wrong | mean n |")
    print("|---|---|---|---|---|---|---|")
    for ratio, factor in CASES:
        verdicts, n = Counter[str](), 0
        for _ in range(decisions):
            verdict, seeds = decision(ratio, factor)
            verdicts[verdict] += 1
            n += seeds
        wrong = verdicts["supported"] if ratio <= factor else 0
        wrong += verdicts["refuted"] if ratio >= factor else 0
        counts = [verdicts[v] for v in ("supported", "refuted", "inconclusive")]
        cells = (ratio, factor, *counts, wrong, round(n / decisions))
        print("|", " | ".join(map(str, cells)), "|", flush=True)


if __name__ == "__main__":
    main()
