"""What very deep kernels still tell about their inputs: condition numbers and the mean predictor.

Two sets of points of one length. *Equicorrelated*: m points, each pair at the same angle, as all pairs become
when depth makes points alike (Xiao et al. 2020 arXiv:1912.13053). *A polygon*: m points evenly spaced on a
great circle, and a test point beside the first. Then the kernel among them is circulant, and the predictor
follows without solving with a nearly singular matrix.

With kernels divided by K(x,x), K = 11' − R, R the gaps of pairs. On vectors that sum to zero K is −R, and the
row of a test point's gaps enters as −r': labels of mean zero are predicted by r' R⁻¹ y, from gaps alone,
which may be 1e-100. If kernels are small, not gaps, K itself is used. NumPy only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from harness.ntk.sphere import Gaps, gap_of_angle


@dataclass(frozen=True)
class Relative:
    """Kernels of pairs divided by K(x,x), and how far these are below 1. Either may be small."""

    value: Float[np.ndarray, "*shape"]
    gap: Float[np.ndarray, "*shape"]

    def __getitem__(self, number: int) -> Relative:
        return Relative(np.asarray(self.value[number]), np.asarray(self.gap[number]))

    def __iter__(self) -> Iterator[Relative]:
        return (self[number] for number in range(len(self.value)))


def equicorrelated_condition(pair: Relative, points: int) -> float:
    """κ of the matrix with 1 on its diagonal and `pair` elsewhere: (m − (m−1) gap) / gap."""
    return float((points - (points - 1) * pair.gap) / pair.gap)


def departure(pair: Relative, points: int) -> float:
    """κ − 1 of the same matrix: m value / gap."""
    return float(points * pair.value / pair.gap)


def polygon_gaps(points: int, offset: float) -> Gaps:
    """Gaps between the first point of a polygon and all of its points, and those of a test point.

    Row 0 holds the first point's gaps; row 1 those of a test point that lies `offset` of a side beyond the
    first.
    """
    steps = np.arange(points)
    angles = 2 * np.pi / points * np.stack([steps, steps - offset])
    return gap_of_angle(np.abs(np.arctan2(np.sin(angles), np.cos(angles))))


def polygon_condition(row: Relative) -> float:
    """κ of the circulant matrix of a polygon's kernels, whose first row this is."""
    modes = np.fft.fft(row.gap).real
    values = np.concatenate([[len(modes) - modes[0]], -modes[1:]])
    return float(values.max() / values.min())


def mean_zero_predictor(row: Relative, test: Relative) -> Float[np.ndarray, " points"]:
    """The row vector p that predicts labels y of mean zero at the test point, p'y; p sums to zero.

    A circulant matrix divides Fourier modes by those of its first column.
    """
    by_gaps = row.gap.max() < 0.5
    first, tested = (each.gap if by_gaps else each.value for each in (row, test))
    modes = np.fft.fft(first)
    modes[0] = np.inf  # the mean, which is 0 in labels
    predictor: Float[np.ndarray, " points"] = np.fft.ifft(np.fft.fft(tested) / modes).real
    return predictor


def predicted_constant(row: Relative, test: Relative) -> float:
    """The prediction at the test point from labels that are all 1: Σ K(t,x) / Σ K(x₁,x)."""
    return float(test.value.sum() / row.value.sum())
