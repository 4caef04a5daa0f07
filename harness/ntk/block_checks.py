"""Checks of a kernel's values, entry by entry, between sets of points of any shape, kind and precision.

The error of an entry is |found − expected| divided by what rounding explains there (`harness.ntk.rounding`).
It is at most 1 for a correct kernel, whatever its formulas. Checks raise `NotCovered` and `StageError` as
`Case.block` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from harness.ntk.conformance import Difference, KernelCase
from harness.ntk.kernel_checks import KernelCheck, compared
from harness.ntk.rounding import FLOAT32, FLOAT64, tolerances
from harness.ntk.scale_checks import refuse_rare_events
from harness.ntk.shapes import Columns, Matrix, Rows
from harness.ntk.subjects import Which

Precision = Literal["float64", "float32", "float32-float64", "float64-float32"]
"""The precision of all points, or that of the first set and that of the second."""
Repeats = Literal["none", "equal", "near", "opposite", "near-opposite"]

APART = (1e-4, 1e-8, 1e-12)
"""Relative distances of nearly equal or nearly opposite points: well separated in float64, √eps, and less."""

BRAIN = 2.0**-8
"""bfloat16's roundoff. This is the control's flaw if a subject may compute in its inputs' float32, in which
five layers of ReLU keep three digits of nearly parallel points."""


@dataclass
class PlacedCase:
    """A case at points of one scale, precision and kind of repetition. `checks` lists its checks.

    The tolerances of both kernels are computed together, and kept for the second kernel.
    """

    scale: float
    precision: Precision
    repeats: Repeats
    _tolerances: dict[tuple[bytes, bytes], dict[Which, Matrix]] = field(default_factory=dict)

    @property
    def checks(self) -> dict[str, KernelCheck]:
        """The checks, by the names that quantities use."""
        return {"error": self.error}

    def error(self, case: KernelCase, which: Which, flaw: float) -> tuple[float, float]:
        """The largest error of K(A, B), K(A) and K(A, A), and the largest error with a flaw.

        The flaw has bfloat16's size if the subject may compute in float32.
        """
        return compared(self.values, None if self.precision == "float64" else BRAIN)(case, which, flaw)

    def values(self, case: KernelCase, which: Which) -> list[Difference]:
        """K(A, B), K(A), and K(A, A) asked of two arrays, so that its diagonal is not marked as one."""
        a, b = self.points(case)
        first, _, second = self.precision.partition("-")
        left, right = np.dtype(first), np.dtype(second or first)
        return [
            self._difference(case, which, a.astype(left), x2)
            for x2 in (b.astype(right), None, a.astype(right))
        ]

    def points(self, case: KernelCase) -> tuple[Rows, Columns]:
        """A and B at this scale.

        Every other point of B repeats one of A, and A's last point repeats its first.
        """
        a, b = self.scale * case.rows, self.scale * case.columns
        if self.repeats == "none":
            return a, b
        noise = np.random.default_rng([case.seed, 0x424C]).standard_normal((len(b) + 1, a.shape[1]))
        if len(a) > 1:
            a[-1] = self._partner(a[0], noise[-1], APART[0])
        for number in range(0, len(b), 2):
            b[number] = self._partner(a[number % len(a)], noise[number], APART[number // 2 % len(APART)])
        return a, b

    def _partner(self, point: np.ndarray, noise: np.ndarray, distance: float) -> np.ndarray:
        sign = -1.0 if self.repeats.endswith("opposite") else 1.0
        apart = distance * self.scale if self.repeats.startswith("near") else 0.0
        return sign * point + apart * noise

    def _difference(self, case: KernelCase, which: Which, x1: Rows, x2: Columns | None) -> Difference:
        first, second = x1.astype(np.float64), None if x2 is None else x2.astype(np.float64)
        found, expected = case.block(which, x1, x2), case.expected(which, first, second)
        refuse_rare_events(case, which, self.scale, found)
        key = x1.tobytes(), (x1 if x2 is None else x2).tobytes()
        if key not in self._tolerances:
            single = np.float32 in (x1.dtype, x1.dtype if x2 is None else x2.dtype)
            size = (FLOAT32 if single else FLOAT64) * longer(x1.shape[1])
            nngp, ntk = tolerances(case.architecture, first, second, size)
            self._tolerances[key] = {"nngp": nngp, "ntk": ntk}
        unit = case.unit(which, first, second)
        return Difference(found, expected, self._tolerances[key][which], size=unit)


def longer(inputs: int) -> float:
    """How much more a dot product of `inputs` features may be rounded than one of 4: two roundings a feature.

    `rounding.ROUNDINGS` counts the others, 24 of 32.
    """
    return max(1.0, (24 + 2 * inputs) / 32)
