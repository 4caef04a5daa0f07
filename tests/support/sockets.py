"""Which sockets a process and its descendants listen on, as the kernel's tables have them (Linux)."""

from __future__ import annotations

import ipaddress
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LISTENING = "0A"
"""TCP_LISTEN, in /proc/net/tcp."""


@dataclass(frozen=True)
class Listener:
    """A TCP socket that takes connections."""

    pid: int
    address: str
    port: int

    @property
    def loopback(self) -> bool:
        return ipaddress.ip_address(self.address).is_loopback


def tree(root: int) -> set[int]:
    """The process and all that descend from it."""
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except OSError:
                continue
            parents[int(entry.name)] = int(stat.rpartition(")")[2].split()[1])
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def listeners(root: int) -> list[Listener]:
    """The TCP sockets, of both versions of IP, on which the tree of a process listens."""
    listening = {}
    for table in ("tcp", "tcp6"):
        for line in (PROC / "net" / table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENING:
                address, _, port = fields[1].partition(":")
                listening[fields[9]] = (_address(address), int(port, 16))
    return [
        Listener(pid, *listening[inode])
        for pid in sorted(tree(root))
        for inode in _sockets(pid)
        if inode in listening
    ]


def named_unix_sockets(root: int) -> list[str]:
    """The names of listening Unix sockets of the tree, which others could connect to; `@` is abstract."""
    named = {}
    for line in (PROC / "net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        accepts = int(fields[3], 16) & 0x10000  # __SO_ACCEPTCON
        if accepts and len(fields) > 7:
            named[fields[6]] = fields[7]
    return [named[inode] for pid in sorted(tree(root)) for inode in _sockets(pid) if inode in named]


def _address(text: str) -> str:
    words = [struct.pack("=I", int(text[at : at + 8], 16)) for at in range(0, len(text), 8)]
    return str(ipaddress.ip_address(b"".join(words)))


def _sockets(pid: int) -> Iterator[str]:
    try:
        descriptors = os.listdir(PROC / str(pid) / "fd")
    except OSError:
        return
    for descriptor in descriptors:
        try:
            to = os.readlink(PROC / str(pid) / "fd" / descriptor)
        except OSError:
            continue
        if to.startswith("socket:["):
            yield to[len("socket:[") : -1]
