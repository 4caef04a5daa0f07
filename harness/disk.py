"""Files that others may have planted: read without waiting for ever, never written through a link.

Whoever gives us a folder (a clone, an artifact) decides what stands in it: a link that leads out of it, a
named pipe that nobody writes to, a device without an end. docs/security.md lists what this program writes and
removes; the rules for it are here.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UserError

MOST = 2**30
"""Bytes of a file that is read whole; the largest record so far has a hundredth of that."""

SYSTEM = ("/dev/", "/proc/")
"""Where links and devices are the system's own, not planted: /dev/stdout, /proc/self/fd/3."""

LONGEST = 200
"""Bytes of a file's name that are made of others' words; file systems take 255, some for suffixes."""

KINDS = (
    (stat.S_ISLNK, "a link"),
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class PlaceError(UserError, OSError):
    """A place that nobody named leads out of the current folder."""


def kind(path: Path) -> str:
    """What stands at the path itself, in words: "a file", "a link", …; '' where there is nothing.

    Raises OSError where that cannot be told.
    """
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    return next((name for test, name in KINDS if test(mode)), "a file")


def of_system(path: Path) -> bool:
    """Whether the path, as it is named, is the system's own, so that its links may be followed."""
    return os.path.abspath(path).startswith(SYSTEM)


def refuse_special(path: Path) -> None:
    """Raise OSError for what is no file and could be read for ever; of a link, what it leads to counts."""
    mode = os.stat(path).st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode) and not of_system(path):
        raise OSError(errno.EINVAL, next(name for test, name in KINDS if test(mode)))


def read(path: Path, most: int = MOST) -> bytes:
    """The bytes of a file. Raises OSError where it is none, or has more than `most`."""
    refuse_special(path)
    flags = os.O_RDONLY | open_flags("CLOEXEC", "BINARY", *(() if of_system(path) else ("NONBLOCK",)))
    with open(path, "rb", opener=lambda name, _: os.open(name, flags)) as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"a file of more than {most:,} bytes")
    return data


def open_flags(*names: str) -> int:
    """Those of the flags `os.O_NAME` that this system has: Windows lacks most, and alone has BINARY."""
    return sum(getattr(os, f"O_{name}", 0) for name in names)


def file_name(words: Sequence[str]) -> str:
    """The words joined by `+` as (the beginning of) a file's name: no separators, no control characters.

    What is too long, or had to be changed, ends with a digest of what it was.
    """
    whole = "+".join(words)
    safe = "".join(c if c.isprintable() and c not in '/\\:*?"<>|' else "_" for c in whole).lstrip("-. ")
    encoded = safe.encode(errors="replace")
    if safe == whole and 0 < len(encoded) <= LONGEST:
        return safe
    digest = hashlib.sha256(whole.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{encoded[: LONGEST - 9].decode(errors='ignore')}-{digest}".lstrip("-")


def inside(path: Path, cure: str) -> Path:
    """A relative path that nobody named, if it leads nowhere else. Raises `PlaceError` with the cure.

    A clone may bring a link in the place of `reports` or `.harness`.
    """
    here = Path.cwd()
    at = here
    for part in path.parts:
        at = at / part
        to = os.path.realpath(at)  # also of a link to itself
        try:
            leads_out = kind(at) == "a link" and not Path(to).is_relative_to(os.path.realpath(here))
        except OSError as error:
            said = error.strerror or str(error)
            raise PlaceError(
                f"{path}: expected a place in the current folder, found: {said}; name another with {cure}"
            ) from None
        if leads_out:
            raise PlaceError(
                f"{path}: expected a place in the current folder, found a link: {at} leads to {to};"
                f" if that is meant, name it with {cure}"
            )
    return path
