"""One sentence on where a claim holds: `holds at width 512 (9 of 9), fails at 64 (8 of 9)`.

Each *place* is an instance's point and its verdict. A sentence names an axis if its values separate the
verdicts, and counts how many of the instances at each value have that verdict. If fewer than three quarters
have it, the sentence only counts. Instances that are neither supported nor refuted are undecided or not
covered.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence

Place = tuple[Mapping[str, str], str]
"""A label of each axis, and the verdict there."""

VALUES = 8
"""The most values that a sentence names."""
EXCEPTIONS = 2
"""The most instances that a sentence names one by one."""
SEARCHED = 5_000
"""The most instances for which pairs of axes are tried."""
MOST = 0.75
"""The share of the instances at a value that must have the verdict that a sentence gives to the value."""
_NEITHER = ("undecided", "not covered")


def where(places: Sequence[Place], total: int) -> str:
    """In how many of a claim's `total` instances it holds, and where. '' if nothing was run."""
    run = [(point, _kind(verdict)) for point, verdict in places if verdict != "not-run"]
    if not run:
        return ""
    counts = Counter(kind for _, kind in run)
    verb = "was" if len(run) == 1 else "were"
    part = f"; {len(run)} of {total} instances {verb} run" if len(run) < total else ""
    if len(counts) == 1:
        ((kind, number),) = counts.items()
        if total == 1:
            return kind
        which = {1: "1 instance", 2: "both instances"}.get(number, f"all {number} instances")
        return f"{_IN[kind]} {which}{part}"
    axes = {axis: list(dict.fromkeys(point.get(axis, "") for point, _ in run)) for axis in run[0][0]}
    varied = {axis: values for axis, values in axes.items() if len(values) > 1}
    if said := _one_axis(run, varied, 1.0):
        return said + part
    there = [kind for kind in _IN if counts[kind]]
    if there == ["holds", "fails"]:
        there = ["holds"]
    head = ", ".join(f"{_IN[kind]} {counts[kind]}" for kind in there)
    head = head.replace(f" {counts[there[0]]}", f" {counts[there[0]]} of {len(run)} instances", 1)
    if said := _two_axes(run, varied) or _exceptions(run, varied):
        return f"{head}: {said}{part}"
    if said := _one_axis(run, varied, MOST):
        return said + part
    located = _counted(run, varied)
    return f"{head}{': ' if located else ''}{located}{part}"


def _kind(verdict: str) -> str:
    known = {"supported": "holds", "refuted": "fails", "not-covered": "not covered"}
    return known.get(verdict, "undecided")


_IN = {
    "holds": "holds in", "fails": "fails in", "undecided": "undecided in", "not covered": "not covered in"
}  # fmt: skip


def _one_axis(run: Sequence[Place], axes: Mapping[str, Sequence[str]], least: float) -> str:
    """`holds at width 512 (9 of 9), fails at 64 (8 of 9)`: the sentence with one axis.

    It is the axis at whose values at least the share `least` of instances has one kind, with the fewest
    exceptions; '' if all these kinds are the same.
    """
    found: list[tuple[int, int, str]] = []
    for axis, values in axes.items():
        if len(values) > VALUES:
            continue
        counts = {
            value: Counter(kind for point, kind in run if point.get(axis, "") == value) for value in values
        }
        most = {value: counts[value].most_common(1)[0] for value in values}
        if any(number < least * counts[value].total() for value, (_, number) in most.items()):
            continue
        said: list[str] = []
        for kind in _IN:
            named = [value for value in values if most[value][0] == kind]
            if named:
                share = f"{sum(most[v][1] for v in named)} of {sum(counts[v].total() for v in named)}"
                at = f"{axis} {_listed(named)}" if not said else _listed(named)
                said.append(f"{kind} at {at} ({share})")
        if len(said) > 1:
            exceptions = len(run) - sum(number for _, number in most.values())
            found.append((exceptions, len(values), ", ".join(said)))
    return min(found)[2] if found else ""


def _two_axes(run: Sequence[Place], axes: Mapping[str, Sequence[str]]) -> str:
    """`at width 512 with hidden 1 and 2, not elsewhere`, or `everywhere but at …`."""
    if len(run) > SEARCHED or {kind for _, kind in run} != {"holds", "fails"}:
        return ""
    found: list[tuple[int, str]] = []
    for kind, (one, other) in itertools.product(("holds", "fails"), itertools.combinations(axes, 2)):
        chosen = [(p.get(one, ""), p.get(other, "")) for p, k in run if k == kind]
        first, second = ({pair[side] for pair in chosen} for side in (0, 1))
        inside = [k for p, k in run if p.get(one, "") in first and p.get(other, "") in second]
        if set(inside) != {kind} or len(first) + len(second) > VALUES:
            continue
        at = " with ".join(
            f"{axis} {_listed([value for value in axes[axis] if value in those])}"
            for axis, those in ((one, first), (other, second))
        )
        text = f"at {at}, not elsewhere" if kind == "holds" else f"everywhere but at {at}"
        found.append((len(first) + len(second), text))
    return min(found, key=lambda each: each[0])[1] if found else ""


def _exceptions(run: Sequence[Place], axes: Mapping[str, Sequence[str]]) -> str:
    """`not at data=digits, width=512`: the few instances that differ from all others."""
    by_kind = {kind: [point for point, k in run if k == kind] for kind in _IN}
    few, many = sorted((kind for kind in by_kind if by_kind[kind]), key=lambda k: len(by_kind[k]))[:2]
    if len(by_kind[few]) > EXCEPTIONS or len(by_kind[few]) + len(by_kind[many]) < len(run):
        return ""
    named = [", ".join(f"{axis}={point.get(axis, '')}" for axis in axes) for point in by_kind[few]]
    if len(by_kind[few]) == len(by_kind[many]):  # neither kind is the exception
        return ""
    said = {"holds": "only at", "fails": "not at", "undecided": "not decided at"}.get(few, f"{few} at")
    return f"{said} {' and at '.join(named)}" if all(named) else ""


def _counted(run: Sequence[Place], axes: Mapping[str, Sequence[str]]) -> str:
    """`by data: 8 of 12 at digits; 0 of 12 at diabetes and sphere`: counts by the most relevant axis."""
    found: list[tuple[float, str]] = []
    for axis, values in axes.items():
        if len(values) > VALUES:
            continue
        of = Counter(point.get(axis, "") for point, _ in run)
        holds = Counter(point.get(axis, "") for point, kind in run if kind == "holds")
        if len({holds[value] / of[value] for value in values}) == 1:  # it says no more than the total
            continue
        left = math.fsum(of[value] * _entropy(holds[value] / of[value]) for value in values)
        alike: dict[tuple[int, int], list[str]] = {}
        for value in sorted(values, key=lambda value: -holds[value] / of[value]):
            alike.setdefault((holds[value], of[value]), []).append(value)
        said = "; ".join(f"{n} of {total} at {_listed(those)}" for (n, total), those in alike.items())
        found.append((left, f"by {axis}: {said}"))
    return min(found, key=lambda each: each[0])[1] if found else ""


def _entropy(share: float) -> float:
    return -sum(p * math.log(p) for p in (share, 1 - share) if p > 0)


def _listed(values: Sequence[str]) -> str:
    """`1`, `1 and 2`, `1, 2 and 3`."""
    return values[0] if len(values) == 1 else f"{', '.join(values[:-1])} and {values[-1]}"
