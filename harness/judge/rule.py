"""The rule: look at fixed numbers of seeds, at a level fixed in advance, and stop when decided.

At each look the interval's one-sided error is alpha/8, eight being the number of all possible looks, or half
of it (`levels`). By Bonferroni's inequality the probability of a wrong verdict at any of them is at most
alpha, whatever the budget. So a larger budget never changes a definite verdict. Repeated intervals: Jennison
& Turnbull, "Group Sequential Methods" (2000). An interval inside a two-sided region is two one-sided tests:
Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from harness.judge.alike import Alike
from harness.judge.effect import effect_values
from harness.judge.gaps import has_gap
from harness.judge.interval import Interval, interval
from harness.judge.levels import level_of, shows_outside
from harness.judge.sameness import Sameness, decided_by_zero, same_text, sameness
from harness.judge.straightness import (
    Bend,
    Decision,
    bend_of,
    computed_bend,
    why_curved,
    why_not_straight,
    with_bend,
)
from harness.questions import LOOKS, Centre, Closeness, Linear, Question, Region

LEAST_DISTINCT = 5
"""The least number of distinct values for a mean's interval. Without it, data that are 0 with probability
0.95 and 1 otherwise look constant so often that they pass for any margin (see tests/judge/test_rule.py)."""

Obstacle = Literal["", "few-distinct", "median"]
"""What keeps a look from deciding, besides an interval that contains an edge of the region."""


@dataclass(frozen=True, eq=False)
class Ruling(Alike):
    """What the first n seeds say about one question. `decide` makes it.

    verdict: None while more seeds are needed
    n: the look at which it stopped, else the last one reached; at 0 the estimate is NaN and the interval
        infinite
    values: exactly the first n
    low, high: their interval at the level of *supported*
    looks: (n, low, high) of every look so far
    next_look: how many seeds are needed in all, while the verdict is None
    reason: why a verdict is missing, or that a law is refuted as curved
    bend: the bend by which a power law is judged too, at the same look
    obstacles: for each look, what kept it from deciding besides its interval
    same: how the numbers agree with those of a baseline on all n seeds
    """

    verdict: Decision | None
    n: int
    estimate: float
    low: float
    high: float
    values: tuple[float, ...]
    looks: tuple[tuple[int, float, float], ...]
    next_look: int | None
    reason: str = ""
    bend: Bend | None = None
    obstacles: tuple[Obstacle, ...] = ()
    same: Sameness = ""


def check_budget(n: int) -> None:
    """Raise `ValueError` unless a question may stop at n seeds."""
    if n not in LOOKS:
        raise ValueError(f"expected a budget of {', '.join(map(str, LOOKS))} seeds, found {n}")


def next_look(n: int, budget: int, least: int = 0) -> int | None:
    """The first look beyond n seeds within the budget, and not below `least`; None if there is none."""
    return next((look for look in LOOKS if n < look <= budget and look >= least), None)


def too_few_distinct(values: Sequence[float], floor: float) -> bool:
    """Whether the values have too few distinct ones for a mean's interval.

    With a floor they are compared on its grid, round(x/floor). Differences that are only rounding must not
    count, or noise of 1e-16 around one constant would make any number of distinct values. The floor must
    bound that noise, at least twice its standard deviation: rare events on noise of one floor's deviation
    pass this guard a third of the time.
    """
    return len({_cell(x, floor) for x in values}) < LEAST_DISTINCT


def decide(
    values: Sequence[float],
    question: Question,
    bends: Sequence[float] = (),
    earlier: Ruling | None = None,
) -> Ruling:
    """The ruling on `values`, the effects x_s of seeds 0, 1, 2, … in order. It depends only on a prefix.

    `bends` are the effects of the question's straightness, of the same seeds, if it has one. `earlier` is the
    ruling on fewer of the same values, which did not decide: its looks are not computed again.

    Values beyond the look at which it stops are never read. An interval inside the region supports, one
    disjoint from it refutes (exchanged for `differ`). Otherwise it goes on, and is inconclusive at the
    budget. For a mean whose values fall apart, the median's interval must say the same (`gaps`). A
    `Closeness` effect has no statistics: it is judged on exactly `budget` values, of which every one must be
    at most 1. A question whose readings are the same for every seed has none either: its first value decides.

    Raises `ValueError` for a budget that is not a look or is below the question's least, and for a value that
    is not finite among those read.
    """
    if isinstance(question.effect, Closeness):
        return _decide_exact(values, question)
    if question.deterministic:
        return _decide_computed(values, question, bends)
    check_budget(question.budget)
    if question.budget < question.least:
        raise ValueError(f"expected a budget of at least {question.least} seeds, found {question.budget}")
    if question.straight is not None and len(bends) != len(values):
        raise ValueError(f"expected a bend for each of {len(values)} values, found {len(bends)}")
    before = earlier or _nothing_seen(question)
    looks, obstacles = list(before.looks), list(before.obstacles)
    n, shown = before.n, Interval(before.estimate, before.low, before.high)
    verdict, bend = before.verdict, before.bend
    lacking = ""  # what a supported exponent lacks
    more = before.next_look
    while more is not None and more <= len(values) and verdict is None:
        n = more
        shown, verdict, obstacle = _look(values[:n], question)
        if question.straight is not None and obstacle != "few-distinct":
            bend, exponent = _bend(bends[:n], question), verdict
            verdict = with_bend(exponent, bend, question.straight)
            lacking = why_not_straight(bend, question.straight) if exponent and verdict is None else ""
        looks.append((n, shown.low, shown.high))
        obstacles.append(obstacle)
        more = None if verdict is not None else next_look(n, question.budget)
    reason = "" if bend is None or question.straight is None else why_curved(bend, question.straight)
    if verdict is None:
        reason = _why_not(looks, obstacles, more, question)
        if more is None:
            verdict, reason = "inconclusive", lacking or reason
    return Ruling(
        verdict, n, shown.estimate, shown.low, shown.high, tuple(values[:n]), tuple(looks), more, reason,
        bend, tuple(obstacles),
    )  # fmt: skip


def _nothing_seen(question: Question) -> Ruling:
    """The ruling on no values, without its reason."""
    more = next_look(0, question.budget, question.least)
    return Ruling(None, 0, math.nan, -math.inf, math.inf, (), (), more)


def _decide_computed(values: Sequence[float], question: Question, bends: Sequence[float]) -> Ruling:
    """The ruling on one value, which every seed gives. It is known up to the rounding of the computed number.

    Its interval is the value, with the floor of its rounding on either side. A value is inconclusive only if
    it is nearer than that to an edge of the region; a power law also if its bend is.
    """
    if not values:
        return Ruling(None, 0, math.nan, -math.inf, math.inf, (), (), 1, "needs 1 seed")
    assert isinstance(question.effect, Linear)
    x, floor = values[0], question.effect.floor
    if not math.isfinite(x):
        raise ValueError(f"expected finite numbers, found {x}")
    shown = Interval(x, x - floor, x + floor)
    inside, outside = _inside(shown, question.region), _disjoint(shown, question.region)
    if question.exchanged:
        inside, outside = outside, inside
    verdict: Decision | None = "supported" if inside else "refuted" if outside else None
    reason = "" if verdict else "nearer to an edge of the region than its rounding"
    bend: Bend | None = None
    if question.straight is not None:
        if not bends:
            raise ValueError("expected a bend for the value, found none")
        bend, exponent = computed_bend(bends[0], question.straight), verdict
        verdict = with_bend(exponent, bend, question.straight)
        if exponent and verdict is None:
            reason = why_not_straight(bend, question.straight)
        elif verdict == "refuted":
            reason = why_curved(bend, question.straight)
    looks = ((1, shown.low, shown.high),)
    return Ruling(verdict or "inconclusive", 1, x, shown.low, shown.high, (x,), looks, None, reason, bend)


def decide_rows(rows: Sequence[Sequence[float]], question: Question, earlier: Ruling | None = None) -> Ruling:
    """The ruling on measured numbers, one row per seed as in `effect_values`.

    It reads rows look by look, so that a bad number beyond the look at which the question stops does no harm.
    Give it the rows before the first seed that failed: if it then asks for more, the failure was needed.
    `earlier` is the ruling on fewer of the same rows, from which it continues, so that each row and each look
    is computed once. Raises `BadValue`.
    """
    ruling = decide((), question) if earlier is None else earlier
    while ruling.next_look is not None and ruling.next_look <= len(rows):
        seen = rows[: ruling.next_look]
        bends = effect_values(question.straight.effect, seen) if question.straight else ()
        known = ruling.values
        values = [*known, *effect_values(question.effect, seen[len(known) :], len(known))]
        ruling = decide(values, question, bends, ruling)
        if question.against_baseline:
            ruling = _with_sameness(ruling, seen, question)
    return ruling


def _with_sameness(ruling: Ruling, seen: Sequence[Sequence[float]], question: Question) -> Ruling:
    """The ruling of a look at which the numbers may equal the baseline's, or differ by a constant."""
    assert isinstance(question.effect, Linear)
    same = sameness(seen, question.effect, ruling.values)
    region, by_interval = question.region, ruling.verdict in ("supported", "refuted")
    if not same or (same != "identical" and by_interval):
        return replace(ruling, same=same)
    verdict: Decision | None = decided_by_zero(question)
    if same == "rounding" and not all(region.low < x < region.high for x in ruling.values):
        verdict = None  # a region as narrow as this is within rounding
    elif same == "constant":
        median = interval(ruling.values, "median", level_of("supported", question))
        verdict = _verdict(ruling.values, median, "median", question)
    elif question.deterministic:
        verdict = verdict or ruling.verdict
    reason = same_text(same, ruling.n)
    if verdict is not None:
        return replace(ruling, verdict=verdict, next_look=None, reason=reason, same=same)
    more = next_look(ruling.n, question.budget)
    if more is not None:
        return replace(ruling, verdict=None, next_look=more, reason=f"needs {more} seeds", same=same)
    return replace(ruling, verdict="inconclusive", next_look=None, reason=f"undecided: {reason}", same=same)


def _look(seen: Sequence[float], question: Question) -> tuple[Interval, Decision | None, Obstacle]:
    """The interval at the level of *supported*, the verdict of one look, and what keeps it from deciding."""
    assert not isinstance(question.effect, Closeness)
    floor = question.effect.floor
    shown = interval(seen, question.centre, level_of("supported", question), floor)
    if question.centre == "mean" and too_few_distinct(seen, floor):
        return shown, None, "few-distinct"
    verdict = _verdict(seen, shown, question.centre, question)
    if verdict is None or question.centre != "mean" or not has_gap(seen, floor):
        return shown, verdict, ""
    median = interval(seen, "median", level_of("supported", question))
    agreed = verdict == _verdict(seen, median, "median", question)
    return shown, verdict if agreed else None, "" if agreed else "median"


def _verdict(seen: Sequence[float], shown: Interval, centre: Centre, question: Question) -> Decision | None:
    """Supported, refuted, or None, from this centre's intervals; `shown` is that of *supported*."""
    assert not isinstance(question.effect, Closeness)
    if (_disjoint if shows_outside("supported", question) else _inside)(shown, question.region):
        return "supported"
    level = level_of("refuted", question)
    if level != level_of("supported", question):
        shown = interval(seen, centre, level, question.effect.floor)
    if (_disjoint if shows_outside("refuted", question) else _inside)(shown, question.region):
        return "refuted"
    return None


def _bend(bends: Sequence[float], question: Question) -> Bend:
    assert question.straight is not None
    few = question.centre == "mean" and too_few_distinct(bends, question.straight.effect.floor)
    return bend_of(bends, question, judged=not few)


def _inside(found: Interval, region: Region) -> bool:
    """Whether [low, high] is a subset of the open region."""
    above = region.low == -math.inf or found.low > region.low
    below = region.high == math.inf or found.high < region.high
    return above and below


def _disjoint(found: Interval, region: Region) -> bool:
    """Whether [low, high] and the open region share nothing; touching its edge is outside."""
    return found.high <= region.low or found.low >= region.high


def _why_not(
    looks: list[tuple[int, float, float]], obstacles: list[Obstacle], more: int | None, question: Question
) -> str:
    if obstacles and set(obstacles) == {"few-distinct"}:
        bounded = math.isfinite(question.region.low) and math.isfinite(question.region.high)
        remedy = "`exact`" if bounded else '`centre = "median"`'
        return f"fewer than {LEAST_DISTINCT} distinct values at every look: use {remedy}"
    if more is not None:
        return f"needs {more} seeds"
    if obstacles[-1] == "median":
        return "mean and median differ"
    if looks[-1][1:] == (-math.inf, math.inf):
        return f"a {question.centre} has no finite interval at {looks[-1][0]} seeds: raise the budget"
    shown = Interval(math.nan, *looks[-1][1:])
    if _disjoint(shown, question.region) or _inside(shown, question.region):
        return "the interval is outside the region, but the wider one that refutes is not"
    return "the interval still holds an edge of the region at the budget"


def _cell(x: float, floor: float) -> float:
    quotient = x / floor if floor > 0 else math.inf
    return round(quotient) if math.isfinite(quotient) else x


def _decide_exact(values: Sequence[float], question: Question) -> Ruling:
    budget = question.budget
    if budget < 1:
        raise ValueError(f"expected a budget of at least 1 seed, found {budget}")
    if len(values) < budget:
        return Ruling(None, 0, math.nan, -math.inf, math.inf, (), (), budget, f"needs {budget} seeds")
    seen = tuple(values[:budget])
    if any(map(math.isnan, seen)):
        raise ValueError("expected numbers, found nan")
    low, high = min(seen), max(seen)
    holds = (high <= 1) != question.exchanged
    looks = ((budget, low, high),)
    return Ruling("supported" if holds else "refuted", budget, high, low, high, seen, looks, None)
