"""Suites of one name among what a run would write: no record of another suite is replaced."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.disk import file_name, read
from harness.git import repository_above
from harness.shipped import at_place, is_name, located, settled

if TYPE_CHECKING:
    from harness.report.record import SuiteRecord

READ = 50
"""How many of a history's newest records are read."""


def record_path(suites: Sequence[SuiteRecord], folder: Path) -> tuple[Path, str]:
    """Where the record of a run of these suites goes in a folder, and a note where that is not NAME.json.

    NAME.json belongs to the suite whose record is there, as long as its file is: a record of another suite
    of that name goes beside it.
    """
    from harness.suite.names import namesakes, other_name

    path = folder / f"{file_name([suite.name for suite in suites])}.json"
    for suite in suites:
        other = _namesake(suite, path)
        if other:
            beside = file_name([other_name(s.name, s.place) if s is suite else s.name for s in suites])
            said = namesakes(suite.name, other, suite.place, root=_top(suite))
            return folder / f"{beside}.json", f"{path} is the record of {other} and stays: {said}"
    return path, ""


def in_history(suites: Sequence[SuiteRecord], folder: Path) -> list[str]:
    """A note for each suite whose name another suite has in the newest records of a history."""
    from harness.suite.names import namesakes

    files = sorted(folder.glob("*.json"), reverse=True)[:READ] if folder.is_dir() else []
    notes = []
    for suite in suites:
        other = next(filter(None, (_namesake(suite, file) for file in files)), "")
        if other:
            notes.append(namesakes(suite.name, other, suite.place, root=_top(suite)))
    return notes


def _namesake(suite: SuiteRecord, record: Path) -> str:
    """Where another suite of this name is, of which a file has the record; "" of the same suite, or none.

    A suite whose file is no longer there, or has another name now, was moved or renamed.
    """
    from harness.history.archive import Head
    from harness.report.place import typed_place
    from harness.report.record import RecordError, head_of
    from harness.suite.names import name_in

    try:
        suites = head_of(read(record), str(record), Head).suites
    except (OSError, RecordError):
        return ""
    top = _top(suite)
    places = [other.place or typed_place(other.path, top) for other in suites if other.name == suite.name]
    places = [settled(place, top) for place in places]
    own = settled(suite.place, top)
    return next((p for p in places if p != own and name_in(at_place(p, top)) == suite.name), "")


def _top(suite: SuiteRecord) -> Path:
    """The folder to which the suite's place is relative, and other places are."""
    if is_name(suite.place):
        return repository_above(Path()) or Path.cwd()
    file, depth = located(suite.path).resolve(), len(Path(suite.place).parts)
    return file.parents[depth - 1] if 0 < depth <= len(file.parents) else file.parent
