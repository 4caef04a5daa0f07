"""The record: one run's complete result.

`types`, `runs` and `kinds` define it in memory, `layout` in a file (schema 2). `writer` and `reader` convert
between the two. Files of schema 1 go through `older`, which gives today's schema.
"""

from harness.report.record.kinds import (
    LETTERS,
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
from harness.report.record.runs import (
    CommitRecord,
    CountsRecord,
    EnvironmentRecord,
    RecheckRecord,
    ShardRecord,
    SuiteRecord,
    TrackedRecord,
)
from harness.report.record.types import (
    SCHEMA_VERSION,
    ClaimRecord,
    ControlRecord,
    InstanceRecord,
    PartRecord,
    Record,
    RecordError,
    SourceRecord,
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
