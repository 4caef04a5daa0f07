"""Chooses the figure of a record: of one claim along an axis, of one instance, of a map, or of all claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from harness.report.excused import lines_of
from harness.report.figure.forest import forest_drawing
from harness.report.figure.marks import FigureError
from harness.report.figure.scene import Drawing
from harness.report.figure.single import single_drawing
from harness.report.figure.sweep import map_drawing, sweep_drawing, varied_axes
from harness.report.record import InstanceRecord, Record


def draw_figure(
    record: Record, claim: str = "", *, along: str = "", at: Mapping[str, str] | None = None
) -> Drawing:
    """The figure of a claim (`CLAIM`, `SUITE/CLAIM`), an instance or a map; without a name, of all claims.

    `along` names the axis that runs from left to right, and `at` labels of axes that instances must have. A
    record of one claim has the figure of that claim.

    Raises `FigureError`.
    """
    named = {f"{i.suite}/{i.claim}" for i in record.instances}
    if not claim and len(named) > 1 and not along and not at:
        return forest_drawing(record)
    mapped = next((each for each in record.maps if claim in (each.id, each.map)), None)
    if mapped is not None and mapped.map not in {i.claim for i in record.instances}:
        return map_drawing(mapped, lines_of(mapped, record.instances), along)
    chosen = _named(record, claim or (next(iter(named)) if len(named) == 1 else ""))
    for axis, label in (at or {}).items():
        left = [i for i in chosen if i.labels.get(axis) == label]
        if not left:
            known = sorted({i.labels[axis] for i in chosen if axis in i.labels})
            expected = f"one of {', '.join(known)}" if known else f"an axis of {chosen[0].claim}"
            raise FigureError(f"{axis}={label}: expected {expected}")
        chosen = left
    if len(chosen) == 1 or not varied_axes(chosen):
        return single_drawing(chosen[0])
    return sweep_drawing(chosen, along)


def _named(record: Record, name: str) -> Sequence[InstanceRecord]:
    """The instances that have a name.

    Raises `FigureError` if there are none, or if they are of two claims.
    """
    found = [i for i in record.instances if name in (i.id, i.local_id, f"{i.suite}/{i.claim}", i.claim)]
    claims = list(dict.fromkeys(f"{i.suite}/{i.claim}" for i in found))
    if len(claims) == 1:
        return found
    every = list(dict.fromkeys(f"{i.suite}/{i.claim}" for i in record.instances))
    if claims:
        raise FigureError(f"{name}: expected one claim, found {' and '.join(claims)}")
    short = [each.partition("/")[2] for each in every]
    close = get_close_matches(name, [*every, *short, *(i.id for i in record.instances)][:2000], n=1)
    hint = f" (did you mean {close[0]}?)" if close else ""
    wanted = (
        f"one of {', '.join(every[:12])}{', …' if len(every) > 12 else ''}"
        if every
        else "a record with claims"
    )
    raise FigureError(f"{name or 'a claim'}: expected {wanted}{hint}")
