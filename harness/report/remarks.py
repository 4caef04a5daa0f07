"""Remarks beside a verdict: straightness of a power law, visited points of a boundary, dependent seeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.report.confirmed import confirmation_text
from harness.report.laws import possible_slopes
from harness.report.record import ControlRecord, InstanceRecord, PartRecord, StraightnessRecord
from harness.report.words import effect, interval_text, number, point


def straight(found: StraightnessRecord) -> str:
    """How much the exponent of a power law changes, or may still change."""
    changes = f"{effect(found.estimate, 'exponent')} {interval_text(found.interval, 'exponent')}"
    between = f"from the lower half of the range to the upper, the exponent changes by {changes}"
    if found.state == "curved":
        return f"{between}: curved, beyond ±{number(found.margin)}"
    if found.state == "straight" and found.shown is not None:
        return f"{between}: straight within {number(found.shown)}"
    if found.shown is not None:
        return f"{between}: not shown to be straight within {number(found.shown)}"
    seeds = "" if len(found.values) == 1 else ", as far as these seeds show"
    return f"{between}: not curved beyond ±{number(found.margin)}{seeds}"


STANDINGS = {"refuted": "before", "inconclusive": "undecided", "supported": "past"}
"""What the verdict at a point says about the boundary."""


def visited(axis: str, at: Sequence[float], parts: Sequence[PartRecord]) -> str:
    """The points at which a boundary was searched for.

    For example `along width: before it at 16 (n = 14); past it at 64 (n = 21)`.
    """
    said = []
    for verdict, standing in STANDINGS.items():
        places = [f"{x:.6g} (n = {p.n})" for x, p in zip(at, parts, strict=True) if p.verdict == verdict]
        if places:
            said.append(f"{standing} {'it ' if verdict != 'inconclusive' else ''}at {', '.join(places)}")
    failed = [f"{p.verdict} at {x:.6g}" for x, p in zip(at, parts, strict=True) if p.verdict not in STANDINGS]
    return f"along {axis}: {'; '.join([*said, *failed])}"


def dependent(instance: InstanceRecord) -> str:
    """A note if neighbouring seeds' values, or the control's, are correlated; else ''."""
    parts: list[PartRecord | InstanceRecord] = [*(instance.parts or (instance,))]
    own = _strongest(parts)
    control: ControlRecord | None = instance.control
    of_control = _strongest(control.parts) if control is not None else None
    found = own if own is not None else of_control
    if found is None:
        return ""
    whose = "the values" if own is not None else "the control's values"
    return (
        f"{whose} of neighbouring seeds are correlated ({found:+.2f}), as those of independent seeds are in "
        "one claim of a thousand: verdicts assume that seeds are independent"
    )


def remarks_on(instance: InstanceRecord) -> list[str]:
    """All remarks on the instance, a sentence each."""
    said = [straight(instance.straightness)] if instance.straightness is not None else []
    said += [text] if (text := confirmation_text(instance)) else []
    if instance.boundary is not None:
        said.append(visited(instance.boundary.axis, instance.boundary.at, instance.parts))
    return [*said, *filter(None, [dependent(instance)])]


def of_points(instances: Iterable[InstanceRecord]) -> list[str]:
    """The remarks of a claim's instances, with their points, and what their boundaries say together."""
    every = list(instances)
    said = [
        f"{point(instance)}: {remark}" if instance.point else remark
        for instance in every
        for remark in remarks_on(instance)
    ]
    return [*said, *excluded(every)]


def excluded(instances: Sequence[InstanceRecord]) -> list[str]:
    """The power laws that the boundaries of a claim exclude, a sentence for each axis."""
    return [law.says for law in possible_slopes(instances) if law.says]


def _strongest(parts: Iterable[PartRecord | InstanceRecord]) -> float | None:
    """The largest correlation, in size, of those parts that have a note."""
    found = [p.lag_one for p in parts if p.neighbours_alike and p.lag_one is not None]
    return max(found, key=abs, default=None)
