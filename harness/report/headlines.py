"""The first lines of a report: what a reader must know before anything else."""

from __future__ import annotations

from harness.report.explored import explored
from harness.report.record import Record
from harness.report.regime import regimes
from harness.report.words import few_covered, overridden


def headlines(record: Record) -> list[str]:
    """One sentence each for what applies; none if nothing does.

    They state a network's regime, that little is covered, that explored seeds were read, and overrides.
    """
    few = few_covered([instance.outcome for instance in record.instances])
    regime = [line for found in regimes(record) for line in found.lines]
    return [*regime, *(line for line in (few, explored(record), *overridden(record)) if line)]
