"""Whatever a trial does costs that trial: it is an error that says why, and the others come out right."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from harness.measure import Laboratory, Measurement
from harness.measure import pool as pool_module
from harness.plan import Trial


def trial(seed: int = 0, act: str = "") -> Trial:
    return Trial("faulty:fault", (("act", act), ("log", ""), ("sleep", 0.0)), seed)


def measured(store: Path, act: str, limit: float = 60.0) -> Measurement:
    """The faulty trial's measurement, after checking that those before and after it are right, and kept."""
    good = [trial(seed) for seed in (1, 2)]
    with Laboratory(store, workers=1) as laboratory:
        for each, time_limit in ((good[0], 60.0), (trial(act=act), limit), (good[1], 60.0)):
            laboratory.request(each, time_limit)
        found: dict[Trial, Measurement] = {}
        while laboratory.pending:
            found |= {m.trial: m for m in laboratory.collect(5.0)}
        assert [found[each].values for each in good] == [{"x": 1 / 7}, {"x": 2 / 7}]
        kept = laboratory.recall([*good, trial(act=act)])
        assert list(kept) == [each for each in (*good, trial(act=act)) if found[each].status == "ok"]
    return found[trial(act=act)]


HANGS = ("power", "regex", "c-loop", "ignores-sigterm", "endless")


@pytest.mark.slow
@pytest.mark.parametrize("act", HANGS)
def test_a_trial_that_hangs_is_ended(tmp_path: Path, act: str) -> None:
    start = time.monotonic()
    found = measured(tmp_path / "s.sqlite", act, limit=1.0)
    assert found.error.startswith("exceeded its time limit of 1 s")
    assert time.monotonic() - start < 30


ERRORS = {
    "segfault": "killed by signal 11, SIGSEGV; the end of its log:\nFatal Python error: Segmentation fault",
    "abort": "killed by signal 6, SIGABRT",
    "exit": "exited with code 0",
    "numpy": "LinAlgError: Matrix is not positive definite",
    "huge": "quantity 'name-0' is not declared",
    "lying": "RuntimeError: no number",
    "complex": "quantity 'x': expected a float, found a complex",
    "too-large": "OverflowError: int too large to convert to float",
    "unwritable": "Unwritable: <exception str() failed>",
    "generator-exit": "GeneratorExit",
    "recursion": "RecursionError",
    "memory": "MemoryError",
    "closes-all": "the worker ",
    "garbage": "the worker ",
    "long-error": "characters left out",
}


@pytest.mark.slow
@pytest.mark.parametrize("act", ERRORS)
def test_a_trial_that_fails_says_how(tmp_path: Path, act: str) -> None:
    found = measured(tmp_path / "s.sqlite", act)
    assert found.status == "error"
    assert not found.stored
    assert ERRORS[act] in found.error
    assert len(found.error) < 20_000


@pytest.mark.slow
def test_a_long_reason_of_a_stage_is_shortened(tmp_path: Path) -> None:
    with Laboratory(tmp_path / "s.sqlite", workers=1) as laboratory:
        laboratory.request(trial(act="long-stage"), 60.0)
        found: list[Measurement] = []
        while laboratory.pending:
            found += laboratory.collect(5.0)
    assert found[0].status == "ok"
    assert len(str(found[0].lacks("x"))) < 20_000
    assert (tmp_path / "s.sqlite").stat().st_size < 200_000


@pytest.mark.slow
def test_what_a_trial_prints_does_not_fill_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_module, "LOG_BYTES", 1_000_000)
    sizes = []
    with Laboratory(tmp_path / "s.sqlite", workers=1) as laboratory:
        laboratory.request(trial(act="prints"), 60.0)
        found: list[Measurement] = []
        while laboratory.pending:
            found += laboratory.collect(0.2)
            sizes += [os.fstat(worker.log.fileno()).st_size for worker in laboratory._pool._workers]
    assert "exited with code 9; the end of its log:" in found[0].error
    assert found[0].error.endswith("the last line")
    assert min(sizes[-2:]) < 1_000_000, "20 MB were printed"


@pytest.mark.slow
def test_a_fork_that_comes_back_does_not_answer_for_the_next_trial(tmp_path: Path) -> None:
    """Each process that returned would send an outcome, and the second be taken for the next trial's."""
    assert measured(tmp_path / "s.sqlite", "forks").values == {"x": 2.0}
