"""No order of completion, batching, number of workers, interruption or time budget changes a finding."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from edits import edited
from fake_laboratory import FakeLaboratory, killed, measured
from good_suite import GOOD
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.campaign import Finding, conduct
from harness.measure import Measurement
from harness.plan import Case, Trial, case
from harness.suite import load

CLAIMS = """
[claims.late]
says = "The gap is small."
expect = "open"
experiment = "pairs"
at-most = { of = "gap", bound = 0.05 }
control = { at = { shift = 0.5 } }
at = { shift = 0.0 }

[claims.falls]
says = "The gap falls."
expect = "open"
experiment = "pairs"
monotone = { of = "gap", along = "size", direction = "decreasing" }

[claims.below]
says = "a is below b."
expect = "open"
experiment = "pairs"
at = { shift = 0.5 }
less = { of = ["a.error", "b.error"] }

[experiments.wrong]
run = "mistaken:pair"
with = { how = "small" }
sweep = { size = [1, 2] }

[claims.step]
says = "From size 1 to 2 both change alike."
expect = "open"
experiment = "wrong"
equal = { of = ["a.error", "b.error"], along = "size", within = "5%" }

[claims.alone]
says = "At size 2 they are alike."
expect = "open"
experiment = "wrong"
at = { size = 2 }
equal = { of = ["a.error", "b.error"], within = "5%" }
"""
"""With the claim of `GOOD`: some are decided at the first look, some at a later one or never, some fail."""


ORDERS = st.integers(0, 2**32).map(random.Random)


@cache
def numbers(trial: Trial) -> Measurement:
    """A trial's measurement; those of one seed at size 4 lose their worker."""
    return killed(trial) if trial.seed == 17 and dict(trial.params)["size"] == 4 else measured(trial)


@pytest.fixture(scope="module")
def cases(tmp_path_factory: pytest.TempPathFactory) -> list[Case]:
    path: Path = tmp_path_factory.mktemp("orders") / "toys.toml"
    assert "sd = 0.02" in GOOD
    path.write_text(edited(GOOD, {"sd = 0.02": "sd = 0.06, fail-at = 5"}) + CLAIMS)
    return [case(instance) for instance in load(path, imports=True).instances]


def findings(cases: list[Case], laboratory: FakeLaboratory, **how: float) -> Mapping[str, Finding]:
    result = conduct(cases, laboratory, clock=laboratory.clock, **how)  # type: ignore[arg-type]
    return {f.case.instance.id: f for f in result.findings}


@pytest.fixture(scope="module")
def expected(cases: list[Case]) -> Mapping[str, Finding]:
    found = findings(cases, FakeLaboratory(numbers))
    assert {f.assessment.verdict for f in found.values()} == {"supported", "refuted", "inconclusive", "error"}
    return found


@settings(max_examples=40, deadline=None)
@given(order=ORDERS, workers=st.integers(1, 40), data=st.data())
def test_a_finding_is_a_function_of_its_seeds(
    cases: list[Case],
    expected: Mapping[str, Finding],
    order: random.Random,
    workers: int,
    data: st.DataObject,
) -> None:
    """Nor does what else is asked, in which order, or what an earlier run has kept."""
    asked = data.draw(st.permutations(cases))[: data.draw(st.integers(1, len(cases)))]
    kept = {trial: numbers(trial) for c in cases for q in c.questions for trial in q.trials(q.seeds(14))}
    store = {
        trial: replace(m, stored=True)
        for trial, m in kept.items()
        if m.status == "ok" and order.random() < 0.3
    }
    found = findings(asked, FakeLaboratory(numbers, workers, order, store))
    assert found == {id_: expected[id_] for id_ in found}
    assert len(found) == len(asked)


@settings(max_examples=10, deadline=None)
@given(
    order=ORDERS,
    workers=st.integers(1, 8),
    cuts=st.lists(st.integers(0, 60), max_size=3),
)
def test_runs_that_are_interrupted_come_to_the_same_findings(
    cases: list[Case],
    expected: Mapping[str, Finding],
    order: random.Random,
    workers: int,
    cuts: list[int],
) -> None:
    store: dict[Trial, Measurement] = {}
    for cut in cuts:
        laboratory = FakeLaboratory(numbers, workers, order, store, interruptions={cut})
        kept = set(store)
        try:
            findings(cases, laboratory)
        except KeyboardInterrupt:
            assert laboratory.polls == cut + 1
        assert not kept & set(laboratory.begun), "measured twice"
    assert findings(cases, FakeLaboratory(numbers, workers, order, store)) == expected


@settings(max_examples=20, deadline=None)
@given(order=ORDERS, workers=st.integers(1, 8), budget=st.floats(0.0, 120.0))
def test_a_time_budget_decides_fewer_and_changes_none(
    cases: list[Case],
    expected: Mapping[str, Finding],
    order: random.Random,
    workers: int,
    budget: float,
) -> None:
    laboratory = FakeLaboratory(numbers, workers, order)
    found = findings(cases, laboratory, time_budget=budget)
    assert laboratory.pending == 0
    assert laboratory.now <= budget + 1.0 + 0.25  # all workers end within a second, or a poll passes
    for id_, finding in found.items():
        parts = zip(finding.assessment.parts, expected[id_].assessment.parts, strict=True)
        assert all(part == whole or part.verdict == "not-run" for part, whole in parts), id_
