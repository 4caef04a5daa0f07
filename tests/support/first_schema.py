"""Records as files of schema 1 have them: facts stand with every instance, and values of axes are text."""

from __future__ import annotations

from typing import Any

import msgspec

from harness.report import Record
from harness.text import label_of


def first_schema(record: Record) -> dict[str, Any]:
    """What the JSON of schema 1 says of a record."""
    data: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record))
    data["schema_version"] = 1
    for instance in data["instances"]:
        for name in ("suite", "kind", "exchanged", "claim_says"):
            del instance[name]
        instance["point"] = _labels(instance["point"])
        parts = list(instance["parts"])
        if instance["control"] is not None:
            instance["control"]["at"] = _labels(instance["control"]["at"])
            parts += instance["control"]["parts"]
        for part in parts:
            del part["exchanged"]
    for claim in data["claims"]:
        del claim["suite"], claim["claim"]
    return data


def _labels(values: dict[str, Any]) -> dict[str, str]:
    return {axis: label_of(value) for axis, value in values.items()}
