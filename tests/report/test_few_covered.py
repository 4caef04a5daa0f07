"""A run that covers less than half of its instances says so in its first line, wherever it is read."""

from __future__ import annotations

import pytest
from made import record, unmeasured
from pages import assert_inert, find, text_of

from harness.report import Record
from harness.report.brief import brief
from harness.report.html import page
from harness.report.markdown import markdown
from harness.report.terminal import terminal

WARNING = "Only 1 of 3 instances are covered: this says little of what is under test."


def covered(number: int, of: int) -> Record:
    outcomes = ["as-expected"] * number + ["not-covered"] * (of - number)
    return record(*(unmeasured(each, id=f"toys/c{i}", claim=f"c{i}") for i, each in enumerate(outcomes)))


def first_lines(of: Record) -> dict[str, str]:
    body = assert_inert(page(of))
    lead = text_of((find(body, "p", class_="warn") or find(body, "p", class_="lead"))[0])
    texts = {"terminal": terminal(of), "markdown": markdown(of), "brief": brief(of)}
    return {"page": lead} | {name: text.splitlines()[0] for name, text in texts.items()}


@pytest.mark.parametrize("door", ["terminal", "markdown", "brief", "page"])
def test_less_than_half_is_said_first(door: str) -> None:
    assert first_lines(covered(1, 3))[door].strip("*").startswith(WARNING)


@pytest.mark.parametrize("number", [2, 3, 4])
def test_half_is_enough(number: int) -> None:
    assert not any("covered: this says" in line for line in first_lines(covered(number, 4)).values())
