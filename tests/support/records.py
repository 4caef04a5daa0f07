"""A record made from a run of toys, for tests of reports."""

from __future__ import annotations

from pathlib import Path

from harness.report import Record
from harness.session import run
from harness.targets import gather


def record_of(path: Path, **how: object) -> Record:
    """The record of a run of the suite file, without a store."""
    return run(gather([str(path)]), store=None, workers=1, **how)  # type: ignore[arg-type]
