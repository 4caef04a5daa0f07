"""The finding about an instance beside its expectation, in words, for all reports.

A verdict may be the expected one while the outcome is not as expected: then the control or the time is the
cause.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.report.record import ControlRecord, InstanceRecord, PartRecord

_FINE = ("as-expected", "measured")


def sentence(instance: InstanceRecord) -> str:
    """`expected supported, found refuted`, or `supported as expected, but its control …`."""
    if instance.verdict == instance.expect:
        return found(instance)
    if instance.expect == "open":
        return f"nothing expected, found {instance.verdict}"
    return f"expected {instance.expect}, found {instance.verdict}"


def verdict(instance: InstanceRecord) -> str:
    """The verdict, and what is wrong with it, without the expectation."""
    but = trouble(instance)
    return f"{instance.verdict}, but {but}" if but else instance.verdict


def found(instance: InstanceRecord) -> str:
    """The verdict. If it is the expected one, this says so, and why the outcome may still be another."""
    if instance.verdict != instance.expect:
        return instance.verdict
    but = trouble(instance)
    return f"{instance.verdict} as expected" + (f", but {but}" if but else "")


def trouble(instance: InstanceRecord) -> str:
    """What is wrong with an instance whose verdict is the expected one; '' if nothing is."""
    if instance.verdict != instance.expect or instance.outcome in _FINE:
        return ""
    control = instance.control
    if control is None:
        return f"the outcome is {instance.outcome}"
    if instance.outcome == "vacuous":
        return "so is its control: the claim excludes nothing at this margin"
    if instance.outcome == "not-run":
        return "the time budget was spent before its control was decided"
    if instance.outcome == "inconclusive":
        return f"its control is undecided{_seeds(control)}{_reasons(control, 'inconclusive')}"
    known = {"error": "its control is an error", "not-covered": "its control is not covered"}
    said = known.get(instance.outcome, f"the outcome is {instance.outcome}, its control {control.verdict}")
    return f"{said}{_reasons(control, control.verdict)}"


def why_not_covered(instance: InstanceRecord) -> str:
    """Why an instance is not covered: the claim's reason, or its control's."""
    return instance.reason if instance.verdict == "not-covered" else found(instance)


def grouped_by_reason(instances: Sequence[InstanceRecord]) -> list[tuple[InstanceRecord, ...]]:
    """The instances in their order, with those that are errors for the same reason together.

    A mistake in a module is one mistake, even if many instances run into it.
    """
    groups: dict[tuple[str, str], list[InstanceRecord]] = {}
    for instance in instances:
        key = ("error", instance.reason) if instance.verdict == "error" else ("", instance.id)
        groups.setdefault(key, []).append(instance)
    return [tuple(group) for group in groups.values()]


def first_ids(instances: Sequence[InstanceRecord], most: int = 1) -> str:
    """`a`, or `a, b and 7 more`: the ids of the first instances, and how many others there are."""
    ids = [instance.id for instance in instances]
    if len(ids) <= most:
        return ", ".join(ids)
    return f"{', '.join(ids[:most])} and {len(ids) - most} more"


def undecided(control: ControlRecord) -> Sequence[PartRecord]:
    """The parts of a control that their budget did not decide."""
    return [part for part in control.parts if part.verdict == "inconclusive"]


def _seeds(control: ControlRecord) -> str:
    budgets = sorted({part.budget for part in undecided(control)})
    return f" within {' or '.join(map(str, budgets))} seeds" if budgets else ""


def _reasons(control: ControlRecord, verdict: str) -> str:
    """Why the parts have this verdict. A log is cut to the line that names the error."""
    reasons = [_last_line(part.reason) for part in control.parts if part.verdict == verdict]
    told = "; ".join(dict.fromkeys(reason for reason in reasons if reason))
    return f": {told}" if told else ""


def _last_line(text: str) -> str:
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")
