"""Explored seeds: what `explored` may say, where claims then begin, and what is wrong with it, by line."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable

import pytest
from edits import edited
from good_suite import GOOD, read, write
from hypothesis import given
from hypothesis import strategies as st

from harness.suite import Suite, SuiteError
from harness.suite.explored import covers, first_beyond, in_words, meets, merged

__all__ = ["read", "write"]
Read = Callable[[str], Suite]
TWO = (
    edited(GOOD, {'title = "Toys"\n': 'title = "Toys"\nexplored = [[0, 20]]\n'})
    + """
[claims.other]
says = "a is not below b."
expect = "open"
experiment = "pairs"
at-least = { of = "gap", bound = 0 }
explored = [[40, 50], [10, 30], [51, 51]]
"""
)
LAST = 2**31 - 1


def test_a_claim_begins_beyond_the_ranges_of_its_suite_and_its_own(read: Read) -> None:
    claims = read(TWO).claims
    assert (claims["same"].explored, claims["same"].first_seed) == (((0, 20),), 21)
    assert (claims["other"].explored, claims["other"].first_seed) == (((0, 30), (40, 51)), 52)
    assert [claim.first_seed for claim in read(GOOD).claims.values()] == [0]


def test_a_claim_may_have_ranges_where_its_suite_has_none(read: Read) -> None:
    claims = read(edited(TWO, {"explored = [[0, 20]]\n": ""})).claims
    assert (claims["same"].first_seed, claims["other"].first_seed) == (0, 52)


@pytest.mark.parametrize(
    ("ranges", "found", "where"),
    [
        ("[[0, 20], [9]]", "[9]", "[1]"),
        ("[[0, 20, 30]]", "[0, 20, 30]", "[0]"),
        ("[[-1, 20]]", "[-1, 20]", "[0]"),
        ("[[20, 0]]", "[20, 0]", "[0]"),
        ("[[0.5, 20]]", "[0.5, 20]", "[0]"),
        ("[[true, 20]]", "[true, 20]", "[0]"),
        (f"[[0, {LAST + 1}]]", f"[0, {LAST + 1}]", "[0]"),
        ('["0-20"]', '"0-20"', "[0]"),
        ("[0, 20]", "[0, 20] (did you mean [[0, 20]]?)", ""),
        ("20", "20", ""),
        (f"[{', '.join(['[0, 1]'] * 1001)}]", "1,001", ""),
    ],
)
@pytest.mark.parametrize("place", ["suite", "claims.other"])
def test_what_is_no_range_is_a_mistake_with_its_line(
    read: Read, ranges: str, found: str, where: str, place: str
) -> None:
    line = "explored = [[0, 20]]" if place == "suite" else "explored = [[40, 50], [10, 30], [51, 51]]"
    text = edited(TWO, {line: f"explored = {ranges}"})
    with pytest.raises(SuiteError) as error:
        read(text)
    (mistake,) = error.value.mistakes
    assert mistake.line == TWO.split("\n").index(line) + 1
    said = mistake.describe("f")
    assert f"{place}.explored{where}: expected " in said
    assert "0 ≤ low ≤ high" in said or "at most 1,000 ranges" in said
    assert said.endswith(f"found {found}")


def test_the_largest_seed_may_be_explored(read: Read) -> None:
    suite = read(edited(TWO, {"[[0, 20]]": f"[[0, {LAST}]]"}))
    assert suite.claims["same"].first_seed == LAST + 1


TIMED = """\
[suite]
format = 2
title = "Timings"
explored = [[0, 242]]
[benchmarks.short]
run = "toys:wait"
with = { ms = 1 }
[benchmarks.long]
run = "toys:wait"
with = { ms = 2 }
[claims.quick]
says = "Short is faster."
expect = "open"
faster = { of = ["short", "long"], at-least = "1.1 x" }
"""


def test_timings_have_no_explored_seeds(read: Read) -> None:
    """A pair of timings has a number, which is called its seed; another run of it is another measurement."""
    claim = read(TIMED).claims["quick"]
    assert (claim.explored, claim.first_seed) == ((), 0)
    with pytest.raises(SuiteError, match=re.escape("15:1: claims.quick.explored: expected no `explored`")):
        read(TIMED + "explored = [[0, 47]]\n")


RANGE = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda r: (min(r), max(r)))
RANGES = st.lists(RANGE, max_size=6)


@given(RANGES, st.integers(0, 35), st.integers(0, 10))
def test_ranges_are_the_sets_of_their_seeds(ranges: list[tuple[int, int]], first: int, n: int) -> None:
    explored = {seed for low, high in ranges for seed in range(low, high + 1)}
    read = range(first, first + n)
    apart = merged(ranges)
    assert {seed for low, high in apart for seed in range(low, high + 1)} == explored
    assert all(one[1] + 1 < other[0] for one, other in itertools.pairwise(apart))
    assert first_beyond(ranges) == max(explored, default=-1) + 1
    assert meets(ranges, read) == bool(explored & set(read))
    assert covers(ranges, read) == (set(read) <= explored)


def test_ranges_in_words() -> None:
    assert in_words(((0, 242), (300, 300))) == "0 to 242, 300"
