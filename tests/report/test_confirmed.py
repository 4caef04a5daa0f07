"""Unexpected verdicts that are measured again: what stands beside them, and which fail a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import said
from edits import edited
from good_suite import GOOD
from made import INSTANCE, record
from msgspec.structs import replace

import harness
from harness.judge import LOOKS
from harness.plan import case
from harness.plan.fresh import FRESH_SEEDS, following_first_seed
from harness.report.confirmed import exit_code_of, is_dismissed, notes_on
from harness.report.html import page
from harness.report.markdown import markdown
from harness.report.record import ConfirmationRecord, InstanceRecord, from_json, to_json
from harness.report.terminal import terminal
from harness.suite import load

UNEXPECTED = replace(INSTANCE, verdict="refuted", outcome="unexpected")


def second(verdict: str, of: InstanceRecord = UNEXPECTED) -> InstanceRecord:
    found = ConfirmationRecord(
        first_seed=1_234_567, verdict=verdict, n=14, estimate=0.02, interval=(0.01, 0.03)
    )
    return replace(of, confirmation=found)


@pytest.mark.parametrize(
    ("verdict", "code"),
    [("refuted", 1), ("supported", 0), ("inconclusive", 0), ("error", 1), ("not-run", 1), ("not-covered", 1)],
)
def test_only_a_verdict_that_is_not_the_same_takes_a_failure_back(verdict: str, code: int) -> None:
    found = second(verdict)
    assert exit_code_of([found, INSTANCE]) == code
    assert is_dismissed(found) is (code == 0)
    assert bool(notes_on([found])) is (code == 0)


def test_other_failures_stay() -> None:
    failed = replace(INSTANCE, outcome="vacuous")
    assert exit_code_of([second("supported"), failed]) == 1
    assert exit_code_of([UNEXPECTED]) == 1
    assert exit_code_of([second("supported", replace(INSTANCE, outcome="not-covered"))]) == 5


def test_reports_and_files_say_what_the_second_was() -> None:
    for verdict, word in (("refuted", "confirmed"), ("supported", "not confirmed")):
        made = record(second(verdict))
        text = f"{word} on fresh seeds from 1234567: {verdict}, n = 14, +2.02% [+1.01%, +3.05%]"
        assert text in terminal(made)
        assert text in markdown(made).replace("\\", "")
        assert f"{word} on fresh seeds from 1234567" in page(made)
        assert from_json(to_json(made), "x").instances == made.instances
    assert b"confirmation" not in to_json(record(UNEXPECTED))


def test_the_seeds_follow_from_a_text_and_meet_no_explored_ones(tmp_path: Path) -> None:
    path = tmp_path / "toys.toml"
    path.write_text(edited(GOOD, {"format = 2": "format = 2\nexplored = [[2000000, 2147000000]]"}))
    cases = [case(instance) for instance in load(path, imports=True).instances]
    firsts = {following_first_seed(text, cases) for text in ("a", "b", "c")}
    assert len(firsts) == 3
    assert following_first_seed("a", cases) in firsts
    assert all(first in FRESH_SEEDS for first in firsts)
    assert not any(2_000_000 - LOOKS[1] < first <= 2_147_000_000 for first in firsts)


@pytest.mark.slow
def test_a_run_confirms_what_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong on all seeds: the second verdict is that of the first."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1] / "support"))
    text = edited(GOOD, {"at = { shift = 0.0 }": "at = { shift = 0.5, size = 1 }"})
    (tmp_path / "toys.toml").write_text(edited(text, {"{ at = { shift = 0.5 } }": '"none: not here"'}))
    code, text = said("run", "toys.toml", "--confirm", "--json", "a.json")
    assert code == 1
    (found,) = harness.read_record(tmp_path / "a.json").instances
    assert found.confirmation is not None
    assert (found.verdict, found.confirmation.verdict, found.n) == ("refuted", "refuted", 14)
    assert found.confirmation.first_seed in FRESH_SEEDS
    assert "confirmed on fresh seeds" in text
    code, _ = said("run", "toys.toml", "--confirm", "--json", "b.json")
    assert json.loads((tmp_path / "b.json").read_text())["trials"]["measured"] == 0  # the same fresh seeds
    assert code == 1
    code, _ = said("run", "toys.toml", "--json", "c.json")
    assert harness.read_record(tmp_path / "c.json").instances[0].confirmation is None
