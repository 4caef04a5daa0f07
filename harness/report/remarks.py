"""What is said beside a verdict: how straight a power law is, and that seeds seem to be dependent."""

from __future__ import annotations

from collections.abc import Iterable

from harness.report.record import ControlRecord, InstanceRecord, PartRecord, StraightnessRecord
from harness.report.words import effect, interval_text, number, point


def straight(found: StraightnessRecord) -> str:
    """By how much the exponent of a power law changes, or may still change."""
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


def dependent(instance: InstanceRecord) -> str:
    """That neighbouring seeds' values, or the control's, are correlated; '' where nothing is to be said."""
    parts: list[PartRecord | InstanceRecord] = [*(instance.parts or (instance,))]
    own = _strongest(parts)
    control: ControlRecord | None = instance.control
    rival = _strongest(control.parts) if control is not None else None
    found = own if own is not None else rival
    if found is None:
        return ""
    whose = "the values" if own is not None else "the control's values"
    return (
        f"{whose} of neighbouring seeds are correlated ({found:+.2f}), as those of independent seeds are in "
        "one claim of a thousand: verdicts assume that seeds are independent"
    )


def remarks_on(instance: InstanceRecord) -> list[str]:
    """All that is said of the instance, a sentence each."""
    said = [straight(instance.straightness)] if instance.straightness is not None else []
    return [*said, *filter(None, [dependent(instance)])]


def of_points(instances: Iterable[InstanceRecord]) -> list[str]:
    """The remarks of several instances, with their points."""
    return [f"{point(instance)}: {said}" for instance in instances for said in remarks_on(instance)]


def _strongest(parts: Iterable[PartRecord | InstanceRecord]) -> float | None:
    """The largest correlation, in size, of those parts that are noted."""
    found = [p.lag_one for p in parts if p.neighbours_alike and p.lag_one is not None]
    return max(found, key=abs, default=None)
