"""The linearisation and the tangent kernel of any function f(params, x), by differentiation.

    f_lin(ω, x) = f(θ, x) + J(θ, x) ω,    Θ(X, X) = J(θ, X) J(θ, X)ᵀ

Both can be restricted to some leaves of the parameters, with the others constant. The moving leaves are known
when a program is compiled (`Moving`): what depends on the others alone is computed once, not at every step.
`harness.ntk.jacobian` computes kernels as matrices, by Jacobians.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

Params = Any
Function = Callable[[Params, Array], Array]
"""f(params, x [points, ...]) → [points]"""

CONVERGED, ITERATIONS = 1e-6, 1000
"""Power iteration ends when ‖Θv − λv‖ ≤ 1e-6 λ: an eigenvalue then lies as near as that, and λ itself is
nearer (its error is of second order). Kernels of networks took 30 iterations and fewer. The bound is for two
nearly equal eigenvalues, either of which will do."""


@dataclass(frozen=True)
class Moving:
    """The leaves of a pytree that move, in the order of its leaves. It is hashable, so it may be static."""

    leaves: tuple[bool, ...]

    def part(self, params: Params) -> list[Array]:
        """The leaves that move."""
        return [leaf for leaf, moves in zip(jax.tree.leaves(params), self.leaves, strict=True) if moves]

    def whole(self, moving: list[Array], params: Params) -> Params:
        """`params` with new values of the moving leaves."""
        leaves, structure = jax.tree.flatten(params)
        rest = iter(moving)
        both = zip(leaves, self.leaves, strict=True)
        return jax.tree.unflatten(structure, [next(rest) if moves else leaf for leaf, moves in both])


def some_leaves(f: Function, params: Params, moving: Moving) -> tuple[Function, list[Array]]:
    """f as a function of the moving leaves, with the others taken from `params`, and these leaves' values."""
    return (lambda part, x: f(moving.whole(part, params), x)), moving.part(params)


def linearised(f: Function, params: Params) -> Function:
    """f's first-order Taylor expansion at `params`: a function of ω = θ − params, and x."""

    def expansion(omega: Params, x: Array) -> Array:
        value, moved = jax.jvp(lambda p: f(p, x), (params,), (omega,))
        expanded: Array = value + moved
        return expanded

    return expansion


def largest_eigenvalue(f: Function, params: Params, x: Float[Array, "points ..."]) -> Float[Array, ""]:
    """λ_max of Θ(x, x) by power iteration: one linearisation, and neither Jacobian nor kernel is held.

    It is computed in the precision of `params`. It is NaN if f or its derivatives are.
    """
    f_0, push = jax.linearize(lambda p: f(p, x), params)
    pull = jax.linear_transpose(push, params)
    random = jax.random.normal(jax.random.key(0), f_0.shape, f_0.dtype)

    def times_kernel(state: tuple[Array, Array, Array, Array]) -> tuple[Array, Array, Array, Array]:
        vector, _, _, count = state
        vector = vector / jnp.linalg.norm(vector)
        product = push(pull(vector)[0])
        value = jnp.vdot(vector, product)
        return product, value, jnp.linalg.norm(product - value * vector), count + 1

    def goes_on(state: tuple[Array, Array, Array, Array]) -> Array:
        _, value, error, count = state
        going: Array = (error > CONVERGED * value) & (count < ITERATIONS)
        return going

    zero = jnp.zeros((), f_0.dtype)
    start = times_kernel((random, zero, zero, jnp.zeros((), jnp.int32)))
    largest: Float[Array, ""] = lax.while_loop(goes_on, times_kernel, start)[1]
    return largest
