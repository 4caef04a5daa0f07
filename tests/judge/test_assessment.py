"""One assessment of an instance: what its parts come to together."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from harness.judge import (
    FRAGILE,
    Assessment,
    PartAssessment,
    all_reproduce,
    assess,
    assess_part,
    decide,
    lag_one,
    left_open,
    reproducibility,
    seeds_to_decision,
    shown_reproducibility,
    smallest_margin,
)
from harness.questions import Closeness, Linear, Question, Reading, Region

READING = Reading("toys:pair", (), "a")
EQUAL = Question("small", Linear((READING,), (1.0,), "linear"), Region(-1, 1), "mean", 0.001, 0.001, 48)
EXACT = Question("same", Closeness((READING,), 0.0, 1.0), Region(high=1), "mean", 0.001, 0.001, 14)


def part(mean: float, sd: float, question: Question = EQUAL, seed: int = 0) -> PartAssessment:
    generator = random.Random(seed)  # any seed that gives the verdicts below
    values = [generator.gauss(mean, sd) for _ in range(question.budget)]
    return assess_part(question, decide(values, question))


INSIDE, OUTSIDE, OPEN = part(0.0, 0.5), part(2.0, 0.5), part(0.9, 1.0)
NEAR, WIDE = part(0.7, 0.5, seed=2), part(0.0, 0.9)  # supported at 32 seeds, likely but not sure to be again
BEYOND = part(1.7, 1.0)  # refuted at 48, no likelier than not to be again


def assessed(*parts: PartAssessment, control: tuple[PartAssessment, ...] = (), **how: object) -> Assessment:
    return assess(parts, control, **{"expect": "supported", "stance": "asserts", **how})  # type: ignore[arg-type]


def test_a_part_says_what_the_modules_of_the_room_say() -> None:
    for each in (INSIDE, OUTSIDE, OPEN, NEAR):
        ruling, question = each.ruling, each.question
        chance = reproducibility(ruling, question)
        assert each.verdict == ruling.verdict
        assert (each.chance, each.reproducibility) == (chance, shown_reproducibility(chance, ruling.n))
        assert each.smallest_margin == smallest_margin(ruling, question)
        assert each.leaves_open == left_open(ruling, question)
        assert each.lag_one == lag_one(ruling.values)
    assert [each.verdict for each in (INSIDE, OUTSIDE, OPEN, NEAR)] == [
        "supported", "refuted", "inconclusive", "supported",
    ]  # fmt: skip
    assert OPEN.seeds_to_decision == seeds_to_decision(OPEN.ruling, EQUAL)
    assert OPEN.seeds_to_decision is not None
    assert INSIDE.seeds_to_decision is None  # decided: nothing more is needed


def test_exact_has_no_advice_and_no_statistics() -> None:
    same = assess_part(EXACT, decide([0.5 + k / 100 for k in range(14)], EXACT))
    assert (same.verdict, same.smallest_margin, same.lag_one, same.chance) == ("supported", None, None, None)
    assert same.leaves_open is not None


@pytest.mark.parametrize(("covered", "verdict"), [(True, "error"), (False, "not-covered")])
def test_an_error_says_nothing_but_its_reason(covered: bool, verdict: str) -> None:
    wrong = assess_part(EQUAL, OPEN.ruling, "seed 3: a: training: it broke", covered=covered)
    assert (wrong.verdict, wrong.reason) == (verdict, "seed 3: a: training: it broke")
    assert wrong == PartAssessment(EQUAL, OPEN.ruling, wrong.verdict, wrong.error)
    assert assess_part(EQUAL, decide((), EQUAL)).verdict == "not-run"


def test_the_part_that_settles_is_the_first_with_the_verdict() -> None:
    far = part(3.0, 0.5)
    found = assessed(INSIDE, OUTSIDE, far, OPEN)
    assert (found.verdict, found.settling, found.outcome) == ("refuted", OUTSIDE, "unexpected")
    assert found.agreement == "contradicts"
    assert assessed(INSIDE, OPEN).settling is OPEN
    assert assessed(INSIDE, NEAR).settling is INSIDE


def test_all_parts_of_a_supported_claim_must_come_out_again_and_any_of_a_refuted_one() -> None:
    both = assessed(INSIDE, NEAR)
    fewest = min(INSIDE.ruling.n, NEAR.ruling.n)
    assert both.reproducibility == shown_reproducibility(all_reproduce([INSIDE.chance, NEAR.chance]), fewest)
    shown = assessed(WIDE, NEAR).reproducibility
    assert shown is not None
    assert shown < min(WIDE.reproducibility or 0, NEAR.reproducibility or 0)
    assert OUTSIDE.reproducibility is None  # of too few seeds for a figure
    assert assessed(OUTSIDE, BEYOND).reproducibility == BEYOND.reproducibility
    assert BEYOND.reproducibility is not None
    assert assessed(OPEN).reproducibility is None


def test_a_control_counts_for_fragility_only_where_its_verdict_does() -> None:
    assert BEYOND.verdict == "refuted"
    assert BEYOND.chance is not None
    assert BEYOND.chance < FRAGILE
    assert not assessed(INSIDE).fragile
    assert assessed(NEAR).fragile
    assert assessed(INSIDE, control=(BEYOND,)).fragile
    assert not assessed(INSIDE, control=(BEYOND,), expect="open").fragile  # whatever the control says
    assert not assessed(OUTSIDE, control=(BEYOND,)).fragile


def test_what_is_left_open_is_the_most_of_any_part_and_of_a_refuted_one_that_which_settles() -> None:
    chances = [INSIDE.leaves_open, NEAR.leaves_open]
    assert None not in chances
    assert chances[0] != chances[1]
    assert assessed(INSIDE, NEAR).leaves_open == max(chance for chance in chances if chance is not None)
    assert assessed(NEAR, OUTSIDE).leaves_open == OUTSIDE.leaves_open
    assert assessed(INSIDE, OPEN).leaves_open is None


def test_neighbours_of_any_part_count() -> None:
    alike = replace(INSIDE, neighbours_alike=True)
    assert assessed(INSIDE, alike).neighbours_alike
    assert not assessed(INSIDE, INSIDE).neighbours_alike


def test_some_is_asked_of_sources_that_say_so_at_the_level_of_all_alike() -> None:
    assert assessed(NEAR, scope="some").supported_for_some
    assert not assessed(NEAR, scope="some", alike=1000).supported_for_some
    for scope in ("every", "most", None):
        assert not assessed(NEAR, scope=scope).supported_for_some
    assert not assessed(OUTSIDE, scope="some").supported_for_some
