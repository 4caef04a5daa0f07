"""How often Python looks for garbage in cycles, while millions of records are made that are in none."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Iterator

RARELY = 50_000
"""New objects until Python looks at the youngest. A run makes some 600 for each trial and keeps thirty, none
of them in a cycle: at Python's own 700 (2,000 from 3.12 on) the looks took a tenth of the command's time."""


@contextlib.contextmanager
def collected_rarely() -> Iterator[None]:
    """Look at least `RARELY` objects apart in the block, and as before after it. A collector that is switched
    off, or looks more rarely still, stays as it is."""
    first, *others = gc.get_threshold()
    if not 0 < first < RARELY:
        yield
        return
    gc.set_threshold(RARELY, *others)
    try:
        yield
    finally:
        gc.set_threshold(first, *others)
