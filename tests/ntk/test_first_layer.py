"""The first layer trained by its signals, against the same steps on its weights; where that is done."""

from collections import Counter

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.ntk import data, train
from harness.ntk.architecture import Architecture
from harness.ntk.fully_connected import fully_connected
from harness.ntk.model import Model, cast
from harness.ntk.optimizers import Optimizer

SPLIT = data.split("digits", train=16, test=5, seed=0)
X, Y, X_TEST = jnp.asarray(SPLIT.x_train), jnp.asarray(SPLIT.y_train), jnp.asarray(SPLIT.x_test)
KEY = train.network_key(0, 0)


def plain(model):
    """The same network, of which nothing but its functions is known."""
    return Model(model.init, model.apply)


def descend(model, rate, dtype=jnp.float64, steps=40, target=0.0, **kwargs):
    params = cast(model.draw(KEY, X.shape[1]), dtype)
    numbers = (jnp.asarray(rate), jnp.asarray(target), jnp.asarray(steps, dtype=jnp.int32))
    optimizer = kwargs.pop("optimizer", Optimizer())
    return train.descend(params, model, optimizer, X, Y, X_TEST, *numbers, **kwargs)


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(1, 64, "relu", 1.5, 0.3),
        pytest.param(Architecture(3, 64, "erf", 1.2, 0.3, biases="hidden"), marks=pytest.mark.slow),
        pytest.param(Architecture(2, 64, "gelu", 1.5, 0.3, "standard"), marks=pytest.mark.slow),
        pytest.param(Architecture(2, 64, "relu", 1.5, 0.3, biases="none"), marks=pytest.mark.slow),
        pytest.param(Architecture(1, 64, "leaky-relu", 1.5, 0.0, bias_init="zeros"), marks=pytest.mark.slow),
    ],
    ids=lambda architecture: f"{architecture.hidden}-{architecture.activation}",
)
def test_it_is_the_same_iteration(architecture):
    """Forty steps in float64: sums in another order differ by 1e-16 a step, and parameters moved."""
    model = fully_connected(architecture)
    assert model.first_layer(model.draw(KEY, X.shape[1]), X) is not None
    rate = 0.75 * 2 / float(train.largest_eigenvalue(model.draw(KEY, X.shape[1]), model, X))
    mine, other = descend(model, rate), descend(plain(model), rate)
    assert mine.steps == other.steps == 40
    assert mine.loss < 0.1 * mine.initial_loss
    for name in ("loss", "initial_loss", "f_train", "f_test"):
        np.testing.assert_allclose(getattr(mine, name), getattr(other, name), rtol=1e-9, err_msg=name)
    for one, two in zip(jax.tree.leaves(mine.params), jax.tree.leaves(other.params), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-9, atol=1e-12)
    (weights, biases), *_ = mine.params
    (weights_0, biases_0), *_ = cast(model.draw(KEY, X.shape[1]), jnp.float64)
    assert np.max(np.abs(weights - weights_0)) > 1e-3
    assert np.any(biases != biases_0) == (architecture.bias_slope(0) != 0)


def test_in_float32_it_stops_at_the_same_step():
    """At the target loss; predictions then differ by what float32 sums in another order do: 1e-7 of the
    outputs, which are about 1, a step, contracted by the next steps."""
    model = fully_connected(Architecture(1, 64))
    rate = 0.75 * 2 / float(train.largest_eigenvalue(model.draw(KEY, X.shape[1]), model, X))
    mine, other = (descend(m, rate, jnp.float32, 5000, 1e-3) for m in (model, plain(model)))
    precise = descend(plain(model), rate, jnp.float64, 5000, 1e-3)
    assert mine.f_test.dtype == jnp.float32
    assert mine.steps == other.steps == precise.steps < 5000
    errors = [float(jnp.max(jnp.abs(f.f_test - precise.f_test))) for f in (mine, other)]
    assert max(errors) < 1e-4
    assert mine.loss <= 1e-3 < mine.initial_loss


def test_a_training_that_diverges_ends_as_ever():
    model = fully_connected(Architecture(1, 64))
    mine, other = (descend(m, 100.0, jnp.float32) for m in (model, plain(model)))
    assert mine.steps == other.steps < 40
    assert not mine.loss <= train.DIVERGED * mine.initial_loss


def test_where_it_pays():
    """Fewer products, and enough of them; not where the first layer is the output layer."""

    def used(points, inputs, hidden=1, width=64):
        model = fully_connected(Architecture(hidden, width))
        params = model.draw(KEY, inputs)
        return model.first_layer(params, jnp.ones((points, inputs), jnp.float32)) is not None

    assert used(64, 64)
    assert used(64, 33)
    assert not used(64, 32)  # as many operations as with weights
    assert not used(64, 10, width=512)
    assert not used(64, 64, hidden=0)
    assert not used(6, 10, width=8)
    assert plain(fully_connected(Architecture(1, 64))).first_layer(None, X) is None


def test_all_seeds_and_networks_of_a_point_share_one_program(monkeypatch):
    """A network is traced when a program is made: more networks make no more programs, another seed none."""
    from harness.ntk import empirical, network
    from harness.ntk.experiments._regression_computed import Computed, Setting

    calls = Counter()
    affine = network.affine

    def counted(*args):
        calls["affine"] += 1
        return affine(*args)

    monkeypatch.setattr(network, "affine", counted)
    monkeypatch.setattr(empirical, "affine", counted)

    def traced(seed, networks):
        setting = Setting(
            seed=seed, data="sphere", preprocess="none", targets="none", noise=0.0, train=9, test=4,
            validation=0, networks=networks, optimizer="gd", batch=1, learning_rate=0.75, adam_rate=1e-3,
            target_loss=1e-2, max_steps=5000, patience=10, ridge=0.0,
        )  # fmt: skip
        before = calls["affine"]
        computed = Computed(fully_connected(Architecture(1, 33)), setting)
        assert len(computed.trained("single").params) == networks
        computed.trained("centred"), computed.own("initial"), computed.own("trained")
        return calls["affine"] - before

    first = traced(seed=0, networks=2)
    assert first > 0
    assert traced(seed=1, networks=2) == traced(seed=2, networks=2) == 0
    assert traced(seed=0, networks=5) == 0
