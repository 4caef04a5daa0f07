"""Turns findings into the record, and the record into text.

The *record* is one run's complete result (`record` gives its schema). Terminal and Markdown are made from a
record alone, so that `harness report RECORD` shows an old run as it was.
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
