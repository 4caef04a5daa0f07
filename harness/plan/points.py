"""The points of a boundary at which one trial is measured: the first that a run visits, or a named one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from harness.plan.questions import Case
from harness.questions import BoundarySearch, Question
from harness.suite.select import SelectionError


def asked_at(case: Case, at: Mapping[str, object]) -> tuple[Question, ...]:
    """The questions that a case asks whatever the others say.

    For a boundary along an axis that `at` names, and for its control's, these are the questions at that
    value. Raises `SelectionError` for a value that is not a point of the boundary.
    """
    if case.search is None or case.search.axis not in at:
        return case.first_asked
    place = _place(case, case.search, at[case.search.axis])
    chosen: Sequence[Question] = () if case.control_search is None else case.control[place : place + 1]
    return (case.questions[place], *chosen)


def about_points(case: Case, at: Mapping[str, object]) -> str:
    """Which point of a boundary is shown, and how to see another; '' for any other claim."""
    search = case.search
    if search is None:
        return ""
    points = f"{len(search.at)} points along {search.axis} that a run may visit ({_listed(search)})"
    other = f"{search.axis}=VALUE shows another"
    if search.axis in at:
        return f"{case.instance.id}: of {points}, the trials at {search.axis}={at[search.axis]}; {other}"
    return (
        f"{case.instance.id}: of {points}, the trials at the first, {search.axis}={search.at[0]:g}, from "
        f"whose verdict the next follows; {other}"
    )


def _place(case: Case, search: BoundarySearch, value: object) -> int:
    found = next((place for place, at in enumerate(search.at) if at == value), None)
    if found is None:
        expected = f"expected {search.axis} at one of the points of its boundary, {_listed(search)}"
        raise SelectionError(f"{case.instance.id}: {expected}; found {value}")
    return found


def _listed(search: BoundarySearch) -> str:
    return ", ".join(f"{at:g}" for at in search.at)
