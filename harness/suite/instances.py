"""From a claim to its instances: one for each point of the axes that its predicate does not use."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from string import Formatter
from typing import Any

from harness.predicates.base import AxisUse
from harness.suite.claims import Draft, Where
from harness.suite.errors import one_of
from harness.suite.predicates import whole_numbers
from harness.suite.reader import Notes
from harness.suite.records import Axis, AxisValue, Control, Expectation, Instance, Stance
from harness.text import label_of

MAX_INSTANCES = 100_000
MAX_WHERES = 200  # each is compared with each instance

_BY_STANCE: Mapping[Stance, Expectation] = {
    "asserts": "supported",
    "disputes": "refuted",
    "asks": "open",
    "none": "open",
}


def expand(suite: str, draft: Draft, notes: Notes, room: int = MAX_INSTANCES) -> list[Instance]:
    """All instances of a claim, in the order of its axes; what `where` overrides is applied.

    None, with a note, where there are more than `room`.
    """
    claim = draft.claim
    predicate = claim.predicate
    used = predicate.axis
    kept = {
        axis.name: [v for v in axis.values if v.label in draft.at.get(axis.name, axis.by_label)]
        for axis in claim.experiment.axes.values()
    }
    spans: list[tuple[str, str, str] | None] = [None]
    over: Axis | None = None
    if used is not None and predicate.USE == "range":
        over = _range(used, draft, kept.pop(used, []), notes)
        if len(over.values) < predicate.LEAST:
            if over.values:  # else the axis itself is the mistake
                notes.add(draft.path, f"at least {predicate.LEAST} values of `{used}`", str(len(over.values)))
            return []
    elif used is not None and used in kept:
        values = kept.pop(used)
        labels = [value.label for value in values]
        if predicate.USE == "whole":
            over = Axis(used, tuple(values))
        else:
            spans = [(used, start, end) for start, end in predicate.steps(labels)]
        if not spans or (over and len(labels) < predicate.LEAST):
            notes.add(draft.path, f"at least {predicate.LEAST} values of `{used}`", str(len(labels)))
            return []
    count = len(spans)
    for remaining in kept.values():
        count *= len(remaining)
    if count > room:
        found = f"{MAX_INSTANCES - room + count:,} with those of this claim"
        notes.add(draft.path, f"at most {MAX_INSTANCES:,} instances in a suite", found)
        return []
    if len(draft.wheres) > MAX_WHERES:
        notes.add(draft.path, f"at most {MAX_WHERES:,} `where` tables", f"{len(draft.wheres):,}")
        return []
    matched = [False] * len(draft.wheres)
    instances = []
    for chosen, span in itertools.product(itertools.product(*kept.values()), spans):
        point = dict(zip(kept, chosen, strict=True))
        instances.append(_instance(suite, draft, point, span, over, matched, notes))
    for where, hit in zip(draft.wheres, matched, strict=True):
        if not hit:
            notes.add((*where.path, "at"), "values that match an instance", "none that do")
    _check_controls(draft, instances, notes)
    alike = Counter(instance.stance for instance in instances)
    return [replace(i, alike=alike[i.stance], of=len(instances)) for i in instances]


def _instance(
    suite: str,
    draft: Draft,
    point: Mapping[str, AxisValue],
    span: tuple[str, str, str] | None,
    over: Axis | None,
    matched: list[bool],
    notes: Notes,
) -> Instance:
    claim = draft.claim
    labels = {axis: value.label for axis, value in point.items()}
    if span:
        labels[span[0]] = f"{span[1]}..{span[2]}"
    stance: Stance = claim.source.stance if claim.source else "none"
    expect, because, path = draft.expect, draft.because, draft.path
    marks, control, budget = draft.marks, draft.control, draft.budget
    for index, where in enumerate(draft.wheres):
        if not _matches(where, labels):
            continue
        matched[index] = True
        path = where.path if where.expect else path
        stance = where.stance or stance
        expect = where.expect or expect
        because = because if where.because is None else where.because
        marks = marks if where.marks is None else where.marks
        control = where.control or control
        budget = budget.changed(where.path, where.seeds, where.rare)
    by_source: Expectation = "open"  # `some` and `most` say nothing of one instance
    if claim.source and claim.source.scope == "every":
        by_source = _BY_STANCE[stance]
    if expect is not None and by_source != "open" and expect not in ("open", by_source) and not because:
        expected = f"`because`: why {expect} is expected, against a source that {stance} it"
        notes.add(path, expected, "none")
    names = {**labels, **({over.name: _all_of(over, claim.predicate.USE)} if over else {})}
    says = _Sentence().vformat(claim.says, (), names)
    says += "".join(f" [{text}]" for text in claim.experiment.noted)
    return Instance(
        suite, claim, tuple(sorted((a, v.label) for a, v in point.items())), says,
        expect or by_source, because, marks, control, budget.seeds, span, over,
        budget.least(claim.alpha / claim.predicate.SHARES, notes), stance,
    )  # fmt: skip


def _range(used: str, draft: Draft, swept: list[AxisValue], notes: Notes) -> Axis:
    """The values of an axis between two ends that the predicate states, or those that are swept."""
    claim = draft.claim
    chosen = claim.predicate.points(whole_numbers(claim.experiment).get(used, False))
    if not chosen:
        return Axis(used, tuple(swept))
    if used in draft.at:
        notes.add((*draft.path, "at", used), f"no `{used}`: the predicate states its ends", "one")
    return Axis(used, tuple(AxisValue(label_of(value), value, {used: value}) for value in chosen))


def _all_of(axis: Axis, use: AxisUse) -> str:
    """The values of an axis that a predicate uses up, in a sentence."""
    labels = [value.label for value in axis.values]
    return f"{labels[0]}..{labels[-1]}" if use == "range" else ", ".join(labels)


class _Sentence(Formatter):
    """Puts values of axes into a sentence, by their whole names: `{model.width}` is an axis too."""

    def get_field(self, field_name: str, args: Any, kwargs: Mapping[str, Any]) -> Any:
        return kwargs[field_name], field_name


def _matches(where: Where, labels: Mapping[str, str]) -> bool:
    return all(labels.get(axis) in wanted for axis, wanted in where.at.items())


def _check_controls(draft: Draft, instances: list[Instance], notes: Notes) -> None:
    """An instance expected supported by a predicate that standing still might satisfy has a control."""
    if draft.claim.predicate.needs_control:
        missing = [i for i in instances if i.expect == "supported" and i.control is None]
        if missing:
            expected = 'a `control` (or "none: reason"): an instance expected supported names one'
            notes.add(draft.path, expected, f"none for {one_of(i.local_id for i in missing[:3])}")
    if not draft.claim.predicate.is_decided:
        stated = [i for i in instances if i.expect != "open"]
        if stated:
            expected = '`expect = "open"`, as without `at-most` or `at-least` it is measured only'
            path = (*draft.path, "expect") if draft.expect else draft.path
            notes.add(path, expected, f"{stated[0].expect} for {one_of(i.local_id for i in stated[:3])}")
    for instance in instances:
        control: Control | None = instance.control
        if control and control.at and control.stands_at(instance.point):
            same = control.predicate == draft.claim.predicate
            if same:
                notes.add(
                    draft.path, "a control that differs from the claim", f"itself at {instance.local_id}"
                )
