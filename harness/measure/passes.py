"""Which groups passed a recheck, and which failed: in the store, and in the memory of this process."""

from __future__ import annotations

from harness.measure.interrupts import uninterrupted
from harness.measure.recheck import Group
from harness.measure.store import Store
from harness.questions import Trial


class Passes:
    """What a laboratory knows of groups. A group that failed stays so as long as the laboratory is open."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._passed: dict[str, tuple[str, Trial]] = {}  # where there is no store: program, trial
        self._failed: dict[str, str] = {}

    def has(self, group: Group, stage: str = "") -> bool:
        """Whether a stage of the group passed, here or as the store has it. Raises `StoreError`."""
        key = group.key_of(stage)
        return key in self._passed if self._store is None else self._store.passed(key)

    def failure(self, group: Group) -> str:
        """Why the group failed in this process; '' where it did not."""
        return self._failed.get(group.key, "")

    def keep(self, group: Group, trial: Trial, stage: str = "") -> None:
        """Remember that a stage of the group passed, with `trial` measured twice. Raises `StoreError`."""
        key = group.key_of(stage)
        with uninterrupted():
            if self._store is None:
                self._passed[key] = (group.program, trial)
            else:
                self._store.keep_pass(key, group.program, trial)

    def refuse(self, group: Group, reason: str) -> int:
        """Remember that the group failed, and remove its trials from the store; how many. What passed by one
        of these trials has not passed any more.

        Raises `StoreError`.
        """
        with uninterrupted():
            self._failed[group.key] = reason
            if self._store is not None:
                return self._store.forget(group.program, group.holds)
            for key, (program, trial) in list(self._passed.items()):
                if program == group.program and group.holds(trial):
                    del self._passed[key]
            return 0
