"""What measuring needs of the system, and the one sentence where it is missing, as on Windows.

Locks that die with their holder, process groups, limits of a process: what uses them imports them where it
uses them, so that what only reads and writes files works on any system.
"""

from __future__ import annotations

import importlib.util

from harness.errors import UserError

_NEEDED = ("fcntl", "resource")


class PlatformError(UserError, OSError):
    """This system lacks what measuring needs."""


def require_posix() -> None:
    """Raise `PlatformError` where trials cannot be measured."""
    lacking = [name for name in _NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        raise PlatformError(
            f"measuring needs Linux or macOS: Python has no module {' or '.join(lacking)} here. On Windows"
            " run it in WSL or in a container; check, list, report, history, diff and init work here"
        )
