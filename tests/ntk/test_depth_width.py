"""Θ of networks as deep as wide: drawn ones against gradients by JAX, the formula against their moments."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.ntk.depth_width import drawn_ntk, ntk_second_moment, rate


@pytest.mark.slow
def test_a_drawn_kernel_is_the_square_of_a_gradient() -> None:
    import jax
    import jax.numpy as jnp

    hidden, width, inputs = 3, 5, 4
    rng = np.random.default_rng(3)
    weights = [
        jnp.asarray(rng.standard_normal((1, width, inputs if not n else width))[0]) for n in range(hidden)
    ]
    weights.append(jnp.asarray(rng.standard_normal((1, width))))

    def network(weights: list[jax.Array]) -> jax.Array:
        layer = jnp.ones(inputs)
        for weight in weights[:-1]:
            layer = jnp.maximum(math.sqrt(2 / weight.shape[1]) * weight @ layer, 0)
        return (math.sqrt(2 / width) * weights[-1] @ layer)[0]

    gradients = jax.grad(network)(weights)
    expected = sum(float(jnp.sum(g**2)) for g in gradients)
    (found,) = drawn_ntk(hidden, width, inputs, 1, np.random.default_rng(3))
    assert math.isclose(found, expected, rel_tol=1e-5)  # JAX may compute in float32


def test_the_formula_is_exact_for_the_mean_and_near_for_the_second_moment() -> None:
    """4096 networks have a relative error of 1% in the second moment at β = 1/16, seen over seeds."""
    ntk = drawn_ntk(2, 32, 10, 4096, np.random.default_rng(0))
    assert math.isclose(ntk.mean() / (2 * 3), 1, rel_tol=0.03)
    assert math.isclose(np.mean(ntk**2) / np.mean(ntk) ** 2, ntk_second_moment(2, 32), rel_tol=0.03)


def test_chunks_give_as_many_networks() -> None:
    assert len(drawn_ntk(2, 1024, 10, 5, np.random.default_rng(0))) == 5  # 4 fit at once


@pytest.mark.parametrize(("hidden", "expected"), [(2, 11 / 3), (100_000, 5.0)])
def test_the_rate_runs_from_eleven_thirds_to_five(hidden: int, expected: float) -> None:
    """Of many layers, whose |l − l'| is L/3 on average."""
    width = 1_000_000 if hidden == 2 else 1000
    found = rate(200, 1_000_000) if hidden == 2 else rate(hidden, width)
    assert math.isclose(found, expected, rel_tol=0.02)


def test_without_variance_there_is_no_second_moment() -> None:
    assert math.isclose(ntk_second_moment(3, 10**9), 1.0, abs_tol=1e-6)
