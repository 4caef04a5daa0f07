"""`boundary` in a suite: its points, what reads it, and every mistake with its line and column."""

from __future__ import annotations

import tomllib
from collections.abc import Callable

import pytest
from edits import edited
from jsonschema import Draft7Validator

from harness.declare import find
from harness.plan import case
from harness.questions import Region
from harness.suite import Suite, SuiteError
from harness.suite.schema import schema

Read = Callable[[str], Suite]
TEXT = """\
[suite]
format = 2
title = "Boundaries"

[experiments.pairs]
run = "toys:pair"
sweep = { shift = [0.0, 0.5], size = [1, 4, 2], kind = ["plain"] }

[claims.edge]
says = "The gap falls below 1 from {size}."
expect = "open"
experiment = "pairs"
boundary = { of = "gap", bound = 1, along = "size", from = 16, to = 1024, within = "2 x" }
"""
AXIS = 'along = "size", from = 16, to = 1024, within = "2 x"'
EDITOR = Draft7Validator(schema([find("ntk.kernel")]))


def at_of(suite: Suite) -> tuple[float, ...]:
    search = case(suite.instances[0]).search
    assert search is not None
    return search.at


def test_its_axis_is_used_up_whether_it_is_swept_or_not(read: Read) -> None:
    suite = read(TEXT)
    assert [i.local_id for i in suite.instances] == ["edge[kind=plain,shift=0]", "edge[kind=plain,shift=0.5]"]
    assert suite.instances[0].says == "The gap falls below 1 from 16..1024."
    other = read(edited(TEXT, {", size = [1, 4, 2]": ""}))
    assert [i.local_id for i in other.instances] == [i.local_id for i in suite.instances]
    assert at_of(other) == at_of(suite)


def test_a_range_has_points_in_quarter_octaves_that_the_parameter_takes(read: Read) -> None:
    whole = at_of(read(TEXT))
    assert whole[:6] == (16, 19, 23, 27, 32, 38)
    assert (len(whole), whole[-1]) == (25, 1024)
    some = at_of(read(edited(TEXT, {"from = 16": "from = 1"})))
    assert some[:6] == (1, 2, 3, 4, 5, 6)  # each once
    real = at_of(read(edited(TEXT, {AXIS: 'along = "sd", from = 0.01, to = 0.04'})))
    assert real == (0.01, 0.0119, 0.0141, 0.0168, 0.02, 0.0238, 0.0283, 0.0336, 0.04)
    near = at_of(read(edited(TEXT, {AXIS: 'along = "sd", from = 1, to = 2, within = "1.1 x"'})))
    assert len(near) == 9


def test_without_a_range_the_points_are_those_that_are_swept_and_kept(read: Read) -> None:
    bare = edited(TEXT, {AXIS: 'along = "size"'})
    assert at_of(read(bare)) == (1, 2, 4)
    assert at_of(read(bare + "at = { size = [4, 2] }\n")) == (2, 4)


def test_a_claim_about_it_is_compared_at_a_point_of_its_own(read: Read) -> None:
    claimed = case(read(edited(TEXT, {'within = "2 x"': "at-most = 700"})).instances[0])
    assert claimed.search is not None
    assert 700 in claimed.search.at
    assert (claimed.search.region, claimed.search.ratio) == (Region(high=700.0), None)
    both = case(read(edited(TEXT, {'within = "2 x"': 'within = "2 x", at-least = 20'})).instances[0])
    assert both.search is not None
    assert (both.search.region, both.search.ratio) == (Region(low=20.0), 2.0)


def test_each_point_is_judged_at_a_twelfth_of_alpha(read: Read) -> None:
    questions = case(read(TEXT + "alpha = 0.012\n").instances[0]).questions
    assert {(q.alpha, q.alpha_refute, q.unit) for q in questions} == {(0.001, 0.001, "value")}
    assert (
        questions[3].effect.readings[0].params
        == case(read(edited(TEXT, {"size = [1, 4, 2]": "size = [1, 27]"})).instances[0])
        .questions[3]
        .effect.readings[0]
        .params
    )  # type: ignore[union-attr]


def test_rare_events_are_those_of_a_point(read: Read) -> None:
    """At alpha/12, 14 seeds miss what 21 show."""
    text = TEXT + 'rare = "39%"\nalpha = 0.001\n'
    assert read(text).instances[0].least == 21


@pytest.mark.parametrize(
    ("old", "new", "key", "said"),
    [
        ('along = "size"', 'along = "sise"', "along", "did you mean size?"),
        ('along = "size"', 'along = "kind"', "along", "expected one of"),
        ('along = "size"', 'along = "shfit"', "along", "did you mean shift?"),
        (", to = 1024", "", "boundary", "`from` and `to` together"),
        ("from = 16", "from = 0", "from", "an integer >= 1, as `size` takes, found 0"),
        ("from = 16", "from = 16.5", "from", "an integer, as `size` takes, found 16.5"),
        ("from = 16", "from = 2000", "to", "a number above `from`, which is 2000, found 1024"),
        ("from = 16", "from = -1", "from", "an integer >= 1, as `size` takes, found -1"),
        ('"2 x"', '"1 x"', "within", 'a ratio above 1 such as "2 x", found "1 x"'),
        ('"2 x"', '"1.0 x"', "within", "a ratio above 1"),
        ('"2 x"', "2", "within", "a ratio above 1"),
        ('within = "2 x"', "at-most = 5", "at-most", "a value between 16 and 1024, found 5"),
        ('within = "2 x"', "at-least = 2000", "at-least", "a value between 16 and 1024, found 2000"),
        ('within = "2 x"', "at-most = 70, at-least = 20", "at-least", "one of `at-most` and `at-least`"),
        ("from = 16", "from = 1", "within", "neighbouring points can have, such as the 2 x from 1 to 2"),
        ('of = "gap", bound = 1', 'of = "a.error", bound = 0', "bound", "a bound above 0 for `a.error`"),
        ('expect = "open"', 'expect = "supported"', "expect", "it is measured only, found supported"),
        (AXIS, 'along = "shift"', "along", "an axis of positive numbers, found `shift` with 0"),
        (AXIS, 'along = "sd"', "along", "`from` and `to` of an axis that is not swept"),
        (AXIS, 'along = "size", within = "1.5 x"', "within", "such as the 2 x from 1 to 2, found 1.5 x"),
        ("from {size}", "from {sise}", "says", "did you mean size?"),
    ],
)  # fmt: skip
def test_mistakes(read: Read, old: str, new: str, key: str, said: str) -> None:
    wrong = edited(TEXT, {old: new})
    if old == "from = 16" and new == "from = 1":
        wrong = edited(wrong, {'"2 x"': '"1.9 x"'})
    with pytest.raises(SuiteError) as caught:
        read(wrong)
    (line, *others) = str(caught.value).splitlines()
    number, text = next((n, s) for n, s in enumerate(wrong.splitlines(), 1) if f"{key} =" in s)
    assert f":{number}:{text.index(f'{key} =') + 1}: " in line
    assert said in line
    assert not [other for other in others if other.strip()]


def test_other_mistakes(read: Read) -> None:
    def said(text: str, expected: str) -> None:
        with pytest.raises(SuiteError) as caught:
            read(text)
        assert expected in str(caught.value)

    said(
        TEXT + "at = { size = 4 }\n", "claims.edge.at.size: expected no `size`: the predicate states its ends"
    )
    bare = edited(TEXT, {AXIS: 'along = "size"'})
    said(bare + "at = { size = 4 }\n", "at least 2 values of `size`, found 1")
    ways = edited(TEXT, {'kind = ["plain"]': "way = { a = { size = 4 } }", "size = [1, 4, 2], ": ""})
    said(ways, "a parameter that no other axis sets, found `size`, which `way` sets")
    claimed = edited(TEXT, {'within = "2 x"': "at-most = 70", '"open"': '"supported"'})
    said(claimed, "a `control`")
    for key in ("at-most = 80", "from = 17", "bound = 2", 'within = "3 x"'):
        name = key.partition(" ")[0]
        said(claimed + f"control = {{ {key} }}\n", f"control.{name}: expected the claim's own margin")
    said(claimed + 'control = { along = "sd" }\n', "control.along: expected the claim's own `along`")
    read(claimed + "control = { at = { shift = 0.5 } }\nat = { shift = 0 }\n")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (", to = 1024", ""),
        ('"2 x"', '"1 x"'),
        ('"2 x"', '"0.5 x"'),
        ('"2 x"', "2"),
        ('within = "2 x"', "at-most = 70, at-least = 20"),
        ("bound = 1, ", ""),
        ('within = "2 x"', 'direction = "down"'),
    ],
)
def test_editors_know_its_mistakes(old: str, new: str) -> None:
    assert EDITOR.is_valid(tomllib.loads(TEXT))
    assert not EDITOR.is_valid(tomllib.loads(edited(TEXT, {old: new})))


def test_a_suite_that_is_not_imported_is_read(write: Callable[[str], object]) -> None:
    from harness.suite import load

    suite = load(str(write(TEXT)))
    assert [i.local_id for i in suite.instances] == ["edge[kind=plain,shift=0]", "edge[kind=plain,shift=0.5]"]
