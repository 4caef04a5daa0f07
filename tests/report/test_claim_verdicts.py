"""The verdict on a whole claim, its sentence, and the first lines of every report."""

from __future__ import annotations

import itertools

import pytest
from made import INSTANCE, at_sizes, record, unmeasured
from msgspec.structs import replace

from harness.report.brief import brief
from harness.report.claim_verdicts import (
    claim_verdict,
    facts,
    lead,
    range_of_effects,
    source_name,
    source_says,
    summaries,
    written_out,
)
from harness.report.html import page
from harness.report.markdown import markdown
from harness.report.terminal import terminal


@pytest.mark.parametrize(
    ("verdicts", "verdict"),
    [
        (("supported", "supported"), "holds"),
        (("supported", "not-covered", "not-run"), "holds"),
        (("supported", "refuted"), "in part"),
        (("supported", "inconclusive"), "in part"),
        (("supported", "error"), "in part"),
        (("refuted", "inconclusive"), "fails"),
        (("refuted",), "fails"),
        (("inconclusive", "error"), "undecided"),
        (("located", "≥", "inconclusive"), "located"),
        (("error", "not-run"), "error"),
        (("not-covered", "not-run"), "not covered"),
        (("not-run",), "not run"),
    ],
)
def test_a_claim_has_one_verdict_in_whatever_order_its_instances_stand(
    verdicts: tuple[str, ...], verdict: str
) -> None:
    assert {claim_verdict(order) for order in itertools.permutations(verdicts)} == {verdict}


def test_the_first_sentence_counts_claims_by_their_verdicts() -> None:
    found = record(
        *at_sizes(2, claim="one"),
        *at_sizes(2, claim="two"),
        replace(INSTANCE, claim="three", verdict="refuted"),
        unmeasured("inconclusive", claim="four"),
        unmeasured("not-covered", claim="five"),
    )
    claims = summaries(found)
    said = "Of 5 claims, 2 hold wherever tested, 1 fails, 1 is undecided, 1 is not covered."
    assert lead(claims) == said
    assert lead(()) == "Nothing was judged."
    html, terse, short = page(found), terminal(found), brief(found)
    for text in (html, terse, short, markdown(found)):
        assert said in text


def test_the_facts_beside_it_count_claims_too() -> None:
    against = replace(INSTANCE, claim="odd", verdict="refuted", agreement="contradicts", leaves_open=0.19)
    fragile = at_sizes(3, claim="near", fragile=True, leaves_open=0.3894)
    claims = summaries(record(against, *fragile))
    assert facts(claims, 2, "9f8e7d6c5b4a") == (
        "1 contradicts its source · 2 changed since 9f8e7d6c5 · 1 is fragile · "
        "events on up to 39% of seeds may not have been seen"
    )
    assert facts(claims[:0]) == ""
    assert "nothing changed since a1" in facts(claims, 0, "a1")


@pytest.mark.parametrize(
    ("says", "points", "sentence"),
    [
        ("at width {width}", [64, 512], "at width 64 or 512"),
        ("at width {width}", [512, 512], "at width 512"),
        ("{n} points", [4096, 16, 64, 256, 1024], "16 to 4096 points"),
        ("noise {sd}", [1.0, 0, 0.25, 0.5], "noise 0, 0.25, 0.5 or 1"),
        ("Setting {setting}: so", list("abcde"), "Each setting: so"),
        ("of {data}", ["a", "b", "c"], "of a, b or c"),
        ("by {rule}, always", [f"rule-{k}" * 4 for k in range(4)], "by each rule, always"),
        ("{gone} stays", [1, 2], "Each gone stays"),
        ("{{not}} an axis", [1, 2], "{not} an axis"),
        ("a { alone", [1, 2], "a { alone"),
    ],
)
def test_no_braces_are_left_in_a_sentence(says: str, points: list[object], sentence: str) -> None:
    axis = says.partition("{")[2].partition("}")[0].strip("{")
    axis = axis if axis.isidentifier() and axis != "gone" else "size"
    members = [replace(INSTANCE, claim_says=says, point={axis: value}) for value in points]
    assert written_out(members) == sentence


def test_an_instance_alone_has_its_own_sentence() -> None:
    assert written_out([INSTANCE]) == INSTANCE.says


def test_effects_are_a_range_against_the_region() -> None:
    low, high = replace(INSTANCE, estimate=-0.1), replace(INSTANCE, estimate=0.2)
    assert range_of_effects([high, low]) == "-9.52% to +22.1%, claim ±5.13%"
    assert range_of_effects([INSTANCE]) == "+1.01% [-1.98%, +4.08%], claim ±5.13%"
    assert range_of_effects([low, replace(high, region=(-0.1, 0.1))]) == "-9.52% to +22.1%"
    assert (
        range_of_effects([unmeasured("error")]) == range_of_effects([low, replace(high, unit="value")]) == ""
    )


def test_a_source_is_named_by_author_and_year() -> None:
    source = INSTANCE.source
    assert source
    assert source_name(source) == "Someone 2025"
    assert source_name(replace(source, year=None, arxiv="1902.06720")) == "Someone 2019"
    assert source_name(replace(source, authors=("Someone, Anna",))) == "Someone 2025"
    assert source_name(replace(source, authors=())) == "someone"
    assert source_name(replace(source, year=None, arxiv="hep-th/9901001")) == "someone"
    assert source_says(source, "agrees") == "as Someone 2025 says"
    assert source_says(source, "contradicts") == "contradicts Someone 2025"
    assert source_says(replace(source, stance="asks"), "") == "Someone 2025 asks whether it holds"
    assert source_says(None, "") == ""
