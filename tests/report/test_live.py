"""The line at the bottom of a terminal, while a run goes on."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest

from harness.campaign import Progress
from harness.measure import RunningTrial, Stage
from harness.questions import Trial
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
    assert ("[####----] 0 of 1 decided · 1 trials to go" in terminal.getvalue()) is drawn


TRIAL = Trial("ntk.regression", (), 3)


def test_a_narrow_terminal_sees_how_long_it_takes_and_a_wide_one_all() -> None:
    running = Progress(140, 20, 0, 88, 12, 36, 62.0, 200.0)
    wide, narrow = progress.live_text(running, 150), progress.live_text(running, 80)
    assert wide == f"[###############---------] {progress.progress_line(running)}"
    assert narrow == "[#####---] 12 of 36 decided · 88 trials to go: 3 min 20 s · 1 min 2 s so far"
    assert len(narrow) < 80


def test_as_long_as_no_trial_has_ended_the_line_says_which_stages_have() -> None:
    first = RunningTrial(TRIAL, 12.0, (Stage("data", 0.1), Stage("ntk", 2.3)))
    begun = Progress(0, 0, 0, 14, 0, 36, 12.0, None, running=(replace(first, seconds=3.0), first))
    said = "ntk.regression, seed 3: 12 s; done: data 0.1 s, ntk 2.3 s"
    assert progress.progress_line(begun).endswith(f"14 to go · 12 s · {said}")
    assert said in progress.live_text(begun, 80)
    assert said not in progress.progress_line(replace(begun, measured=1)), "others tell how long one takes"
    assert said not in progress.progress_line(replace(begun, running=(replace(first, seconds=1.0),)))


def test_of_many_stages_the_last_are_named() -> None:
    many = RunningTrial(TRIAL, 70.0, tuple(Stage(f"stage {k}", 1.0) for k in range(5)))
    assert progress.at_work(many) == (
        "ntk.regression, seed 3: 1 min 10 s; done: …, stage 2 1.0 s, stage 3 1.0 s, stage 4 1.0 s"
    )


@pytest.mark.parametrize("terminal", [Terminal(), io.StringIO()])
def test_a_trial_that_takes_long_is_shown_with_its_stages(
    monkeypatch: pytest.MonkeyPatch, terminal: io.StringIO
) -> None:
    monkeypatch.setattr(progress.sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with progress.showing_trials() as show:
        show(RunningTrial(TRIAL, 1.0, ()))
        assert terminal.getvalue() == ""
        show(RunningTrial(TRIAL, 3.0, (Stage("data", 0.5),)))
        show(RunningTrial(TRIAL, 4.0, (Stage("data", 0.5),)))
    written = terminal.getvalue()
    assert "measuring ntk.regression, seed 3: 3.0 s; done: data 0.5 s" in written
    assert written.count("measuring") == 1, (
        "a terminal's line is drawn four times a second, others say it every 20 s"
    )
    assert written.endswith("\n") is (not isinstance(terminal, Terminal))
