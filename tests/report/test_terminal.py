"""The report on a terminal: in its width, in short of many, what is not as expected first and last."""

from __future__ import annotations

import pytest
from commands import said
from made import INSTANCE, LAW, at_sizes, record, unmeasured
from msgspec.structs import replace

from harness.cli.say import colored
from harness.report import to_json
from harness.report.columns import cut, table_of, visible
from harness.report.terminal import FEW, LAST, terminal

REFUTED = replace(
    INSTANCE,
    id="toys/other[size=9]",
    claim="other",
    verdict="refuted",
    outcome="unexpected",
    claim_says="Other.",
)
WIDE = at_sizes(
    3, source=None, point={"data": "breast-cancer", "hidden": 2, "setting": "everyday", "width": 512}
)


def many(number: int) -> tuple:
    return (*at_sizes(number // 2), REFUTED, *at_sizes(number - number // 2, claim="more"))


@pytest.mark.parametrize("width", [60, 80, 100, 180])
def test_no_row_of_a_table_is_wider_than_the_terminal(width: int) -> None:
    text = terminal(record(*WIDE, LAW, REFUTED, unmeasured("error", reason="why " * 60)), width=width)
    assert max(map(len, text.splitlines())) <= width
    heads = [line.split() for line in text.splitlines() if line.split()[:1] == ["outcome"]]
    assert {"outcome", "at", "verdict", "interval"} <= set(heads[0])
    assert ("estimate" in heads[0]) == (width >= 80)
    assert ("core-s" in heads[0]) == (width == 180), "what matters least is left out first"


def test_without_a_width_nothing_is_left_out_or_cut() -> None:
    text = terminal(record(*WIDE, unmeasured("error", reason="why " * 60)))
    assert "core-s" in text
    assert "…" not in text
    assert "why " * 59 in text


def test_many_instances_are_shown_in_short_what_is_not_as_expected_first_and_last() -> None:
    whole = record(*many(FEW + 10), exit_code=1)
    text = terminal(whole, width=80, everything=False)
    lines = text.splitlines()
    assert len(lines) < 40
    assert max(map(len, lines)) <= 80
    assert lines[0] == "Of 3 claims, 2 hold wherever tested, 1 fails."
    places = [k for k, line in enumerate(lines) if "toys/other[size=9]" in line]
    assert places[0] < 6
    assert places[-1] >= len(lines) - 3
    assert "size=3" not in text
    assert "--all shows every instance." in text
    assert lines[-1] == f"{FEW + 11} instances: {FEW + 10} of {FEW + 11} as expected, 1 unexpected."
    assert "size=3" in terminal(whole, width=80)


def test_few_instances_are_all_shown() -> None:
    text = terminal(record(*at_sizes(FEW)), everything=False)
    assert f"size={FEW} " in text
    assert "--all" not in text


def test_what_is_undecided_says_what_it_would_take_though_nothing_was_expected() -> None:
    open_one = replace(
        INSTANCE, expect="open", outcome="measured", verdict="inconclusive", seeds_to_decision=150,
        smallest_margin=None,
    )  # fmt: skip
    text = terminal(record(open_one))
    assert "? toys/same[size=1]: about 150 seeds would decide it as it stands" in text
    several = [replace(open_one, id=f"toys/same[size={k}]") for k in range(LAST + 4)]
    assert "… and 4 more" in terminal(record(*several))


def test_a_table_loses_columns_in_order_then_one_is_cut() -> None:
    headers = ("a", "b", "name")
    rows = [("1" * 10, colored("2" * 10, "red"), "n" * 40)]
    assert visible(rows[0][1]) == 10
    assert table_of(rows, headers, 70, ("b", "a"), "name")[0].split() == ["a", "b", "name"]
    assert table_of(rows, headers, 60, ("b", "a"), "name")[0].split() == ["a", "name"]
    narrow = table_of(rows, headers, 30, ("b", "a"), "name")
    assert narrow[0].split() == ["name"]
    assert narrow[2] == "n" * 29 + "…"
    assert cut("abc", 3) == "abc"


def test_the_command_takes_the_width_from_columns_and_all_from_its_option(
    tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(str(tmp_path))
    with open("r.json", "wb") as file:
        file.write(to_json(record(*many(FEW + 10), exit_code=1)))
    monkeypatch.setenv("COLUMNS", "80")
    code, short = said("report", "r.json")
    assert code == 1
    assert max(map(len, short.splitlines())) <= 80
    monkeypatch.delenv("COLUMNS")
    code, whole = said("report", "r.json", "--all")
    assert "size=3" in whole
    assert "size=3" not in short
    assert max(map(len, whole.splitlines())) > 80
