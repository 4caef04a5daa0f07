"""Which jobs fit into this machine's memory together, by what their experiments declare that they hold."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterable
from pathlib import Path

GROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where Linux says what all processes of a container may hold: control groups of version 2 and of 1."""


@functools.cache
def capacity() -> float:
    """Bytes of memory that this machine has, or that its container may hold; infinity where nothing says."""
    known = [_number(path) for path in GROUP_LIMITS]
    try:
        known.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError):  # a system that does not know these names
        known.append(math.inf)
    return min(known)


def fits(running: Iterable[int], wanted: int) -> bool:
    """Whether a job that holds `wanted` bytes may begin beside those that run: alone it always may."""
    held = list(running)
    return not held or sum(held) + wanted <= capacity()


def _number(path: Path) -> float:
    try:
        return int(path.read_text())
    except (OSError, ValueError):  # no such group, or "max"
        return math.inf
