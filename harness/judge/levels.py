"""The levels of intervals: how alpha is divided among the looks.

All looks together err with probability at most alpha, so each has alpha over their number (Bonferroni), on
each side. A mean outside a region with two edges is below one or above the other. If noise is much wider than
the region, a wrong interval misses it on either side, so each side has half of that.
"""

from __future__ import annotations

import math
from typing import Literal

from harness.questions import LOOKS, Question

Definite = Literal["supported", "refuted"]
RULE = 2
"""The number of the rule that judges, which every record holds.

Rule 1, until version 0.1, looked at 6, 9, 14, 21, 32, 48, 72 and 108 seeds, and had one level for inside and
outside of a region. `exact` is the same in both.
"""


def level_of(verdict: Definite, question: Question) -> float:
    """The one-sided level, at one look, of the interval that must show `verdict`."""
    alpha = question.alpha if verdict == "supported" else question.alpha_refute
    edges = 2 if two_edged(question) and shows_outside(verdict, question) else 1
    return alpha / len(LOOKS) / edges


def shows_outside(verdict: Definite, question: Question) -> bool:
    """Whether this verdict means outside the region: *refuted*, or *supported* for `differ`."""
    return (verdict == "refuted") != question.exchanged


def two_edged(question: Question) -> bool:
    """Whether the question's region has an edge on either side."""
    return question.region.low > -math.inf and question.region.high < math.inf
