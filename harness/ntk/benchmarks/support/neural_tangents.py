"""neural-tangents as its users call it: its own networks and kernels, without code of the harness."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax

from harness.ntk import compat
from harness.ntk.architecture import Architecture

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]  # JAX leaves it untyped

StaxKernel = Callable[..., Any]
"""`kernel_fn(x1, x2, get)` of `neural_tangents.stax`."""


def kernel_function(architecture: Architecture, inputs: int) -> StaxKernel:
    """The kernel of a network of equal layers, not compiled.

    Raises `MissingLibraryError` if neural-tangents is missing, as `compat.load` does.
    """
    compat.load()
    from neural_tangents import stax

    activations = {"relu": stax.Relu, "erf": stax.Erf, "gelu": stax.Gelu, "identity": stax.Identity}
    layers = []
    for number in range(architecture.hidden + 1):
        w_std, b_std = architecture.scales(number, architecture.width if number else inputs)
        layers += [activations[architecture.activation]()] if number else []
        layers += [stax.Dense(architecture.width, w_std, b_std)]
    kernel: StaxKernel = stax.serial(*layers)[2]
    return kernel
