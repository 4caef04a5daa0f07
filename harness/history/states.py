"""What is known of the claims at each commit: the newest record of each instance, over all runs there.

A commit may have been run in parts, with several suites, or several times. For each suite, a run on a
modified work tree counts only if its commit has no other, and one on fresh seeds only if there is none on
pinned ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec

from harness.errors import UserError
from harness.git import Commit, GitError, resolve
from harness.history.archive import Kept, SuiteHead, listed
from harness.history.order import in_time
from harness.history.suites import NamedSuite, Names, identify, seen_in
from harness.report.files import read_record
from harness.report.record import (
    CommitRecord,
    EnvironmentRecord,
    InstanceRecord,
    Record,
    SuiteRecord,
    TrackedRecord,
)
from harness.report.words import short_of
from harness.shipped import is_name, located_record, record_names


class NoRecordError(UserError, LookupError):
    """Nothing is known of a commit."""


@dataclass(frozen=True)
class CommitState:
    """The claims at one commit (or in one record). `past` and `states_of` make it."""

    commit: Commit
    """The commit. One that git does not have has only the hash, and the time of its first run as its date."""
    records: tuple[Record, ...]
    """The records, the newest last."""

    @cached_property
    def instances(self) -> Mapping[str, InstanceRecord]:
        """The instances by id, in the order of the records: for each instance the newest that was run."""
        found: dict[str, InstanceRecord] = {}
        for record in self.records:
            for instance in record.instances:
                if instance.verdict != "not-run" or instance.id not in found:
                    found[instance.id] = instance
        return found

    @property
    def ids(self) -> list[str]:
        """The ids of all instances in all records, in their order."""
        return [instance.id for record in self.records for instance in record.instances]

    @cached_property
    def suites(self) -> Mapping[str, str]:
        """The name of the suite of each instance, by the instance's id."""
        return {i.id: i.suite for record in self.records for i in record.instances}

    @cached_property
    def names(self) -> frozenset[str]:
        """The suites that have a record."""
        return frozenset(suite.name for record in self.records for suite in record.suites)

    @cached_property
    def whole(self) -> frozenset[str]:
        """The suites whose instances are all known. What else they once had has been removed."""
        stated = {suite.name: suite.instances for record in self.records for suite in record.suites}
        known = Counter(self.suites.values())
        return frozenset(name for name, count in stated.items() if count and known[name] >= count)

    def only(self, names: Iterable[str]) -> CommitState:
        """The same for these suites alone; without records if it has none of them."""
        kept = frozenset(names)
        records = (_only(record, kept) for record in self.records)
        return CommitState(self.commit, tuple(record for record in records if record.suites))

    @property
    def environment(self) -> EnvironmentRecord:
        """The environment of the newest record."""
        return self.records[-1].environment

    @property
    def modified(self) -> bool:
        """Whether a record is of a work tree that differs from the commit."""
        return any(commit.dirty for commit in self._commits)

    @property
    def called(self) -> str:
        """The commit in nine digits, or the installed package that stands in for it."""
        return next(map(short_of, self._commits), self.commit.hash[:9])

    @property
    def _commits(self) -> list[CommitRecord | TrackedRecord]:
        suites = [(record, suite) for record in self.records for suite in record.suites]
        found = [record.tracked or suite.commit or record.commit for record, suite in suites]
        return [commit for commit in found if commit is not None]


@dataclass(frozen=True)
class Past:
    """The states of all commits, parents first, what was skipped, and the names of suites."""

    states: tuple[CommitState, ...]
    problems: tuple[str, ...]
    names: Names


@dataclass(frozen=True)
class _SuiteRun:
    """A suite in a record of the archive, under its name here."""

    kept: Kept
    suite: SuiteHead
    name: str
    commit: CommitRecord | TrackedRecord


@dataclass(frozen=True)
class Chosen:
    """Which records count: those in `folder` of the commits of `repository`.

    `overrides` keeps the runs with just these values (None: those without, or all if all agree), `machine`
    those of one machine. `tracked`: the repository is the one that runs tracked, not that of their suites.
    """

    folder: Path
    repository: Path
    overrides: Mapping[str, object] | None = None
    machine: str = ""
    tracked: bool = False


def states_of(names: Sequence[str], chosen: Chosen) -> tuple[tuple[CommitState, ...], tuple[str, ...]]:
    """The states that records (files, or @NAME) or revisions name, and what was skipped.

    A suite has the same name in all of them. Raises `RecordError`, `GitError`, and `NoRecordError` if a
    commit was not run.
    """
    published = {f"@{name}" for name in record_names()} if any(map(is_name, names)) else set()
    files = {
        name: read_record(located_record(name)) for name in names if name in published or Path(name).is_file()
    }  # @ and @~1 are commits
    revisions = {name: _resolved(name, chosen) for name in names if name not in files}
    also = [seen for record in files.values() for seen in seen_in(record)]
    known = past(chosen, only=list(revisions.values()), also=also)
    states = []
    for name in names:
        if name in files:
            states.append(state_of_record(files[name], known.names, name))
            continue
        hash_ = revisions[name]
        found = next((state for state in known.states if state.commit.hash == hash_), None)
        if found is None:
            expected = f"a record of commit {hash_[:9]} ({name}) in {chosen.folder}"
            raise NoRecordError(f"expected {expected}, found none: run it there with `harness run`")
        states.append(found)
    return tuple(states), known.problems


def state_of_record(record: Record, names: Names, file: str = "") -> CommitState:
    """The state that one record gives."""
    commit = record.tracked or record.commit
    short = f"{short_of(commit)} ({file})" if commit else file
    return CommitState(
        Commit(commit.hash if commit else "", short, "", record.started, ""), (names.renamed(record),)
    )


def past(
    chosen: Chosen,
    *,
    last: int | None = None,
    only: Collection[str] | None = None,
    until: str = "",
    like: Sequence[SuiteHead | SuiteRecord] = (),
    also: Sequence[NamedSuite] = (),
) -> Past:
    """The states from the records, in the order of the repository's commits.

    `like` keeps what is known of these suites, `only` some commits, `until` those before this one, and `last`
    the last N (of each suite, with `like`). A commit that the repository does not have, or has on no branch,
    is placed by the time of its first run. The suites of `also` get their names with those of the archive.
    """
    tracked, repository = chosen.tracked, chosen.repository
    kept, problems = listed(chosen.folder) if only is None or only else ([], [])
    kept = [k for k in kept if chosen.machine in ("", k.head.environment.machine)]
    nameless = sum(not any(_commit_of(k, suite, tracked) for suite in k.head.suites) for k in kept)
    if nameless:
        named = "tracked repository" if tracked else "commit"
        problems.append(f"{nameless} {'record' if nameless == 1 else 'records'} without a {named} skipped")
    seen = [
        *(NamedSuite(suite, None) for suite in like),
        *also,
        *(each for k in kept for each in seen_in(k.head)),
    ]
    names = identify(seen, Path() if tracked else repository)
    problems += names.notes
    runs = [
        _SuiteRun(k, suite, names.of(suite), of)
        for k in kept
        for suite in k.head.suites
        if (of := _commit_of(k, suite, tracked)) is not None
    ]
    if like:
        wanted = {names.of(suite) for suite in like}
        runs = [run for run in runs if run.name in wanted]
    runs, told = _with(runs, chosen.overrides)
    problems += told
    groups: dict[str, list[_SuiteRun]] = {}
    for run in runs:
        groups.setdefault(run.commit.hash, []).append(run)
    if only is not None:
        groups = {hash_: group for hash_, group in groups.items() if hash_ in only}
    first = {hash_: min(run.kept.started for run in group) for hash_, group in groups.items()}
    releases = {
        run.commit.hash: short_of(run.commit)
        for group in groups.values()
        for run in group
        if _version(run.commit)
    }
    ordered, told = in_time(repository, first, releases)
    problems += told
    states = []
    for commit in _last(ordered, groups, until, last, each=bool(like)):
        records = []
        for path, suites in _best(groups[commit.hash]).items():
            try:
                records.append(_only(names.renamed(read_record(path)), suites))
            except UserError as error:
                problems.append(str(error))
        if records:
            states.append(CommitState(commit, tuple(records)))
    return Past(tuple(states), tuple(problems), names)


def _last(
    commits: Sequence[Commit],
    groups: Mapping[str, list[_SuiteRun]],
    until: str,
    last: int | None,
    *,
    each: bool,
) -> list[Commit]:
    """The last commits before `until`: `last` in all, or `last` of each suite."""
    hashes = [commit.hash for commit in commits]
    commits = commits[: hashes.index(until) if until in hashes else None]
    if last is None:
        return list(commits)
    if not each:
        return list(commits[-last:])
    found: list[Commit] = []
    counts: Counter[str] = Counter()
    for commit in reversed(commits):
        names = {run.name for run in groups[commit.hash]}
        if any(counts[name] < last for name in names):
            found.append(commit)
        counts.update(names)
    return found[::-1]


def _resolved(name: str, chosen: Chosen) -> str:
    """The hash of a revision, or of a commit or an installed version that only records know.

    Raises `GitError`.
    """
    try:
        return resolve(chosen.repository, name)
    except GitError:
        kept, _ = listed(chosen.folder)
        commits = [_commit_of(k, suite, chosen.tracked) for k in kept for suite in k.head.suites]
        found = {
            commit.hash
            for commit in commits
            if commit is not None and len(name) >= 4
            if commit.hash.startswith(name) or name in (short_of(commit), _version(commit))
        }
        if len(found) == 1:
            return found.pop()
        raise


def _version(commit: CommitRecord | TrackedRecord) -> str:
    """The name of an installed package that stands in for a commit; '' for a commit."""
    return commit.version if isinstance(commit, CommitRecord) else ""


def _commit_of(kept: Kept, suite: SuiteHead, tracked: bool) -> CommitRecord | TrackedRecord | None:
    """The commit of a suite in a record. Records of 0.1 name only that of their first suite."""
    if tracked:
        return kept.head.tracked
    if any(each.commit is not None for each in kept.head.suites):
        return suite.commit
    return kept.head.commit


def _with(runs: list[_SuiteRun], overrides: Mapping[str, object] | None) -> tuple[list[_SuiteRun], list[str]]:
    """The runs with the chosen parameters, and a note about the others."""
    wanted: dict[str, Mapping[str, object]] = {}
    for name in {run.name for run in runs}:
        kinds = [run.suite.overrides for run in runs if run.name == name]
        agreed = kinds[0] if all(kind == kinds[0] for kind in kinds) else {}
        wanted[name] = agreed if overrides is None else overrides
    found = [run for run in runs if run.suite.overrides == wanted[run.name]]
    others = len({run.kept.path for run in runs} - {run.kept.path for run in found})
    told = f"{others} records of runs with other parameters (--override) are passed over" if others else ""
    return found, [told] if told else []


def _best(group: Iterable[_SuiteRun]) -> dict[Path, set[str]]:
    """The files that count, in order, and the suites for which each counts.

    Of each suite these are files of an unmodified work tree and on pinned seeds, if there are any.
    """
    by_suite: dict[str, list[_SuiteRun]] = {}
    order: dict[Path, set[str]] = {}
    for run in group:
        by_suite.setdefault(run.name, []).append(run)
        order[run.kept.path] = set()
    for name, all_runs in by_suite.items():
        clean = [run for run in all_runs if not run.commit.dirty] or all_runs
        for run in [run for run in clean if not run.kept.head.fresh] or clean:
            order[run.kept.path].add(name)
    return {path: names for path, names in order.items() if names}


def _only(record: Record, names: Collection[str]) -> Record:
    """The record, restricted to these suites."""
    if all(suite.name in names for suite in record.suites):
        return record
    return msgspec.structs.replace(
        record,
        suites=tuple(suite for suite in record.suites if suite.name in names),
        instances=tuple(instance for instance in record.instances if instance.suite in names),
        claims=tuple(claim for claim in record.claims if claim.suite in names),
    )
