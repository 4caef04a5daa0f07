"""What docs/compatibility.md promises of files that another version wrote or will write."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from first_schema import first_schema

from harness.measure import Store, StoreError
from harness.measure.store import SCHEMA
from harness.report import SCHEMA_VERSION, Record, RecordError, from_json, read_record, to_json
from harness.report.brief import brief
from harness.report.markdown import markdown
from harness.report.terminal import terminal
from harness.suite import SuiteError, load

PUBLISHED = sorted((Path(__file__).parents[2] / "reports" / "published").glob("*.json"))
LATER = (
    "looks", "reproducibility", "fragile", "fit", "timings", "tracked", "shard", "time_budget", "machine",
    "rechecks", "rule", "least", "leaves_open",
)  # fmt: skip
"""Fields of schema 1 that its first records lack."""


def test_the_first_records_of_the_schema_are_read_and_shown() -> None:
    assert (SCHEMA_VERSION, SCHEMA) == (2, 4)  # as the table says
    path = next(path for path in PUBLISHED if path.name == "speed.json")
    first = first_schema(read_record(path))
    # `looks` of parts were there from the beginning; those of instances came later.
    for instance in first["instances"]:
        for name in LATER:
            instance.pop(name, None)
    for name in LATER:
        first.pop(name, None)
        first["environment"].pop(name, None)
    record = from_json(json.dumps(first).encode(), "first.json")
    assert record.instances
    for text in (markdown(record), terminal(record), brief(record)):
        assert record.instances[0].verdict in text or record.instances[0].outcome in text


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_every_published_record_is_read(path: Path) -> None:
    assert isinstance(read_record(path), Record)


def test_fields_of_a_later_version_are_left_out_and_a_later_schema_is_refused() -> None:
    record = read_record(next(path for path in PUBLISHED if path.name == "speed.json"))
    for later in (first_schema(record), json.loads(to_json(record))):
        later["colour"] = "green"
        later["instances"][0]["mood"] = {"a": [1]}
        assert from_json(json.dumps(later).encode(), "later.json") == record
        later["schema_version"] = 3
        with pytest.raises(RecordError, match=r"expected record schema 1 or 2, .* found 3"):
            from_json(json.dumps(later).encode(), "later.json")


@pytest.mark.parametrize(
    ("version", "cure"), [(SCHEMA + 1, "upgrade harness"), (SCHEMA - 2, "name another file")]
)
def test_a_store_of_another_schema_is_refused(tmp_path: Path, version: int, cure: str) -> None:
    path = tmp_path / "store.sqlite"
    Store(path).close()
    with sqlite3.connect(path) as database:
        database.execute(f"pragma user_version={version}")
    with pytest.raises(StoreError, match=cure):
        Store(path)


def test_a_suite_of_a_later_format_or_with_a_later_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "later.toml"
    path.write_text('[suite]\nformat = 3\ntitle = "Later"\nmood = "good"\n')
    with pytest.raises(SuiteError) as caught:
        load(path)
    assert "later.toml:2:" in str(caught.value)
    assert "expected the suite format 2, or 1, which this version reads" in str(caught.value)
    assert "later.toml:4:1" in str(caught.value)
