"""The labels of a figure's axes: the quantity or parameter, and its unit."""

from __future__ import annotations

import re

from harness.declare import UnknownExperimentError, find, is_reference, signature_of
from harness.report.record import InstanceRecord
from harness.text import printable

LONGEST = 44
"""The most characters of an axis's label: about what fits below a column's panel."""


def quantity_label(instance: InstanceRecord) -> str:
    """The quantity and the unit of an instance's numbers: `a.error relative to b.error (%)`."""
    of, along = _quantities(instance), _named(instance, "along") or _named(instance, "against")
    first, second = of[0], of[-1]
    unit = quantity_unit(instance)
    if instance.boundary is not None:
        return f"{along} where {first} crosses its bound"
    match instance.unit:
        case "ratio" if len(of) == 2 and along:
            return f"change of {first} along {along}, relative to that of {second} (%)"
        case "ratio" if len(of) == 2:
            return f"{first} relative to {second} (%)"
        case "ratio":
            return f"change of {first} along {along} (%)"
        case "difference" if len(of) == 2 and along:
            return with_unit(f"change of {first} along {along}, less that of {second}", unit)
        case "difference" if len(of) == 2:
            return with_unit(f"{first} − {second}", unit)
        case "difference":
            return with_unit(f"change of {first} along {along}", unit)
        case "speed-up":
            return f"seconds of {second} / seconds of {first} (×)"
        case "exponent":
            return f"exponent of {first} in {along}"
        case "violation":
            return f"violation of {' and '.join(of)} (tolerances)"
        case _:
            return with_unit(first, unit)


def law_label(instance: InstanceRecord) -> str:
    """What a power law or a boundary measures along its axis."""
    return with_unit(_quantities(instance)[0], quantity_unit(instance))


def axis_label(instance: InstanceRecord, axis: str) -> str:
    """An axis, and what the experiment says about it if that is short: `width: neurons of a hidden layer`."""
    said = ""
    for trials in instance.trials[:1]:
        # A reference is a user's code, and showing a record must not run it.
        if not is_reference(trials.experiment):
            try:
                parameters = signature_of(find(trials.experiment), trials.params).parameters
            except UnknownExperimentError:
                continue
            said = parameters[axis].about if axis in parameters else ""
            said = re.split(r"[;,(:.]", said)[0].strip()
    label = f"{axis}: {said}" if said else axis
    return printable(label if len(label) <= LONGEST else axis)


def quantity_unit(instance: InstanceRecord) -> str:
    """The unit of the quantities. An older record lacks it, and gets the unit that this package declares."""
    if instance.quantity_unit:
        return instance.quantity_unit
    units = set()
    for trials in instance.trials:
        if is_reference(trials.experiment):
            return ""
        try:
            declared = find(trials.experiment).quantities
        except UnknownExperimentError:
            return ""
        units |= {declared[name].unit if name in declared else "" for name in trials.quantities}
    return units.pop() if len(units) == 1 else ""


def with_unit(text: str, unit: str) -> str:
    """`text (unit)`, or the text alone without a unit."""
    return f"{text} ({unit})" if unit else text


def _quantities(instance: InstanceRecord) -> list[str]:
    """The quantities or benchmarks that the claim names, at least one."""
    table = instance.toml.get(instance.kind)
    of = table.get("of") if isinstance(table, dict) else None
    names = of if isinstance(of, list | tuple) else [of] if isinstance(of, str) else []
    return [str(name) for name in names] or [instance.claim]


def _named(instance: InstanceRecord, key: str) -> str:
    table = instance.toml.get(instance.kind)
    found = table.get(key, "") if isinstance(table, dict) else ""
    return str(found)
