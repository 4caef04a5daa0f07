"""Twelve commits of a small project whose claims change in every way: a story with a known truth.

A kernel estimate has noise of its own seeds. `SALT` changes that noise and nothing else, so that the story
can be told again with other numbers. Benchmarks sleep, so that how long they take is known on a machine that
is busy with other tests: who sleeps is woken in time, who computes is interrupted.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from edits import edited
from repositories import git

KERNEL = '''\
"""A kernel, and how fast it is."""

import math
import time


def kernel(x):
    return math.exp(-x) * {factor}


def rounded(x):
    return {rounded}


def quick():
    return lambda: time.sleep({quick})


def slow():
    return lambda: time.sleep(12e-3)
'''
EXPERIMENT = """\
from demo.kernel import kernel, quick, rounded, slow
from harness.declare import Quantity, benchmark, experiment

import random

NAMES = ("found", "exact", "apart", "rounded")


@experiment(
    "demo.kernel",
    version=1,
    quantities={name: Quantity("a number", unit="1", resolution=1e-9) for name in NAMES},
)
def measure(*, seed: int, salt: int = 0, x: float = 1.0) -> dict[str, float]:
    noise = [1 + random.Random(f"{seed} {salt} {i}").gauss(0, 0.002) for i in range(3)]
    return {
        "found": kernel(x) * noise[0],
        "exact": 2.718281828459045 ** -x,
        "apart": 1 * noise[1],
        "rounded": rounded(x) * noise[2],
    }


benchmark("demo.quick", version=1)(quick)
benchmark("demo.slow", version=1)(slow)
"""
SUITE = """\
[suite]
format = 2
title = "Demo"

[experiments.kernel]
run = "demo.experiments:measure"
with = { salt = SALT }

[benchmarks.quick]
run = "demo.experiments:quick"

[benchmarks.slow]
run = "demo.experiments:slow"

[claims.right]
says = "The kernel is right within half a percent."
expect = "supported"
experiment = "kernel"
equal = { of = ["found", "exact"], within = "0.5%" }
control = "none: the story changes the kernel itself"

[claims.near]
says = "The kernel is right within ten percent."
expect = "supported"
experiment = "kernel"
equal = { of = ["found", "exact"], within = "10%" }
control = "none: the story changes the kernel itself"

[claims.apart]
says = "What does not read the kernel stays."
expect = "supported"
experiment = "kernel"
at-most = { of = "apart", bound = 1.05 }
control = "none: no control is needed"

[claims.sums]
says = "A sum does not depend on its order, but for rounding."
expect = "supported"
experiment = "kernel"
at-most = { of = "rounded", bound = 2.0 }
control = "none: no control is needed"
"""
TIMED = """
[claims.fast]
says = "quick is four times as fast as slow."
expect = "supported"
faster = { of = ["quick", "slow"], at-least = "4 x" }
"""
NEW_CLAIM = """
[claims.new]
says = "A claim that was added."
expect = "supported"
experiment = "kernel"
at-least = { of = "apart", bound = 0.9 }
control = "none: no control is needed"
"""
IDS = ("demo/right", "demo/near", "demo/apart", "demo/sums", "demo/fast", "demo/new")


@dataclass(frozen=True)
class Told:
    """A commit of the story: its hash, and the kinds of change that it makes, by id; all others are quiet."""

    name: str
    hash: str
    kinds: dict[str, str] = field(default_factory=dict)
    loads: bool = True


def story(folder: Path, salt: int = 0, *, timed: bool = True) -> list[Told]:
    """Write the twelve commits into a new repository at `folder`; `timed`: with the claim about time."""
    kernel = {"factor": "1.0", "rounded": "0.1 + 0.2 + 0.3", "quick": "2e-3"}
    suite = edited(SUITE, {"SALT": str(salt)}) + (TIMED if timed else "")
    told: list[Told] = []

    def commit(name: str, kinds: dict[str, str] | None = None, loads: bool = True, **files: str) -> None:
        texts = {"demo/kernel.py": KERNEL.format(**kernel), "suites/demo.toml": suite} | files
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", name)
        told.append(Told(name, git(folder, "rev-parse", "HEAD"), kinds or {}, loads))

    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    start = {"demo/__init__.py": "", "demo/experiments.py": EXPERIMENT}
    start[".gitignore"] = "__pycache__/\n.harness/\nreports/\n"
    commit("start", **start)
    commit("text only", **{"README.md": "A demo.\n", "demo/experiments.py": "# a comment\n" + EXPERIMENT})
    kernel["rounded"] = "0.3 + 0.2 + 0.1"
    commit("rounding", {"demo/sums": "numeric"})
    suite += NEW_CLAIM
    commit("a claim is added", {"demo/new": "added"})
    kernel["factor"] = "2.0 / 2.0"
    commit("the same written otherwise")
    commit("it does not load", loads=False, **{"demo/__init__.py": "def broken(:\n"})
    suite = edited(suite, {"bound = 1.05": "bound = 1.04"})
    commit("a margin is redefined", {"demo/apart": "redefined"}, **{"demo/__init__.py": ""})
    kernel["factor"] = "1.01"
    commit("the kernel breaks", {"demo/right": "flipped", "demo/near": "shifted"})
    suite = edited(suite, {"What does not read": "What never reads"})
    commit("text of the suite")
    kernel["quick"] = "4e-3"
    commit("quick is slowed", {"demo/fast": "flipped"})
    commit("text again", **{"README.md": "A demo, still.\n"})
    commit("nothing at all")
    return told
