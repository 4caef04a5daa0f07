"""Whether a power law is straight, judged beside its exponent.

Local exponents that run from −0.1 to −0.9 have the mean −0.5, so a mean slope says nothing about a curve. The
*bend* of a seed is the slope over the upper half of the axis's points minus that over the lower half. At each
look a law whose mean bend lies outside its margin is refuted, *curved*. Otherwise the exponent's verdict
stands: showing that a law is straight takes 12 to 20 times the seeds that its exponent takes, as the bend's
deviation is 3.5 to 4.5 times the slope's. A claim may still require it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.judge.alike import Alike
from harness.judge.gaps import has_gap
from harness.judge.interval import interval
from harness.questions import LOOKS, Centre, Question, Straightness

Decision = Literal["supported", "refuted", "inconclusive"]
Linearity = Literal["curved", "straight", "open"]


@dataclass(frozen=True, eq=False)
class Bend(Alike):
    """What the seeds of a ruling say about straightness. `bend_of` makes it.

    `values` are the bends of the seeds, and `low` and `high` the interval of their centre at the level of
    *supported*: how much the exponent may still change between the halves. `state` is *curved* if the
    interval at half that level lies outside the margin, *straight* if the interval lies inside the one that
    the claim states, else *open*.
    """

    estimate: float
    low: float
    high: float
    values: tuple[float, ...]
    state: Linearity


def bend_of(bends: Sequence[float], question: Question, *, judged: bool) -> Bend:
    """The bend of a question with straightness. If it is not `judged`, its state is open.

    It is not judged with too few distinct values. For a mean whose bends fall apart the median must show the
    same, as for the exponent (`gaps`).
    """
    straight = question.straight
    assert straight is not None
    floor = straight.effect.floor
    shown = interval(bends, question.centre, question.alpha / len(LOOKS), floor)
    state = _state(bends, question.centre, question) if judged else "open"
    if state != "open" and question.centre == "mean" and has_gap(bends, floor):
        state = state if _state(bends, "median", question) == state else "open"
    return Bend(shown.estimate, shown.low, shown.high, tuple(bends), state)


def computed_bend(bend: float, straight: Straightness) -> Bend:
    """The bend of a law that is the same for every seed: known up to the rounding of the computed number."""
    floor = straight.effect.floor
    low, high = bend - floor, bend + floor
    state: Linearity = "open"
    if high <= -straight.margin or low >= straight.margin:
        state = "curved"
    elif straight.shown is not None and -straight.shown < low <= high < straight.shown:
        state = "straight"
    return Bend(bend, low, high, (bend,), state)


def _state(bends: Sequence[float], centre: Centre, question: Question) -> Linearity:
    """The state that this centre's intervals show.

    The two edges of the margin share the error of *refuted*. So noise much wider than the margin, which
    leaves it on either side, errs no more often than noise on one edge.
    """
    straight = question.straight
    assert straight is not None
    floor = straight.effect.floor
    outside = interval(bends, centre, question.alpha_refute / len(LOOKS) / 2, floor)
    if outside.high <= -straight.margin or outside.low >= straight.margin:
        return "curved"
    inside = interval(bends, centre, question.alpha / len(LOOKS), floor)
    if straight.shown is not None and -straight.shown < inside.low <= inside.high < straight.shown:
        return "straight"
    return "open"


def with_bend(verdict: Decision | None, bend: Bend, straight: Straightness) -> Decision | None:
    """The verdict on a law whose exponent has `verdict` at this look."""
    if bend.state == "curved":
        return "refuted"
    return None if verdict == "supported" and not holds(bend, straight) else verdict


def holds(bend: Bend, straight: Straightness) -> bool:
    """Whether the law is as straight as *supported* requires."""
    return bend.state == "straight" or (bend.state == "open" and straight.shown is None)


def why_curved(bend: Bend, straight: Straightness) -> str:
    """The reason of a law that is refuted as curved; '' for any other."""
    if bend.state != "curved":
        return ""
    return f"curved: the exponent changes by {_said(bend)} between the halves, more than {straight.margin:g}"


def why_not_straight(bend: Bend, straight: Straightness) -> str:
    """Why a supported exponent is not enough."""
    found = f"the exponent may still change by {_said(bend)} between the halves"
    return f"not shown to be straight within {straight.shown:g}: {found}"


def _said(bend: Bend) -> str:
    return f"{bend.estimate:+.3g} [{bend.low:+.3g}, {bend.high:+.3g}]"
