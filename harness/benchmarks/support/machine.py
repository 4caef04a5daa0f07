"""The machine's lock, for runs inside a timing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.measure.locks import LOCK


@contextmanager
def own_machine(folder: Path) -> Iterator[None]:
    """What is opened in the block takes a lock in `folder` for the machine's.

    A run that times has the machine to itself, by a lock: the runs inside it would wait for ever.
    """
    before = os.environ.get(LOCK)
    os.environ[LOCK] = str(folder / "machine.lock")
    try:
        yield
    finally:
        if before is None:
            del os.environ[LOCK]
        else:
            os.environ[LOCK] = before
