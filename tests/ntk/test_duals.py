"""The duals of every activation against two quadratures in two dimensions that know no formula."""

import itertools
from typing import get_args

import numpy as np
import pytest
from numpy.polynomial.legendre import leggauss

from harness.ntk import compat, network
from harness.ntk.architecture import Activation
from harness.ntk.duals import KINKED, MIXTURE, dual, evaluate
from harness.ntk.half_angles import of_cosine, of_radians

ACTIVATIONS = get_args(Activation)
SLOPE = 0.2
"""Of leaky ReLU, in these tests: not the default, so that a slope that is not passed on shows."""

# Angles: points in general position, near duplicates, the same, nearly opposite, opposite.
ANGLES = (0.7, 2.1, 1e-3, 0.0, 3.1, np.pi)


def by_polar(activation, a, b, angle):
    """E φ(u)φ(v) and E φ'(u)φ'(v): u = a r cos t, v = b r cos(t − θ), in pieces of t without a kink."""
    kinks = sorted({t % (2 * np.pi) for k in (1, 3) for t in (k * np.pi / 2, k * np.pi / 2 + angle)})
    edges = np.array([*kinks, kinks[0] + 2 * np.pi])
    nodes, weights = leggauss(64)
    t = np.concatenate([(hi + lo) / 2 + (hi - lo) / 2 * nodes for lo, hi in itertools.pairwise(edges)])
    of_t = np.concatenate([(hi - lo) / 2 * weights for lo, hi in itertools.pairwise(edges)]) / (2 * np.pi)
    nodes, weights = leggauss(256)
    r, of_r = 6 * (1 + nodes), 6 * weights  # 0 to 12, beyond which r exp(−r²/2) is below 1e-30
    of_r = of_r * r * np.exp(-(r**2) / 2)
    u, v = a * np.outer(r, np.cos(t)), b * np.outer(r, np.cos(t - angle))
    return means(activation, u, v, of_r, of_t)


def by_trapezoid(activation, a, b, angle):
    """The same for analytic activations: steps of 0.27/a resolve poles of tanh at distance π/2 to 1e-15."""
    x = np.arange(-9, 9, 0.27 / max(a, b, 1.0))
    weights = np.exp(-(x**2) / 2)
    u = a * x[:, None] * np.ones_like(x)
    v = b * (np.cos(angle) * x[:, None] + np.sin(angle) * x)
    return means(activation, u, v, weights / weights.sum(), weights / weights.sum())


def means(activation, u, v, of_rows, of_columns):
    first, second = (evaluate(activation, h, SLOPE) for h in (u, v))
    return [of_rows @ (x * y) @ of_columns for x, y in zip(first, second, strict=True)]


def found(activation, a, b, angle):
    a, b, angle = (np.full((1, 1), float(x)) for x in (a, b, angle))
    it = dual(activation, a, b, of_radians(angle), negative_slope=SLOPE)
    return (it.first * it.second * it.angle.cosine()).item(), it.slope.item(), it


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("angle", ANGLES)
@pytest.mark.parametrize(("a", "b"), [(0.3, 0.5), (1.0, 1.7)])
def test_against_quadrature_in_polar_coordinates(activation, a, b, angle):
    """To 1e-12 of the size: 64 × 256 nodes a piece resolve erf, the steepest of them, to 1e-14."""
    exact = by_polar(activation, a, b, angle)
    covariance, slope, it = found(activation, a, b, angle)
    size = (it.first * it.second).item()
    assert covariance == pytest.approx(exact[0], abs=1e-12 * size)
    assert slope == pytest.approx(exact[1], abs=1e-12)
    assert size == pytest.approx(
        np.sqrt(by_polar(activation, a, a, 0.0)[0] * by_polar(activation, b, b, 0.0)[0]), rel=1e-12
    )


@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - set(KINKED) - {"identity"}))
@pytest.mark.parametrize(("a", "b", "angle"), [(30, 30, 0.01), (30, 2, 2.5), (4, 3, 0.0), (1e-3, 20, 1.0)])
def test_against_the_trapezoidal_rule_far_from_one(activation, a, b, angle):
    """Deviations at which Gauss–Hermite nodes are useless (`duals.NODES`)."""
    exact = by_trapezoid(activation, a, b, angle)
    covariance, slope, it = found(activation, a, b, angle)
    assert covariance == pytest.approx(exact[0], abs=1e-12 * (it.first * it.second).item())
    assert slope == pytest.approx(exact[1], rel=1e-11, abs=1e-12)


def test_the_mixture_of_erfs_is_tanh():
    """To 1e-14, relative, over eleven decades."""
    x = np.logspace(-9, 2, 200)[:, None]
    scale, weight = np.array(MIXTURE).T
    by_mixture = evaluate("erf", x * scale)[0] @ weight
    np.testing.assert_allclose(by_mixture, np.tanh(x.ravel()), rtol=1e-14)
    assert weight.sum() == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("scale", [1e-6, 1e3])
def test_tanh_at_the_ends(scale):
    """tanh is the identity for small deviations and the sign for large: E sign u sign v = 1 − 2θ/π."""
    covariance, _, it = found("tanh", scale, 2 * scale, 1.1)
    correlation = covariance / (it.first * it.second).item()
    assert correlation == pytest.approx(np.cos(1.1) if scale < 1 else 1 - 2 * 1.1 / np.pi, rel=1e-3)
    assert it.first.item() == pytest.approx(min(scale, 1), rel=2e-3)


@pytest.mark.parametrize("activation", ["leaky-relu", "squared-relu"])
def test_angles_near_zero_keep_their_digits(activation):
    """θ' is proportional to θ there: to 1e-12, where a cosine would leave nothing of 1e-9."""
    near, nearer = (found(activation, 1, 1, angle)[2].angle.radians().item() for angle in (1e-6, 1e-9))
    assert nearer == pytest.approx(near / 1e3, rel=1e-5)


def test_step_at_its_ends():
    """cos θ' = 1 − θ/π, and no derivative; a point at the origin gives 0, as φ(0) does."""
    assert found("step", 2, 3, 0.0)[:2] == (pytest.approx(0.5, rel=1e-15), 0)
    assert found("step", 2, 3, np.pi)[0] == pytest.approx(0, abs=1e-15)
    assert found("step", 0, 3, np.pi / 2)[0] == 0


@pytest.mark.parametrize("activation", ["step", "squared-relu", "sin", "cos", "leaky-relu"])
def test_neural_tangents_agrees(activation):
    """A second implementation, for points that are not parallel."""
    compat.load()
    from neural_tangents import stax

    layer = {
        "step": lambda: stax.RectifiedMonomial(0), "squared-relu": lambda: stax.RectifiedMonomial(2),
        "sin": stax.Sin, "cos": stax.Cos, "leaky-relu": lambda: stax.LeakyRelu(SLOPE),
    }[activation]()  # fmt: skip
    random = np.random.default_rng(6)
    x, y = random.standard_normal((3, 4)), random.standard_normal((2, 4))
    exact = stax.serial(stax.Dense(1), layer, stax.Dense(1))[2](x, y, ("nngp", "ntk"))
    a, b = (np.linalg.norm(z, axis=1) / 2 for z in (x, y))
    angle = of_cosine(x @ y.T / 4 / np.outer(a, b))
    it = dual(activation, a[:, None], b[None, :], angle, negative_slope=SLOPE)
    np.testing.assert_allclose(it.first * it.second * it.angle.cosine(), exact.nngp, rtol=1e-12)
    np.testing.assert_allclose(x @ y.T / 4 * it.slope, exact.ntk - exact.nngp, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_networks_have_the_same_activation_and_derivative(activation):
    """`evaluate` here and `network.activate` by automatic differentiation: 1e-13 is rounding."""
    import jax

    h = np.array([-300.0, -2.5, -0.3, 0.2, 1.0, 7.0, 300.0])
    value, slope = jax.vmap(jax.value_and_grad(lambda x: network.activate(activation, x, SLOPE)))(h)
    for got, expected in zip((value, slope), evaluate(activation, h, SLOPE), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-13, atol=1e-15)
