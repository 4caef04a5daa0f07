"""What must be known before anything else of a report is read: its first lines."""

from __future__ import annotations

from harness.report.explored import explored
from harness.report.record import Record
from harness.report.regime import regimes
from harness.report.words import few_covered, overridden


def headlines(record: Record) -> list[str]:
    """In which regime a network is, that little is covered, that explored seeds were read, and what was given
    instead of a suite's own parameters; a sentence each, none where there is nothing of the kind to say."""
    few = few_covered([instance.outcome for instance in record.instances])
    regime = [line for found in regimes(record) for line in found.lines]
    return [*regime, *(line for line in (few, explored(record), *overridden(record)) if line)]
