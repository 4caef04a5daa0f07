"""Small git repositories with a suite and its experiment, for tests of what a run stands on."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

EXPERIMENT = '''\
import random

from harness.declare import Quantity, experiment

A = Quantity("a", scale="log", resolution=1e-9)


@experiment("{module}", version=1, quantities={{"a": A, "b": A}})
def measure(*, seed: int, shift: float = 0.0, data: str = "none") -> dict[str, float]:
    """Two numbers, the second larger by `shift`."""
    {body}
    noise = random.Random(seed).gauss(0, 0.01)
    return {{"a": 1.0, "b": (1 + shift) * (1 + noise)}}
'''
SUITE = """\
[suite]
format = 2
title = "A suite"

[experiments.e]
run = "{module}:measure"
with = {{ {fixed} }}

[claims.same]
says = "a equals b."
expect = "open"
experiment = "e"
equal = {{ of = ["a", "b"], within = "5%" }}
"""


def git(folder: Path, *arguments: str, stdin: str = "", **variables: str) -> str:
    """What git prints in the folder, asked as a user of whom no other repository's variables are known."""
    command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    done = subprocess.run(
        command, cwd=folder, env=plain | variables, input=stdin, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def experiment(folder: Path, module: str, body: str = "") -> Path:
    """Write an experiment's module."""
    path = folder / f"{module}.py"
    path.write_text(EXPERIMENT.format(module=module, body=body or '""'))
    return path


def suite(folder: Path, module: str, name: str = "claims", fixed: str = "") -> Path:
    """Write a suite of one claim about the experiment of a module."""
    path = folder / f"{name}.toml"
    path.write_text(SUITE.format(module=module, fixed=fixed))
    return path


def repository(folder: Path, ignored: str = "__pycache__/\n.harness/\nreports/\n") -> Path:
    """A repository of all that is in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text(ignored)
    git(folder, "init", "--quiet", "--initial-branch=main")
    commit(folder, "first")
    return folder


def commit(folder: Path, subject: str) -> str:
    """Commit all that is in the folder; the hash."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", subject)
    return git(folder, "rev-parse", "HEAD")
