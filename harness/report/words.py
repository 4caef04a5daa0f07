"""How numbers, verdicts and outcomes are written for people, in all reports."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from harness.judge import FAILING
from harness.questions import COMPUTED, Unit
from harness.report import findings
from harness.report.compared import comparisons_lines
from harness.report.data import what_seeds_redraw
from harness.report.excused import excused
from harness.report.explored import first_seeds
from harness.report.joint import joint_text
from harness.report.record import (
    CommitRecord,
    ControlRecord,
    EnvironmentRecord,
    InstanceRecord,
    PartRecord,
    Record,
    Side,
    SourceRecord,
    TrackedRecord,
)
from harness.report.record.printed import LOGARITHMIC, printed

GLYPHS = {
    "as-expected": "=",
    "measured": "·",
    "unexpected": "✗",
    "inconclusive": "?",
    "vacuous": "∅",
    "not-covered": "○",
    "not-run": "…",
    "error": "!",
}
"""Outcome → glyph; always shown with the word. The glyph of *as-expected* is not a tick, which would say that
a refuted claim is true."""

CLAIM_GLYPHS = {
    "holds": "▲",
    "in part": "◐",
    "fails": "▽",
    "undecided": "?",
    "located": "◇",
    "error": "!",
    "not covered": "○",
    "not run": "…",
}
"""Verdict on a claim → glyph; always shown with the word."""

VERDICT_GLYPHS = {
    "supported": "▲",
    "refuted": "▽",
    "located": "◇",
    "≥": "≥",
    "≤": "≤",
    "inconclusive": "?",
    "not-covered": "○",
    "not-run": "…",
    "error": "!",
}
"""Verdict on an instance → glyph."""

_EXPECTATIONS = {"as-expected": "as expected", "measured": "nothing expected"}


def expectation(outcome: str) -> str:
    """An outcome compared with the expectation, after the verdict: `as expected`, `✗ unexpected`."""
    return _EXPECTATIONS.get(outcome) or f"{GLYPHS.get(outcome, '•')} {outcome}"


ORDER = (*FAILING, "not-covered", "measured", "as-expected")
"""Outcomes, the worst first."""


def number(x: float) -> str:
    """Three significant digits."""
    return f"{x:.3g}"


def place_on_axis(x: float) -> str:
    """A place on an axis: a value of the axis as it is, an estimate between two of them in three digits."""
    if float(f"{x:.6g}") == x:
        return f"{x:.6g}"
    return f"{x:.0f}" if 100 <= x < 1e6 else f"{x:.3g}"


def effect(x: Side, unit: Unit) -> str:
    """An effect in the printed unit: a ratio as a percentage, a logarithm as its number."""
    if x is None:
        return "–"
    shown = printed(x, unit)
    if unit == "ratio":
        return f"{shown:+.3g}%" if shown < math.inf else "+∞%"
    if unit == "boundary":
        return place_on_axis(shown)
    text = number(shown) if shown < math.inf or unit not in LOGARITHMIC else "∞"
    return f"{text} ×" if unit == "speed-up" else text


def seeds_taken(part: InstanceRecord | PartRecord) -> str:
    """`after 14 of 21 seeds`, or that no seed decides it."""
    return COMPUTED if part.computed else f"after {part.n} of {part.budget} seeds"


def interval_text(sides: tuple[Side, Side], unit: Unit) -> str:
    """`[low, high]`; for a boundary beyond a known end `≥ low` or `≤ high`."""
    if sides == (None, None):
        return "–"
    if unit == "boundary" and None in sides:
        return f"≤ {effect(sides[1], unit)}" if sides[0] is None else f"≥ {effect(sides[0], unit)}"
    return f"[{effect(sides[0], unit)}, {effect(sides[1], unit)}]"


def region(sides: tuple[Side, Side], unit: Unit) -> str:
    """The region of a claim: `±5%`, `< 0.2`, `(0.9, 1.1)`."""
    low, high = sides
    if low is None and high is None:
        return "any"
    if unit == "violation":
        return "≤ 1"
    if unit == "boundary":
        return f"≤ {effect(high, unit)}" if low is None else f"≥ {effect(low, unit)}"
    if low is None:
        return f"< {effect(high, unit)}"
    if high is None:
        return f"> {effect(low, unit)}"
    if low == -high:
        return f"±{effect(high, unit).lstrip('+')}"
    return f"({effect(low, unit)}, {effect(high, unit)})"


def point(instance: InstanceRecord) -> str:
    """`data=digits, hidden=2`."""
    return ", ".join(f"{axis}={label}" for axis, label in sorted(instance.labels.items())) or "–"


def control(instance: InstanceRecord) -> str:
    """The verdict on the control, in a word."""
    if instance.control is None:
        return ""
    return "none" if instance.control.none_because else instance.control.verdict


def predicate(instance: InstanceRecord) -> str:
    """When the claim holds. Says that the margin is ours if the source gives none."""
    ours = instance.source is not None and instance.source.margin == "ours"
    return f"{instance.predicate} (our margin)" if ours else instance.predicate


def cited(source: SourceRecord | None) -> str:
    """`liu2025 disputes`: a source and its stance, and the scope unless that is every: `asserts, most`."""
    return f"{source.cite} {position(source)}" if source else ""


def position(source: SourceRecord) -> str:
    """The text after the name in `cited`."""
    return source.stance + (f", {source.scope}" if source.scope not in ("", "every") else "")


def statement(source: SourceRecord) -> str:
    """What a source says, in a sentence: `It disputes that this holds in every instance.`"""
    if source.stance not in ("asserts", "disputes"):
        return f"It {source.stance} whether this holds."
    scope = source.scope or "every"
    return f"It {source.stance} that this holds in {scope} instance{'' if scope == 'every' else 's'}."


def stance(instance: InstanceRecord) -> str:
    """What the source says about an instance; '' for an `open` one of a record that does not say."""
    if instance.stance or not instance.source:
        return instance.stance or "none"
    return instance.source.stance if instance.agreement or instance.source.stance == "asks" else ""


def chance(instance: InstanceRecord) -> str:
    """The probability that fresh seeds give the same verdict, as a percentage; `–` if it is unknown."""
    if instance.reproducibility is None:
        return "–"
    return f"{math.floor(min(instance.reproducibility, 1.0) * 1000) / 10:.4g}%"


def reproducibility(instance: InstanceRecord) -> str:
    """The probability that fresh seeds give the same verdict, with a mark if it is too low."""
    return f"{chance(instance)} fragile" if instance.fragile else chance(instance)


def leaves_open(instance: InstanceRecord) -> str:
    """What its seeds may all have missed, in words; '' if there is nothing to say."""
    if instance.leaves_open is None:
        return ""
    return f"events on up to {percent(instance.leaves_open)} of seeds"


def unseen(record: Record) -> str:
    """What verdicts leave open on each number of seeds, in a sentence; '' if it is unknown."""
    most: dict[int, float] = {}
    for instance in record.instances:
        if instance.leaves_open is not None:
            ns = [part.n for part in instance.parts if part.leaves_open == instance.leaves_open]
            n = min(ns, default=instance.n)
            most[n] = max(instance.leaves_open, most.get(n, 0.0))
    if not most:
        return ""
    first, *others = (f"on up to {percent(most[n])}" for n in sorted(most))
    said = [f"{min(most)} seeds leave open events {first} of seeds"]
    said += [f"{n} {share}" for n, share in zip(sorted(most)[1:], others, strict=True)]
    return f"Seeds may miss rare events: {', '.join(said)}."


def percent(x: float) -> str:
    """A share as a percentage, to two digits."""
    return f"{100 * x:.2g}%"


def seconds_text(x: float) -> str:
    """A duration: `0.3 s`, `48 s`, `3 min 20 s`, `2 h 5 min`."""
    if x < 10:
        return f"{x:.1f} s"
    whole = round(x)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def control_words(control: ControlRecord) -> str:
    """What the control is: the predicate that must fail, and where; or why there is none."""
    if control.none_because:
        return f"none: {control.none_because}"
    at = ", ".join(f"{axis}={label}" for axis, label in control.labels.items())
    return control.predicate + (f" at {at}" if at else "")


def summary(record: Record) -> str:
    """One sentence: how many instances have which outcome."""
    outcomes = [instance.outcome for instance in record.instances]
    return tally(outcomes, len(excused(record.instances, record.maps)))


def few_covered(outcomes: Sequence[str]) -> str:
    """A warning, in a sentence, if less than half of the instances are covered; else ''."""
    covered, total = sum(outcome != "not-covered" for outcome in outcomes), len(outcomes)
    if 2 * covered >= total:
        return ""
    noun = "instance is" if total == 1 else "instances are"
    return f"Only {covered} of {total} {noun} covered: this says little of what is under test."


def tally(outcomes: Sequence[str], cut_off: int = 0) -> str:
    """`summary` for outcomes alone; `cut_off` of them are of a map whose own time was over."""
    counts = Counter(outcomes)
    total = len(outcomes)
    if not total:
        return "Nothing was judged."
    expected = counts["as-expected"]
    definite = total - counts["measured"] - counts["not-covered"] - cut_off
    parts = [f"{expected} of {definite} as expected"] if definite else []
    parts += [f"{counts[o]} {o}" for o in ORDER[:-1] if counts[o]]
    noun = "instance" if total == 1 else "instances"
    return f"{total} {noun}: {', '.join(parts)}."


def advice(instance: InstanceRecord) -> str:
    """What an inconclusive, vacuous or failed instance would need; '' if there is nothing to say.

    Advice must not decide the claim for which it is given: a margin that is chosen by these data is for
    others.
    """
    if instance.outcome == "vacuous":
        return "the control passes the same test; judge a margin at which it fails on other seeds"
    if instance.verdict in ("error", "not-covered"):
        return instance.reason
    if instance.outcome == "not-run":
        spent = "the time budget ran out before it was decided; " if instance.verdict == "not-run" else ""
        return f"{spent}the next run continues from the store"
    if instance.verdict == "refuted" and instance.reason:
        return instance.reason
    if instance.verdict != "inconclusive":
        if instance.outcome == "inconclusive" and instance.control:
            needed = [part.seeds_to_decision for part in findings.undecided(instance.control)]
            if needed and None not in needed:
                most = max(seeds for seeds in needed if seeds is not None)
                return f"about {most} seeds would decide the control as it stands"
        return ""
    parts = [instance.reason] if instance.reason else []
    if instance.smallest_margin is not None:
        size = effect(instance.smallest_margin, instance.unit).lstrip("+")
        kind = "±" if None not in instance.region else "bound "
        parts.append(f"the data support no margin below {kind}{size} (judge a new margin on other seeds)")
    if instance.seeds_to_decision is not None:
        text = f"about {instance.seeds_to_decision} seeds would decide it as it stands"
        if instance.hours_to_decision is not None:
            text += f" ({seconds_text(instance.hours_to_decision * 3600)} more on one core)"
        parts.append(text)
    return "; ".join(parts)


def by_claim(instances: Sequence[InstanceRecord]) -> dict[str, list[InstanceRecord]]:
    """Instances grouped by `suite/claim`, in their order."""
    groups: dict[str, list[InstanceRecord]] = {}
    for instance in instances:
        groups.setdefault(f"{instance.suite}/{instance.claim}", []).append(instance)
    return groups


HEADERS = (
    "verdict", "at", "outcome", "estimate", "interval", "region", "n", "control", "reproducibility",
    "source says", "core-s",
)  # fmt: skip
_RANKS = (0, 0, 1, 0, 0, 4, 5, 3, 2, 6, 7)
"""The ranks of the columns under `HEADERS`. If there is too little room, the highest is left out first."""


_SAME = {"identical": "identical", "rounding": "equal up to rounding"}
"""The text in place of the interval for numbers that equal a baseline's."""


def row(instance: InstanceRecord) -> tuple[str, ...]:
    """The cells of an instance under `HEADERS`. A computed one has no number of seeds."""
    return (
        instance.verdict,
        point(instance),
        f"{GLYPHS[instance.outcome]} {instance.outcome}",
        effect(instance.estimate, instance.unit),
        _SAME.get(instance.same) or interval_text(instance.interval, instance.unit),
        region(instance.region, instance.unit),
        "computed" if instance.computed and instance.n else str(instance.n),
        control(instance),
        reproducibility(instance),
        stance(instance) if instance.source else "",
        f"{instance.seconds:.0f}",
    )


def instance_columns(instances: Sequence[InstanceRecord]) -> list[tuple[str, list[str], int]]:
    """The same as columns, (heading, cells, rank), with a column for each axis instead of `at`."""
    axes = list(dict.fromkeys(axis for instance in instances for axis in instance.labels))
    cells = list(zip(*map(row, instances), strict=True))
    found: list[tuple[str, list[str], int]] = []
    for heading, column, rank in zip(HEADERS, cells, _RANKS, strict=True):
        if heading == "at":
            found += [(axis, [i.labels.get(axis, "–") for i in instances], 0) for axis in axes]
        else:
            found.append((heading, list(column), rank))
    return found


_COMPUTED_COVERS = "their numbers are the same on every seed, so that no level and no fresh seed applies"


def scope(record: Record) -> str:
    """What a verdict covers, and the bound on wrong ones."""
    computed = sum(instance.computed for instance in record.instances)
    if computed and computed == len(record.instances):
        return f"Every instance is {COMPUTED}: {_COMPUTED_COVERS}."
    some = f" {computed} of {len(record.instances)} instances are {COMPUTED}: {_COMPUTED_COVERS}."
    beside = "".join(f" {line}" for line in (*filter(None, [joint_text(record)]), *comparisons_lines(record)))
    return (
        f"A verdict covers the data sets named, over the stated range: {what_seeds_redraw(record)}, "
        "not data sets. The expected number of wrong definite verdicts in this run is "
        f"at most {number(record.wrong_verdicts_bound)} (the sum of the alphas, each side)."
        f" {unseen(record)}".rstrip()
        + (some if computed else "")
        + beside
    )


def rechecked(record: Record) -> str:
    """How many trials were measured twice, with which results, on a line; '' if nothing was rechecked."""
    done = [r for r in record.rechecks if r.seed is not None and r.result != "not-rechecked"]
    sentences = []
    if done:
        trials = len({(r.run, repr(r.params), r.seed) for r in done})
        names = {r.experiment for r in done}
        what = f"{len(names)} experiment{'s' if len(names) > 1 else ''}"
        if trials > len(names):
            what = f"{trials} trials of {what}"
        took = seconds_text(sum(r.seconds for r in done))
        sentences.append(f"Rechecked {what} in {took}: {_how([r.result for r in done])}.")
    exempt = {r.experiment: r.reason for r in record.rechecks if r.result == "exempt"}
    sentences += [f"Not rechecked, as declared: {name} ({reason})." for name, reason in exempt.items()]
    return " ".join(sentences)


def _how(results: Sequence[str]) -> str:
    identical, within, differ = (results.count(r) for r in ("identical", "within-tolerance", "differs"))
    if identical == len(results):
        return "all repeat to the bit" if identical > 1 else "it repeats to the bit"
    parts = [f"{differ} not a function of parameters and seed"] if differ else []
    other = results.count("not-deterministic")
    parts += [f"{other} declared to be the same on every seed, and not"] if other else []
    parts += [f"{identical} to the bit"] if identical else []
    parts += [f"{within} within tolerance"] if within else []
    return ", ".join(parts)


def commit_text(commit: CommitRecord | None) -> str:
    """A commit in short, or the package that stands in for one, and whether files differed from it."""
    return "no commit" if commit is None else short_of(commit) + (" (modified)" if commit.dirty else "")


def short_of(commit: CommitRecord | TrackedRecord) -> str:
    """`b6b95ffec` for a commit; `0.2.0+b6b95ff` for an installed package."""
    if isinstance(commit, CommitRecord) and commit.version:
        return f"{commit.version}+{commit.hash[:7]}"
    return commit.hash[:9]


def overridden(record: Record) -> list[str]:
    """The overrides of a suite's parameters, and how they change its verdicts."""
    lines = []
    for suite in record.suites:
        parts = ", ".join(f"{name} = {value}" for name, value in suite.overrides.items())
        if parts or suite.noted:
            lines.append("; ".join([suite.name + (f", with {parts}" if parts else ""), *suite.noted]))
    return lines


def device_text(environment: EnvironmentRecord) -> str:
    """The device, with the precision of float32 products and the number of seeds computed abreast.

    The last two are left out if they are those of a CPU without options.
    """
    said = []
    if environment.device not in ("cpu", "none") or environment.matmul_precision not in ("", "highest"):
        said.append(f"float32 products: {environment.matmul_precision or 'as JAX has them'}")
    if sizes := [str(size) for size in environment.blocks if size > 1]:
        said.append(f"blocks of {' and '.join(sizes)} seeds")
    return environment.device + (f" ({', '.join(said)})" if said else "")


def provenance(record: Record) -> str:
    """Commit, device, seeds, trials and duration, on a line."""
    commit = commit_text(record.commit)
    if len({suite.commit for suite in record.suites}) > 1:  # there are several repositories
        commit = ", ".join(f"{suite.name}: {commit_text(suite.commit)}" for suite in record.suites)
    environment = record.environment
    trials = record.trials
    failed = f", {trials.failed} failed" if trials.failed else ""
    kind = " (explored)" if record.explored_seeds else " (fresh)" if record.fresh else ""
    computed = bool(record.instances) and all(instance.computed for instance in record.instances)
    seeds = "one seed" if computed else f"seeds from {first_seeds(record)}"
    cluster = f" of the cluster {environment.cluster}" if environment.cluster else ""
    return (
        f"{commit} · {device_text(environment)} · {environment.cpu} · "
        f"{environment.workers} workers{cluster} · {seeds}{kind} · "
        f"{trials.measured} trials measured, "
        f"{trials.reused} from the store{failed} · {seconds_text(record.duration)}"
    )
