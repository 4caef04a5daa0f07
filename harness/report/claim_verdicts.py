"""The verdict on a whole claim, whatever was expected of it, and the first lines of every report.

A claim has the verdicts of its instances. Together they say that it

    holds        in every instance that was tested
    in part      in some instances, and not, or not yet, in others
    fails        in no instance, and at least one is refuted
    undecided    no instance is supported or refuted
    located      it claims nothing, and says where a boundary lies

A claim without a verdict in any instance is an error, is not covered, or was not run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Literal, get_args

from harness.judge import FAILING
from harness.report.agreement import statements, unsaid
from harness.report.excused import excused
from harness.report.record import ClaimRecord, InstanceRecord, Record, SourceRecord
from harness.report.words import by_claim, chance, effect, interval_text, percent, region
from harness.text import label_of

ClaimVerdict = Literal["fails", "in part", "undecided", "holds", "located", "error", "not covered", "not run"]
CLAIM_VERDICTS: tuple[ClaimVerdict, ...] = get_args(ClaimVerdict)
"""The verdicts on claims, in the order in which a page lists claims."""

_COUNTED: Mapping[ClaimVerdict, tuple[str, str]] = {
    "holds": ("holds wherever tested", "hold wherever tested"),
    "in part": ("holds in part", "hold in part"),
    "fails": ("fails", "fail"),
    "undecided": ("is undecided", "are undecided"),
    "located": ("is located", "are located"),
    "error": ("ends in an error", "end in an error"),
    "not covered": ("is not covered", "are not covered"),
    "not run": ("was not run", "were not run"),
}
"""Words for one claim, and for several, in the order of a headline."""
LISTED, SHORT = 4, 40
"""The most values of an axis that a claim's sentence lists, and their characters together."""
_UNTESTED = {"not-covered", "not-run"}
_BOUNDED = {"located", "≥", "≤"}


@dataclass(frozen=True)
class ClaimSummary:
    """What a report says about a claim before a reader opens it. `summaries` makes it."""

    id: str
    """`suite/claim`."""
    says: str
    """Its sentence, without braces."""
    verdict: ClaimVerdict
    where: str
    """In how many instances it holds, and where."""
    effects: str
    """The estimates and the region: `+10% to +72%, claim ±5%`; '' if nothing was measured."""
    source: str
    """What that means for its source: `as Liu 2025 says; the source says nothing of 9`; '' without a source.
    """
    agreement: str
    reproducibility: str
    """The worst of its instances, as a percentage; '' if none is known."""
    fragile: int
    unexpected: Mapping[str, int]
    """How many instances have which outcome that fails a run, the worst first."""
    instances: tuple[InstanceRecord, ...]


def claim_verdict(verdicts: Iterable[str]) -> ClaimVerdict:
    """The verdict on a claim whose instances have these verdicts."""
    found = set(verdicts)
    tested = found - _UNTESTED
    if "supported" in tested:
        return "holds" if tested == {"supported"} else "in part"
    if tested & _BOUNDED:
        return "located"
    if "refuted" in tested:
        return "fails"
    if "inconclusive" in tested:
        return "undecided"
    if tested:
        return "error"
    return "not covered" if "not-covered" in found else "not run"


def summaries(record: Record) -> tuple[ClaimSummary, ...]:
    """The sentences on each claim of the record, in their order."""
    stated = {claim.id: claim for claim in statements(record)}
    fine = excused(record.instances, record.maps)
    return tuple(
        claim_summary(name, members, stated.get(name), fine)
        for name, members in by_claim(record.instances).items()
    )


def claim_summary(
    name: str,
    members: Sequence[InstanceRecord],
    stated: ClaimRecord | None,
    fine: frozenset[str] = frozenset(),
) -> ClaimSummary:
    """The sentences on one claim. The instances in `fine` do not fail a run, whatever their outcomes."""
    known = [i for i in members if i.reproducibility is not None]
    worst = min(known, key=lambda i: i.reproducibility or 0.0, default=None)
    outcomes = Counter(i.outcome for i in members if i.id not in fine)
    agreement, limits = (stated.agreement, unsaid(stated)) if stated else ("", "")
    return ClaimSummary(
        id=name,
        says=written_out(members),
        verdict=claim_verdict(i.verdict for i in members),
        where=stated.where if stated else "",
        effects=range_of_effects(members),
        source="; ".join(filter(None, (source_says(members[0].source, agreement), limits))),
        agreement=agreement,
        reproducibility=chance(worst) if worst is not None else "",
        fragile=sum(i.fragile for i in members),
        unexpected={o: outcomes[o] for o in FAILING if outcomes[o]},
        instances=tuple(members),
    )


def lead(found: Sequence[ClaimSummary]) -> str:
    """`Of 27 claims, 7 hold wherever tested, 13 hold in part, 5 fail, 2 are undecided.`"""
    if not found:
        return "Nothing was judged."
    counts = Counter(claim.verdict for claim in found)
    if len(found) == 1:
        return f"The one claim {_COUNTED[found[0].verdict][0]}."
    said = [f"{counts[v]} {words[counts[v] > 1]}" for v, words in _COUNTED.items() if counts[v]]
    return f"Of {len(found)} claims, {', '.join(said)}."


def facts(found: Sequence[ClaimSummary], changed: int = 0, since: str = "") -> str:
    """Other facts that a reader must know: `3 contradict their source · 2 changed since 9f8e7d`, …

    `changed` counts claims, and `since` names the commit since which they changed.
    """
    against = sum(claim.agreement == "contradicts" for claim in found)
    fragile = sum(bool(claim.fragile) for claim in found)
    said = (
        [f"{against} {'contradicts its' if against == 1 else 'contradict their'} source"] if against else []
    )
    if since:
        short = since[:9] if since.isalnum() else since[:200]
        said.append(f"{changed or 'nothing'} changed since {short}")
    said += [f"{fragile} {'is' if fragile == 1 else 'are'} fragile"] if fragile else []
    missed = [i.leaves_open for claim in found for i in claim.instances if i.leaves_open is not None]
    said += [f"events on up to {percent(max(missed))} of seeds may not have been seen"] if missed else []
    return " · ".join(said)


def range_of_effects(members: Sequence[InstanceRecord]) -> str:
    """The estimates and the region, in a few words; '' if nothing was measured, or if units differ."""
    measured = [i for i in members if i.estimate is not None]
    if not measured or len({i.unit for i in measured}) > 1:
        return ""
    unit = measured[0].unit
    estimates = sorted(i.estimate for i in measured if i.estimate is not None)
    ends = list(dict.fromkeys(effect(x, unit) for x in (estimates[0], estimates[-1])))
    said = " to ".join(ends)
    if len(measured) == 1:
        said += f" {interval_text(measured[0].interval, unit)}"
    regions = {region(i.region, unit) for i in measured} - {"any"}
    return f"{said}, claim {regions.pop()}" if len(regions) == 1 else said


def source_says(source: SourceRecord | None, agreement: str) -> str:
    """What a verdict means for the source: `as Liu 2025 says`; '' without a source."""
    if source is None:
        return ""
    name = source_name(source)
    if source.stance == "asks":
        return f"{name} asks whether it holds"
    known = {
        "agrees": f"as {name} says",
        "contradicts": f"contradicts {name}",
        "undecided": f"undecided against {name}, which {source.stance} it",
    }
    return known.get(agreement, f"{name} {source.stance} it")


def source_name(source: SourceRecord) -> str:
    """`Liu 2025`: the first author and the year; the name in the suite if either is unknown."""
    names = source.authors[0].replace(",", " ").split() if source.authors else []
    year = str(source.year) if source.year else ""
    if not year and source.arxiv and source.arxiv[:4].isdigit():
        year = f"20{source.arxiv[:2]}"  # since April 2007 an arXiv number begins with its year and month
    surname = names[0] if source.authors and "," in source.authors[0] else names[-1] if names else ""
    return f"{surname} {year}" if surname and year else source.cite


def written_out(members: Sequence[InstanceRecord]) -> str:
    """The claim's sentence for all of these instances.

    `{width}` becomes `512`, `64 or 512`, `64 to 4096`, or, for many values that are not numbers, as in
    `setting {setting}`, `each setting`.
    """
    first = members[0]
    text = first.claim_says
    if len(members) == 1 or not text:
        return first.says
    try:
        parts = list(Formatter().parse(text))
    except ValueError:  # a record made by hand
        return text
    said = ""
    for literal, axis, _, _ in parts:
        said += literal
        if axis is None:
            continue
        if value := _values(axis, members):
            said += value
            continue
        before = said.rstrip()
        named = before[-len(axis) :] if axis else ""
        if axis and named.lower() == axis.lower() and not before[: -len(axis)][-1:].isalnum():
            said = before[: -len(axis)]
        said += f"{'Each' if named[:1].isupper() or not said else 'each'} {axis}"
    return said


def _values(axis: str, members: Sequence[InstanceRecord]) -> str:
    """The values on an axis, as a sentence has them; '' if they are unknown, or many and not numbers."""
    points = {
        label: member.point[axis] for member in members if (label := member.labels.get(axis)) is not None
    }
    labels = list(points)
    numbers = [x for x in points.values() if isinstance(x, int | float) and not isinstance(x, bool)]
    if len(numbers) == len(labels):
        labels.sort(key=lambda label: float(points[label]))
    if len(labels) <= LISTED and sum(map(len, labels)) <= SHORT:
        return " or ".join(filter(None, (", ".join(labels[:-1]), *labels[-1:])))
    if len(numbers) == len(labels):
        return f"{label_of(min(numbers))} to {label_of(max(numbers))}"
    return ""
