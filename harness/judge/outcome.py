"""From verdicts to the outcome of a claim, and to the exit code of a run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal

from harness.suite.records import Expectation

PartVerdict = Literal["supported", "refuted", "inconclusive", "not-covered", "not-run", "error"]
"""The verdicts on a question and on a conjunction of questions."""
Verdict = Literal[PartVerdict, "located", "≥", "≤"]
"""The verdicts, with those on a boundary about which nothing is claimed: *located* between two values, or
beyond an end of its range."""
Outcome = Literal[
    "as-expected", "unexpected", "measured", "inconclusive", "vacuous", "not-covered", "not-run", "error"
]
Agreement = Literal["agrees", "contradicts", "undecided", ""]

FAILING: tuple[Outcome, ...] = ("error", "unexpected", "vacuous", "inconclusive", "not-run")
"""The outcomes that make a run fail, the worst first. `not-covered` does not, unless every instance is not
covered."""


def combine(verdicts: Sequence[PartVerdict | None]) -> PartVerdict | None:
    """The verdict on a conjunction; None while more seeds may settle it.

    One refuted part refutes at once, whatever the others are. A part that is an error, not covered or
    inconclusive waits for the open parts, because each of them may still refute. So the verdict does not
    depend on which part is measured first. It is not settled either while a part was not run for lack of
    time. It is supported only if every part is, each at level alpha: intersection–union (Berger & Hsu,
    Statist. Sci. 11, 1996). Raises `ValueError` if there are no parts.
    """
    if not verdicts:
        raise ValueError("expected at least one part, found none")
    order: tuple[PartVerdict | None, ...] = (
        "refuted", None, "not-run", "error", "not-covered", "inconclusive", "supported",
    )  # fmt: skip
    return next(verdict for verdict in order if verdict in verdicts)


def outcome(
    expect: Expectation, verdict: Verdict, control_verdict: Verdict | None, has_control: bool
) -> Outcome:
    """The outcome of a verdict beside its expectation.

    The control counts only if *supported* was expected and found: a control for which the predicate holds too
    makes that vacuous. Otherwise the control is only shown, and its verdict may be None. Raises `ValueError`
    if a control that counts has no verdict.
    """
    if verdict == "error" or verdict == "not-covered" or verdict == "not-run":
        return verdict
    if expect == "open":
        return "measured"
    if verdict != "supported" and verdict != "refuted":
        return "inconclusive"
    if verdict != expect:
        return "unexpected"
    if verdict == "refuted" or not has_control:
        return "as-expected"
    if control_verdict is None:
        raise ValueError("expected the control's verdict, found None")
    by_control: dict[Verdict, Outcome] = {
        "refuted": "as-expected",
        "supported": "vacuous",
        **dict.fromkeys(("located", "≥", "≤", "inconclusive"), "inconclusive"),
        "not-covered": "not-covered",
        "not-run": "not-run",
        "error": "error",
    }
    return by_control[control_verdict]


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """pytest's codes for a run: 0, 1 or 5.

    0 if every outcome is fine, 1 if some are `FAILING`, 5 if there is no outcome or none is covered.
    """
    found = list(outcomes)
    if all(outcome == "not-covered" for outcome in found):
        return 5
    return int(any(outcome in FAILING for outcome in found))
