"""Showing what was found: findings go in, the record, and text made from it, come out.

The *record* is one run's complete result (`record.py` gives its schema); terminal and Markdown are made
from a record alone, so that `harness report RECORD` shows an old run as it was.
"""

from harness.report.files import read_record, write_whole
from harness.report.record import (
    SCHEMA_VERSION,
    ClaimRecord,
    InstanceRecord,
    Record,
    RecordError,
    from_json,
    to_json,
)

__all__ = [
    "SCHEMA_VERSION",
    "ClaimRecord",
    "InstanceRecord",
    "Record",
    "RecordError",
    "from_json",
    "read_record",
    "to_json",
    "write_whole",
]
