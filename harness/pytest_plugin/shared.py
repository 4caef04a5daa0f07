"""The one laboratory of a pytest process: opening one, and starting its workers, for every claim is slow."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from harness.campaign import Progress, Result, conduct
from harness.measure import PER_DEVICE, Laboratory
from harness.measure.holders import log
from harness.plan import case
from harness.pytest_plugin.settings import Settings
from harness.suite import Instance


class SharedLaboratory:
    """The laboratory that all claims of a pytest process share, opened for the first of them.

    Threads (pytest-run-parallel runs one test in several) take turns, as a laboratory is for one at a time.
    `say` is called once, with what keeps trials from being started.
    """

    def __init__(self, settings: Settings, say: Callable[[str], None] = log) -> None:
        self.settings = settings
        self._say = say
        self._said = False
        self._turn = threading.RLock()
        self._laboratory: Laboratory | None = None
        self._salt = datetime.now(UTC).isoformat()

    def judge(self, instance: Instance) -> Result:
        """Measure what the instance needs, and judge it."""
        options = self.settings.options
        question = case(instance, seeds=options.seeds, first_seed=options.first_seed)
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
                )
            except BaseException:  # what it still measures is not for the next claim to wait for
                self.close()
                raise

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
