"""The experiment `ntk.network`: what its numbers must be for networks of which they are known."""

from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.declare import NotCovered, collect_stages
from harness.ntk.experiments import network as module
from harness.ntk.experiments.network import measure_network
from harness.ntk.jacobian import jacobian_ntk
from harness.ntk.jax_network import JaxNetwork
from harness.ntk.model import Model, cast
from harness.ntk.named_models import build
from harness.ntk.network_data import network_points
from harness.ntk.optax_training import network_outputs
from harness.ntk.trainable import Course, Recipe, times_of

SMALL = {"train": 12, "test": 20, "width": 32, "steps": 100}
TANH = "six_networks:one_hidden"
TWO = Model(
    lambda key, shape: ((-1, 2), jax.random.normal(key, (shape[-1], 2))), lambda p, x: jnp.tanh(x @ p)
)
"""A network of two outputs."""


@cache
def trial(**parameters):
    with collect_stages() as reports:
        values = measure_network(**{"seed": 0, "model": TANH, **SMALL, **parameters})
    return values, {report.name: report.failure for report in reports if not report.ok}


@pytest.mark.slow
def test_a_trial_measures_what_it_declares():
    values, failures = trial()
    assert set(failures) == {"classes"}
    assert set(values) == set(module.QUANTITIES) - {"network.accuracy"}
    assert values["linearised-vs-own-ntk.distance"] < 1e-4  # float32's rounding over 100 steps
    assert values["rate-over-stable"] == pytest.approx(0.5, rel=1e-9)
    assert values["kernel-change.sixteenth"] < values["kernel-change.quarter"] < values["kernel-change"]
    assert values["nearest-alternative.error"] >= values["best-alternative.error"]
    assert values["parameters"] == 11 * 32


@pytest.mark.slow
def test_its_numbers_by_hand():
    """From the places of one network that is trained apart, and its Jacobians."""
    values, _ = trial()
    points = network_points("sphere", "squared", train=12, test=20, seed=0, preprocess="none", targets="none")
    made = JaxNetwork(build(TANH, {"width": 32}), 0, 10)
    x, rate = points.x_train, values["learning-rate"]
    looks = made.train(Course(Recipe(), x, points.y_train, rate, 0.0, times_of(100), 0))
    assert values["steps"] == looks[-1].step == 100
    kernels = [made.kernel(place, x, 1, entire=True).products for place in (0, -1)]
    gap = np.linalg.norm(kernels[1] - kernels[0]) / np.linalg.norm(kernels[0])
    assert values["kernel-change"] == pytest.approx(gap, rel=1e-6)
    out = made.outputs(-1, points.x_test)
    error = np.sqrt(np.mean((out - points.y_test) ** 2))
    assert values["network.error"] == pytest.approx(error, rel=1e-6)
    # after 100 steps of gradient descent on the mean squared residual, by powers of I − 2ηΘ/n
    residual = points.y_train - made.outputs(0, x)
    step = np.eye(12) - rate * 2 / 12 * kernels[0]
    taken = np.linalg.solve(kernels[0], residual - np.linalg.matrix_power(step, 100) @ residual)
    closed = made.outputs(0, points.x_test) + made.across(0, x, points.x_test, taken)
    far = np.sqrt(np.mean((closed - out) ** 2))
    assert values["network-vs-own-ntk.distance"] == pytest.approx(far, rel=1e-5)
    after = np.linalg.solve(kernels[1], residual)
    predicted = made.outputs(0, points.x_test) + made.across(-1, x, points.x_test, after)
    far = np.sqrt(np.mean((predicted - out) ** 2))
    assert values["network-vs-after-kernel.distance"] == pytest.approx(far, rel=1e-5)
    features = [
        jnp.tanh(x @ np.asarray(place[0], np.float64) / 10**0.5)
        for place in made.places[:: len(made.places) - 1]
    ]
    moved = np.linalg.norm(features[1] - features[0]) / np.linalg.norm(features[0])
    assert values["features-moved"] == pytest.approx(moved, rel=1e-6)


@pytest.mark.slow
def test_products_estimate_what_jacobians_compute():
    """The same training to the bit; norms within 40%, three times the error of one eigenvalue."""
    whole, probed = (trial(kernel_by=how, train=12)[0] for how in ("jacobians", "products"))
    assert (whole["kernel.probes"], probed["kernel.probes"]) == (0, 32)
    assert whole["network.error"] == probed["network.error"]
    for name in ("kernel-change", "kernel-alignment.before", "kernel-alignment.after"):
        assert probed[name] == pytest.approx(whole[name], rel=0.4)
    assert probed["network-vs-own-ntk.distance"] == pytest.approx(
        whole["network-vs-own-ntk.distance"], rel=1e-6
    )
    assert probed["network-vs-after-kernel.distance"] == pytest.approx(
        whole["network-vs-after-kernel.distance"], rel=0.05
    )


@pytest.mark.slow
def test_wider_is_nearer_to_its_linearisation():
    """Lee et al. 2019: as width^(−1/2) at most; from 32 to 2048, 64 times as wide, 8 times nearer."""
    narrow, wide = (trial(width=width)[0] for width in (32, 2048))
    for name in ("kernel-change", "network-vs-linearised.distance"):
        assert wide[name] < narrow[name] / 4


@pytest.mark.slow
@pytest.mark.parametrize(
    ("parameters", "missing"),
    [
        (
            {"optimizer": "adam", "learning_rate": 0.01},
            {"own NTK", "rate of gradient descent"},
        ),
        (
            {"momentum": 0.9, "learning_rate": 0.05, "rate_unit": "stable"},
            {"own NTK", "rate of gradient descent"},
        ),
        ({"batch": 4, "steps": 200}, set()),
        ({"target_loss": 0.05, "steps": 5000}, set()),
    ],
    ids=["adam", "momentum", "batches", "target"],
)
def test_what_other_rules_cover(parameters, missing):
    values, failures = trial(**parameters)
    beside = {"linearised beside own NTK"} if missing else set()
    assert set(failures) == {"classes"} | missing | beside
    assert values["network-vs-linearised.distance"] > 0
    if "target_loss" in parameters:
        assert values["final-loss"] <= 0.05
        assert values["steps"] < 5000


@pytest.mark.slow
def test_classes_with_cross_entropy():
    values, failures = trial(
        model="toy_classifier:net", data="digits", loss="cross-entropy", optimizer="adam",
        learning_rate=0.01, train=40,
    )  # fmt: skip
    assert set(failures) == {
        "own NTK",
        "linearised beside own NTK",
        "after-kernel",
        "rate of gradient descent",
    }
    assert 0.5 < values["network.accuracy"] <= 1
    assert values["network.error"] < values["mean.error"]
    assert values["largest-stable-rate"] > 0


@pytest.mark.slow
def test_a_linear_network_is_its_own_linearisation():
    _, failures = trial(model="fully-connected", hidden=0, steps=200)
    assert "linear in its parameters, and so its own linearisation" in failures["kernel"]


@pytest.mark.slow
def test_the_same_parameters_for_every_key_are_a_checkpoint(monkeypatch):
    saved = Model(lambda key, shape: ((-1, 1), jnp.ones(shape[-1])), lambda p, x: jnp.tanh(x @ p))
    monkeypatch.setattr("harness.ntk.named_models.build", lambda *_: saved)
    with pytest.raises(NotCovered, match="the same parameters for every key: one network can be described"):
        trial(model="fully-connected", width=8)
    values, _ = trial(model="fully-connected", width=9, checkpoint=True)
    assert values["parameters"] == 10


def test_outputs_must_be_as_many_as_targets(monkeypatch):
    monkeypatch.setattr("harness.ntk.named_models.build", lambda *_: TWO)
    with pytest.raises(ValueError, match="expected 1 outputs, as the data have targets, found 2"):
        trial(width=10)


@pytest.mark.slow
def test_several_outputs_have_the_kernel_of_their_jacobian():
    made = JaxNetwork(TWO, 0, 3)
    x = np.random.default_rng(0).standard_normal((4, 3))
    kernel = made.kernel(0, x, 2, entire=True)
    params = cast(made.model.draw(jax.random.key(0), 3), jnp.float64)
    assert kernel.products.shape == (8, 8)
    assert jacobian_ntk(made.model, params, x).shape == (4, 4, 2, 2)
    v = np.random.default_rng(1).standard_normal((4, 2))
    np.testing.assert_allclose(made.across(0, x, x, v), kernel.times(v), rtol=1e-9)
    assert network_outputs(made.model, params, jnp.asarray(x)).shape == (4, 2)
