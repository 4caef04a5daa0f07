"""The table that names a network's regime, and the five lines that say so."""

import re
from itertools import product
from pathlib import Path

import pytest
from made import RECORD
from msgspec.structs import replace

from harness.report.headlines import headlines
from harness.report.record import InstanceRecord, Record, TrialsRecord
from harness.report.regime import FOLLOWS, MOVES, STILL, TABLE, described, regime_of, regimes
from harness.suite import load

SUITE = load("@network")
PARAMS = {
    "model": "my_nets:net", "data": "my_data:load", "train": 64, "loss": "squared", "optimizer": "sgd",
    "learning-rate": 0.5, "rate-unit": "stable", "batch": 0,
}  # fmt: skip
S, R, U = "supported", "refuted", "inconclusive"


@pytest.mark.parametrize(
    ("still", "moves", "follows", "word"),
    [
        (S, R, S, "lazy"),
        (R, S, R, "features"),
        (R, R, R, "between"),  # changes by 0.2, and is far from its linearisation
        (S, R, R, "between"),
        (R, S, S, "between"),
        (R, U, R, "undecided"),  # features, or between
        (U, R, S, "undecided"),  # lazy, or between
        (U, R, R, "between"),  # neither, whatever the first
        (R, U, S, "between"),
        (S, R, U, "undecided"),
        (U, U, U, "undecided"),
        (S, "not-run", S, "lazy"),
        (R, "not-run", R, "undecided"),
        (S, R, "not-covered", "not covered"),
        ("error", R, S, "not covered"),
    ],
)
def test_the_table(still, moves, follows, word):
    assert regime_of(still, moves, follows) == word


def test_what_is_named_is_never_two_things():
    """Once a regime is named, no verdict that is still open can change it."""
    for verdicts in product((S, R, U), repeat=3):
        word = regime_of(*verdicts)
        completed = {
            regime_of(*decided)
            for decided in product(*((S, R) if each == U else (each,) for each in verdicts))
            if not (decided[0] == decided[1] == S)  # below 0.1 and above 0.3
        }
        if word != "undecided" and completed:
            assert completed == {word}


def test_the_bounds_are_those_of_the_page_and_of_the_suite():
    bounds = {claim: SUITE.claims[claim].predicate.bound for claim in TABLE}
    assert bounds == {STILL: 0.1, MOVES: 0.3, FOLLOWS: 0.1}
    page = (Path(__file__).parents[2] / "docs/own-network.md").read_text()
    assert "changes by less than 0.1 of its norm" in page
    assert "changes by more than 0.3 of its norm" in page
    assert page.count("within 0.1 standard deviations of its linearisation") == 2


def instance(claim: str, verdict: str, **more: object) -> InstanceRecord:
    first = RECORD.instances[0]
    trials = (TrialsRecord(experiment="ntk.network", params=PARAMS, quantities=(), first_seed=0, n=14,
                           fingerprints=()),)  # fmt: skip
    return replace(
        first, id=f"network/{claim}", suite="network", claim=claim, point={}, verdict=verdict, n=14,
        unit="log-value", estimate=-3.0, region=(None, -2.302585), alpha=0.001, trials=trials,
        seeds_to_decision=None, reason="", **more,
    )  # fmt: skip


def record(*verdicts: str) -> Record:
    found = [instance(claim, verdict) for claim, verdict in zip(TABLE, verdicts, strict=True)]
    return replace(RECORD, instances=tuple(found))


def test_five_lines_with_alpha_and_n():
    (found,) = regimes(record(S, R, S))
    assert (found.word, len(found.lines)) == ("lazy", 5)
    assert found.lines[0].startswith(
        "my_nets:net on my_data:load, 64 points, squared loss by sgd(0.5 · 2/λ₀): LAZY"
    )
    assert "n = 14 seeds, alpha = 0.001" in found.lines[0]
    assert "0.0498 of its norm (< 0.1 supported, n = 14)" in found.lines[1]
    assert headlines(record(S, R, S))[:5] == list(found.lines)


def test_undecided_says_how_many_seeds_are_needed():
    open_ = record(U, R, S)
    first, *rest = open_.instances
    (found,) = regimes(replace(open_, instances=(replace(first, seeds_to_decision=48), *rest)))
    assert re.search(r"NOT DECIDED, about 48 seeds needed", found.lines[0])
    (found,) = regimes(record("not-run", R, S))
    assert "NOT DECIDED, more seeds needed" in found.lines[0]


def test_what_is_not_covered_says_why():
    found = [instance(claim, "not-covered") for claim in TABLE]
    reason = replace(found[0], reason="init gives the same parameters", estimate=None)
    (said,) = regimes(replace(RECORD, instances=(reason, *found[1:])))
    assert "NOT COVERED: init gives the same parameters" in said.lines[0]


def test_records_of_other_suites_say_nothing():
    assert not list(regimes(RECORD))
    assert not list(regimes(replace(RECORD, instances=record(S, R, S).instances[:2])))


def test_a_checkpoint_is_described_in_as_many_lines():
    lines = described(PARAMS, {"kernel-change": 0.25})
    assert len(lines) == 5
    assert "DESCRIBED, NOT JUDGED" in lines[0]
    assert "0.25 of its norm" in lines[1]
    assert "(not covered)" in lines[2]
