"""An experiment's declaration as text."""

from __future__ import annotations

import textwrap
from typing import Any, get_args

import msgspec
from tabulate import tabulate

from harness.declare import Declaration


def describe(declaration: Declaration) -> str:
    """Name, meaning, parameters and quantities."""
    parameters = [
        (p.name, type_text(p.type), _default(p.default), p.about) for p in declaration.parameters.values()
    ]
    quantities = [
        (name, q.unit or "–", q.scale, f"{q.resolution:g}", q.stage or "–", q.about)
        for name, q in declaration.quantities.items()
    ]
    widths = [None, None, None, None, None, 60]
    lines = [f"{declaration.name}, version {declaration.version}", ""]
    lines += [declaration.about, ""]
    if declaration.precision:
        lines += [f"Precision: {declaration.precision}.", ""]
    lines += ["Parameters", ""]
    lines += [_indented(tabulate(parameters, ("name", "type", "default", "meaning"), **_plain(60, 4))), ""]
    lines += ["Quantities", ""]
    headers = ("name", "unit", "scale", "resolution", "stage", "meaning")
    lines += [_indented(tabulate(quantities, headers, **_plain(60, len(widths))))]
    return "\n".join(lines)


def _plain(width: int, columns: int) -> dict[str, Any]:
    return {
        "tablefmt": "plain",
        "disable_numparse": True,
        "maxcolwidths": [None] * (columns - 1) + [width],
    }


def _indented(text: str) -> str:
    return textwrap.indent(text, "  ")


def _default(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value).replace("'", '"')


def type_text(type_: Any) -> str:
    """A parameter's type in words: `int ≥ 1`, `"relu" | "erf"`."""
    metas = [meta for meta in getattr(type_, "__metadata__", ()) if isinstance(meta, msgspec.Meta)]
    base = getattr(type_, "__origin__", type_) if metas else type_
    if not isinstance(base, type):
        return " | ".join(_default(value) for value in get_args(base))
    bounds = []
    for meta in metas:
        for sign, bound in (("≥", meta.ge), (">", meta.gt), ("≤", meta.le), ("<", meta.lt)):
            if bound is not None:
                bounds.append(f"{sign} {bound:g}")
        if meta.examples:
            bounds.append("such as " + ", ".join(_default(example) for example in meta.examples))
    return " ".join([base.__name__, ", ".join(bounds)]).strip()
