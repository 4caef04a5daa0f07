"""What a campaign finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.campaign.progress import Progress
from harness.judge import Agreement, Outcome, Ruling, Verdict, agreement, combine, outcome
from harness.measure import Measurement, Recheck, remarks
from harness.plan import Case, Question, Trial


@dataclass(frozen=True)
class Part:
    """One question with its ruling, or with the reason why there is none.

    Without either it was not run: the time that the campaign was given had passed.
    """

    question: Question
    ruling: Ruling
    error: str = ""
    covered: bool = True

    @property
    def verdict(self) -> Verdict:
        if self.error:
            return "error" if self.covered else "not-covered"
        return self.ruling.verdict or "not-run"


@dataclass(frozen=True)
class Finding:
    """What became of one instance."""

    case: Case
    parts: tuple[Part, ...]
    control: tuple[Part, ...]
    verdict: Verdict
    control_verdict: Verdict | None
    outcome: Outcome
    agreement: Agreement


@dataclass
class Result:
    """A finished campaign: a finding for each case, and every measurement that was read or made."""

    findings: list[Finding]
    measurements: dict[Trial, Measurement]
    progress: Progress
    rechecks: tuple[Recheck, ...] = ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be said of measurements that were not kept or that changed their worker, and of
        experiments that were not rechecked, each once."""
        said = [m.note for m in self.measurements.values() if m.note]
        said += remarks(self.measurements.values())
        return tuple(dict.fromkeys([*said, *(r.note for r in self.rechecks if r.note)]))


def finding(case: Case, parts: tuple[Part, ...], control: tuple[Part, ...]) -> Finding:
    """What becomes of a case whose questions came to these parts."""
    verdict = _combined(parts)
    control_verdict = _combined(control) if control else None
    instance = case.instance
    return Finding(
        case,
        parts,
        control,
        verdict,
        control_verdict,
        outcome(instance.expect, verdict, control_verdict, bool(control)),
        agreement(instance.stance, verdict),
    )


def _combined(parts: Sequence[Part]) -> Verdict:
    verdict = combine([part.verdict for part in parts])
    assert verdict is not None
    return verdict
