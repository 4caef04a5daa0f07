"""The largest rate at which gradient descent on a network's loss is stable, while its kernel is constant.

The loss as a function of parameters has the Gauss-Newton matrix Jᵀ H J, H the second derivative of the loss
by the outputs. λ₀ is its largest eigenvalue, and gradient descent on the linearised network is stable below
2/λ₀ (for squared loss λ₀ = 2 λ_max(Θ) / (points · outputs)). With H = L Lᵀ, λ₀ = λ_max(Θ̃) of the kernel of
the outputs Lᵀ f, with L held constant:

    squared         L = √(2 / (points · outputs))
    cross-entropy   L = (diag s − p sᵀ) / √points,  p = softmax f, s = √p   (L Lᵀ = (diag p − p pᵀ) / points)
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from harness.declare import StageError
from harness.ntk.model import Params, cast
from harness.ntk.several_outputs import SeveralOutputs
from harness.ntk.tangent import largest_eigenvalue
from harness.ntk.trainable import Loss


def sharpness(model: SeveralOutputs, loss: Loss, params: Params, x: Float[Array, "points features"]) -> float:
    """λ₀ at these parameters. Raises `StageError` if it is not finite and positive."""
    found = float(_sharpness(model, loss, cast(params, jnp.float64), x))
    if not 0 < found < float("inf"):
        raise StageError(f"λ₀ of the loss: expected finite and positive, found {found:.3g}")
    return found


@partial(jax.jit, static_argnames=("model", "loss"))
def _sharpness(
    model: SeveralOutputs, loss: Loss, params: Params, x: Float[Array, "points features"]
) -> Float[Array, ""]:
    def scaled(params: Params, x: Array) -> Array:
        out = model(params, x)
        points, outputs = out.shape
        if loss == "squared":
            even: Array = out * (2 / (points * outputs)) ** 0.5
            return even
        shares = jax.lax.stop_gradient(jax.nn.softmax(out))
        roots = jnp.sqrt(shares)
        # Lᵀ f = s ∘ f − s (p · f)
        bent: Array = roots * (out - jnp.sum(shares * out, axis=1, keepdims=True)) / points**0.5
        return bent

    return largest_eigenvalue(scaled, params, x)
