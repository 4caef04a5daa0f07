"""Maps of a record: their lines, the judged cells, where boundaries lie, and what time cut off.

A *line* is an instance of one of the map's claims: a boundary along the map's first axis. A *cell* is a
visited point of a line. Lines with the same values of all axes except the map's second are a *panel*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from msgspec.structs import replace

from harness.campaign import MapTime
from harness.declare import Value
from harness.report.excused import lines_of
from harness.report.record import InstanceRecord, MapRecord, Record
from harness.report.words import interval_text, seconds_text
from harness.suite import Suite
from harness.text import label_of


@dataclass(frozen=True)
class Panel:
    """Lines of one claim that differ along the map's second axis, in its order, and their common values."""

    claim: str
    at: Mapping[str, str]
    lines: tuple[InstanceRecord, ...]

    @property
    def title(self) -> str:
        """`train=16, data=digits`."""
        return ", ".join(f"{axis}={label}" for axis, label in self.at.items())


def map_records(times: Iterable[MapTime], suites: Mapping[str, Suite]) -> tuple[MapRecord, ...]:
    """What a record says of the maps that were measured."""
    known = {
        f"{suite.name}/{each.id}": (suite, each) for suite in suites.values() for each in suite.maps.values()
    }
    found = []
    for time in times:
        suite, stated = known[time.id]
        found.append(
            MapRecord(
                id=time.id,
                suite=suite.name,
                map=stated.id,
                title=stated.title,
                claims=stated.claims,
                axes=stated.axes,
                time_budget=None if stated.seconds == float("inf") else stated.seconds,
                seconds=time.seconds,
                unfinished=time.unfinished,
                by_run=time.by_run and time.unfinished > 0,
            )
        )
    return tuple(found)


def joined_maps(records: Iterable[Record]) -> tuple[MapRecord, ...]:
    """The maps of several records, each of which has a part of the lines.

    A map took as long as its longest part, and time has cut off what it cut off in any part.
    """
    found: dict[str, MapRecord] = {}
    for each in (each for record in records for each in record.maps):
        known = found.get(each.id)
        found[each.id] = each if known is None else replace(
            each,
            seconds=max(each.seconds, known.seconds),
            unfinished=each.unfinished + known.unfinished,
            by_run=each.by_run or known.by_run,
        )  # fmt: skip
    return tuple(found.values())


def panels_of(found: MapRecord, instances: Iterable[InstanceRecord]) -> list[Panel]:
    """The panels of a map: claim by claim, then by the third axis, then by other axes of the claims."""
    lines = lines_of(found, instances)
    second, *third = found.axes[1:] or ("",)
    others = dict.fromkeys([*third, *(axis for line in lines for axis in line.point)])
    others.pop(second, None)
    rank = {claim: place for place, claim in enumerate(found.claims)}
    groups: dict[tuple[object, ...], list[InstanceRecord]] = {}
    for line in lines:
        key = (rank[line.claim], *(order_of(line.point.get(axis, "")) for axis in others))
        groups.setdefault(key, []).append(line)
    panels = []
    for key in sorted(groups):
        members = sorted(groups[key], key=lambda line: order_of(line.point.get(second, "")))
        first = members[0]
        at = {axis: first.labels[axis] for axis in others if axis in first.labels}
        panels.append(Panel(first.claim, at, tuple(members)))
    return panels


def order_of(value: Value) -> tuple[bool, float, str]:
    """The order of a value among the others of its axis: numbers by size, then words."""
    if isinstance(value, str):
        return (True, 0.0, value)
    return (False, float(value), "")


def notes_on_maps(maps: Iterable[MapRecord]) -> list[str]:
    """Which maps time has cut off."""
    return [
        f"map {each.id}: its time, {seconds_text(each.time_budget or 0.0)}, ended before the search for "
        f"{_boundaries(each.unfinished)} did; the next run continues from the store"
        for each in maps
        if each.unfinished and not each.by_run
    ]


def _boundaries(count: int) -> str:
    return "1 boundary" if count == 1 else f"{count} boundaries"


def map_summary(found: MapRecord, instances: Iterable[InstanceRecord]) -> str:
    """How far a map is, in a sentence without its full stop."""
    lines = lines_of(found, instances)
    done = sum(line.verdict in ("located", "≥", "≤", "supported", "refuted") for line in lines)
    cells = sum(part.n > 0 for line in lines for part in line.parts)
    said = (
        f"{done} of {_boundaries(len(lines))} found, {cells} cells judged, in {seconds_text(found.seconds)}"
    )
    if found.unfinished:
        whose = "the run's time" if found.by_run else "its time"
        said += f"; {whose} ended before the search for {found.unfinished} of them"
    return said


def map_rows(found: MapRecord, instances: Iterable[InstanceRecord]) -> Iterator[tuple[str, ...]]:
    """A table of where the boundaries lie: the axes of a line, then a cell for each claim.

    The head comes first.
    """
    lines = lines_of(found, instances)
    swept = dict.fromkeys([*found.axes[1:], *(axis for line in lines for axis in line.point)])
    axes = [axis for axis in swept if any(axis in line.point for line in lines)]
    claims = [claim for claim in found.claims if any(line.claim == claim for line in lines)]
    yield (*axes, *claims)
    rows: dict[tuple[object, ...], dict[str, InstanceRecord]] = {}
    for line in lines:
        at = tuple(order_of(line.point.get(axis, "")) for axis in axes)
        rows.setdefault(at, {})[line.claim] = line
    for place in sorted(rows):
        members = rows[place]
        point = next(iter(members.values())).point
        labels = [label_of(point[axis]) if axis in point else "" for axis in axes]
        yield (*labels, *(_where(members[claim]) if claim in members else "" for claim in claims))


def _where(line: InstanceRecord) -> str:
    """The interval of a boundary, with a mark if the search for it has not ended well."""
    said = interval_text(line.interval, line.unit)
    if line.verdict in ("located", "≥", "≤"):
        return said
    return f"{said} ({line.verdict})" if line.interval != (None, None) else line.verdict
