"""A project of toys whose suite asv can read: a git repository with one commit."""

from __future__ import annotations

import shutil
from pathlib import Path

from repositories import git

SUPPORT = Path(__file__).parent
ROOT = SUPPORT.parents[1]
SUITE = """\
[suite]
format = 2
title = "Toys"

[defaults]
seeds = 14

[experiments.pairs]
run = "toys:pair"
with = { sd = 0.02, shift = 0.03 }
sweep = { size = [1, 2.0, 4], rate = { none = {}, steep = { slope = 0.5 } }, kind = ["plain", "broken"] }

[experiments.others]
run = "toys:pair"
with = { sd = 0.01 }

[benchmarks.five-us]
run = "toys:wait"
with = { ms = 0.005 }
sweep = { noise = [0.0, 0.5], kind = { short = {}, long = { ms = 0.01 } } }
time-limit = 33

[benchmarks.one-ms]
run = "toys:wait"
with = { ms = 1.0 }

[benchmarks.three-ms]
run = "toys:wait"
with = { ms = 3.0 }

[claims.are-equal]
says = "a equals b at {size}"
expect = "open"
experiment = "pairs"
equal = { of = ["a.error", "b.error"], within = "5%" }
at = { kind = "plain", rate = "none" }

[claims.change-alike]
says = "…"
expect = "open"
experiment = "pairs"
equal = { of = ["a.error", "b.error"], along = "size", within = 0.5 }
at = { kind = "plain", size = [2, 4] }

[claims.ends-alike]
says = "…"
expect = "open"
experiment = "pairs"
equal = { of = ["a.error", "b.error"], along = "size", from = 1, to = 4, within = 0.5 }

[claims.grows]
says = "…"
expect = "open"
experiment = "pairs"
monotone = { of = "a.error", along = "size", direction = "increasing" }

[claims.is-power-law]
says = "…"
expect = "open"
experiment = "pairs"
power-law = { of = "a.error", against = "size", exponent = 0.5, within = 0.1 }

[claims.is-small]
says = "…"
expect = "open"
experiment = "others"
at-most = { of = "gap", bound = 0.2 }

[claims.beats]
says = "…"
expect = "supported"
faster = { of = ["one-ms", "three-ms"], at-least = "2 x" }
"""


def project_in(folder: Path) -> Path:
    """A repository with suites that asv can read, of one commit."""
    (folder / "suites").mkdir(parents=True)
    shutil.copy(ROOT / "suites/__init__.py", folder / "suites")
    (folder / "suites/toys.toml").write_text(SUITE)
    shutil.copy(SUPPORT / "toys.py", folder)
    (folder / ".gitignore").write_text("__pycache__/\n.asv/\n")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "one")
    return folder
