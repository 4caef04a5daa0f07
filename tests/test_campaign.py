"""The loop between measuring and judging with a real laboratory, whose trials run in processes.

What does not need them is tested in `tests/campaign`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from edits import edited
from good_suite import GOOD, read, write

from harness.campaign import conduct
from harness.judge import Assessment
from harness.measure import Laboratory
from harness.plan import case
from harness.suite import Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]


def findings(
    suite: Suite,
    store: Path | None = None,
    *,
    workers: int = 2,
    keyword: str = "",
    recheck: float | None = 0.0,
) -> dict[str, Assessment]:
    cases = [case(i) for i in suite.instances if keyword in i.local_id]
    with Laboratory(store, workers=workers) as laboratory:
        result = conduct(cases, laboratory, recheck=recheck)
    return {f.case.instance.local_id: f.assessment for f in result.findings}


def test_a_worker_that_dies_is_an_error_of_the_claims_that_need_its_seed(read: Read) -> None:
    found = findings(read(edited(GOOD, {"sd = 0.02": "sd = 0.02, crash-at = 4"})), keyword="size=1")
    (finding,) = found.values()
    assert (finding.verdict, finding.outcome) == ("error", "error")
    assert finding.parts[0].error.startswith("seed 4: the worker exited with code 7")


def test_claims_over_one_experiment_measure_each_trial_once(read: Read, tmp_path: Path) -> None:
    log = tmp_path / "log"
    again = edited(GOOD[GOOD.index("[claims.same]") :], {"[claims.same]": "[claims.again]"})
    text = edited(GOOD, {"sd = 0.02": f'sd = 0.02, log = "{log}"'}) + edited(again, {'"5%"': '"6%"'})
    findings(read(text), tmp_path / "store.sqlite", recheck=None)
    ran = [line.rsplit(" ", 1)[0] for line in log.read_text().splitlines()]
    assert len(ran) == len(set(ran))
    findings(read(edited(text, {'"6%"': '"7%"'})), tmp_path / "store.sqlite", recheck=None)
    ran = [line.rsplit(" ", 1)[0] for line in log.read_text().splitlines()]
    assert len(ran) == len(set(ran)), "a changed margin measured a trial again"


def test_values_do_not_depend_on_workers_order_budget_or_what_else_runs(read: Read, tmp_path: Path) -> None:
    text = edited(GOOD, {"sd = 0.02": "sd = 0.08"})
    whole = findings(read(text), workers=2)
    alone = findings(read(text), workers=1, keyword="size=4")
    richer = findings(
        read(edited(text, {"seeds = 21": "seeds = 48"})), tmp_path / "s.sqlite", keyword="size=4"
    )
    key = "same[shift=0,size=4]"
    rulings = [f[key].parts[0].ruling for f in (whole, alone, richer)]
    assert rulings[0] == rulings[1]
    assert rulings[0].values == rulings[2].values[: rulings[0].n]


def test_when_the_time_is_over_what_is_undecided_is_not_run(read: Read, tmp_path: Path) -> None:
    """Half of it is in the store; the trials of the other half sleep beyond the budget, and are ended."""
    text = edited(GOOD, {"size = [1, 2, 4]": "size = [1, 2], nap = { none = {}, long = { sleep = 60.0 } }"})
    cases = [case(i) for i in read(text).instances]
    short = [c for c in cases if c.instance.labels["nap"] == "none"]
    store = tmp_path / "store.sqlite"
    with Laboratory(store, workers=2) as laboratory:
        measured = conduct(short, laboratory).progress.measured
    start = time.monotonic()
    with Laboratory(store, workers=2) as laboratory:
        result = conduct(cases, laboratory, time_budget=1.0)
        assert laboratory.pending == 0
    assert time.monotonic() - start < 30  # and not 60
    outcomes = {f.case.instance.labels["nap"]: f.assessment.outcome for f in result.findings}
    assert outcomes == {"none": "as-expected", "long": "not-run"}
    assert {f.assessment.verdict for f in result.findings} == {"supported", "not-run"}
    assert (result.progress.measured, result.progress.reused) == (0, measured)
