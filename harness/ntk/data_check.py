"""What `harness check --import` asks of a user's data function."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from harness.declare import Point, Problem
from harness.ntk.data import chosen_rows
from harness.ntk.loading import DataError, Loaded, checked_arrays
from harness.ntk.preprocess import varies

SIZES = ("train", "points", "test", "validation")
"""The parameters that say how many points an experiment needs."""


def check(data: str, function: Callable[..., object], points: Sequence[Point]) -> list[Problem | None]:
    """Call the function once, and check that its arrays are finite, of the right shapes, and large enough.

    Returns a problem or None for each point.
    """
    try:
        found = checked_arrays(data, function())
    except DataError as error:
        return [Problem(error.expected, error.found)] * len(points)
    return [_problem(data, found, point) for point in points]


def _problem(data: str, found: Loaded, point: Point) -> Problem | None:
    sizes = {name: int(point[name]) for name in SIZES if name in point}
    # An experiment that has `points` and nothing else reads inputs alone (`data.inputs`).
    train, test = sizes.get("train", sizes.get("points", 0)), sizes.get("test", 0)
    try:
        chosen_rows(data, found, train, test, sizes.get("validation", 0), None)
    except DataError as error:
        return Problem(error.expected, error.found, tuple(sizes))
    if "train" in sizes and not varies(found.y):
        return Problem("targets that differ", f"{len(found.y)} that are all {found.y[0]:g}")
    return None
