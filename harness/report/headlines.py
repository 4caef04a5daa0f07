"""What must be known before anything else of a report is read: its first lines."""

from __future__ import annotations

from harness.report.explored import explored
from harness.report.record import Record
from harness.report.words import few_covered, given


def headlines(record: Record) -> list[str]:
    """That little is covered, that explored seeds were read, and what was given in place of a suite's own
    parameters; a sentence each, none where there is nothing of the kind to say."""
    few = few_covered([instance.outcome for instance in record.instances])
    return [line for line in (few, explored(record), *given(record)) if line]
