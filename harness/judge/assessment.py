"""All that is judged of an instance, once: of each of its questions, and of their conjunction.

In: what was found of each question (`assess_part`), of the instance and of its control. Out: an `Assessment`,
which a finding carries and a record copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.judge.advice import seeds_to_decision, smallest_margin
from harness.judge.independence import lag_one, neighbours_alike
from harness.judge.outcome import Agreement, Outcome, Verdict, combine, outcome
from harness.judge.reproducibility import FRAGILE, all_reproduce, reproducibility, shown_reproducibility
from harness.judge.rule import Ruling
from harness.judge.sources import agreement, supports_for_some
from harness.judge.straightness import Bend
from harness.judge.unseen import left_open
from harness.questions import Question
from harness.suite.records import Expectation, Scope, Stance


@dataclass(frozen=True)
class PartAssessment:
    """What is judged of one question; made by `assess_part`.

    `error` says why it has no ruling that counts; '' of one that has, or that was not run. `chance` is how
    likely fresh seeds give the verdict, `reproducibility` as much of it as the seeds show. The rest is named
    as in the modules of this room, and None or False where nothing is known.
    """

    question: Question
    ruling: Ruling
    verdict: Verdict
    error: str = ""
    smallest_margin: float | None = None
    seeds_to_decision: int | None = None
    chance: float | None = None
    reproducibility: float | None = None
    leaves_open: float | None = None
    bend: Bend | None = None
    lag_one: float | None = None
    neighbours_alike: bool = False

    @property
    def reason(self) -> str:
        """Why its verdict is missing, or what is the matter with it."""
        return self.error or self.ruling.reason


@dataclass(frozen=True)
class Assessment:
    """What is judged of an instance; made by `assess`.

    `settling` is the first part whose verdict is the instance's. `reproducibility`, `leaves_open` and
    `neighbours_alike` are those of the conjunction; `fragile` counts the control where that counts.
    `supported_for_some` says whether the values support it at α/k too, k being the instances of its stance.
    """

    parts: tuple[PartAssessment, ...]
    control: tuple[PartAssessment, ...]
    verdict: Verdict
    control_verdict: Verdict | None
    outcome: Outcome
    agreement: Agreement
    settling: PartAssessment
    reproducibility: float | None
    fragile: bool
    leaves_open: float | None
    neighbours_alike: bool
    supported_for_some: bool


def assess_part(
    question: Question, ruling: Ruling, error: str = "", *, covered: bool = True
) -> PartAssessment:
    """The assessment of a question with its ruling, or with the reason why it has none.

    Not `covered`, what is under test does not implement what the question needs. With neither a verdict nor
    an error it was not run: there was no time left for its next look.
    """
    if error:
        return PartAssessment(question, ruling, "error" if covered else "not-covered", error)
    counted = question.has_statistics
    definite = ruling.verdict in ("supported", "refuted")
    chance = reproducibility(ruling, question)
    return PartAssessment(
        question,
        ruling,
        ruling.verdict or "not-run",
        smallest_margin=smallest_margin(ruling, question) if counted else None,
        seeds_to_decision=seeds_to_decision(ruling, question) if counted and not definite else None,
        chance=chance,
        reproducibility=shown_reproducibility(chance, ruling.n),
        leaves_open=left_open(ruling, question),
        bend=ruling.bend,
        lag_one=lag_one(ruling.values) if counted else None,
        neighbours_alike=counted and neighbours_alike(ruling.values),
    )


def assess(
    parts: Sequence[PartAssessment],
    control: Sequence[PartAssessment] = (),
    *,
    expect: Expectation,
    stance: Stance = "none",
    scope: Scope | None = None,
    alike: int = 1,
) -> Assessment:
    """The assessment of an instance whose questions are `parts`, and its control's `control` (or none).

    `stance` is what the source says of the instance, `scope` of which instances it says so (None: no source),
    and `alike` how many instances the claim has of this stance.
    """
    verdict = _combined(parts)
    control_verdict = _combined(control) if control else None
    result = outcome(expect, verdict, control_verdict, bool(control))
    chances = [_chance(parts, verdict)]
    if result == "as-expected" and verdict == "supported" and control_verdict:
        chances.append(_chance(control, control_verdict))
    known = all_reproduce([chance for chance in chances if chance is not None])
    return Assessment(
        parts=tuple(parts),
        control=tuple(control),
        verdict=verdict,
        control_verdict=control_verdict,
        outcome=result,
        agreement=agreement(stance, verdict),
        settling=next(part for part in parts if part.verdict == verdict),
        reproducibility=_reproducibility(parts, verdict),
        fragile=known is not None and known < FRAGILE,
        leaves_open=_leaves_open(parts, verdict),
        neighbours_alike=any(part.neighbours_alike for part in parts),
        supported_for_some=scope == "some" and verdict == "supported" and _for_some(parts, alike),
    )


def _combined(parts: Sequence[PartAssessment]) -> Verdict:
    verdict = combine([part.verdict for part in parts])
    assert verdict is not None
    return verdict


def _chance(parts: Sequence[PartAssessment], verdict: Verdict) -> float | None:
    """The chance that fresh seeds give the verdict: all parts of a supported one, any of a refuted one."""
    chances = [part.chance for part in parts if part.verdict == verdict]
    if verdict == "refuted":
        return max((chance for chance in chances if chance is not None), default=None)
    return all_reproduce(chances) if verdict == "supported" else None


def _reproducibility(parts: Sequence[PartAssessment], verdict: Verdict) -> float | None:
    """What is shown of it: cut by the seeds of the part that has the fewest, or of each refuted one."""
    if verdict == "refuted":
        shown = [part.reproducibility for part in parts if part.verdict == verdict]
        return max((chance for chance in shown if chance is not None), default=None)
    fewest = min(part.ruling.n for part in parts)
    return shown_reproducibility(_chance(parts, verdict), fewest)


def _leaves_open(parts: Sequence[PartAssessment], verdict: Verdict) -> float | None:
    """What a definite verdict leaves open: of a supported conjunction, what any part does."""
    if verdict == "refuted":
        return next(part.leaves_open for part in parts if part.verdict == verdict)
    if verdict != "supported":
        return None
    return max((part.leaves_open for part in parts if part.leaves_open is not None), default=None)


def _for_some(parts: Sequence[PartAssessment], alike: int) -> bool:
    return supports_for_some(
        [(part.question, part.ruling.values, part.bend.values if part.bend else ()) for part in parts], alike
    )
