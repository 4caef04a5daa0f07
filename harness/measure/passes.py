"""Which groups passed a recheck, and which failed: in the store, and in the memory of this process."""

from __future__ import annotations

from harness.measure.interrupts import uninterrupted
from harness.measure.recheck import Group
from harness.measure.store import Store
from harness.plan.records import Trial


class Passes:
    """What a laboratory knows of groups. A group that failed stays so as long as the laboratory is open."""

    def __init__(self, store: Store | None) -> None:
        self._store = store
        self._passed: set[str] = set()
        self._failed: dict[str, str] = {}

    def has(self, group: Group) -> bool:
        """Whether the group passed, in this process or as the store has it. Raises `StoreError`."""
        if group.key not in self._passed and self._store is not None and self._store.passed(group.key):
            self._passed.add(group.key)
        return group.key in self._passed

    def failure(self, group: Group) -> str:
        """Why the group failed in this process; '' where it did not."""
        return self._failed.get(group.key, "")

    def keep(self, group: Group, trial: Trial) -> None:
        """Remember that the group passed, with `trial` measured twice. Raises `StoreError`."""
        with uninterrupted():
            self._passed.add(group.key)
            if self._store is not None:
                self._store.keep_pass(group.key, group.program, trial)

    def refuse(self, group: Group, reason: str) -> int:
        """Remember that the group failed, and remove its trials from the store; how many.

        Raises `StoreError`.
        """
        with uninterrupted():
            self._passed.discard(group.key)
            self._failed[group.key] = reason
            return 0 if self._store is None else self._store.forget(group.program, group.holds)
