"""One sentence on where a claim holds: `holds in 9 of 18 instances: at width 512, not at 64`.

Each *place* is an instance's point and its verdict. A sentence names an axis only where its values tell the
verdicts apart, without exception; else it counts. Instances that are neither supported nor refuted are
undecided, and are named so.
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
"""Of more instances no pair of axes is looked for."""


def where(places: Sequence[Place], total: int) -> str:
    """In how many of a claim's `total` instances it holds, and where. '' where nothing was run."""
    run = [(point, _kind(verdict)) for point, verdict in places if verdict != "not-run"]
    if not run:
        return ""
    counts = Counter(kind for _, kind in run)
    of = f"{total} instance{'' if total == 1 else 's'}"
    if len(run) < total:
        of = f"the {len(run)} of {of} run"
    head = f"holds in {counts['holds']} of {of}"
    if counts["undecided"]:
        head += f", fails in {counts['fails']}" if counts["fails"] else ""
        head += f", undecided in {counts['undecided']}"
    located = _located(run) if len(counts) > 1 else ""
    return f"{head}: {located}" if located else head


def _kind(verdict: str) -> str:
    return {"supported": "holds", "refuted": "fails"}.get(verdict, "undecided")


def _located(run: Sequence[Place]) -> str:
    """What tells the kinds apart; '' where nothing short does."""
    axes = {axis: list(dict.fromkeys(point.get(axis, "") for point, _ in run)) for axis in run[0][0]}
    varied = {axis: values for axis, values in axes.items() if len(values) > 1}
    return (
        _one_axis(run, varied) or _two_axes(run, varied) or _exceptions(run, varied) or _counted(run, varied)
    )


_AT = {"holds": "at", "fails": "not at", "undecided": "undecided at"}


def _one_axis(run: Sequence[Place], axes: Mapping[str, Sequence[str]]) -> str:
    """`at width 512, not at 64`: an axis each of whose values has one kind."""
    for axis, values in sorted(axes.items(), key=lambda item: len(item[1])):
        if len(values) > VALUES:
            continue
        kinds = {value: {kind for point, kind in run if point.get(axis, "") == value} for value in values}
        if all(len(found) == 1 for found in kinds.values()):
            said: list[str] = []
            for kind, at in _AT.items():
                named = [value for value in values if kind in kinds[value]]
                if named:
                    said.append(f"{at} {'' if said else f'{axis} '}{_listed(named)}")
            return ", ".join(said)
    return ""


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
    by_kind = {kind: [point for point, k in run if k == kind] for kind in _AT}
    few, many = sorted((kind for kind in by_kind if by_kind[kind]), key=lambda k: len(by_kind[k]))[:2]
    if len(by_kind[few]) > EXCEPTIONS or len(by_kind[few]) + len(by_kind[many]) < len(run):
        return ""
    named = [", ".join(f"{axis}={point.get(axis, '')}" for axis in axes) for point in by_kind[few]]
    if len(by_kind[few]) == len(by_kind[many]):  # none is the exception
        return ""
    said = {"holds": "only at", "fails": "not at", "undecided": "not decided at"}[few]
    return f"{said} {' and at '.join(named)}" if all(named) else ""


def _counted(run: Sequence[Place], axes: Mapping[str, Sequence[str]]) -> str:
    """`by data: 8 of 12 at digits; 0 of 12 at diabetes and sphere`: in how many it holds, by the axis that
    matters most."""
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
