"""A suite that is right, to be made wrong by tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.suite import Suite, load

GOOD = """\
[suite]
format = 2
title = "Toys"

[sources.someone]
title = "On toys"
authors = ["A. Someone"]
arxiv = "2501.10929"

[defaults]
seeds = 21
marks = ["quick"]

[experiments.pairs]
run = "toys:pair"
with = { sd = 0.02 }
sweep = { shift = [0.0, 0.5], size = [1, 2, 4] }

[claims.same]
says = "a equals b at {shift}, size {size}."
source = { cite = "someone", where = "p. 3", stance = "asserts" }
experiment = "pairs"
equal = { of = ["a.error", "b.error"], within = "5%" }
control = { at = { shift = 0.5 } }
at = { shift = 0.0 }
"""


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a suite file."""

    def _write(text: str, name: str = "toys.toml") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return _write


@pytest.fixture
def read(write: Callable[[str], Path]) -> Callable[[str], Suite]:
    """Load a suite from its text, with its imports."""
    return lambda text: load(write(text), imports=True)
