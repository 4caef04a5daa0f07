"""The loop: change an input, let the target read it under watch, keep what went wrong.

Findings are told apart by the exception and the innermost line of the program that it passed. With atheris
(`pip install atheris`) inputs that reach new branches are changed further; without, all begin at a seed.
"""

from __future__ import annotations

import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fuzz.targets import EXPECTED, Target, fresh_folder
from fuzz.watch import Hang, Watch

_watch: list[Watch] = []


def watch() -> Watch:
    """The one watch of this process."""
    if not _watch:
        _watch.append(Watch())
    return _watch[0]


@dataclass
class Session:
    """One target, what was tried, and what was found: a message for each kind, with its first input."""

    target: Target
    folder: Path
    tried: int = 0
    accepted: int = 0
    findings: dict[str, bytes] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    on_finding: Callable[[str], None] = lambda kind: None

    def read(self, data: bytes) -> None:
        """Let the target read one input."""
        self.tried += 1
        folder = fresh_folder(self.folder)
        seen = watch()
        kind = text = ""
        try:
            named = frozenset(name for name in self.target.modules if f"{name}:".encode() in data)
            with seen.over(folder, modules=named):
                self.target.read(data, folder)
            self.accepted += 1
        except EXPECTED:
            pass
        except (Exception, Hang, SystemExit) as error:
            frames = [f for f in traceback.extract_tb(error.__traceback__) if "/harness/" in f.filename]
            place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
            kind = f"{type(error).__name__} {place or str(error)[:20]}"
            text = "".join(traceback.format_exception(error))[-3000:]
        if not kind and seen.offences:
            kind = text = seen.offences[0]
        if kind and kind not in self.findings:
            self.findings[kind], self.said[kind] = data, text
            self.on_finding(kind)

    def plain(self, seconds: float = float("inf"), inputs: int = 2**62, seed: int = 0) -> None:
        """Change seeds at random for so many seconds, or inputs."""
        choice = random.Random(seed)
        pool = self.target.seeds()
        end = time.monotonic() + seconds
        for data in pool:
            self.read(data)
        while time.monotonic() < end and self.tried < inputs:
            self.read(self.target.change(choice.choice(pool), choice))
