"""From the name of a model and its parameters to the model."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.ntk.architecture import Architecture
from harness.ntk.fully_connected import fully_connected
from harness.ntk.model import Model, ModelError

FULLY_CONNECTED = "fully-connected"


def build(model: str, parameters: Mapping[str, Any]) -> Model:
    """The model called `model`: "fully-connected", or what `package.module:function` makes of `parameters`.

    The function returns `(init, apply)`, `(init, apply, kernel)` or a `Model`. Two models are equal if
    reference, parameters and the function itself are, so that trials of a point share compiled programs.

    Raises `ModelError` where there is no such function, or what it returns is no model.
    """
    if model == FULLY_CONNECTED:
        return fully_connected(Architecture(**parameters))
    module, _, name = model.partition(":")
    function = getattr(importlib.import_module(module), name, None)
    if not callable(function):
        found = "nothing of that name" if function is None else f"a {type(function).__name__}"
        raise ModelError(model, f"a function {name} in the module {module}", found)
    return wrapped(model, function(**parameters), (model, tuple(sorted(parameters.items())), function))


def wrapped(name: str, made: object, key: tuple[object, ...] = ()) -> Model:
    """What a user's function made, as a model with this key. Raises `ModelError` where it is none."""
    if isinstance(made, tuple) and len(made) in (2, 3):
        made = Model(*made)
    if not isinstance(made, Model):
        what = f"a tuple of {len(made)}" if isinstance(made, tuple) else f"a {type(made).__name__}"
        raise ModelError(name, "(init, apply), (init, apply, kernel) or a Model", what)
    for role in ("init", "apply", "kernel", "readout"):
        part = getattr(made, role)
        if not (callable(part) or (part is None and role in ("kernel", "readout"))):
            raise ModelError(name, f"a function {role}", f"a {type(part).__name__}")
    return replace(made, key=key)
