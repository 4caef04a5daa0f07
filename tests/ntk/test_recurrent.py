"""Recurrent networks: by hand, by drawing, and where they are networks that are known."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from wide_networks import gap_in_errors

from harness.declare import NotCovered
from harness.ntk import closed_form
from harness.ntk.architecture import Architecture
from harness.ntk.component_model import kernels_without
from harness.ntk.model_checks import readout_leaves, require_sound
from harness.ntk.named_models import build

RANDOM = np.random.default_rng(0)
X, X2 = RANDOM.standard_normal((4, 6)), RANDOM.standard_normal((3, 6))
SCALES = {"w_std": 1.5, "b_std": 0.3}
BOTH = [(read_out, sharing) for read_out in ("last", "average") for sharing in ("shared", "local")]


def net(**given):
    return build("recurrent", {"steps": 3, "width": 8, **SCALES, **given})


def by_hand(params, x, read_out, sharing):
    """A point and a step at a time, in NumPy, as the formulas are written."""
    p = jax.tree.map(np.asarray, params)
    outputs = []
    for row in x:
        a, read = np.zeros(8), []
        for number, step in enumerate(row.reshape(3, 2)):
            own = number if sharing == "local" else 0
            h = 1.5 / np.sqrt(8) * a @ p["states"][own]["weights"]
            h = h + 1.5 / np.sqrt(2) * step @ p["inputs"][own]["weights"] + 0.3 * p["inputs"][own]["biases"]
            a = np.maximum(h, 0)
            read.append(a)
        entering = a if read_out == "last" else np.mean(read, axis=0)
        outputs.append(1.5 / np.sqrt(8) * entering @ p["last"]["weights"] + 0.3 * p["last"]["biases"])
    return np.stack(outputs)


@pytest.mark.slow
@pytest.mark.parametrize(("read_out", "sharing"), [("average", "shared"), ("last", "local")])
def test_outputs_by_hand(read_out, sharing):
    model = net(read_out=read_out, sharing=sharing, outputs=2)
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), model.draw(jax.random.key(0), 6))
    expected = by_hand(params, X, read_out, sharing)
    np.testing.assert_allclose(model.all_outputs(params, jnp.asarray(X)), expected, rtol=1e-10, atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(("read_out", "sharing"), BOTH)
def test_kernels_beside_wide_networks(read_out, sharing):
    model = net(read_out=read_out, sharing=sharing, width=128)
    assert max(gap_in_errors(model, X[:3], X2[:2], networks=24)) < 2


def test_of_one_step_the_network_is_fully_connected():
    for x2 in (X2, None):
        expected = closed_form.nngp_ntk(Architecture(1, 8, "relu", 1.5, 0.3), X, x2)
        for own, other in zip(net(steps=1).analytic(X, x2), expected, strict=True):
            np.testing.assert_allclose(own, other, rtol=1e-12)


def test_a_last_step_does_not_see_whether_weights_are_shared_and_an_average_does():
    last, other = (net(read_out="last", sharing=sharing).analytic(X, X2) for sharing in ("shared", "local"))
    for one, two in zip(last, other, strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-13)
    average, other = (net(sharing=sharing).analytic(X, X2) for sharing in ("shared", "local"))
    for one, two in zip(average, other, strict=True):
        assert np.linalg.norm(one - two) > 0.03 * np.linalg.norm(one)
    np.testing.assert_array_equal(kernels_without(net(), X, X2), other)
    for given in ({"read_out": "last"}, {"sharing": "local"}):
        with pytest.raises(NotCovered, match="names no component"):
            kernels_without(net(**given), X)


@pytest.mark.slow
def test_models_are_sound_and_know_their_last_layer():
    for read_out, sharing in BOTH:
        model = net(read_out=read_out, sharing=sharing)
        require_sound(model, jax.random.key(0), X)
        readout_leaves(model, model.draw(jax.random.key(0), 6), jnp.asarray(X))


def test_steps_divide_the_features():
    with pytest.raises(ValueError, match="features in 3 steps of one length, found 7 features"):
        net().draw(jax.random.key(0), 7)
