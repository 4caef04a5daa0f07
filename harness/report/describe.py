"""The declaration of an experiment or a benchmark as text."""

from __future__ import annotations

import textwrap
from typing import Any, get_args

import msgspec

from harness.declare import Declaration, Parameter, Quantity

WIDTH = 100
"""Columns of the text: what a terminal next to an editor has."""


def describe(declaration: Declaration) -> str:
    """Name, meaning, parameters and quantities."""
    lines = [f"{declaration.name}, version {declaration.version}", "", declaration.about, ""]
    if declaration.precision:
        lines += [f"Precision: {declaration.precision}.", ""]
    if declaration.repeatable.because:
        lines += [f"Does not repeat: {declaration.repeatable.because}.", ""]
    elif declaration.repeatable.tolerance:
        lines += [f"Repeats within {declaration.repeatable.tolerance:g} of each number.", ""]
    if declaration.block:
        lines += [f"Measures up to {declaration.block} seeds in one call.", ""]
    lines.append("Parameters")
    for parameter in declaration.parameters.values():
        lines += _entry(parameter.name, _domain(parameter), parameter.about)
    if declaration.quantities:
        lines += ["", "Quantities (each is measured in a stage of the trial, and fails with it)"]
    for name, quantity in declaration.quantities.items():
        lines += _entry(name, _measure(quantity), quantity.about)
    return "\n".join(lines)


def _entry(name: str, facts: str, about: str) -> list[str]:
    wrapped = textwrap.wrap(about, WIDTH, initial_indent="      ", subsequent_indent="      ")
    return [f"  {name}: {facts}", *wrapped]


def _domain(parameter: Parameter) -> str:
    return f"{type_text(parameter.type)}; {_literal(parameter.default)} unless given"


def _measure(quantity: Quantity) -> str:
    unit = f" of {quantity.unit}" if quantity.unit else ""
    stage = f", stage {quantity.stage}" if quantity.stage else ""
    return f"{quantity.scale} scale{unit}, resolution {quantity.resolution:g}{stage}"


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def type_text(type_: Any) -> str:
    """A parameter's type in words: `int ≥ 1`, `"relu" | "erf"`."""
    metas = [meta for meta in getattr(type_, "__metadata__", ()) if isinstance(meta, msgspec.Meta)]
    base = getattr(type_, "__origin__", type_) if metas else type_
    if not isinstance(base, type):
        return " | ".join(_literal(value) for value in get_args(base))
    bounds = []
    for meta in metas:
        for sign, bound in (("≥", meta.ge), (">", meta.gt), ("≤", meta.le), ("<", meta.lt)):
            if bound is not None:
                bounds.append(f"{sign} {bound:g}")
        if meta.examples:
            bounds.append("such as " + ", ".join(_literal(example) for example in meta.examples))
    return " ".join([base.__name__, ", ".join(bounds)]).strip()
