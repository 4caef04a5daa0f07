"""Finds modules of users that switch off JAX's 64-bit numbers when they are imported. It imports no JAX.

`jax.config.update("jax_enable_x64", False)` applies to the whole process: kernels and solves of every later
trial would be computed in float32. So such a module is rejected every time that it is named, and 64-bit
numbers are switched on again.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SWITCHED_OFF: set[str] = set()
"""The modules that switched 64-bit numbers off when this process imported them."""


class SwitchedOffError(ValueError):
    """A module that switches JAX's 64-bit numbers off."""


@contextmanager
def kept(reference: str) -> Iterator[None]:
    """Import the module of `reference` inside this context.

    If 64-bit numbers are on before, they are on again afterwards. Raises `SwitchedOffError` if the module has
    switched them off, now or when it was first imported.
    """
    module, before = reference.partition(":")[0], _are_on()
    try:
        yield
    finally:
        if before and not _are_on():
            _SWITCHED_OFF.add(module)
            sys.modules["jax"].config.update("jax_enable_x64", True)
    if module in _SWITCHED_OFF:
        raise SwitchedOffError(
            f"{reference}: expected a module that leaves JAX's 64-bit numbers on, in which kernels are "
            f"computed and solved, found that importing {module} switches jax_enable_x64 off: delete that "
            "line (parameters, inputs and training are float32 without it)"
        )


def _are_on() -> bool:
    jax = sys.modules.get("jax")
    return jax is not None and bool(jax.config.jax_enable_x64)
