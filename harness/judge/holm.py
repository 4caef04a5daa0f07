"""Which of several claims hold *jointly*: Holm's step-down test on their p-values.

    Holm, "A simple sequentially rejective multiple test procedure", Scand. J. Statist. 6 (1979)

Of m hypotheses the smallest p-value is compared with α/m, the next with α/(m − 1), and so on up to the first
that is too large. With probability at most α any of those that pass is wrong, however the p-values depend on
each other. A hypothesis is fixed before anything is measured: that an instance does *not* get the expected
verdict (or, if nothing is expected, that it does not hold). If the result could turn it round, every instance
would have a true hypothesis, and the later steps of Holm would err more often than α.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.suite.records import Expectation


def holm(p_values: Mapping[str, float], alpha: float, total: int) -> frozenset[str]:
    """The names that pass together at `alpha`, of `total` hypotheses; those without a p-value have 1.

    Raises `ValueError` if there are more p-values than hypotheses.
    """
    if len(p_values) > total:
        raise ValueError(f"expected at most {total} p-values, found {len(p_values)}")
    passed = set[str]()
    for place, (name, p) in enumerate(sorted(p_values.items(), key=lambda pair: (pair[1], pair[0]))):
        if p > alpha / (total - place):
            break
        passed.add(name)
    return frozenset(passed)


def joint_direction(expect: Expectation | str) -> Literal["supported", "refuted"]:
    """The verdict that an instance must have to count among those that hold jointly."""
    return "refuted" if expect == "refuted" else "supported"
