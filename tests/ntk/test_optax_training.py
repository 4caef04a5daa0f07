"""Training by a rule of optax, of a network and of its linearisation, beside plain loops."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from harness.declare import StageError
from harness.ntk.jax_network import JaxNetwork
from harness.ntk.model import Model
from harness.ntk.optax_training import linearised_outputs, mean_loss
from harness.ntk.optimizers import batches
from harness.ntk.several_outputs import several_outputs
from harness.ntk.train import batch_key, network_key
from harness.ntk.trainable import Course, Recipe, Walked, require_fallen_loss, times_of

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.standard_normal((6, 3)), RANDOM.standard_normal((6, 2))
SHARES = np.eye(2)[RANDOM.integers(0, 2, 6)]
WIDTH, STEPS = 4, 12


def init(key, shape):
    first, last = jax.random.split(key)
    return (-1, 2), [jax.random.normal(first, (shape[-1], WIDTH)), jax.random.normal(last, (WIDTH, 2))]


def apply(params, x):
    return jnp.tanh(x @ params[0]) @ params[1]


MODEL = Model(init, apply)


def network():
    return JaxNetwork(MODEL, 0, 3)


def course(recipe, rate=0.05, target=-1.0, times=(3, STEPS)):
    y = Y if recipe.loss == "squared" else SHARES
    return Course(recipe, X, y, rate, target, times, 0)


def by_hand(recipe, rate, call):
    """A plain loop over optax's own rule, in float32."""
    x, y = (jnp.asarray(each, jnp.float32) for each in (X, course(recipe).y))
    params = several_outputs(MODEL).draw(network_key(0, 0), 3)
    more = {"momentum": recipe.momentum} if recipe.momentum else {}
    rule = getattr(optax, recipe.optimizer)(rate, **more)
    memory, stride = rule.init(params), recipe.stride(len(x))

    def objective(p, rows):
        out = call(p, x[rows])
        if recipe.loss == "squared":
            return jnp.mean((out - y[rows]) ** 2)
        return -jnp.mean(jnp.sum(y[rows] * jax.nn.log_softmax(out), axis=1))

    for step in range(STEPS):
        rows = np.arange(len(x))
        if stride > 1:
            order, there = batches(batch_key(0, 0), step // stride, len(x), recipe.batch)
            rows = np.asarray(order[step % stride])[np.asarray(there[step % stride])]
        updates, memory = rule.update(jax.grad(objective)(params, rows), memory, params)
        params = optax.apply_updates(params, updates)
    return params


RECIPES = [
    Recipe(),
    Recipe(momentum=0.9),
    Recipe(optimizer="adam"),
    Recipe("cross-entropy", "adamw", batch=4),
    Recipe(batch=4),
]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_it_takes_the_steps_of_a_plain_loop(recipe):
    """2e-5: twelve steps in float32, whose sums are in another order."""
    made = network()
    looks = made.train(course(recipe))
    params = by_hand(recipe, 0.05, apply)
    np.testing.assert_allclose(made.outputs(-1, X), apply(params, X), rtol=2e-5, atol=2e-5)
    assert [look.step for look in looks] == ([4, 12] if recipe.batch else [3, 12])
    out = jnp.asarray(made.outputs(-1, X))
    assert looks[-1].loss == pytest.approx(float(mean_loss(recipe.loss, out, course(recipe).y)), rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", RECIPES, ids=str)
def test_its_linearisation_is_trained_alike(recipe):
    made, start = network(), several_outputs(MODEL).draw(network_key(0, 0), 3)

    def line(params, x):
        moved = jax.tree.map(jnp.subtract, params, start)
        value, more = jax.jvp(lambda p: apply(p, x), (start,), (moved,))
        return value + more

    look, out = made.train_linearised(course(recipe), X)
    np.testing.assert_allclose(out, line(by_hand(recipe, 0.05, line), jnp.float32(X)), rtol=1e-4, atol=1e-4)
    assert look.step == STEPS
    assert np.abs(out - np.asarray(apply(by_hand(recipe, 0.05, apply), X))).max() > 1e-3
    same = linearised_outputs(several_outputs(MODEL), start, start, jnp.asarray(X))
    np.testing.assert_allclose(same, apply(start, X), rtol=1e-5)


@pytest.mark.slow
def test_training_ends_at_its_target_and_when_it_diverges():
    made = network()
    every = made.train(course(Recipe(), times=range(1, STEPS + 1)))
    target = every[6].loss
    ended = network().train(course(Recipe(), target=target, times=(2, STEPS)))
    assert [look.step for look in ended] == [2, 7]
    wild = network().train(course(Recipe(), rate=50.0, times=(1000,)))
    assert wild[-1].step < 1000 or not np.isfinite(wild[-1].loss)


def test_what_has_hardly_moved_is_said_with_figures():
    require_fallen_loss("network", 1.0, Walked(9, 0.5), "rate 1")
    for last, word in ((0.51, "learned too little"), (3.0, "diverged"), (float("nan"), "diverged")):
        with pytest.raises(
            StageError, match=rf"network {word}: .* from 1 to {last:.3g} in 9 steps \(rate 1\)"
        ):
            require_fallen_loss("network", 1.0, Walked(9, last), "rate 1")


def test_recipes():
    assert times_of(500) == (31, 125, 500)
    assert times_of(3) == (1, 1, 3)
    assert [Recipe(batch=batch).stride(6) for batch in (0, 6, 9, 4, 1)] == [1, 1, 1, 2, 6]
    assert [recipe.has_closed_form for recipe in RECIPES] == [True, False, False, False, True]
    with pytest.raises(ValueError, match=r"momentum: expected 0 for adam, found 0\.9"):
        Recipe(optimizer="adam", momentum=0.9)
