"""What a run judges beside its claims: quantities against baselines (`--against`), and families of claims.

Both are cases like any others, on the same trials; their findings become fields of the record. In: the cases
of a run, with the baselines of their claims resolved (`resolved_cases`). Out: a `Beside`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from harness.campaign import Finding, Result
from harness.history.baselines import Resolver
from harness.history.baselines.recorded import RecordedNumbers, enough_seeds, readable
from harness.history.baselines.resolve import is_record_name
from harness.history.baselines.there import AskedTrial
from harness.options import RunOptions
from harness.plan import Case, Question, Trial
from harness.plan.baselines import HeldQuantity, comparisons, with_baselines
from harness.plan.families import families
from harness.predicates.within import Within
from harness.questions import LOOKS, Baseline
from harness.report.comparisons import comparison_record
from harness.report.files import read_record
from harness.report.joint import FamiliesStated, family_records, joint_p
from harness.report.record import ComparisonRecord, FamilyRecord, InstanceRecord
from harness.shipped import located_record, published_name
from harness.suite import Suite

RecordNumbers = dict[Baseline, RecordedNumbers]
"""The numbers of each record that is a baseline, as they are read."""


@dataclass(frozen=True)
class Beside:
    """What is judged beside the claims of a run. `judged_beside` makes it."""

    comparisons: tuple[HeldQuantity, ...] = ()
    sampled_on: Mapping[int, Case] = field(default_factory=dict)
    """Cases of families, by the place of the case to which each belongs."""
    stated: FamiliesStated = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def cases(self) -> list[Case]:
        """What is judged beside the claims: comparisons, then families."""
        return [*(each.case for each in self.comparisons), *self.sampled_on.values()]

    def comparison_records(self, result: Result) -> tuple[ComparisonRecord, ...]:
        """The results of the comparisons."""
        found = result.also[: len(self.comparisons)]
        return tuple(
            comparison_record(each, finding) for each, finding in zip(self.comparisons, found, strict=True)
        )

    def with_joint(
        self, records: Sequence[InstanceRecord], findings: Sequence[Finding], result: Result
    ) -> tuple[InstanceRecord, ...]:
        """The records of the instances; those in families with their p-values."""
        others = dict(zip(self.sampled_on, result.also[len(self.comparisons) :], strict=True))
        return tuple(
            self._with_joint(record, finding, others.get(place))
            for place, (record, finding) in enumerate(zip(records, findings, strict=True))
        )

    def _with_joint(self, record: InstanceRecord, finding: Finding, on: Finding | None) -> InstanceRecord:
        if record.suite not in self.stated:
            return record
        found = joint_p(finding.case.instance, finding.assessment, None if on is None else on.assessment)
        n = record.n if on is None else max(part.ruling.n for part in on.assessment.parts)
        return msgspec.structs.replace(record, joint_p=found, joint_n=n)

    def families(self, records: Iterable[InstanceRecord]) -> tuple[FamilyRecord, ...]:
        """Which instances hold jointly."""
        return family_records(records, self.stated)


def resolved_cases(
    cases: Iterable[Case], resolvers: Mapping[str, Resolver], numbers: RecordNumbers
) -> list[Case]:
    """The cases with the baselines of their claims resolved. Adds numbers of records to `numbers`.

    A claim on a record is judged on as many seeds as that has, if these are enough for a look. Raises
    `BaselineError`, `RecordError` and `UnknownSuiteError`.
    """
    return [_limited(with_baselines(case, resolvers[case.instance.suite]), numbers) for case in cases]


def _limited(case: Case, numbers: RecordNumbers) -> Case:
    questions = tuple(_within_record(question, numbers) for question in case.questions)
    control = tuple(_within_record(question, numbers) for question in case.control)
    if (questions, control) == (case.questions, case.control):
        return case
    return replace(case, questions=questions, control=control)


def _within_record(question: Question, numbers: RecordNumbers) -> Question:
    """The question with a budget of the seeds that its record has."""
    budget = question.budget
    for reading in question.effect.readings:
        if reading.baseline is None or not reading.baseline.record:
            continue
        if reading.baseline not in numbers:
            numbers[reading.baseline] = readable(reading.baseline)
        if question.has_statistics:
            trial = reading.trial(question.first_seed)
            budget = enough_seeds(numbers[reading.baseline], trial, reading.quantity, budget)
    return question if budget == question.budget else replace(question, budget=budget)


def judged_beside(
    cases: Sequence[Case],
    suites: Mapping[str, Suite],
    resolvers: Mapping[str, Resolver],
    options: RunOptions,
    numbers: RecordNumbers,
) -> Beside:
    """What is judged beside the cases, as the options and the suites ask for it.

    Raises as `resolved_cases` does.
    """
    found: list[HeldQuantity] = []
    notes: list[str] = []
    within = Within(options.within)
    for name, resolver in resolvers.items():
        own = [case for case in cases if case.instance.suite == name]
        for ref in options.against:
            for baseline in _baselines(ref, resolver):
                made = comparisons(own, baseline, within)
                if baseline.record:
                    numbers.setdefault(baseline, readable(baseline))
                    there = [each for each in made if _is_recorded(each, numbers[baseline])]
                    if len(there) < len(made):
                        few = len(made) - len(there)
                        notes.append(f"{baseline.shown} has too few seeds of {few} quantities to compare")
                    made = [_limited_comparison(each, numbers) for each in there]
                found += made
    stated = {
        name: (suite.family, len(suite.instances))
        for name, suite in suites.items()
        if suite.family is not None
    }
    return Beside(tuple(found), families(cases, dict(suites)), stated, tuple(notes))


def foreseen(cases: Iterable[Case]) -> list[AskedTrial]:
    """The trials of commits that the cases read at their first look."""
    found: dict[Trial, AskedTrial] = {}
    for case in cases:
        for question in case.first_asked:
            n = max(LOOKS[0], question.least) if question.has_statistics else question.budget
            for reading in question.effect.readings:
                if reading.baseline is None or not reading.baseline.commit:
                    continue
                for trial in map(reading.trial, question.seeds(n)):
                    known = found.get(trial)
                    quantities = {reading.quantity, *(known.quantities if known else ())}
                    limit = case.instance.claim.time_limit
                    found[trial] = AskedTrial(trial, frozenset(quantities), limit)
    return list(found.values())


def _baselines(ref: str, resolver: Resolver) -> list[Baseline]:
    """What a REF of `--against` names: a commit, or those of its records that have quantities by seed."""
    if not is_record_name(ref):
        return [resolver(Baseline(commit=ref, name=ref))]
    path = located_record(ref)
    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    return [
        Baseline(record=str(file), name=published_name(file) or str(file))
        for file in map(Path, files)
        if read_record(file).quantities
    ]


def _is_recorded(comparison: HeldQuantity, numbers: RecordedNumbers) -> bool:
    """Whether a record has the seeds of a comparison's first look."""
    question, reading = comparison.question, comparison.reading
    least = LOOKS[0] if question.has_statistics else 1
    return numbers.seeds(reading.trial(question.first_seed), reading.quantity) >= least


def _limited_comparison(comparison: HeldQuantity, numbers: RecordNumbers) -> HeldQuantity:
    return replace(comparison, case=_limited(comparison.case, numbers))
