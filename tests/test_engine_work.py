"""What a trial costs the engine, in calls of functions: counted, so that no busy machine changes it.

A call takes about 0.15 µs of Python's own time, so these numbers are a fifth of the microseconds that
`tests/scale.py` measures; the rest is what the functions do.
"""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest
from instant_pool import InstantPool
from scale_suite import suite_of

from harness.measure import site
from harness.measure.fingerprint import source_of
from harness.measure.reads import Allowances
from harness.measure.records import Job
from harness.measure.traces import Watcher
from harness.measure.worker import run_job
from harness.options import RunOptions
from harness.questions import Trial
from harness.session import run
from harness.targets import gather

COMMAND = 800
"""Calls in the command for a trial: planned, locked, stored, judged, reported. 640 with Python 3.11; 1,290
before what trials share was looked up once for all."""
WORKER = 290
"""Calls in a worker for a trial, its function's own 60 among them: 250 with Python 3.11, 350 before."""


class Calls:
    """Counts the calls of functions inside a `with` block, those of C among them."""

    count = 0

    def _note(self, frame: object, event: str, argument: object) -> None:
        self.count += event in ("call", "c_call")

    def __enter__(self) -> Calls:
        sys.setprofile(self._note)
        return self

    def __exit__(self, *exception: object) -> None:
        sys.setprofile(None)


def test_a_trial_costs_the_command_as_much_in_a_long_run_as_in_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "Pool", InstantPool)

    def measured(points: int) -> tuple[int, int]:
        """The trials of a run with `points` points, and its calls."""
        path = tmp_path / f"suite-{points}.toml"
        path.write_text(suite_of(points))
        selected, options = gather([str(path)]), RunOptions(store=tmp_path / f"{points}.sqlite", workers=2)
        with Calls() as calls:
            record = run(selected, options)
        return record.trials.measured, calls.count

    measured(1)  # what is made once for a process
    runs = [measured(points) for points in (2, 4, 8)]
    per_trial = [
        (after - before) / (more - trials) for (trials, before), (more, after) in itertools.pairwise(runs)
    ]
    assert runs[0][0] == 2 * 48
    assert max(per_trial) < COMMAND
    assert per_trial[1] == pytest.approx(per_trial[0], rel=0.05)


def test_what_a_worker_checks_of_a_trial(tmp_path: Path) -> None:
    os.utime(tmp_path, (1.0, 1.0))  # a folder at rest, as it is after two seconds
    source = source_of("toys:pair", ())
    readable = frozenset(map(os.path.realpath, source.files))
    first = Trial("toys:pair", (("shift", 0.0),), 0)
    declared = frozenset(source.modules)
    jobs = [Job((first.at(seed),), declared, 60.0, readable=readable) for seed in range(60)]
    limits = Allowances(str(tmp_path))

    def run_all(some: list[Job]) -> None:
        for job in some:
            outcome = run_job(job, frozenset(), watcher, limits)
            assert outcome.results[0].status == "ok"
            assert not outcome.spoils

    with Calls() as calls:
        watcher = Watcher(str(tmp_path))  # it takes the function that counts for what a worker has
        run_all(jobs[:10])
        before = calls.count
        run_all(jobs[10:])
        assert (calls.count - before) / 50 < WORKER
