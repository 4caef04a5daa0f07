"""Checks of the standard errors that a subject states: whether its deviations are as large as it says.

A deviation divided by its standard error is a z-score. The z-scores of a correct subject have mean 0. Their
mean square is (R − 1)/(R − 3), that of Student's t, if the error is itself estimated from R replicates.
Entries of one answer depend on each other, and answers for other seeds do not, so claims are about means over
seeds. Checks raise `NotCovered` for a subject that states no errors, and `StageError` as `Case.block` does.
"""

from __future__ import annotations

import numpy as np

from harness.declare import NotCovered, StageError
from harness.ntk.conformance import WORST, KernelCase
from harness.ntk.kernel_checks import KernelCheck
from harness.ntk.subjects import Which

FEWEST = 6
"""The least number of replicates. With fewer, the square of Student's t has no variance, so that no number of
seeds determines its mean."""

NEGLIGIBLE = 1e-9
"""The deviation, in units of the kernel, that an entry stated to be exact may have."""

ANSWERS = 4
"""How often the subject is asked, each time about other points and with another seed: the mean over
independent answers needs a quarter of the trials."""

SHIFT = 1.0
"""The standard errors by which the control is off."""


def mean(case: KernelCase, which: Which, flaw: float) -> tuple[float, float]:
    """The mean of the z-scores, and that of a subject that is off by `SHIFT` of its standard errors."""
    scores = np.concatenate([scores for scores, _ in _answers(case, which)])
    found = float(np.clip(scores.mean(), -WORST, WORST))
    return found, min(found + SHIFT, WORST)


def square(case: KernelCase, which: Which, flaw: float) -> tuple[float, float]:
    """The mean square of the z-scores over its expected value, and that of a control.

    The control is a subject whose standard errors are half as large.
    """
    most = np.sqrt(WORST) / 10  # its square, divided by its expected value, stays finite
    found = float(np.mean([np.mean(np.clip(z, -most, most) ** 2) / of for z, of in _answers(case, which)]))
    return found, 4 * found


def _answers(case: KernelCase, which: Which) -> list[tuple[np.ndarray, float]]:
    """For each of `ANSWERS` answers, its z-scores and their expected mean square."""
    return [_scores(case, which, 1 + number / ANSWERS) for number in range(ANSWERS)]


def _scores(case: KernelCase, which: Which, factor: float) -> tuple[np.ndarray, float]:
    """The z-scores (found − expected) / standard error of the entries of K(A, B) with an uncertainty.

    An entry that is stated to be exact and is not counts as `WORST`.
    """
    a, b = factor * case.rows, factor * case.columns
    found = case.block(which, a, b)
    if not found.error.any():
        raise NotCovered("the subject states no standard errors")
    if 0 < found.replicates < FEWEST:
        raise StageError(f"replicates: expected 0, or at least {FEWEST}, found {found.replicates}")
    gap = found.values - case.expected(which, a, b).values
    exact = found.error == 0
    scores = np.divide(gap, found.error, out=np.zeros_like(gap), where=~exact)
    off = exact & ~(np.abs(gap) <= NEGLIGIBLE * case.unit(which, a, b))
    scores = np.where(off | ~np.isfinite(scores), WORST, scores)
    replicates = found.replicates
    return scores[~exact | off], (replicates - 1) / (replicates - 3) if replicates else 1.0


CHECKS: dict[str, KernelCheck] = {"z-mean": mean, "z-square": square}
