"""The regime of a network, by three claims of the suite `network`, and the five lines that say so.

    lazy        its kernel stands still, and it follows its linearisation: both supported
    features    its kernel moves: supported; it follows its linearisation: refuted
    between     decided otherwise
    undecided   what is decided allows more than one of these

The table is the harness's own. Only the suite's claims have the bounds, 0.1 and 0.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from harness.report.findings import why_not_covered
from harness.report.record import InstanceRecord, Record
from harness.report.words import effect, number, region

Word = Literal["lazy", "between", "features", "undecided", "not covered"]

EXPERIMENT = "ntk.network"
STILL, MOVES, FOLLOWS = "kernel-stands-still", "kernel-moves", "follows-its-linearisation"
TABLE = (STILL, MOVES, FOLLOWS)
"""The claims that decide."""

_MEANING: Mapping[Word, str] = {
    "lazy": "LAZY: it trains in its kernel regime, as its linearisation does",
    "between": "BETWEEN: neither in its kernel regime nor far from it",
    "features": "LEARNING FEATURES: its kernel moves, and its linearisation is another network",
    "undecided": "NOT DECIDED",
    "not covered": "NOT COVERED",
}


@dataclass(frozen=True)
class Regime:
    """What the record says about one network. `lines` are five lines for people. `regimes` makes it."""

    word: Word
    lines: tuple[str, ...]


def regimes(record: Record) -> Iterator[Regime]:
    """One regime for each suite in the record that has the three claims."""
    suites = dict.fromkeys(instance.suite for instance in record.instances)
    for suite in suites:
        found = {
            instance.claim: instance
            for instance in record.instances
            if instance.suite == suite and any(each.experiment == EXPERIMENT for each in instance.trials)
        }
        if set(TABLE) <= found.keys() and len({repr(found[each].point) for each in TABLE}) == 1:
            word = regime_of(*(found[each].verdict for each in TABLE))
            yield Regime(word, tuple(_lines(word, found)))


def regime_of(still: str, moves: str, follows: str) -> Word:
    """The regime by the verdicts of the three claims."""
    if "error" in (still, moves, follows) or "not-covered" in (still, moves, follows):
        return "not covered"
    if still == follows == "supported":
        return "lazy"
    if moves == "supported" and follows == "refuted":
        return "features"
    not_lazy = "refuted" in (still, follows)
    not_features = moves == "refuted" or follows == "supported"
    return "between" if not_lazy and not_features else "undecided"


_NEARER = "its-ntk-is-nearer-than-any-rival"


def _lines(word: Word, found: Mapping[str, InstanceRecord]) -> Iterator[str]:
    still, moves, follows = (found[each] for each in TABLE)
    params = still.trials[0].params
    yield f"{params['model']} on {params['data']}, {_training(params)}: {_verdict(word, found)}"
    kernel = moves if moves.verdict == "supported" else still
    yield (
        f"Kernel: training changes it by {_value(still)} of its norm ({_judged(kernel)})"
        f"{_also(found, 'kernel-turns-to-the-targets', 'its alignment with the targets changes by')}."
    )
    yield (
        f"Linearisation, trained alike: {_value(follows)} standard deviations away ({_judged(follows)})"
        f"{_also(found, 'errors-alike', 'the network errs more by')}."
    )
    yield (
        f"Its NTK's regression, given f₀: {_away(found.get('its-ntk-predicts-it'))}"
        f"{_also(found, _NEARER, 'against the distance of the nearest alternative')}."
    )
    yield (
        f"Weights move by {_plain(found.get('weights-stand-still'))} of their norm, what enters the last "
        f"layer by {_plain(found.get('features-stand-still'))}; the learning rate is "
        f"{_plain(found.get('rate-stays-stable'))} times 2/λ of the trained network."
    )


def described(params: Mapping[str, object], values: Mapping[str, float]) -> tuple[str, ...]:
    """Five lines about one network that no seed redraws, from the values of one trial."""

    def value(name: str) -> str:
        return number(values[name]) if name in values else "(not covered)"

    return (
        f"{params['model']} on {params['data']}, {_training(params)}: DESCRIBED, NOT JUDGED: init gives the "
        "same parameters for every key, so that these are the numbers of one network (n = 1, no alpha).",
        f"Kernel: training changes it by {value('kernel-change')} of its norm; its alignment with the "
        f"targets goes from {value('kernel-alignment.before')} to {value('kernel-alignment.after')}.",
        f"Linearisation, trained alike: {value('network-vs-linearised.distance')} standard deviations away; "
        f"test errors {value('network.error')} (network) and {value('linearised.error')}.",
        f"Its NTK's regression, given f₀: {value('network-vs-own-ntk.distance')} standard deviations away, "
        f"the nearest alternative {value('network-vs-nearest-alternative.distance')}.",
        f"Weights move by {value('weights-moved')} of their norm, what enters the last layer by "
        f"{value('features-moved')}; the learning rate is {value('rate-over-stable')} times 2/λ₀.",
    )


def _verdict(word: Word, found: Mapping[str, InstanceRecord]) -> str:
    three = [found[each] for each in TABLE]
    if word == "not covered":
        reason = next(each.reason for each in three if each.verdict in ("error", "not-covered"))
        return f"{_MEANING[word]}: {reason}"
    said = _MEANING[word]
    if word == "undecided":
        wanted = [each.seeds_to_decision for each in three if each.verdict == "inconclusive"]
        known = [seeds for seeds in wanted if seeds is not None]
        more = f"about {max(known)} seeds needed" if known else "more seeds needed"
        said = f"{said}, {more}"
    n = max(each.n for each in three)
    return f"{said} (a table of ours; n = {n} seeds, alpha = {number(three[0].alpha)} a claim)."


def _training(params: Mapping[str, object]) -> str:
    rate = (
        f"{number(float(str(params['learning-rate'])))}{' · 2/λ₀' if params['rate-unit'] == 'stable' else ''}"
    )
    batch = f" in batches of {params['batch']}" if params["batch"] else ""
    loss = "squared loss" if params["loss"] == "squared" else "cross-entropy"
    return f"{params['train']} points, {loss} by {params['optimizer']}({rate}){batch}"


def _judged(instance: InstanceRecord) -> str:
    return f"{region(instance.region, instance.unit)} {instance.verdict}, n = {instance.n}"


def _value(instance: InstanceRecord) -> str:
    return effect(instance.estimate, instance.unit)


def _away(instance: InstanceRecord | None) -> str:
    if instance is None:
        return "not measured"
    if instance.verdict in ("not-covered", "error"):
        return why_not_covered(instance) if instance.verdict == "not-covered" else instance.reason
    return f"{_value(instance)} standard deviations away ({_judged(instance)})"


def _plain(instance: InstanceRecord | None) -> str:
    if instance is None or instance.estimate is None:
        return "(not covered)"
    return _value(instance)


def _also(found: Mapping[str, InstanceRecord], claim: str, what: str) -> str:
    instance = found.get(claim)
    if instance is None or instance.estimate is None:
        return ""
    return f"; {what} {_value(instance)} ({region(instance.region, instance.unit)} {instance.verdict})"
