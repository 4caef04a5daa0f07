"""A network's whole kernel: by Jacobians, or row by row where those of all points do not fit at once."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.ntk import tangent_products
from harness.ntk.jacobian import jacobian_ntk
from harness.ntk.model import Model, cast
from harness.ntk.several_outputs import several_outputs
from harness.ntk.tangent_products import tangent_kernel

TWO = several_outputs(
    Model(
        lambda key, shape: ((-1, 2), jax.random.normal(key, (shape[-1], 2))),
        lambda params, x: jnp.tanh(x @ params) + params[0, 0] * x[:, :1],
    )
)
X = np.random.default_rng(0).standard_normal((5, 3))
PARAMS = TWO.draw(jax.random.key(0), 3)
BYTES = 5 * 2 * 6 * 8
"""Of five points' Jacobians of two outputs by six parameters, float64."""


@pytest.mark.parametrize(("memory", "by_rows"), [(2 * BYTES, False), (2 * BYTES - 1, True)])
def test_jacobians_are_held_where_they_fit_and_rows_are_computed_where_not(memory, by_rows, monkeypatch):
    """1e-12: sums of six products of size one, in another order."""
    expected = jacobian_ntk(TWO, cast(PARAMS, jnp.float64), X)
    asked = []
    monkeypatch.setattr(tangent_products, "GIBIBYTE", memory)
    monkeypatch.setattr(tangent_products, "jacobian_ntk", lambda *_: asked.append("Jacobians") or expected)
    found = tangent_kernel(TWO, PARAMS, X, 2, entire=True)
    assert asked == ([] if by_rows else ["Jacobians"])
    flat = expected.transpose(0, 2, 1, 3).reshape(10, 10)
    np.testing.assert_allclose(found.products, flat, rtol=1e-12, atol=1e-12)
    assert found.probes == 0
    np.testing.assert_array_equal(found.products, found.products.T)
