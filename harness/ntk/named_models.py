"""Builds a model from its name and its parameters."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from harness.declare import Value, build_model, find_model
from harness.ntk.double_precision import kept
from harness.ntk.model import Model, ModelError


def build(model: str, of_model: Mapping[str, Value]) -> Model:
    """The model called `model`, "fully-connected" or `package.module:function`, with its parameters.

    Its function returns `(init, apply)`, `(init, apply, kernel)` or a `Model`. Two models are equal if name,
    parameters and the function itself are equal, so that trials of a point share compiled programs.

    Raises `UnknownExperimentError` if there is no such function, `ModelError` if it does not return a model,
    and `SwitchedOffError` if its module switches JAX's 64-bit numbers off.
    """
    with kept(model):
        key = (model, tuple(sorted(of_model.items())), find_model(model).function)
        made = build_model(model, of_model)
    return wrapped(model, made, key)


def made_by_torch(model: str, of_model: Mapping[str, Value]) -> Callable[[], Any] | None:
    """A function that makes the module anew, if the model is a module of PyTorch; else None."""
    with kept(model):
        made = build_model(model, of_model)
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(made, torch.nn.Module):
        return None
    return lambda: build_model(model, of_model)


def wrapped(name: str, made: object, key: tuple[object, ...] = ()) -> Model:
    """Wrap what a user's function made as a model with this key. Raises `ModelError` if it is not a model."""
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
