"""How often Python looks for garbage."""

from __future__ import annotations

import gc

import pytest

from harness.garbage import RARELY, collected_rarely


@pytest.fixture(autouse=True)
def _as_before():
    before, on = gc.get_threshold(), gc.isenabled()
    yield
    gc.set_threshold(*before)
    (gc.enable if on else gc.disable)()


def test_a_block_collects_rarely_and_what_was_there_comes_back():
    gc.set_threshold(700, 11, 12)
    seen = []

    def fails() -> None:
        with collected_rarely():
            seen.append(gc.get_threshold())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert seen == [(RARELY, 11, 12)]
    assert gc.get_threshold() == (700, 11, 12)


@pytest.mark.parametrize("first", [0, RARELY, 10 * RARELY])
def test_who_collects_more_rarely_still_or_never_is_left_alone(first: int):
    gc.set_threshold(first, 11, 12)
    with collected_rarely():
        assert gc.get_threshold() == (first, 11, 12)
    assert gc.get_threshold() == (first, 11, 12)


def test_cycles_are_still_found():
    class Node:
        pass

    with collected_rarely():
        node = Node()
        node.me = node
        del node
        assert gc.isenabled()
        assert gc.collect() >= 1
