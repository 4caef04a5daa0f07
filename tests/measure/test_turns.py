"""Orders that a worker has ahead: begun in turn, taken back exactly, lost by nobody."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.measure.turns import HORIZON, MOST, SHORT, Pace, Turns

SMALL = st.lists(st.sampled_from(["put", "take", "back"]), max_size=40)


@pytest.fixture
def turns() -> Iterator[Turns]:
    made = Turns.make()
    yield made
    made.close()


def test_turns_are_taken_in_order_and_nobody_waits(turns: Turns) -> None:
    assert turns.take() is None
    assert turns.take_back() == []
    turns.put(range(3))
    assert [turns.take(), turns.take()] == [0, 1]
    turns.put([3, 4])
    assert turns.take_back() == [2, 3, 4]
    assert turns.take() is None


def test_a_pipe_takes_all_that_a_worker_may_have(turns: Turns) -> None:
    turns.put(range(MOST))
    turns.put(range(MOST, 2 * MOST))
    assert turns.take_back() == list(range(2 * MOST))


def test_the_worker_has_the_reading_end_alone(turns: Turns) -> None:
    """As another descriptor of the same pipe: what one takes, the other does not find."""
    worker = Turns(os.dup(turns.reading))
    turns.put([7, 8])
    assert worker.take() == 7
    assert turns.take_back() == [8]
    assert worker.take() is None
    with pytest.raises(OSError, match="Bad file descriptor"):
        worker.put([9])
    os.close(worker.reading)


@given(SMALL)
def test_each_turn_is_had_once(steps: list[str]) -> None:
    turns = Turns.make()
    try:
        put, had = 0, []
        for step in steps:
            if step == "put":
                turns.put([put, put + 1])
                put += 2
            elif step == "take":
                had += [number] if (number := turns.take()) is not None else []
            else:
                had += turns.take_back()
        assert had + turns.take_back() == list(range(put))
    finally:
        turns.close()


def test_as_many_orders_as_fill_the_horizon() -> None:
    pace = Pace()
    assert pace.orders == 1, "nothing is known"
    pace.learn(60.0)
    assert pace.orders == 1, "a long trial has none behind it"
    for _ in range(9):
        pace.learn(SHORT)
    assert pace.orders == 1, "what such a trial gave would be lost with a killed run"
    for _ in range(9):
        pace.learn(HORIZON / 40)
    assert pace.orders == 40
    pace.learn(60.0)
    assert pace.orders == 40, "one slow trial among fast ones"
    for _ in range(9):
        pace.learn(0.0)
    assert pace.orders == MOST
