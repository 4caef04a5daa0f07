"""The pixels of a signal or of a square image, and their neighbours under a filter.

A filter of `taps` pixels a side is placed with its middle on each pixel in turn (for an even number, the
right one of the two middle pixels). Beyond the edge, "circular" padding continues at the other edge, and
"zero" padding gives zeros.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from harness.ntk.specifications import Dimensions, Padding


@dataclass(frozen=True)
class PixelGrid:
    """Pixels in one or two dimensions, `side` of them in each."""

    side: int
    dimensions: Dimensions

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes of an image."""
        return (self.side,) * self.dimensions

    @property
    def pixels(self) -> int:
        """The number of pixels."""
        return int(self.side**self.dimensions)


def grid_of(features: int, dimensions: Dimensions) -> PixelGrid:
    """The grid of a flat input. Raises `ValueError` for an image that is not square."""
    side = features if dimensions == 1 else math.isqrt(features)
    if side**dimensions != features:
        raise ValueError(f"expected a square number of features for images, found {features}")
    return PixelGrid(side, dimensions)


def offsets(taps: int, dimensions: Dimensions) -> tuple[tuple[int, ...], ...]:
    """The offset of each tap of a filter from its middle."""
    return tuple(itertools.product(range(-(taps // 2), taps - taps // 2), repeat=dimensions))


def neighbours(grid: PixelGrid, taps: int, padding: Padding) -> tuple[np.ndarray, np.ndarray]:
    """[taps, pixels]: the pixel under each tap of the filter on a pixel, and whether there is one."""
    here = np.stack(np.unravel_index(np.arange(grid.pixels), grid.shape))
    under, inside = [], []
    for offset in offsets(taps, grid.dimensions):
        there = here + np.array(offset)[:, None]
        within = np.all((there >= 0) & (there < grid.side), axis=0)
        under.append(np.ravel_multi_index(tuple(there % grid.side), grid.shape))
        inside.append(within | (padding == "circular"))
    return np.stack(under), np.stack(inside)
