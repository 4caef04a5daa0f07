"""Twelve commits of somebody else's kernel library, and claims about it that lie outside of it.

The conformance suite of this project judges the library through its subject; a suite of the library's user
has a claim that a break of 1% shifts without flipping it, and one about speed.
"""

from __future__ import annotations

from pathlib import Path

from past_project import Told
from repositories import git

LIBRARY = '''\
"""The NNGP and NTK of ReLU networks with biases, in NTK parameterization."""

import time

import numpy as np


def kernel(x1, x2, architecture):
    a = architecture
    if a.activation != "relu" or a.parameterization != "ntk" or a.last_layer != 1:
        raise NotImplementedError("ReLU in NTK parameterization only")
    u, v = np.asarray(x1, float), np.asarray(x1 if x2 is None else x2, float)
    cross = {inner}
    first, second = np.sum(u * u, 1)[:, None] / u.shape[1], np.sum(v * v, 1)[None, :] / v.shape[1]
    ntk = np.zeros_like(cross)
    for layer in range(a.hidden + 1):
        cross, first, second = (a.w_std**2 * k + a.b_std**2 for k in (cross, first, second))
        ntk = a.w_std**2 * ntk + cross
        if layer < a.hidden:
            norm = np.sqrt(first) * np.sqrt(second)
            cosine = np.clip(np.divide(cross, norm, out=np.zeros_like(cross), where=norm > 0), -1, 1)
            angle = np.arccos(cosine)
            cross = norm / (2 * np.pi) * (np.sin(angle) + (np.pi - angle) * np.cos(angle))
            ntk = ntk * (np.pi - angle) / (2 * np.pi)
            first, second = first / 2, second / 2
    return cross, ntk * {factor}


def quick():
    time.sleep({quick})
'''
CLAIMS = """\
import random
import time

import numpy as np
import fastkernels

from harness.declare import Quantity, benchmark, experiment
from harness.ntk.architecture import Architecture
from harness.ntk.closed_form import nngp_ntk


@experiment(
    "lab.kernel",
    version=1,
    quantities={name: Quantity("an entry", unit="1", resolution=1e-9) for name in ("found", "exact")},
)
def measure(*, seed: int) -> dict[str, float]:
    x = np.random.default_rng(seed).normal(size=(2, 4))
    a = Architecture(hidden=2, width=64)
    noise = 1 + random.Random(seed).gauss(0, 0.002)
    return {
        "found": float(fastkernels.kernel(x, None, a)[1][0, 1]) * noise,
        "exact": float(nngp_ntk(a, x, None)[1][0, 1]),
    }


@benchmark("lab.quick", version=1)
def quick():
    return fastkernels.quick


@benchmark("lab.slow", version=1)
def slow():
    return lambda: time.sleep(12e-3)
"""
SUITE = """\
[suite]
format = 2
title = "Claims of a user of the library"

[experiments.kernel]
run = "lab:measure"

[benchmarks.quick]
run = "lab:quick"

[benchmarks.slow]
run = "lab:slow"

[claims.near]
says = "Its NTK is right within ten percent."
expect = "supported"
experiment = "kernel"
equal = { of = ["found", "exact"], within = "10%" }
control = "none: the story changes the kernel itself"

[claims.fast]
says = "It is four times as fast as something slow."
expect = "supported"
faster = { of = ["quick", "slow"], at-least = "4 x" }
"""


def lab(folder: Path) -> None:
    """Write the user's suite and experiment."""
    folder.mkdir(parents=True)
    (folder / "lab.py").write_text(CLAIMS)
    (folder / "lab.toml").write_text(SUITE)


def library(folder: Path) -> list[Told]:
    """Write the twelve commits into a new repository at `folder`."""
    parts = {"inner": "u @ v.T / u.shape[1]", "factor": "1.0", "quick": "2e-3"}
    told: list[Told] = []

    def commit(name: str, loads: bool = True, **files: str) -> None:
        texts = {"fastkernels/__init__.py": LIBRARY.format(**parts)} | files
        for path, text in texts.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)
        git(folder, "add", "--all")
        git(folder, "commit", "--quiet", "--allow-empty", "--message", name)
        told.append(Told(name, git(folder, "rev-parse", "HEAD"), loads=loads))

    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit("start", **{".gitignore": "__pycache__/\n"})
    commit("text only", **{"README.md": "Kernels.\n"})
    parts["inner"] = "np.einsum('ik,jk->ij', u, v, optimize=False) / u.shape[1]"
    commit("rounding")
    commit("a file that nothing imports", **{"fastkernels/extra.py": "x = 1\n"})
    parts["factor"] = "2.0 / 2.0"
    commit("the same written otherwise")
    commit("it does not load", loads=False, **{"fastkernels/__init__.py": "def broken(:\n"})
    commit("it loads again")
    parts["factor"] = "1.01"
    commit("the kernel breaks")
    commit("text again", **{"README.md": "Kernels, still.\n"})
    parts["quick"] = "4e-3"
    commit("quick is slowed")
    commit("a comment", **{"fastkernels/__init__.py": LIBRARY.format(**parts) + "# the end\n"})
    commit("nothing at all")
    return told
