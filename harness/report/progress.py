"""Progress while measuring: a live line on a terminal or in a notebook, elsewhere a line now and then.

Each decided instance has a line, too.
"""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from harness.campaign import Finding, Progress
from harness.judge import FAILING
from harness.measure import RunningTrial
from harness.questions import COMPUTED, Trial
from harness.report.live import SHORT_BAR, LiveLine, gauge
from harness.report.notebook_line import NotebookLine, in_notebook
from harness.report.words import effect, expectation, interval_text, seconds_text
from harness.text import no_command, printable, shortened

PATIENCE = 2.0
"""Seconds before the first output. Shorter runs show none."""
EVERY = 20.0
"""Seconds between lines without a terminal."""
STAGES = 3
"""The number of a trial's last completed stages that are named."""


@contextmanager
def showing(quiet: bool) -> Iterator[Callable[[Progress], None]]:
    """A function that shows progress on standard error, or in a notebook, inside the block.

    Waiting for another process's lock is reported once in any case.
    """
    if quiet:
        yield _saying_waits(lambda progress: None)
    elif in_notebook():
        with _noted(NotebookLine()) as (show, say):
            yield _saying_waits(show, say)
    elif sys.stderr.isatty() and os.environ.get("TERM") != "dumb":
        with _live() as (show, say):
            yield _saying_waits(show, say)
    else:
        yield _saying_waits(NoteLines().show)


def _say(text: str) -> None:
    print(no_command(text), file=sys.stderr, flush=True)


def _saying_waits(
    show: Callable[[Progress], None], say: Callable[[str], None] = _say
) -> Callable[[Progress], None]:
    said: list[str] = []

    def shown(progress: Progress) -> None:
        if progress.waiting and not said:
            said.append(progress.waiting)
            say(f"waiting: {progress.waiting}")
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
    return " · ".join([*parts, *_long_ones(progress)])


def live_text(progress: Progress, columns: int) -> str:
    """The line with a gauge, shortened if a terminal has too few columns.

    So the remaining time is visible in 80 columns.
    """
    done, going = progress.measured + progress.reused, progress.pending
    to_go = f"{progress.rechecking} to recheck" if progress.rechecking else f"{going} trials to go"
    if progress.remaining is not None and going:
        to_go += f": {seconds_text(progress.remaining)}"
    so_far = f"{seconds_text(progress.elapsed)} so far"
    parts = [f"{progress.decided} of {progress.total} decided", to_go, so_far, *_long_ones(progress)]
    parts += ["waiting for a lock"] if progress.waiting else []
    short = " · ".join(parts)
    forms = (
        f"{gauge(done, done + going)} {progress_line(progress)}",
        f"{gauge(done, done + going, SHORT_BAR)} {short}",
    )
    return next((form for form in forms if len(form) < columns), short)


def _long_ones(progress: Progress) -> list[str]:
    """The trial that has run longest, if none has ended yet or if it takes long."""
    longest = max(progress.running, key=lambda running: running.seconds, default=None)
    patience = PATIENCE if progress.measured == 0 else EVERY
    return [at_work(longest)] if longest is not None and longest.seconds >= patience else []


def decided(finding: Finding) -> str:
    """`supported, as expected  issues/claim[width=64]: after 14 seeds, 0.169 [0.143, 0.2]`."""
    found, part = finding.assessment, finding.assessment.settling
    text = ""
    if found.boundary is not None and not part.error:
        location = found.boundary.location
        text += shortened(location.reason, 300) if location.reason else ""
        if (location.low, location.high) != (None, None):
            axis, interval = found.boundary.search.axis, (location.low, location.high)
            text += f"{', ' if text else ''}{axis} {interval_text(interval, 'boundary')}"
    elif part.reason:
        text += shortened(part.reason.splitlines()[0], 300)
    elif part.ruling.n:
        sides = (part.ruling.estimate, part.ruling.low, part.ruling.high)
        estimate, low, high = (x if math.isfinite(x) else None for x in sides)
        unit = part.question.unit
        seeds = COMPUTED if part.question.deterministic else f"after {part.ruling.n} seeds"
        text += f"{seeds}, {effect(estimate, unit)}"
        text += f" {interval_text((low, high), unit)}"
    said = expectation(found.outcome)
    if found.outcome in (*FAILING, "not-covered") and found.outcome == found.verdict:
        said = ""
    verdict = ", ".join(filter(None, (found.verdict, said)))
    return printable(f"{verdict}  {finding.case.instance.id}: {text}".removesuffix(": "))


class _News:
    """The decided instances, shown once a run has taken `PATIENCE` seconds.

    Shorter runs show them in their reports.
    """

    def __init__(self) -> None:
        self._from = time.monotonic() + PATIENCE
        self._held: list[Finding] = []

    def lines(self, progress: Progress) -> list[str]:
        """The lines to show now."""
        self._held += progress.news
        if time.monotonic() < self._from:
            return []
        held, self._held = self._held, []
        return [decided(finding) for finding in held]


class NoteLines:
    """A plain line every `EVERY` seconds, and each note and each decided instance at once."""

    def __init__(self) -> None:
        self.next = time.monotonic() + PATIENCE
        self.said = 0  # the number of notes that have been shown
        self.news = _News()

    def show(self, progress: Progress) -> None:
        for note in progress.notes[self.said :]:
            _say(f"Note: {printable(note)}")
        self.said = len(progress.notes)
        for line in self.news.lines(progress):
            _say(line)
        if time.monotonic() >= self.next:
            self.next = time.monotonic() + EVERY
            _say(progress_line(progress))


@contextmanager
def _live() -> Iterator[tuple[Callable[[Progress], None], Callable[[str], None]]]:
    """A function that shows progress in the terminal's last line, and one that prints a message above it."""
    line = LiveLine(sys.stderr)
    try:
        yield _drawing(line), line.say
    finally:
        line.clear()


@contextmanager
def _noted(line: NotebookLine) -> Iterator[tuple[Callable[[Progress], None], Callable[[str], None]]]:
    """The same in the output of a notebook's cell."""
    try:
        yield _drawing(line), line.say
    finally:
        line.finish()


def _drawing(line: LiveLine | NotebookLine) -> Callable[[Progress], None]:
    news, said = _News(), 0

    def show(progress: Progress) -> None:
        nonlocal said
        for note in progress.notes[said:]:
            line.say(f"Note: {printable(note)}")
        said = len(progress.notes)
        for text in news.lines(progress):
            line.say(text)
        line.draw(live_text(progress, line.columns))

    return show


@contextmanager
def showing_trials(quiet: bool = False) -> Iterator[Callable[[RunningTrial], None]]:
    """A function that shows the trial that is measured, its duration, and its completed stages.

    It shows trials that take longer than `PATIENCE`, on standard error: as a live line on a terminal, else as
    a line now and then.
    """
    if quiet:
        yield lambda running: None
        return
    live = LiveLine(sys.stderr) if sys.stderr.isatty() and os.environ.get("TERM") != "dumb" else None
    following: dict[Trial, float] = {}

    def show(running: RunningTrial) -> None:
        if running.seconds < PATIENCE:
            return
        text = f"measuring {at_work(running)}"
        if live is not None:
            live.draw(text)
        elif running.seconds >= following.get(running.trial, 0.0):
            following[running.trial] = running.seconds + EVERY
            _say(text)

    try:
        yield show
    finally:
        if live is not None:
            live.clear()


def at_work(running: RunningTrial) -> str:
    """`ntk.regression, seed 3: 12 s; done: data 0.1 s, ntk 2.3 s`."""
    trial = running.trial
    text = f"{trial.experiment}, seed {trial.seed}: {seconds_text(running.seconds)}"
    if running.done:
        last = [f"{stage.name} {seconds_text(stage.seconds)}" for stage in running.done[-STAGES:]]
        more = ["…"] if len(running.done) > STAGES else []
        text += f"; done: {', '.join([*more, *last])}"
    return printable(text)
