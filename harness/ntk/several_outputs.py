"""A model with any number of outputs: the same functions, called to give [points, outputs]."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from harness.ntk.model import Model, ModelError, Params, dtype_of


@dataclass(frozen=True, eq=False)
class SeveralOutputs(Model):
    """A model whose `apply` gives [points] or [points, outputs]. `several_outputs` makes it."""

    def __call__(self, params: Params, x: Float[Array, "points features"]) -> Float[Array, "points outputs"]:
        """The network's outputs at `x`, in the precision of `params`."""
        out: Any = self.apply(params, x.astype(dtype_of(params)))
        shape = getattr(out, "shape", None)
        if shape is None or len(shape) not in (1, 2) or shape[0] != x.shape[0]:
            found = f"a {type(out).__name__}" if shape is None else f"shape {shape} for {x.shape}"
            raise ModelError(self.name, "outputs [points] or [points, outputs]", found)
        outputs: Float[Array, "points outputs"] = out.reshape(x.shape[0], -1)
        return outputs


def several_outputs(model: Model) -> SeveralOutputs:
    """The model, in the form that gives all of its outputs."""
    return SeveralOutputs(model.init, model.apply, model.kernel, model.readout, model.key)


def require_outputs(
    model: Model, params: Params, x: Float[np.ndarray, "points features"], count: int
) -> None:
    """Raise `ModelError` unless the model has as many outputs as there are targets for."""
    found = jax.eval_shape(model, params, jnp.asarray(x[:1])).shape[1]
    if found != count:
        raise ModelError(model.name, f"{count} outputs, as the data have targets", f"{found}")
