"""Our closed form against 60 digits at every scale, and the tolerances that follow from conditions."""

from pathlib import Path

import numpy as np
import precise_kernels
import pytest
import wrong_kernels
from mpmath import mp, mpf

import harness
from harness.declare import NotCovered
from harness.ntk import closed_form
from harness.ntk.architecture import Architecture
from harness.ntk.conformance import KernelCase, case_of
from harness.ntk.rounding import FLOAT32, FLOAT64, tolerances
from harness.ntk.scale_checks import AtScale

SUITE = Path(__file__).parents[2] / "suites" / "kernels.toml"
SWEEP = harness.load(SUITE).experiments["scales"].axes
SCALES = [float(each.value) for each in SWEEP["scale"].by_label.values()]
NETWORKS = {label: each.sets for label, each in SWEEP["network"].by_label.items()}


def architecture(network):
    given = {"activation": "relu", **network}
    return Architecture(given["hidden"], 1024, given["activation"], 1.5, given["b-std"])


def case(subject, network, seed=0, sizes=(4, 5, 4)):
    return case_of(f"wrong_kernels:{subject}", "closed-form", architecture(network), sizes, "gaussian", seed)


@pytest.mark.parametrize("name", sorted(NETWORKS))
@pytest.mark.parametrize("scale", SCALES)
def test_the_closed_form_is_a_reference(name, scale):
    """Its error is below a fifth of every entry's tolerance, of which it is a part. (Measured: a tenth.)"""
    it = case("adapter", NETWORKS[name])
    a, b = AtScale(scale).points(it)
    for x2 in (None, b):
        exact = precise_kernels.kernel(a, x2, it.architecture)
        found = closed_form.nngp_ntk(it.architecture, a, x2)
        for k, e, tolerance in zip(found, exact, tolerances(it.architecture, a, x2, FLOAT64), strict=True):
            assert np.all(np.abs(k - e) <= tolerance / 5)


@pytest.mark.parametrize("activation", ["erf", "gelu"])
@pytest.mark.parametrize(
    ("a", "b", "cosine"), [(0.01, 0.02, 0.3), (1, 2, -0.9), (1, 1, 0.99), (30, 1, 0.5), (1000, 800, 0.2)]
)
def test_the_60_digits_are_those_of_the_expectations(activation, a, b, cosine):
    """To 1e-12 of √(E φ(u)² E φ(v)²), of which a quadrature at 20 digits has 15."""
    with mp.workdps(20):
        p, q, r = mpf(a) ** 2, mpf(a) * b * mpf(cosine), mpf(b) ** 2
        found = precise_kernels.dual(activation, p, q, r)
        expected = precise_kernels.by_integration(activation, p, q, r)
        sizes = [precise_kernels.dual(activation, x, x, x) for x in (p, r)]
        for index in (0, 1):
            size = mp.sqrt(sizes[0][index] * sizes[1][index])
            assert abs(found[index] - expected[index]) < 1e-12 * size


@pytest.mark.parametrize("name", sorted(NETWORKS))
@pytest.mark.parametrize("subject", ["textbook", "own_precision"])
def test_what_papers_write_is_within_tolerance(subject, name):
    """Of float32 where inputs are: but for what the suite leaves open."""
    for scale in SCALES:
        for check, measure in AtScale(scale).checks.items():
            for which in ("nngp", "ntk"):
                error, flawed = measure(case(subject, NETWORKS[name]), which, 6e-8)
                smooth = architecture(NETWORKS[name]).activation in ("erf", "gelu")
                if check == "error" or not (smooth and scale > 10):
                    assert error <= 1 < flawed


@pytest.mark.parametrize("name", sorted(wrong_kernels.WRONG_AT_SCALE))
def test_wrong_at_some_scale(name):
    claim, _, point = wrong_kernels.WRONG_AT_SCALE[name].rstrip("]").partition("[")
    at = dict(pair.split("=") for pair in point.split(","))
    which = claim.partition("-")[0]
    checks = AtScale(float(at["scale"])).checks
    errors = [checks["error"](case(name, NETWORKS[at["network"]], seed), which, 6e-8)[0] for seed in range(6)]
    assert max(errors) > 1


def test_conditions_that_are_known():
    """On erf's diagonal (1 + 2a²)² − 4a⁴ = 1 + 4a² loses log₁₀ a² digits; ReLU's angle is √(2 size) there."""
    x = np.array([[3e3, 0, 0, 0]])
    erf = Architecture(1, 64, "erf", 1.0, 0.0)
    _, ntk = tolerances(erf, x, None, FLOAT64)
    (size,) = closed_form.nngp_ntk(erf, x)[1].ravel()
    lost = 1500.0**2
    assert 0.3 < ntk.item() / (size * lost * FLOAT64) < 2
    relu = Architecture(1, 64, "relu", np.sqrt(2), 0.0)
    _, ntk = tolerances(relu, x, None, FLOAT64)
    (size,) = closed_form.nngp_ntk(relu, x)[1].ravel()  # half of it is Θ¹ times the slope, 1/2 − θ/2π
    assert ntk.item() / size == pytest.approx(np.sqrt(2 * FLOAT64) / np.pi / 2, rel=1e-3)


def test_tolerances_grow_with_the_rounding():
    """In proportion where the condition is finite. In float64 each of some ten moves, of 30 roundings, is
    seen through several more, which are up to a quarter of it."""
    it = case("adapter", NETWORKS["gelu-2-biased"])
    a, b = 2 * it.rows, 3 * it.columns
    fine, coarse = (tolerances(it.architecture, a, b, size) for size in (FLOAT64, FLOAT32))
    for small, large in zip(fine, coarse, strict=True):
        np.testing.assert_allclose(large / small, FLOAT32 / FLOAT64, rtol=0.3)


def test_points_of_a_scale():
    it = case("adapter", NETWORKS["relu-1"])
    a, b = AtScale(100.0).points(it)
    np.testing.assert_array_equal(a, 100 * it.rows)
    np.testing.assert_array_equal(b[:3], [a[0], -a[1], it.columns[2]])
    np.testing.assert_array_equal(b[3:], 100 * it.columns[3:])


def sampling(x1, x2, architecture):
    nngp, ntk = closed_form.nngp_ntk(architecture, x1, x2)
    return wrong_kernels.Kernels(nngp, ntk, 1e-3 * np.abs(nngp), 1e-3 * np.abs(ntk), 32)


@pytest.mark.parametrize(("scale", "covered"), [(10.0, True), (100.0, False)])
def test_estimates_of_rare_events_are_not_covered(scale, covered):
    of_erf = case("adapter", NETWORKS["erf-1"])
    it = KernelCase(sampling, of_erf.reference, of_erf.architecture, of_erf.rows, of_erf.columns, 0)
    checks = AtScale(scale).checks
    assert checks["error"](it, "nngp", 6e-8)[0] == 0
    if covered:
        assert checks["error"](it, "ntk", 6e-8)[0] == 0
    else:
        with pytest.raises(NotCovered, match="too few of its draws"):
            checks["error"](it, "ntk", 6e-8)
