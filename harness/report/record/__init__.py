"""The record: one run's complete result.

`types` and `kinds` say what it is in memory, `layout` how it stands in a file (schema 2). `writer` and
`reader` go from one to the other; what is of schema 1 goes through `older`, and is of today's from there on.
"""

from harness.report.record.kinds import (
    BoundaryRecord,
    ComparisonRecord,
    ConfirmationRecord,
    FamilyRecord,
    FitRecord,
    MapRecord,
    QuantityRecord,
    Side,
    StraightnessRecord,
    TimingRecord,
)
from harness.report.record.reader import DEEPEST, deeper, from_json, head_of
from harness.report.record.types import (
    LETTERS,
    SCHEMA_VERSION,
    ClaimRecord,
    CommitRecord,
    ControlRecord,
    CountsRecord,
    EnvironmentRecord,
    InstanceRecord,
    PartRecord,
    RecheckRecord,
    Record,
    RecordError,
    ShardRecord,
    SourceRecord,
    SuiteRecord,
    TrackedRecord,
    TrialsRecord,
    Versioned,
)
from harness.report.record.writer import to_json

__all__ = [
    "DEEPEST",
    "LETTERS",
    "SCHEMA_VERSION",
    "BoundaryRecord",
    "ClaimRecord",
    "CommitRecord",
    "ComparisonRecord",
    "ConfirmationRecord",
    "ControlRecord",
    "CountsRecord",
    "EnvironmentRecord",
    "FamilyRecord",
    "FitRecord",
    "InstanceRecord",
    "MapRecord",
    "PartRecord",
    "QuantityRecord",
    "RecheckRecord",
    "Record",
    "RecordError",
    "ShardRecord",
    "Side",
    "SourceRecord",
    "StraightnessRecord",
    "SuiteRecord",
    "TimingRecord",
    "TrackedRecord",
    "TrialsRecord",
    "Versioned",
    "deeper",
    "from_json",
    "head_of",
    "to_json",
]
