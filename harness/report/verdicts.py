"""How the claims of a record came out, in one sentence: what a reader wants to know first.

    Of 27 claims, 7 hold wherever tested, 13 hold in part, 5 fail, 2 are undecided.

A claim *holds* if all of its instances in the record are supported, *holds in part* if some are, *fails* if
all are refuted, *fails in part* if some are and none is supported. A boundary of which nothing is claimed is
*located* where all of its instances are, or lie beyond the range.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from harness.report.record import InstanceRecord, Record
from harness.report.words import by_claim

ClaimStanding = Literal[
    "holds", "holds in part", "fails", "fails in part", "located", "undecided", "not covered", "not run",
    "error",
]  # fmt: skip

_SAID: dict[ClaimStanding, tuple[str, str]] = {
    "holds": ("holds wherever tested", "hold wherever tested"),
    "holds in part": ("holds in part", "hold in part"),
    "fails": ("fails", "fail"),
    "fails in part": ("fails in part", "fail in part"),
    "located": ("is located", "are located"),
    "undecided": ("is undecided", "are undecided"),
    "not covered": ("is not covered", "are not covered"),
    "not run": ("was not run", "were not run"),
    "error": ("is an error", "are errors"),
}
"""Of one claim, of several; in the order in which they are said."""

_ALONE: dict[str, ClaimStanding] = {"not-covered": "not covered", "not-run": "not run", "error": "error"}
_LOCATED = frozenset({"located", "≥", "≤"})


def standing(instances: Sequence[InstanceRecord]) -> ClaimStanding:
    """How a claim came out, by the verdicts on its instances."""
    verdicts = {instance.verdict for instance in instances}
    if "supported" in verdicts:
        return "holds" if verdicts == {"supported"} else "holds in part"
    if "refuted" in verdicts:
        return "fails" if verdicts == {"refuted"} else "fails in part"
    if verdicts <= _LOCATED:
        return "located"
    if "error" in verdicts:
        return "error"
    return _ALONE.get(verdicts.pop(), "undecided") if len(verdicts) == 1 else "undecided"


def verdict_sentence(record: Record) -> str:
    """How many claims came out how, in a sentence; '' of a record without instances."""
    standings = [standing(instances) for instances in by_claim(record.instances).values()]
    if not standings:
        return ""
    counts = Counter(standings)
    said = [f"{counts[each]} {words[counts[each] > 1]}" for each, words in _SAID.items() if counts[each]]
    total = len(standings)
    return f"Of {total} claim{'' if total == 1 else 's'}, {', '.join(said)}."
