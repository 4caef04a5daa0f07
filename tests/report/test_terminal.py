"""The terminal: never wider than it is, the verdict first, and what is not as expected first and last."""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
from made import INSTANCE, LAW, at_sizes, record, unmeasured
from msgspec.structs import replace

from harness.report import Record, to_json
from harness.report.columns import Column, cells_wide, columns_that_fit, table_lines, wrap_words
from harness.report.terminal import FEW, NAMED, terminal

AXES = {"data": ("diabetes", "breast-cancer"), "hidden": (1, 2, 3), "setting": ("small-last-layer", "adam")}


def grid(copies: int, **changes: object) -> list:  # type: ignore[type-arg]
    made = []
    for k, labels in itertools.product(range(copies), itertools.product(*AXES.values())):
        point = dict(zip(AXES, labels, strict=True))
        id_ = ",".join(f"{axis}={label}" for axis, label in point.items())
        made.append(replace(INSTANCE, id=f"toys/c{k}[{id_}]", claim=f"c{k}", point=point, **changes))
    return made


def large() -> Record:
    odd = [replace(i, verdict="refuted", outcome="unexpected") for i in grid(17)[-13:]]
    return record(*grid(17)[:-13], *odd)


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("everything", [False, True])
def test_no_line_is_wider_than_the_terminal(width: int, everything: bool) -> None:
    text = terminal(large(), width=width, everything=everything)
    assert max(map(cells_wide, text.splitlines())) <= width
    if width == 200 and everything:
        assert max(map(cells_wide, text.splitlines())) > 100, "more where there is room"


@pytest.mark.parametrize("width", [60, 80, 100, 180])
def test_tables_of_laws_and_long_reasons_fit_too(width: int) -> None:
    text = terminal(record(*grid(1), LAW, unmeasured("error", reason="why " * 60)), width=width)
    assert max(map(cells_wide, text.splitlines())) <= width
    assert text.split().count("why") >= 60


def test_without_a_width_nothing_is_left_out_or_cut() -> None:
    text = terminal(record(*grid(1), unmeasured("error", reason="why " * 60)))
    assert "core-s" in text
    assert "…" not in text
    assert "why " * 59 in text


def test_columns_are_left_out_and_rows_stay_whole() -> None:
    headings = []
    for width in (80, 100, 120, 200):
        text = terminal(large(), width=width, everything=True)
        heading = next(line for line in text.splitlines() if line.lstrip().startswith("verdict "))
        headings.append(re.split(r" {2,}", heading.strip()))
        rows = [line for line in text.splitlines() if line.startswith(("  supported ", "  refuted "))]
        assert len(rows) == 204
    assert all(set(a) <= set(b) for a, b in itertools.pairwise(headings))
    assert set(headings[0]) >= {"verdict", "data", "hidden", "setting", "estimate", "interval"}
    assert headings[-1][-2:] == ["source says", "core-s"]


def test_what_is_not_as_expected_comes_first_and_last_and_the_rest_on_demand() -> None:
    found = large()
    short, whole = terminal(found, width=80), terminal(found, width=80, everything=True)
    assert len(short.splitlines()) < 140 < len(whole.splitlines())
    lines = short.splitlines()
    assert lines[:2] == ["Toys", "Of 17 claims, 15 hold wherever tested, 1 holds in part, 1 fails."]
    assert [line.strip() for line in lines[3:7]] == [
        "", "Not as expected (the instances stand at the end):",
        "toys/c15: 1 unexpected", "toys/c16: 12 unexpected",
    ]  # fmt: skip
    last = lines[lines.index("Not as expected:") :]
    assert sum(line.startswith("  ✗ unexpected  toys/") for line in last) == NAMED
    assert f"  and {13 - NAMED} more: --all shows them" in last
    assert last[-1] == "204 instances: 191 of 204 as expected, 13 unexpected."
    assert whole.count("  ✗ unexpected  toys/") == 13
    assert "--all" not in whole


def test_few_instances_stand_in_tables_unasked() -> None:
    few, more = record(*at_sizes(FEW)), record(*at_sizes(FEW + 1))
    assert terminal(few, width=80).count("\n  supported ") == FEW
    assert "\n  supported " not in terminal(more, width=80)


def test_an_undecided_open_claim_says_what_it_would_take() -> None:
    vague = replace(
        unmeasured("inconclusive"),
        outcome="measured",
        expect="open",
        seeds_to_decision=310,
        hours_to_decision=0.5,
    )
    said = terminal(record(vague), width=200)
    assert (
        "undecided at size=1: about 310 seeds would decide it as it stands (30 min 0 s more on one core)"
        in said
    )
    many = [
        replace(vague, id=f"toys/same[size={k}]", point={"size": k}, seeds_to_decision=100 * k)
        for k in range(1, 6)
    ]
    said = terminal(record(*many), width=200)
    assert "5 of 5 undecided: about 100 to 500 seeds would decide them as they stand (2 h 30 min more" in said


def test_a_refuted_claim_leads_with_its_verdict_and_has_no_tick() -> None:
    refuted = [replace(i, verdict="refuted", expect="refuted") for i in at_sizes(3)]
    text = terminal(record(*refuted), width=80)
    assert "\nFAILS        a equals b at size 1, 2 or 3.\n" in text
    assert "  refuted  1     = as-expected" in text
    assert "✓" not in text


def test_only_what_is_not_as_expected_is_painted() -> None:
    odd = replace(INSTANCE, id="toys/odd", claim="odd", outcome="unexpected", verdict="refuted")
    painted = terminal(record(INSTANCE, odd), lambda text, outcome: f"<{outcome}>" if outcome else text)
    assert painted.count("<unexpected>") == 3  # the claim, its row, and the list at the end


def test_the_command_has_as_many_columns_as_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.cli import main

    (tmp_path / "r.json").write_bytes(to_json(large()))

    def shown(*more: str) -> list[str]:
        with pytest.raises(SystemExit):
            main(["report", str(tmp_path / "r.json"), *more])
        return capsys.readouterr().out.splitlines()

    monkeypatch.delenv("COLUMNS", raising=False)
    assert max(map(len, shown("--all"))) <= 80
    monkeypatch.setenv("COLUMNS", "150")
    assert 100 < max(map(len, shown("--all"))) <= 150
    assert len(shown("--all")) > 2 * len(shown())


def test_of_columns_the_one_of_the_highest_rank_goes_first() -> None:
    columns = [Column("a", ["xxxx"]), Column("b", ["xxxx"], 2), Column("c", ["xxxx"], 1), Column("d", [""])]
    assert [c.heading for c in columns_that_fit(columns, 16)] == ["a", "b", "c"]
    assert [c.heading for c in columns_that_fit(columns, 15)] == ["a", "c"]
    assert [c.heading for c in columns_that_fit(columns, 3)] == ["a"]
    assert table_lines(columns, 3)[-1] == "xx…"


def test_wide_characters_count_twice_and_long_words_stay_whole() -> None:
    assert cells_wide("漢字") == 4
    assert table_lines([Column("h", ["漢字", "ab"]), Column("k", ["1", "2"])], 20)[2:] == [
        "漢字  1",
        "ab    2",
    ]
    assert wrap_words("see toys/a-long[id=1] there", 12, "  ", "    ") == [
        "  see",
        "    toys/a-long[id=1]",
        "    there",
    ]
