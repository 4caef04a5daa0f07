"""Everything that is judged about an instance: about each of its questions, and about their conjunction.

In: the findings about each question (`harness.judge.part`) of the instance and of its control. Out: an
`Assessment`, which a finding holds and a record copies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.judge.boundary import FoundBoundary, judged_boundary
from harness.judge.outcome import Agreement, Outcome, Verdict, combine, outcome
from harness.judge.part import PartAssessment, part_values
from harness.judge.reproducibility import FRAGILE, all_reproduce, shown_reproducibility
from harness.judge.sources import agreement, supports_for_some
from harness.questions import BoundarySearch
from harness.suite.records import Expectation, Scope, Stance


@dataclass(frozen=True)
class Assessment:
    """What is judged about an instance. `assess` makes it.

    `settling` is the first part whose verdict is the instance's. `reproducibility`, `leaves_open` and
    `neighbours_alike` are those of the conjunction; `fragile` includes the control if that counts.
    `supported_for_some` says whether the values also support it at α/k, where k is the number of instances of
    its stance. If a boundary was searched for, `parts` are the visited points in the order of the axis, and
    `boundary` is the result; `control_boundary` is the same for the control.
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
    boundary: FoundBoundary | None = None
    control_boundary: FoundBoundary | None = None


def assess(
    parts: Sequence[PartAssessment],
    control: Sequence[PartAssessment] = (),
    *,
    expect: Expectation,
    stance: Stance = "none",
    scope: Scope | None = None,
    alike: int = 1,
    search: BoundarySearch | None = None,
    control_search: BoundarySearch | None = None,
    cells: int = 1,
) -> Assessment:
    """The assessment of an instance whose questions are `parts`, and its control's `control` (if any).

    `stance` is what the source says about the instance, `scope` about which instances it says so (None: no
    source), and `alike` how many instances the claim has of this stance. With a `search`, `parts` are all
    points of its axis, visited or not; with a `control_search`, so are those of the control. `cells` is the
    number of boundaries of the claim.
    """
    found = judged_boundary(search, parts, cells) if search else _conjunction(parts)
    against: _Conjunction | FoundBoundary | None = None
    if control:
        against = judged_boundary(control_search, control, cells) if control_search else _conjunction(control)
    verdict = found.verdict
    control_verdict = against.verdict if against else None
    result = outcome(expect, verdict, control_verdict, bool(control))
    chances = [found.chance]
    if result == "as-expected" and verdict == "supported" and against:
        chances.append(against.chance)
    known = all_reproduce([chance for chance in chances if chance is not None])
    for_some = scope == "some" and verdict == "supported" and found.supports_for_some(alike)
    return Assessment(
        parts=found.parts,
        control=against.parts if against else (),
        verdict=verdict,
        control_verdict=control_verdict,
        outcome=result,
        agreement=agreement(stance, verdict),
        settling=found.settling,
        reproducibility=found.reproducibility,
        fragile=known is not None and known < FRAGILE,
        leaves_open=found.leaves_open,
        neighbours_alike=any(part.neighbours_alike for part in found.parts),
        supported_for_some=for_some,
        boundary=found if isinstance(found, FoundBoundary) else None,
        control_boundary=against if isinstance(against, FoundBoundary) else None,
    )


@dataclass(frozen=True)
class _Conjunction:
    """What the parts of an instance or of its control say together."""

    parts: tuple[PartAssessment, ...]
    verdict: Verdict

    @property
    def settling(self) -> PartAssessment:
        return next(part for part in self.parts if part.verdict == self.verdict)

    @property
    def chance(self) -> float | None:
        """The probability that fresh seeds give the verdict.

        A supported verdict needs all parts, a refuted one any part.
        """
        chances = [part.chance for part in self.parts if part.verdict == self.verdict]
        if self.verdict == "refuted":
            return max((chance for chance in chances if chance is not None), default=None)
        return all_reproduce(chances) if self.verdict == "supported" else None

    @property
    def reproducibility(self) -> float | None:
        """The reproducibility that the seeds of the part with the fewest, or of each refuted part, show."""
        if self.verdict == "refuted":
            shown = [part.reproducibility for part in self.parts if part.verdict == self.verdict]
            return max((chance for chance in shown if chance is not None), default=None)
        fewest = min(part.ruling.n for part in self.parts)
        return shown_reproducibility(self.chance, fewest)

    @property
    def leaves_open(self) -> float | None:
        """How rare an event the definite verdict may have missed; if supported, in any part."""
        if self.verdict == "refuted":
            return self.settling.leaves_open
        if self.verdict != "supported":
            return None
        return max((part.leaves_open for part in self.parts if part.leaves_open is not None), default=None)

    def supports_for_some(self, alike: int) -> bool:
        return supports_for_some(map(part_values, self.parts), alike)


def _conjunction(parts: Sequence[PartAssessment]) -> _Conjunction:
    verdict = combine([part.verdict for part in parts])
    assert verdict is not None
    return _Conjunction(tuple(parts), verdict)
