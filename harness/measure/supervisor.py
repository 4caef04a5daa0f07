"""A process that stands above another and ends all that it started: its children, and theirs.

A Linux process that is a *subreaper* (prctl(2)) inherits every descendant whose own parent has ended. So
nothing that a trial starts leaves the tree below its supervisor: not by forking twice, not with a session of
its own. The supervisor runs no code of a trial. It holds one end of a pipe, its *lifeline*; the kernel closes
the other end when the command that holds it dies, however that happens. Then, and when the process below it
has ended, the supervisor kills whatever is still there, and ends as that process did.

`supervise` is what a worker begins with. As a program this file runs any command below a supervisor; it
imports the standard library alone, for it is started by its path.

Elsewhere than on Linux there are no subreapers: `supervise` does nothing there, and who starts a worker kills
its process group.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # this file starts as a program, too: in the time that Python takes
    import subprocess
    from pathlib import Path

SUPERVISED = sys.platform.startswith("linux")
"""Whether this system has subreapers."""

PAUSES = (0.001, 0.05)
"""Seconds between two rounds of killing: the first pause and the longest, each twice the one before."""

MOST_LOOKS = 20
"""How often `descendants` looks at most. A look takes milliseconds: 100 ends a second spoil a third."""

_SET_PARENT_DEATH_SIGNAL, _SET_CHILD_SUBREAPER = 1, 36  # see prctl(2)
_IGNORED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGTSTP")  # its lifeline says when to end


def supervise(command: int, lifeline: int, *others: int) -> None:
    """Fork: the child returns and is supervised; its parent becomes the supervisor and never returns.

    `command` is the process that started this one, and `lifeline` the reading end of a pipe whose other end
    it holds; `others` are descriptors that only the child needs. The child has a process group of its own,
    and dies with the supervisor, also while C code runs in it. To be called before there are threads.
    """
    if not SUPERVISED:
        os.close(lifeline)
        return
    for descriptor in (lifeline, *others):
        os.set_inheritable(descriptor, False)
    supervisor = os.getpid()
    _prctl(_SET_CHILD_SUBREAPER, 1)
    child = os.fork()
    if child == 0:
        os.close(lifeline)
        os.setpgid(0, 0)
        _prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGKILL))
        if os.getppid() != supervisor:
            os._exit(1)
        return
    try:
        _rename(f"supervisor of {child}")
        for descriptor in others:
            os.close(descriptor)
        status = _watch(child, command, lifeline)
        _end_all()
        _end_as(status)
    finally:
        os._exit(1)


def supervised(
    command: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    seconds: float | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run a command to its end, with what it prints; it and all that it starts end when this process does.

    Raises OSError, and `subprocess.TimeoutExpired` after `seconds`, when nothing is left of it.
    """
    import subprocess

    lifeline, held = os.pipe()
    boot = [sys.executable, "-I", "-S", __file__, str(os.getpid()), str(lifeline)] if SUPERVISED else []
    try:
        process = subprocess.Popen(
            [*boot, *command], cwd=cwd, env=env, pass_fds=[lifeline],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
    except BaseException:
        os.close(held)
        raise
    finally:
        os.close(lifeline)
    with process, os.fdopen(held, "wb", buffering=0) as held_open:
        try:
            output, errors = process.communicate(timeout=seconds)
        except BaseException:
            held_open.close()
            if not SUPERVISED:
                process.kill()
            raise
    return subprocess.CompletedProcess(command, process.returncode, output, errors)


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _rename(name: str) -> None:
    """Write the name over this process's command line, which is the worker's too: `ps` tells them apart."""
    with contextlib.suppress(OSError, ValueError, IndexError), open("/proc/self/stat", "rb") as file:
        first, last = map(int, file.read().rpartition(b")")[2].split()[45:47])  # arg_start, arg_end: proc(5)
        if first < last:
            ctypes.memmove(first, name.encode()[: last - first - 1].ljust(last - first, b"\0"), last - first)


def _watch(child: int, command: int, lifeline: int) -> int | None:
    """Wait for the end of the child, which gives its status, or of the command, which gives None.

    The lifeline tells of that end; so does a signal when the thread that started us has ended, which is a
    second way to learn of it where a fork of the command holds the lifeline open.
    """
    faulthandler.disable()  # it would explain a second time what killed the child
    for number in (getattr(signal, name) for name in _IGNORED):
        signal.signal(number, signal.SIG_IGN)
    heard, wake = os.pipe()
    for descriptor in (heard, wake):
        os.set_blocking(descriptor, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    _prctl(_SET_PARENT_DEATH_SIGNAL, int(signal.SIGCHLD))
    poll = select.poll()
    poll.register(lifeline, 0)  # a hang-up is always told
    poll.register(heard, select.POLLIN)
    while True:
        status = _reap(child)[0]
        if status is not None:
            return status
        if os.getppid() != command or any(descriptor == lifeline for descriptor, _ in poll.poll()):
            return None
        with contextlib.suppress(BlockingIOError):
            os.read(heard, 4096)


def _reap(child: int = 0) -> tuple[int | None, bool]:
    """Take leave of processes that have ended: the child's status, if it is one; whether any are left.

    As orphans become the supervisor's own children, it has descendants only while it has children.
    """
    found = None
    while True:
        try:
            process, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return found, False
        if process == 0:
            return found, True
        if process == child:
            found = status


def _end_all() -> None:
    """Kill all descendants, again and again until none is left: they may start others meanwhile."""
    pause, longest = PAUSES
    while _reap()[1]:
        for process in descendants(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        time.sleep(pause)
        pause = min(2 * pause, longest)


def _end_as(status: int | None) -> None:
    """End as the child did: with its code, or by its signal (without another dump of memory)."""
    if status is None or not os.WIFSIGNALED(status):
        os._exit(0 if status is None else os.WEXITSTATUS(status))
    number = os.WTERMSIG(status)
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    with contextlib.suppress(OSError):  # SIGKILL has no handler
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)


def descendants(root: int) -> list[int]:
    """The living processes below one, nearest first. Linux only; elsewhere none are known.

    /proc is read process by process. One that ended after they were listed may have left a child that the
    list lacks, and an orphan's parent is another process. So a look that finds such an end is repeated, up to
    `MOST_LOOKS` times: a machine on which processes end all the time must not keep it here.
    """
    ended: set[int] = set()
    for _ in range(MOST_LOOKS):
        below: dict[int, list[int]] = {}
        living: set[int] = set()
        gone: set[int] = set()
        for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
            if name.isdigit():
                state, parent = state_of(int(name))
                below.setdefault(parent, []).append(int(name))
                (gone if state in ("", "Z", "X") else living).add(int(name))
        if gone <= ended:
            break
        ended = gone
    found: list[int] = []
    wave = [root]
    while wave:
        wave = [child for process in wave for child in below.get(process, ())]
        found += wave
    return [process for process in found if process in living]


def state_of(process: int) -> tuple[str, int]:
    """The letter of a process's state and its parent, from proc(5) `stat`; ('', 0) where there is none."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return fields[0].decode(), int(fields[1])
    except (OSError, IndexError, ValueError):
        return "", 0


def main(arguments: Sequence[str]) -> None:
    """`supervisor.py PROCESS LIFELINE PROGRAM...`: run a program below a supervisor."""
    supervise(int(arguments[0]), int(arguments[1]))
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python's own choice, which programs would inherit
    os.execvp(arguments[2], list(arguments[2:]))


if __name__ == "__main__":
    main(sys.argv[1:])
