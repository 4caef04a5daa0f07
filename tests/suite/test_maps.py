"""`[maps.ID]`: what is read, and every mistake with its place."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from edits import edited
from good_suite import read, write
from map_suite import MAP

from harness.suite import Suite, SuiteError
from harness.suite.maps import MOST_CLAIMS

__all__ = ["read", "write"]
Read = Callable[[str], Suite]

HEAD = MAP.splitlines().index("[maps.sizes]") + 1
CLAIM, AXES, TIME = HEAD + 2, HEAD + 3, HEAD + 4


def test_a_map_is_read(read: Read) -> None:
    (found,) = read(MAP).maps.values()
    assert (found.id, found.title, found.claims) == ("sizes", "Where gaps close", ("edge", "earlier"))
    assert (found.axes, found.seconds) == (("size", "shift"), 600.0)
    alone = edited(MAP, {'["edge", "earlier"]': '"edge"', 'time-budget = "10 min"\n': ""})
    (found,) = read(alone).maps.values()
    assert (found.claims, found.seconds) == (("edge",), math.inf)


PLAIN = '\n[claims.plain]\nsays = "Small."\nexpect = "open"\nexperiment = "pairs"\n'
PLAIN += 'at-most = { of = "gap", bound = 9 }\n'
AGAIN = '\n[maps.again]\ntitle = "Again"\nclaim = "edge"\naxes = ["size", "shift"]\n'


@pytest.mark.parametrize(
    ("changes", "more", "line", "expected", "found"),
    [
        ({'"edge", "earlier"': '"egde"'}, "", CLAIM, "one of edge, earlier", 'found "egde"'),
        ({'"edge", "earlier"': '"plain"'}, PLAIN, CLAIM, "a claim with `boundary`", "with `at-most`"),
        ({'"edge", "earlier"': '"edge", "edge"'}, "", CLAIM, "each claim once", "`edge` twice"),
        ({'["edge", "earlier"]': "3"}, "", CLAIM, "the id of a claim", "3"),
        ({'["edge", "earlier"]': "[]"}, "", CLAIM, "the id of a claim", "[]"),
        ({'["size", "shift"]': '["shift", "size"]'}, "", AXES, "`size`, along which", 'found "shift"'),
        ({'["size", "shift"]': '["size"]'}, "", AXES, "a list of two or three axes", 'found ["size"]'),
        ({'["size", "shift"]': '["size", "shft"]'}, "", AXES, "shift", 'found "shft"'),
        ({'["size", "shift"]': '["size", "shift", "shift"]'}, "", AXES, "each axis once", "`shift` twice"),
        ({"10 min": "ten"}, "", TIME, 'a duration such as "50 min"', 'found "ten"'),
        ({"10 min": "0 s"}, "", TIME, 'a duration such as "50 min"', 'found "0 s"'),
        ({'"10 min"': "600"}, "", TIME, 'a duration such as "50 min"', "600"),
        ({'title = "Where gaps close"\n': ""}, "", HEAD, "a key `title`", "none"),
        ({"time-budget": "budget"}, "", TIME, "one of the keys title, claim, axes, time-budget", "`budget`"),
        ({}, AGAIN, HEAD + 8, "a claim that no other map has: `sizes` has it", "`edge`"),
    ],
)  # fmt: skip
def test_a_mistake_is_said_with_its_place(
    read: Read, changes: dict[str, str], more: str, line: int, expected: str, found: str
) -> None:
    with pytest.raises(SuiteError) as raised:
        read(edited(MAP, changes) + more if changes else MAP + more)
    (mistake,) = raised.value.mistakes
    assert mistake.line == line
    assert expected in mistake.expected
    assert found in mistake.describe("")


def test_an_axis_that_nothing_sweeps_is_named(read: Read) -> None:
    text = edited(MAP, {"shift = [0.7, 1.5, 3.0], ": "", '["edge", "earlier"]': '"edge"'})
    with pytest.raises(SuiteError, match="sweeps none but `size`"):
        read(text)


def test_a_claim_with_a_mistake_makes_none_of_its_map(read: Read) -> None:
    with pytest.raises(SuiteError) as raised:
        read(edited(MAP, {'of = "gap", bound = 0,': 'of = "gap", bund = 0,'}))
    assert {mistake.path[0] for mistake in raised.value.mistakes} == {"claims"}


def test_a_map_has_no_more_claims_than_a_figure_can_show(read: Read) -> None:
    many = ", ".join(f'"c{k}"' for k in range(MOST_CLAIMS + 1))
    with pytest.raises(SuiteError, match=f"a list of at most {MOST_CLAIMS}"):
        read(edited(MAP, {'"edge", "earlier"': many}))
