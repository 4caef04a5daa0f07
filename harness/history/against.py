"""Compares a run with a published record: for each instance, is the outcome the published one?

A suite's expectation and a published outcome may differ: a claim that was *unexpected* is published as such,
and a program that finds it again has not changed. Each instance is compared with its published outcome:

    differs    it is an error or was not run, and is not published so; its verdict is the opposite one; a
               boundary lies elsewhere (the two intervals have nothing in common); its
               outcome fails, or it is not covered any more, where the published one was fine
    noted      any other difference: published as undecided and decided now, or not run because the
               map's own time was over
    same       verdict and outcome are the published ones, also if that outcome fails

An instance that the record lacks, or has as another claim (`redefinition`; another budget or expectation is
still the same claim), is judged by its own outcome. The seeds of the two may differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import msgspec

from harness.errors import UserError
from harness.history.baselines.resolve import is_record_name
from harness.history.change import boundary_moved, redefinition
from harness.history.formed import unexplored
from harness.judge import FAILING
from harness.report.excused import excused
from harness.report.explored import first_seeds
from harness.report.files import read_record
from harness.report.record import InstanceRecord, Record
from harness.report.words import interval_text
from harness.shipped import located_record, published_name
from harness.suite import Mistake, Suite
from harness.text import printable

DifferenceKind = Literal["differs", "noted", "same"]
NAMED = 20
"""The most noted instances that are named one by one. All that differ are named."""

_DEFINITE = ("supported", "refuted")
_BROKEN = ("error", "not-run")
_GLYPHS: Mapping[DifferenceKind, str] = {"differs": "✗", "noted": "·", "same": "="}


class AgainstError(UserError, ValueError):
    """A record with which a run cannot be compared: of other suites, or of other parameters."""


@dataclass(frozen=True)
class Held:
    """One instance of a run compared with the published one, in words."""

    id: str
    kind: DifferenceKind
    says: str


@dataclass(frozen=True)
class Published:
    """The records with which a run is compared, with their files' names. `read_published` makes it."""

    records: Mapping[str, Record]

    @cached_property
    def instances(self) -> dict[str, InstanceRecord]:
        """The instances by id."""
        return {i.id: i for record in self.records.values() for i in record.instances}

    def check(self, suites: Mapping[str, Mapping[str, object]]) -> None:
        """Raise `AgainstError` unless it has one of these suites, with the same parameters.

        `suites` has the overrides (`--override`) by the suite's name.
        """
        found = [(file, suite) for file, record in self.records.items() for suite in record.suites]
        files, names = ", ".join(self.records), sorted({suite.name for _, suite in found})
        if suites and not suites.keys() & set(names):
            expected, has = printable(", ".join(sorted(suites))), printable(", ".join(names)) or "no suite"
            raise AgainstError(f"{files}: expected a record of {expected}, found one of {has}")
        for file, suite in found:
            overrides = suites.get(suite.name, suite.overrides)
            if dict(overrides) != suite.overrides:
                expected = f"{suite.name} with {_parameters(overrides)}, as in this run"
                found_ = _parameters(suite.overrides)
                raise AgainstError(printable(f"{file}: expected a record of {expected}, found {found_}"))

    def unexplored(self, suite: Suite) -> list[Mistake]:
        """Where the suite expects something else, on seeds that it does not call explored; see `formed`."""
        return unexplored(suite, self.records)

    def hold(self, record: Record) -> AgainstPublished:
        """A run's record compared with the published ones. Raises `AgainstError`."""
        self.check({suite.name: suite.overrides for suite in record.suites})
        published = self.instances
        cut_off = excused(record.instances, record.maps)
        held = tuple(hold(i, published.get(i.id), cut_off=i.id in cut_off) for i in record.instances)
        names = {suite.name for suite in record.suites}
        ran = {instance.id for instance in record.instances}
        left = sum(then.suite in names for id_, then in published.items() if id_ not in ran)
        seeds = " and ".join(dict.fromkeys(first_seeds(each) for each in self.records.values()))
        return AgainstPublished(tuple(self.records), seeds, held, left)


@dataclass(frozen=True)
class AgainstPublished:
    """A run compared with published records. `left` instances of its suites were not in the run."""

    files: tuple[str, ...]
    first_seeds: str
    """The first seeds of the published records, in words."""
    held: tuple[Held, ...]
    left: int

    @property
    def differs(self) -> dict[str, str]:
        """What differs and how, in words, by id."""
        return {each.id: each.says for each in self.held if each.kind == "differs"}

    @property
    def exit_code(self) -> int:
        """1 if an instance differs."""
        return int(any(each.kind == "differs" for each in self.held))


def read_published(paths: Iterable[Path]) -> Published:
    """The records in these files, and in the folders among them (`*.json`).

    @NAME is a record published with this package. Raises `UnknownSuiteError`, `RecordError`, and
    `AgainstError` for a folder without records and for an instance that is in two.
    """
    records: dict[str, Record] = {}
    for path in map(located_record, paths):
        files = sorted(path.glob("*.json")) if path.is_dir() else [path]
        if not files:
            raise AgainstError(f"{path}: expected records of runs (*.json), found none")
        records |= {published_name(file) or str(file): read_record(file) for file in files}
    owners: dict[str, str] = {}
    for file, record in records.items():
        for instance in record.instances:
            if owners.setdefault(instance.id, file) != file:
                raise AgainstError(f"{file}: {printable(instance.id)} is in {owners[instance.id]} as well")
    return Published(records)


@dataclass(frozen=True)
class References:
    """What a run is compared with: published records, and names of commits. `read_references` makes it."""

    published: Published | None = None
    commits: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.published is not None or bool(self.commits)

    def check_compared(self, record: Record) -> None:
        """Raise `AgainstError` unless the record has comparisons with each of the commits."""
        known = tuple(dict.fromkeys(each.baseline for each in record.comparisons))
        for name in self.commits:
            if not any(_is_called(shown, name) for shown in known):
                found = f"found {' and '.join(known)}" if known else "found none"
                raise AgainstError(printable(
                    f"--against {name}: expected a record of a run that was compared with it, {found}:"
                    " `harness run --against` compares"
                ))  # fmt: skip


def _is_called(shown: str, name: str) -> bool:
    """Whether a baseline shown as `v0.2.0 (1a2b3c4d5)` has this name, or is that commit."""
    called, _, short = shown.partition(" (")
    return name == called or (len(name) > 6 and (short or called).rstrip(")")[:9].startswith(name[:9]))


def read_references(refs: Iterable[str]) -> References:
    """What the REFs of `--against` name. Raises as `read_published` does."""
    every = list(refs)
    records = [ref for ref in every if is_record_name(ref)]
    published = read_published(map(Path, records)) if records else None
    return References(published, tuple(ref for ref in every if ref not in records))


def hold(now: InstanceRecord, then: InstanceRecord | None, *, cut_off: bool = False) -> Held:
    """Compare an instance of a run with the published one; None means that none was published.

    `cut_off`: it was not run because the map's own time was over, which does not count as a difference
    """
    if cut_off:
        before = "not published" if then is None else f"published {_said(then)}"
        return Held(now.id, "noted", f"{before}, now not run: the time of its map was over")
    if then is None:
        return _by_itself(now, "not published")
    another = redefinition(then, msgspec.structs.replace(now, budget=then.budget, expect=then.expect))
    if another:
        return _by_itself(now, f"another claim than was published ({'; '.join(another)})")
    moved = boundary_moved(then, now)
    if (now.verdict, now.outcome) == (then.verdict, then.outcome) and not moved:
        return Held(now.id, "same", _said(now))
    opposite = now.verdict in _DEFINITE and then.verdict in _DEFINITE and now.verdict != then.verdict
    broken = now.outcome in _BROKEN and now.outcome != then.outcome
    fails = now.outcome in FAILING and then.outcome not in FAILING
    lost = now.outcome == "not-covered" and then.outcome == "as-expected"
    kind: DifferenceKind = "differs" if opposite or broken or fails or lost or moved else "noted"
    return Held(now.id, kind, f"published {_said(then)}, now {_said(now)}")


def against_text(comparison: AgainstPublished, paint: Callable[[str, str], str]) -> str:
    """How many instances are as published, and what the others are. All that differ are listed, first."""
    counts = Counter(each.kind for each in comparison.held)
    total = len(comparison.held)
    noun = "instance" if total == 1 else "instances"
    parts = [f"{counts['differs']} of {total} {noun} differ"] if counts["differs"] else []
    parts += [f"{counts['same']} of {total} {noun} as published"] if not parts else []
    parts += [f"{counts['same']} as published"] if counts["differs"] else []
    parts += [f"{counts['noted']} noted"] if counts["noted"] else []
    parts += [f"{comparison.left} published ones were not in this run"] if comparison.left else []
    files = printable(", ".join(comparison.files))
    lines = [f"Against {files} (seeds from {comparison.first_seeds}): {', '.join(parts)}."]
    for kind, most in (("differs", total), ("noted", NAMED)):
        found = [each for each in comparison.held if each.kind == kind]
        color = "unexpected" if kind == "differs" else "measured"
        lines += [f"  {paint(_GLYPHS[each.kind], color)} {_line(each)}" for each in found[:most]]
        lines += [f"  … and {len(found) - most} more are noted"] if len(found) > most else []
    return "\n".join(lines)


def _by_itself(now: InstanceRecord, why: str) -> Held:
    kind: DifferenceKind = "differs" if now.outcome in FAILING else "noted"
    return Held(now.id, kind, f"{why}, so judged by its own outcome: {_said(now)}")


def _said(instance: InstanceRecord) -> str:
    """`unexpected (refuted)`; one word if that says both; for a boundary also where it lies."""
    same = instance.outcome == instance.verdict
    said = instance.outcome if same else f"{instance.outcome} ({instance.verdict})"
    if instance.boundary is None or instance.interval == (None, None):
        return said
    return f"{said} {interval_text(instance.interval, instance.unit)}"


def _line(held: Held) -> str:
    return printable(f"{held.id}: {held.says}")


def _parameters(overrides: Mapping[str, object]) -> str:
    return (
        ", ".join(f"{name} = {value!r}" for name, value in sorted(overrides.items())) or "no other parameters"
    )
