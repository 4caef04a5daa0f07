"""The benchmark `engine.command`: how long the command takes to answer."""

from __future__ import annotations

from typing import Literal

from harness.declare import Timed, benchmark


@benchmark("engine.command", version=1, about={"argument": "what it is asked for"})
def command(*, argument: Literal["--help", "--version"] = "--help") -> Timed:
    """A new process that runs `harness` with one argument, to its end."""
    import subprocess
    import sys

    boot = f"import sys; sys.path[:] = {sys.path!r}; sys.argv[0] = 'harness'"
    line = [sys.executable, "-P", "-c", f"{boot}; from harness.cli import main; main()"]

    def timed() -> str:
        return subprocess.run([*line, argument], capture_output=True, text=True, check=True).stdout

    expected = {"--help": "Usage: harness", "--version": "harness"}[argument]
    found = timed()
    if expected not in found:
        raise ValueError(f"harness {argument}: expected an answer with {expected!r}, found {found[:200]!r}")
    return timed
