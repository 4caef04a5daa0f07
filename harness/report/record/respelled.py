"""Respells old records in today's spelling of names; see `harness.spelling`.

Experiments and quantities are renamed wherever a record names them, also in sentences that were made from
them, so that an old record can be compared with a run of today. Ids, sentences of suites and fingerprints do
not change.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from msgspec.structs import replace

from harness.report.record.types import ControlRecord, InstanceRecord, Record, TrialsRecord
from harness.spelling import OLD_NAMES, experiment_today, quantities_today
from harness.suite.spellings import claim_today

_OLD = tuple(name.encode() for name in OLD_NAMES)
_NAME = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")

T = TypeVar("T")


def respelled(record: Record, data: bytes) -> Record:
    """The record that was read from `data`, in today's spelling."""
    return _Renamed().record(record) if any(name in data for name in _OLD) else record


class _Renamed:
    """Renames, and keeps shared what instances share."""

    def __init__(self) -> None:
        self._made: dict[int, tuple[Any, Any]] = {}

    def record(self, record: Record) -> Record:
        return replace(
            record,
            instances=tuple(map(self._instance, record.instances)),
            quantities=tuple(map(_measured, record.quantities)),
            comparisons=tuple(map(_measured, record.comparisons)),
            rechecks=tuple(replace(each, run=experiment_today(each.run)) for each in record.rechecks),
        )

    def _once(self, found: T, make: Callable[[T], T]) -> T:
        if id(found) not in self._made:
            self._made[id(found)] = found, make(found)  # `found` is held, so that its id is not reused
        made: T = self._made[id(found)][1]
        return made

    def _instance(self, instance: InstanceRecord) -> InstanceRecord:
        if not instance.trials:
            return instance
        run = instance.trials[0].experiment
        names = quantities_today(run)
        if not names and experiment_today(run) == run:
            return instance
        return replace(
            instance,
            trials=tuple(self._once(trials, _trials) for trials in instance.trials),
            predicate=_words(instance.predicate, names),
            toml=self._once(instance.toml, lambda table: claim_today(table, run)),
            control=None if instance.control is None else _control(instance.control, names),
        )


def _trials(trials: TrialsRecord) -> TrialsRecord:
    names = quantities_today(trials.experiment)
    return replace(
        trials,
        experiment=experiment_today(trials.experiment),
        quantities=tuple(names.get(name, name) for name in trials.quantities),
    )


def _control(control: ControlRecord, names: Mapping[str, str]) -> ControlRecord:
    return replace(control, predicate=_words(control.predicate, names))


def _measured(found: Any) -> Any:
    """A measured or compared quantity, renamed."""
    names = quantities_today(found.experiment)
    quantity = names.get(found.quantity, found.quantity)
    return replace(found, experiment=experiment_today(found.experiment), quantity=quantity)


def _words(text: str, names: Mapping[str, str]) -> str:
    """A predicate in words, which names quantities."""
    return _NAME.sub(lambda found: names.get(found[0], found[0]), text) if names else text
