"""What is known of the claims at each commit: the newest record of each instance, over all runs there.

A commit may have been run in parts, of several suites, or several times. A run on a modified work tree counts
only where there is no other of its commit, and one on fresh seeds only where there is none on pinned ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from harness.errors import UserError
from harness.git import Commit, GitError, resolve
from harness.history.archive import Kept, listed
from harness.history.order import in_time
from harness.report.files import read_record
from harness.report.record import EnvironmentRecord, InstanceRecord, Record


class NoRecordError(UserError, LookupError):
    """Nothing is known of a commit."""


@dataclass(frozen=True)
class State:
    """The claims at one commit (or in one record); made by `past` and `state_of`."""

    commit: Commit
    """Of one that git does not have, only the hash, and the time of its first run as its date."""
    records: tuple[Record, ...]
    """The newest last."""

    @cached_property
    def instances(self) -> Mapping[str, InstanceRecord]:
        """By id, in the order of the records; of each instance the newest that was run."""
        found: dict[str, InstanceRecord] = {}
        for record in self.records:
            for instance in record.instances:
                if instance.verdict != "not-run" or instance.id not in found:
                    found[instance.id] = instance
        return found

    @cached_property
    def whole(self) -> frozenset[str]:
        """The suites of which every instance is known: what else they once had has been removed."""
        stated = {suite.name: suite.instances for record in self.records for suite in record.suites}
        names = [id_.partition("/")[0] for id_ in self.instances]
        return frozenset(name for name, count in stated.items() if count and names.count(name) >= count)

    @property
    def environment(self) -> EnvironmentRecord:
        """Of the newest record."""
        return self.records[-1].environment

    @property
    def modified(self) -> bool:
        """Whether the newest record is of a work tree that differs from the commit."""
        commit = self.records[-1].tracked or self.records[-1].commit
        return commit is not None and commit.dirty


@dataclass(frozen=True)
class Past:
    """The states of all commits, parents first, and what had to be passed over."""

    states: tuple[State, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Chosen:
    """Which records count: those in `folder` of the commits of `repository`.

    `given` keeps the runs with just these parameters (None: those with none, or all if all agree), `machine`
    those of one machine. `tracked`: the repository is the one that runs tracked, not that of their suites.
    """

    folder: Path
    repository: Path
    given: Mapping[str, object] | None = None
    machine: str = ""
    tracked: bool = False


def state_of(name: str, chosen: Chosen) -> tuple[State, tuple[str, ...]]:
    """The state that a record's file, or else a revision, names; and what had to be passed over.

    Raises `RecordError`, `GitError`, and `NoRecordError` where the commit was not run.
    """
    if Path(name).is_file():
        record = read_record(Path(name))
        commit = record.tracked or record.commit
        short = f"{commit.hash[:9]} ({name})" if commit else name
        return State(Commit(commit.hash if commit else "", short, "", record.started, ""), (record,)), ()
    try:
        hash_ = resolve(chosen.repository, name)
    except GitError:
        hash_ = _recorded(name, chosen)
        if not hash_:
            raise
    found = past(chosen, only=hash_)
    if not found.states:
        expected = f"a record of commit {hash_[:9]} ({name}) in {chosen.folder}"
        raise NoRecordError(f"expected {expected}, found none: run it there with `harness run`")
    return found.states[0], found.problems


def past(chosen: Chosen, *, last: int | None = None, only: str = "") -> Past:
    """The states that the records tell of, in the order of the repository's commits.

    `last` keeps the last so many commits, `only` one. A commit that the repository does not have, or has on
    no branch, stands where its first run does in time.
    """
    tracked = chosen.tracked
    kept, problems = listed(chosen.folder)
    kept = [k for k in kept if chosen.machine in ("", k.head.environment.machine)]
    nameless = sum(not _commit_of(k, tracked) for k in kept)
    if nameless:
        named = "tracked repository" if tracked else "commit"
        problems.append(f"{_count(nameless, 'record')} without a {named} passed over")
    kept = [k for k in kept if _commit_of(k, tracked)]
    kept, told = _with(kept, chosen.given)
    problems += told
    groups: dict[str, list[Kept]] = {}
    for k in kept:
        groups.setdefault(_commit_of(k, tracked), []).append(k)
    if only:
        groups = {hash_: group for hash_, group in groups.items() if hash_ == only}
    first = {hash_: _started(group[0]) for hash_, group in groups.items()}
    ordered, told = in_time(chosen.repository, first)
    problems += told
    commits = ordered[-last if last else 0 :]
    states = []
    for commit in commits:
        records = []
        for k in _best(groups[commit.hash], tracked):
            try:
                records.append(read_record(k.path))
            except UserError as error:
                problems.append(str(error))
        if records:
            states.append(State(commit, tuple(records)))
    return Past(tuple(states), tuple(problems))


def _recorded(name: str, chosen: Chosen) -> str:
    """The hash that begins so, of a commit that records have although git cannot resolve it; '' of none."""
    kept, _ = listed(chosen.folder)
    hashes = {_commit_of(k, chosen.tracked) for k in kept}
    found = {hash_ for hash_ in hashes if len(name) >= 4 and hash_.startswith(name)}
    return found.pop() if len(found) == 1 else ""


def _started(kept: Kept) -> datetime:
    started = datetime.fromisoformat(kept.head.started)
    return started if started.tzinfo else started.replace(tzinfo=UTC)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _commit_of(kept: Kept, tracked: bool) -> str:
    commit = kept.head.tracked if tracked else kept.head.commit
    return commit.hash if commit else ""


def _with(kept: list[Kept], given: Mapping[str, object] | None) -> tuple[list[Kept], list[str]]:
    if given is None:
        kinds = [k.head.given for k in kept]
        given = kinds[0] if kinds and all(kind == kinds[0] for kind in kinds) else {}
    chosen = [k for k in kept if k.head.given == given]
    others = len(kept) - len(chosen)
    told = f"{others} records of runs with other parameters (--with) are passed over" if others else ""
    return chosen, [told] if told else []


def _best(group: Iterable[Kept], tracked: bool) -> list[Kept]:
    """The runs that count: of an unmodified work tree and on pinned seeds, if there are any."""
    found = list(group)
    found = [k for k in found if not _is_modified(k, tracked)] or found
    return [k for k in found if not k.head.fresh] or found


def _is_modified(kept: Kept, tracked: bool) -> bool:
    commit = kept.head.tracked if tracked else kept.head.commit
    return commit is not None and commit.dirty
