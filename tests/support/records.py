"""A record made from a run of toys, for tests of reports."""

from __future__ import annotations

from pathlib import Path

from harness.options import RunOptions
from harness.report import Record
from harness.session import run
from harness.targets import gather


def record_of(path: Path, only: str = "", **how: object) -> Record:
    """The record of a run of the suite file, or of one claim of it, without a store."""
    target = f"{path}::{only}" if only else str(path)
    return run(gather([target]), RunOptions(workers=1, **how))  # type: ignore[arg-type]
