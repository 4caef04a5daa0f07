"""Progress while measuring: a live line on a terminal, a line now and then anywhere else."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.campaign import Progress
from harness.report.words import seconds_text
from harness.text import printable

PATIENCE = 2.0
"""Seconds before the first sign; shorter runs show none."""
EVERY = 20.0
"""Seconds between lines where there is no terminal."""


@contextmanager
def showing(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A function that shows progress on standard error, for the length of the block.

    A wait for somebody's lock is said once in any case.
    """
    if quiet:
        yield _saying_waits(lambda progress: None)
    elif sys.stderr.isatty():
        with _live() as show:
            yield _saying_waits(show)
    else:
        yield _saying_waits(NoteLines().show)


def _saying_waits(show: Callable[[Progress], None]) -> Callable[[Progress], None]:
    said: list[str] = []

    def shown(progress: Progress) -> None:
        if progress.waiting and not said:
            said.append(progress.waiting)
            print(f"waiting: {progress.waiting}", file=sys.stderr, flush=True)
        show(progress)

    return shown


def progress_line(progress: Progress) -> str:
    """`12 of 36 instances decided · 140 trials measured, 20 from the store, 88 to go · 1 min 2 s left`."""
    parts = [f"{progress.decided} of {progress.total} instances decided"]
    failed = f" ({progress.failed} failed)" if progress.failed else ""
    trials = f"{progress.measured} trials measured{failed}, {progress.reused} from the store"
    parts.append(f"{trials}, {progress.pending} to go")
    if progress.rechecking:
        parts.append(f"rechecking {progress.rechecking} trial{'s' if progress.rechecking > 1 else ''}")
    parts.append(seconds_text(progress.elapsed))
    if progress.remaining is not None and progress.pending:
        parts.append(f"about {seconds_text(progress.remaining)} for these")
    if progress.waiting:
        parts.append("waiting for a lock")
    return " · ".join(parts)


class NoteLines:
    """A plain line every `EVERY` seconds, and each note at once."""

    def __init__(self) -> None:
        self.next = time.monotonic() + PATIENCE
        self.said = 0  # how many notes have been shown

    def show(self, progress: Progress) -> None:
        for note in progress.notes[self.said :]:
            print(f"Note: {printable(note)}", file=sys.stderr, flush=True)
        self.said = len(progress.notes)
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + EVERY
            print(progress_line(progress), file=sys.stderr, flush=True)


@contextmanager
def _live() -> Iterator[Callable[[Progress], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    console = Console(stderr=True)
    columns = (BarColumn(bar_width=24), TextColumn("{task.description}", markup=False))
    with Bar(*columns, console=console, transient=True, refresh_per_second=4) as bar:
        task = bar.add_task("", total=None)
        said = 0

        def show(progress: Progress) -> None:
            nonlocal said
            for note in progress.notes[said:]:  # above the bar
                console.print(f"Note: {printable(note)}", markup=False, highlight=False)
            said = len(progress.notes)
            done = progress.measured + progress.reused
            bar.update(
                task, completed=done, total=done + progress.pending, description=progress_line(progress)
            )

        yield show
