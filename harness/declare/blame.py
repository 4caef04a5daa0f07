"""Where an error arose, for people: the line of their code, not of what it called or of what called it."""

from __future__ import annotations

import functools
import os
import sysconfig
import traceback
from pathlib import Path

_OURS = str(Path(__file__).parents[1]) + os.sep


def place(error: BaseException) -> str:
    """`FILE, line N`: the innermost frame in code that somebody may edit; '' where there is none.

    That is neither this package nor the standard library nor, if there is a choice, an installed package.
    """
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<")]
    outside = [f for f in frames if not (f.filename.startswith(_OURS) or _is_standard(f.filename))]
    edited = [f for f in outside if not _is_installed(f.filename)]
    chosen = (edited or outside)[-1:]
    return "".join(f"{frame.filename}, line {frame.lineno}" for frame in chosen)


def innermost(error: BaseException) -> str:
    """`FILE, line N` of the frame that raised, whosoever it is; '' where there is none."""
    frames = traceback.extract_tb(error.__traceback__)[-1:]
    return "".join(f"{frame.filename}, line {frame.lineno}" for frame in frames)


def summary(error: BaseException) -> str:
    """An error on one line: what it is, what it says, and where it arose."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # somebody's own class
        said = "<exception str() failed>"
    where = "" if isinstance(error, SyntaxError) else place(error)
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return f"{text} ({where})" if where and where not in said else text


def _is_standard(file: str) -> bool:
    return file.startswith(_standard()) and not _is_installed(file)


def _is_installed(file: str) -> bool:
    return any(f"{os.sep}{folder}{os.sep}" in file for folder in ("site-packages", "dist-packages"))


@functools.cache
def _standard() -> tuple[str, ...]:
    """The standard library's folders, in one of which site-packages may lie."""
    paths = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    paths |= {sysconfig.get_path(name) for name in ("stdlib", "platstdlib")}
    return tuple(path.rstrip(os.sep) + os.sep for path in paths)
