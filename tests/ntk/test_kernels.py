"""Closed-form kernels against formulas written here a second time, and against networks."""

import itertools

import jax
import numpy as np
import pytest
from scipy.special import erf

from harness.declare import StageError
from harness.ntk import kernels, network, stax_kernels
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import empirical_ntk

POINTS = np.random.default_rng([0, 100]).standard_normal((7, 5))
MANY_INPUTS = np.random.default_rng([5, 100]).standard_normal((7, 100))
OTHERS = np.random.default_rng([1, 100]).standard_normal((4, 5))


def relu_dual(q11, q22, q12):
    """Cho & Saul 2009, J₁ and J₀: E[φ(u)φ(v)] and E[φ'(u)φ'(v)] for ReLU φ and covariances q."""
    cosine = np.clip(q12 / np.sqrt(q11 * q22), -1, 1)
    angle = np.arccos(cosine)
    j1 = np.sin(angle) + (np.pi - angle) * cosine
    return np.sqrt(q11 * q22) * j1 / (2 * np.pi), (np.pi - angle) / (2 * np.pi)


def erf_dual(q11, q22, q12):
    """Williams 1997, eq. 11, and its derivative by q12: the same two expectations for φ = erf."""
    a = (1 + 2 * q11) * (1 + 2 * q22)
    return 2 / np.pi * np.arcsin(2 * q12 / np.sqrt(a)), 4 / np.pi / np.sqrt(a - 4 * q12**2)


def gelu_dual(q11, q22, q12):
    """Both expectations by 160 × 160 Gauss-Hermite points: of a smooth function, at variances of a few."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(160)
    weights = np.outer(weights, weights) / weights.sum() ** 2
    q11, q22, q12 = (q[..., None, None] for q in np.broadcast_arrays(q11, q22, q12))
    u = np.sqrt(q11) * nodes[:, None]
    v = q12 / np.sqrt(q11) * nodes[:, None] + np.sqrt(np.maximum(q22 - q12**2 / q11, 0)) * nodes[None, :]

    def phi(h):
        return h * normal(h)

    def slope(h):
        return normal(h) + h * np.exp(-(h**2) / 2) / np.sqrt(2 * np.pi)

    return tuple(np.sum(f(u) * f(v) * weights, axis=(-1, -2)) for f in (phi, slope))


def normal(h):
    """Φ, the standard normal distribution function."""
    return (1 + erf(h / np.sqrt(2))) / 2


def identity_dual(q11, q22, q12):
    return q12, np.ones_like(q12)


DUALS = {"relu": relu_dual, "erf": erf_dual, "gelu": gelu_dual, "identity": identity_dual}


def by_recursion(architecture, x1, x2):
    """NNGP and NTK by the recursion over layers, for either parameterization."""
    dual = DUALS[architecture.activation]
    d = x1.shape[1]
    cross = x1 @ x2.T / d
    first, second = np.sum(x1**2, 1)[:, None] / d, np.sum(x2**2, 1)[None, :] / d
    tangent = np.zeros_like(cross)
    for layer in range(architecture.hidden + 1):
        fan_in = d if layer == 0 else architecture.width
        w2, b2 = architecture.w_std**2, architecture.b_std**2
        if architecture.initialisation == "uniform":  # on ±1/√fan_in; the variance of U(−a, a) is a²/3
            w2, b2 = 1 / 3, 1 / (3 * fan_in)
        if layer == architecture.hidden:
            w2 *= architecture.last_layer**2
        # `tangent` so far is that of this layer's inputs; weights and biases of the layer are added.
        own = w2 * cross + b2 if architecture.parameterization == "ntk" else fan_in * cross + 1
        tangent = w2 * tangent + own
        cross, first, second = w2 * cross + b2, w2 * first + b2, w2 * second + b2
        if layer < architecture.hidden:
            cross, slope = dual(first, second, cross)
            first, second = dual(first, first, first)[0], dual(second, second, second)[0]
            tangent = tangent * slope
    return cross, tangent


@pytest.mark.parametrize(
    ("activation", "hidden", "parameterization"),
    [
        *itertools.product(["relu", "erf"], [1, 2, 3, 4], ["ntk"]),
        *itertools.product(["relu", "erf"], [0, 1, 3], ["standard"]),
        *itertools.product(["gelu"], [1, 3], ["ntk"]),
        ("gelu", 2, "standard"),
        ("identity", 2, "ntk"),
        ("relu", 0, "ntk"),
    ],
)
def test_formulas(activation, hidden, parameterization):
    architecture = Architecture(hidden, 30, activation, 1.3, 0.4, parameterization)
    expected = by_recursion(architecture, POINTS, OTHERS)
    for mine, formula in zip(kernels.nngp_ntk(architecture, POINTS, OTHERS), expected, strict=True):
        assert mine.dtype == np.float64
        np.testing.assert_allclose(mine, formula, rtol=1e-10)


@pytest.mark.parametrize(("activation", "hidden"), [("relu", 0), ("relu", 1), ("erf", 2), ("gelu", 2)])
@pytest.mark.parametrize(
    ("parameterization", "initialisation", "last_layer"),
    [("standard", "uniform", 1.0), ("standard", "uniform", 0.1), ("ntk", "gaussian", 0.1)],
)
def test_scales_of_layers(activation, hidden, parameterization, initialisation, last_layer):
    """Layers whose scales differ: by their fan-in, or the last from the others."""
    scales = (1.3, 0.4, parameterization, initialisation, last_layer)
    architecture = Architecture(hidden, 30, activation, *scales)
    expected = by_recursion(architecture, POINTS, OTHERS)
    for mine, formula in zip(kernels.nngp_ntk(architecture, POINTS, OTHERS), expected, strict=True):
        np.testing.assert_allclose(mine, formula, rtol=1e-10)


@pytest.mark.parametrize(
    ("activation", "hidden"),
    [*itertools.product(["relu", "erf"], [1, 2, 3, 4]), *itertools.product(["gelu"], [1, 3])],
)
def test_diagonal(activation, hidden):
    """A Gram matrix's diagonal, where E φ(u)² = q/2 and E φ'(u)² = 1/2 of ReLU."""
    architecture = Architecture(hidden, 30, activation, 1.3, 0.4)
    nngp, ntk = kernels.nngp_ntk(architecture, POINTS)
    expected_nngp, expected_ntk = by_recursion(architecture, POINTS, POINTS)
    if activation == "relu":  # the diagonal of the recursion above has the same flaw: say it exactly
        q, t = np.sum(POINTS**2, 1) / POINTS.shape[1], np.zeros(len(POINTS))
        for layer in range(hidden + 1):
            t, q = 1.3**2 * t + 1.3**2 * q + 0.16, 1.3**2 * q + 0.16
            if layer < hidden:
                t, q = t / 2, q / 2
        expected_nngp, expected_ntk = np.diag(q), np.diag(t)
    rtol = 1e-14 * hidden if activation == "relu" else 1e-10  # some ten roundings a layer; of quadrature
    np.testing.assert_allclose(np.diag(ntk), np.diag(expected_ntk), rtol=rtol)
    np.testing.assert_allclose(np.diag(nngp), np.diag(expected_nngp), rtol=1e-10)
    off = ~np.eye(len(POINTS), dtype=bool)
    again_nngp, again_ntk = by_recursion(architecture, POINTS, POINTS)
    np.testing.assert_allclose(nngp[off], again_nngp[off], rtol=1e-10)
    np.testing.assert_allclose(ntk[off], again_ntk[off], rtol=1e-10)


def test_blocks_agree():
    architecture = Architecture(2, 30, "relu", 1.5, 0.1)
    everything = kernels.nngp_ntk(architecture, np.concatenate([POINTS, OTHERS]))
    for whole, block in zip(everything, kernels.nngp_ntk(architecture, POINTS, OTHERS), strict=True):
        np.testing.assert_allclose(whole[: len(POINTS), len(POINTS) :], block, rtol=1e-12)


@pytest.mark.parametrize(
    ("activation", "parameterization", "more"),
    [
        ("relu", "ntk", {}),
        ("erf", "standard", {}),
        ("gelu", "ntk", {}),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [
                ("erf", "ntk", {}),
                ("relu", "standard", {}),
                ("relu", "ntk", {"last_layer": 0.1}),
                ("relu", "standard", {"initialisation": "uniform"}),
            ]
        ),
        ("erf", "standard", {"initialisation": "uniform", "last_layer": 0.1}),
    ],
)
def test_wide_networks_have_this_ntk(activation, parameterization, more):
    """The mean of N networks' empirical NTKs against the analytic kernel, both parameterizations.

    Entries scatter between networks by s ~ width^(-1/2), measured here from the networks themselves; their
    mean is biased by O(1/width), one such term a layer. So: 5 standard errors and 3 layers/width. Sums of
    uniform weights over few inputs are not normal, whatever the width: with them, 100 inputs (see below).
    """
    width, count = 1024, 24
    architecture = Architecture(2, width, activation, 1.5, 0.3, parameterization, **more)
    points = MANY_INPUTS if more.get("initialisation") == "uniform" else POINTS
    inputs = points.shape[1]
    empirical = jax.jit(
        lambda key: empirical_ntk(network.init(key, architecture, inputs), architecture, points.astype("f4"))
    )
    samples = np.stack([np.asarray(empirical(jax.random.key(i)), dtype=np.float64) for i in range(count)])
    _, ntk = kernels.nngp_ntk(architecture, points)
    error = samples.std(axis=0, ddof=1) / np.sqrt(count)
    assert np.max(error) < 0.03 * np.max(ntk)  # the check can tell: a factor of w_std² is far outside
    assert np.all(np.abs(samples.mean(axis=0) - ntk) < 5 * error + 3 / width * np.max(ntk))


def test_uniform_weights_of_few_inputs_are_not_in_the_limit():
    """The first layer's sums of 5 uniform terms are not normal, and the kernel shows it at any width.

    At a Gaussian start the same test finds nothing: the deviation is of the distribution, not of the width.
    """
    furthest = {}
    for initialisation in ("gaussian", "uniform"):
        architecture = Architecture(1, 4096, "relu", 3**-0.5, 15**-0.5, "standard", initialisation)
        empirical = jax.jit(
            lambda key, architecture=architecture: empirical_ntk(
                network.init(key, architecture, 5), architecture, POINTS.astype("f4")
            )
        )
        samples = np.stack([np.asarray(empirical(jax.random.key(i)), dtype=np.float64) for i in range(48)])
        _, ntk = kernels.nngp_ntk(architecture, POINTS)
        error = samples.std(axis=0, ddof=1) / np.sqrt(48)
        furthest[initialisation] = np.max(np.abs(samples.mean(axis=0) - ntk) / error)
    assert furthest["gaussian"] < 5 < 8 < furthest["uniform"]


@pytest.mark.parametrize(
    ("parameterization", "initialisation", "last_layer"),
    [
        pytest.param("ntk", "gaussian", 1.0, marks=pytest.mark.slow),
        pytest.param("standard", "gaussian", 1.0, marks=pytest.mark.slow),
        ("ntk", "gaussian", 0.1),
        pytest.param("standard", "uniform", 1.0, marks=pytest.mark.slow),
        ("standard", "uniform", 0.1),
    ],
)
def test_networks_start_with_the_nngp_covariance(parameterization, initialisation, last_layer):
    """f₀ at three points over N networks: covariance K, with a standard error below K_max·√(2/N) an entry."""
    count = 4000
    architecture = Architecture(1, 64, "relu", 1.5, 0.3, parameterization, initialisation, last_layer)
    points = MANY_INPUTS[:3] if initialisation == "uniform" else POINTS[:3]

    def outputs(key):
        return network.apply(network.init(key, architecture, points.shape[1]), architecture, points)

    keys = jax.random.split(jax.random.key(0), count)
    f0 = np.asarray(jax.jit(jax.vmap(outputs))(keys), dtype=np.float64)
    nngp, _ = kernels.nngp_ntk(architecture, points)
    assert np.all(np.abs(f0.T @ f0 / count - nngp) < 5 * nngp.max() * np.sqrt(2 / count))


def test_rbf_and_laplace():
    length = kernels.median_distance(POINTS)
    distances = np.array([[np.linalg.norm(a - b) for b in OTHERS] for a in POINTS])
    np.testing.assert_allclose(kernels.rbf(POINTS, OTHERS, length), np.exp(-(distances**2) / (2 * length**2)))
    np.testing.assert_allclose(kernels.laplace(POINTS, OTHERS, length), np.exp(-distances / length))
    pairs = [np.linalg.norm(POINTS[i] - POINTS[j]) for i in range(7) for j in range(i)]
    assert length == pytest.approx(np.median(pairs), rel=1e-12)
    with pytest.raises(StageError, match="two different points"):
        kernels.median_distance(np.ones((3, 2)))


@pytest.mark.parametrize("count", [13, 14, 300])
@pytest.mark.parametrize("grid", [False, True])
def test_the_median_distance_of_many_points_needs_no_list_of_pairs(count, grid, monkeypatch):
    """An odd and an even number of pairs, blocks of five rows; on a grid many distances are equal. Squares
    may be added in another order: a few times eps."""
    points = np.random.default_rng(count).standard_normal((count, 3))
    points = np.rint(points) if grid else points
    at_once = kernels.median_distance(points)
    monkeypatch.setattr(kernels, "PAIRS_HELD", 3)
    monkeypatch.setattr(kernels, "ROWS", 5)
    assert kernels.median_distance(points) == pytest.approx(at_once, rel=1e-14)
    for bad in (np.ones((5, 2)), np.full((5, 2), np.nan)):
        with pytest.raises(StageError, match="two different points"):
            kernels.median_distance(bad)


@pytest.mark.parametrize(
    ("changed", "lacks"),
    [
        ({}, ""),
        ({"activation": "tanh"}, "tanh"),
        ({"activation": "tanh", "hidden": 0}, ""),
        ({"activation": "step"}, "monomials"),
        ({"activation": "squared-relu"}, "monomials"),
        ({"activation": "step", "hidden": 0}, ""),
        ({"bias_init": "zeros"}, "biases that start at 0"),
        ({"bias_init": "zeros", "parameterization": "standard"}, ""),
        ({"bias_init": "zeros", "biases": "none"}, ""),
        ({"bias_init": "zeros", "b_std": 0.0}, ""),
    ],
)
def test_what_neural_tangents_lacks(changed, lacks):
    """One reason each; taken away, nothing is lacking."""
    architecture = Architecture(**{"hidden": 2, "width": 8, "w_std": 1.5, "b_std": 0.1} | changed)
    assert bool(stax_kernels.lacking(architecture)) == bool(lacks)
    assert lacks in stax_kernels.lacking(architecture)
