"""What a worker is at, while it is at it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from harness.declare import StageReport, stage
from harness.measure import Laboratory
from harness.measure.running import MOST, StageNotes, noted_stages
from harness.questions import Trial

EXPERIMENT = """
import os, time
from harness.declare import Quantity, experiment, stage

@experiment("slow", version=1, quantities={"x": Quantity("a number", scale="linear")})
def run(*, seed: int) -> dict[str, float]:
    with stage("first"):
        time.sleep(0.02)
    with stage("second"):
        while not os.path.exists(GO):
            time.sleep(0.01)
    return {"x": 1.0}
"""


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """A trial that goes on until there is a file `go`."""
    (tmp_path / "slow_ones.py").write_text(EXPERIMENT.replace("GO", repr(str(tmp_path / "go"))))
    monkeypatch.syspath_prepend(str(tmp_path))
    return Trial("slow_ones:run", (), 0)


def test_a_laboratory_says_which_stages_of_a_running_trial_have_ended(trial: Trial, tmp_path: Path) -> None:
    with Laboratory(None, workers=1) as laboratory:
        assert list(laboratory.running) == []
        laboratory.request(trial, 60.0)
        end = time.monotonic() + 60
        while not any(each.done for each in laboratory.running) and time.monotonic() < end:
            assert laboratory.collect(timeout=0.05) == []
        (running,) = laboratory.running
        assert running.trial == trial
        assert [done.name for done in running.done] == ["first"], "the second goes on"
        assert 0.02 <= running.done[0].seconds <= running.seconds
        (tmp_path / "go").touch()
        while not (found := laboratory.collect(timeout=1.0)):
            pass
        assert [each.name for each in found[0].stages] == ["first", "second"]
        assert list(laboratory.running) == []


def test_both_sides_see_the_stages_of_the_last_trial_alone() -> None:
    ours, descriptor = StageNotes.make()
    theirs = StageNotes.inherited(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    with noted_stages(theirs) as reports:
        with stage("a long name, of more letters than there is room for in a note"), stage("inner"):
            pass
        reports += [StageReport("of a block", 2.0)]
    assert [report.name[:6] for report in reports] == ["inner", "a long", "of a b"]
    assert [done.name for done in ours.read()] == [
        "inner", "a long name, of more letters than there is room "[:48], "of a block",
    ]  # fmt: skip
    assert ours.read()[2].seconds == 2.0
    with noted_stages(theirs):
        assert ours.read() == ()
        for number in range(MOST + 5):
            with stage(f"stage {number}"):
                pass
    assert len(ours.read()) == MOST
    for each in (ours, theirs):
        each.close()
