"""The order of commits that have records, even commits that the repository has lost.

A shallow clone lacks the older commits, and a rewritten branch leaves behind those that it replaced. The
repository does not say where such a commit stood, but its record says when it was first run.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from harness.git import Commit, CommitPlace, GitError, in_order, is_shallow, repository_above


def in_time(
    repository: Path, first: Mapping[str, datetime], releases: Mapping[str, str] | None = None
) -> tuple[list[Commit], list[str]]:
    """The commits, and notes about them.

    first: when each commit was first run, by its hash.
    releases: the names of those that are installed packages instead. No repository has them.

    Commits on branches of the repository stand parents before children. Each other one stands after the last
    of them that was first run before it.
    """
    called = releases or {}
    commits = [hash_ for hash_ in first if hash_ not in called]
    try:
        found = in_order(repository, commits)
        notes = _told(repository, found, len(commits))
    except GitError as error:
        found, notes = [], [f"{error}; commits stand in the order of their first runs"]
    has = {commit.hash for commit in found}
    place: CommitPlace = "not in this repository" if found else ""
    lost = [
        Commit(
            hash_, called.get(hash_, hash_[:9]), "", when.isoformat(), "", "" if hash_ in called else place
        )
        for hash_, when in first.items()
        if hash_ not in has
    ]
    line = [commit for commit in found if not commit.place]
    others = [*(commit for commit in found if commit.place), *lost]
    for commit in sorted(others, key=lambda commit: first[commit.hash]):
        before = [place for place, each in enumerate(line, 1) if first[each.hash] < first[commit.hash]]
        line.insert(max(before, default=0), commit)
    return line, notes


def _told(repository: Path, found: list[Commit], of: int) -> list[str]:
    """Notes about the commits that the repository does not have, or has on no branch."""
    where = "they stand where their first runs do in time"
    lost, loose = of - len(found), sum(bool(commit.place) for commit in found)
    notes = []
    if lost and repository_above(repository) is None:
        here = repository.resolve()
        notes.append(f"{here} is in no git repository; commits stand in the order of their first runs")
    elif lost:
        cure = ", a shallow clone (`git fetch --unshallow` brings the rest)" if is_shallow(repository) else ""
        notes.append(f"{lost} of {of} commits are not in this repository{cure}; {where}")
    if loose:
        why = "they were rewritten, or their branch has gone"
        notes.append(f"{loose} of {of} commits are on no branch of this repository: {why}; {where}")
    return notes
