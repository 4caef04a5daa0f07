"""The experiment `ntk.spectrum`: eigenvalues of kernels on the sphere, and kernels of very deep networks.

Importing this module imports no library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, StageError, experiment, stage

_EIGEN = "eigenvalues"
_REFERENCE = "eigenvalues of the reference"
_SHARES = "shares"
_PAIR = "pair"
_RATES = "rates"
_POLYGON = "polygon"


def _log(about: str, stage: str) -> Quantity:
    return Quantity(about, stage=stage, deterministic=True)


def _linear(about: str, stage: str) -> Quantity:
    return Quantity(about, scale="linear", stage=stage, deterministic=True)


QUANTITIES = {
    "eigenvalue": _log("λ of the kernel's harmonics of this degree, K(x,x) being 1", _EIGEN),
    "reference.eigenvalue": _log("that of the reference kernel", _REFERENCE),
    "ratio": _log("λ of the kernel / λ of the reference", _REFERENCE),
    "share": _linear("the share of K(x,x) that harmonics of this degree have: multiplicity · λ", _SHARES),
    "reference.share": _linear("that of the reference kernel", _SHARES),
    "ntk.ratio": _linear("Θ(x,x') / Θ(x,x)", _PAIR),
    "ntk.over-quarter": _linear("Θ(x,x') / Θ(x,x) − 1/4", _PAIR),
    "ntk.over-third": _linear("Θ(x,x') / Θ(x,x) − 1/3", _PAIR),
    "ntk.over-four-sevenths": _linear("Θ(x,x') / Θ(x,x) − 4/7", _PAIR),
    "ntk.over-half": _linear("Θ(x,x') / Θ(x,x) − 1/2", _PAIR),
    "ntk.off-four-sevenths": _log("the size of that", _PAIR),
    "ntk.off-half": _log("|Θ(x,x') / Θ(x,x) − 1/2|", _PAIR),
    "ntk.gap": _log("1 − Θ(x,x') / Θ(x,x)", _PAIR),
    "nngp.gap": _log("1 − K(x,x') / K(x,x)", _PAIR),
    "nngp.angle": _log("arccos of K(x,x') / K(x,x)", _PAIR),
    "ntk.sharpness": _log("(1 − Θ(x,x') / Θ(x,x)) / √(1 − x·x'), x and x' of length 1", _PAIR),
    "nngp.sharpness": _log("the same of the NNGP", _PAIR),
    "predicted.sharpness": _log("hidden / √2π: what ReLU's NTK tends to as x' → x, without biases", _PAIR),
    "predicted.sharpness-next": _log("(hidden + 1) / √2π: a layer more", _PAIR),
    "condition-number": _log("κ of Θ among equicorrelated points", _PAIR),
    "nngp.condition-number": _log("κ of K among equicorrelated points", _PAIR),
    "condition.over-three": _linear("κ of Θ − (points + 3)/3, its limit where Θ(x,x')/Θ(x,x) → 1/4", _PAIR),
    "condition.over-two": _linear("κ of Θ − (points + 2)/2, its limit where Θ(x,x')/Θ(x,x) → 1/3", _PAIR),
    "condition.over-one": _log("κ of Θ − 1", _PAIR),
    "ntk.log-slope": _linear(
        "the slope of L (Θ(x,x')/Θ(x,x) − limit) on ln L between hidden/2 and hidden layers", _RATES
    ),
    "diagonal.log-slope": _linear("the slope of L (Θ(x,x) / (L K(x,x)) − 1) on ln L", _RATES),
    "predicted.log-slope": _linear("the first as theory has it: 3/8 with a kink, else from the map", _RATES),
    "control.log-slope": _linear("the same with the limit of the other class of activations", _RATES),
    "condition.log-rate": _linear("the slope of ln(κ L) on L, κ of equicorrelated points", _RATES),
    "condition.log-rate-without": _linear("the slope of ln κ on L", _RATES),
    "departure.log-rate": _linear("the slope of −ln(κ − 1) on L", _RATES),
    "nngp.condition.log-rate": _linear("the slope of ln κ on L, κ that of K", _RATES),
    "nngp.condition.log-rate-with": _linear("the slope of ln(κ L) on L, κ that of K", _RATES),
    "slope.log": _linear("|ln χ₁|, χ₁ = w_std² E φ'(u)² at the fixed point", _RATES),
    "slope-apart.log": _linear("|ln χ_c|, w_std² E φ'(u)φ'(v) at the fixed point of correlations", _RATES),
    "predictor.norm": _log("the norm of the mean predictor at a test point, of labels of mean 0", _POLYGON),
    "predictor.change": _log("the norm of its change from hidden to 2 hidden layers", _POLYGON),
    "predictor.constant": _log("what labels that are all 1 predict there", _POLYGON),
    "predictor.over-limit": _linear("that − points/(points + 3), its limit where the ratio is 1/4", _POLYGON),
    "predictor.over-other": _linear("that − points/(points + 2), its limit where it is 1/3", _POLYGON),
    "predictor.over-one": _linear("that − 1, its limit where the ratio is 1", _POLYGON),
    "polygon.condition-number": _log("κ of Θ among the points of the polygon", _POLYGON),
}
KernelName = Literal["ntk", "nngp", "laplace", "gamma-exponential", "matern", "gaussian"]
_CLOSED_FORM = ("gelu", "tanh", "step", "squared-relu")
"""Activations whose kernels are known as values, not as gaps. They are good for eigenvalues, and not for
thousands of layers."""
_AboveZero = Annotated[float, Meta(gt=0)]


@experiment(
    "ntk.spectrum",
    version=1,
    quantities=QUANTITIES,
    about={
        "kernel": "whose eigenvalues: of a network (ntk, nngp), or a function of the distance of two points",
        "reference": "the kernel that it is held against",
        "dimension": "d of the sphere S^(d−1) in R^d",
        "degree": "k of the harmonics",
        "length": "ℓ of kernels of the distance",
        "gamma": "γ of exp(−(r/ℓ)^γ)",
        "smoothness": "ν of Matérn's",
        "hidden": "hidden layers of the network",
        "activation": "max(x, 0), max(x, αx), erf(x) or sin(x); of eigenvalues and shares alone also x Φ(x), "
        "tanh(x), x > 0 and max(x, 0)²",
        "negative_slope": "α of leaky-relu; −1 makes it |x|",
        "w_std": "deviation of weights; √2 is ReLU's criticality",
        "b_std": "deviation of biases, in every layer",
        "gap": "1 − x·x' of the pair of inputs, of length 1",
        "points": "of the equicorrelated points, and of the polygon on a great circle",
        "offset": "where the test point lies beyond the first of the polygon, in sides",
    },
    precision="float64",
)
def spectrum(
    *,
    seed: int,
    stages: frozenset[str],
    kernel: KernelName = "ntk",
    reference: KernelName = "laplace",
    dimension: Annotated[int, Meta(ge=2, le=64)] = 3,
    degree: Annotated[int, Meta(ge=0, le=1024)] = 1,
    length: _AboveZero = 1.0,
    gamma: Annotated[float, Meta(gt=0, le=2)] = 1.0,
    smoothness: _AboveZero = 1.5,
    hidden: Annotated[int, Meta(ge=0, le=65_536)] = 1,
    activation: Literal["relu", "leaky-relu", "erf", "sin", "gelu", "tanh", "step", "squared-relu"] = "relu",
    negative_slope: Annotated[float, Meta(ge=-1, le=1)] = 0.01,
    w_std: _AboveZero = 1.4142135623730951,
    b_std: Annotated[float, Meta(ge=0)] = 0.0,
    gap: Annotated[float, Meta(gt=0, le=2)] = 1.0,
    points: Annotated[int, Meta(ge=3, le=1024)] = 8,
    offset: Annotated[float, Meta(gt=0, lt=1)] = 0.3,
) -> dict[str, float]:
    """Compute eigenvalues of a dot-product kernel on the sphere, and kernels of very deep networks.

    Eigenvalues are those of the integral operator under the uniform distribution. They are computed by
    quadrature and good to 5e-16 of K(x,x) (`harness.ntk.gegenbauer`). Kernels of thousands of layers are good
    to 1e-12, even if they are 1e-100 from their limit (`harness.ntk.sphere`). Rates compare `hidden` layers
    with half as many. No number depends on the seed. `w_std` and `b_std` decide whether a network is in the
    ordered or in the chaotic phase.
    """
    from harness.ntk import spectra
    from harness.ntk.sphere import SphereNetwork
    from harness.ntk.sphere_kernels import Stationary, closed_form_kernel, sphere_kernel

    shape = Stationary(length, gamma, smoothness)

    def network() -> SphereNetwork:
        return SphereNetwork(activation, w_std, b_std, negative_slope)  # type: ignore[arg-type]  # it checks

    def found(name: KernelName) -> float:
        if name in ("ntk", "nngp") and activation in _CLOSED_FORM:
            profile = closed_form_kernel(name, activation, hidden, w_std, b_std, dimension)
        else:
            shown = SphereNetwork() if activation in _CLOSED_FORM else network()  # not a network's kernel
            profile = sphere_kernel(name, shown, hidden, shape)
        return spectra.eigenvalue_of(profile, dimension, degree)

    compute = {
        _EIGEN: lambda: spectra.eigenvalue(found(kernel)),
        _REFERENCE: lambda: spectra.beside_reference(found(kernel), found(reference)),
        _SHARES: lambda: spectra.shares(found(kernel), found(reference), dimension, degree),
        _PAIR: lambda: spectra.pair_of(network(), hidden, gap, points),
        _RATES: lambda: spectra.rates(network(), hidden, gap, points),
        _POLYGON: lambda: spectra.polygon(network(), hidden, points, offset),
    }
    measured: dict[str, float] = {}
    for name in stages & compute.keys():
        with stage(name):
            try:
                measured |= compute[name]()
            except (FloatingPointError, ValueError) as error:
                raise StageError(str(error)) from error
    return measured
