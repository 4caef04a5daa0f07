"""What came of an instance, in words: what is really the matter where the verdict is as expected."""

from itertools import product
from typing import get_args

import pytest
from made import INSTANCE, PART, record, unmeasured
from msgspec.structs import replace

from harness.judge import outcome
from harness.judge.outcome import Verdict
from harness.pytest_plugin.words import explanation
from harness.report import findings
from harness.report.brief import brief
from harness.report.html import page
from harness.report.markdown import markdown
from harness.report.record import ControlRecord, InstanceRecord
from harness.report.terminal import terminal
from harness.suite.records import Expectation


def controlled(verdict: str, *, outcome: str, reason: str = "", seeds: int | None = None) -> InstanceRecord:
    """An instance that is supported as expected, and whose control came out so."""
    part = replace(PART, verdict=verdict, reason=reason, budget=48, seeds_to_decision=seeds)
    control = ControlRecord(predicate="a and c equal", verdict=verdict, parts=(part,))
    return replace(INSTANCE, outcome=outcome, control=control)


CASES = {
    "inconclusive": (
        controlled("inconclusive", outcome="inconclusive", reason="the seeds do not agree", seeds=310),
        "supported as expected, but its control is undecided within 48 seeds: the seeds do not agree",
    ),
    "vacuous": (
        controlled("supported", outcome="vacuous"),
        "supported as expected, but so is its control: the claim excludes nothing at this margin",
    ),
    "error": (
        controlled("error", outcome="error", reason="Traceback\n  line 1\nValueError: boom\n"),
        "supported as expected, but its control is an error: ValueError: boom",
    ),
    "not-run": (
        controlled("not-run", outcome="not-run"),
        "supported as expected, but the time budget was spent before its control was decided",
    ),
}
UNCOVERED = controlled("not-covered", outcome="not-covered", reason="not covered: no such activation")


@pytest.mark.parametrize("case", CASES)
def test_every_report_says_what_is_the_matter(case: str) -> None:
    instance, said = CASES[case]
    it = record(instance)
    flat = " ".join(explanation(instance, "again").splitlines()[0].split())
    assert flat == said
    assert f"{instance.id}: {said}" in terminal(it)
    for shown in (markdown(it), brief(it), page(it)):
        assert said in shown.replace("\\", "")
        assert "found supported" not in shown


def test_what_would_decide_the_control_is_said() -> None:
    instance, _ = CASES["inconclusive"]
    for shown in (terminal(record(instance)), markdown(record(instance)), page(record(instance))):
        assert "about 310 seeds would decide the control as it stands" in shown


def test_a_control_that_is_not_covered_gives_the_reason() -> None:
    said = "supported as expected, but its control is not covered: not covered: no such activation"
    assert findings.why_not_covered(UNCOVERED) == said
    for shown in (terminal(record(UNCOVERED)), markdown(record(UNCOVERED)), brief(record(UNCOVERED))):
        assert said in shown.replace("\\", "")


def test_a_verdict_that_is_as_expected_is_never_said_to_be_what_was_not_expected() -> None:
    """Over all that can come out: "expected X, found X" contradicts itself."""
    seen = set()
    for expect, verdict, control in product(get_args(Expectation), get_args(Verdict), get_args(Verdict)):
        came = outcome(expect, verdict, control, has_control=True)
        instance = replace(controlled(control, outcome=came), expect=expect, verdict=verdict)
        said = findings.sentence(instance)
        assert f"expected {verdict}, found {verdict}" not in said
        if verdict == expect and came != "as-expected":
            seen.add(came)
            assert said.startswith(f"{verdict} as expected, but ")
            assert "control" in said
        elif verdict == expect:
            assert said == f"{verdict} as expected"
        elif expect != "open":
            assert said == f"expected {expect}, found {verdict}"
    assert seen == {"vacuous", "inconclusive", "error", "not-run", "not-covered"}


@pytest.mark.parametrize("name", ["not-run", "inconclusive"])
def test_controls_of_records_made_elsewhere(name: str) -> None:
    """A record of another version may lack a control's parts, or the control."""
    instance, _ = CASES[name]
    bare = replace(instance, control=replace(instance.control, parts=()))
    assert findings.sentence(bare).startswith("supported as expected, but ")
    assert "control" in findings.sentence(bare)
    alone = replace(instance, control=None)
    assert findings.sentence(alone) == f"supported as expected, but the outcome is {name}"


def test_no_advice_decides_the_claim_that_it_is_given_for() -> None:
    vague = replace(
        INSTANCE, verdict="inconclusive", outcome="inconclusive", smallest_margin=0.06, seeds_to_decision=310
    )
    assert "(judge a new margin on other seeds)" in terminal(record(vague))
    vacuous, _ = CASES["vacuous"]
    assert "judge a margin at which it fails on other seeds" in terminal(record(vacuous))


def test_one_mistake_is_told_once() -> None:
    """Errors for one reason are one entry, which names the first of them; others stay alone."""
    reason = "seed 0: ZeroDivisionError: division by zero (own.py, line 3)"
    same = [replace(unmeasured("error", reason=reason), id=f"toys/same[size={k}]") for k in range(1, 6)]
    other = unmeasured("error", reason="seed 0: another", id="toys/other")
    text = terminal(record(*same[:2], other, *same[2:]))
    assert text.count(reason) == 1
    assert "5 instances: toys/same[size=1], toys/same[size=2], toys/same[size=3] and 2 more" in text
    assert "toys/other: expected supported, found error" in text
    for shown in (markdown(record(*same, other)), brief(record(*same, other))):
        attention = shown.partition("Not as expected")[2].partition("\n## ")[0].partition("<details>")[0]
        assert attention.count("division by zero") == 1
        assert attention.count(" and 4 more") == 1
    inconclusive = [replace(i, outcome="inconclusive", verdict="inconclusive") for i in same]
    assert len(findings.grouped_by_reason(inconclusive)) == 5
