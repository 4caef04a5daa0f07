"""Where an error arose: the line of the user's own code, not of its callers or of what it called."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from harness.whose import is_standard, site_root

_OURS = str(Path(__file__).parents[1]) + os.sep


def place(error: BaseException) -> str:
    """`FILE, line N` of the innermost frame in code that the user may edit; '' if there is none.

    This is neither this package nor the standard library nor, if there is a choice, an installed package.
    """
    frames = [f for f in traceback.extract_tb(error.__traceback__) if not f.filename.startswith("<")]
    outside = [f for f in frames if not (f.filename.startswith(_OURS) or is_standard(f.filename))]
    edited = [f for f in outside if not site_root(f.filename)]
    chosen = (edited or outside)[-1:]
    return "".join(f"{frame.filename}, line {frame.lineno}" for frame in chosen)


def innermost(error: BaseException) -> str:
    """`FILE, line N` of the frame that raised, in any code; '' if there is none."""
    frames = traceback.extract_tb(error.__traceback__)[-1:]
    return "".join(f"{frame.filename}, line {frame.lineno}" for frame in frames)


def one_line(error: BaseException) -> str:
    """An error on one line: its type, its message, and where it arose."""
    try:
        said = " ".join(str(error).split())
    except Exception:  # the class may be a user's
        said = "<exception str() failed>"
    where = "" if isinstance(error, SyntaxError) else place(error)
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    return f"{text} ({where})" if where and where not in said else text
