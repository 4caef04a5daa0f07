"""The declaration of an experiment, a benchmark or a model as text."""

from __future__ import annotations

import textwrap
from typing import Any, Literal, get_args, get_origin

import msgspec

from harness.declare import Declaration, Parameter, Quantity, model_names, reference_of

WIDTH = 100
"""Columns of the text: the width of a terminal next to an editor."""


def describe(declaration: Declaration) -> str:
    """Name, meaning, parameters and quantities."""
    lines = [title(declaration), "", declaration.about, ""]
    if declaration.precision:
        lines += [f"Precision: {declaration.precision}.", ""]
    if declaration.repeatable.because:
        lines += [f"Does not repeat: {declaration.repeatable.because}.", ""]
    elif declaration.repeatable.tolerance:
        lines += [f"Repeats within {declaration.repeatable.tolerance:g} of each number.", ""]
    if declaration.block:
        lines += [f"Measures up to {declaration.block} seeds in one call.", ""]
    if declaration.takes_stages:
        lines += ["Measures each of its stages without the others: what no claim reads is not computed.", ""]
    lines.append("Parameters")
    for parameter in declaration.parameters.values():
        lines += _entry(parameter.name, _domain(parameter), parameter.about)
    if declaration.takes_model:
        default = declaration.defaults()["model"]
        lines += [f"  and those of its model: `harness describe {default}` shows those of the default"]
    if declaration.quantities:
        lines += ["", "Quantities (each is measured in a stage of the trial, and fails with it)"]
    for name, quantity in declaration.quantities.items():
        lines += _entry(name, _measure(quantity), quantity.about)
    return "\n".join(lines)


def title(declaration: Declaration) -> str:
    """`ntk.kernel, version 1`, or a model's name."""
    if declaration.kind == "model":
        return f"{declaration.name}, a model"
    return f"{declaration.name}, version {declaration.version}"


def _entry(name: str, facts: str, about: str) -> list[str]:
    wrapped = textwrap.wrap(about, WIDTH, initial_indent="      ", subsequent_indent="      ")
    return [f"  {name}: {facts}", *wrapped]


def _domain(parameter: Parameter) -> str:
    return f"{type_text(parameter.type)}; {_literal(parameter.default)} unless given"


def _measure(quantity: Quantity) -> str:
    unit = f" of {quantity.unit}" if quantity.unit else ""
    stage = f", stage {quantity.stage}" if quantity.stage else ""
    same = ", the same on every seed" if quantity.deterministic else ""
    return f"{quantity.scale} scale{unit}, resolution {quantity.resolution:g}{stage}{same}"


def _literal(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def type_text(type_: Any) -> str:
    """A parameter's type in words: `int ≥ 1`, `"relu" | "erf"`."""
    metas = getattr(type_, "__metadata__", ())
    base = type_.__origin__ if metas else type_
    if get_origin(base) is Literal:
        return " | ".join(_literal(value) for value in get_args(base))
    reference = reference_of(type_)
    bounds = []
    if reference is not None and reference.kind == "model":
        bounds.append("such as " + ", ".join(map(_literal, model_names())))
    for meta in (meta for meta in metas if isinstance(meta, msgspec.Meta)):
        for sign, bound in (("≥", meta.ge), (">", meta.gt), ("≤", meta.le), ("<", meta.lt)):
            if bound is not None:
                bounds.append(f"{sign} {bound:g}")
        if meta.examples:
            bounds.append("such as " + ", ".join(_literal(example) for example in meta.examples))
    names = " | ".join(each.__name__ for each in get_args(base) or (base,))
    return " ".join([names, ", ".join(bounds)]).strip()
