"""Analytic kernels beside random networks."""

from __future__ import annotations

import numpy as np

from harness.ntk.sampled_kernels import own_kernels_of


def gap_in_errors(model, x1, x2, networks, seed=7):
    """How far the mean over networks of their own NNGP, and NTK, is from the analytic one.

    Root mean square over entries, in standard errors of the mean: about 1 where the kernels agree, and rarely
    2, as each entry has mean square 1 and entries are correlated. A kernel that is wrong by 20% is some 5 off
    where networks spread by 20% and 24 of them are averaged. What finite width leaves of the mean,
    O(1/width), is a tenth of the spread, O(1/width^(1/2)).
    """
    gaps = []
    for own, exact in zip(
        own_kernels_of(model, x1, x2, networks=networks, seed=seed), model.analytic(x1, x2), strict=True
    ):
        errors = own.std(axis=0, ddof=1) / np.sqrt(networks)
        gaps.append(float(np.sqrt(np.mean(((own.mean(axis=0) - exact) / errors) ** 2))))
    return tuple(gaps)
