"""Formats of suites: which are read, and what the same file means differently in another.

A suite says its format. One of an older format is read as before where nothing in it changed its meaning;
else every line that did is a mistake, which says what the line meant and what to write.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.declare import is_reference, reference_of
from harness.predicates import predicates
from harness.questions import LOOKS
from harness.suite.budgets import DROPPED_LOOKS
from harness.suite.errors import KeyPath, Mistake
from harness.suite.models import OVERRIDE
from harness.suite.records import Benchmark, Experiment

FORMAT = 2
"""What suites say from now on."""

Format = Literal[1, 2]
"""What is read."""


@dataclass(frozen=True)
class Read:
    """What has been read of a suite when its format is looked at: the file as it stands, its experiments and
    benchmarks; `overrides` are values of `--override`."""

    document: Mapping[str, Any]
    experiments: Sequence[Experiment]
    overrides: Mapping[str, object]


@dataclass(frozen=True)
class FormatChange:
    """Something that suites before `since` meant differently; `find` gives a mistake for each place."""

    since: int
    about: str
    find: Callable[[Read], Iterator[Mistake]]


def _own_data(read: Read) -> Iterator[Mistake]:
    for experiment in read.experiments:
        parameters = experiment.declaration.parameters if experiment.declaration else {}
        for name, parameter in parameters.items():
            reference = reference_of(parameter.type)
            if reference and reference.told_by == ("preprocess", "targets"):
                yield from _untold(experiment, name, reference.told_by, read.overrides)


def _untold(
    experiment: Experiment, data: str, told_by: tuple[str, ...], overrides: Mapping[str, object]
) -> Iterator[Mistake]:
    table = "benchmarks" if isinstance(experiment, Benchmark) else "experiments"
    home: KeyPath = (table, experiment.id)
    axes = experiment.axes.values()
    everywhere = set(experiment.fixed) | {
        name for axis in axes for name in told_by if all(name in value.sets for value in axis.values)
    }
    places: list[tuple[KeyPath, object, set[str]]] = []
    if data in experiment.fixed:
        path = (OVERRIDE, data) if data in overrides else (*home, "with", data)
        places.append((path, experiment.fixed[data], everywhere))
    for axis in axes:
        for index, value in enumerate(axis.values):
            if data in value.sets:
                end: KeyPath = (index,) if value.value is not None else (value.label, data)
                path = (*home, "sweep", axis.name, *end)
                places.append((path, value.sets[data], everywhere | set(value.sets)))
    for path, name, told in places:
        lacking = [key for key in told_by if key not in told]
        if is_reference(name) and lacking:
            yield Mistake(path, _to_write(lacking), f'{data} = "{name}" in a suite of format 1')


_MEANT = {
    "preprocess": ("sphere", "features standardised, rows scaled to norm √d"),
    "targets": ("standardise", 'standardised, unless all are ±1: then `targets = "none"`'),
}


def _to_write(lacking: Sequence[str]) -> str:
    old = " and ".join(f'`{name} = "{_MEANT[name][0]}"` ({_MEANT[name][1]})' for name in lacking)
    new = " and ".join(f'`{name} = "none"`' for name in lacking)
    return (
        f"{old} beside it, to keep what format 1 did to your data, or {new}, to leave them as they are, "
        f"which is the default now; and `format = {FORMAT}`"
    )


def _budgets(read: Read) -> Iterator[Mistake]:
    """Budgets that are looks no more, of claims that have looks, and of `[defaults]` where one takes it."""
    fixed = {name for name, kind in predicates().items() if not kind.STATISTICS}
    claims = {id_: claim for id_, claim in _tables(read.document.get("claims")) if not fixed & claim.keys()}
    if any("seeds" not in claim for claim in claims.values()):
        yield from _dropped(("defaults",), read.document.get("defaults"))
    for id_, claim in claims.items():
        yield from _dropped(("claims", id_), claim)
        where = claim.get("where")
        for index, change in enumerate(where if isinstance(where, list) else ()):
            yield from _dropped(("claims", id_, "where", index), change)


def _dropped(path: KeyPath, table: object) -> Iterator[Mistake]:
    seeds = table.get("seeds") if isinstance(table, Mapping) else None
    if seeds in DROPPED_LOOKS and not isinstance(seeds, bool):
        expected = f"`seeds = {LOOKS[0]}`, the first look now, or a later one; and `format = {FORMAT}`"
        yield Mistake((*path, "seeds"), expected, f"`seeds = {int(seeds)}` in a suite of format 1")


def _tables(value: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield from ((name, table) for name, table in value.items() if isinstance(table, Mapping))


CHANGES: tuple[FormatChange, ...] = (
    FormatChange(
        2, "your own data stay as they are unless `preprocess` or `targets` says otherwise", _own_data
    ),
    FormatChange(2, "claims are looked at from 14 seeds on, not from 6", _budgets),
)
"""Everything that has changed, by the format that changed it."""


def changed(format_: int, read: Read) -> list[Mistake]:
    """Every place of a suite of format `format_` that means something else now."""
    return [mistake for change in CHANGES if format_ < change.since for mistake in change.find(read)]


def format_advice(format_: int) -> str:
    """What to do about a suite of an older format that was read; '' of the current one."""
    if format_ == FORMAT:
        return ""
    return f"format {FORMAT} is current; nothing in this suite changes with it: write `format = {FORMAT}`"
