"""Whether processes that trials of this worker started are still there."""

from __future__ import annotations

import os

from harness.measure.supervisor import SUPERVISED, descendants


class Orphans:
    """Looks for them after every trial; without any that takes two system calls.

    An orphan is its supervisor's child, beside this process. The kernel's list of these stays open: to open
    it took most of a look.
    """

    def __init__(self) -> None:
        self._supervisor = os.getppid()
        self._list = -1

    def any_left(self) -> bool:
        """Whether there is one. Elsewhere than on Linux there are no supervisors to tell."""
        if not SUPERVISED:
            return False
        orphans = self._has_siblings()
        try:
            os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            if not orphans:
                return False
        return len(descendants(self._supervisor)) > 1

    def _has_siblings(self) -> bool:
        """Whether the supervisor has other children; so it is said where nothing lists them."""
        try:
            if self._list < 0:
                at = f"/proc/{self._supervisor}/task/{self._supervisor}/children"
                self._list = os.open(at, os.O_RDONLY | os.O_CLOEXEC)
            found = len(os.pread(self._list, 64, 0).split())
        except OSError:  # a kernel that does not list them, or a trial has closed the list
            found = 0
        if not found:  # this process itself is always one
            self._list = -1
        return found != 1
