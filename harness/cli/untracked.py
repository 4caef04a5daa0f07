"""What to say of a run whose code under test lies in a repository that the run does not name."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.report import Record


def tracking_hint(record: Record, folder: Path) -> str:
    """How to keep runs of an installed suite under the commits of what they test; '' where there is no need.

    There is if a suite was given something to test, and the folder lies in a repository with commits.
    """
    from harness.git import head

    versions = [each.commit.version for each in record.suites if each.overrides and each.commit is not None]
    if record.tracked is not None or not any(versions):
        return ""
    try:
        found = head(folder)
    except UserError:  # git is not installed, or refuses: no hint is worth an error
        return ""
    if found is None:
        return ""
    return (
        "note: the history keeps this run under the installed harness; with --track . it keeps it under the"
        f" commits of this repository, now {found[0][:9]}, and `harness history --track .` and"
        " `harness bisect --track .` compare them"
    )
