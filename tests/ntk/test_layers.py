"""Kernels of some layers only: terms of the NTK, networks' own, and training those layers alone."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.declare import collect_stages, find
from harness.ntk import closed_form, data, kernels, layers, network, solve, stax_kernels
from harness.ntk.architecture import Architecture
from harness.ntk.dynamics import follow, follow_linearised, recorded_times
from harness.ntk.empirical import empirical_ntk, float64_ntk
from harness.ntk.experiments import dynamics as dynamics_module
from harness.ntk.experiments.layers import QUANTITIES, layers_experiment
from harness.ntk.jacobian import jacobian_ntk
from harness.ntk.train import network_key

SPLIT = data.split("sphere", train=6, test=5, seed=0)
X, Y, X_TEST = SPLIT.x_train, SPLIT.y_train, SPLIT.x_test
STEPS = 12
EVERY = ("all", "first", "hidden", "last")


def drawn(hidden, activation, width=12, **more):
    architecture = Architecture(hidden, width, activation, **more)
    return network.in_float64(network.init(jax.random.key(1), architecture, 10)), architecture


def test_numbers():
    assert [layers.numbers_of(which, 3) for which in EVERY] == [(0, 1, 2, 3), (0,), (0, 1, 2), (3,)]
    assert [layers.numbers_of(which, 1) for which in EVERY] == [(0, 1), (0,), (0,), (1,)]


@pytest.mark.parametrize(
    ("activation", "hidden", "more"),
    [
        ("relu", 3, {}),
        ("erf", 2, {"last_layer": 0.3}),
        ("gelu", 1, {"parameterization": "standard"}),
        ("relu", 2, {"parameterization": "standard", "initialisation": "uniform"}),
        ("identity", 0, {}),
    ],
)
def test_terms_sum_to_the_ntk(activation, hidden, more):
    """Of our own closed form to rounding, and of neural-tangents to the 1e-8 of its ReLU."""
    architecture = Architecture(hidden, 40, activation, **more)
    for x1, x2 in ((X, None), (X_TEST, X)):
        terms = layers.layer_terms(architecture, x1, x2)
        assert terms.shape == (hidden + 1, len(x1), 6)
        nngp, ntk = closed_form.nngp_ntk(architecture, x1, x2)
        np.testing.assert_allclose(terms.sum(axis=0), ntk, rtol=1e-13)
        theirs = stax_kernels.nngp_ntk(architecture, x1, x2)[1]
        np.testing.assert_allclose(terms.sum(axis=0), theirs, rtol=1e-7)
        if architecture.parameterization == "ntk":
            np.testing.assert_allclose(terms[-1], nngp, rtol=1e-13)


def test_terms_of_a_linear_network_by_hand():
    """φ(h) = h: K¹ = w² x·x'/d + b², Kˡ⁺¹ = w² Kˡ + b², and each layer's own term reaches the output times w²
    for each layer after it."""
    w, b = 1.3, 0.4
    terms = layers.layer_terms(Architecture(2, 12, "identity", w, b), X)
    first = w**2 * X @ X.T / 10 + b**2
    second = w**2 * first + b**2
    third = w**2 * second + b**2
    for term, by_hand in zip(terms, (w**4 * first, w**2 * second, third), strict=True):
        np.testing.assert_allclose(term, by_hand, rtol=1e-12)


@pytest.mark.parametrize("activation", ["relu", "erf"])
def test_terms_are_what_wide_networks_have(activation):
    """The mean of 24 networks of width 256, each layer's term apart: standard errors of 2%, four of them."""
    architecture = Architecture(2, 256, activation)
    terms = layers.layer_terms(architecture, X)
    keys = jax.random.split(jax.random.key(3), 24)

    @jax.jit
    def own(key):
        params = network.in_float64(network.init(key, architecture, 10))
        return jnp.stack([empirical_ntk(params, architecture, X, layers=(each,)) for each in range(3)])

    mean = np.mean([np.asarray(own(key)) for key in keys], axis=0)
    for found, term in zip(mean, terms, strict=True):
        assert np.linalg.norm(found - term) < 0.08 * np.linalg.norm(term)
    apart = [
        np.linalg.norm(terms[i] - terms[j]) / np.linalg.norm(terms[j])
        for i, j in itertools.permutations(range(3), 2)
    ]
    assert min(apart) > 0.16  # so that no term passes for another


@pytest.mark.parametrize(("which", "outputs"), [((0,), 1), ((2,), 1), ((0, 1), 2)])
def test_own_kernels_are_products_of_those_layers_jacobians(which, outputs):
    params, architecture = drawn(2, "relu", outputs=outputs)

    def f(moving, x):
        moved = list(params)
        for number, layer in zip(which, moving, strict=True):
            moved[number] = layer
        return network.apply(moved, architecture, x)

    exact = jacobian_ntk(f, [params[number] for number in which], X_TEST, X)
    np.testing.assert_allclose(float64_ntk(params, architecture, X_TEST, X, which), exact, rtol=1e-10)


def test_no_layers_named_means_all():
    params, architecture = drawn(2, "erf")
    whole = float64_ntk(params, architecture, X)
    assert np.array_equal(whole, float64_ntk(params, architecture, X, None, (0, 1, 2)))


@pytest.mark.parametrize(
    ("which", "activation"), [((0, 1), "erf"), pytest.param((2,), "relu", marks=pytest.mark.slow)]
)
def test_only_these_layers_are_trained(which, activation):
    """As in a plain loop with the other layers' gradients set to 0; linearised, by the partial kernel."""
    params, architecture = drawn(2, activation)
    gram, cross = (float64_ntk(params, architecture, *at, which) for at in ((X, None), (X_TEST, X)))
    rate = 0.5 / solve.largest_eigenvalue(gram)
    times = recorded_times(STEPS)
    arguments = (X, Y, X_TEST, jnp.asarray(rate), jnp.asarray(times), STEPS, which)
    path, motion = follow(params, architecture, *arguments)

    @jax.jit
    def gradient(p):
        return jax.grad(lambda q: 0.5 * jnp.sum((network.apply(q, architecture, X) - Y) ** 2))(p)

    now = params
    for _ in range(STEPS):
        now = [
            tuple(p - rate * (number in which) * g for p, g in zip(layer, slope, strict=True))
            for number, (layer, slope) in enumerate(zip(now, gradient(now), strict=True))
        ]
    np.testing.assert_allclose(path.f_test[-1], network.apply(now, architecture, X_TEST), rtol=1e-9)
    still = [number for number in range(3) if number not in which]
    assert not np.any(motion.weights[:, still])
    assert np.all(motion.weights[-1, list(which)] > 0)
    drift = np.linalg.norm(float64_ntk(now, architecture, X, None, which) - gram) / np.linalg.norm(gram)
    assert float(motion.kernel[-1]) == pytest.approx(drift, rel=1e-9, abs=1e-14)

    linear = follow_linearised(params, architecture, *arguments)
    start = [np.asarray(network.apply(params, architecture, points)) for points in (X, X_TEST)]
    closed = solve.factor("own", gram).after(np.asarray(float(STEPS)), np.asarray(rate), cross, Y, *start)
    np.testing.assert_allclose(linear.f_test[-1], closed, rtol=1e-11, atol=1e-11)


def trial(experiment, **parameters):
    with collect_stages() as reports:
        values = experiment(**{"seed": 0} | parameters)
    assert not any(report.failure for report in reports), reports
    return values


def test_the_experiments_numbers_by_hand():
    values = trial(
        layers_experiment, points=6, width=16, networks=3, hidden=2, layers="first", activation="erf"
    )
    assert set(values) == set(QUANTITIES)
    assert all(parameter.about for parameter in find("ntk.layers").parameters.values())
    architecture = Architecture(2, 16, "erf")
    x = data.inputs("sphere", points=6, seed=0, preprocess="default")[0]
    terms, (nngp, ntk) = layers.layer_terms(architecture, x), stax_kernels.nngp_ntk(architecture, x)

    def apart(a, b):
        return np.linalg.norm(a - b) / np.linalg.norm(b)

    drawn = [network.in_float64(network.init(network_key(0, n), architecture, 10)) for n in range(3)]
    own = [float64_ntk(params, architecture, x, None, (0,)) for params in drawn]
    scaled = np.trace(terms[0]) / np.trace(ntk) * ntk
    whole = [float64_ntk(params, architecture, x) for params in drawn]
    least = [
        min(np.trace(float64_ntk(params, architecture, x, None, (n,))) for n in range(3)) for params in drawn
    ]
    by_hand = {
        "scaled-ntk-vs-nngp.distance": apart(np.trace(nngp) / np.trace(ntk) * ntk, nngp),
        "kernel.distance": np.exp(np.mean([np.log(apart(kernel, terms[0])) for kernel in own])),
        "kernel-vs-scaled-ntk.distance": np.exp(np.mean([np.log(apart(kernel, scaled)) for kernel in own])),
    }
    for name, value in by_hand.items():
        assert values[name] == pytest.approx(value, rel=1e-7), name
    assert values["sum.distance"] < 1e-8 < 0.05 < values["sum-but-the-least.distance"]
    assert values["last-vs-nngp.distance"] < 1e-8
    assert values["own-sum.distance"] < 1e-13
    shares = [term / np.trace(kernel) for term, kernel in zip(least, whole, strict=True)]
    assert 0.3 * min(shares) < values["own-sum-but-the-least.distance"] < 3 * max(shares)


@pytest.mark.slow
def test_a_wide_network_follows_the_kernel_of_the_layers_that_are_trained():
    """At width 4096 the partial kernel is near, and the whole one, scaled, is not: measured 0.03 and 0.16 for
    the first layer, 0.05 and 0.29 for the last. Where all layers are trained both are one."""
    wide = {"steps": 300, "width": 4096, "activation": "erf"}
    for which in ("first", "last"):
        values = trial(dynamics_module.dynamics, layers=which, **wide)
        near, far = (values[f"network-vs-{name}.distance"] for name in ("infinite", "all-layers"))
        assert near < 0.07 < 0.12 < far
        assert values["linearised-vs-closed-form.distance"] < 1e-10
    values = trial(dynamics_module.dynamics, **wide)
    assert values["network-vs-all-layers.distance"] == values["network-vs-infinite.distance"]


@pytest.mark.slow
def test_the_dynamics_of_a_few_layers():
    """The kernel that trains sets the rate, the output layer moves alone, and the controls are scaled."""
    values = trial(dynamics_module.dynamics, layers="last", train=8, test=20, steps=60, width=32)
    assert values["input-weights-moved"] == values["features-moved"] == values["kernel-drift"] == 0
    assert values["output-weights-moved"] > 0
    architecture = Architecture(1, 32)
    points = data.split("sphere", train=8, test=20, seed=0)
    params = network.in_float64(network.init(network_key(0, 0), architecture, 10))
    x, y, x_test = points.x_train, points.y_train, points.x_test
    nngp = [kernels.nngp_ntk(architecture, *at)[0] for at in ((x,), (x_test, x))]
    ntk = [kernels.nngp_ntk(architecture, *at)[1] for at in ((x,), (x_test, x))]
    own = float64_ntk(params, architecture, x, None, (1,))
    rate = 0.25 * 2 / max(np.linalg.eigvalsh(nngp[0])[-1], np.linalg.eigvalsh(own)[-1])
    assert values["learning-rate"] == pytest.approx(rate, rel=1e-6)
    assert values["network-vs-nngp.distance"] == pytest.approx(
        values["network-vs-infinite.distance"], rel=1e-6
    )

    rows, unit = (
        [network.apply(params, architecture, at) for at in (x, x_test)],
        np.sqrt(np.mean(points.y_test**2)),
    )
    gaps = {"infinite": [], "all-layers": []}
    times = recorded_times(60)
    path, _ = follow(params, architecture, x, y, x_test, jnp.asarray(rate), jnp.asarray(times), 60, (1,))
    share = np.trace(nngp[0]) / np.trace(ntk[0])
    for name, (gram, cross) in {"infinite": nngp, "all-layers": [share * block for block in ntk]}.items():
        for row, time in enumerate(times):
            # f₀ + K(x,X) Σ_k<t η (I − ηK)^k (y − f₀): the steps one by one, without an eigenvalue
            left, moved = y - np.asarray(rows[0]), np.zeros(8)
            for _ in range(time):
                moved, left = moved + rate * left, left - rate * gram @ left
            gaps[name].append(np.sqrt(np.mean((path.f_test[row] - rows[1] - cross @ moved) ** 2)) / unit)
        assert values[f"network-vs-{name}.distance"] == pytest.approx(max(gaps[name]), rel=1e-6), name
