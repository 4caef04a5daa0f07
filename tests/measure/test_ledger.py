"""A trial has one state, and goes from each only where it may."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.ledger import MOVES, Entry, Ledger, TrialState
from harness.questions import Trial


def entry(seed: int = 0, *, size: int = 1, memory: int | None = None) -> Entry:
    return Entry(Trial("toys:pair", (("size", size),), seed), 1.0, memory, (), ())


def way_to(end: TrialState | None) -> list[TrialState]:
    """The fewest moves from outside the table to a state."""
    ways: dict[TrialState | None, list[TrialState]] = {None: []}
    for state in (found := [None]):
        for after in sorted(MOVES[state] - set(ways), key=str):
            ways[after] = [*ways[state], after]
            found.append(after)
    return ways[end]


@pytest.mark.parametrize(("start", "end"), [*itertools.product([None, *TrialState], repeat=2)])
def test_only_the_moves_that_are_listed_can_be_made(start: TrialState | None, end: TrialState | None) -> None:
    ledger, one = Ledger(), entry()
    for state in way_to(start):
        ledger.move(one, state)
    if end in MOVES[start]:
        ledger.move(one, end)
        assert (one.state, ledger.get(one.trial)) == (end, None if end is None else one)
    else:
        with pytest.raises(ValueError, match=f"cannot go from {start} to {end}"):
            ledger.move(one, end)
        assert one.state is start


def test_every_state_can_be_reached_and_left() -> None:
    assert set(MOVES) == {None, *TrialState}
    assert {end for ends in MOVES.values() for end in ends} == {None, *TrialState}


def test_a_trial_has_one_entry() -> None:
    ledger = Ledger()
    ledger.move(entry(), TrialState.QUEUED)
    with pytest.raises(ValueError, match="cannot go"):
        ledger.move(entry(), TrialState.QUEUED)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.booleans()), max_size=60))
def test_each_trial_is_in_the_queue_of_its_state_and_in_no_other(steps: list[tuple[int, int, bool]]) -> None:
    ledger = Ledger()
    for seed, choice, first in steps:
        one = ledger.get(entry(seed).trial) or entry(seed)
        ends = sorted(MOVES[one.state], key=str)
        ledger.move(one, ends[choice % len(ends)], first=first)
        if one.state is not None:
            assert ledger.of(one.state)[0 if first else -1] is one
    everywhere = [each for state in TrialState for each in ledger.of(state)]
    assert len(everywhere) == len({each.trial for each in everywhere})
    assert all(each.state is state for state in TrialState for each in ledger.of(state))
    assert ledger.pending == len(everywhere) - ledger.count(TrialState.KNOWN)


@given(st.sampled_from([1, 2, 3]), st.lists(st.tuples(st.integers(0, 8), st.booleans()), max_size=40))
def test_as_many_jobs_are_queued_as_blocks_have_a_queued_trial(
    size: int, steps: list[tuple[int, bool]]
) -> None:
    ledger, queued = Ledger(), dict[int, Entry]()
    for seed, first in steps:
        if seed in queued:
            ledger.move(queued.pop(seed), None)
        else:
            queued[seed] = Entry(entry(seed).trial, 1.0, None, (), (), seeds=size)
            ledger.move(queued[seed], TrialState.QUEUED, first=first)
        assert ledger.queued_jobs == len({each // size for each in queued})


def test_a_block_is_what_is_queued_of_an_aligned_range_of_one_point() -> None:
    ledger = Ledger()
    queued = [entry(seed) for seed in (9, 3, 4, 7, 6, 8)]
    others = [entry(5, memory=2**30), entry(4, size=2)]
    for each in (*queued, *others):
        ledger.move(each, TrialState.QUEUED)
    assert [each.trial.seed for each in ledger.block(queued[2], 4)] == [4, 6, 7]
    assert [each.trial.seed for each in ledger.block(queued[0], 4)] == [8, 9]
    assert ledger.block(others[0], 4) == [others[0]]
    queued[4].alone = True
    ledger.move(queued[3], TrialState.ELSEWHERE)
    assert [each.trial.seed for each in ledger.block(queued[2], 4)] == [4]
