"""What the instances of a claim together mean for its source.

A source *asserts* or *disputes* that the claim holds in *every* instance, in *some*, or in *most*. Only the
instances about which it says so count. Instances that were not run, not covered, errors or inconclusive are
not decided. So a run of some of the instances gives a result only if the others could not change it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from harness.judge.outcome import Agreement, Verdict
from harness.judge.rule import decide
from harness.judge.straightness import Decision
from harness.questions import Question
from harness.suite.records import Scope, Stance


@dataclass(frozen=True)
class Judged:
    """One instance: what the source says about it, its verdict, and its support at α/k."""

    stance: Stance
    verdict: Verdict
    supported_for_some: bool = False


def agreement(stance: Stance | None, verdict: Verdict) -> Agreement:
    """The verdict on one instance compared with what the source says about it, whatever is expected.

    '' if the source says nothing about it, or only asks.
    """
    if stance not in ("asserts", "disputes"):
        return ""
    return _against(stance, verdict if verdict in ("supported", "refuted") else None)


def claim_agreement(scope: Scope, judged: Iterable[Judged], total: Mapping[Stance, int]) -> Agreement:
    """Whether a claim's instances agree with its source; '' if it neither asserts nor disputes any.

    `total` says how many instances the claim has of each stance, judged or not. If the source asserts some
    and disputes others, it is right if it is right about both, and wrong if it is wrong about either.
    """
    found = list(judged)
    results: set[Agreement] = set()
    for stance in ("asserts", "disputes"):
        those = [each for each in found if each.stance == stance]
        if count := max(len(those), total.get(stance, 0)):
            results.add(_against(stance, over_instances(scope, those, count)))
    order: tuple[Agreement, ...] = ("contradicts", "undecided", "agrees")
    return next((result for result in order if result in results), "")


def over_instances(scope: Scope, judged: Sequence[Judged], total: int) -> Decision | None:
    """Whether the claim holds in every, some or most of `total` instances, of which these are judged.

    None if that is not decided. One of several instances that is supported by chance would make *some* hold,
    so it counts only if its values support it at α/k; see `supports_for_some`.
    """
    supported = sum(each.verdict == "supported" for each in judged)
    refuted = sum(each.verdict == "refuted" for each in judged)
    if scope == "every":
        holds, fails = supported == total, refuted > 0
    elif scope == "some":
        holds = any(each.verdict == "supported" and each.supported_for_some for each in judged)
        fails = refuted == total
    else:
        holds, fails = 2 * supported > total, 2 * refuted > total
    return "supported" if holds else "refuted" if fails else None


def supports_for_some(
    parts: Iterable[tuple[Question, Sequence[float], Sequence[float]]], instances: int
) -> bool:
    """Whether the values support every part of an instance at α/k, where k is the number of the instances.

    `parts` has for each question the values that it read, and their bends (for a power law).
    """
    return all(decision_at(share, instances) == "supported" for share in parts)


def decision_at(part: tuple[Question, Sequence[float], Sequence[float]], instances: int) -> Decision | None:
    """What the values of a part say at α/k.

    They may end at a look that decided at α, and then need not be enough.
    """
    question, values, bends = part
    alpha, alpha_refute = question.alpha / instances, question.alpha_refute / instances
    return decide(values, replace(question, alpha=alpha, alpha_refute=alpha_refute), bends).verdict


def _against(stance: Stance, found: Verdict | None) -> Agreement:
    if found is None:
        return "undecided"
    return "agrees" if (found == "supported") == (stance == "asserts") else "contradicts"
