"""The one laboratory of a pytest process: opening one, and starting its workers, for every claim is slow."""

from __future__ import annotations

from datetime import UTC, datetime

from harness.campaign import Result, conduct
from harness.measure import Laboratory
from harness.plan import case
from harness.pytest_plugin.settings import Settings
from harness.suite import Instance


class SharedLaboratory:
    """The laboratory that all claims of a pytest process share, opened for the first of them.

    Not safe for several threads, as a laboratory is not.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._laboratory: Laboratory | None = None
        self._salt = datetime.now(UTC).isoformat()

    def judge(self, instance: Instance) -> Result:
        """Measure what the instance needs, and judge it."""
        question = case(instance, seeds=self.settings.seeds)
        if self._laboratory is None:
            self._laboratory = Laboratory(self.settings.store, workers=self.settings.workers)
        try:
            return conduct([question], self._laboratory, recheck=self.settings.recheck, salt=self._salt)
        except BaseException:  # what it still measures is not for the next claim to wait for
            self.close()
            raise

    def close(self) -> None:
        """End the workers, and at once what they may still measure."""
        laboratory, self._laboratory = self._laboratory, None
        if laboratory is not None:
            laboratory.close(kill=True)
