"""Closed-form kernels against formulas written here a second time, and against networks."""

import itertools

import jax
import numpy as np
import pytest

from harness.ntk import kernels, network
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import empirical_ntk

POINTS = np.random.default_rng([0, 100]).standard_normal((7, 5))
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


def identity_dual(q11, q22, q12):
    return q12, np.ones_like(q12)


DUALS = {"relu": relu_dual, "erf": erf_dual, "identity": identity_dual}


def by_recursion(architecture, x1, x2):
    """NNGP and NTK by the recursion over layers, for either parameterization."""
    dual = DUALS[architecture.activation]
    w2, b2 = architecture.w_std**2, architecture.b_std**2
    d = x1.shape[1]
    cross = x1 @ x2.T / d
    first, second = np.sum(x1**2, 1)[:, None] / d, np.sum(x2**2, 1)[None, :] / d
    tangent = np.zeros_like(cross)
    for layer in range(architecture.hidden + 1):
        fan_in = d if layer == 0 else architecture.width
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


@pytest.mark.parametrize("activation", ["relu", "erf"])
@pytest.mark.parametrize("hidden", [1, 2, 3, 4])
def test_diagonal(activation, hidden):
    """A Gram matrix's diagonal. The NNGP of ReLU is exact to rounding: E φ(u)² = q/2.

    The NTK needs the angle between a point and itself: √(q11 q22 − q12²) turns a rounding of eps into an
    angle of √(2 eps) = 2e-8, hence into a relative error of 2e-8/π per layer in E φ'φ' = 1/2. The bound
    is that, added up over layers. (erf's denominator 1 + 4q does not cancel.)
    """
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
    rtol = hidden * np.sqrt(2 * np.finfo(float).eps) / np.pi if activation == "relu" else 1e-10
    np.testing.assert_allclose(np.diag(ntk), np.diag(expected_ntk), rtol=rtol)
    # E φ(u)² itself: an angle error θ enters J₁ at third order only.
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


@pytest.mark.parametrize("parameterization", ["ntk", "standard"])
@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_wide_networks_have_this_ntk(activation, parameterization):
    """The mean of N networks' empirical NTKs against the analytic kernel, both parameterizations.

    Entries scatter between networks by s ~ width^(-1/2), measured here from the networks themselves; their
    mean is biased by O(1/width), one such term a layer. So: 5 standard errors and 3 layers/width.
    """
    width, count = 1024, 24
    architecture = Architecture(2, width, activation, 1.5, 0.3, parameterization)
    empirical = jax.jit(
        lambda key: empirical_ntk(network.init(key, architecture, 5), architecture, POINTS.astype(np.float32))
    )
    samples = np.stack([np.asarray(empirical(jax.random.key(i)), dtype=np.float64) for i in range(count)])
    _, ntk = kernels.nngp_ntk(architecture, POINTS)
    error = samples.std(axis=0, ddof=1) / np.sqrt(count)
    assert np.max(error) < 0.03 * np.max(ntk)  # the check can tell: a factor of w_std² is far outside
    assert np.all(np.abs(samples.mean(axis=0) - ntk) < 5 * error + 3 / width * np.max(ntk))


def test_networks_start_with_the_nngp_covariance():
    """f₀ at two points over N networks: covariance K, with a standard error below K_max·√(2/N) an entry."""
    count = 4000
    for parameterization in ("ntk", "standard"):
        architecture = Architecture(1, 64, "relu", 1.5, 0.3, parameterization)

        def outputs(key, architecture=architecture):
            return network.apply(network.init(key, architecture, 5), architecture, POINTS[:3])

        keys = jax.random.split(jax.random.key(0), count)
        f0 = np.asarray(jax.jit(jax.vmap(outputs))(keys), dtype=np.float64)
        nngp, _ = kernels.nngp_ntk(architecture, POINTS[:3])
        assert np.all(np.abs(f0.T @ f0 / count - nngp) < 5 * nngp.max() * np.sqrt(2 / count))


def test_rbf_and_laplace():
    length = kernels.median_distance(POINTS)
    distances = np.array([[np.linalg.norm(a - b) for b in OTHERS] for a in POINTS])
    np.testing.assert_allclose(kernels.rbf(POINTS, OTHERS, length), np.exp(-(distances**2) / (2 * length**2)))
    np.testing.assert_allclose(kernels.laplace(POINTS, OTHERS, length), np.exp(-distances / length))
    pairs = [np.linalg.norm(POINTS[i] - POINTS[j]) for i in range(7) for j in range(i)]
    assert length == pytest.approx(np.median(pairs), rel=1e-12)
    with pytest.raises(ValueError, match="two different points"):
        kernels.median_distance(np.ones((3, 2)))
