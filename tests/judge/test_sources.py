"""Agreement with sources, by complete enumeration: of one instance, and of a claim by its scope."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import get_args

import pytest

from harness.judge import (
    Judged,
    Scope,
    Stance,
    agreement,
    claim_agreement,
    decide,
    over_instances,
    supports_for_some,
)
from harness.judge.outcome import Verdict
from harness.questions import Linear, Question, Reading, Region

VERDICTS: tuple[Verdict, ...] = get_args(Verdict)
SCOPES: tuple[Scope, ...] = get_args(Scope)
SURE = [Judged("asserts", verdict, True) for verdict in VERDICTS]


def test_agreement_is_the_verdict_against_the_stance_of_every_combination():
    told = {"supported": ("agrees", "contradicts"), "refuted": ("contradicts", "agrees")}
    for verdict in VERDICTS:
        asserts, disputes = told.get(verdict, ("undecided", "undecided"))
        assert agreement("asserts", verdict) == asserts
        assert agreement("disputes", verdict) == disputes
        assert {agreement(stance, verdict) for stance in ("asks", "none", None)} == {""}


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_each_scope_is_what_it_says(k: int):
    """Counted in another way: by which verdicts are there, and by which are not."""
    for found in itertools.product(SURE, repeat=k):
        verdicts = [each.verdict for each in found]
        only = set(verdicts)
        every = "refuted" if "refuted" in only else "supported" if only == {"supported"} else None
        some = "supported" if "supported" in only else "refuted" if only == {"refuted"} else None
        ahead = {v: sum(x == v for x in verdicts) > k - sum(x == v for x in verdicts) for v in verdicts}
        most = next((v for v in ("supported", "refuted") if ahead.get(v)), None)
        for scope, expected in zip(SCOPES, (every, some, most), strict=True):
            assert over_instances(scope, found, k) == expected, (scope, verdicts)


@pytest.mark.parametrize("scope", SCOPES)
def test_a_part_of_the_instances_decides_only_what_the_others_cannot_change(scope: Scope):
    """Of three instances, every choice of those that were run, against every way the others may come out."""
    for run in range(4):
        for found in itertools.product(SURE, repeat=run):
            ends = {
                over_instances(scope, (*found, *others), 3)
                for others in itertools.product(SURE, repeat=3 - run)
            }
            decided = over_instances(scope, found, 3)
            assert decided == (ends.pop() if len(ends) == 1 else None), (scope, found)


@pytest.mark.parametrize("scope", SCOPES)
def test_who_disputes_is_right_where_who_asserts_is_wrong(scope: Scope):
    other = {"agrees": "contradicts", "contradicts": "agrees", "undecided": "undecided"}
    for verdicts in itertools.product(VERDICTS, repeat=3):
        asserted, disputed = (
            claim_agreement(scope, [Judged(stance, v, True) for v in verdicts], {stance: 3})
            for stance in ("asserts", "disputes")
        )
        assert disputed == other[asserted]


def test_some_needs_an_instance_that_is_supported_at_its_share_of_alpha():
    weak, strong = Judged("asserts", "supported", False), Judged("asserts", "supported", True)
    assert claim_agreement("some", [weak, weak], {"asserts": 2}) == "undecided"
    assert claim_agreement("some", [weak, strong], {"asserts": 2}) == "agrees"
    assert claim_agreement("every", [weak, weak], {"asserts": 2}) == "agrees"


def test_instances_of_which_the_source_says_nothing_do_not_count():
    silent: list[Stance] = ["none", "asks"]
    others = [Judged(stance, verdict, True) for stance in silent for verdict in VERDICTS]
    supported = Judged("asserts", "supported", True)
    for scope in SCOPES:
        assert claim_agreement(scope, [supported, *others], {"asserts": 1, "none": 6}) == "agrees"
        assert claim_agreement(scope, others, {"none": 6, "asks": 6}) == ""


def test_a_source_that_asserts_some_and_disputes_others_must_be_right_of_both():
    right, wrong, open_ = "supported", "refuted", "inconclusive"
    rows = {
        (right, wrong): "agrees",
        (wrong, wrong): "contradicts",
        (right, right): "contradicts",
        (wrong, right): "contradicts",
        (right, open_): "undecided",
        (open_, right): "contradicts",
    }
    for (asserted, disputed), expected in rows.items():
        judged = [Judged("asserts", asserted), Judged("disputes", disputed)]
        assert claim_agreement("every", judged, {"asserts": 1, "disputes": 1}) == expected


def question(alpha: float, *, exchanged: bool = False) -> Question:
    effect = Linear((Reading("r", (), "q"),), (1.0,), "linear")
    return Question("", effect, Region(-1, 1), "mean", alpha, alpha, 14, exchanged)


def test_a_share_of_alpha_is_judged_from_the_same_values():
    """14 values, whose interval ends within the region at 0.01 and not at 0.01/18: t.isf(0.01/8, 13) is 3.7,
    t.isf(0.01/144, 13) is 5.6, of a standard error that puts the edge at 4.5 of them."""
    spread = [(-1) ** n * (1 + n / 14) for n in range(14)]
    mean = sum(spread) / 14
    error = (sum((x - mean) ** 2 for x in spread) / 13 / 14) ** 0.5
    values = [(x - mean) / error / 4.5 for x in spread]
    asked = question(0.01)
    assert decide(values, asked).verdict == "supported"
    assert supports_for_some([(asked, values, ())], 1)
    assert not supports_for_some([(asked, values, ())], 18)
    assert supports_for_some([(asked, [x / 9 for x in values], ())], 18)
    parts = [(asked, [x / 9 for x in values], ()), (asked, values, ())]
    assert not supports_for_some(parts, 18)  # every part must


def test_a_share_of_alpha_is_that_of_differ_too():
    spread = [(-1) ** n * (1 + n / 14) for n in range(14)]
    mean = sum(spread) / 14
    error = (sum((x - mean) ** 2 for x in spread) / 13 / 14) ** 0.5
    apart = [1 + 4.5 * 0.01 + 0.01 * (x - mean) / error for x in spread]  # 4.5 errors beyond the edge
    differ = question(0.01, exchanged=True)
    assert supports_for_some([(differ, apart, ())], 1)
    assert not supports_for_some([(differ, apart, ())], 18)


def test_a_share_of_alpha_is_that_of_refuting_too():
    """14 values 4.5 standard errors beyond the edge: refuted at 0.01, not at 0.01/18; then values inside."""
    spread = [(-1) ** n * (1 + n / 14) for n in range(14)]
    mean = sum(spread) / 14
    error = (sum((x - mean) ** 2 for x in spread) / 13 / 14) ** 0.5
    values = [1.045 + 0.01 * (x - mean) / error for x in spread]
    values += [0.001 * (n % 7) for n in range(94)]
    asked = replace(question(0.01), region=Region(high=1.0), budget=108)
    assert decide(values, asked).verdict == "refuted"
    assert not supports_for_some([(asked, values, ())], 1)
    assert supports_for_some([(asked, values, ())], 18)
