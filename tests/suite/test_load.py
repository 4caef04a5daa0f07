"""What a valid suite becomes."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
from edits import edited
from good_suite import GOOD

from harness.suite import Suite, SuiteError, load

Read = Callable[[str], Suite]


def test_a_suite_becomes_records(read: Read) -> None:
    suite = read(GOOD)
    assert (suite.name, suite.title) == ("toys", "Toys")
    assert suite.sources["someone"].arxiv == "2501.10929"
    pairs = suite.experiments["pairs"]
    assert pairs.declaration is not None
    assert pairs.declaration.name == "toy-pair"
    assert pairs.fixed == {"sd": 0.02}
    assert [v.value for v in pairs.axes["size"].values] == [1, 2, 4]
    claim = suite.claims["same"]
    assert claim.alpha == 0.001
    assert claim.source is not None
    assert claim.source.where == "p. 3"


def test_instances_have_an_id_for_every_swept_axis_and_what_was_said_of_it(read: Read) -> None:
    first, *rest = read(GOOD).instances
    assert first.id == "toys/same[shift=0,size=1]"
    assert first.says == "a equals b at 0, size 1."
    assert (first.expect, first.seeds, first.marks) == ("supported", 21, ("quick",))
    assert [i.local_id for i in rest] == ["same[shift=0,size=2]", "same[shift=0,size=4]"]


def test_widening_at_renames_nothing(read: Read) -> None:
    text = edited(GOOD, {"at = { shift = 0.0 }": "at = { shift = 0, size = 2 }"})
    narrow = [i.id for i in read(text).instances]
    assert narrow == ["toys/same[shift=0,size=2]"]
    assert narrow[0] in {i.id for i in read(GOOD).instances}


@pytest.mark.parametrize(
    ("stance", "expect", "because", "expected"),
    [
        ("asserts", "", "", "supported"),
        ("disputes", "", "", "refuted"),
        ("asks", "", "", "open"),
        ("asserts", 'expect = "open"', "", "open"),
        ("asserts", 'expect = "refuted"', 'because = "measured"', "refuted"),
        ("asks", 'expect = "supported"', "", "supported"),
    ],
)
def test_the_expectation_follows_the_stance(
    read: Read, stance: str, expect: str, because: str, expected: str
) -> None:
    text = edited(GOOD, {"asserts": stance}) + f"{expect}\n{because}\n"
    assert {i.expect for i in read(text).instances} == {expected}


def test_an_expectation_against_the_source_needs_a_reason(read: Read) -> None:
    with pytest.raises(SuiteError, match="because"):
        read(GOOD + 'expect = "refuted"\n')


def test_where_overrides_what_it_matches_and_the_last_match_wins(read: Read) -> None:
    text = (
        GOOD
        + """
[[claims.same.where]]
at = { size = [2, 4] }
expect = "open"
because = "too large"
seeds = 14
[[claims.same.where]]
at = { size = 4 }
marks = ["slow", "big"]
seeds = 48
"""
    )
    one, two, four = read(text).instances
    assert (one.expect, one.seeds, one.marks, one.because) == ("supported", 21, ("quick",), "")
    assert (two.expect, two.seeds, two.marks, two.because) == ("open", 14, ("quick",), "too large")
    assert (four.expect, four.seeds, four.marks, four.because) == ("open", 48, ("slow", "big"), "too large")


def test_changes_along_an_axis_are_instances_of_adjacent_pairs(read: Read) -> None:
    text = edited(GOOD, {'within = "5%" }': 'within = "5%", along = "size" }'})
    ids = [i.local_id for i in read(text).instances]
    assert ids == ["same[shift=0,size=1..2]", "same[shift=0,size=2..4]"]
    assert read(text).instances[0].says == "a equals b at 0, size 1..2."
    far = edited(text, {'along = "size"': 'along = "size", from = 1, to = 4'})
    assert [i.local_id for i in read(far).instances] == ["same[shift=0,size=1..4]"]
    where = '\n[[claims.same.where]]\nat = { size = "2..4" }\nseeds = 14\n'
    assert [i.seeds for i in read(text + where).instances] == [21, 14]


def test_named_variants_set_parameters(read: Read) -> None:
    sweep = "sweep = { shift = [0.0, 0.5], size = [1, 2, 4] }"
    text = edited(GOOD, {sweep: "sweep.setting = { plain = {}, wide = { sd = 0.5, size = 3 } }"})
    text = edited(text, {"at = { shift = 0.5 }": 'of = ["b.error", "a.error"]'})
    text = edited(text, {"at = { shift = 0.0 }": "", "at {shift}, size {size}": "in {setting}"})
    suite = read(text)
    assert [i.local_id for i in suite.instances] == ["same[setting=plain]", "same[setting=wide]"]
    assert suite.experiments["pairs"].axes["setting"].by_label["wide"].sets == {"sd": 0.5, "size": 3}


def test_margins_are_on_the_log_scale_or_absolute(read: Read) -> None:
    relative = read(GOOD).claims["same"].predicate
    assert relative.margin.size == pytest.approx(math.log(1.05), rel=1e-15)  # type: ignore[union-attr]
    absolute = read(edited(GOOD, {'"5%"': "0.05"})).claims["same"].predicate
    assert (absolute.margin.size, absolute.margin.relative) == (0.05, False)  # type: ignore[union-attr]


def test_one_and_one_point_zero_are_one(read: Read) -> None:
    text = edited(GOOD, {"size = [1, 2, 4]": "size = [1.0, 2, 4]"})
    text = edited(text, {"shift = [0.0, 0.5]": "shift = [0, 0.5]"})
    assert [i.id for i in read(text).instances] == [i.id for i in read(GOOD).instances]
    values = read(text).experiments["pairs"].axes
    assert [type(v.value) for v in values["size"].values] == [int] * 3
    assert [type(v.value) for v in values["shift"].values] == [float] * 2


def test_without_imports_a_named_module_is_not_touched(write: Callable[[str], Path]) -> None:
    path = write(edited(GOOD, {"toys:pair": "no_such_module:pair"}))
    assert load(path).experiments["pairs"].declaration is None
    with pytest.raises(SuiteError, match="no_such_module"):
        load(path, imports=True)


def test_a_control_may_be_declined_with_a_reason(read: Read) -> None:
    text = edited(GOOD, {"control = { at = { shift = 0.5 } }": 'control = "none: it is an identity"'})
    control = read(text).instances[0].control
    assert control is not None
    assert control.none_because == "it is an identity"


def test_a_memory_limit_is_the_claims_or_the_default_one(read: Read) -> None:
    assert read(GOOD).claims["same"].memory_limit is None
    default = edited(GOOD, {"seeds = 21": 'seeds = 21\nmemory-limit = "4 GiB"'})
    assert read(default).claims["same"].memory_limit == 4 * 2**30
    own = edited(default, {'experiment = "pairs"': 'experiment = "pairs"\nmemory-limit = "500MB"'})
    assert read(own).claims["same"].memory_limit == 500 * 10**6
