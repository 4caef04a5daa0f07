"""A record among those before it: what a page or a summary of it says of the past."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from harness.git import Commit
from harness.history.compare import compare
from harness.history.states import Chosen, State, past, state_of
from harness.report import findings
from harness.report.change import QUIET
from harness.report.html.views import Mark
from harness.report.record import Record

SHOWN = 20
"""Commits in a strip."""


@dataclass(frozen=True)
class Context:
    """What earlier runs say; made by `context`. `past` is by instance id, oldest first, this record last.

    `changed` has a word for each instance that a reader must look at, since the commit `since`.
    """

    past: Mapping[str, tuple[Mark, ...]] = field(default_factory=dict)
    since: str = ""
    changed: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def context(record: Record, folder: Path, repository: Path, since: str | None = None) -> Context:
    """The record among those that `folder` has of other commits of the repository.

    `since` names a record's file or a commit to compare with; without it the last commit before that has a
    record. Runs with other parameters (--with) do not count. Raises what `state_of` raises.
    """
    given = {name: value for suite in record.suites for name, value in suite.given.items()}
    chosen = Chosen(folder, repository, given, tracked=record.tracked is not None)
    own = record.tracked or record.commit
    now = State(Commit(own.hash if own else "", "", "", record.started, ""), (record,))
    known = past(chosen, last=SHOWN)
    earlier = [state for state in known.states if state.commit.hash != now.commit.hash]
    marks: dict[str, list[Mark]] = {}
    for state in [*earlier[1 - SHOWN :], now]:
        for id_, instance in state.instances.items():
            commit, date = state.commit.hash[:9], state.commit.date[:10]
            trouble = findings.trouble(instance)
            mark = Mark(commit, date, instance.verdict, instance.outcome, trouble)
            marks.setdefault(id_, []).append(mark)
    before: State | None = earlier[-1] if earlier else None
    if since is not None:
        before, _ = state_of(since, chosen)
    changed: dict[str, str] = {}
    if before is not None:
        changed = {c.id: c.kind for c in compare(before, now).changes if c.kind not in QUIET}
    return Context(
        {id_: tuple(row) for id_, row in marks.items() if earlier},
        before.commit.hash[:9] if before else "",
        changed,
        known.problems,
    )
