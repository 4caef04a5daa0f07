"""Conjunctions, expectations, controls and exit codes, by complete enumeration."""

import itertools
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from harness.judge import FAILING, Outcome, PartVerdict, Verdict, combine, decide, exit_code, outcome
from harness.questions import Linear, Question, Reading, Region
from harness.suite.records import Expectation

VERDICTS = get_args(PartVerdict)
"""On questions."""


def test_conjunction_of_two():
    table = {
        ("supported", "supported"): "supported",
        ("supported", "inconclusive"): "inconclusive",
        ("supported", "error"): "error",
        ("supported", None): None,
        ("inconclusive", "inconclusive"): "inconclusive",
        ("inconclusive", "error"): "error",
        ("inconclusive", None): None,
        ("error", "error"): "error",
        ("error", None): None,
        (None, None): None,
        ("not-covered", "supported"): "not-covered",
        ("not-covered", "inconclusive"): "not-covered",
        ("not-covered", "not-covered"): "not-covered",
        ("not-covered", "error"): "error",
        ("not-covered", None): None,
        ("not-run", "supported"): "not-run",
        ("not-run", "inconclusive"): "not-run",
        ("not-run", "not-covered"): "not-run",
        ("not-run", "error"): "not-run",
        ("not-run", "not-run"): "not-run",
        ("not-run", None): None,
    } | {("refuted", other): "refuted" for other in (*VERDICTS, None)}
    assert len(table) == 28  # every unordered pair of seven
    for pair, verdict in table.items():
        assert combine(pair) == combine(pair[::-1]) == verdict


def test_settled_conjunction_stays_settled():
    """A part still open may become anything: the verdict is final exactly when that changes nothing."""
    for known in itertools.product(VERDICTS, repeat=2):
        ends = {combine((*known, last)) for last in VERDICTS}
        now = combine((*known, None))
        assert now == (ends.pop() if len(ends) == 1 else None)


def test_one_part_is_itself_and_none_is_refused():
    for verdict in (*VERDICTS, None):
        assert combine([verdict]) == verdict
    with pytest.raises(ValueError, match="at least one part"):
        combine([])


def test_a_conjunction_errs_at_the_level_of_a_part():
    """Ordering of 4 centres, three adjacent pairs: supported each at α, refuted each at α/3.

    The true steps are (0, 1, 1): the conjunction is false, at its boundary. α = 0.2 makes the errors
    countable. 600 rows; more than 158 wrong in 600 at chance 0.2 has probability 1e-4: the test's chance
    of a false alarm, once, when the seed was chosen.
    """
    alpha, parts, rows = 0.2, 3, 600
    effect = Linear((Reading("ntk.fake", (), "a"),), (1.0,), "linear")
    question = Question("pair", effect, Region(low=0.0), "mean", alpha, alpha / parts, budget=32)
    rng = np.random.default_rng(11)

    def share(truth: list[float], wanted: str) -> int:
        count = 0
        for _ in range(rows):
            rulings = [decide(rng.normal(t, 1, 32).tolist(), question) for t in truth]
            count += combine([r.verdict for r in rulings]) == wanted
        return count

    assert share([0.0, 1.0, 1.0], "supported") <= 158
    # All three on the edge: each may refute wrongly, which is why each has a third of alpha.
    together = share([0.0, 0.0, 0.0], "refuted")
    assert together <= 158
    assert together < sum(
        "refuted"
        in [
            decide(rng.normal(0, 1, 32).tolist(), replace(question, alpha_refute=alpha)).verdict
            for _ in range(parts)
        ]
        for _ in range(rows)
    )


def test_outcome_of_every_combination():
    every = get_args(Verdict)
    assert set(every) - set(VERDICTS) == {"located", "≥", "≤"}
    for verdict, control, has in itertools.product(every, (*every, None), (True, False)):
        if verdict in ("error", "not-covered", "not-run"):
            assert {outcome(e, verdict, control, has) for e in get_args(Expectation)} == {verdict}
            continue
        assert outcome("open", verdict, control, has) == "measured"
        plain = {"refuted": "as-expected", "supported": "unexpected"}
        assert outcome("refuted", verdict, control, has) == plain.get(verdict, "inconclusive")
        if verdict != "supported":
            expected = "unexpected" if verdict == "refuted" else "inconclusive"
            assert outcome("supported", verdict, control, has) == expected
        elif not has:
            assert outcome("supported", verdict, control, has) == "as-expected"
        elif control is None:
            with pytest.raises(ValueError, match="expected the control's verdict"):
                outcome("supported", verdict, control, has)
        else:
            by_control = {
                "refuted": "as-expected",
                "supported": "vacuous",
                "not-covered": "not-covered",
                "not-run": "not-run",
                "error": "error",
            }
            assert outcome("supported", verdict, control, has) == by_control.get(control, "inconclusive")


def test_failing_is_everything_but_as_expected_measured_and_not_covered():
    assert set(get_args(Outcome)) - set(FAILING) == {"as-expected", "measured", "not-covered"}
    assert set(get_args(Outcome)) >= set(FAILING)


def test_exit_code():
    assert exit_code([]) == 5
    assert exit_code(["as-expected"]) == 0
    assert exit_code(["as-expected", "measured"]) == 0
    for bad in FAILING:
        assert exit_code(["as-expected", bad, "measured"]) == 1
    assert exit_code(iter(["measured"])) == 0
    assert exit_code(["as-expected", "not-covered"]) == 0
    assert exit_code(["unexpected", "not-covered"]) == 1
    assert exit_code(["not-covered", "not-covered"]) == 5  # what tests nothing is not green
