"""Scaling of inputs and targets by the training points, and a check for points that scaling made equal."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Bool, Float

NetworkInputs = Float[np.ndarray, "points inputs"]
Values = Float[np.ndarray, "rows *features"]
Varied = Bool[np.ndarray, " features"] | np.bool

COINCIDE = 1e-12
"""The distance below which two scaled inputs, of size one, are the same point: some thousand roundings of
float64, the error of scaling features whose mean is a thousand times their deviation."""


def scaled(x: NetworkInputs, by: Float[np.ndarray, "train inputs"], preprocess: str) -> NetworkInputs:
    """`x` scaled by `preprocess`, with the moments of `by`; the array itself if that is "none".

    A feature that is constant in `by` becomes 0.
    """
    if preprocess == "none":
        return x
    standardised_x = standardised(x, by)
    return to_sphere(standardised_x) if preprocess == "sphere" else standardised_x


def standardised(
    x: Float[np.ndarray, "points features"], by: Float[np.ndarray, "train features"]
) -> Float[np.ndarray, "points features"]:
    """Each feature of `x` minus its mean in `by`, over its standard deviation there; 0 if that is 0."""
    mean, deviation = by.mean(axis=0), by.std(axis=0)
    varied = varies(by)
    return np.where(varied, (x - mean) / np.where(varied, deviation, 1.0), 0.0)


def varies(by: Values) -> Varied:
    """Whether each feature takes more than one value, apart from rounding."""
    # If numbers are equal, their computed deviation may be of the size of rounding instead of 0.
    varied: Varied = by.std(axis=0) > 1e-12 * (np.abs(by.mean(axis=0)) + np.abs(by).max(axis=0))
    return varied


def to_sphere(x: NetworkInputs) -> NetworkInputs:
    """Rows scaled to norm √d. A row of zeros stays zero."""
    norms = np.linalg.norm(x, axis=1, keepdims=True)
    projected: NetworkInputs = x * np.where(
        norms > 0, math.sqrt(x.shape[1]) / np.where(norms > 0, norms, 1.0), 0.0
    )
    return projected


def made_one(before: NetworkInputs, after: NetworkInputs) -> tuple[int, int] | None:
    """Two rows that are the same point `after` and differed `before`, or None."""
    # Rows that coincide have the same projection, so they are adjacent in its order.
    direction = np.cos(np.arange(after.shape[1]) + 1.0)
    projection = after @ direction
    order = np.argsort(projection, kind="stable")
    gaps = np.diff(projection[order]) > 10 * COINCIDE * after.shape[1]
    run = np.concatenate([[0], np.cumsum(gaps)])
    starts = np.concatenate([[0], np.flatnonzero(gaps) + 1])
    leaders = order[starts[run]]  # for each row in that order, the first of its run
    same = np.all(np.abs(after[order] - after[leaders]) <= COINCIDE, axis=1)
    first, second = before[order], before[leaders]
    differ = np.any(np.abs(first - second) > COINCIDE * np.maximum(np.abs(first), np.abs(second)), axis=1)
    found = np.flatnonzero(same & differ)
    if not found.size:
        return None
    one, other = sorted((int(leaders[found[0]]), int(order[found[0]])))
    return one, other
