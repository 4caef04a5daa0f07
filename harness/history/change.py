"""How one instance changed between two runs: pure functions of two instance records.

A change has one *kind*, the first of these that applies:

    added, removed   only one of the two has it
    not-run          it was not run, or not selected, on one side: so the two cannot be compared
    redefined        it states another thing, is measured at other parameters, or was judged by another rule;
                     see `redefinition`
    flipped          supported ↔ refuted
    weakened         a verdict became a weaker one (supported or refuted, a boundary located or beyond an end
                     of its range; then inconclusive, not-covered, error); or the control of a supported claim
                     no longer fails
    strengthened     the other way round
    moved            a boundary's two intervals have nothing in common, whatever the seeds
    resampled        the same verdict from other seeds: the numbers cannot be compared one by one
    shifted          the effect moved: paired t at 0.001, and by more than 0.2 standard deviations
    changed          numbers differ, their mean did not move
    numeric          numbers differ by rounding (1e-6 of the value, or 0.01 standard deviations, at most)
    identical        every number is bitwise the same

Seeds pair the two runs, so that a shift far inside the old interval is seen. "Outside the old interval",
which alarms 15% of the time if nothing changed, is not needed.

Timings are never the same twice, and their noise is not that of a run alone: between runs a machine's state
also moves the ratio of two timings. They are *shifted* if Welch's t rejects at 0.001 and the ratio moved by
more than `TIMING_SHIFT`, *numeric* otherwise.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import msgspec

from harness.history.parameters import with_defaults
from harness.judge import LOOKS, RULE
from harness.measure.recheck import ROUNDING, ROUNDING_SDS
from harness.report.change import KINDS, Change, ChangeKind
from harness.report.distance import how_far
from harness.report.explored import first_seed
from harness.report.record import InstanceRecord, PartRecord, TrialsRecord
from harness.report.words import effect, interval_text, region
from harness.timing import PAIR

SHIFT_LEVEL = 0.001
SHIFT_SDS = 0.2
TIMING_SHIFT = math.log(1.25)
"""The largest change of a ratio of timings that counts as noise. As measured (docs/history.md), ratios of two
timings moved by at most a fifth between runs on one machine, with nothing changed."""

TOLERANCE = 1.0
"""The scale of violations of `exact`, which are in units of their tolerance: errors of 1e-16 may double where
1e-9 is allowed."""

_STRENGTH = {
    **dict.fromkeys(("supported", "refuted", "located", "≥", "≤"), 4),
    "inconclusive": 3,
    "not-covered": 2,
    "not-run": 1,
    "error": 0,
}
_ABOUT_BOUNDARY = ("located", "≥", "≤")


def change(before: InstanceRecord, after: InstanceRecord) -> Change:
    """How an instance that both runs have changed."""

    def found(kind: ChangeKind, note: str = "") -> Change:
        return Change(after.id, kind, before, after, note)

    if before == after and after.verdict != "not-run":
        return found("identical")
    verdicts = f"{before.verdict} → {after.verdict}"
    redefined = redefinition(before, after)
    if redefined:
        told = verdicts if before.verdict != after.verdict else f"still {after.verdict}"
        return found("redefined", f"{'; '.join(redefined)}; {told}")
    if "not-run" in (before.verdict, after.verdict):
        return found("not-run", verdicts)
    if before.verdict != after.verdict:
        fall = _STRENGTH[before.verdict] - _STRENGTH[after.verdict]
        kind: ChangeKind = "weakened" if fall > 0 else "strengthened" if fall < 0 else "flipped"
        if kind == "flipped" and after.verdict in _ABOUT_BOUNDARY:
            kind = "moved" if boundary_moved(before, after) else "changed"
        return found(kind, f"{verdicts}; {effects(before, after)}{_other_seeds(before, after)}")
    if after.verdict == "supported" and before.control and after.control:
        was, now = before.control.verdict, after.control.verdict
        if was != now and "not-run" not in (was, now):
            kind = "weakened" if was == "refuted" else "strengthened"
            return found(kind, f"control {was} → {now}{_other_seeds(before, after)}")
    if boundary_moved(before, after):
        return found("moved", f"{effects(before, after)}{_other_seeds(before, after)}")
    if first_seed(before) != first_seed(after):
        return found("resampled", effects(before, after))
    kind = of_numbers(before, after)
    return found(kind, effects(before, after) if kind in ("shifted", "changed") else "")


def boundary_moved(before: InstanceRecord, after: InstanceRecord) -> bool:
    """Whether a boundary has moved: each of the intervals misses it with probability at most alpha.

    The boundary lies strictly between the ends of each.
    """
    if before.boundary is None or after.boundary is None:
        return False
    (low, high), (later_low, later_high) = before.interval, after.interval
    return (high is not None and later_low is not None and high <= later_low) or (
        low is not None and later_high is not None and later_high <= low
    )


def of_numbers(before: InstanceRecord, after: InstanceRecord) -> ChangeKind:
    """How the effects of the same seeds differ, whatever the verdicts.

    The result is shifted, changed, numeric or identical. For a conjunction it is the largest difference of
    any part that both have.
    """
    kinds = [
        of_timings(a.values, b.values)
        if after.unit == "speed-up"
        else of_values(a.values, b.values, TOLERANCE if after.unit == "violation" else None)
        for a, b in _pairs(before, after)
    ]
    return min(kinds, key=KINDS.index, default="identical")


def of_values(before: Sequence[float], after: Sequence[float], sd: float | None = None) -> ChangeKind:
    """How two prefixes of effects, one per seed, differ, judged on the seeds that both have.

    `sd` is the scale that matters, else the standard deviation of the values before.
    """
    n = min(len(before), len(after))
    if before[:n] == after[:n]:
        return "identical"
    deltas = [b - a for a, b in zip(before, after, strict=False)]
    if sd is None:
        sd = statistics.stdev(before[:n]) if n > 1 else 0.0
    if all(abs(d) <= max(ROUNDING * abs(a), ROUNDING_SDS * sd) for a, d in zip(before, deltas, strict=False)):
        return "numeric"
    mean = math.fsum(deltas) / n
    if n < 2 or abs(mean) <= SHIFT_SDS * sd:
        return "changed"
    error = statistics.stdev(deltas) / math.sqrt(n)
    return "shifted" if _beyond(mean, error, n - 1) else "changed"


def of_timings(before: Sequence[float], after: Sequence[float]) -> ChangeKind:
    """Whether the logarithm of a ratio of timings moved by more than runs on one machine differ."""
    if len(before) < 2 or len(after) < 2:
        return "numeric"
    step = statistics.median(after) - statistics.median(before)
    if abs(step) <= TIMING_SHIFT:
        return "numeric"
    errors = [statistics.variance(x) / len(x) for x in (before, after)]
    weights = [e * e / (len(x) - 1) for e, x in zip(errors, (before, after), strict=True)]
    freedom = sum(errors) ** 2 / sum(weights) if sum(weights) else 1.0
    mean = statistics.fmean(after) - statistics.fmean(before)
    return "shifted" if _beyond(mean, math.sqrt(sum(errors)), freedom) else "numeric"


def redefinition(before: InstanceRecord, after: InstanceRecord) -> list[str]:
    """The differences between the definitions, in words: predicate, level, budget, rule, parameters, ….

    Sentences, sources, reasons and marks do not count. A parameter that only one side has counts with its
    default there, because the experiment has gained it since. A parameter that the experiment has lost does
    not count.
    """
    stated = [
        (name, was, now)
        for name, was, now in zip(_ASPECTS, _definition(before), _definition(after), strict=True)
        if was != now
    ]
    words = [f"{name} {was} → {now}" for name, was, now in stated]
    return words or _parameters(before, after)


_ASPECTS = (
    "predicate", "region", "alpha", "centre", "seeds", "least seeds", "rule", "expectation", "control",
    "control's place",
)  # fmt: skip


def _definition(instance: InstanceRecord) -> tuple[str, ...]:
    control = instance.control
    return (
        instance.predicate,
        region(instance.region, instance.unit),
        str(instance.alpha),
        instance.centre,
        str(instance.budget),
        str(instance.least),
        "" if instance.unit == "violation" else _rule(instance.rule),
        instance.expect,
        "none stated" if not control else control.predicate or "none",
        str(dict(sorted(control.labels.items()))) if control else "",
    )


def _rule(rule: int) -> str:
    """The rule in words. All rules judge `exact` alike."""
    return f"{rule} (looks from {_FIRST_LOOKS[rule]} seeds)" if rule in _FIRST_LOOKS else str(rule)


_FIRST_LOOKS = {1: 6, RULE: LOOKS[0]}


_MOVED = {"harness.measure.pair:pair": PAIR}
"""Experiments that older records name by another module, and their names today."""


def _parameters(before: InstanceRecord, after: InstanceRecord) -> list[str]:
    """The parameters that differ, point by point, in the order of the predicate's readings.

    For a boundary, measurements choose the points on its axis.
    """
    if before.trials == after.trials:
        return []
    words: dict[str, None] = {}
    points, later_points = _points(before), _points(after)
    for a, b in zip(points, later_points, strict=False):
        old, new = (_MOVED.get(each.experiment, each.experiment) for each in (a, b))
        if old != new:
            words[f"experiment {old} → {new}"] = None
            continue
        was, now = (with_defaults(trials.experiment, trials.params) for trials in (a, b))
        for name in sorted(was.keys() & now.keys()):
            if was[name] != now[name]:
                words[f"{name} {was[name]} → {now[name]}"] = None
    if not words and len(points) != len(later_points):
        words[f"measured at {len(points)} → {len(later_points)} points"] = None
    return list(words)


def _points(instance: InstanceRecord) -> Sequence[TrialsRecord]:
    """What was measured at each point; for a boundary once for all points on its axis."""
    if instance.boundary is None:
        return instance.trials
    found: dict[str, TrialsRecord] = {}
    for trials in instance.trials:
        params = {name: value for name, value in trials.params.items() if name != instance.boundary.axis}
        key = repr((trials.experiment, sorted(params.items())))
        found.setdefault(key, msgspec.structs.replace(trials, params=params))
    return list(found.values())


def effects(before: InstanceRecord, after: InstanceRecord) -> str:
    """The effects of both, and how far they are from the claim."""
    texts = [
        effect(x.estimate, x.unit) if x.boundary is None else interval_text(x.interval, x.unit)
        for x in (before, after)
    ]
    far = [how_far(x) for x in (before, after)]
    told = " → ".join(texts)
    if None not in far:
        told += f" (distance {' → '.join(f'{x:.3g}' for x in far)})"
    seconds = {timing.benchmark: statistics.median(timing.seconds) for timing in before.timings}
    for timing in after.timings:
        if timing.benchmark in seconds:
            now = statistics.median(timing.seconds)
            told += f"; {timing.benchmark} {seconds[timing.benchmark]:.3g} s → {now:.3g} s"
    return told


def _other_seeds(before: InstanceRecord, after: InstanceRecord) -> str:
    """A note if the two have different seeds, which may be the only difference."""
    was, now = first_seed(before), first_seed(after)
    return "" if was == now else f"; other seeds (from {was} → {now})"


def _pairs(
    before: InstanceRecord, after: InstanceRecord
) -> list[tuple[InstanceRecord | PartRecord, InstanceRecord | PartRecord]]:
    if not before.parts and not after.parts:
        return [(before, after)]
    named = {part.name: part for part in before.parts}
    return [(named[part.name], part) for part in after.parts if part.name in named]


def _beyond(mean: float, error: float, freedom: float) -> bool:
    """Whether |mean|/error is beyond Student's two-sided quantile at `SHIFT_LEVEL`."""
    if error == 0:
        return mean != 0
    from scipy.special import stdtrit

    return abs(mean) / error > -float(stdtrit(freedom, SHIFT_LEVEL / 2))
