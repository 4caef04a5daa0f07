"""Wrong networks as users write them: each is refused, with its reason."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.ntk.model import Model, ModelError
from harness.ntk.model_checks import require_sound
from harness.ntk.model_habits import require_logits, require_no_statistics, require_nothing_drawn
from harness.ntk.several_outputs import several_outputs

X = np.random.default_rng(0).standard_normal((4, 3))
KEY = jax.random.key(0)
W = jnp.asarray(np.random.default_rng(1).standard_normal((3, 2)), jnp.float32)


def of(apply, **params):
    return several_outputs(Model(lambda key, shape: ((-1, 2), {"w": W, **params}), apply))


def refused(model, check):
    with pytest.raises(ModelError) as raised:
        check(model, model.draw(KEY, 3), jnp.asarray(X))
    return raised.value


def dense(params, x):
    return jnp.tanh(x) @ params["w"]


def fixed_dropout(params, x):
    """The same units of every row, in every call: neighbours, order and repetition do not show it."""
    kept = jax.random.bernoulli(jax.random.key(3), 0.5, x.shape[1:])
    return dense(params, jnp.where(kept, 2 * x, 0))


def old_keys(params, x):
    return dense(params, x * jax.random.uniform(jax.random.PRNGKey(3), x.shape[1:]))


def batch_normalised(params, x):
    return dense(params, (x - x.mean(axis=0)) / x.std(axis=0))


def running(params, x):
    """Batch normalisation as it is after training, with its statistics among the parameters."""
    seen = params["state"]
    return dense(params, (x - seen["m"]) / jnp.sqrt(seen["v"] + 1e-5))


RUNNING = of(running, state={"m": jnp.zeros(3), "v": jnp.ones(3)})


def test_a_network_without_habits_passes():
    normalised = of(
        lambda params, x: params["scale"] * dense(params, x), scale=jnp.ones(2), shift=jnp.ones(2)
    )
    for model in (of(dense), normalised):
        for check in (require_nothing_drawn, require_no_statistics):
            check(model, model.draw(KEY, 3), jnp.asarray(X))


@pytest.mark.parametrize("apply", [fixed_dropout, old_keys])
def test_random_numbers_are_found_whatever_their_key(apply):
    error = refused(of(apply), require_nothing_drawn)
    assert error.expected == "apply to draw no random numbers"
    assert "random_bits" in error.found
    assert "is dropout left on?" in error.found


def test_statistics_among_the_parameters_are_found_by_what_they_do():
    error = refused(RUNNING, require_no_statistics)
    assert "without running statistics" in error.expected
    assert "no numbers once params['state']['v'] is negative, as those of a running variance" in error.found


def test_statistics_are_found_by_their_names():
    named = of(dense, batch_stats={"mean": jnp.zeros(3)})
    assert refused(named, require_no_statistics).found == "batch_stats at params['batch_stats']['mean']"


def test_probabilities_are_no_logits():
    soft = of(lambda params, x: jax.nn.softmax(dense(params, x)))
    assert refused(soft, require_logits).found == "positive outputs that sum to 1 in each row"
    plain = of(dense)
    require_logits(plain, plain.draw(KEY, 3), X)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "said"),
    [
        (of(batch_normalised), "depend on the other rows: batch normalisation?"),
        (of(fixed_dropout), "draw no random numbers"),
        (RUNNING, "running statistics"),
    ],
)
def test_every_experiment_that_takes_a_model_refuses_them(model, said):
    with pytest.raises(ModelError, match=said):
        require_sound(model, KEY, X)
