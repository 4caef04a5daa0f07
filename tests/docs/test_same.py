"""docs/same.py: whether two records say the same, to the bit."""

from __future__ import annotations

import importlib.util
import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from first_schema import first_schema
from made import INSTANCE, LAW, PART, record
from msgspec.structs import replace

from harness.report import InstanceRecord, to_json


@pytest.fixture(scope="module")
def same() -> ModuleType:
    path = Path(__file__).parents[2] / "docs" / "same.py"
    spec = importlib.util.spec_from_file_location("docs_same", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_record_is_the_same_in_both_schemas(
    same: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(first_schema(record(INSTANCE, LAW))))
    assert same.main(["--write", str(old), str(new)]) == 0
    assert json.loads(new.read_bytes())["schema_version"] == 2
    assert same.main([str(old), str(new)]) == 0
    assert same.main([str(new), str(old)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "2 instances are the same"


control = INSTANCE.control
assert control is not None
CHANGES: dict[str, dict[str, Any]] = {
    "verdict": {"verdict": "refuted"},
    "outcome": {"outcome": "error"},
    "agreement": {"agreement": ""},
    "n": {"n": 10},
    "values": {"values": (*INSTANCE.values[:-1], math.nextafter(INSTANCE.values[-1], 1))},
    "estimate": {"estimate": -0.0},
    "interval": {"interval": (None, 0.04)},
    "looks": {"looks": INSTANCE.looks[1:]},
    "smallest_margin": {"smallest_margin": None},
    "control: verdict": {"control": replace(control, verdict="supported")},
    "control: labels": {"control": replace(control, at={})},
    "control: part small below large: looks": {"control": replace(control, parts=(replace(PART, looks=()),))},
    "control: parts": {"control": replace(control, parts=())},
    "control": {"control": None},
    "parts": {"parts": (PART,)},
}


@pytest.mark.parametrize(("what", "changes"), CHANGES.items(), ids=CHANGES)
def test_each_difference_is_listed(same: ModuleType, what: str, changes: dict[str, Any]) -> None:
    one: InstanceRecord = replace(INSTANCE, estimate=0.0)
    (found,) = same.differences(record(one, LAW), record(replace(one, **changes), LAW))
    assert found.startswith(f"toys/same[size=1]: {what}: ")
    only = same.differences(record(one), record(replace(one, **changes)), verdicts=True)
    assert len(only) == (what == "verdict")


def test_what_is_of_the_run_does_not_count(same: ModuleType) -> None:
    trials = (replace(INSTANCE.trials[0], fingerprints=("a" * 16,)),)
    other = replace(INSTANCE, seconds=9.0, trials=trials)
    assert same.differences(record(INSTANCE), record(other, duration=1.0, command=())) == []


def test_instances_that_one_lacks_are_named(same: ModuleType, tmp_path: Path) -> None:
    found = same.differences(record(INSTANCE), record(LAW))
    assert found == ["toys/same[size=1]: only in the first", "toys/law: only in the second"]
    assert same.differences(record(INSTANCE, INSTANCE), record(INSTANCE)) == ["an id occurs twice"]
    paths = [tmp_path / "one.json", tmp_path / "other.json"]
    for path, instance in zip(paths, (INSTANCE, LAW), strict=True):
        path.write_bytes(to_json(record(instance)))
    assert same.main(["--verdicts", *map(str, paths)]) == 1
