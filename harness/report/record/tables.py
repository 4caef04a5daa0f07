"""The tables of a file, to which its claims and instances refer; see `layout`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from harness.report.record.layout import (
    OF_A_CITATION,
    OF_AN_INSTANCE,
    Fields,
    defaults_in_file,
    margin,
    packed,
    packed_fingerprints,
)
from harness.report.record.types import (
    ControlRecord,
    InstanceRecord,
    PartRecord,
    Record,
    SourceRecord,
    TrialsRecord,
)

_NO_PART, _NO_SOURCE, _NO_TRIALS = (
    defaults_in_file(PartRecord),
    defaults_in_file(SourceRecord),
    defaults_in_file(TrialsRecord),
)
encode = msgspec.json.Encoder(order="deterministic").encode


def same(one: object, other: object) -> bool:
    """Whether two values are written alike: 1 differs from 1.0, and 0.0 from −0.0."""
    return one is other or encode(one) == encode(other)


def without(fields: Mapping[str, Any], inherited: Mapping[str, Any]) -> Fields:
    """The fields that differ from the inherited ones."""
    return {
        name: value
        for name, value in fields.items()
        if name not in inherited or not same(value, inherited[name])
    }


def most_common(values: Iterable[Any]) -> Any:
    """The most frequent value, the first of several."""
    by_json: dict[bytes, list[Any]] = {}
    for value in values:
        by_json.setdefault(encode(value), []).append(value)
    return max(by_json.values(), key=len)[0]


def part_fields(part: PartRecord, instance: InstanceRecord) -> Fields:
    """The fields of a part that differ from its instance's."""
    inherited = {name: getattr(instance, name) for name in OF_AN_INSTANCE}
    return without(packed_numbers(part), {**_NO_PART, **inherited, "values": b""})


def packed_numbers(found: InstanceRecord | PartRecord) -> Fields:
    """All fields, with packed values, except the look and the margin that follow from n and interval."""
    fields = {**msgspec.structs.asdict(found), "values": packed(found.values)}
    looks = fields.pop("looks")
    if same(found.smallest_margin, margin(fields)):
        del fields["smallest_margin"]
    if looks and same(looks[-1], (found.n, *found.interval)):
        return {**fields, "earlier": looks[:-1]} if len(looks) > 1 else fields
    return fields if not looks and not found.n else {**fields, "looks": looks}


class Sources:
    """The table of sources, which citations fill."""

    def __init__(self) -> None:
        self._table: dict[str, Fields] = {}

    def cited(self, source: SourceRecord | None) -> Fields | None:
        """A citation, without what the table says about its source."""
        if source is None:
            return None
        every = msgspec.structs.asdict(source)
        facts = {name: value for name, value in every.items() if name not in OF_A_CITATION}
        known = self._table.setdefault(source.cite, without(facts, _NO_SOURCE))
        return {"cite": source.cite, **without(every, {**_NO_SOURCE, **known})}

    def table(self) -> Iterable[Fields]:
        """A line for each source."""
        return self._table.values()


class ControlTable:
    """The table of results of controls, filled by the instances that refer to it."""

    def __init__(self) -> None:
        self._numbers: dict[bytes, int] = {}

    def number(self, control: ControlRecord, instance: InstanceRecord) -> int | None:
        """The place of a control's results; None for a control without results."""
        if not control.verdict and not control.parts:
            return None
        parts = [part_fields(part, instance) for part in control.parts]
        for fields in parts:
            if fields["verdict"] == control.verdict:
                del fields["verdict"]
        said: Fields = {"verdict": control.verdict, "parts": parts}
        if control.boundary is not None:
            said["boundary"] = control.boundary
        line = msgspec.json.encode(said)
        return self._numbers.setdefault(line, len(self._numbers))

    def lines(self) -> Iterable[bytes]:
        """A line for each result."""
        return self._numbers


class PointTable:
    """The table of points. If one of two records of a point read fewer seeds, the longer is kept."""

    def __init__(self, record: Record) -> None:
        every = [trials for instance in record.instances for trials in instance.trials]
        self._known: dict[bytes, list[TrialsRecord]] = {}
        self._numbers: dict[int, int] = {}
        for trials in sorted(every, key=lambda trials: -len(trials.fingerprints)):
            if self._found(trials) is None:
                self._known.setdefault(self._key(trials), []).append(trials)
        self.points: list[TrialsRecord] = []
        for trials in every:
            self.number(trials)

    @staticmethod
    def _key(trials: TrialsRecord) -> bytes:
        return encode(
            [
                trials.experiment,
                trials.params,
                trials.first_seed,
                trials.data,
                trials.own_split,
                trials.baseline,
            ]
        )

    def _found(self, trials: TrialsRecord) -> TrialsRecord | None:
        wanted = trials.fingerprints[: trials.n]
        known = self._known.get(self._key(trials), ())
        return next((each for each in known if each.fingerprints[: trials.n] == wanted), None)

    def number(self, trials: TrialsRecord) -> int:
        """The place of a point in the table, in the order in which instances first read points."""
        found = self._found(trials)
        assert found is not None  # the table was built from these trials
        if id(found) not in self._numbers:
            self._numbers[id(found)] = len(self.points)
            self.points.append(found)
        return self._numbers[id(found)]

    def shared(self) -> dict[str, Fields]:
        """The parameters that all points of an experiment have, with their most frequent values."""
        by_experiment: dict[str, list[Fields]] = {}
        for point in self.points:
            by_experiment.setdefault(point.experiment, []).append(point.params)
        return {
            experiment: {
                name: most_common(params[name] for params in every)
                for name in every[0]
                if all(name in params for params in every)
            }
            for experiment, every in by_experiment.items()
        }

    def table(self, shared: Mapping[str, Fields]) -> Iterator[Fields]:
        """A line for each point."""
        for point in self.points:
            fields = msgspec.structs.asdict(point)
            for name in ("quantities", "n"):
                del fields[name]
            fields["params"] = dict(sorted(without(point.params, shared[point.experiment]).items()))
            fields["fingerprints"] = packed_fingerprints(point.fingerprints)
            yield without(fields, {**_NO_TRIALS, "params": {}, "fingerprints": b""})
