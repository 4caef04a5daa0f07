"""Checks of a kernel at one architecture: its values, and properties that every such kernel has.

Each says which of the subject's blocks should be equal, or gives its numbers itself. `CHECKS` has them by the
names that quantities use. They raise `NotCovered` and `StageError` as `Case.block` does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import get_args

import numpy as np
from jaxtyping import Bool

from harness.declare import NotCovered, StageError, stage
from harness.ntk.architecture import HOMOGENEOUS
from harness.ntk.conformance import WORST, Difference, KernelCase, allowed_deviations, largest
from harness.ntk.shapes import Points
from harness.ntk.subjects import Which

KernelCheck = Callable[[KernelCase, Which, float], tuple[float, float]]
"""A function that gives the error of the subject's kernel and that of the control. The control is the same
kernel with a flaw of the given size."""

NEAR = (0.0, 1e-15, 1e-12, 1e-8, 1e-4)
"""Relative distances of near duplicates: equal, an ulp, √eps and its neighbours, and well separated."""

MULTIPLES = (1.0, 3.0, -1.0, -0.7, 1 / 3)
"""Factors of collinear points. Some of their cosines are rounded to beyond ±1."""

PAIRS = 16
"""The number of further collinear pairs. About one cosine in six is rounded to beyond ±1."""

TINY, HUGE = 1e-30, 1e30
"""Factors on inputs. Squares and fourth powers stay within float64's range (1e±308), but not within float32's
(1e±38). An absolute tolerance such as 1e-10 inside a formula that was meant to be relative then shows."""

HALF = 2.0**-11
"""float16's roundoff: the control's flaw if a subject may compute in its inputs' float32."""

OWN = 2.0
"""The number of the subject's answers that a check compares with one another. Each may be off by a stated
accuracy."""

LOOSE = 0.25
"""How much more the control, which overstates noise, is excused than the subject's own noise excuses."""


def values(case: KernelCase, which: Which) -> list[Difference]:
    """The reference's values, except on the Gram matrix's diagonal."""
    return [
        case.versus_reference(which, case.rows, case.columns),
        case.versus_reference(which, case.rows, mask=_off_diagonal(case.rows)),
    ]


def diagonal(case: KernelCase, which: Which) -> list[Difference]:
    """The reference's values on a Gram matrix's diagonal."""
    return [case.versus_reference(which, case.rows, mask=~_off_diagonal(case.rows))]


def near_duplicates(case: KernelCase, which: Which) -> list[Difference]:
    """Pairs of points at relative distances `NEAR`, one of each pair in either set."""
    return [_pairs(case, which, NEAR, lambda row, noise, distance: row + distance * noise)]


def collinear(case: KernelCase, which: Which) -> list[Difference]:
    """Pairs of a point and a multiple of it, enough of them that rounding takes some cosines past ±1."""
    points = _random(case).standard_normal((PAIRS, case.rows.shape[1]))
    multiples = points * np.resize(MULTIPLES, PAIRS)[:, None]
    return [
        _pairs(case, which, MULTIPLES, lambda row, noise, factor: factor * row),
        case.versus_reference(which, points, multiples, np.eye(PAIRS, dtype=bool)),
    ]


def symmetry(case: KernelCase, which: Which) -> list[Difference]:
    """K(A, B) = K(B, A)ᵀ, and K(A) = K(A)ᵀ."""
    a, b = case.rows, case.columns
    gram = case.block(which, a)
    return [
        Difference(
            case.block(which, a, b), case.block(which, b, a).transposed, case.unit(which, a, b), answers=OWN
        ),
        Difference(gram, gram.transposed, case.unit(which, a), answers=OWN),
    ]


def blocks(case: KernelCase, which: Which) -> list[Difference]:
    """K(A ∪ B) has the blocks K(A) (off its diagonal), K(A, B) and K(B, A), which are not square."""
    a, b = case.rows, case.columns
    whole = case.block(which, np.concatenate([a, b]))
    first, second = slice(len(a)), slice(len(a), None)
    return [
        Difference(whole.at(first, second), case.block(which, a, b), case.unit(which, a, b), answers=OWN),
        Difference(whole.at(second, first), case.block(which, b, a), case.unit(which, b, a), answers=OWN),
        Difference(
            whole.at(first, first), case.block(which, a), case.unit(which, a), _off_diagonal(a), answers=OWN
        ),
    ]


def permutation(case: KernelCase, which: Which) -> list[Difference]:
    """Points in another order give the kernel in that order."""
    a, b = case.rows, case.columns
    random = _random(case)
    rows, columns = random.permutation(len(a)), random.permutation(len(b))
    found = case.block(which, a[rows], b[columns])
    expected = case.block(which, a, b).at(rows, columns)
    return [Difference(found, expected, case.unit(which, a[rows], b[columns]), answers=OWN)]


def rotation(case: KernelCase, which: Which) -> list[Difference]:
    """A rotation of all inputs does not change the kernel, because weights are isotropic."""
    a, b = case.rows, case.columns
    q, _ = np.linalg.qr(_random(case).standard_normal((a.shape[1], a.shape[1])))
    found = case.block(which, a @ q, b @ q)
    return [Difference(found, case.block(which, a, b), case.unit(which, a, b), answers=OWN)]


def homogeneity(case: KernelCase, which: Which) -> list[Difference]:
    """K(c x, x') = c K(x, x') for c > 0, without biases: the kernel has degree 1."""
    it = case.architecture
    if it.activation not in HOMOGENEOUS or it.b_std or it.parameterization != "ntk":
        raise StageError(
            f"homogeneity: expected {', '.join(HOMOGENEOUS)}, b_std 0 and parameterization ntk, "
            f"found {it.activation}, {it.b_std:g} and {it.parameterization}"
        )
    a, b, factor = case.rows, case.columns, 3.7
    found, expected = case.block(which, factor * a, b), case.block(which, a, b).times(factor)
    return [Difference(found, expected, case.unit(which, a, b, factor=factor), answers=OWN)]


def zero(case: KernelCase, which: Which) -> list[Difference]:
    """The reference's values with a zero input in either set, and in a Gram matrix with its diagonal."""
    a, b = case.rows.copy(), case.columns.copy()
    a[0], b[0] = 0, 0
    return [case.versus_reference(which, a, b), case.versus_reference(which, a)]


def tiny(case: KernelCase, which: Which) -> list[Difference]:
    """The reference's values for inputs times `TINY`."""
    return [case.versus_reference(which, TINY * case.rows, TINY * case.columns)]


def huge(case: KernelCase, which: Which) -> list[Difference]:
    """The reference's values for inputs times `HUGE`."""
    return [case.versus_reference(which, HUGE * case.rows, HUGE * case.columns)]


def huge_diagonal(case: KernelCase, which: Which) -> list[Difference]:
    """The reference's values on a Gram matrix's diagonal for inputs times `HUGE`."""
    return [case.versus_reference(which, HUGE * case.rows, mask=~_off_diagonal(case.rows))]


def float32(case: KernelCase, which: Which) -> list[Difference]:
    """Inputs in float32 give the reference's values for the same numbers in float64."""
    a, b = case.rows.astype(np.float32), case.columns.astype(np.float32)
    found = case.block(which, a, b)
    a64, b64 = a.astype(np.float64), b.astype(np.float64)
    return [Difference(found, case.expected(which, a64, b64), case.unit(which, a64, b64))]


def repeats(case: KernelCase, which: Which) -> list[Difference]:
    """Answers do not depend on earlier questions.

    The subject is asked about other points of the same shape, about points that differ in one number, and
    about another architecture at the same points.
    """
    a, b = case.rows, case.columns
    first = case.block(which, a, b)
    after = case.versus_reference(which, a[::-1] * 1.25, b[::-1] * 0.75)
    again = case.block(which, a, b, again=True)
    nearly = a.copy()
    nearly[-1, -1] += 1
    return [
        after,
        case.versus_reference(which, nearly, b),
        *_of_another(case, which),
        Difference(again, first, case.unit(which, a, b), answers=OWN),
    ]


def _of_another(case: KernelCase, which: Which) -> list[Difference]:
    """The kernel at another architecture that the subject supports.

    Other scales are tried in this order: all, those of weights, those of biases. If the subject has only one
    architecture, nothing is compared.
    """
    it, a, b = case.architecture, case.rows, case.columns
    weights, biases = replace(it, w_std=0.8 * it.w_std), replace(it, b_std=1.5 * it.b_std + 0.1)
    every = replace(weights, b_std=biases.b_std, last_layer=1.25 * it.last_layer)
    for more in (every, weights, biases):
        try:
            found = case.block(which, a, b, more)
        except NotCovered:
            continue
        return [Difference(found, case.expected(which, a, b, more), case.unit(which, a, b, more))]
    return []


def psd(case: KernelCase, which: Which, flaw: float) -> tuple[float, float]:
    """−λ_min/λ_max of a Gram matrix with two equal points, so that λ_min = 0; at least 0.

    Noise may move an eigenvalue by its norm (Weyl), which is allowed for. An accuracy may move it by as much
    for each point, since the norm of a matrix of that size may be so large. In the control the smallest
    eigenvalue is moved to −`flaw` λ_max, and past both allowances.
    """
    points = case.rows.copy()
    points[-1] = points[0]
    block, size = case.block(which, points), case.unit(which, points)
    if not np.all(np.isfinite(block.values)):
        return WORST, WORST
    scaled = block.values / size  # its diagonal is one; eigenvalues keep their signs (Sylvester)
    values = np.linalg.eigvalsh((scaled + scaled.T) / 2)
    largest_one = max(float(values[-1]), np.finfo(float).tiny)
    noise = allowed_deviations(block) * float(np.linalg.norm(block.error / size)) / largest_one
    below = -float(values[0]) / largest_one
    excused = case.accuracy * len(points) / largest_one

    def error(beyond: float) -> float:
        return 0.0 if beyond <= excused else min(beyond, WORST)

    return error(max(below - noise, 0.0)), error(max(below, 0.0) + noise + excused + flaw)


def noise(case: KernelCase, which: Which, flaw: float) -> tuple[float, float]:
    """The largest error that the subject's stated noise would excuse, and that error plus `LOOSE`.

    It grows with the standard errors, and as replicates become few.
    """
    excused = 0.0
    for x1, x2 in ((case.rows, None), (case.rows, case.columns)):
        block = case.block(which, x1, x2)
        excused = max(
            excused, allowed_deviations(block) * float((block.error / case.unit(which, x1, x2)).max())
        )
    return min(excused, WORST), min(excused, WORST) + LOOSE


def compared(
    check: Callable[[KernelCase, Which], list[Difference]], flaw: float | None = None
) -> KernelCheck:
    """A check that gives the largest error of `check`'s differences, and that with a flaw.

    `flaw` replaces the size of the flaw, if given.
    """

    def both(case: KernelCase, which: Which, common: float) -> tuple[float, float]:
        differences = check(case, which)
        return (
            largest(differences, accuracy=case.accuracy),
            largest(differences, flaw or common, case.accuracy),
        )

    return both


CHECKS: dict[str, KernelCheck] = {
    "error": compared(values),
    "diagonal-error": compared(diagonal),
    "near-duplicate-error": compared(near_duplicates),
    "collinear-error": compared(collinear),
    "noise": noise,
    "asymmetry": compared(symmetry),
    "negative-eigenvalue": psd,
    "block-error": compared(blocks),
    "permutation-error": compared(permutation),
    "rotation-error": compared(rotation),
    "homogeneity-error": compared(homogeneity),
    "zero-error": compared(zero),
    "tiny-error": compared(tiny),
    "huge-error": compared(huge),
    "huge-diagonal-error": compared(huge_diagonal),
    "float32-error": compared(float32, HALF),
    "repeat-error": compared(repeats),
}


def _pairs(
    case: KernelCase,
    which: Which,
    sizes: tuple[float, ...],
    partner: Callable[[Points, Points, float], Points],
) -> Difference:
    """Compare only pairs in which a point of B was made the partner of a point of A."""
    a, b = case.rows, case.columns.copy()
    noise = _random(case).standard_normal(b.shape)
    for number in range(len(b)):
        b[number] = partner(a[number % len(a)], noise[number], sizes[number % len(sizes)])
    mask = np.zeros((len(a), len(b)), dtype=bool)
    mask[np.arange(len(b)) % len(a), np.arange(len(b))] = True
    return case.versus_reference(which, a, b, mask)


def _off_diagonal(points: Points) -> Bool[np.ndarray, "points points"]:
    return ~np.eye(len(points), dtype=bool)


def _random(case: KernelCase) -> np.random.Generator:
    """A generator of the same numbers for both kernels, so that one answer of the subject serves both."""
    return np.random.default_rng([case.seed, 0x4348])


def measured(checks: Mapping[str, KernelCheck], case: KernelCase, flaw: float) -> dict[str, float]:
    """Both errors of every check of both kernels, each in a stage of its own."""
    errors: dict[str, float] = {}
    for which in get_args(Which):
        for name, check in checks.items():
            with stage(f"{which} {name}"):
                errors[f"{which}.{name}"], errors[f"{which}-flawed.{name}"] = check(case, which, flaw)
    return errors
