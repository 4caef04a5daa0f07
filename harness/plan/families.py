"""Families: the claims of a file that a reader takes together (`[suite] family = 0.01`).

Verdicts do not change; each has its own alpha. To hold *jointly*, an instance needs a smaller p-value than
its alpha. So after it is decided, it is sampled further, at the share of the family that it needs if it comes
first: the level divided by the number of instances in the file, whichever are selected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.plan.baselines import nobodys
from harness.plan.questions import Case
from harness.questions import Question
from harness.suite.records import Suite


def sampled_on(case: Case, suite: Suite) -> Case | None:
    """The case as it is asked for its family; None if its own seeds are enough.

    They are enough for a boundary, which is searched for at its alpha, and for questions without statistics.
    """
    if suite.family is None or case.search is not None:
        return None
    share = suite.family / len(suite.instances)
    statistical = any(question.has_statistics for question in case.questions)
    if not statistical or share >= case.instance.claim.alpha:
        return None
    questions = tuple(_at_level(question, share) for question in case.questions)
    return Case(nobodys(case.instance), questions, ())


def _at_level(question: Question, alpha: float) -> Question:
    """The question at another alpha, with the same share of it for refuting."""
    if not question.has_statistics:
        return question
    return replace(question, alpha=alpha, alpha_refute=alpha * question.alpha_refute / question.alpha)


def families(cases: Sequence[Case], suites: dict[str, Suite]) -> dict[int, Case]:
    """The cases that are sampled further, by the places of the cases to which they belong."""
    found = {place: sampled_on(case, suites[case.instance.suite]) for place, case in enumerate(cases)}
    return {place: case for place, case in found.items() if case is not None}
