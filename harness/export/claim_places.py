"""Where the claims of a record stand: the file of each suite, and the line of each claim in it.

A record does not say lines. A suite's file does, as long as it is the one that was run: its digest tells.
"""

from __future__ import annotations

import hashlib

from harness.disk import read
from harness.errors import UserError
from harness.export.locations import FilePlace, named_file
from harness.report.record import Record, SuiteRecord
from harness.shipped import located
from harness.suite.positions import key_positions


def claim_places(record: Record) -> dict[str, FilePlace]:
    """The place of each claim, by `suite/claim`. A suite that is gone has none, a changed one no lines."""
    suites = {suite.name: _lines(suite) for suite in record.suites}
    found: dict[str, FilePlace] = {}
    for instance in record.instances:
        file, lines = suites.get(instance.suite, ("", {}))
        name = f"{instance.suite}/{instance.claim}"
        found[name] = FilePlace(file, lines.get(instance.claim, 0)) if file else FilePlace()
    return found


def _lines(suite: SuiteRecord) -> tuple[str, dict[str, int]]:
    """The file of a suite, and the line of each claim in it."""
    try:
        path = located(suite.path)
        data = read(path)
    except (OSError, ValueError, UserError):
        return "", {}
    if hashlib.sha256(data).hexdigest() != suite.sha256:
        return named_file(path), {}
    positions = key_positions(data.decode("utf-8-sig"))
    lines = {
        str(key[1]): line for key, (line, _) in positions.items() if len(key) == 2 and key[0] == "claims"
    }
    return named_file(path), lines
