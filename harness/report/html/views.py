"""The contents of a page in order: marks of earlier commits, claims with their instances, groups of claims.

A claim has a verdict (`harness.report.claim_verdicts`), and an outcome: the worst of its instances' failing
outcomes, or else *as-expected* if anything was expected of any, *measured* if not, *not-covered* if none of
it is covered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.judge import FAILING
from harness.report.claim_verdicts import CLAIM_VERDICTS, ClaimSummary, ClaimVerdict, claim_summary
from harness.report.record import ClaimRecord, InstanceRecord
from harness.report.words import GLYPHS, ORDER, by_claim, control

LAST = 20
"""Commits in a history strip."""
SHOWN = 120
"""The most settled claims that are shown unfolded. If there are more, all are folded."""
CHUNK = 100
"""Rows of a folded table."""
_SETTLED = ("not-covered", "as-expected", "measured")
_BEST = ("as-expected", "measured", "not-covered")
ODD = "odd"
"""The token of what is not as expected."""


def verdict_token(verdict: ClaimVerdict) -> str:
    """The filter token of a claim with this verdict: `is-in-part`."""
    return f"is-{verdict.replace(' ', '-')}"


TOKENS = (*map(verdict_token, CLAIM_VERDICTS), ODD, *FAILING, "changed", "contradicts", "fragile")
"""The filter tokens of a row: its claim's verdict, failing outcomes, and other properties of instances."""


@dataclass(frozen=True)
class Mark:
    """What one commit's record said about an instance. `note` is shown with it."""

    commit: str
    date: str
    verdict: str
    outcome: str
    note: str = ""


@dataclass(frozen=True)
class Streak:
    """Equal marks of adjacent commits, as they stand in a strip."""

    outcome: str
    glyphs: str
    says: str


@dataclass(frozen=True)
class InstanceView:
    """An instance, its place on the page, how it changed, and its history."""

    anchor: str
    record: InstanceRecord
    changed: str
    history: tuple[Streak, ...]
    tokens: tuple[str, ...]
    """The tokens that filters match."""


@dataclass(frozen=True)
class ClaimView:
    """A claim: all of its instances, and what they say together."""

    anchor: str
    name: str
    summary: ClaimSummary
    outcome: str
    instances: tuple[InstanceView, ...]
    changed: tuple[str, ...]
    history: tuple[Streak, ...]
    tokens: tuple[str, ...]

    @property
    def first(self) -> InstanceRecord:
        """The first instance, from which common values are read."""
        return self.instances[0].record

    @property
    def single(self) -> bool:
        """Whether it has one instance, and so no group of its own."""
        return len(self.instances) == 1

    @property
    def records(self) -> list[InstanceRecord]:
        """The records of its instances."""
        return [view.record for view in self.instances]

    @property
    def controls(self) -> tuple[tuple[str, int], ...]:
        """How many controls have which verdict."""
        return tuple(Counter(control(record) for record in self.records).items())

    @property
    def seconds(self) -> float:
        """Core-seconds. A trial that several instances read counts for each."""
        return sum(record.seconds for record in self.records)

    def counts(self, of: str) -> tuple[tuple[str, int], ...]:
        """How many instances have which outcome (or verdict), the worst outcome first."""
        found = Counter(str(getattr(view.record, of)) for view in self.instances)
        return tuple(sorted(found.items(), key=lambda item: (_rank(item[0]), item[0])))

    @property
    def attention(self) -> tuple[InstanceRecord, ...]:
        """The instances that are not as expected, the worst first."""
        failing = [view.record for view in self.instances if ODD in view.tokens]
        return tuple(sorted(failing, key=lambda i: _rank(i.outcome)))


@dataclass(frozen=True)
class Chunk:
    """Rows that are shown together. With a `title`, they are folded under it."""

    title: str
    rows: tuple[ClaimView, ...] | tuple[InstanceView, ...]
    tokens: tuple[str, ...]
    verdict: str = ""
    """The verdict of all the claims in it, if they have one."""


def glyph(outcome: str) -> str:
    """The glyph of an outcome. A record made by hand may name another outcome."""
    return GLYPHS.get(outcome, "•")


def outcome_of(outcomes: Iterable[str]) -> str:
    """The outcome of a claim whose instances have these outcomes."""
    found = set(outcomes)
    worst = [o for o in (*FAILING, *_BEST) if o in found]
    return worst[0] if worst else min(found, default="not-run")


def claim_views(
    instances: Sequence[InstanceRecord],
    past: Mapping[str, Sequence[Mark]],
    changed: Mapping[str, str],
    statements: Iterable[ClaimRecord] = (),
    fine: frozenset[str] = frozenset(),
) -> list[ClaimView]:
    """The claims of a record, in the order of a page.

    Those that are not as expected come first, then those that changed, then the others by their verdicts. The
    instances in `fine` do not fail a run, whatever their outcomes.
    """
    stated = {statement.id: statement for statement in statements}
    views = []
    number = 0
    for place, (name, members) in enumerate(by_claim(instances).items()):
        rows = []
        statement = stated.get(name)
        against = statement is not None and statement.agreement == "contradicts"
        for instance in members:
            number += 1
            odd = instance.outcome in FAILING and instance.id not in fine
            rows.append(_instance_view(f"i{number}", instance, past, changed, against, odd))
        outcome = outcome_of(i.outcome for i in members)
        summary = claim_summary(name, members, statement, fine)
        shared = verdict_token(summary.verdict)
        rows = [replace(row, tokens=(shared, *row.tokens)) for row in rows]
        marks = _merged([past.get(i.id, ())[-LAST:] for i in members])
        views.append(
            ClaimView(
                anchor=f"c{place + 1}",
                name=name,
                summary=summary,
                outcome=outcome,
                instances=tuple(sorted(rows, key=_instance_order)),
                changed=tuple(dict.fromkeys(row.changed for row in rows if row.changed)),
                history=runs(marks),
                tokens=_joined(row.tokens for row in rows),
            )
        )
    return sorted(
        views,
        key=lambda v: (_rank(v.outcome), not v.changed, CLAIM_VERDICTS.index(v.summary.verdict)),
    )


def chunks(views: Sequence[ClaimView]) -> list[Chunk]:
    """Failures and changes, unfolded; the rest too, or folded if it is long."""
    loud = [v for v in views if v.outcome not in _SETTLED or v.changed]
    quiet = [v for v in views if not (v.outcome not in _SETTLED or v.changed)]
    if len(quiet) <= SHOWN:
        return _cut(loud + quiet, "", folded=False) if len(loud) <= SHOWN else [
            *_cut(loud, "not as expected, or changed", folded=True), *_cut(quiet, "", folded=False)
        ]  # fmt: skip
    found = _cut(loud, "not as expected, or changed", folded=len(loud) > SHOWN)
    for verdict in dict.fromkeys(v.summary.verdict for v in quiet):
        found += _cut([v for v in quiet if v.summary.verdict == verdict], verdict, folded=True)
    return found


def instance_chunks(views: Sequence[InstanceView]) -> list[Chunk]:
    """The instances of a claim, folded in pieces if there are many."""
    if len(views) <= SHOWN:
        return [Chunk("", tuple(views), ())]
    pieces = [views[k : k + CHUNK] for k in range(0, len(views), CHUNK)]
    return [
        Chunk(
            f"{k * CHUNK + 1} to {k * CHUNK + len(piece)} of {len(views)}",
            tuple(piece),
            _joined(v.tokens for v in piece),
        )
        for k, piece in enumerate(pieces)
    ]


def _cut(views: Sequence[ClaimView], what: str, *, folded: bool) -> list[Chunk]:
    if not folded:
        return [Chunk("", tuple(views), _joined(v.tokens for v in views))] if views else []
    pieces = [views[k : k + CHUNK] for k in range(0, len(views), CHUNK)]
    return [
        Chunk(
            f"{what}: claims {k * CHUNK + 1} to {k * CHUNK + len(piece)} of {len(views)}",
            tuple(piece),
            _joined(v.tokens for v in piece),
            what if what in CLAIM_VERDICTS else "",
        )
        for k, piece in enumerate(pieces)
    ]


def _instance_view(
    anchor: str,
    instance: InstanceRecord,
    past: Mapping[str, Sequence[Mark]],
    changed: Mapping[str, str],
    against: bool,
    odd: bool,
) -> InstanceView:
    """The view of an instance.

    `against`: the claim contradicts its source; this instance does so if its own verdict does, too. `odd`: it
        is not as expected.
    """
    tokens: list[str] = [ODD, instance.outcome] if odd else []
    if instance.id in changed:
        tokens.append("changed")
    if against and instance.agreement == "contradicts":
        tokens.append("contradicts")
    if instance.fragile:
        tokens.append("fragile")
    return InstanceView(
        anchor=anchor,
        record=instance,
        changed=changed.get(instance.id, ""),
        history=runs(past.get(instance.id, ())[-LAST:]),
        tokens=tuple(tokens),
    )


def runs(marks: Sequence[Mark]) -> tuple[Streak, ...]:
    """A history as few pieces, oldest first."""
    found: list[list[Mark]] = []
    for mark in marks:
        if found and _same(found[-1][-1], mark):
            found[-1].append(mark)
        else:
            found.append([mark])
    return tuple(
        Streak(run[0].outcome, glyph(run[0].outcome) * len(run), _says(run[0], run[-1], len(run)))
        for run in found
    )


def _same(a: Mark, b: Mark) -> bool:
    return (a.outcome, a.verdict, a.note) == (b.outcome, b.verdict, b.note)


def _says(first: Mark, last: Mark, n: int) -> str:
    where = f"{first.commit[:9]} {first.date}"
    if n > 1:
        where += f" to {last.commit[:9]} {last.date}"
    verdict = f", {first.verdict}" if first.verdict else ""
    note = f": {first.note}" if first.note else ""
    return f"{where}: {first.outcome}{verdict}{note}"


def _merged(histories: Sequence[Sequence[Mark]]) -> list[Mark]:
    """One mark for each commit, with the outcome that a claim of these instances has."""
    by_commit: dict[tuple[str, str], list[Mark]] = {}
    for mark in (mark for history in histories for mark in history):
        by_commit.setdefault((mark.date, mark.commit), []).append(mark)
    merged = []
    for (date, commit), marks in sorted(by_commit.items(), key=lambda item: item[0][0])[-LAST:]:
        outcome = outcome_of(mark.outcome for mark in marks)
        merged.append(Mark(commit, date, "", outcome, marks[0].note if len(marks) == 1 else ""))
    return merged


def _instance_order(view: InstanceView) -> tuple[int, bool]:
    return _rank(view.record.outcome), not view.changed


def _rank(outcome: str) -> int:
    """Failing outcomes from the worst; all settled ones are equal; verdicts and other words come last."""
    if outcome in FAILING:
        return ORDER.index(outcome)
    return len(FAILING) if outcome in _SETTLED else len(FAILING) + 1


def _joined(tokens: Iterable[Sequence[str]]) -> tuple[str, ...]:
    """Each token once."""
    return tuple(dict.fromkeys(token for those in tokens for token in those))
