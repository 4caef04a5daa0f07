"""A record among earlier ones: what a page or a summary of it says about the past."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.git import resolve
from harness.history.archive import Kept, listed
from harness.history.compare import compare
from harness.history.states import Chosen, CommitState, NoRecordError, past, state_of_record
from harness.history.suites import Names, seen_in
from harness.report import findings
from harness.report.change import QUIET
from harness.report.dates import moment
from harness.report.files import read_record
from harness.report.html.views import Mark
from harness.report.record import Record
from harness.text import printable

SHOWN = 20
"""Commits in a strip."""


@dataclass(frozen=True)
class Context:
    """What earlier runs say. `past` is by instance id, oldest first, this record last. `context` makes it.

    `changed` has a word for each instance at which a reader must look, since the commit `since`. With several
    suites that may be several commits. `notes` name suites for which there is no earlier record.
    """

    past: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    since: str = ""
    changed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def context(record: Record, folder: Path, repository: Path, since: str | None = None) -> Context:
    """The record among those that `folder` has of its suites, at other commits of the repository.

    `since` names what to compare with: a record's file, a commit, or a folder of records, of which each suite
    takes the newest that was started before this one. Without it, each suite takes the last commit before
    that has a record of it. Runs with other parameters (--override) do not count.

    Raises `RecordError`, `GitError`, and `NoRecordError` if a file or a commit has none of these suites.
    """
    overrides = {name: value for suite in record.suites for name, value in suite.overrides.items()}
    chosen = Chosen(folder, repository, overrides, tracked=record.tracked is not None)
    own_commit = record.tracked or record.commit
    other = read_record(Path(since)) if since is not None and Path(since).is_file() else None
    those = [] if since is None else listed(Path(since))[0]  # a folder without records gives an empty list
    also = [seen for each in (record, other, *(k.head for k in those)) if each for seen in seen_in(each)]
    until = own_commit.hash if own_commit else ""
    known = past(chosen, last=SHOWN, until=until, like=record.suites, also=also)
    now = state_of_record(record, known.names)
    if since is None:
        before = _newest(known.states, now.names)
    elif other is not None:
        before = [state_of_record(other, known.names, since)]
    elif those:
        before = _in_folder(those, record, overrides, known.names)
    else:
        hash_ = resolve(repository, since)
        before = list(past(chosen, only=[hash_], like=record.suites, also=also).states)
    before = [state for state in (state.only(now.names) for state in before) if state.records]
    if since is not None and not before and not those:
        expected = f"a record of {printable(', '.join(sorted(now.names)))} at {since}, in {folder}"
        raise NoRecordError(f"expected {expected}, found none: run it there with `harness run`")
    notes = list(known.problems) if known.states else []
    if before or since is not None:
        where = f"in {since}" if since is not None else f"of an earlier commit in {folder}"
        missing = sorted(now.names - {name for state in before for name in state.names})
        notes += [f"expected a record of {printable(name)} {where}, found none" for name in missing]
    ids = {called: instance.id for called, instance in zip(now.ids, record.instances, strict=True)}
    changed: dict[str, str] = {}
    for state in before:
        found = compare(state, now.only(state.names)).changes
        changed |= {ids.get(c.id, c.id): c.kind for c in found if c.kind not in QUIET}
    marks = _marks([*known.states, now]) if known.states else {}
    past_marks = {ids.get(id_, id_): tuple(row[-SHOWN:]) for id_, row in marks.items()}
    return Context(past_marks, _named(before), changed, tuple(notes))


def _newest(earlier: Sequence[CommitState], names: frozenset[str]) -> list[CommitState]:
    """The last states that together have these suites, each restricted to those that no later one has."""
    rest, found = set(names), []
    for state in reversed(earlier):
        if rest & state.names:
            found.append(state.only(rest & state.names))
            rest -= state.names
    return found


def _in_folder(
    kept: Sequence[Kept], record: Record, overrides: Mapping[str, object], names: Names
) -> list[CommitState]:
    """For each suite the newest record started before this one, on seeds of the same kind if there is one."""
    started = moment(record.started)
    rest, found = {names.of(suite) for suite in record.suites}, []
    earlier = [k for k in kept if started is not None and k.started < started]
    earlier.reverse()
    for k in sorted(earlier, key=lambda k: k.head.fresh != record.fresh):
        fitting = rest & {names.of(suite) for suite in k.head.suites if suite.overrides == overrides}
        if fitting:
            found.append(state_of_record(k.read(), names).only(fitting))
            rest -= fitting
    return found


def _marks(states: Sequence[CommitState]) -> dict[str, list[Mark]]:
    marks: dict[str, list[Mark]] = {}
    for state in states:
        for id_, instance in state.instances.items():
            date = state.commit.date[:10]
            trouble = findings.trouble(instance)
            mark = Mark(state.called, date, instance.verdict, instance.outcome, trouble)
            marks.setdefault(id_, []).append(mark)
    return marks


def _named(before: Sequence[CommitState]) -> str:
    """The commit to which changes refer; if there are several, each with its suites."""
    if len({state.commit.hash for state in before}) < 2:
        return before[0].called if before else ""
    return ", ".join(f"{state.called} ({', '.join(sorted(state.names))})" for state in before)
