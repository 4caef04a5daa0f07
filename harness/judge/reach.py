"""How near the ends of a boundary's interval can come to each other, before it is searched for.

If the mean has the slope s on the logarithm of the axis, a point at the distance d from the boundary lies
|s|·d from the bound. It is decided, every second time, if that is half the width h of its interval at the
budget. So the points within h/|s| on either side stay undecided, and the ends lie on the next points of the
grid:

    ratio ≈ exp(2h/|s| + step)

In simulations (tests/judge/test_search.py) this is the median ratio, within a step of the grid.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.judge.interval import half_width_factor, mean_and_sd
from harness.judge.levels import level_of
from harness.judge.outlook import LEAST_SEEN
from harness.questions import LOOKS, BoundarySearch, Linear, Question


@dataclass(frozen=True)
class Reach:
    """What is expected of a search. `reach` makes it.

    `deviation` is that between seeds near the bound, and `slope` that of the mean on the logarithm of the
    axis there. `ratio` is about that of the interval's ends at the budget. `seeds` is the least budget at
    which it is the requested one, None if no budget is enough (or none is requested).
    """

    deviation: float
    slope: float
    ratio: float
    seeds: int | None


def reach(
    search: BoundarySearch, questions: Sequence[Question], seen: Mapping[int, Sequence[float]]
) -> Reach | None:
    """The reach of a search, from the values of its effects: `seen` has them by the place of the point.

    None if they are not enough: it takes the means of two points, and the deviation at one of them.
    """
    known = sorted(place for place, values in seen.items() if len(values) >= LEAST_SEEN)
    pairs = list(itertools.pairwise(known))
    if not pairs:
        return None
    edges = (questions[0].region.low, questions[0].region.high)
    edge = next(side for side in edges if math.isfinite(side))
    means = {place: mean_and_sd(seen[place]) for place in known}

    def away(pair: tuple[int, int]) -> tuple[bool, float]:
        """Whether the bound lies outside of the pair, and how far the middle is from it."""
        a, b = (means[place][0] - edge for place in pair)
        return (a > 0) == (b > 0), abs(a + b)

    first, second = min(pairs, key=away)
    slope = (means[second][0] - means[first][0]) / math.log(search.at[second] / search.at[first])
    deviation = math.hypot(means[first][1], means[second][1]) / math.sqrt(2)
    if slope == 0:
        return None
    step = math.log(search.at[-1] / search.at[0]) / (len(search.at) - 1)
    question = questions[first]
    floor = question.effect.floor if isinstance(question.effect, Linear) else 0.0
    level, sd = level_of("supported", question), max(deviation, floor)

    def ratio(budget: int) -> float:
        half = 0.0 if question.deterministic else half_width_factor(budget, level) * sd
        return math.exp(min(700.0, 2 * half / abs(slope) + step))

    enough = None if search.ratio is None else next((n for n in LOOKS if ratio(n) <= search.ratio), None)
    return Reach(deviation, slope, ratio(question.budget), enough)
