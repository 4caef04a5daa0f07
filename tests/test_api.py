"""The Python API, and that the documentation's example runs."""

from __future__ import annotations

import math
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from edits import edited
from good_suite import GOOD, write

import harness
from harness.campaign import Progress
from harness.report import to_json
from harness.report.terminal import terminal
from harness.targets import gather

__all__ = ["write"]
ROOT = Path(__file__).parents[1]

PUBLIC = [
    "Abreast", "AgainstError", "DeclarationError", "Drawing", "FigureError", "InstanceRecord", "NoSuiteError",
    "NotCovered", "OptionError", "OutputError", "Progress", "Quantity", "Record", "RecordError", "Reference",
    "SelectionError", "StageError", "StoreError", "Suite", "SuiteError", "UnknownExperimentError",
    "UnknownSuiteError", "UserError", "Value", "arrays", "benchmark", "beside", "block", "build_model",
    "experiment", "frame", "hold_against", "load", "model", "read_record", "run", "stage",
]  # fmt: skip


def test_what_is_public_is_deliberate() -> None:
    assert sorted(harness.__all__) == PUBLIC
    assert dir(harness) == PUBLIC
    for name in PUBLIC:
        found = getattr(harness, name)
        assert name == "Value" or found.__name__ == name
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = harness.nothing  # type: ignore[attr-defined]


def test_the_package_imports_nothing_by_itself() -> None:
    program = "import sys, harness; print([m for m in sys.modules if m.startswith('harness.')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_run_gives_the_record_that_the_command_writes(write: Callable[[str], Path], tmp_path: Path) -> None:
    path = write(GOOD)
    seen: list[Progress] = []
    store = tmp_path / "store.sqlite"
    record = harness.run(path, store=store, workers=1, keyword="size=2 or size=4", progress=seen.append)
    assert [i.verdict for i in record.instances] == ["supported", "supported"]
    assert seen[-1].decided == 2
    again = harness.run([f"{path}::same[shift=0,size=4]"], store=store)
    assert again.trials.measured == 0
    assert again.instances == record.instances[1:]
    assert harness.run(path, store=None, keyword="nothing").exit_code == 5


def test_run_takes_folders_and_names_what_nothing_is_selected_of(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "suites").mkdir()
    write(GOOD, "suites/toys.toml")
    write(edited(GOOD, {"size = [1, 2, 4]": "size = [1]"}), "suites/other.toml")
    monkeypatch.chdir(tmp_path)
    record = harness.run(store=None, workers=1, keyword="size=2")
    assert [i.id for i in record.instances] == ["toys/same[shift=0,size=2]"]
    assert record.notes == ("suites/other.toml: nothing matches -k size=2",)


def test_a_record_as_arrays(write: Callable[[str], Path]) -> None:
    more = """
[claims.low]
says = "The gap is small."
expect = "open"
experiment = "pairs"
at-most = { of = "gap", bound = 0.1 }
at = { shift = 0.0, size = 1 }
"""
    record = harness.run(write(GOOD + more), store=None, workers=1)
    columns = harness.arrays(record)
    assert {len(column) for column in columns.values()} == {4}
    assert columns["id"].tolist() == [i.id for i in record.instances]
    assert columns["axis:size"].tolist() == [1.0, 2.0, 4.0, 1.0]
    assert columns["axis:size"].dtype == np.float64
    assert columns["estimate"].dtype == np.float64
    assert (columns["low"] < columns["estimate"]).all()
    assert (columns["estimate"] < columns["high"]).all()
    assert columns["region_low"][-1] == -math.inf
    assert columns["printed_in"].tolist() == ["%", "%", "%", ""]
    for row, instance in enumerate(record.instances[:3]):
        # What the report prints: the numbers with a sign and three digits.
        low, high = columns["low"][row], columns["high"][row]
        assert f" {columns['estimate'][row]:+.3g}% " in terminal(record)
        assert terminal(record).count(f" [{low:+.3g}%, {high:+.3g}%] ") == 1
        assert columns["region_high"][row] == pytest.approx(5.0)
        assert columns["log_region_high"][row] == pytest.approx(math.log(1.05))
        assert columns["log_estimate"][row] == instance.estimate
        assert columns["estimate"][row] == pytest.approx(100 * math.expm1(instance.estimate or 0.0))
    for values, estimate, n in zip(columns["log_values"], columns["log_estimate"], columns["n"], strict=True):
        if not math.isnan(estimate):
            assert values.shape == (n,)
            assert values.mean() == pytest.approx(estimate, rel=1e-12)
    assert math.isnan(columns["log_estimate"][-1]), "a gap is judged as it is"
    assert columns["log_values"][-1].shape == (0,)
    assert columns["values"][-1].mean() == pytest.approx(columns["estimate"][-1], rel=1e-12)
    assert harness.arrays(record, "low")["claim"].tolist() == ["low"]
    assert harness.arrays(record, "none")["id"].shape == (0,)


def test_a_record_is_held_against_published_ones(write: Callable[[str], Path], tmp_path: Path) -> None:
    record = harness.run(write(GOOD), store=None, workers=1)
    published = tmp_path / "published"
    published.mkdir()
    first = msgspec.structs.replace(record.instances[0], verdict="refuted", outcome="unexpected")
    other = msgspec.structs.replace(record, instances=(first, *record.instances[1:]))
    (published / "toys.json").write_bytes(to_json(other))
    for found in (published, [str(published / "toys.json")]):
        comparison = harness.hold_against(record, found)
        assert [each.kind for each in comparison.held] == ["differs", "same", "same"]
        assert comparison.exit_code == 1
    (published / "toys.json").write_bytes(to_json(record))
    assert harness.hold_against(record, published).exit_code == 0
    (tmp_path / "empty").mkdir()
    with pytest.raises(harness.UserError, match="expected records of runs"):
        harness.hold_against(record, tmp_path / "empty")


def test_rechecks_are_made_left_out_or_extended(write: Callable[[str], Path], tmp_path: Path) -> None:
    path, store = write(GOOD), tmp_path / "s.sqlite"

    def rechecks(recheck: bool | float) -> int:
        return len(harness.run(path, store=store, workers=1, recheck=recheck).rechecks)

    assert rechecks(False) == 0
    assert rechecks(True) == 1
    assert rechecks(True) == 0
    assert rechecks(0.01) >= 1
    for share in (-0.1, 1.5, float("nan")):
        with pytest.raises(ValueError, match="recheck: expected True, False or a share from 0 to 1"):
            rechecks(share)


def test_a_record_as_a_frame(write: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    record = harness.run(write(GOOD), store=None, workers=1)
    frame = harness.frame(record)
    assert list(frame.index) == [i.id for i in record.instances]
    assert frame.loc["toys/same[shift=0,size=1]", "verdict"] == "supported"
    assert frame["log_estimate"].tolist() == [i.estimate for i in record.instances]
    assert frame["estimate"].tolist() == [i.printed.estimate for i in record.instances]
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pandas"):
        harness.frame(record)


STAND_IN = """
[suite]
format = 2
title = "In place of networks"

[experiments.match]
run = "toys:layers"
sweep = { data = ["digits", "sphere"], hidden = [1, 2, 3], width = [64, 512] }

[claims.single-error-is-ntk-error]
says = "They differ by half, where a twentieth is allowed."
expect = "open"
experiment = "match"
equal = { of = ["a.error", "b.error"], within = "5%" }
"""


def documented_example(folder: Path, suite: str) -> list[str]:
    """What the example of docs/python.md prints where suites/issues.toml is this text."""
    example, *_ = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.DOTALL)
    (folder / "suites").mkdir()
    (folder / "suites/issues.toml").write_text(suite)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "tests/support")}
    done = subprocess.run(
        [sys.executable, "-c", example],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


REFUTED = [["1", "refuted"], ["2", "refuted"], ["3", "refuted"]]


def test_the_documented_example_runs(tmp_path: Path) -> None:
    """With toys instead of networks; its keyword selects the same points in the suite that it names."""
    title, *rows = documented_example(tmp_path, STAND_IN)
    assert title == "In place of networks 12"
    assert [row.split()[:2] for row in rows[:3]] == REFUTED
    keyword = "single-error and sphere and width=64"
    assert keyword in (ROOT / "docs/python.md").read_text()
    (chosen,) = gather([str(ROOT / "suites/issues.toml")], keyword=keyword)
    assert [dict(instance.point)["hidden"] for instance in chosen.instances] == ["1", "2", "3"]


@pytest.mark.slow
def test_the_documented_example_runs_on_networks(tmp_path: Path) -> None:
    title, *rows = documented_example(tmp_path, (ROOT / "suites/issues.toml").read_text())
    assert title.startswith("Issues with the NTK approach")
    assert [row.split()[:2] for row in rows[:3]] == REFUTED
