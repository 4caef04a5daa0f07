"""Checks of kernels at several architectures: how they must change with depth, width and scales.

They need no reference: each relation is exact, and holds between answers of the subject itself. They raise
`NotCovered` and `StageError` as `Case.block` does, and `StageError` at architectures to which a relation does
not apply.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

import numpy as np

from harness.declare import NotCovered, StageError
from harness.ntk.architecture import HOMOGENEOUS, Architecture
from harness.ntk.closed_form import deepen, layers_scaled_alike
from harness.ntk.conformance import Difference, KernelCase
from harness.ntk.kernel_checks import OWN, KernelCheck, compared
from harness.ntk.shapes import Matrix
from harness.ntk.subjects import KernelBlock, Which

FACTOR = 1.3
"""The factor on scales. None of its powers up to the eighth is near 1, 2 or a power of 2."""

RESCALED = 3.0
"""As `OWN`, if constants are subtracted before an answer is multiplied, or if an answer counts twice. Its
accuracy is then a larger share of what is left. If b_std² is a tenth of the kernel, it is a tenth larger."""


def depth(case: KernelCase, which: Which) -> list[Difference]:
    """The Gram matrix follows from that with one hidden layer less, by one step of the recursion.

    The step is `closed_form.deepen`; its ReLU is that of Cho & Saul 2009, its erf that of Williams 1997. The
    diagonal is left out: the angle's rounding shows there, which is a check of its own. A subject with noise
    is not covered, because the step would distort the noise. The effect of a stated accuracy is found by
    moving the input of the step.
    """
    it = case.architecture
    if it.hidden < 1 or not layers_scaled_alike(it):
        raise StageError("depth: expected hidden layers and the same scales in every layer")
    less = replace(it, hidden=it.hidden - 1)
    before = case.block("nngp", case.rows, architecture=less)
    tangent = before if which == "nngp" else case.block("ntk", case.rows, architecture=less)
    found = case.block(which, case.rows)
    if before.error.any() or tangent.error.any():
        raise NotCovered("the recursion over layers needs kernels without noise")
    with np.errstate(invalid="ignore"):
        stepped = deepen(less, before.values, tangent.values)[which == "ntk"]
    mask = ~np.eye(len(case.rows), dtype=bool)
    answers = 1.0 + _growth(case, less, which, before.values, tangent.values)
    expected = KernelBlock(stepped, np.zeros_like(stepped), 0)
    return [Difference(found, expected, case.unit(which, case.rows), mask, answers=answers)]


def _growth(case: KernelCase, less: Architecture, which: Which, nngp: Matrix, ntk: Matrix) -> Matrix:
    """How much an error of one accuracy in each entry may grow in one step, in units of the kernel's size."""
    if not case.accuracy:
        return np.zeros_like(nngp)
    of_nngp, of_ntk = (
        case.accuracy * case.unit(each, case.rows, architecture=less) for each in get_args(Which)
    )
    diagonal = np.eye(len(nngp), dtype=bool)
    none = np.zeros_like(nngp)
    moves = [(diagonal * of_nngp, none), (~diagonal * of_nngp, none), (none, of_ntk)]

    def step(by_nngp: Matrix, by_ntk: Matrix) -> Matrix:
        with np.errstate(invalid="ignore"):
            return deepen(less, nngp + by_nngp, ntk + by_ntk)[which == "ntk"]

    middle = step(none, none)
    most = [np.maximum(np.abs(step(a, b) - middle), np.abs(step(-a, -b) - middle)) for a, b in moves]
    growth: Matrix = np.sum(most, axis=0) / (case.accuracy * case.unit(which, case.rows))
    return growth


def w_std(case: KernelCase, which: Which) -> list[Difference]:
    """For relu and identity without biases: w_std → c w_std multiplies both by c^(2 (hidden + 1))."""
    it = case.architecture
    if it.activation not in HOMOGENEOUS or it.b_std or not _plain(it):
        raise StageError(
            f"w_std: expected {', '.join(HOMOGENEOUS)}, b_std 0, Gaussian in NTK parameterization"
        )
    return _scaled(case, which, replace(it, w_std=FACTOR * it.w_std), FACTOR ** (2 * (it.hidden + 1)))


def b_std(case: KernelCase, which: Which) -> list[Difference]:
    """For relu and identity: multiplying inputs and b_std by c multiplies both kernels by c²."""
    it = case.architecture
    if it.activation not in HOMOGENEOUS or not it.b_std or not _plain(it):
        raise StageError(
            f"b_std: expected {', '.join(HOMOGENEOUS)}, b_std above 0, Gaussian in NTK parameterization"
        )
    a, b, more = case.rows, case.columns, replace(it, b_std=FACTOR * it.b_std)
    found = case.block(which, FACTOR * a, FACTOR * b, more)
    expected = case.block(which, a, b).times(FACTOR**2)
    return [Difference(found, expected, case.unit(which, a, b, factor=FACTOR**2), answers=OWN)]


def last_layer(case: KernelCase, which: Which) -> list[Difference]:
    """`last_layer` → c `last_layer` multiplies either kernel, minus its last bias's part b_std², by c².

    This holds for any activation. The NNGP has no part of biases that start at 0.
    """
    it = case.architecture
    if not _plain(it):
        raise StageError("last_layer: expected Gaussian initialisation in NTK parameterization")
    more = replace(it, last_layer=FACTOR * it.last_layer)
    return _scaled(case, which, more, FACTOR**2, offset=_of_last_bias(it, which))


def parameterization(case: KernelCase, which: Which) -> list[Difference]:
    """The NNGP is the same under both parameterizations.

    Without hidden layers the NTK under `standard` is inputs/w_std² · (Θ − b_std²) + 1, where Θ is the NTK in
    NTK parameterization (without biases both last terms are 0). With hidden layers there is no such rule.
    """
    it = case.architecture
    if it.initialisation != "gaussian" or (which == "ntk" and it.hidden):
        raise StageError("parameterization: expected Gaussian initialisation; of the NTK, no hidden layers")
    a, b = case.rows, case.columns
    ntk, standard = (replace(it, parameterization=each) for each in ("ntk", "standard"))
    found, plain = case.block(which, a, b, standard), case.block(which, a, b, ntk)
    if which == "ntk":
        factor = a.shape[1] / (it.w_std * it.last_layer) ** 2
        less, more = _of_last_bias(replace(it, parameterization="ntk"), which), _of_last_bias(standard, which)
        plain = plain.plus(-less).times(factor).plus(more)
    return [Difference(found, plain, case.unit(which, a, b, standard), answers=RESCALED)]


def width(case: KernelCase, which: Which) -> list[Difference]:
    """NNGP and NTK in NTK parameterization do not depend on the width.

    Under `standard` the NTK grows linearly with the width: by as much from twice to three times the width as
    from once to twice.
    """
    it, a, b = case.architecture, case.rows, case.columns
    once, twice, thrice = (case.block(which, a, b, replace(it, width=n * it.width)) for n in (1, 2, 3))
    if which == "nngp" or it.parameterization == "ntk":
        unit = case.unit(which, a, b)
        return [Difference(each, once, unit, answers=OWN) for each in (twice, thrice)]
    grown = KernelBlock(
        2 * twice.values - once.values, np.hypot(2 * twice.error, once.error), twice.replicates
    )
    unit = case.unit(which, a, b, replace(it, width=3 * it.width))
    return [Difference(thrice, grown, unit, answers=RESCALED)]


RELATIONS: dict[str, KernelCheck] = {
    "depth-error": compared(depth),
    "w-std-error": compared(w_std),
    "b-std-error": compared(b_std),
    "last-layer-error": compared(last_layer),
    "parameterization-error": compared(parameterization),
    "width-error": compared(width),
}


def _plain(architecture: Architecture) -> bool:
    return architecture.parameterization == "ntk" and architecture.initialisation == "gaussian"


def _scaled(
    case: KernelCase, which: Which, more: Architecture, factor: float, offset: float = 0.0
) -> list[Difference]:
    """The kernel of `more` is `factor` times that of the case, both minus `offset`."""
    a, b = case.rows, case.columns
    found = case.block(which, a, b, more)
    expected = case.block(which, a, b).plus(-offset).times(factor).plus(offset)
    return [Difference(found, expected, case.unit(which, a, b, more), answers=RESCALED)]


def _of_last_bias(architecture: Architecture, which: Which) -> float:
    """The output layer's bias's part of a kernel."""
    if which == "ntk":
        return architecture.bias_slope(architecture.hidden) ** 2
    return architecture.scales(architecture.hidden, architecture.width)[1] ** 2
