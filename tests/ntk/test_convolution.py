"""Convolutional networks: beside XLA's own convolutions, neural-tangents, and wide random networks."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from wide_networks import gap_in_errors

from harness.ntk import closed_form, compat
from harness.ntk.architecture import Architecture
from harness.ntk.component_model import kernels_without
from harness.ntk.model_checks import readout_leaves, require_sound
from harness.ntk.named_models import build
from harness.ntk.places import grid_of
from harness.ntk.spatial_kernels import spatial_kernels
from harness.ntk.specifications import Convolutional, Scales

RANDOM = np.random.default_rng(0)
X, X2 = RANDOM.standard_normal((4, 9)), RANDOM.standard_normal((3, 9))
"""Signals of nine pixels, or images of 3 × 3: a filter of three reaches every edge."""
SCALES = {"w_std": 1.5, "b_std": 0.3}
SHAPES = [(dimensions, padding) for dimensions in (1, 2) for padding in ("circular", "zero")]


def net(**given):
    return build("convolutional", {"hidden": 2, "width": 8, **SCALES, **given})


def by_xla(params, x, dimensions, padding, taps):
    """The same network by `lax.conv_general_dilated`, one convolution a layer, float64; flattened."""
    a = x.reshape(len(x), *grid_of(x.shape[1], dimensions).shape, 1)
    spatial = "HW"[:dimensions]
    names = (f"N{spatial}C", f"{spatial}IO", f"N{spatial}C")
    before, after = taps // 2, taps - taps // 2 - 1
    for layer in params[:-1]:
        weights = layer["weights"]
        kernel = weights.reshape(*(taps,) * dimensions, *weights.shape[1:])
        widths = [(0, 0), *[(before, after)] * dimensions, (0, 0)]
        padded = jnp.pad(a, widths, mode="wrap" if padding == "circular" else "constant")
        h = jax.lax.conv_general_dilated(padded, kernel, (1,) * dimensions, "VALID", dimension_numbers=names)
        a = jax.nn.relu(1.5 / np.sqrt(taps**dimensions * a.shape[-1]) * h + 0.3 * layer["biases"])
    last = params[-1]
    flat = a.reshape(len(x), -1)
    return flat @ last["weights"] * 1.5 / np.sqrt(flat.shape[1]) + 0.3 * last["biases"]


@pytest.mark.slow
@pytest.mark.parametrize(("dimensions", "padding"), SHAPES)
@pytest.mark.parametrize("taps", [2, 3])
def test_shifted_products_are_convolutions(dimensions, padding, taps):
    model = net(dimensions=dimensions, padding=padding, taps=taps, outputs=2)
    params = jax.tree.map(lambda leaf: leaf.astype(jnp.float64), model.draw(jax.random.key(0), 9))
    # float64: sums of some dozen products in another order.
    expected = by_xla(params, jnp.asarray(X), dimensions, padding, taps)
    np.testing.assert_allclose(model.apply(params, jnp.asarray(X)), expected, rtol=1e-12, atol=1e-12)


def stax_of(dimensions, padding, read_out):
    compat.load()
    from neural_tangents import stax

    def conv():
        pad = "CIRCULAR" if padding == "circular" else "SAME"
        plain = compat.PlainFloat
        return stax.Conv(8, (3,) * dimensions, padding=pad, W_std=plain(1.5), b_std=plain(0.3))

    reading = stax.Flatten() if read_out == "flatten" else stax.GlobalAvgPool()
    return stax.serial(conv(), stax.Relu(), conv(), stax.Relu(), reading, stax.Dense(1, 1.5, 0.3))


@pytest.mark.slow
@pytest.mark.parametrize("read_out", ["flatten", "average"])
@pytest.mark.parametrize(("dimensions", "padding"), SHAPES)
def test_outputs_and_kernels_beside_neural_tangents(dimensions, padding, read_out):
    model = net(dimensions=dimensions, padding=padding, read_out=read_out)
    _, apply, kernel = stax_of(dimensions, padding, read_out)
    space = (9, 1) if dimensions == 1 else (3, 3, 1)
    params = model.draw(jax.random.key(1), 9)
    theirs = []
    for layer in params[:-1]:
        weights, biases = layer["weights"], layer["biases"].reshape((1,) * (dimensions + 1) + (-1,))
        theirs += [(weights.reshape(*(3,) * dimensions, *weights.shape[1:]), biases), ()]
    theirs += [(), (params[-1]["weights"], params[-1]["biases"][None])]
    images = jnp.asarray(X.reshape(-1, *space), jnp.float32)
    # float32, of outputs of size one.
    np.testing.assert_allclose(model.apply(params, jnp.asarray(X, jnp.float32)), apply(theirs, images),
                               rtol=0, atol=1e-5)  # fmt: skip
    for x2, second in ((X2, X2.reshape(-1, *space)), (None, None)):
        expected = kernel(X.reshape(-1, *space), second, ("nngp", "ntk"))
        # Measured 1e-15; neural-tangents takes angles from cosines, which may cost 1e-8 on the diagonal.
        for own, other in zip(model.analytic(X, x2), (expected.nngp, expected.ntk), strict=True):
            np.testing.assert_allclose(own, other, rtol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("sharing", ["shared", "local"])
@pytest.mark.parametrize("read_out", ["flatten", "average"])
def test_kernels_beside_wide_networks(read_out, sharing):
    model = net(read_out=read_out, sharing=sharing, width=64)
    assert max(gap_in_errors(model, X[:3], X2[:2], networks=24)) < 2


def test_without_pooling_the_way_of_all_pairs_changes_nothing():
    for sharing in ("shared", "local"):
        spec = Convolutional(1, 2, 8, 3, "flatten", sharing, "circular", "relu", Scales(1.5, 0.3))
        for one, other in zip(
            spatial_kernels(spec, X), spatial_kernels(spec, X, every_pair=True), strict=True
        ):
            np.testing.assert_allclose(one, other, rtol=1e-13)


def test_a_factor_on_the_last_layer_is_one_on_its_weights():
    """Without biases it multiplies outputs, and so kernels by its square; biases stay as they are."""
    for read_out in ("flatten", "average"):
        whole, small = (net(read_out=read_out, b_std=0.0, last_layer=of).analytic(X, X2) for of in (1.0, 0.1))
        np.testing.assert_allclose(small, 0.01 * np.stack(whole), rtol=1e-12)
    dense = Architecture(2, 8, "relu", 1.5, 0.3, last_layer=0.1)
    np.testing.assert_allclose(
        kernels_without(net(last_layer=0.1), X, X2), closed_form.nngp_ntk(dense, X, X2), rtol=1e-12
    )


@pytest.mark.slow
def test_a_factor_on_the_last_layer_is_in_the_networks_own_kernel():
    assert max(gap_in_errors(net(width=64, last_layer=0.1), X[:3], X2[:2], networks=24)) < 2


def test_rows_in_blocks_are_the_rows_of_one_block(monkeypatch):
    whole = net(read_out="average").analytic(X, X2)
    monkeypatch.setattr("harness.ntk.spatial_kernels.HELD", 3 * 81)  # one row a block
    for one, other in zip(whole, net(read_out="average").analytic(X, X2), strict=True):
        np.testing.assert_array_equal(one, other)


def test_nearly_equal_images_keep_their_digits():
    """A gap of 1e-9 between inputs: of the covariance it would be 1e-18, below its last digit."""
    near = X + 1e-9 * RANDOM.standard_normal(X.shape)
    far = X + 1e-3 * (near - X) / 1e-9
    nearly, further = (net(hidden=1).analytic(X, other)[1] for other in (near, far))
    exact = np.diag(net(hidden=1).analytic(X)[1])
    # ReLU's tangent kernel falls linearly in the angle: the falls are as 1 to 1e6, to first order in 1e-3.
    falls = (exact - np.diag(further)) / (exact - np.diag(nearly))
    np.testing.assert_allclose(falls, 1e6, rtol=0.02)


@pytest.mark.slow
def test_models_are_sound_and_know_their_last_layer():
    for given in ({}, {"sharing": "local"}, {"read_out": "average", "dimensions": 2, "padding": "zero"}):
        model = net(width=4, **given)
        require_sound(model, jax.random.key(0), X)
        readout_leaves(model, model.draw(jax.random.key(0), 9), jnp.asarray(X))


def test_an_image_that_is_not_square_is_refused():
    with pytest.raises(ValueError, match="square number of features for images, found 10"):
        grid_of(10, 2)
