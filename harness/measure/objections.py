"""Why a good result is not stored: its trial used what is not part of its fingerprint."""

from __future__ import annotations

import os
from collections.abc import Sequence

from harness.measure.records import FileUse, JobResult
from harness.questions import Trial

NAMED = 4
"""How many files a sentence names."""


def objection(
    trial: Trial, outcome: JobResult, libraries: Sequence[str], device: str, *, edited: bool
) -> str:
    """Why the outcome must not be kept under the trial's fingerprint; '' where it may be.

    `libraries` are the distributions that the trial used and its closure lacks, `device` is what JAX was
    expected to compute on ('' if it is not used), `edited` says that source or inputs changed during the run.
    """
    because = ""
    if outcome.undeclared:
        because = (
            f"it used {', '.join(outcome.undeclared)}, which no import statement of its source names, so that"
            " an edit there would go unnoticed; each such trial costs a new worker; import it by name"
        )
    elif outcome.uses:
        because = _about(trial, outcome.uses)
    elif libraries:
        because = (
            f"it used {_listed(libraries)}, which no import statement of its source names, so that another"
            " version of it would go unnoticed; import it by name"
        )
    elif device and outcome.device not in ("", device):
        because = f"it ran on {outcome.device}, expected {device}"
    elif edited:
        because = "its source or its inputs were edited during the run"
    return f"{trial.experiment}: not stored, because {because}" if because else ""


def _about(trial: Trial, uses: Sequence[FileUse]) -> str:
    """What the trial used undeclared, and what to write."""
    parts = []
    for how in dict.fromkeys(use.how for use in uses):
        parts.append(f"{how} {_listed([_shown(use) for use in uses if use.how == how])}")
    said = f"it {' and '.join(parts)}, which no `inputs` declare, so that a change there would go unnoticed"
    files = [use for use in uses if use.how != "connected to"]
    cures = []
    if files:
        names = ", ".join(f'"{_pattern(trial, use)}"' for use in files[:NAMED])
        table = f"inputs = [{names}] in the experiment's table"
        cures.append(f"write {table}, or inputs=(...) in its decorator, relative to its module")
    if len(files) < len(uses):
        cures.append("save what comes over the network in a file, and declare that")
    return f"{said}; each such trial costs a new worker; {'; '.join(cures)}"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _shown(use: FileUse) -> str:
    """Relative to the current folder where it lies below."""
    path = use.path if use.how == "connected to" else os.path.relpath(use.path)
    return use.path if path.startswith("..") else path


def _pattern(trial: Trial, use: FileUse) -> str:
    """How a suite names the file: relative to its folder, where that is known and near, else absolute."""
    path = os.path.relpath(use.path, trial.inputs.folder) if trial.inputs else use.path
    path = use.path if path.startswith("../../..") else path
    return f"{path}/*" if use.how == "listed" else path
