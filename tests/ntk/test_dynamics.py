"""A network, its linearisation and its closed form through training; eigenmodes; what must be lazy."""

import subprocess
import sys
from functools import cache

import jax
import jax.numpy as jnp
import msgspec
import numpy as np
import pytest

from harness.declare import StageError, collect_stages, find
from harness.ntk import data, dynamics, modes, network, solve
from harness.ntk.architecture import Architecture
from harness.ntk.dynamics import follow, follow_linearised, recorded_times, require_fallen
from harness.ntk.empirical import float64_ntk
from harness.ntk.experiments.dynamics import QUANTITIES
from harness.ntk.experiments.dynamics import dynamics as experiment
from harness.ntk.train import network_key

SPLIT = data.split("sphere", train=6, test=5, seed=0)
X, Y, X_TEST = SPLIT.x_train, SPLIT.y_train, SPLIT.x_test
STEPS = 20
SMALL = {"train": 8, "test": 20, "steps": 60}


@cache
def problem(hidden=1, activation="erf", width=24):
    """A network in float64, a rate for it, and its arguments to `follow`."""
    architecture = Architecture(hidden, width, activation)
    params = network.in_float64(network.init(jax.random.key(1), architecture, X.shape[1]))
    rate = 0.5 / solve.largest_eigenvalue(float64_ntk(params, architecture, X))
    times = jnp.asarray(recorded_times(STEPS))
    return params, architecture, (X, Y, X_TEST, jnp.asarray(rate), times, STEPS)


@cache
def trial(**parameters):
    with collect_stages() as reports:
        values = experiment(**{"seed": 0} | SMALL | parameters)
    return values, {report.name: report.failure for report in reports}


def test_recorded_times():
    assert recorded_times(300).tolist() == [1, 2, 5, 12, 26, 59, 133, 300]
    assert recorded_times(3).tolist() == [1, 2, 3]


@pytest.mark.parametrize(("hidden", "activation"), [(1, "erf"), (2, "relu")])
def test_a_network_takes_the_steps_that_a_plain_loop_takes(hidden, activation):
    params, architecture, arguments = problem(hidden, activation)
    path, motion = follow(params, architecture, *arguments)
    rate = arguments[3]

    @jax.jit
    def gradient(p):
        return jax.grad(lambda q: 0.5 * jnp.sum((network.apply(q, architecture, X) - Y) ** 2))(p)

    f, features = (jax.jit(f, static_argnums=1) for f in (network.apply, network.features))
    now = params
    for step in range(STEPS + 1):
        residuals = f(now, architecture, X) - Y
        np.testing.assert_allclose(path.residuals[step], residuals, rtol=1e-9, atol=1e-12)
        for row in np.flatnonzero(recorded_times(STEPS) == step):
            np.testing.assert_allclose(path.f_test[row], f(now, architecture, X_TEST), rtol=1e-9)
            moved = [np.linalg.norm(w - start) for (w, _), (start, _) in zip(now, params, strict=True)]
            np.testing.assert_allclose(motion.weights[row], moved, rtol=1e-9)
            kernels = [float64_ntk(p, architecture, X) for p in (now, params)]
            drift = np.linalg.norm(kernels[0] - kernels[1]) / np.linalg.norm(kernels[1])
            assert float(motion.kernel[row]) == pytest.approx(drift, rel=1e-9)
            a, a_0 = (features(p, architecture, X) for p in (now, params))
            moved = np.linalg.norm(a - a_0) / np.linalg.norm(a_0)
            assert float(motion.features[row]) == pytest.approx(moved, rel=1e-9)
        now = jax.tree.map(lambda p, g: p - rate * g, now, gradient(now))
    np.testing.assert_allclose(motion.weight_norms, [np.linalg.norm(w) for w, _ in params])


@pytest.mark.parametrize(("hidden", "activation"), [(1, "erf"), (2, "relu")])
def test_the_linearised_network_is_the_closed_form(hidden, activation):
    """Lee et al. 2019: what it is trained to in its parameters is kernel descent with the network's own NTK.

    1e-12 is the rounding of 20 steps. The network itself, as narrow as this, is elsewhere.
    """
    params, architecture, arguments = problem(hidden, activation)
    path, _ = follow(params, architecture, *arguments)
    linear = follow_linearised(params, architecture, *arguments)
    gram = float64_ntk(params, architecture, X)
    solver = solve.factor("own", gram)
    start = [np.asarray(network.apply(params, architecture, points)) for points in (X, X_TEST)]
    cross = float64_ntk(params, architecture, X_TEST, X)
    rate = np.asarray(arguments[3])
    for row, time in enumerate(recorded_times(STEPS)):
        closed = solver.after(np.asarray(float(time)), rate, cross, Y, *start)
        np.testing.assert_allclose(linear.f_test[row], closed, rtol=1e-12, atol=1e-12)
    for step in range(STEPS + 1):
        closed = solver.after(np.asarray(float(step)), rate, gram, Y, start[0], start[0])
        np.testing.assert_allclose(linear.residuals[step], closed - Y, rtol=1e-9, atol=1e-9)
    assert np.abs(path.f_test[-1] - linear.f_test[-1]).max() > 1e-3


def test_a_linear_network_is_its_own_linearisation():
    """Without hidden layers nothing is approximated, and no kernel drifts."""
    params, architecture, arguments = problem(0, "identity")
    path, motion = follow(params, architecture, *arguments)
    linear = follow_linearised(params, architecture, *arguments)
    np.testing.assert_allclose(path.f_test, linear.f_test, rtol=1e-12, atol=1e-12)
    assert np.all(np.asarray(motion.kernel) == 0)
    assert np.all(np.asarray(motion.weights) > 0)


def test_decay_rates_by_hand():
    """A kernel of eigenvalues 4, 1 and 0.1, and residuals that decay as it says, times a known factor."""
    values = np.array([4.0, 1.0, 0.1])
    vectors = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    solver = solve.factor("three", vectors @ np.diag(values) @ vectors.T)
    steps, factor = np.arange(41), np.array([1.0, 1.2, 0.7])
    components = np.exp(np.log1p(-0.2 * values) * factor * steps[:, None]) * [1.0, -2.0, 0.5]
    measured, predicted = modes.decay_rates(components @ vectors.T, solver, 0.2)
    np.testing.assert_allclose(np.sort(predicted), np.sort(-np.log1p(-0.2 * values)), rtol=1e-9)
    np.testing.assert_allclose(np.sort(measured / predicted), np.sort(factor), rtol=1e-9)
    assert modes.typical_error(measured, predicted) == pytest.approx(0.2)


def test_an_untrained_network_is_no_result():
    require_fallen("network", 1.0, 0.25, 5)
    for loss in (0.3, float("nan"), float("inf")):
        with pytest.raises(StageError, match=r"network: expected training .* from 1 to at most 0\.25"):
            require_fallen("network", 1.0, loss, 5)


@pytest.mark.parametrize("learning_rate", [1e-4, 3.0])
def test_training_that_fails_leaves_its_reason(learning_rate):
    """It hardly moves, or it diverges."""
    values, failures = trial(width=48, activation="erf", learning_rate=learning_rate)
    assert values == {}
    assert "expected training to bring the loss from" in failures["training"]


@pytest.mark.parametrize("parameters", [{}, {"scaling": "mean-field", "centred": True}])
def test_every_declared_quantity_is_there(parameters):
    values, failures = trial(width=48, activation="erf", **parameters)
    assert not any(failures.values()), failures
    assert set(values) == set(QUANTITIES)
    assert all(np.isfinite(value) and value > 0 for value in values.values())
    assert set(failures) == {"data", *(quantity.stage for quantity in QUANTITIES.values())}
    assert values["final-loss"] <= dynamics.FALLEN * values["initial-loss"]


def test_at_the_base_width_both_scalings_are_one():
    mean_field = trial(width=48, activation="erf", scaling="mean-field", base_width=48)
    assert mean_field == trial(width=48, activation="erf")


def test_mean_field_scaling_is_a_factor_on_the_output():
    """f → s·f by another way: the last layer's weights and bias times s, with the rate that this asks for."""
    width, scale = 48, 0.5
    values, _ = trial(width=width, scaling="mean-field", base_width=12, activation="erf")
    split = data.split("sphere", train=8, test=20, seed=0)
    architecture = Architecture(1, width, "erf")
    params = network.in_float64(network.init(network_key(0, 0), architecture, 10))
    f = jax.jit(lambda p, x: scale * network.apply(p, architecture, x))
    rate = values["learning-rate"]
    gradient = jax.jit(jax.grad(lambda p: 0.5 * jnp.sum((f(p, split.x_train) - split.y_train) ** 2)))
    step = jax.jit(lambda now: jax.tree.map(lambda p, g: p - rate * g, now, gradient(now)))
    now = params
    for _ in range(60):
        now = step(now)
    loss = float(jnp.mean((f(now, split.x_train) - split.y_train) ** 2))
    assert values["final-loss"] == pytest.approx(loss, rel=1e-6)
    moved = np.linalg.norm(f(now, split.x_test) - f(params, split.x_test)) / np.linalg.norm(split.y_test)
    assert values["network-vs-untrained.distance"] == pytest.approx(moved, rel=1e-9)


def test_a_centred_network_starts_at_zero():
    """The loss at the start is that of the targets, whatever f₀ is."""
    values, _ = trial(width=48, activation="erf", scaling="mean-field", centred=True)
    y = data.split("sphere", train=8, test=20, seed=0).y_train
    assert values["initial-loss"] == pytest.approx(np.mean(y**2), rel=1e-12)


def test_lazy_and_not_lazy():
    """From width 64 to 1024, fourfold in √width: what must fall falls by more than 2.5; the rest stays."""

    def fall(quantity, scaling):
        common = {"scaling": scaling, "base_width": 4, "centred": True, "activation": "erf"}
        falls = [
            np.log(narrow[quantity] / wide[quantity])
            for narrow, wide in ((trial(seed=s, width=w, **common)[0] for w in (64, 1024)) for s in range(2))
        ]
        return np.exp(np.mean(falls))

    for quantity in ("kernel-drift", "features-moved", "weights-moved", "network-vs-linearised.distance"):
        assert fall(quantity, "ntk") > 2.5, quantity
    for quantity in ("kernel-drift", "features-moved", "weights-moved"):
        assert 0.7 < fall(quantity, "mean-field") < 1.5, quantity
    assert fall("network-vs-linearised.distance", "mean-field") < 2


def test_wide_networks_follow_the_ntk_and_not_its_control():
    values, _ = trial(width=2048)
    for prefix in ("network-vs", "loss-vs", "mode-rates-vs"):
        assert values[f"{prefix}-infinite.distance"] < 0.3 * values[f"{prefix}-nngp.distance"], prefix
    assert values["network-vs-infinite.distance"] < 0.1 < values["network-vs-untrained.distance"]
    assert values["linearised-vs-closed-form.distance"] < 1e-10 < values["linearised-vs-infinite.distance"]


def test_declaration_needs_no_library():
    script = """
import sys
from harness.declare import find
for name in ("ntk.dynamics", "ntk.initialisation", "ntk.ensemble", "ntk.layers"):
    declaration = find(name)
    assert all(parameter.about for parameter in declaration.parameters.values()), name
    assert all(q.about and q.resolution and q.stage for q in declaration.quantities.values()), name
    assert "float64" in declaration.precision
heavy = {"jax", "numpy", "scipy", "sklearn", "neural_tangents", "jaxtyping"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


@pytest.mark.parametrize("name", ["ntk.dynamics", "ntk.initialisation", "ntk.ensemble", "ntk.layers"])
def test_defaults_lie_within_their_bounds(name):
    for parameter in find(name).parameters.values():
        msgspec.convert(parameter.default, parameter.type)
