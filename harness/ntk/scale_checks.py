"""Checks of a kernel's values at inputs of one scale, each entry with its own tolerance.

The error of an entry is |found − expected| divided by what rounding explains there (`harness.ntk.rounding`).
It is at most 1 for a correct kernel, whatever its formulas. Checks raise `NotCovered` and `StageError` as
`Case.block` does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from harness.declare import NotCovered
from harness.ntk.conformance import Difference, KernelCase
from harness.ntk.kernel_checks import HALF, KernelCheck, compared
from harness.ntk.rounding import FLOAT32, FLOAT64, tolerances
from harness.ntk.shapes import Columns, Matrix, Rows
from harness.ntk.subjects import KernelBlock, Which

RARE = 10.0
"""The scale of inputs beyond which erf's derivatives are 0 in all but one draw in 1e3, or fewer, and the
products of two for one in 1e5. A subject that samples some thousand draws then finds none, and states that it
is certain of 0."""


@dataclass
class AtScale:
    """A case at points of one scale. `checks` lists its checks.

    The tolerances of both kernels are computed together, and kept for the second kernel.
    """

    scale: float
    _tolerances: dict[tuple[str, bool], dict[Which, Matrix]] = field(default_factory=dict)

    @property
    def checks(self) -> dict[str, KernelCheck]:
        """The checks, by the names that quantities use."""
        return {"error": compared(self.values), "float32-error": compared(self.float32, HALF)}

    def values(self, case: KernelCase, which: Which) -> list[Difference]:
        """K(A, B) and K(A) with its diagonal."""
        a, b = self.points(case)
        return [self._difference(case, which, a, b), self._difference(case, which, a, None)]

    def float32(self, case: KernelCase, which: Which) -> list[Difference]:
        """The same for points in float32, with which a subject may compute in float32."""
        a, b = (points.astype(np.float32) for points in self.points(case))
        return [self._difference(case, which, a, b), self._difference(case, which, a, None)]

    def points(self, case: KernelCase) -> tuple[Rows, Columns]:
        """A and B at this scale: B begins with a point of A, the opposite of another, and one of scale 1."""
        a, b = self.scale * case.rows, self.scale * case.columns
        b[0], b[1], b[2] = a[0], -a[1], case.columns[2]
        return a, b

    def _difference(self, case: KernelCase, which: Which, x1: Rows, x2: Columns | None) -> Difference:
        first, second = x1.astype(np.float64), None if x2 is None else x2.astype(np.float64)
        found, expected = case.block(which, x1, x2), case.expected(which, first, second)
        refuse_rare_events(case, which, self.scale, found)
        key = (x1.dtype.name, x2 is None)
        if key not in self._tolerances:
            size = FLOAT32 if x1.dtype == np.float32 else FLOAT64
            nngp, ntk = tolerances(case.architecture, first, second, size)
            self._tolerances[key] = {"nngp": nngp, "ntk": ntk}
        return Difference(found, expected, self._tolerances[key][which], size=case.unit(which, first, second))


def refuse_rare_events(case: KernelCase, which: Which, scale: float, found: KernelBlock) -> None:
    """Raise `NotCovered` if an estimate's spread, at inputs of this scale, says nothing about its error."""
    rare = which == "ntk" and case.architecture.activation == "erf" and scale > RARE
    if rare and found.error.any():
        raise NotCovered(
            f"an estimate of erf's NTK at inputs beyond {RARE:g}: too few of its draws are other than 0 "
            "for their spread to be known"
        )
