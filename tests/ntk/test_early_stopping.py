"""Training that ends when held-out points say so, against the whole curve of their error."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk import data, network, optimizers, train
from harness.ntk.architecture import Architecture
from harness.ntk.fully_connected import fully_connected
from harness.ntk.optimizers import Optimizer

SPLIT = data.split("sphere", train=12, test=7, seed=0, noise=0.7, validation=20)
ARCHITECTURE = Architecture(1, 16, "erf", 1.5, 0.1)
MODEL = fully_connected(ARCHITECTURE)
BUDGET = 3000


def start():
    initial = train.initialise(train.network_key(0, 0), MODEL, SPLIT.x_train, SPLIT.x_test)
    return [initial._replace(params=jax.tree.map(lambda p: p.astype(jnp.float64), initial.params))]


def run(rate, patience, y_held=SPLIT.y_validation, target_loss=1e-9, max_steps=BUDGET, **kwargs):
    held_out = train.HeldOut(jnp.asarray(SPLIT.x_validation), jnp.asarray(y_held)[:, None], patience)
    return train.train(
        start(),
        MODEL,
        SPLIT.x_train,
        SPLIT.y_train[:, None],
        SPLIT.x_test,
        np.array([rate]),
        target_loss,
        max_steps,
        held_out=held_out,
        **kwargs,
    )


def curve(rate, steps, batch=0):
    """Held-out error, training loss and predictions after each step, or each epoch, of a Python loop."""
    slope = jax.jit(jax.grad(lambda p, x, y: 0.5 * jnp.sum((network.apply(p, ARCHITECTURE, x) - y) ** 2)))
    apply = jax.jit(lambda p, x: network.apply(p, ARCHITECTURE, x))
    x, y, params, looks = jnp.asarray(SPLIT.x_train), jnp.asarray(SPLIT.y_train), start()[0].params, []
    for step in range(steps + 1):
        looks.append(
            (
                np.mean((np.asarray(apply(params, SPLIT.x_validation)) - SPLIT.y_validation) ** 2),
                np.mean((np.asarray(apply(params, x)) - SPLIT.y_train) ** 2),
                np.asarray(apply(params, SPLIT.x_test)),
            )
        )
        parts = [np.arange(12)]
        if batch:
            parts = np.asarray(optimizers.batches(train.batch_key(0, 0), step, 12, batch)[0])
        for part in parts:
            params = jax.tree.map(lambda p, g: p - rate * g, params, slope(params, x[part], y[part]))
    return [np.array(column) for column in zip(*looks, strict=True)]


@pytest.mark.parametrize(
    ("batch", "patience"),
    [(4, 60), *(pytest.param(0, patience, marks=pytest.mark.slow) for patience in (1, 40))],
)
def test_the_best_step_is_that_of_the_curve(batch, patience):
    rate, stride = (0.02, 3) if batch else (0.02, 1)
    optimizer = {"optimizer": Optimizer("sgd", batch), "keys": [train.batch_key(0, 0)]} if batch else {}
    runs = run(rate, patience, **optimizer)
    taken, best = int(runs.steps_taken[0]) // stride, int(runs.steps[0]) // stride
    errors, losses, predictions = curve(rate, taken, batch)
    assert best == np.argmin(errors)
    assert 1 < best < taken < BUDGET / stride
    assert runs.steps_taken[0] - runs.steps[0] == patience
    # No earlier minimum had held for so long.
    so_far = np.array([np.argmin(errors[: look + 1]) for look in range(taken)])
    assert np.all((np.arange(taken) - so_far) * stride < patience)
    np.testing.assert_allclose(runs.f_test[:, 0], predictions[best], rtol=1e-9)
    assert runs.loss[0] == pytest.approx(losses[best], rel=1e-9)
    assert runs.last_loss[0] == pytest.approx(losses[taken], rel=1e-9)
    train.require_trained("single", runs, np.array([rate]), 1e-9, BUDGET)


def test_the_target_loss_ends_training_too():
    """The network is the best one before it; without held-out points, the last one."""
    errors, losses, predictions = curve(0.02, 400)
    target = losses[200]
    runs = run(0.02, 10_000, target_loss=float(target) * 1.000001)
    assert runs.steps_taken[0] == 200
    assert runs.steps[0] == np.argmin(errors[:201]) < 200
    np.testing.assert_allclose(runs.f_test[:, 0], predictions[runs.steps[0]], rtol=1e-9)
    train.require_trained("single", runs, np.array([0.02]), float(target) * 1.000001, BUDGET)


def test_running_out_of_steps_before_patience_is_an_error():
    runs = run(0.02, 5000, max_steps=100)
    with pytest.raises(StageError, match=r"missed the target .* within 100 steps, and did not stop early"):
        train.require_trained("single", runs, np.array([0.02]), 1e-9, 100)


def test_no_improvement_is_no_training():
    """Held-out targets that the untrained network already meets."""
    y_held = network.apply(start()[0].params, ARCHITECTURE, SPLIT.x_validation)
    runs = run(0.02, 50, y_held)
    assert runs.steps[0] == 0
    assert runs.steps_taken[0] == 50
    with pytest.raises(StageError, match="1 of 1 single networks were best on held-out points in at most"):
        train.require_trained("single", runs, np.array([0.02]), 1e-9, BUDGET)


def test_divergence_is_seen_although_an_earlier_network_is_returned():
    runs = run(1.0, 10_000)
    with pytest.raises(StageError, match="diverged"):
        train.require_trained("single", runs, np.array([1.0]), 1e-9, BUDGET)
