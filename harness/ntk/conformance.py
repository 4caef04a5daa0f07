"""Holding a subject's kernels against what they should be: differences, units, and noise.

A `KernelCase` is a subject, an architecture and two sets of points, A and B; checks ask it for blocks of
kernels.
A `Difference` is a block beside the block that it should equal; its error is the largest, over entries, of

    (|found − expected| − allowance) / √(K(x,x) K(x',x'))        and at least 0,

the allowance being what noise explains: `DEVIATIONS` standard errors, 0 for a subject without noise. In these
units a kernel is a correlation, and one tolerance does for all entries, those near 0 too.

A subject may state an *accuracy* in the same units. Errors up to it count as 0, and others count in full: a
claim of tolerance t then holds where no error is beyond max(t, accuracy).
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
"""The error of an entry that is not a finite number, and the largest error reported: finite, so that a claim
is refuted. A number that is missing would make it an error, as if nothing had been measured."""

DEVIATIONS = 6.0
"""Noise is allowed as many standard errors as a Gaussian exceeds with probability 2e-9; of Student's t with
replicates − 1 degrees of freedom as many as have that probability: 8.3 of 32 replicates, 12.7 of 16. A run of
the suite compares below 1e5 entries, many of them dependent: a correct subject whose noise is Gaussian fails
anywhere by chance in less than one run in 5000."""


@dataclass(frozen=True)
class Difference:
    """`found` should equal `expected` at the entries of `mask` (all of them when left out).

    `unit` [rows, columns] is what an error is measured in: the size of a kernel there (`Case.unit`), or the
    tolerance of the entry (`rounding.tolerances`). Then `size` is the former: a flaw is a share of it, and so
    is an accuracy. `answers` says how many answers of the subject the difference is between, each of which
    may be off by the accuracy.
    """

    found: KernelBlock
    expected: KernelBlock
    unit: Matrix
    mask: Bool[np.ndarray, "rows columns"] | None = None
    size: Matrix | None = None
    answers: float | Matrix = 1.0

    def error(self, flaw: float = 0.0, accuracy: float = 0.0) -> float:
        """The largest error, in the module's units; `WORST` for numbers that are not finite.

        `flaw` moves one entry of `found` by that share of its size, away from what is expected and past any
        noise or accuracy that might hide it: the nearest kernel for which the check must fail. Of entries
        with tolerances of their own it is one with the smallest.
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
    """The largest error of several differences; a flaw is put into the first."""
    return max(each.error(0.0 if number else flaw, accuracy) for number, each in enumerate(differences))


def allowed_deviations(*blocks: KernelBlock) -> float:
    """How many standard errors noise is allowed, of blocks from as many replicates."""
    replicates = min((block.replicates for block in blocks if block.replicates), default=0)
    if not replicates:
        return DEVIATIONS
    return -float(special.stdtrit(replicates - 1, special.ndtr(-DEVIATIONS)))


PLAIN = np.array([[0.6, -0.8, 0.3, 1.1], [-1.2, 0.4, 0.9, 0.5]])
"""Two points that no implementation has a reason to refuse: float64, of four features of size 1, in general
position."""


@dataclass
class KernelCase:
    """A subject under test at one architecture; made by an experiment.

    `rows` and `columns` are A and B, of different numbers of points. Whatever is asked twice is computed
    once; a stochastic subject gets a new seed each time.
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
        """The subject's kernel; `again` asks it even if it was asked before. Raises `StageError` if it
        gives none, and `NotCovered` where it gives none at this architecture, whatever the points."""
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
        """`factor` · √(K(x,x) K(x',x')) by the closed form; where K(x,x) = 0 the largest stands in for it,
        so that anything else than 0 is seen."""
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
        """What a subject has at an architecture: its answers about `PLAIN`, as one array or as two.

        What is not covered is so by its architecture: else a subject would choose the points it is held to.
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
    """The case of named kernels: `sizes` are the points in A, those in B, and their features.

    The points depend on the sizes, the geometry and the seed alone. A subject that cannot be imported becomes
    one that gives only that `StageError`.
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
