"""Everything that is judged about one question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.judge.advice import seeds_to_decision, smallest_margin
from harness.judge.independence import lag_one, neighbours_alike
from harness.judge.outcome import PartVerdict
from harness.judge.reproducibility import reproducibility, shown_reproducibility
from harness.judge.rule import Ruling
from harness.judge.straightness import Bend
from harness.judge.unseen import left_open
from harness.questions import Question


@dataclass(frozen=True)
class PartAssessment:
    """What is judged about one question. `assess_part` makes it.

    `error` says why it has no ruling that counts; '' if it has one, or was not run. `chance` is the
    probability that fresh seeds give the verdict, `reproducibility` the part of it that the seeds show. The
    other fields are named as in the modules of this package, and are None or False if nothing is known.
    """

    question: Question
    ruling: Ruling
    verdict: PartVerdict
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
        """Why its verdict is missing, or what is wrong with it."""
        return self.error or self.ruling.reason


def assess_part(
    question: Question, ruling: Ruling, error: str = "", *, covered: bool = True
) -> PartAssessment:
    """The assessment of a question with its ruling, or with the reason why it has no ruling.

    If it is not `covered`, the implementation under test does not support what the question needs. With
    neither a verdict nor an error it was not run, because no time was left for its next look.
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


def part_values(part: PartAssessment) -> tuple[Question, Sequence[float], Sequence[float]]:
    """A question with the values that it read, and their bends (for a power law)."""
    return part.question, part.ruling.values, part.bend.values if part.bend else ()
