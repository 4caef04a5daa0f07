"""Starting a worker process, and ending it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import IO

from harness.measure.channel import Channel, new_mark
from harness.measure.running import StageNotes
from harness.measure.supervisor import SUPERVISED
from harness.measure.turns import Turns

Booted = tuple["subprocess.Popen[bytes]", Channel, Turns, IO[bytes], IO[bytes], StageNotes]
"""The process, what it is sent orders by, its turns, its lifeline, its log and the stages that it notes."""

_BOOT = """
import sys
sys.path[:] = {path!r}
from harness.measure.supervisor import supervise
from harness.measure.worker import main
supervise({command}, {lifeline}, {descriptor}, {turns}, {notes})
main({descriptor}, {mark!r}, {folder!r}, {turns}, {notes})
"""


def boot(environment: Mapping[str, str], folder: str) -> Booted:
    """Start a worker, below a supervisor, with these variables; `folder` is for its temporary files."""
    import fcntl

    ours, theirs = socket.socketpair()
    turns, (notes, shared) = Turns.make(), StageNotes.make()
    lifeline, held = os.pipe()
    mark = new_mark()
    log = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the worker, which inherits it)
    # So that what is written after the log was emptied begins at its beginning.
    fcntl.fcntl(log, fcntl.F_SETFL, fcntl.fcntl(log, fcntl.F_GETFL) | os.O_APPEND)
    own = {"TMPDIR": folder} if folder else {}
    text = _BOOT.format(
        path=sys.path, command=os.getpid(), lifeline=lifeline, descriptor=theirs.fileno(), mark=mark,
        folder=folder, turns=turns.reading, notes=shared,
    )  # fmt: skip
    with theirs, os.fdopen(lifeline, "rb"), os.fdopen(shared, "rb"):
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", text],
            env={**environment, **own},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[theirs.fileno(), lifeline, turns.reading, shared],
            process_group=0,
        )
    end = os.fdopen(held, "wb", buffering=0)
    return process, Channel(ours.detach(), mark), turns, end, log, notes


def kill_worker(process: subprocess.Popen[bytes], lifeline: IO[bytes]) -> None:
    """End a worker, if it lives, and what its trials have started. Does not wait."""
    lifeline.close()
    if not SUPERVISED:
        kill_group(process.pid)
    elif process.poll() is None:
        process.send_signal(signal.SIGCONT)  # somebody may have stopped its supervisor


def kill_group(group: int) -> None:
    """Kill a group of processes, if it is there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
