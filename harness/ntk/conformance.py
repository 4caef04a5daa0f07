"""Compares a subject's kernels with what they should be: differences, units, and noise.

A `KernelCase` is a subject, an architecture and two sets of points, A and B. Checks ask it for blocks of
kernels. A `Difference` pairs a block with the block that it should equal. Its error is the largest, over
entries, of

    (|found − expected| − allowance) / √(K(x,x) K(x',x'))        and at least 0.

The allowance is what noise explains: `DEVIATIONS` standard errors, or 0 for a subject without noise. In these
units a kernel is a correlation, and one tolerance suits all entries, those near 0 too.

A subject may state an *accuracy* in the same units. Errors up to it count as 0, and others count in full. A
claim of tolerance t then holds if no error is beyond max(t, accuracy).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from jaxtyping import Bool
from scipy import special

from harness.declare import NotCovered, StageError
from harness.ntk import closed_form
from harness.ntk.architecture import Architecture
from harness.ntk.named_subjects import resolve
from harness.ntk.shapes import Columns, Matrix, Points, Rows
from harness.ntk.subjects import KernelBlock, Subject, Which, ask

WORST = 1e99
"""The error of an entry that is not a finite number, and the largest error reported. It is finite, so that a
claim is refuted; a missing number would make it an error, as if nothing had been measured."""

DEVIATIONS = 6.0
"""The number of standard errors that noise is allowed: a Gaussian exceeds it with probability 2e-9. For
Student's t with replicates − 1 degrees of freedom it is the number with the same probability: 8.3 for 32
replicates, 12.7 for 16. A run of the suite compares fewer than 1e5 entries, many of them dependent, so a
correct subject whose noise is Gaussian fails somewhere by chance in less than one run in 5000."""


@dataclass(frozen=True)
class Difference:
    """A block `found` that should equal `expected` at the entries of `mask` (all of them when left out).

    unit: [rows, columns], the unit of errors: the size of a kernel there (`Case.unit`), or the tolerance of
        the entry (`rounding.tolerances`)
    size: the size of a kernel there, if `unit` is a tolerance; flaws and accuracies are shares of it
    answers: how many answers of the subject the difference compares; each may be off by the accuracy
    """

    found: KernelBlock
    expected: KernelBlock
    unit: Matrix
    mask: Bool[np.ndarray, "rows columns"] | None = None
    size: Matrix | None = None
    answers: float | Matrix = 1.0

    def error(self, flaw: float = 0.0, accuracy: float = 0.0) -> float:
        """The largest error, in the module's units; `WORST` for numbers that are not finite.

        `flaw` moves one entry of `found` by that share of its size, away from what is expected and beyond any
        noise or accuracy that might hide it. The result is the nearest kernel for which the check must fail.
        If entries have their own tolerances, it moves an entry with the smallest one.
        """
        size = self.unit if self.size is None else self.size
        mask = np.ones(self.unit.shape, dtype=bool) if self.mask is None else self.mask
        allowance = allowed_deviations(self.found, self.expected) * np.hypot(
            self.found.error, self.expected.error
        )
        with np.errstate(over="ignore", invalid="ignore"):
            excused = accuracy * self.answers * size
            gap = np.abs(self.found.values - self.expected.values)
            if flaw:
                last = np.flatnonzero(mask)[::-1]
                at = np.unravel_index(last[np.argmin((self.unit / size).ravel()[last])], mask.shape)
                gap[at] += flaw * size[at] + 2 * allowance[at] + excused[at]
            beyond = np.maximum(gap - allowance, 0)
            error = np.where(beyond <= excused, 0, beyond)[mask] / self.unit[mask]
        return float(min(error.max(), WORST)) if np.all(np.isfinite(error)) else WORST


def largest(differences: Sequence[Difference], flaw: float = 0.0, accuracy: float = 0.0) -> float:
    """The largest error of several differences. A flaw is put into the first one."""
    return max(each.error(0.0 if number else flaw, accuracy) for number, each in enumerate(differences))


def allowed_deviations(*blocks: KernelBlock) -> float:
    """The number of standard errors that noise is allowed, given the blocks' numbers of replicates."""
    replicates = min((block.replicates for block in blocks if block.replicates), default=0)
    if not replicates:
        return DEVIATIONS
    return -float(special.stdtrit(replicates - 1, special.ndtr(-DEVIATIONS)))


PLAIN = np.array([[0.6, -0.8, 0.3, 1.1], [-1.2, 0.4, 0.9, 0.5]])
"""Two points that no implementation has a reason to reject: float64, with four features of size 1, in general
position."""


@dataclass
class KernelCase:
    """A subject under test at one architecture. Experiments make it.

    `rows` and `columns` are A and B, with different numbers of points. Repeated questions are computed once.
    A stochastic subject gets a new seed for each question.
    """

    subject: Subject
    reference: Subject
    architecture: Architecture
    rows: Rows
    columns: Columns
    seed: int
    accuracy: float = 0.0
    _known: dict[object, dict[Which, KernelBlock | StageError]] = field(default_factory=dict)
    _plain: dict[Architecture, dict[Which, KernelBlock | StageError]] = field(default_factory=dict)
    _calls: int = 0

    def block(
        self,
        which: Which,
        x1: Rows,
        x2: Columns | None = None,
        architecture: Architecture | None = None,
        *,
        again: bool = False,
    ) -> KernelBlock:
        """The subject's kernel. With `again`, the subject is asked even if it was asked before.

        Raises `StageError` if it gives no kernel, and `NotCovered` if it gives none at this architecture for
        any points.
        """
        return self._ask(self.subject, which, x1, x2, architecture, again)

    def expected(
        self, which: Which, x1: Rows, x2: Columns | None = None, architecture: Architecture | None = None
    ) -> KernelBlock:
        """The reference's kernel. Raises `NotCovered` if the subject is the reference itself."""
        if self.subject is self.reference:
            raise NotCovered("the subject is the reference: name another reference")
        return self._ask(self.reference, which, x1, x2, architecture, False)

    def unit(
        self,
        which: Which,
        x1: Rows,
        x2: Columns | None = None,
        architecture: Architecture | None = None,
        factor: float = 1.0,
    ) -> Matrix:
        """The unit of errors, `factor` · √(K(x,x) K(x',x')) by the closed form.

        If K(x,x) = 0, the largest unit replaces it, so that any value other than 0 counts as an error.
        """
        sizes = [self._sizes(which, x, architecture) for x in (x1, x1 if x2 is None else x2)]
        return factor * np.outer(*sizes)

    def versus_reference(
        self,
        which: Which,
        x1: Rows,
        x2: Columns | None = None,
        mask: Bool[np.ndarray, "rows columns"] | None = None,
    ) -> Difference:
        """The subject's kernel beside the reference's."""
        found, expected = self.block(which, x1, x2), self.expected(which, x1, x2)
        return Difference(found, expected, self.unit(which, x1, x2), mask)

    def _sizes(self, which: Which, x: Points, architecture: Architecture | None) -> np.ndarray:
        kernels = closed_form.nngp_ntk(architecture or self.architecture, x)
        sizes = np.sqrt(np.diag(kernels[which == "ntk"]))
        top = sizes.max()
        return np.where(sizes == 0, top if top > 0 else 1.0, sizes)

    def _ask(
        self,
        subject: Subject,
        which: Which,
        x1: Rows,
        x2: Columns | None,
        architecture: Architecture | None,
        again: bool,
    ) -> KernelBlock:
        architecture = architecture or self.architecture
        points = tuple(None if x is None else (x.dtype.str, x.shape, x.tobytes()) for x in (x1, x2))
        key = (subject is self.reference, architecture, points)
        if again or key not in self._known:
            self._calls += 1
            self._known[key] = ask(subject, architecture, x1, x2, self.seed * 1000 + self._calls)
        answer = self._known[key][which]
        if isinstance(answer, NotCovered) and isinstance(
            self._at_plain(subject, architecture)[which], KernelBlock
        ):
            x = "x2 None" if x2 is None else f"x2 of {_described(x2)}"
            raise StageError(
                f"the subject has this kernel of this architecture (it gave that of {len(PLAIN)} plain "
                f"points), and not between x1 of {_described(x1)} and {x}: {answer}"
            )
        if isinstance(answer, StageError):
            raise answer
        return answer

    def _at_plain(
        self, subject: Subject, architecture: Architecture
    ) -> dict[Which, KernelBlock | StageError]:
        """The subject's answers about `PLAIN` at an architecture: as one array, else as two.

        Whether a case is covered depends only on the architecture. Otherwise a subject could choose the
        points on which it is tested.
        """
        if architecture not in self._plain:
            one, two = (ask(subject, architecture, PLAIN, x2, self.seed) for x2 in (None, PLAIN[::-1]))
            self._plain[architecture] = {
                which: one[which] if isinstance(one[which], KernelBlock) else two[which] for which in one
            }
        return self._plain[architecture]


def _described(x: Points) -> str:
    return f"{len(x)} {x.dtype} points of {x.shape[1]} features, the largest of norm {_norm(x):.3g}"


def _norm(x: Points) -> float:
    return float(np.linalg.norm(x.astype(np.float64), axis=1).max())


Geometry = Literal["gaussian", "sphere", "nonnegative"]


def case_of(
    subject: str,
    reference: str,
    architecture: Architecture,
    sizes: tuple[int, int, int],
    geometry: Geometry,
    seed: int,
    accuracy: float = 0.0,
) -> KernelCase:
    """The case of named kernels. `sizes` are the numbers of points in A, of points in B, and of features.

    The points depend only on the sizes, the geometry and the seed. A subject that cannot be imported becomes
    one that raises `StageError` for every question.
    """
    rows, columns, inputs = sizes
    points = np.random.default_rng([seed, 0x4B45]).standard_normal((rows + columns, inputs))
    if geometry == "sphere":
        points *= np.sqrt(inputs) / np.linalg.norm(points, axis=1, keepdims=True)
    elif geometry == "nonnegative":
        points = np.abs(points)
    try:
        tested = resolve(subject)
    except StageError as problem:
        tested = _absent(problem)
    return KernelCase(tested, resolve(reference), architecture, points[:rows], points[rows:], seed, accuracy)


def _absent(problem: StageError) -> Subject:
    def subject(x1: Rows, x2: Columns | None, architecture: Architecture) -> None:
        raise problem

    return subject
