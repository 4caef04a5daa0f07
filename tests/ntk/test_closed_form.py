"""Our closed form against neural-tangents, known values, quadrature and sampling, and near duplicates."""

import itertools
import subprocess
import sys

import numpy as np
import pytest
from scipy import special

from harness.ntk import closed_form, stax_kernels
from harness.ntk.architecture import Architecture
from harness.ntk.duals import dual
from harness.ntk.half_angles import coincident, of_radians
from harness.ntk.monte_carlo import monte_carlo

POINTS = np.random.default_rng([0, 200]).standard_normal((7, 5))
OTHERS = np.random.default_rng([1, 200]).standard_normal((4, 5))


def relative(found, expected, architecture, x1, x2=None):
    """Differences of both kernels, in units of √(K(x,x) K(x',x'))."""
    sizes = [closed_form.nngp_ntk(architecture, x) for x in (x1, x1 if x2 is None else x2)]
    units = [np.sqrt(np.outer(np.diag(a), np.diag(b))) for a, b in zip(*sizes, strict=True)]
    return [np.abs(f - e) / unit for f, e, unit in zip(found, expected, units, strict=True)]


@pytest.mark.parametrize(
    ("activation", "hidden", "more"),
    [
        *itertools.product(["relu", "erf", "gelu", "identity"], [1, 3], [{}, {"b_std": 0.0}]),
        ("relu", 0, {}),
        *itertools.product(["relu", "erf"], [2], [{"parameterization": "standard"}, {"last_layer": 0.1}]),
        ("relu", 2, {"parameterization": "standard", "initialisation": "uniform", "last_layer": 0.3}),
        ("gelu", 0, {"parameterization": "standard"}),
    ],
)
def test_agrees_with_neural_tangents(activation, hidden, more):
    """To 1e-14 where points differ; on the diagonal of ReLU's NTK theirs is off by 1e-9 to 1.4e-8."""
    architecture = Architecture(hidden, 30, activation, **{"w_std": 1.3, "b_std": 0.4, **more})
    cross = (
        closed_form.nngp_ntk(architecture, POINTS, OTHERS),
        stax_kernels.nngp_ntk(architecture, POINTS, OTHERS),
    )
    assert max(each.max() for each in relative(*cross, architecture, POINTS, OTHERS)) < 1e-14
    gram = closed_form.nngp_ntk(architecture, POINTS), stax_kernels.nngp_ntk(architecture, POINTS)
    nngp, ntk = relative(*gram, architecture, POINTS)
    off = ~np.eye(len(POINTS), dtype=bool)
    assert nngp.max() < 1e-14
    assert ntk[off].max() < 1e-14
    assert np.diag(ntk).max() < (5e-8 if activation == "relu" else 1e-14)


@pytest.mark.parametrize(
    ("angle", "covariance", "slope"),
    [
        (0, 1 / 2, 1 / 2),
        (np.pi / 3, 3**0.5 / (4 * np.pi) + 1 / 6, 1 / 3),
        (np.pi / 2, 1 / (2 * np.pi), 1 / 4),
        (np.pi, 0, 0),
    ],
)
def test_relu_at_known_angles(angle, covariance, slope):
    """(sin θ + (π − θ) cos θ)/2π and (π − θ)/2π at deviations of 2 and 3."""
    found = dual("relu", np.array([[2.0]]), np.array([[3.0]]), of_radians(np.array([[float(angle)]])))
    assert covariance_and_slope(found)[0].item() == pytest.approx(6 * covariance, abs=1e-14)
    assert found.slope.item() == pytest.approx(slope, abs=1e-15)


def test_erf_and_gelu_at_known_values():
    """Variance 1: E erf² = 2/π asin 2/3, E erf'² = 4/π√5; GELU by a sum over a fine grid."""
    one = np.ones((1, 1))
    same = coincident(one)
    found = dual("erf", one, one, same)
    assert found.first.item() ** 2 == pytest.approx(2 / np.pi * np.arcsin(2 / 3), rel=1e-15)
    assert found.slope.item() == pytest.approx(4 / (np.pi * np.sqrt(5)), rel=1e-15)
    h = np.arange(-800, 801) / 64
    by_sum = np.sum((h * special.ndtr(h)) ** 2 * np.exp(-(h**2) / 2)) / 64 / np.sqrt(2 * np.pi)
    assert dual("gelu", one, one, same).first.item() ** 2 == pytest.approx(by_sum, rel=1e-13)


@pytest.mark.parametrize(
    ("activation", "deviation", "tolerance"),
    [
        ("erf", 1.5, 1e-13),
        ("gelu", 2.0, 1e-13),
        ("identity", 4.0, 1e-12),
        ("erf", 2.0, 1e-8),
        ("gelu", 2.5, 1e-8),
    ],
)
def test_quadrature_is_as_good_as_it_says(activation, deviation, tolerance):
    a, b = np.array([[deviation], [0.3]]), np.array([[deviation, 0.7]])
    angle = of_radians(np.array([[0.1, 1], [2, 3]]))
    formula, quadrature = dual(activation, a, b, angle), dual(activation, a, b, angle, "quadrature")
    for found, expected in zip(covariance_and_slope(formula), covariance_and_slope(quadrature), strict=True):
        np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def covariance_and_slope(found):
    return found.first * found.second * found.angle.cosine(), found.slope


@pytest.mark.parametrize("activation", ["erf", "gelu", "identity"])
def test_recursion_by_quadrature(activation):
    architecture = Architecture(2, 30, activation, 0.8, 0.3)
    formula = closed_form.nngp_ntk(architecture, POINTS, OTHERS)
    quadrature = closed_form.nngp_ntk(architecture, POINTS, OTHERS, way="quadrature")
    for found, expected in zip(formula, quadrature, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11)


def test_relu_has_no_quadrature():
    with pytest.raises(ValueError, match="smooth"):
        closed_form.nngp_ntk(Architecture(1, 30), POINTS, way="quadrature")


@pytest.mark.parametrize("activation", ["relu", "erf", "gelu", "identity"])
@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
def test_sampling_agrees(activation, parameterization):
    """8.3 standard errors of 32 replicates, which are below 2% of the kernel, so that this can fail."""
    architecture = Architecture(2, 30, activation, 1.3, 0.4, parameterization)
    exact = closed_form.nngp_ntk(architecture, POINTS, OTHERS)
    sampled = monte_carlo(POINTS, OTHERS, architecture)
    for value, mean, error in zip(
        exact, (sampled.nngp, sampled.ntk), (sampled.nngp_error, sampled.ntk_error), strict=True
    ):
        assert error.max() < 0.02 * np.abs(value).max()
        assert np.all(np.abs(mean - value) < 8.3 * error + 1e-12)


def test_sampling_converges_at_the_root_of_samples():
    few, many = (
        monte_carlo(POINTS, None, Architecture(1, 30), samples=samples, replicates=64).ntk_error.mean()
        for samples in (500, 8000)
    )
    assert 3 < few / many < 5.3


@pytest.mark.parametrize(("activation", "b_std"), [("relu", 0.0), ("relu", 0.4), ("erf", 0.4), ("gelu", 0.4)])
def test_near_duplicates_keep_their_digits(activation, b_std):
    """Θ(x, x) − Θ(x, x + δv) falls in proportion to δ (ReLU, whose slope is linear in the angle) or δ².

    From a cosine, an angle of 1e-7 would be known to 10%.
    """
    architecture = Architecture(3, 30, activation, 1.3, b_std)
    x, direction = POINTS[:1], np.array([[0.3, -0.2, 0.1, 0.4, -0.5]])
    (exact,) = np.diag(closed_form.nngp_ntk(architecture, x)[1])
    across = direction - (direction @ x.T) / (x @ x.T) * x
    at = closed_form.nngp_ntk(architecture, x, x + np.array([[1e-5], [1e-7]]) * across)[1]
    if activation != "relu":
        assert np.all(np.abs(at - exact) < 1e-9 * exact)
        return
    falls = (exact - at[0]) / np.array([1e-5, 1e-7])
    assert falls[0] > 0.01 * exact
    assert falls[1] == pytest.approx(falls[0], rel=1e-3)


def test_near_duplicates_far_below_the_bias_keep_their_digits():
    """Step's angles are roots of those before: K(x, x) − K(x, x') is θ^(1/4) after three layers. Points of
    size 1e-3, apart by 1e-10 of it, are at an angle of 1e-12 beside a bias of 0.1. Their difference keeps six
    digits of that, and so θ^(1/4) to 1e-6; an angle that is off by 1e-16 would leave it to 1e-4."""
    architecture = Architecture(3, 30, "step", 1.3, 0.1)
    x, direction = 1e-3 * POINTS[:1], np.array([[0.3, -0.2, 0.1, 0.4, -0.5]])
    (exact,) = np.diag(closed_form.nngp_ntk(architecture, x)[0])
    at = closed_form.nngp_ntk(architecture, x, x + 1e-3 * np.array([[1e-8], [1e-10]]) * direction)[0]
    falls = exact - at[0]
    assert falls[1] / falls[0] == pytest.approx(0.01**0.25, rel=1e-5)


@pytest.mark.parametrize("hidden", [1, 2, 4])
def test_relu_diagonal_is_exact(hidden):
    """E φ(u)² = q/2 and E φ'(u)² = 1/2, in a Gram matrix and as a block between equal points."""
    architecture = Architecture(hidden, 30, "relu", 1.3, 0.4)
    q, t = np.sum(POINTS**2, axis=1) / POINTS.shape[1], np.zeros(len(POINTS))
    for layer in range(hidden + 1):
        t, q = 1.3**2 * t + 1.3**2 * q + 0.16, 1.3**2 * q + 0.16
        if layer < hidden:
            t, q = t / 2, q / 2
    for x2 in (None, POINTS.copy()):
        nngp, ntk = closed_form.nngp_ntk(architecture, POINTS, x2)
        np.testing.assert_allclose(np.diag(nngp), q, rtol=2e-15)
        np.testing.assert_allclose(np.diag(ntk), t, rtol=2e-15)


def test_opposite_points():
    """At θ = π, without biases, ReLU's kernels of one layer are 0, where a cosine would give 1e-8."""
    nngp, ntk = closed_form.nngp_ntk(Architecture(1, 30, "relu", 1.3, 0.0), POINTS, -3 * POINTS)
    assert np.all(np.abs(np.diag(nngp)) < 1e-14)
    assert np.all(np.abs(np.diag(ntk)) < 1e-14)


@pytest.mark.parametrize("activation", ["relu", "erf", "gelu", "identity"])
@pytest.mark.parametrize("b_std", [0.0, 0.4])
def test_zero_inputs(activation, b_std):
    """A point at the origin: without biases both kernels are 0; with one hidden layer and biases, by hand."""
    architecture = Architecture(1, 30, activation, 1.3, b_std)
    x = np.concatenate([np.zeros((2, 5)), POINTS[:1]])
    nngp, ntk = closed_form.nngp_ntk(architecture, x)
    if b_std == 0:
        assert not nngp[:2].any()
        assert not ntk[:2].any()
    deviation = np.full((1, 1), b_std)
    after = dual(activation, deviation, deviation, coincident(deviation))
    variance = 1.3**2 * after.first.item() ** 2 + b_std**2
    assert nngp[0, 1] == pytest.approx(variance, rel=1e-14, abs=1e-300)
    expected = 1.3**2 * b_std**2 * after.slope.item() + variance
    assert ntk[0, 0] == pytest.approx(expected, rel=1e-14, abs=1e-300)
    assert np.all(np.isfinite(ntk))


def test_the_derivative_of_relu_at_0_counts_as_one_half_in_every_layer():
    """Without biases a point at the origin has no activations. Of its gradients those of the biases are left,
    which `standard` trains: 1 for the last layer, and w²/4 times as much for each layer below."""
    x = np.concatenate([np.zeros((1, 5)), POINTS[:2]])
    expected = sum((1.3**2 / 4) ** number for number in range(4))
    architecture = Architecture(3, 30, "relu", 1.3, 0.0, "standard")
    for ntk in (closed_form.nngp_ntk(architecture, x)[1], closed_form.nngp_ntk(architecture, x[1:], x)[1].T):
        np.testing.assert_allclose(ntk[0], expected, rtol=1e-14)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_lengths_at_the_ends_of_the_range(scale):
    architecture = Architecture(3, 30, "relu", 1.3, 0.0)
    for plain, scaled in zip(
        closed_form.nngp_ntk(architecture, POINTS, OTHERS),
        closed_form.nngp_ntk(architecture, scale * POINTS, OTHERS),
        strict=True,
    ):
        np.testing.assert_allclose(scaled, scale * plain, rtol=1e-13)


TILED = np.random.default_rng([2, 200]).standard_normal((23, 5))


@pytest.fixture
def small_tiles(monkeypatch):
    """Tiles of up to 25 entries: five along a side of 23, the last ones of 4."""
    monkeypatch.setattr(closed_form, "SIDE", 5)


@pytest.mark.parametrize(
    "activation", ["relu", "leaky-relu", "erf", "gelu", "sin", "cos", "squared-relu", "tanh"]
)
def test_tiles_are_the_whole(activation, monkeypatch):
    """Also of one column and of one row, and of no point. To 4e-15 of √(K(x,x) K(x',x')): scalar products of
    other shapes are added up in another order, and the ends of arrays have other instructions."""
    architecture = Architecture(2, 30, activation, 1.3, 0.4)
    pairs = [(TILED, None), (TILED, OTHERS), (OTHERS, TILED), (TILED, OTHERS[:1]), (OTHERS[:1], TILED)]
    whole = [closed_form.nngp_ntk(architecture, *pair) for pair in pairs]
    monkeypatch.setattr(closed_form, "SIDE", 5)
    for pair, expected in zip(pairs, whole, strict=True):
        found = closed_form.nngp_ntk(architecture, *pair)
        assert max(each.max() for each in relative(found, expected, architecture, *pair)) < 4e-15
    assert closed_form.nngp_ntk(architecture, TILED[:0], OTHERS)[1].shape == (0, 4)


@pytest.mark.usefixtures("small_tiles")
@pytest.mark.parametrize(
    "activation", ["relu", "leaky-relu", "erf", "gelu", "sin", "cos", "squared-relu", "step"]
)
def test_gram_matrices_are_symmetric(activation):
    """To the bit, within a tile and across the diagonal. (Not tanh's: it is a sum over pairs of scales.)"""
    for parameterization in ("ntk", "standard"):
        for found in closed_form.nngp_ntk(Architecture(3, 30, activation, 1.3, 0.4, parameterization), TILED):
            np.testing.assert_array_equal(found, found.T)


@pytest.mark.parametrize("activation", ["relu", "erf", "gelu", "identity"])
@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
def test_deepen(activation, parameterization):
    one, two = (Architecture(hidden, 30, activation, 1.3, 0.4, parameterization) for hidden in (1, 2))
    stepped = closed_form.deepen(one, *closed_form.nngp_ntk(one, POINTS))
    for found, expected in zip(stepped, closed_form.nngp_ntk(two, POINTS), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    with pytest.raises(ValueError, match="one scale"):
        closed_form.deepen(Architecture(1, 30, last_layer=0.5), *stepped)


def test_imports_no_jax():
    code = "import sys; from harness.ntk import conformance, monte_carlo; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
