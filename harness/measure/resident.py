"""How much memory processes hold, and whether the kernel ran out of it, as Linux tells.

Address space cannot be limited instead (RLIMIT_AS): JAX reserves far more than it uses. Elsewhere than on
Linux nothing is known: no memory limit is kept there.

One file is read for each process of the machine, ten times a second. psutil reads several and takes more than
twice as long, in the process that hands out trials.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from pathlib import Path

PROC = "/proc"


def resident(roots: Collection[int]) -> dict[int, int]:
    """Bytes that each of these processes holds with all below it, and with its process group.

    What they share counts for each of them.
    """
    return {root: sum(count for _, count in held) for root, held in _below(roots).items()}


def proportional(root: int) -> int:
    """As `resident`, but what several processes share counts once. Takes milliseconds per gigabyte."""
    return sum(_proportional(process, count) for process, count in _below([root])[root])


def _below(roots: Collection[int]) -> dict[int, list[tuple[int, int]]]:
    """For each root (process, resident bytes) of those that count for it, also of a session of their own."""
    found = {process: (parent, group, count) for process, parent, group, count in _processes()}
    held: dict[int, list[tuple[int, int]]] = {root: [] for root in roots}
    for process, (parent, group, count) in found.items():
        line = {process}
        above = parent
        while above not in line:  # as it is when they changed while they were read
            line.add(above)
            above = found[above][0] if above in found else above
        for root in held.keys() & {*line, group}:
            held[root].append((process, count))
    return held


def resident_of(process: int) -> int:
    """Bytes that one process holds; 0 if that is not known."""
    fields = _stat(str(process))
    return fields[2] if fields else 0


def kills_for_memory() -> int | None:
    """How many processes the kernel has killed since it started because memory ran out, if it tells."""
    for line in _read(Path(PROC, "vmstat")).splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill":
            return int(count)
    return None


def _processes() -> Iterator[tuple[int, int, int, int]]:
    """(process, parent, process group, resident bytes) of every process that can be seen."""
    try:
        names = os.listdir(PROC)
    except OSError:
        return
    for name in names:
        fields = _stat(name) if name.isdigit() else None
        if fields:
            yield int(name), *fields


def _stat(name: str) -> tuple[int, int, int] | None:
    """Parent, group and resident bytes, from proc(5) `stat`; the name in it may hold spaces and brackets."""
    fields = _read(Path(PROC, name, "stat")).rpartition(")")[2].split()
    if len(fields) < 22:
        return None
    return int(fields[1]), int(fields[2]), int(fields[21]) * os.sysconf("SC_PAGE_SIZE")


def _proportional(process: int, otherwise: int) -> int:
    for line in _read(Path(PROC, str(process), "smaps_rollup")).splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return otherwise


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
