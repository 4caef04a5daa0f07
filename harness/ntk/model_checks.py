"""Checks of what a model must not do, run before it is trained.

    float64 inside    `apply` is traced for float32 parameters and inputs; no operation may give float64
    rows mixed        each output depends on its own row: beside another neighbour, in another order, in
                      another number, and in the same call again, in float64 under jit, to 1e-9
    readout           the outputs are affine in the leaves that the model gives as its last layer
    habits            `harness.ntk.model_habits`

Tangent kernels are computed one row at a time, so a network that mixes rows would get a wrong kernel.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from harness.declare import NotCovered
from harness.declare.blame import one_line
from harness.ntk.fully_connected import FullyConnected
from harness.ntk.model import Model, ModelError, Params, cast
from harness.ntk.model_habits import require_no_statistics, require_nothing_drawn
from harness.ntk.programs import equations
from harness.ntk.tangent import Moving

SAME = 1e-9
"""Relative tolerance. The same row computed in another batch differs by 1e-16 to 5e-15 in float64 (up to
2.5e-6 in float32, which is therefore not used); a network that mixes rows differs by 1e-3 and more."""

CURVED = 1e-9
"""Relative second difference of the outputs: 4e-16 if they are affine, 0.03 to 0.32 if the leaves are not the
last layer's (five networks)."""

RowOutputs = Float[np.ndarray, "points *outputs"]

_SOUND: set[tuple[Model, int]] = set()
"""The models that passed the checks in this process, each with its number of input features."""

_OURS = f"{Path(__file__).parents[1]}{os.sep}"
_FLOAT64 = (
    "neural-tangents' Conv and the like multiply by a NumPy float64: give W_std as "
    "`harness.ntk.compat.PlainFloat(1.5)`; write constants as Python floats or in the type of the parameters"
)


def require_sound(model: Model, key: PRNGKeyArray, x: Float[np.ndarray, "points features"]) -> None:
    """Raise `ModelError` if the model breaks a rule of this module. Each model is checked once in a process.

    It must not compute in float64, mix rows, draw random numbers, or have running statistics among its
    parameters. `x` are at least three points, of which the first three are used; `key` draws the parameters.
    """
    checked = model, x.shape[1]
    if isinstance(model, FullyConnected) or checked in _SOUND:
        return
    params = model.draw(key, x.shape[1])
    require_float32(model, params, jnp.asarray(x))
    require_rows_apart(model, params, jnp.asarray(x[:3]))
    require_no_statistics(model, params, jnp.asarray(x[:3]))
    _SOUND.add(checked)


def require_float32(model: Model, params: Params, x: Array) -> None:
    """Raise `ModelError`, with file and line, if float32 parameters and inputs give float64 inside."""
    expected = "float32 throughout, of float32 parameters and inputs"
    try:
        program = jax.make_jaxpr(model)(cast(params, jnp.float32), x.astype(jnp.float32))
    except ModelError:
        raise
    except Exception as error:  # the user's function may raise anything
        hint = f"; {_FLOAT64}" if "float64" in str(error) else ""
        raise ModelError(model.name, "apply to be traced by JAX", f"{one_line(error)}{hint}") from error
    require_nothing_drawn(model, params, x)  # drawing gives float64 itself
    for equation in equations(program.jaxpr):
        if any(getattr(out.aval, "dtype", None) == jnp.float64 for out in equation.outvars):
            found = f"float64 from {equation.primitive.name} ({_line(equation)}); {_FLOAT64}"
            raise ModelError(model.name, expected, found)


def require_rows_apart(model: Model, params: Params, x: Float[Array, "three features"]) -> None:
    """Raise `ModelError`, with the reason, unless each output depends only on its own row."""
    precise, rows = cast(params, jnp.float64), x.astype(jnp.float64)

    def outputs(order: list[int]) -> RowOutputs:
        # This is a new function each time, so that it is traced anew. A random number drawn during tracing
        # would otherwise be the same in every call of one program.
        def anew(params: Params, x: Array) -> Array:
            return model(params, x)

        return np.asarray(jax.jit(anew)(precise, rows[jnp.asarray(order)]))

    try:
        pair = outputs([0, 1])
        found = (
            (outputs([0, 1]), pair, "that change when the same call is repeated: is dropout left on?"),
            (outputs([0, 2])[:1], pair[:1], "that depend on the other rows: batch normalisation?"),
            (outputs([1, 0])[::-1], pair, "that depend on the position of a row: is dropout left on?"),
            (outputs([0, 1, 2])[:2], pair, "that depend on the number of rows"),
        )
    except ModelError:
        raise
    except Exception as error:
        expected = "apply to be compiled by JAX in float64"
        raise ModelError(model.name, expected, one_line(error)) from error
    scale = np.max(np.abs(pair))
    for now, then, what in found:
        if not np.max(np.abs(now - then)) <= SAME * scale:
            gap = np.max(np.abs(now - then)) / scale if scale else np.inf
            raise ModelError(
                model.name, "outputs that each depend on their own row alone", f"outputs {what} ({gap:.1e})"
            )


def readout_leaves(model: Model, params: Params, x: Float[Array, "points features"]) -> Moving:
    """The leaves of the last layer, as the model gives them.

    Raises `NotCovered` if it gives none, and `ModelError` if the outputs are not affine in them.
    """
    if model.readout is None:
        raise NotCovered(f"model {model.name}: it does not say which parameters are its last layer's")
    given, structure = jax.tree.flatten(model.readout(params))
    wanted = jax.tree.structure(params)
    expected = "a readout with true or false for each parameter, true for some"
    if str(structure) != str(wanted):
        raise ModelError(model.name, expected, f"{structure} for parameters {wanted}")
    moving = Moving(tuple(bool(leaf) for leaf in given))
    if not any(moving.leaves):
        raise ModelError(model.name, expected, "true for none")
    bend = second_difference(model, params, x, moving)
    if not bend <= CURVED:
        found = f"a second difference of {bend:.1e} of the first: they are not the last layer's"
        raise ModelError(model.name, "outputs that are affine in the parameters of its readout", found)
    return moving


def second_difference(model: Model, params: Params, x: Array, moving: Moving) -> float:
    """‖f(θ + 2d) − 2 f(θ + d) + f(θ)‖ / ‖f(θ + d) − f(θ)‖ for a random d of the moving leaves.

    d is as large as parameters are. The result is NaN if d does not change the outputs.
    """
    precise, x = cast(params, jnp.float64), x.astype(jnp.float64)
    leaves = jax.tree.leaves(precise)
    keys = jax.random.split(jax.random.key(0), len(leaves))
    step = [
        jax.random.normal(key, leaf.shape, jnp.float64) * (1 + jnp.sqrt(jnp.mean(leaf**2)))
        for key, leaf in zip(keys, leaves, strict=True)
    ]
    taken = np.array(moving.leaves, dtype=np.float64)
    zero, one, two = (
        np.asarray(_along(model, precise, step, jnp.asarray(times * taken), x)) for times in range(3)
    )
    first = float(np.linalg.norm(one - zero))
    return float(np.linalg.norm(two - 2 * one + zero)) / first if first else float("nan")


@partial(jax.jit, static_argnames="model")
def _along(model: Model, params: Params, step: list[Array], times: Array, x: Array) -> Array:
    """The outputs after each leaf has moved by `times` steps. One program serves all leaves."""
    leaves, structure = jax.tree.flatten(params)
    moved = [leaf + t * d for leaf, t, d in zip(leaves, times, step, strict=True)]
    out: Array = model(jax.tree.unflatten(structure, moved), x)
    return out


def _line(equation: Any) -> str:
    """`FILE, line N` of an operation, in the user's code if possible, else in its library."""
    traceback = equation.source_info.traceback
    frames = [] if traceback is None else list(traceback.frames)
    jax_folder = f"{Path(jax.__file__).parent}{os.sep}"
    outside = [f for f in frames if not f.file_name.startswith((jax_folder, _OURS, "<"))]
    installed = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
    edited = [f for f in outside if not any(folder in f.file_name for folder in installed)]
    return next((f"{f.file_name}, line {f.line_num}" for f in edited + outside), "unknown place")
