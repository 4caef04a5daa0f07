"""The data on which trials were measured, and what a seed redraws: from declarations to records and words."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

from harness.declare import find, reference_of
from harness.report.record import InstanceRecord, Record, TrialsRecord


@dataclass(frozen=True)
class DataUsed:
    """A data set as a record's trials used it: its name, how it was prepared, and whether it came split."""

    name: str
    prepared: tuple[tuple[str, str], ...]
    own_split: bool

    def describe(self) -> str:
        """`my.module:load, preprocess none, targets none`."""
        words = [self.name, *(f"{name} {value}" for name, value in self.prepared)]
        own = "; it comes split: a seed redraws the initialisation only" if self.own_split else ""
        return ", ".join(words) + own


@functools.cache
def data_parameters(run: str) -> tuple[str, ...]:
    """The parameters of the experiment `run` that name data, each followed by those of its preparation."""
    names: list[str] = []
    for parameter in find(run).parameters.values():
        reference = reference_of(parameter.type)
        if reference and reference.kind == "data":
            names += [parameter.name, *reference.told_by]
    return tuple(names)


def data_used(instances: Iterable[InstanceRecord]) -> tuple[DataUsed, ...]:
    """The data sets of the instances' trials, each preparation once; empty for records of 0.1."""
    trials = (trial for instance in instances for trial in instance.trials if trial.data)
    return tuple(dict.fromkeys(map(_used, trials)))


def what_seeds_redraw(record: Record) -> str:
    """`seeds resample splits and initialisations`, or what seeds change in this record."""
    own = {trial.own_split for i in record.instances for trial in i.trials}
    if own == {True}:
        return "the data come split, and seeds redraw initialisations only"
    exception = ", but initialisations only of data that come split" if True in own else ""
    return f"seeds resample splits and initialisations{exception}"


def _used(trial: TrialsRecord) -> DataUsed:
    first, *rest = trial.data
    prepared = tuple((name, str(trial.params[name])) for name in rest if name in trial.params)
    return DataUsed(str(trial.params.get(first, "")), prepared, trial.own_split)
