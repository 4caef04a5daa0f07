"""Folders for the temporary files of workers: each worker has its own, which goes when the worker does.

What killed processes left is removed by the next (`harness.temporary`).
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from pathlib import Path

from harness.temporary import temporary_folder

PREFIX = "harness-workers-"


class Scratch:
    """Makes folders for workers, in a folder of its own that is made when it is first needed."""

    def __init__(self) -> None:
        self._held = contextlib.ExitStack()
        self._root: Path | None = None

    def make(self) -> str:
        """A new, empty folder; '' where none can be made (then workers share the machine's)."""
        try:
            if self._root is None:
                self._root = self._held.enter_context(temporary_folder(PREFIX))
            return tempfile.mkdtemp(dir=self._root)
        except OSError:
            return ""

    def remove(self, folder: str) -> None:
        """Remove a worker's folder and what is in it."""
        if folder:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove everything; folders can be made again afterwards."""
        self._held.close()
        self._root = None
