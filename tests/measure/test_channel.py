"""Messages come whole, in order and of the right mark, or not at all; neither side waits for the other."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import closing

import pytest

from harness.measure.channel import LONGEST, MARK, Channel, GarbledError, new_mark, wait

Ends = tuple[Channel, Channel, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Both ends, and a second descriptor of the other one: what a trial may find and write to."""
    ours, theirs = socket.socketpair()
    stray = theirs.dup()
    stray.setblocking(False)
    mark = new_mark()
    here, there = Channel(ours.detach(), mark), Channel(theirs.detach(), mark)
    yield here, there, stray
    for end in (here, there, stray):
        end.close()


def frame_of(message: object, ends: Ends) -> bytes:
    """The bytes in which the other side would send it."""
    here, there, _ = ends
    there.send(message)
    with closing(socket.socket(fileno=os.dup(here.fileno()))) as end:
        whole = end.recv(2**20)
    assert len(whole) > MARK
    return whole


def test_messages_come_in_order(ends: Ends) -> None:
    here, there, _ = ends
    assert here.received() == []
    for number in range(5):
        there.send(("message", number))
    assert here.received() == [("message", number) for number in range(5)]
    there.close()


def test_a_message_that_is_cut_anywhere_blocks_nobody_and_comes_when_it_is_whole(ends: Ends) -> None:
    here, _, stray = ends
    whole = frame_of({"x": 1.0}, ends)
    for cut in range(len(whole)):
        stray.send(whole[:cut])
        assert here.received() == []
        assert here.unread == (cut > 0)
        stray.send(whole[cut:])
        assert here.received() == [{"x": 1.0}]
        assert not here.unread


@pytest.mark.parametrize("text", [b"\0\0\0\4garb", b"\0\0\1\0half", b"\xf5ntk" + bytes(99), b"x" * 99_999])
def test_what_is_no_message_is_refused_at_once(ends: Ends, text: bytes) -> None:
    here, there, stray = ends
    there.send("before")
    stray.send(text)
    assert here.received() == ["before"]
    assert here.unread
    for _ in range(2):
        with pytest.raises(GarbledError):
            here.received()


def test_a_length_that_is_none_is_refused_before_it_is_read(ends: Ends) -> None:
    here, _, stray = ends
    stray.send(frame_of("", ends)[:MARK] + struct.pack(">Q", LONGEST + 1))
    with pytest.raises(GarbledError, match="of at most"):
        here.received()


def test_a_frame_of_what_cannot_be_read_is_refused(ends: Ends) -> None:
    here, _, stray = ends
    stray.send(frame_of("", ends)[:MARK] + struct.pack(">Q", 4) + b"\x80\5.x")
    with pytest.raises(GarbledError):
        here.received()


def test_whoever_does_not_read_blocks_no_sender(ends: Ends) -> None:
    here, there, _ = ends
    large = "y" * 10_000_000  # fifty times what a socket holds
    here.send(large)
    assert here.unsent
    found: list[object] = []
    while not found:
        wait([here], 0.0)
        here.flush()
        found = there.received()
    assert found == [large]
    assert not here.unsent


def test_the_end_comes_after_the_last_message(ends: Ends) -> None:
    here, there, stray = ends
    there.send("last")
    there.close()
    stray.close()
    assert here.received() == ["last"]
    for _ in range(2):
        with pytest.raises(EOFError):
            here.received()


def test_what_came_before_a_message_that_cannot_be_read_counts(ends: Ends) -> None:
    """Several answers come at once: one that is garbled must not cost the others."""
    here, there, stray = ends
    good = frame_of("good", ends)
    there.send("first")
    stray.send(good[: MARK + 8] + b"\xff" * len(good[MARK + 8 :]))
    there.send("behind it")
    assert here.received() == ["first"]
    assert here.unread
    with pytest.raises(GarbledError):
        here.received()
