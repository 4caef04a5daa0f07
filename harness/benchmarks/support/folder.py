"""Folders for what benchmarks write."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "ntk-harness-benchmark-"

FORGOTTEN = 24 * 3600.0
"""Seconds after which a folder is nobody's: no benchmark stays prepared for a day."""


def fresh_folder() -> Path:
    """A new, empty folder. It is for its maker to remove; those that were left behind go after a day.

    They are left behind as a rule, because a worker is killed when its run is over.
    """
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            forgotten = time.time() - left.stat().st_mtime > FORGOTTEN
        except OSError:  # somebody else removed it
            continue
        if forgotten:
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=PREFIX))
