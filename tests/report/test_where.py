"""Where a claim holds, in a sentence: short, and never wrong about any instance."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.where import VALUES, Place, where

VERDICTS = ("supported", "refuted", "inconclusive", "not-covered", "error")
WORD = {"supported": "holds", "refuted": "fails"}
GRID = [
    {"data": d, "hidden": h, "width": w}
    for d, h, w in itertools.product(("diabetes", "digits", "sphere"), "123", ("64", "512"))
]


def places(rule) -> list[Place]:
    return [(point, rule(point)) for point in GRID]


def says(holds) -> str:
    return where(places(lambda p: "supported" if holds(p) else "refuted"), len(GRID))


def test_the_example_of_the_docs():
    assert says(lambda p: p["width"] == "512") == "holds in 9 of 18 instances: at width 512, not at 64"


@pytest.mark.parametrize(
    ("holds", "sentence"),
    [
        (lambda p: True, "holds in 18 of 18 instances"),
        (lambda p: False, "holds in 0 of 18 instances"),
        (
            lambda p: p["data"] != "sphere",
            "holds in 12 of 18 instances: at data diabetes and digits, not at sphere",
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
            "holds in 11 of 18 instances: by width: 9 of 9 at 512; 2 of 9 at 64",
        ),
    ],
)
def test_what_tells_the_instances_apart_is_named(holds, sentence):
    assert says(holds) == sentence


def test_what_is_undecided_is_neither_where_it_holds_nor_where_it_fails():
    rule = {"1": "supported", "2": "inconclusive", "3": "refuted"}
    assert where(places(lambda p: rule[p["hidden"]]), 18) == (
        "holds in 6 of 18 instances, fails in 6, undecided in 6: at hidden 1, not at 3, undecided at 2"
    )


def test_one_undecided_instance_does_not_hide_what_tells_the_others_apart():
    def rule(point):
        if point == {"data": "digits", "hidden": "3", "width": "512"}:
            return "inconclusive"
        return "supported" if point["width"] == "512" else "refuted"

    assert where(places(rule), 18) == (
        "holds in 8 of 18 instances, fails in 9, undecided in 1: by width: 8 of 9 at 512; 0 of 9 at 64"
    )


def test_a_run_of_some_says_that_it_is_a_part():
    rule = {"1": "supported", "2": "refuted", "3": "not-run"}
    found = where([(p, rule[p["hidden"]]) for p in GRID[:6]], 18)
    assert found == "holds in 2 of the 4 of 18 instances run: at hidden 1, not at 2"
    assert where([(GRID[0], "not-run")], 18) == ""
    assert where([({}, "supported")], 1) == "holds in 1 of 1 instance"


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
        at, named = re.fullmatch(r"(only at|not at|not decided at) (.*)", text).groups()
        exceptions = [dict(pair.split("=") for pair in each.split(", ")) for each in named.split(" and at ")]
        kind = {"only at": "holds", "not at": "fails", "not decided at": "undecided"}[at]
        for point, found in kinds:
            assert any(each.items() <= point.items() for each in exceptions) == (found == kind)
        return
    said: dict[str, str] = {}
    axis = ""
    kind_of = {"at": "holds", "not at": "fails", "undecided at": "undecided"}
    for at, after in re.findall(r"(?:^|, )(not at|undecided at|at) (.*?)(?=, not at|, undecided at|$)", text):
        labels = after
        if not axis:
            axis, labels = after.split(" ", 1)
        said |= dict.fromkeys(values(labels), kind_of[at])
    assert len(said) <= VALUES
    assert all(said[point[axis]] == kind for point, kind in kinds)


@settings(max_examples=400, deadline=None)
@given(claims(), st.integers(0, 3))
def test_no_sentence_claims_what_is_not_so(run: list[Place], more: int):
    sentence = where(run, len(run) + more)
    head, _, place = sentence.partition(": ")
    kinds = [WORD.get(verdict, "undecided") for _, verdict in run]
    assert head.startswith(f"holds in {kinds.count('holds')} of ")
    assert (f"the {len(run)} of {len(run) + more} instances run" in head) == (more > 0)
    if "undecided" in kinds:
        assert f"undecided in {kinds.count('undecided')}" in head
        assert ("fails" in head) == ("fails" in kinds)
    if place:
        check(place, run)
    else:  # nothing is left out that one axis tells
        axes = [axis for axis in run[0][0] if len({p[axis] for p, _ in run}) > 1]
        for axis in axes if len(set(kinds)) > 1 else ():
            shares = [
                [k for (p, _), k in zip(run, kinds, strict=True) if p[axis] == value]
                for value in {p[axis] for p, _ in run}
            ]
            assert len({share.count("holds") / len(share) for share in shares}) == 1
