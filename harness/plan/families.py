"""Families: the claims of a file that a reader takes together (`[suite] family = 0.01`).

Verdicts stay as they are, each at its own alpha. For what holds *jointly* an instance needs a smaller p-value
than its alpha; so, where it is decided, it is sampled on at the share of the family that it needs if it comes
first: the level divided by the number of instances that the file states, whatever is selected of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.plan.baselines import nobodys
from harness.plan.questions import Case
from harness.questions import Question
from harness.suite.records import Suite


def sampled_on(case: Case, suite: Suite) -> Case | None:
    """The case as it is asked for its family; None if its own seeds say it all.

    Of a boundary they do: it is searched for at its alpha. So do those of what has no statistics.
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
    """The question at another alpha, and the same share of it where it refutes."""
    if not question.has_statistics:
        return question
    return replace(question, alpha=alpha, alpha_refute=alpha * question.alpha_refute / question.alpha)


def families(cases: Sequence[Case], suites: dict[str, Suite]) -> dict[int, Case]:
    """The cases that are sampled on, by the places of those that they stand for."""
    found = {place: sampled_on(case, suites[case.instance.suite]) for place, case in enumerate(cases)}
    return {place: case for place, case in found.items() if case is not None}
