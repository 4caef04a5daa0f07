"""A library of a few commits, for tests of baselines: it drifts, or changes bits and not the law of its
numbers.

`error` is better the lower, `score` stays, `offset` lies on a linear scale. Each commit changes what `BODY`
says of them; the suite's claims are absolute, but for those that name a baseline."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from repositories import git

LIBRARY = '''\
"""A library whose error has ten parts."""

import math
import random

from harness.declare import Quantity, experiment

QUANTITIES = {{
    "error": Quantity("An error", unit="1", better="lower"),
    "score": Quantity("A score", unit="1"),
    "offset": Quantity("An offset", unit="1", scale="linear"),{quantities}
}}
ORDER = {order}
STREAM = {stream}
DRIFT = {drift}
PART = {part}


@experiment("drifting.fit", version=1, quantities=QUANTITIES)
def fit(*, seed: int, size: int = 1{parameters}) -> dict[str, float]:
    """Ten parts, summed in an order that a commit may change."""
    draw = random.Random(f"{{seed}} {{STREAM}}")
    parts = [0.01 * math.exp(draw.gauss(0, 0.1)) for _ in range(10)]
    other = random.Random(f"{{seed}} {{PART}}").gauss(0, 0.002)
    total = 0.0
    for place in ORDER:
        total += parts[place]
    return {{
        "error": total * DRIFT * math.exp(other) / size,
        "score": 2 + total,
        "offset": total - 0.1,{values}
    }}
'''
PLAIN: Mapping[str, object] = {
    "order": list(range(10)), "stream": 0, "drift": 1.0, "part": 0, "quantities": "", "values": "",
    "parameters": "",
}  # fmt: skip
SUITE = """\
[suite]
format = 2
title = "Fits of a library that drifts"

[defaults]
seeds = 48

[experiments.fit]
run = "drifting:fit"

[claims.small]
says = "The error is below 0.2."
expect = "supported"
experiment = "fit"
at-most = { of = "error", bound = 0.2 }
control = "none: a bound on a number alone"

[claims.right]
says = "Score and offset are those of one sum."
expect = "supported"
experiment = "fit"
at-least = { of = "score", bound = 1.5 }
control = "none: a bound on a number alone"

[claims.centred]
says = "The offset is small."
expect = "supported"
experiment = "fit"
at-most = { of = "offset", bound = 0.05 }
control = "none: a bound on a number alone"
"""


class Drifting:
    """A repository at `folder` with commits of the library; each has the tag v0, v1, …"""

    def __init__(self, folder: Path, suite: str = SUITE) -> None:
        self.folder, self.commits = folder, 0
        folder.mkdir(parents=True, exist_ok=True)
        git(folder, "init", "--quiet", "--initial-branch", "main")
        (folder / "suite.toml").write_text(suite)

    def commit(self, **changes: object) -> str:
        """Commit the library with these changes of the plain one; the name of its tag."""
        (self.folder / "drifting.py").write_text(LIBRARY.format(**{**PLAIN, **changes}))
        name = f"v{self.commits}"
        git(self.folder, "add", "--all")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", name)
        git(self.folder, "tag", name)
        self.commits += 1
        return name

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """`harness run suite.toml` there, in a process of its own: it imports what is committed now."""
        command = [sys.executable, "-m", "harness", "run", "suite.toml", "--quiet", "--no-history"]
        command += ["--workers", "1", "--no-recheck", *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
