"""A network as JAX libraries represent it, and what the harness computes from this alone.

A *model* is what `neural_tangents.stax` returns, or its first two functions:

    init(key, input_shape) → (output_shape, params)     input_shape is (-1, features)
    apply(params, x) → [points] or [points, 1]          x is [points, features], flat; several outputs,
                                                        [points, outputs], are for `Model.all_outputs`
    kernel(x1, x2, get) → .nngp, .ntk                   of the infinitely wide network, if it is known

`params` are any pytree whose leaves are floating-point arrays. Every such leaf is a parameter. The harness
casts them to float32 when they are drawn, and inputs to the type of the parameters. It computes the network's
own tangent kernel from `apply`, by Jacobians, and its largest eigenvalue (`harness.ntk.tangent`).
`harness.ntk.model_checks` lists what a model must not do.

A fully connected network has faster ways to the same: `harness.ntk.fully_connected`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from harness.declare import NotCovered
from harness.ntk import tangent
from harness.ntk.first_layer import FirstLayer
from harness.ntk.jacobian import jacobian_ntk

# Networks specify float32 themselves; kernels and solves need float64. JAX leaves its configuration untyped.
jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]

Params = Any
"""A pytree of floating-point arrays."""

Rows = Float[np.ndarray, "rows features"]
Columns = Float[np.ndarray, "columns features"]
Kernel = Float[np.ndarray, "rows columns"]


class ModelError(ValueError):
    """A model that cannot be used.

    The message says what was expected, for which model, and what was found.
    """

    def __init__(self, model: str, expected: str, found: str) -> None:
        super().__init__(f"model {model!r}: expected {expected}, found {found}")
        self.expected, self.found = expected, found


@dataclass(frozen=True, eq=False)
class Model:
    """A network: how it is drawn, what it computes and, where known, its infinitely wide kernel.

    init, apply, kernel: as above. `kernel` is None if no analytic kernel is known; quantities that need it
        are then not covered. A Gram matrix is asked for with `x2=None`.
    readout: params → the same pytree with a bool for each leaf, true for those of the last layer, in which
        `apply` is affine. None if the model has no such leaves.
    key: what makes two models equal, so that they share compiled programs: the reference, its parameters and
        the function that made the model. If it is left out, models of the same functions are equal.

    A model is callable: `model(params, x)` are its outputs, [points].
    """

    init: Callable[[PRNGKeyArray, tuple[int, ...]], tuple[Any, Params]]
    apply: Callable[[Params, Array], Array]
    kernel: Callable[..., Any] | None = None
    readout: Callable[[Params], Any] | None = None
    key: tuple[object, ...] = ()

    @property
    def name(self) -> str:
        """The reference by which the model was made, or else its function's name."""
        return str(self.key[0] if self.key else getattr(self.apply, "__qualname__", self.apply))

    def _identity(self) -> tuple[object, ...]:
        return self.key or (self.init, self.apply, self.kernel, self.readout)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def draw(self, key: PRNGKeyArray, features: int) -> Params:
        """Random parameters for inputs with `features` features, float32.

        Raises `ModelError`, naming the leaf, if one is not a floating-point array.
        """
        _, params = self.init(key, (-1, features))
        for path, leaf in jax.tree_util.tree_leaves_with_path(params):
            if not jnp.issubdtype(getattr(leaf, "dtype", type(leaf)), jnp.floating):
                expected = "parameters that are floating-point arrays (no integers, keys or statistics)"
                raise ModelError(self.name, expected, f"{_described(leaf)} at {_place(path)}")
        return cast(params, jnp.float32)

    def __call__(self, params: Params, x: Float[Array, "points features"]) -> Float[Array, " points"]:
        """The network's outputs at `x`, in the precision of `params`."""
        out = self.apply(params, x.astype(dtype_of(params)))
        if out.shape not in ((x.shape[0],), (x.shape[0], 1)):
            raise ModelError(self.name, "outputs [points] or [points, 1]", f"shape {out.shape} for {x.shape}")
        return out.reshape(x.shape[0])

    def all_outputs(
        self, params: Params, x: Float[Array, "points features"]
    ) -> Float[Array, "points outputs"]:
        """The outputs of a network with one or several outputs, in the precision of `params`."""
        out = self.apply(params, x.astype(dtype_of(params)))
        if out.ndim not in (1, 2) or out.shape[0] != x.shape[0]:
            expected = "outputs [points] or [points, outputs]"
            raise ModelError(self.name, expected, f"shape {out.shape} for {x.shape}")
        return out.reshape(x.shape[0], -1)

    def tangent_kernel(self, params: Params, x1: Rows, x2: Columns | None = None) -> Kernel:
        """The network's own tangent kernel between `x1` and `x2` (or `x1` and itself), in float64."""
        return jacobian_ntk(self, cast(params, jnp.float64), x1, x2)

    def largest_eigenvalue(self, params: Params, x: Float[Array, "points features"]) -> Float[Array, ""]:
        """λ_max of the network's own tangent kernel: gradient descent on ½Σr² is stable below 2/λ_max."""
        return tangent.largest_eigenvalue(self, cast(params, jnp.float64), x)

    def first_layer(self, params: Params, x: Float[Array, "points features"]) -> FirstLayer | None:
        """The network as a function of its first layer's pre-activations at `x`, if training is faster so.

        None if it is not faster, or if the first layer is unknown.
        """
        return None

    def analytic(self, x1: Rows, x2: Columns | None = None) -> tuple[Kernel, Kernel]:
        """The NNGP and the NTK of the infinitely wide network, float64.

        Raises `NotCovered` if the model has no kernel, or none for one of its parts.
        """
        if self.kernel is None:
            raise NotCovered(f"model {self.name}: no analytic kernel is known of it")
        first = jnp.asarray(x1, dtype=jnp.float64)
        second = None if x2 is None else jnp.asarray(x2, dtype=jnp.float64)
        try:
            found = _analytic(self, first, second)
        except NotImplementedError as error:
            raise NotCovered(f"model {self.name}: its kernel is not implemented: {error}") from error
        shape = (len(x1), len(x1 if x2 is None else x2))
        for which, matrix in zip(("nngp", "ntk"), found, strict=True):
            if matrix.shape != shape:
                raise ModelError(self.name, f"a kernel whose {which} is {shape}", f"shape {matrix.shape}")
        nngp, ntk = (np.asarray(matrix, dtype=np.float64) for matrix in found)
        return nngp, ntk


def cast(params: Params, dtype: Any) -> Params:
    """The same parameters in another precision."""
    return jax.tree.map(lambda leaf: jnp.asarray(leaf).astype(dtype), params)


def dtype_of(params: Params) -> Any:
    """The common type of the parameters."""
    return jnp.result_type(*jax.tree.leaves(params))


# Compiled once for all equal models: a stax kernel takes 2.5 s if it runs operation by operation.
@partial(jax.jit, static_argnames="model")
def _analytic(model: Model, x1: Array, x2: Array | None) -> tuple[Array, Array]:
    assert model.kernel is not None
    found = model.kernel(x1, x2, ("nngp", "ntk"))
    return found.nngp, found.ntk


def _described(leaf: object) -> str:
    dtype = getattr(leaf, "dtype", None)
    return f"a {type(leaf).__name__}" if dtype is None else f"{dtype}{list(getattr(leaf, 'shape', ()))}"


def _place(path: tuple[Any, ...]) -> str:
    return f"params{jax.tree_util.keystr(path)}"
