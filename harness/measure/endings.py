"""What is said of a worker that has ended: what killed it, and the end of its log."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import IO

LINES = 20
"""How many last lines of a dead worker's log are shown."""

_LESS_MEMORY = "run fewer workers, or give a --memory-limit"


def how_it_died(code: int | None, kills: int | None, now: int | None) -> str:
    """What ended a worker; `kills` is how many processes the kernel had ended for want of memory before, and
    `now` how many it has ended by now."""
    if code is None:
        return "the worker closed its connection"
    if code >= 0:
        return f"the worker exited with code {code}"
    name = ""
    with contextlib.suppress(ValueError):
        name = f", {signal.Signals(-code).name}"
    text = f"the worker was killed by signal {-code}{name}"
    if code != -signal.SIGKILL:
        return text
    if kills is None or now is None:
        return f"{text}, perhaps because the machine ran out of memory: {_LESS_MEMORY}"
    if now > kills:
        return f"{text}, very likely by the kernel, as the machine ran out of memory: {_LESS_MEMORY}"
    return f"{text}, from outside; the kernel has counted no lack of memory meanwhile"


def end_of(log: IO[bytes], begin: int) -> str:
    """The last lines of a log, of what was written after its first bytes."""
    return "\n".join(tail(log, begin).decode(errors="replace").splitlines()[-LINES:])


def tail(log: IO[bytes], begin: int = 0) -> bytes:
    """The end of a log, of what was written after its first bytes; of all if it was shortened since."""
    size = os.fstat(log.fileno()).st_size
    start = max(begin if begin <= size else 0, size - 200 * LINES)
    return os.pread(log.fileno(), size - start, start)


def shorten(log: IO[bytes], longest: int) -> None:
    """Drop all but the end of a log that is longer. What is written in between is lost."""
    if os.fstat(log.fileno()).st_size > longest:
        end = tail(log)
        log.truncate(0)
        os.write(log.fileno(), end)
