"""The report in brief: what it shows, what it folds, and that it is as short as GitHub needs it."""

from __future__ import annotations

import re

import msgspec
import pytest
from good_suite import GOOD
from records import record_of

from harness.report import InstanceRecord, Record
from harness.report.brief import LIMIT, brief

OTHERS = '\n[[claims.same.where]]\nat = { size = 4 }\nexpect = "refuted"\nbecause = "why | not"\n'


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    path = tmp_path_factory.mktemp("suite") / "toys.toml"
    path.write_text(GOOD + OTHERS)
    return record_of(path)


def before_the_fold(text: str) -> str:
    return text.partition("<details>")[0]


def many(record: Record, number: int, **changes: object) -> Record:
    """The record with so many copies of its first instance, each with an id of its own."""
    first = record.instances[0]
    copies: list[InstanceRecord] = [
        msgspec.structs.replace(first, id=f"toys/same[size={n}]", claim=f"same-{n}", **changes)
        for n in range(number)
    ]
    return msgspec.structs.replace(record, instances=tuple(copies))


def test_what_is_not_as_expected_comes_first_and_the_rest_is_folded(record: Record) -> None:
    head = before_the_fold(brief(record))
    assert "**The one claim holds wherever tested.**" in head
    assert "\n3 instances: 2 of 3 as expected, 1 unexpected.\n" in head
    assert "| toys/same\\[shift=0,size=4\\] | supported: " in head
    assert " | ✗ unexpected | refuted |  |" in head
    assert "size=1" not in head
    assert "changed" not in head
    says = "a equals b at 0, size 1, 2 or 4."
    (row,) = [line for line in brief(record).splitlines() if line.startswith("| holds | ")]
    assert row.startswith(f"| holds | {says} | holds in all 3 instances · ")
    assert row.endswith(" | 1 unexpected, 2 as-expected | toys/same |")


def test_what_has_changed_is_shown_though_it_is_as_expected(record: Record) -> None:
    text = brief(record, {"toys/same[shift=0,size=1]": "flipped", "toys/old": "gone"})
    head = before_the_fold(text)
    assert "| toys/same\\[shift=0,size=1\\] | supported as expected: " in head
    assert " | \\= as-expected | flipped | supported |" in head
    assert "| toys/old | not in this run |  | gone |" in head
    assert "size=2" not in head
    assert head.index("size=4") < head.index("size=1"), "what fails comes first"


def test_a_run_without_surprises_says_so(record: Record) -> None:
    calm = msgspec.structs.replace(record, instances=record.instances[:2])
    assert "Nothing is other than expected." in brief(calm)
    assert "| toys/same" not in before_the_fold(brief(calm))


@pytest.mark.parametrize("outcome", ["unexpected", "as-expected", "not-covered"])
@pytest.mark.parametrize("says", ["short", "@" + "*<" * 300, "🦆" * 300])
def test_it_is_short_enough_whatever_the_run_was(record: Record, outcome: str, says: str) -> None:
    crowd = many(record, 2000, outcome=outcome, reason=says, verdict="not-covered", toml={"says": says})
    text = brief(msgspec.structs.replace(crowd, notes=(says,) * 100))
    assert LIMIT / 20 < len(text.encode()) <= LIMIT
    assert text.count("<details>") == text.count("</details>")
    assert "90 more notes are in the record." in text
    assert re.search(r"^[0-9]+ more are in the record.$", text, re.MULTILINE)
    assert "The expected number of wrong definite verdicts" in text


def test_the_rows_left_out_are_counted(record: Record) -> None:
    text = brief(many(record, 700, outcome="unexpected"))
    shown = before_the_fold(text).count("| toys/same")
    assert 0 < shown < 700
    assert f"{700 - shown} more are in the record." in text
