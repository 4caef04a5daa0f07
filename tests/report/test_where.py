"""Where a claim holds, in a sentence: short, and never wrong about any instance."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.where import MOST, VALUES, Place, where

VERDICTS = ("supported", "refuted", "inconclusive", "not-covered", "error")
WORD = {"supported": "holds", "refuted": "fails", "not-covered": "not covered"}
IN = ("holds", "fails", "undecided", "not covered")
GRID = [
    {"data": d, "hidden": h, "width": w}
    for d, h, w in itertools.product(("diabetes", "digits", "sphere"), "123", ("64", "512"))
]


def places(rule) -> list[Place]:
    return [(point, rule(point)) for point in GRID]


def says(holds) -> str:
    return where(places(lambda p: "supported" if holds(p) else "refuted"), len(GRID))


def test_the_example_of_the_docs():
    assert says(lambda p: p["width"] == "512") == "holds at width 512 (9 of 9), fails at 64 (9 of 9)"


@pytest.mark.parametrize(
    ("holds", "sentence"),
    [
        (lambda p: True, "holds in all 18 instances"),
        (lambda p: False, "fails in all 18 instances"),
        (
            lambda p: p["data"] != "sphere",
            "holds at data diabetes and digits (12 of 12), fails at sphere (6 of 6)",
        ),
        (
            lambda p: p["width"] == "512" and p["hidden"] != "3",
            "holds in 6 of 18 instances: at hidden 1 and 2 with width 512, not elsewhere",
        ),
        (
            lambda p: p["width"] == "512" or p["hidden"] == "1",
            "holds in 12 of 18 instances: everywhere but at hidden 2 and 3 with width 64",
        ),
        (
            lambda p: (*p.values(),) != ("digits", "3", "512"),
            "holds in 17 of 18 instances: not at data=digits, hidden=3, width=512",
        ),
        (
            lambda p: (*p.values(),) == ("digits", "3", "512"),
            "holds in 1 of 18 instances: only at data=digits, hidden=3, width=512",
        ),
        (
            lambda p: p["width"] == "512" or (p["data"], p["hidden"]) in {("digits", "3"), ("sphere", "1")},
            "holds at width 512 (9 of 9), fails at 64 (7 of 9)",
        ),
    ],
)
def test_what_tells_the_instances_apart_is_named(holds, sentence):
    assert says(holds) == sentence


def test_what_is_undecided_is_neither_where_it_holds_nor_where_it_fails():
    rule = {"1": "supported", "2": "inconclusive", "3": "refuted"}
    assert where(places(lambda p: rule[p["hidden"]]), 18) == (
        "holds at hidden 1 (6 of 6), fails at 3 (6 of 6), undecided at 2 (6 of 6)"
    )


def test_one_undecided_instance_does_not_hide_what_tells_the_others_apart():
    def rule(point):
        if point == {"data": "digits", "hidden": "3", "width": "512"}:
            return "inconclusive"
        return "supported" if point["width"] == "512" else "refuted"

    assert where(places(rule), 18) == ("holds at width 512 (8 of 9), fails at 64 (9 of 9)")


def test_a_run_of_some_says_that_it_is_a_part():
    rule = {"1": "supported", "2": "refuted", "3": "not-run"}
    found = where([(p, rule[p["hidden"]]) for p in GRID[:6]], 18)
    assert found == "holds at hidden 1 (2 of 2), fails at 2 (2 of 2); 4 of 18 instances were run"
    assert where([(GRID[0], "not-run")], 18) == ""
    assert where([({}, "supported")], 1) == "holds"


LABELS = {"data": ["a", "b", "c"], "hidden": ["1", "2", "1..2"], "width": ["64", "512"], "sd": list("vwxyz")}


@st.composite
def claims(draw) -> list[Place]:
    axes = draw(st.lists(st.sampled_from(sorted(LABELS)), min_size=1, max_size=3, unique=True))
    grid = [dict(zip(axes, values, strict=True)) for values in itertools.product(*(LABELS[a] for a in axes))]
    kept = draw(st.lists(st.sampled_from(range(len(grid))), min_size=1, unique=True))
    few = draw(st.sampled_from([("supported", "refuted"), ("supported", "error"), VERDICTS]))
    axis = draw(st.sampled_from(axes))  # half the time a verdict for each value of an axis, with exceptions
    by_value = {value: draw(st.sampled_from(few)) for value in LABELS[axis]}
    odd = draw(st.sets(st.sampled_from(kept), max_size=draw(st.sampled_from([0, 1, 2, 60]))))
    return [
        (grid[k], draw(st.sampled_from(few)) if k in odd else by_value[grid[k][axis]]) for k in sorted(kept)
    ]


def values(text: str) -> list[str]:
    return re.split(r", | and ", text)


def check(text: str, run: list[Place]) -> None:
    """Read the place in a sentence as a reader would, and compare it with each instance."""
    kinds = [(point, WORD.get(verdict, "undecided")) for point, verdict in run]
    if match := re.fullmatch(r"by (\w+): (.*)", text):
        axis, rest = match.groups()
        named = []
        for part in rest.split("; "):
            n, of, labels = re.fullmatch(r"(\d+) of (\d+) at (.*)", part).groups()
            for label in values(labels):
                there = [kind for point, kind in kinds if point[axis] == label]
                assert (there.count("holds"), len(there)) == (int(n), int(of))
                named.append(label)
        assert sorted(named) == sorted({point[axis] for point, _ in kinds})
        return
    if match := re.fullmatch(r"at (\w+) (.*) with (\w+) (.*), not elsewhere", text):
        one, first, other, second = match.groups()
        inside = [p[one] in values(first) and p[other] in values(second) for p, _ in kinds]
        assert [kind for _, kind in kinds] == ["holds" if within else "fails" for within in inside]
        return
    if match := re.fullmatch(r"everywhere but at (\w+) (.*) with (\w+) (.*)", text):
        one, first, other, second = match.groups()
        inside = [p[one] in values(first) and p[other] in values(second) for p, _ in kinds]
        assert [kind for _, kind in kinds] == ["fails" if within else "holds" for within in inside]
        return
    if "=" in text:
        at, named = re.fullmatch(r"(only at|not at|not decided at|not covered at) (.*)", text).groups()
        exceptions = [dict(pair.split("=") for pair in each.split(", ")) for each in named.split(" and at ")]
        kind = {"only at": "holds", "not at": "fails", "not decided at": "undecided"}.get(at, "not covered")
        for point, found in kinds:
            assert any(each.items() <= point.items() for each in exceptions) == (found == kind)
        return
    raise AssertionError(text)


def check_axis(text: str, run: list[Place]) -> None:
    """As above, of a sentence that says what is so at the values of one axis."""
    kinds = [(point, WORD.get(verdict, "undecided")) for point, verdict in run]
    axis, named = "", []
    for kind, after, n, of in re.findall(
        r"(?:^|, )(holds|fails|undecided|not covered) at (.*?) \((\d+) of (\d+)\)", text
    ):
        labels = after
        if not axis:
            axis, labels = after.split(" ", 1)
        there = [found for point, found in kinds if point[axis] in values(labels)]
        assert (there.count(kind), len(there)) == (int(n), int(of))
        for label in values(labels):
            at_it = [found for point, found in kinds if point[axis] == label]
            assert at_it.count(kind) >= MOST * len(at_it)
        named += values(labels)
    assert sorted(named) == sorted({point[axis] for point, _ in kinds})
    assert len(named) <= VALUES


@settings(max_examples=400, deadline=None)
@given(claims(), st.integers(0, 3))
def test_no_sentence_claims_what_is_not_so(run: list[Place], more: int):
    sentence = where(run, len(run) + more)
    if more:
        head, _, last = where(run, len(run) + more).rpartition("; ")
        assert re.fullmatch(rf"{len(run)} of {len(run) + more} instances (was|were) run", last)
        sentence = head
    kinds = [WORD.get(verdict, "undecided") for _, verdict in run]
    if len(set(kinds)) == 1:
        all_of = {1: "1 instance", 2: "both instances"}.get(len(run), f"all {len(run)} instances")
        assert sentence in (f"{kinds[0]} in {all_of}", kinds[0] if len(run) + more == 1 else "")
        return
    if re.match(r"[a-z ]+ at ", sentence):
        check_axis(sentence, run)
        return
    head, _, place = sentence.partition(": ")
    first = next(kind for kind in IN if kind in kinds)
    assert head.startswith(f"{first} in {kinds.count(first)} of {len(run)} instances")
    for kind in IN[1:]:
        if kind != first and (kind != "fails" or set(kinds) != {"holds", "fails"}):
            assert (f", {kind} in {kinds.count(kind)}" in head) == (kind in kinds)
    if place:
        check(place, run)
    else:  # nothing is left out that one axis tells
        axes = [axis for axis in run[0][0] if len({p[axis] for p, _ in run}) > 1]
        for axis in axes:
            shares = [
                [k for (p, _), k in zip(run, kinds, strict=True) if p[axis] == value]
                for value in {p[axis] for p, _ in run}
            ]
            assert len({share.count("holds") / len(share) for share in shares}) == 1
