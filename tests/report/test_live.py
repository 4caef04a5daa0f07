"""The line at the bottom of a terminal, while a run goes on."""

from __future__ import annotations

import io

import pytest

from harness.campaign import Progress
from harness.report import live, progress
from harness.report.live import LiveLine, gauge


class Terminal(io.StringIO):
    """What is written to it; `screen` is what a reader sees of it at the end."""

    def isatty(self) -> bool:
        return True

    def screen(self) -> list[str]:
        lines = []
        for line in self.getvalue().split("\n"):
            shown = ""
            for part in line.split("\r"):
                shown = part + shown[len(part) :]
            lines.append(shown.rstrip())
        return lines


def test_what_is_said_stays_above_the_line_and_nothing_stays_of_the_line() -> None:
    terminal = Terminal()
    line = LiveLine(terminal)
    line.draw("x" * 200)
    assert terminal.screen() == ["x" * 79], "cut to a terminal's width, so that it never wraps"
    line.say("a note")
    assert terminal.screen() == ["a note", "x" * 79]
    line.clear()
    assert terminal.screen() == ["a note", ""]


def test_it_is_not_drawn_at_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(live.time, "monotonic", lambda: now[0])
    terminal = Terminal()
    line = LiveLine(terminal)
    for text, at in (("one", 10.0), ("two", 10.1), ("three", 10.3)):
        now[0] = at
        line.draw(text)
    assert "two" not in terminal.getvalue()
    assert terminal.screen() == ["three"]


@pytest.mark.parametrize(("done", "total", "filled"), [(0, 0, 0), (0, 5, 0), (12, 24, 12), (5, 5, 24)])
def test_the_bar(done: int, total: int, filled: int) -> None:
    assert gauge(done, total) == f"[{'#' * filled}{'-' * (24 - filled)}]"


@pytest.mark.parametrize(("term", "drawn"), [("xterm", True), ("dumb", False)])
def test_a_terminal_sees_the_line_notes_and_waits(
    monkeypatch: pytest.MonkeyPatch, term: str, drawn: bool
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    monkeypatch.setenv("TERM", term)
    with progress.showing(quiet=False) as show:
        show(Progress(1, 0, 0, 1, 0, 1, 0.0, None, notes=("t\x1bwo",), waiting="another run"))
    assert terminal.screen() == ["waiting: another run", "Note: t\ufffdwo", ""]
    assert ("[############------------] 0 of 1 instances" in terminal.getvalue()) is drawn
