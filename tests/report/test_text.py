"""What people read: terminal, Markdown, and the words that both use."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from edits import edited
from good_suite import GOOD, write
from records import record_of

from harness.declare import find
from harness.report import Record
from harness.report.describe import describe
from harness.report.markdown import escape, markdown
from harness.report.progress import progress_line
from harness.report.record import RecheckRecord
from harness.report.terminal import terminal
from harness.report.words import effect, interval_text, rechecked, region, seconds_text, summary

__all__ = ["write"]


@pytest.mark.parametrize(
    ("x", "unit", "text"),
    [
        (math.log(1.05), "ratio", "+5%"),
        (-math.log(2), "ratio", "-50%"),
        (math.log(0.2), "log-value", "0.2"),
        (-0.5, "exponent", "-0.5"),
        (0.123456, "value", "0.123"),
        (None, "ratio", "–"),
        (1e9, "ratio", "+∞%"),
        (1024.0, "boundary", "1024"),
        (0.03125, "boundary", "0.03125"),
        (128.33939, "boundary", "128"),
        (38.183766, "boundary", "38.2"),
        (45254.834, "boundary", "45255"),
    ],
)
def test_effects_are_written_as_people_think_of_them(x: float | None, unit: str, text: str) -> None:
    assert effect(x, unit) == text  # type: ignore[arg-type]


def test_regions_and_intervals() -> None:
    margin = math.log1p(0.05)
    assert region((-margin, margin), "ratio") == "±5%"
    assert region((None, math.log(0.2)), "log-value") == "< 0.2"
    assert region((0.0, None), "value") == "> 0"
    assert region((-0.6, -0.4), "exponent") == "(-0.6, -0.4)"
    assert interval_text((None, None), "ratio") == "–"
    assert interval_text((-margin, None), "ratio") == "[-4.76%, –]"


def test_durations() -> None:
    assert [seconds_text(x) for x in (0.31, 48.2, 200, 7500)] == ["0.3 s", "48 s", "3 min 20 s", "2 h 5 min"]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    path = tmp_path_factory.mktemp("suite") / "toys.toml"
    text = GOOD + '\n[[claims.same.where]]\nat = { size = 4 }\nexpect = "refuted"\nbecause = "a | reason"\n'
    path.write_text(text)
    return record_of(path)


def test_the_terminal_shows_every_instance_and_what_is_not_as_expected(record: Record) -> None:
    text = terminal(record)
    assert text.count("as-expected") == 2
    assert "toys/same[shift=0,size=4]: expected refuted, found supported" in text
    assert text.splitlines()[-1] == "3 instances: 2 of 3 as expected, 1 unexpected."
    assert "at most 0.003" in text
    assert "\x1b" not in text


def test_paint_is_applied_to_outcomes(record: Record) -> None:
    assert "<✗ unexpected>" in terminal(record, lambda text, outcome: f"<{text}>")


def test_markdown_has_tables_that_hold_together(record: Record) -> None:
    text = markdown(record)
    assert "## Not as expected" in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    widths = {len(re.findall(r"(?<!\\)\|", row)) for row in rows[-5:]}
    assert len(widths) == 1
    assert "a \\| reason" in text


HOSTILE = "<script>alert(1)</script> | `x` *b* [l](u)\n# h\u202e\x1b[31m"


def test_hostile_text_stays_text() -> None:
    shown = escape(HOSTILE)
    assert len(shown.splitlines()) == 1
    assert not re.search(r"(?<!\\)[<>|`*\[\]]", shown)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert escape("# x") == "\\# x"
    assert escape("1. x") == "1\\. x"


def test_a_hostile_suite_makes_a_harmless_report(write: Callable[[str], Path]) -> None:
    bad = HOSTILE.encode("unicode_escape").decode().replace("\\x1b", "\\u001b")
    text = edited(GOOD, {'title = "Toys"': f'title = "{bad}"', "a equals b at": bad})
    record = record_of(write(text))
    assert not re.search(r"(?<!\\)<script", markdown(record))
    assert "\x1b" not in terminal(record)
    assert "\u202e" not in terminal(record) + markdown(record)


def test_a_summary_of_nothing(record: Record) -> None:

    assert summary(msgspec.structs.replace(record, instances=())) == "Nothing was judged."


def test_describe_names_every_parameter_and_quantity() -> None:
    declaration = find("toys:pair")
    text = describe(declaration)
    for name in (*declaration.parameters, *declaration.quantities):
        assert name in text
    assert '"plain" | "broken"' in text
    assert "≥ 1" in text


def test_describe_names_the_model_that_an_experiment_takes() -> None:
    text = describe(find("ntk.regression"))
    assert (
        '"fully-connected", "layer-normalised", "recurrent", "residual"; "fully-connected" unless given'
        in text
    )
    assert "those of its model: `harness describe fully-connected`" in text
    text = describe(find("fully-connected"))
    assert text.startswith("fully-connected, a model\n")
    assert "hidden: int ≥ 0, ≤ 64; 1 unless given" in text
    assert "of its model" not in describe(find("toys:pair"))


def test_progress_is_a_sentence() -> None:
    from harness.campaign import Progress

    text = progress_line(Progress(3, 2, 1, 8, 1, 4, 5.0, 20.0))
    expected = "1 of 4 instances decided · 3 trials measured (1 failed), 2 from the store, 8 to go"
    assert text == f"{expected} · 5.0 s · about 20 s for these"
    text = progress_line(Progress(3, 2, 0, 0, 4, 4, 5.0, None, rechecking=2))
    assert text.endswith("0 to go · rechecking 2 trials · 5.0 s")


def test_describe_says_how_exactly_an_experiment_repeats() -> None:
    assert "epeat" not in describe(find("impure:impure"))
    assert "Repeats within 1e-06 of each number." in describe(find("impure:rough"))
    assert "Measures up to 4 seeds in one call." in describe(find("block_toys:toys"))
    assert "Does not repeat: it asks for noise." in describe(find("impure:never"))


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ([], ""),
        (["identical"], "Rechecked 1 experiment in 2.0 s: it repeats to the bit."),
        (["identical", "identical"], "Rechecked 2 experiments in 4.0 s: all repeat to the bit."),
        (
            ["identical", "within-tolerance"],
            "Rechecked 2 experiments in 4.0 s: 1 to the bit, 1 within tolerance.",
        ),
        (["not-rechecked"], ""),
        (["differs"], "Rechecked 1 experiment in 2.0 s: 1 not a function of parameters and seed."),
        (["exempt"], "Not rechecked, as declared: s/0 (noise)."),
    ],
)
def test_rechecks_are_told_on_a_line(record: Record, results: list[str], said: str) -> None:
    rechecks = tuple(
        RecheckRecord(
            experiment=f"s/{number}", run="m:f", result=result, reason="noise", seconds=2.0,
            seed=None if result == "exempt" else 0, params={} if result == "exempt" else {"n": number},
        )
        for number, result in enumerate(results)
    )  # fmt: skip
    assert rechecked(msgspec.structs.replace(record, rechecks=rechecks)) == said
    one = tuple(msgspec.structs.replace(r, experiment="s/0") for r in rechecks)
    if results == ["identical", "identical"]:
        assert "2 trials of 1 experiment" in rechecked(msgspec.structs.replace(record, rechecks=one))
