"""The benchmark `engine.interpreter`: how long Python takes to start, with a library or without."""

from __future__ import annotations

from typing import Literal

from harness.declare import Timed, benchmark


@benchmark("engine.interpreter", version=1, about={"library": "what it imports; '' for nothing"})
def interpreter(*, library: Literal["", "numpy", "jax"] = "") -> Timed:
    """A new process that imports one library, and ends: what `engine.command` is to be measured by."""
    import subprocess
    import sys

    statement = f"; import {library}" if library else ""
    line = [sys.executable, "-P", "-c", f"import sys; sys.path[:] = {sys.path!r}{statement}"]

    def timed() -> None:
        subprocess.run(line, capture_output=True, check=True)

    return timed
