"""Which instances fail a run, and why: what annotations, JUnit and badges have in common."""

from __future__ import annotations

from collections.abc import Mapping

from harness.report.confirmed import is_dismissed
from harness.report.excused import not_as_expected
from harness.report.findings import sentence
from harness.report.record import Record


def failing(record: Record, differs: Mapping[str, str] | None = None) -> dict[str, str]:
    """Why each instance that fails the run does, by id.

    `differs` says, by id, what is not as it was published, where the run is held against records: then that
    fails it, and nothing else.
    """
    if differs is not None:
        return dict(differs)
    return {
        instance.id: sentence(instance) for instance in not_as_expected(record) if not is_dismissed(instance)
    }
