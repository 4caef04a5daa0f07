"""Checks that a timed computation is correct, by comparing two results before anything is timed."""

from __future__ import annotations

import numpy as np

AGREEMENT = 1e-6
"""The largest difference, relative to the largest number. Two closed forms of one ReLU kernel differ by 1e-8
near the diagonal, where √(1−c²) loses half of its digits, and regressions on one kernel by its rounding times
a condition number of 1e6. Another kernel, or another ridge, is percents off."""


def require_equal(what: str, found: np.ndarray, expected: np.ndarray) -> None:
    """Raise `ValueError` unless the numbers agree within `AGREEMENT`."""
    found, expected = np.asarray(found), np.asarray(expected)
    if found.shape != expected.shape:
        raise ValueError(f"{what}: expected the shape {expected.shape}, found {found.shape}")
    gap = float(np.max(np.abs(found - expected)) / np.max(np.abs(expected)))
    if not gap <= AGREEMENT:
        raise ValueError(
            f"{what}: expected the numbers of harness.ntk, found others, by {gap:.1e} of the largest"
        )
