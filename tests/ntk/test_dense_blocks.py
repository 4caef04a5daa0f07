"""Residual networks, layer normalisation, fixed read-outs: by hand, by neural-tangents, by drawing."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from wide_networks import gap_in_errors

from harness.declare import NotCovered
from harness.ntk import closed_form, compat
from harness.ntk.architecture import Architecture
from harness.ntk.component_model import kernels_without
from harness.ntk.fully_connected import fully_connected
from harness.ntk.model_checks import readout_leaves, require_sound
from harness.ntk.named_models import build

RANDOM = np.random.default_rng(0)
X, X2 = RANDOM.standard_normal((4, 6)), RANDOM.standard_normal((3, 6))
SCALES = {"w_std": 1.5, "b_std": 0.3}
NETS = {
    "residual": ("residual", {"hidden": 3, "branch": 0.7}),
    "normalised": ("layer-normalised", {"hidden": 3}),
    "both": ("residual", {"hidden": 3, "branch": 0.7, "normalisation": "layer"}),
}


def net(name, **given):
    model, own = NETS[name]
    return build(model, {"width": 8, **SCALES, **own, **given})


def by_hand(params, x, branch, skip, normalised):
    """One unit at a time would be slower; one layer at a time, in NumPy, is another program."""

    def layer(p, a):
        return 1.5 / np.sqrt(a.shape[1]) * a @ np.asarray(p["weights"]) + 0.3 * np.asarray(p["biases"])

    def entering(h):
        if normalised:
            h = (h - h.mean(axis=1, keepdims=True)) / h.std(axis=1, keepdims=True)
        return np.maximum(h, 0)

    h = layer(params[0], x)
    for p in params[1:-1]:
        h = (h if skip else 0) + branch * layer(p, entering(h))
    return layer(params[-1], entering(h))


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_outputs_by_hand(name):
    model = net(name, outputs=2)
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), model.draw(jax.random.key(0), 6))
    residual = name != "normalised"
    expected = by_hand(params, X, 0.7 if residual else 1, residual, name != "residual")
    np.testing.assert_allclose(model.all_outputs(params, jnp.asarray(X)), expected, rtol=1e-10, atol=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_kernels_beside_neural_tangents(name):
    compat.load()
    from neural_tangents import stax

    factor = 1 if name == "normalised" else 0.7
    norm = [] if name == "residual" else [stax.LayerNorm(axis=-1)]

    def block():
        branch = stax.serial(*norm, stax.Relu(), stax.Dense(8, 1.5 * factor, 0.3 * factor))
        if name == "normalised":
            return branch
        return stax.serial(stax.FanOut(2), stax.parallel(stax.Identity(), branch), stax.FanInSum())

    kernel = stax.serial(
        stax.Dense(8, 1.5, 0.3), block(), block(), *norm, stax.Relu(), stax.Dense(1, 1.5, 0.3)
    )[2]
    for x2 in (X2, None):
        expected = kernel(X, x2, ("nngp", "ntk"))
        for own, other in zip(net(name).analytic(X, x2), (expected.nngp, expected.ntk), strict=True):
            np.testing.assert_allclose(own, other, rtol=1e-7)  # 1e-8 on ReLU's diagonal is theirs


@pytest.mark.slow
@pytest.mark.parametrize("name", NETS)
def test_kernels_beside_wide_networks(name):
    assert max(gap_in_errors(net(name, width=256), X[:3], X2[:2], networks=24)) < 2


def test_without_its_component_a_network_is_fully_connected():
    architecture = Architecture(3, 8, "relu", 1.5, 0.3)
    for name in NETS:
        for x2 in (X2, None):
            expected = closed_form.nngp_ntk(architecture, X, x2)
            for own, other in zip(kernels_without(net(name), X, x2), expected, strict=True):
                np.testing.assert_allclose(own, other, rtol=1e-12)
    with pytest.raises(NotCovered, match="names no component"):
        kernels_without(fully_connected(architecture), X)


def test_without_skip_connections_branches_are_not_scaled():
    """A factor below 1 in each of a thousand layers would leave nothing of float64."""
    plain = net("residual", skip=False, branch=0.3, decay=1.0, hidden=4)
    expected = closed_form.nngp_ntk(Architecture(4, 8, "relu", 1.5, 0.3), X)
    np.testing.assert_allclose(plain.analytic(X), expected, rtol=1e-12)


def test_branches_are_scaled_by_depth():
    deep, by_number = net("residual", hidden=5, branch=0.6, decay=0.5), net("residual", hidden=5, branch=0.3)
    np.testing.assert_allclose(deep.analytic(X), by_number.analytic(X), rtol=1e-14)


@pytest.mark.slow
def test_a_read_out_that_starts_at_one():
    model = build("fixed-read-out", {"width": 8, **SCALES})
    params = model.draw(jax.random.key(0), 6)
    assert np.all(params[-1]["weights"] == 1)
    gaussian = build("fixed-read-out", {"width": 8, "start": "gaussian", **SCALES}).draw(jax.random.key(0), 6)
    assert not np.any(gaussian[-1]["weights"] == 1)
    for one, other in zip(params[:-1], gaussian[:-1], strict=True):
        assert np.array_equal(one["weights"], other["weights"])


@pytest.mark.slow
def test_models_are_sound_and_know_their_last_layer():
    for name in NETS:
        require_sound(net(name), jax.random.key(0), X)
        model = net(name, hidden=2)
        readout_leaves(model, model.draw(jax.random.key(0), 6), jnp.asarray(X))
