"""Where a fresh run may begin: nowhere from where a claim would meet its explored seeds."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from edits import edited
from good_suite import GOOD, read, write
from hypothesis import given
from hypothesis import strategies as st

from harness.plan import case
from harness.plan.fresh import FRESH_SEEDS, NoFreshSeedError, free_of, fresh_first_seed
from harness.suite import Suite
from harness.suite.explored import meets

__all__ = ["read", "write"]
Read = Callable[[str], Suite]
RANGE = st.tuples(st.integers(0, 30), st.integers(0, 30)).map(lambda r: (min(r), max(r)))
RANGES = st.lists(RANGE, max_size=4)


@given(st.lists(st.tuples(RANGES.map(tuple), st.integers(1, 8)), max_size=3))
def test_what_is_free_is_where_nobody_meets_what_is_explored(readers: list) -> None:
    seeds = range(5, 25)
    free = [
        first for first in seeds if not any(meets(ranges, range(first, first + n)) for ranges, n in readers)
    ]
    found = free_of(seeds, readers)
    assert [seed for each in found for seed in each] == free
    assert all(found)


def test_a_fresh_run_meets_no_explored_seed(read: Read) -> None:
    """All but 100 first seeds are barred, so that one drawn without looking would be wrong for sure."""
    end = FRESH_SEEDS.stop - 100
    text = edited(GOOD, {'title = "Toys"': f'title = "Toys"\nexplored = [[0, {end - 1}]]'})
    cases = [case(instance) for instance in read(text).instances]
    assert all(end <= fresh_first_seed(cases) < FRESH_SEEDS.stop for _ in range(20))
    holes = edited(
        text, {f"[[0, {end - 1}]]": f"[[0, 1999999], [2000021, {2**31 - 1}]]"}
    )  # 21 seeds are free
    assert fresh_first_seed([case(instance) for instance in read(holes).instances]) == 2_000_000
    two = edited(holes, {"[2000021, ": "[2000021, 2000999], [2001021, "})
    found = {fresh_first_seed([case(instance) for instance in read(two).instances]) for _ in range(50)}
    assert found == {2_000_000, 2_001_000}  # one of them is missed once in 2^49
    narrow = edited(holes, {"2000021": "2000020"})
    with pytest.raises(NoFreshSeedError, match="not explored, found none"):
        fresh_first_seed([case(instance) for instance in read(narrow).instances])


def test_fresh_seeds_fit_31_bits_with_the_seeds_that_a_claim_reads_and_hardly_ever_meet() -> None:
    """A claim reads up to 243 seeds: two runs meet if they begin so near, once in four million pairs."""
    assert FRESH_SEEDS.start > 243
    assert 2**31 - 2000 < FRESH_SEEDS.stop + 243 <= 2**31
    assert len(FRESH_SEEDS) > 500 * 4_000_000
