"""The seeds that a plan measures first, and what it then says."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from commands import said
from edits import edited
from fake_laboratory import FakeLaboratory
from good_suite import GOOD, read, write

from harness.campaign import conduct, measure_pilot
from harness.plan import case
from harness.suite import Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]

EDGE = """
[claims.edge]
says = "The gap is below 0 from a size on."
expect = "open"
experiment = "pairs"
at = { shift = 0.5 }
boundary = { of = "gap", bound = 0, along = "size", from = 1, to = 128 }
"""


def test_a_pilot_measures_what_a_run_begins_with_once(read: Read) -> None:
    cases = [case(instance) for instance in read(GOOD).instances]
    laboratory = FakeLaboratory(workers=2)
    assert measure_pilot(cases, laboratory) == 3 * 6
    assert {trial.seed for trial in laboratory.begun} == set(range(6))
    assert measure_pilot(cases, laboratory) == 0
    after = FakeLaboratory(store=laboratory.store)
    result = conduct(cases, after, clock=after.clock)
    assert result.progress.reused == 18


def test_of_a_boundary_it_is_at_three_points(read: Read) -> None:
    cases = [case(i) for i in read(GOOD + EDGE).instances if i.claim.id == "edge"]
    laboratory = FakeLaboratory()
    assert measure_pilot(cases, laboratory) == 3 * 6
    at = {trial.arguments()["size"] for trial in laboratory.begun}
    assert cases[0].search is not None
    assert at == {1, 128, cases[0].search.at[(len(cases[0].search.at) - 1) // 2]}


@pytest.mark.slow
def test_the_plan_says_what_the_budget_decides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "support"))
    text = edited(GOOD, {"sd = 0.02": "sd = 0.15, slope = -0.5", "size = [1, 2, 4]": "size = [1]"}) + EDGE
    (tmp_path / "toys.toml").write_text(text)
    code, before = said("plan", "toys.toml")
    assert code == 0
    assert "its smallest margin" not in before
    assert re.search(r"toys/edge\[shift=0.5\] +2 x +21 +unknown +unknown +too little in the store", before)
    code, after = said("plan", "toys.toml", "--pilot")
    assert code == 0
    assert "24 trials measured, of the first seeds of each claim" in after
    assert re.search(r"toys/same +0 of 1 +shift=0,size=1 +0\.\d+ +\d+(\.\d+)?% +", after)
    assert re.search(
        r"toys/edge\[shift=0.5\] +2 x +21 +about [12]\.\d x +\d+ +deviation 0\.\d+, slope -0\.", after
    )
    code, again = said("plan", "toys.toml", "--pilot")
    assert "0 trials measured" in again
