"""The one laboratory of a pytest process: opening one, and starting its workers, for every claim is slow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from harness.campaign import Progress, Result, conduct
from harness.git import head
from harness.history.baselines import Resolver, WithBaselines
from harness.history.beside import RecordNumbers, foreseen, judged_beside, resolved_cases
from harness.measure import PER_DEVICE, Laboratory
from harness.measure.holders import log
from harness.plan import Case, TrialParams, case
from harness.plan.fresh import following_first_seed
from harness.pytest_plugin.settings import PytestSettings
from harness.report.record import ComparisonRecord
from harness.suite import Instance, Suite


@dataclass(frozen=True)
class Judgement:
    """What was found of an instance, and of the quantities that it reads beside a baseline."""

    result: Result
    comparisons: tuple[ComparisonRecord, ...]


class SharedLaboratory:
    """The laboratory that all claims of a pytest process share, opened for the first of them.

    Threads (pytest-run-parallel runs one test in several) take turns, as a laboratory is for one at a time.
    `say` is called once, with what keeps trials from being started. A trial gives at once what the other
    `collected` instances read of it; what these will ask of commits is measured in one batch, unless other
    processes run some of them (not `foresees`).
    """

    def __init__(
        self,
        settings: PytestSettings,
        say: Callable[[str], None] = log,
        collected: Sequence[Instance] = (),
        *,
        foresees: bool = True,
    ) -> None:
        self.settings = settings
        self._say = say
        self._collected = collected
        self._to_come: dict[tuple[str, TrialParams], dict[str, Case]] | None = None
        self._said = False
        self._turn = threading.RLock()
        self._laboratory: Laboratory | None = None
        self._measurer: WithBaselines | None = None
        self._foresees = foresees
        self._foreseen: set[str] = set()
        self._salt = datetime.now(UTC).isoformat()

    def judge(self, suite: Suite, instance: Instance) -> Judgement:
        """Measure what the instance needs, and judge it; with what its quantities are beside a baseline."""
        numbers = RecordNumbers()
        sources = {suite.name: Resolver(suite)}
        (asked,) = resolved_cases([self._case(instance)], sources, numbers)
        also = judged_beside(
            [asked], {suite.name: replace(suite, family=None)}, sources, self.settings.options, numbers
        )
        result = self._conduct(asked, numbers, also.cases, suite=suite)
        return Judgement(result, also.comparison_records(result))

    def judge_again(self, suite: Suite, instance: Instance) -> tuple[int, Result]:
        """The instance judged on fresh seeds, which follow from commit and suite, and the first of these."""
        at = head(suite.file.resolve().parent)
        text = f"{'' if at is None else at[0]} {suite.sha256}"
        first_seed = following_first_seed(text, [self._case(instance)])
        numbers = RecordNumbers()
        fresh = case(instance, seeds=self.settings.options.seeds, first_seed=first_seed)
        (asked,) = resolved_cases([fresh], {suite.name: Resolver(suite)}, numbers)
        return first_seed, self._conduct(asked, numbers, recheck=None)

    def _foresee(self, measurer: WithBaselines, suite: Suite) -> None:
        """Say which trials of commits the collected instances of a suite will ask for, once."""
        if not self._foresees or suite.name in self._foreseen:
            return
        self._foreseen.add(suite.name)
        sources, numbers = {suite.name: Resolver(suite)}, RecordNumbers()
        own = [self._case(each) for each in self._collected if each.suite == suite.name]
        cases = resolved_cases(own, sources, numbers)
        suites = {suite.name: replace(suite, family=None)}
        also = judged_beside(cases, suites, sources, self.settings.options, numbers)
        measurer.foresee(foreseen([*cases, *also.cases]))

    def _conduct(
        self,
        asked: Case,
        numbers: RecordNumbers,
        also: Sequence[Case] = (),
        recheck: float | None = 0.0,
        suite: Suite | None = None,
    ) -> Result:
        options = self.settings.options
        with self._turn:
            if self._laboratory is None:
                self._laboratory = Laboratory(
                    options.store,
                    workers=options.workers,
                    block=options.block or 0,
                    per_device=options.workers_per_device or PER_DEVICE,
                )
                self._measurer = WithBaselines(self._laboratory, options)
            assert self._measurer is not None
            self._measurer.learn(numbers)
            if suite is not None:
                self._foresee(self._measurer, suite)
            try:
                return conduct(
                    [asked],
                    self._measurer,
                    memory_limit=options.memory_limit,
                    recheck=None if recheck is None else options.rechecked,
                    salt=self._salt,
                    on_progress=self._hear,
                    beside=self._others(asked),
                    also=also,
                )
            except BaseException:  # what it still measures is not for the next claim to wait for
                self.close()
                raise

    def _case(self, instance: Instance) -> Case:
        options = self.settings.options
        return case(instance, seeds=options.seeds, first_seed=options.first_seed)

    def _others(self, judged: Case) -> list[Case]:
        """The instances that are yet to be judged and read points that this one reads."""
        if self._to_come is None:
            self._to_come = {}
            for each in map(self._case, self._collected):
                for point in _points(each):
                    self._to_come.setdefault(point, {})[each.instance.id] = each
        found: dict[str, Case] = {}
        for point in _points(judged):
            self._to_come.get(point, {}).pop(judged.instance.id, None)
            found |= self._to_come.get(point, {})
        return list(found.values())

    def close(self) -> None:
        """End the workers, and at once what they may still measure."""
        with self._turn:
            laboratory, self._laboratory = self._laboratory, None
            measurer, self._measurer = self._measurer, None
            if measurer is not None:
                measurer.close()
            if laboratory is not None:
                laboratory.close(kill=True)

    def _hear(self, progress: Progress) -> None:
        if progress.waiting and not self._said:
            self._said = True
            self._say(f"waiting: {progress.waiting}")


def _points(asked: Case) -> set[tuple[str, TrialParams]]:
    """What a case reads."""
    questions = (*asked.questions, *asked.control)
    return {(reading.experiment, reading.params) for q in questions for reading in q.effect.readings}
