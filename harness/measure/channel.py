"""Messages between a command and one of its workers, on a socket; the command never waits for a byte.

A *frame* is a mark, a length and a pickled message. Each side keeps what it could not yet write, and what it
has read of a frame that is not yet whole, so that half a message blocks nobody: a trial may be stopped or
killed while it sends, and may write to any descriptor that it finds. The mark is drawn anew for each worker.
It is no secret from a trial, which is the user's code; it tells a message from what was written by accident,
and nothing else is unpickled.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import socket
import struct
from collections import deque

MARK = 16
"""Bytes of a mark."""

LONGEST = 2**28
"""Bytes of a message (256 MiB): thousands of times what the longest outcome takes."""

_CHUNK = 2**16
_MOST = 2**22
"""Bytes that are read at a time, and in one call: whoever floods the socket does not hold its reader."""

_HEADER = struct.Struct(f">{MARK}sQ")
_FIRST = b"\xf5ntk"  # no UTF-8 begins so


class GarbledError(ConnectionError):
    """What came is no message."""


def new_mark() -> bytes:
    """A mark for both ends of a channel."""
    return _FIRST + os.urandom(MARK - len(_FIRST))


class Channel:
    """One end of a socket that carries messages. `send`, `flush` and `received` never wait."""

    def __init__(self, descriptor: int, mark: bytes) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._mark = mark
        self._unsent = bytearray()
        self._unread = bytearray()
        self._whole: deque[bytes] = deque()
        self._garbled = ""
        self._ended = False

    def fileno(self) -> int:
        """The socket's descriptor."""
        return self._socket.fileno()

    @property
    def unsent(self) -> bool:
        """Whether `flush` has more to write."""
        return bool(self._unsent)

    @property
    def unread(self) -> bool:
        """Whether more has come than the messages that `received` gave."""
        return bool(self._unread or self._whole or self._garbled)

    def send(self, message: object) -> None:
        """Write a message, as far as the socket takes it. Raises OSError where nobody is at the other end."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        frame = _HEADER.pack(self._mark, len(data)) + data
        if not self._unsent and len(frame) <= _CHUNK:  # the rule: it is written at once
            with contextlib.suppress(BlockingIOError):
                frame = frame[self._socket.send(frame) :]
        if frame:
            self._unsent += frame
            self.flush()

    def flush(self) -> None:
        """Write more of what is unsent. Raises OSError."""
        if not self._unsent:
            return
        with contextlib.suppress(BlockingIOError):
            while self._unsent:
                with memoryview(self._unsent)[:_CHUNK] as part:
                    count = self._socket.send(part)
                del self._unsent[:count]

    def received(self) -> list[object]:
        """The messages that have come. When none is left: `EOFError` at the end, `GarbledError` else."""
        self._read()
        messages: list[object] = []
        while self._whole:
            try:
                messages.append(_unpacked(self._whole.popleft()))
            except GarbledError as error:  # what came before it counts
                self._garbled = str(error)
                self._whole.clear()
        if not messages and self._garbled:
            raise GarbledError(self._garbled)
        if not messages and self._ended:
            raise EOFError
        return messages

    def transmit(self, message: object) -> None:
        """Write a message and wait until it is written. For workers. Raises OSError."""
        self.send(message)
        while self._unsent:
            _wait(self, select.POLLOUT)
            self.flush()

    def receive(self) -> object:
        """Wait for a message. For workers. Raises as `received`."""
        while not self._whole:
            self._read()
            if not self._whole and (self._garbled or self._ended):
                raise GarbledError(self._garbled) if self._garbled else EOFError
            if not self._whole:
                _wait(self, select.POLLIN)
        return _unpacked(self._whole.popleft())

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def _read(self) -> None:
        for _ in range(_MOST // _CHUNK):
            if self._ended or self._garbled:
                return
            try:
                data = self._socket.recv(_CHUNK)
            except BlockingIOError:
                return
            except OSError:  # reset, or closed from within
                data = b""
            self._ended = not data
            self._unread += data
            self._part()

    def _part(self) -> None:
        """Take whole frames out of what was read."""
        taken, size = 0, len(self._unread)
        while taken < size and not self._garbled:
            begins = bytes(self._unread[taken : taken + MARK])
            if begins != self._mark and not self._mark.startswith(begins):
                self._garbled = f"{bytes(self._unread[taken : taken + 40])!r}"
            if self._garbled or size - taken < _HEADER.size:
                break
            _, length = _HEADER.unpack_from(self._unread, taken)
            if length > LONGEST:
                self._garbled = f"a message of {length:,} bytes, of at most {LONGEST:,}"
            end = taken + _HEADER.size + length
            if self._garbled or size < end:
                break
            self._whole.append(bytes(self._unread[taken + _HEADER.size : end]))
            taken = end
        del self._unread[:taken]


def wait(channels: list[Channel], seconds: float) -> None:
    """Wait until one of the channels can be read, or can take what it has not sent; at most so long."""
    poll = select.poll()
    for channel in channels:
        poll.register(channel, select.POLLIN | (select.POLLOUT if channel.unsent else 0))
    poll.poll(max(0.0, seconds) * 1000)


def _wait(channel: Channel, event: int) -> None:
    poll = select.poll()
    poll.register(channel, event)
    poll.poll()


def _unpacked(data: bytes) -> object:
    try:
        return pickle.loads(data)
    except Exception as error:  # a frame of ours with anything in it
        raise GarbledError(f"{type(error).__name__}: {error}") from error
