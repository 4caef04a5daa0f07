"""What programs and notebooks see of a record: its `repr`, a table, progress in a cell."""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from made import INSTANCE, at_sizes, record, unmeasured
from msgspec.structs import replace

import harness.report.progress as progress_room
from harness.campaign import Progress
from harness.report.notebook import ROWS
from harness.report.progress import showing


def test_a_record_and_its_instances_have_a_short_repr() -> None:
    found = record(*at_sizes(3, claim_says="x\x1b[2J"))
    assert repr(found) == "<Record of Toys: 3 instances: 3 of 3 as expected. 012345678, 2026-01-01>"
    assert repr(found.instances[0]) == (
        "<toys/same[size=1]: supported, as-expected, n = 9, +1.01% [-1.98%, +4.08%]>"
    )
    assert repr(unmeasured("error")) == "<toys/same[size=1]: error>"


def test_a_notebook_shows_a_row_for_each_claim_those_that_fail_first() -> None:
    evil = replace(INSTANCE, id="toys/evil", claim="evil", says="<script>&\x1b", outcome="unexpected")
    text = record(*at_sizes(2), evil)._repr_html_()
    root = ElementTree.fromstring(text.replace("<br>", "<br/>").replace("&nbsp;", " "))
    rows = [" ".join(row.itertext()) for row in root.iter("tr")][1:]
    assert ["evil" in row for row in rows] == [True, False]
    assert "<script>&\ufffd" in rows[0]
    assert rows[0].startswith("▲ holds 1 ✗ unexpected")
    assert "a equals b at size 1 or 2." in rows[1]
    assert "holds in both instances · +1.01%, claim ±5.13% · as Someone 2025 says" in rows[1]
    assert "Of 2 claims, 2 hold wherever tested." in text
    assert "<script>" not in text
    many = [replace(INSTANCE, id=f"toys/c{k}", claim=f"c{k}") for k in range(ROWS + 5)]
    text = record(*many)._repr_html_()
    assert text.count("<tr>") == ROWS + 1
    assert "5 more claims are in the record." in text


class Cell:
    """What `IPython.display.display` shows, as a notebook would."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def display(self, data: dict[str, str], *, raw: bool, display_id: bool) -> Cell:
        assert raw
        assert display_id
        self.shown.append(data["text/plain"])
        return self

    def update(self, data: dict[str, str], *, raw: bool) -> None:
        assert raw
        self.shown[-1] = data["text/plain"]


def test_progress_is_one_output_of_a_cell_that_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = Cell()
    shell = SimpleNamespace(kernel=object())
    package: Any = SimpleNamespace(get_ipython=lambda: shell)
    monkeypatch.setitem(sys.modules, "IPython", package)
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=cell.display))
    at = Progress(measured=1, reused=0, failed=0, pending=2, decided=0, total=3, elapsed=1.0, remaining=None)
    assert progress_room.in_notebook()
    with showing(quiet=False) as show:
        show(at)
        show(replace_progress(at, measured=3, pending=0, decided=3, notes=("a trial was lost",)))
    (last,) = cell.shown
    assert last.startswith("[########################] 3 of 3 instances decided")
    assert last.endswith("\nNote: a trial was lost")
    assert capsys.readouterr() == ("", "")
    shell.__dict__.clear()
    assert not progress_room.in_notebook(), "a terminal's IPython is no notebook"


def replace_progress(progress: Progress, **changes: Any) -> Progress:
    return Progress(
        **{**{name: getattr(progress, name) for name in progress.__dataclass_fields__}, **changes}
    )
