"""Reading `[claims.ID]`: predicate, source, expectation, control, and what `where` overrides."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from string import Formatter
from typing import Annotated, Any, Literal

import msgspec

from harness.predicates import Predicate, predicates
from harness.questions import Centre
from harness.suite.budgets import AtLeastOne, Budget, read_budget, read_rare, read_seeds
from harness.suite.errors import KeyPath, one_of, shown
from harness.suite.explored import Ranges, merged, take_explored
from harness.suite.predicates import check_predicate, read_predicate
from harness.suite.reader import Notes, Seconds, Table
from harness.suite.records import (
    Axis,
    Benchmark,
    Citation,
    Claim,
    Control,
    Expectation,
    Experiment,
    Scope,
    Source,
    SourceStance,
    Stance,
)
from harness.text import SIZE, label_of, size

Alpha = Annotated[float, msgspec.Meta(gt=0, lt=0.5)]
Size = Annotated[str, msgspec.Meta(pattern=SIZE.pattern)]
PytestMark = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]
MARK = "a list of marks of letters, digits, _ and -"


@dataclass(frozen=True)
class Defaults:
    """What a claim has where neither it nor `[defaults]` says otherwise."""

    budget: Budget = field(default_factory=Budget)
    alpha: float = 0.001
    centre: Centre = "mean"
    marks: tuple[str, ...] = ()
    time_limit: float = 600.0  # a trial is one core's work of seconds; ten minutes is a hung one
    memory_limit: int | None = None  # in bytes; what is too much depends on the machine
    explored: Ranges = ()  # as `[suite]` says


@dataclass(frozen=True)
class Where:
    """One `[[claims.ID.where]]`: the instances that it matches and what it changes (None: nothing)."""

    path: KeyPath
    at: Mapping[str, tuple[str, ...]]
    stance: Stance | None
    expect: Expectation | None
    because: str | None
    marks: tuple[str, ...] | None
    control: Control | None
    seeds: int | None
    rare: float | None


@dataclass(frozen=True)
class Draft:
    """A claim as it is written, before it is expanded into instances."""

    claim: Claim
    path: KeyPath
    at: Mapping[str, tuple[str, ...]]
    expect: Expectation | None
    because: str
    marks: tuple[str, ...]
    control: Control | None
    budget: Budget
    wheres: tuple[Where, ...]


def read_defaults(table: Table) -> Defaults:
    """The `[defaults]` table."""
    default = Defaults()
    seeds = table.take("seeds", AtLeastOne, None)  # a look, unless no claim that takes it has looks
    defaults = Defaults(
        budget=default.budget.changed(table.path, seeds, read_rare(table)),
        alpha=table.take("alpha", Alpha, default.alpha),
        centre=table.take("centre", Centre, default.centre),
        marks=table.take("marks", tuple[PytestMark, ...], default.marks, expected=MARK),
        time_limit=table.take("time-limit", Seconds, default.time_limit),
        memory_limit=_memory(table, default.memory_limit),
    )
    table.close()
    return defaults


def read_claim(
    id_: str,
    table: Table,
    defaults: Defaults,
    sources: Mapping[str, Source],
    experiments: Mapping[str, Experiment | None],
    benchmarks: Mapping[str, Benchmark | None],
) -> Draft | None:
    """The claim of one table; None, with notes, where it cannot be judged."""
    notes, path, toml = table.notes, table.path, table.peek()
    says = table.take("says", str)
    source = _citation(table, sources)
    cites = "source" in toml
    expect = table.take("expect", Expectation, None)
    because = table.take("because", str, "")
    marks = table.take("marks", tuple[PytestMark, ...], defaults.marks, expected=MARK)
    alpha = table.take("alpha", Alpha, defaults.alpha)
    time_limit = table.take("time-limit", Seconds, defaults.time_limit)
    memory_limit = _memory(table, defaults.memory_limit)
    kind, raw_predicate = _kind(table)
    timed = kind is not None and kind.SUBJECTS == "benchmarks"
    centre = table.take("centre", Centre, "pseudomedian" if timed else defaults.centre)
    budget = read_budget(table, defaults.budget, fixed=_fixed(kind))
    explored = _explored(table, defaults.explored, timed)
    predicate = None
    if kind is not None:
        predicate = read_predicate(kind, Table(raw_predicate, (*path, kind.NAME), notes))
    pair = None
    experiment: Experiment | None = None
    if timed:
        pair = _pair(predicate, path, benchmarks, notes)
        experiment = pair[0] if pair else None
        if pair and centre == "mean":
            notes.add((*path, "centre"), '"pseudomedian" or "median", as timings have outliers', '"mean"')
    else:
        name = table.take("experiment", str)
        known = name is not None and notes.name((*path, "experiment"), name, experiments)
        experiment = experiments[name] if known else None
    axes = experiment.axes if experiment else None
    raw_at = table.take("at", dict[str, Any], {})
    at = _at(raw_at, (*path, "at"), axes, notes) if axes is not None else {}
    reader = _ReadClaim(kind, raw_predicate, predicate, experiment, cites, notes)
    raw_control = table.take("control", str | dict[str, Any], None, expected=_CONTROL)
    control = reader.control(raw_control, (*path, "control"))
    wheres = tuple(
        reader.where(Table(raw, (*path, "where", index), notes))
        for index, raw in enumerate(table.take("where", list[Any], [], expected="[[…where]] tables"))
    )
    table.close()
    named = None if axes is None else dict.fromkeys((*axes, *_range_of(predicate)))
    if says is not None and not _check_says(says, named, (*path, "says"), notes):
        says = None
    if not cites and "expect" not in toml:
        notes.add(path, "a `source` with its stance, or `expect`", "neither")
    if experiment is None or predicate is None:
        return None
    check_predicate(predicate, experiment, (*path, predicate.kind), notes)
    if source is not None and source.our_margin and not predicate.has_margin:
        found = f"`{predicate.kind}` without"
        notes.add((*path, "source", "margin"), "a predicate with a margin or a bound", found)
    if says is None:
        return None
    if pair:
        time_limit = sum(benchmark.time_limit for benchmark in pair)
    claim = Claim(
        id_, says, source, experiment, predicate, centre, alpha, time_limit, toml, pair, memory_limit,
        explored=explored,
    )  # fmt: skip
    return Draft(claim, path, at, expect, because, marks, control, budget, wheres)


_CONTROL = '"none: reason", or a table of what the control replaces'


def _kind(table: Table) -> tuple[type[Predicate] | None, dict[str, Any]]:
    """The kind of the claim's predicate, and its table."""
    known = predicates()
    present = [name for name in known if table.has(name)]
    if len(present) != 1:
        expected = f"exactly one predicate, {one_of(known)}"
        table.notes.add(table.path, expected, ", ".join(present) or "none")
    raw = {name: table.take(name, dict[str, Any], None, expected="a table") for name in known}
    return (known[present[0]], raw[present[0]]) if present and raw[present[0]] is not None else (None, {})


def _fixed(kind: type[Predicate] | None) -> str:
    """The name of a kind that is judged on exactly `seeds` seeds, '' of one that has looks."""
    return "" if kind is None or kind.STATISTICS else kind.NAME


def _pair(
    predicate: Predicate | None, path: KeyPath, benchmarks: Mapping[str, Benchmark | None], notes: Notes
) -> tuple[Benchmark, Benchmark] | None:
    """The two benchmarks that are compared, which have one grid."""
    if predicate is None:
        return None
    named = [(key, name) for key, name in predicate.named() if key.role == "benchmark"]
    path = (*path, predicate.kind, named[0][0].name)
    unknown = [name for _, name in named if not notes.name(path, name, benchmarks)]
    x, y = (benchmarks.get(name) for _, name in named)
    if unknown or x is None or y is None:
        return None
    if x is y:
        notes.add(path, "two benchmarks that differ", f"`{x.id}` twice")
    grids = [{name: tuple(axis.by_label) for name, axis in each.axes.items()} for each in (x, y)]
    if grids[0] != grids[1]:
        found = " and ".join(str({name: list(labels) for name, labels in grid.items()}) for grid in grids)
        notes.add(path, "two benchmarks with the same sweep", found)
        return None
    return x, y


def _citation(table: Table, sources: Mapping[str, Source]) -> Citation | None:
    expected = "a table { cite, stance, where, scope, margin }"
    raw = table.take("source", dict[str, Any], None, expected=expected)
    if raw is None:
        return None
    inner = Table(raw, (*table.path, "source"), table.notes)
    cite, stance = inner.take("cite", str), inner.take("stance", SourceStance)
    where, scope = inner.take("where", str, ""), inner.take("scope", Scope, "every")
    ours = inner.take("margin", Literal["ours"], None) is not None
    inner.close()
    known = cite is not None and table.notes.name((*inner.path, "cite"), cite, sources)
    return Citation(cite, stance, where, scope, ours) if known and stance is not None else None


def _explored(table: Table, of_suite: Ranges, timed: bool) -> Ranges:
    """The suite's explored seeds with the claim's own; none of timings, which no seed decides."""
    own = take_explored(table)
    if timed:
        if own:
            found = "ranges: a seed is the number of a pair of timings, and another run times anew"
            table.notes.add((*table.path, "explored"), "no `explored` in a claim about timings", found)
        return ()
    return merged((*of_suite, *own)) if own else of_suite


def _memory(table: Table, default: int | None) -> int | None:
    text = table.take("memory-limit", Size, None, expected='a size such as "4 GiB"')
    return default if text is None else size(text)


def _at(
    raw: Mapping[str, Any], path: KeyPath, axes: Mapping[str, Axis], notes: Notes, spans: str | None = None
) -> dict[str, tuple[str, ...]]:
    """Labels kept of each axis. On the axis `spans`, labels such as `1..2` stand for a change."""
    kept = {}
    for name, value in raw.items():
        if not notes.name((*path, name), name, axes):
            continue
        labels = []
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, int | float | str | bool):
                notes.add((*path, name), "a value of the axis, or a list of them", shown(item))
                continue
            label = label_of(item)
            if (name == spans and ".." in label) or notes.name((*path, name), label, axes[name].by_label):
                labels.append(label)
        kept[name] = tuple(dict.fromkeys(labels))
    return kept


def _range_of(predicate: Predicate | None) -> list[str]:
    """The axis of a predicate that need not be swept."""
    return [predicate.axis] if predicate is not None and predicate.USE == "range" and predicate.axis else []


def _check_says(says: str, axes: Collection[str] | None, path: KeyPath, notes: Notes) -> bool:
    """Whether it is a sentence that names axes only; of an experiment with mistakes these are not known."""
    expected = "a sentence, perhaps with {axis} in braces"
    try:
        fields_ = [field for field in Formatter().parse(says) if field[1] is not None]
    except ValueError as error:
        notes.add(path, expected, str(error))
        return False
    if any(spec or conversion for _, _, spec, conversion in fields_):
        notes.add(path, expected, "a format or conversion in braces")
        return False
    unknown = [name for _, name, _, _ in fields_ if axes is not None and not notes.name(path, name, axes)]
    return not unknown


class _ReadClaim:
    """What reading controls and `where` needs to know of their claim."""

    def __init__(
        self,
        kind: type[Predicate] | None,
        raw: Mapping[str, Any],
        predicate: Predicate | None,
        experiment: Experiment | None,
        cites: bool,
        notes: Notes,
    ) -> None:
        self.kind, self.raw, self.predicate, self.experiment, self.notes = (
            kind,
            raw,
            predicate,
            experiment,
            notes,
        )
        self.cites = cites

    def control(self, raw: Any, path: KeyPath) -> Control | None:
        if raw is None:
            return None
        if isinstance(raw, str):
            start, _, reason = raw.partition(":")
            if start != "none" or not reason.strip():
                self.notes.add(path, _CONTROL, shown(raw))
            return Control(None, none_because=reason.strip())
        if self.kind is None or self.predicate is None or self.experiment is None:
            return None
        changes = dict(raw)
        at = _at(_table(changes.pop("at", {})), (*path, "at"), self.experiment.axes, self.notes)
        margins = {key.name for key in self.predicate.declared_keys() if key.role == "margin"}
        for key in sorted(margins & changes.keys()):
            self.notes.add((*path, key), "the claim's own margin for its control too", f"`{key}` replaced")
            del changes[key]
        if not changes and not at:
            self.notes.add(path, "a key of the predicate, or `at`, to replace", "nothing replaced")
            return None
        own = {key.name for key in self.predicate.declared_keys() if key.role in ("axis", "label")}
        for key in sorted(own & changes.keys()):
            if changes[key] != self.raw.get(key):
                expected = f"the claim's own `{key}`, at whose instances its control is judged"
                self.notes.add((*path, key), expected, shown(changes[key]))
        if self.predicate.axis in at:
            self.notes.add((*path, "at"), "an axis that the predicate does not run along", str(list(at)))
        predicate = read_predicate(self.kind, Table({**self.raw, **changes}, path, self.notes))
        if predicate is None:
            return None
        if predicate == self.predicate and not at:
            self.notes.add(path, "a control that differs from the claim", "the claim itself")
        for field_, name in predicate.named():
            if field_.role == "benchmark":  # the claim times these two alone
                self.notes.name((*path, field_.name), name, self.predicate.benchmarks)
        check_predicate(predicate, self.experiment, path, self.notes)
        single = {}
        for axis, labels in at.items():
            if len(labels) == 1:
                single[axis] = labels[0]
            else:
                self.notes.add((*path, "at", axis), "one value", f"{len(labels)}")
        return Control(predicate, single)

    def where(self, table: Table) -> Where:
        raw = table.take("at", dict[str, Any], {})
        axes = self.experiment.axes if self.experiment else {}
        spans = self.predicate.axis if self.predicate and self.predicate.USE == "pairs" else None
        at = _at(raw, (*table.path, "at"), axes, self.notes, spans) if self.experiment else {}
        changes = [each.name for each in fields(Where) if each.name not in ("path", "at")]
        if not any(map(table.has, changes)):
            self.notes.add(table.path, f"something to override, {one_of(changes)}", "nothing")
        where = Where(
            path=table.path,
            at=at,
            stance=table.take("stance", Stance, None),
            expect=table.take("expect", Expectation, None),
            because=table.take("because", str, None),
            marks=table.take("marks", tuple[PytestMark, ...], None, expected=MARK),
            control=self.control(
                table.take("control", str | dict[str, Any], None, expected=_CONTROL),
                (*table.path, "control"),
            ),
            seeds=read_seeds(table, fixed=_fixed(self.kind)),
            rare=read_rare(table, fixed=_fixed(self.kind)),
        )
        table.close()
        if where.stance is not None and not self.cites:
            expected = "a `source` of the claim, of whose stance this is"
            self.notes.add((*table.path, "stance"), expected, "a claim without one")
        if where.stance == "none" and not (where.because or "").strip():
            self.notes.add(table.path, "`because`: why the source says nothing of these instances", "none")
        return where


def _table(value: object) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {"": value}
