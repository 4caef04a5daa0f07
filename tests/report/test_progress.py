"""What is said while a run goes on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from edits import edited
from fake_laboratory import FakeLaboratory, measured
from good_suite import GOOD, read, write

from harness.campaign import Progress, conduct
from harness.measure import Laboratory
from harness.measure.records import Traces
from harness.plan import case
from harness.report import progress as module
from harness.report.progress import showing
from harness.suite import Suite

__all__ = ["read", "write"]

EXPERIMENT = """
import importlib, os, sys
from toys import PAIR, pair as plain
from harness.declare import experiment
TOP

@experiment("costly", version=1, quantities=PAIR)
def run(*, seed: int, shift: float = 0.0, sd: float = 0.01, size: int = 1) -> dict[str, float]:
    BODY
    return plain(seed=seed, shift=shift, sd=sd, size=size)
"""
ADAPTER = 'sys.path.insert(0, FOLDER); importlib.import_module("the_subject")'
SPOILER = 'os.environ["SPOILT"] = str(seed)'


@pytest.fixture(params=["adapter", "spoiler"])
def costly(
    request: pytest.FixtureRequest, read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Suite, str]]:
    """A suite each of whose trials costs a worker, and how the note begins."""
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "the_subject.py").write_text("")
    (tmp_path / "spoiler.py").write_text(edited(EXPERIMENT, {"TOP": "", "BODY": SPOILER}))
    adapter = edited(ADAPTER, {"FOLDER": repr(str(hidden))})
    (tmp_path / "adapter.py").write_text(edited(EXPERIMENT, {"TOP": adapter, "BODY": "pass"}))
    monkeypatch.syspath_prepend(str(tmp_path))
    path = list(sys.path)
    suite = read(edited(GOOD, {"toys:pair": f"{request.param}:run"}))
    sys.path[:] = path  # checking the suite has imported the adapter
    yield (
        suite,
        {
            "adapter": "adapter:run: not stored, because it used the_subject",
            "spoiler": "spoiler:run: its trials changed what later trials in the same process would see"
            " (os.environ: SPOILT)",
        }[request.param],
    )
    for name in (request.param, "the_subject"):
        sys.modules.pop(name, None)


class EnoughError(Exception):
    """The first trials have been seen."""


def test_what_costs_a_worker_is_said_at_the_first_trial(costly, capsys) -> None:
    suite, begins = costly
    seen: list[Progress] = []
    laboratory = Laboratory(None, workers=1)
    with showing(quiet=False) as show:

        def watch(progress: Progress) -> None:
            show(progress)
            seen.append(progress)
            if progress.notes or progress.measured > 2:
                raise EnoughError

        with pytest.raises(EnoughError):
            conduct([case(instance) for instance in suite.instances], laboratory, on_progress=watch)
    laboratory.close(kill=True)
    assert seen[-1].measured == 1
    assert seen[-1].pending
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith(f"Note: {begins}")]
    assert len(lines) == 1
    assert "a new worker" in lines[0]


def test_each_note_is_shown_once(capsys) -> None:
    lines = module.NoteLines()
    for notes in ((), ("one",), ("one",), ("one", "t\x1bwo")):
        lines.show(Progress(1, 0, 0, 1, 0, 1, 0.0, None, notes=notes))
    assert capsys.readouterr().err.splitlines() == ["Note: one", "Note: t\ufffdwo"]


def test_what_is_decided_is_shown_once_as_it_is_but_not_of_a_short_run(read, capsys, monkeypatch) -> None:
    seen: list[Progress] = []
    laboratory = FakeLaboratory()
    cases = [case(instance) for instance in read(GOOD).instances]
    result = conduct(cases, laboratory, clock=laboratory.clock, on_progress=seen.append)
    short = module.NoteLines()
    for progress in seen:
        short.show(progress)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(module, "PATIENCE", 0.0)
    lines, after = module.NoteLines(), []
    for progress in seen:
        lines.show(progress)
        shown = [
            line
            for line in capsys.readouterr().err.splitlines()
            if line.startswith("supported, as expected  ")
        ]
        after += [(progress.decided, line) for line in shown]
    assert [line.split()[3] for _, line in after] == [f"{f.case.instance.id}:" for f in result.findings]
    assert [decided for decided, _ in after] == [1, 2, 3]
    assert all(": after 14 seeds, " in line for _, line in after)


def test_the_report_has_one_note_for_an_experiment(read) -> None:
    """Of trials whose traces are those of a real worker in the test above, here without one."""
    changed = Traces(changed=("os.environ: SPOILT",))
    laboratory = FakeLaboratory(give=lambda trial: replace(measured(trial), traces=changed))
    suite = read(edited(GOOD, {"sd = 0.02": "sd = 0.001"}))
    result = conduct([case(instance) for instance in suite.instances][:1], laboratory)
    assert result.progress.measured >= 6
    assert result.notes == (
        "toys:pair: its trials changed what later trials in the same process would see"
        " (os.environ: SPOILT), so that each cost a new worker",
    )
