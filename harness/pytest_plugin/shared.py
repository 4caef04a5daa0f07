"""The one laboratory of a pytest process: opening one, and starting its workers, for every claim is slow."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from harness.campaign import Progress, Result, conduct
from harness.measure import PER_DEVICE, Laboratory
from harness.measure.holders import log
from harness.plan import Case, TrialParams, case
from harness.pytest_plugin.settings import PytestSettings
from harness.suite import Instance


class SharedLaboratory:
    """The laboratory that all claims of a pytest process share, opened for the first of them.

    Threads (pytest-run-parallel runs one test in several) take turns, as a laboratory is for one at a time.
    `say` is called once, with what keeps trials from being started. A trial gives at once what the other
    `collected` instances read of it.
    """

    def __init__(
        self,
        settings: PytestSettings,
        say: Callable[[str], None] = log,
        collected: Sequence[Instance] = (),
    ) -> None:
        self.settings = settings
        self._say = say
        self._collected = collected
        self._to_come: dict[tuple[str, TrialParams], dict[str, Case]] | None = None
        self._said = False
        self._turn = threading.RLock()
        self._laboratory: Laboratory | None = None
        self._salt = datetime.now(UTC).isoformat()

    def judge(self, instance: Instance) -> Result:
        """Measure what the instance needs, and judge it."""
        options = self.settings.options
        question = self._case(instance)
        with self._turn:
            if self._laboratory is None:
                self._laboratory = Laboratory(
                    options.store,
                    workers=options.workers,
                    block=options.block or 0,
                    per_device=options.workers_per_device or PER_DEVICE,
                )
            try:
                return conduct(
                    [question],
                    self._laboratory,
                    memory_limit=options.memory_limit,
                    recheck=options.rechecked,
                    salt=self._salt,
                    on_progress=self._hear,
                    beside=self._others(question),
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
