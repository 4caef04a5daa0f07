"""Writes a record to its file (see `layout`): what instances share is found here, and written once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from harness.report.record.kinds import LETTERS
from harness.report.record.layout import (
    HEAD,
    OF_A_CLAIM,
    OF_A_CONTROL,
    OF_A_STATEMENT,
    SHARED,
    Fields,
    defaults_in_file,
    filled,
)
from harness.report.record.tables import (
    ControlTable,
    PointTable,
    Sources,
    encode,
    most_common,
    packed_numbers,
    part_fields,
    same,
    without,
)
from harness.report.record.types import ClaimRecord, ControlRecord, InstanceRecord, Record

_NO_RECORD, _NO_CONTROL = defaults_in_file(Record), defaults_in_file(ControlRecord)
_NO_INSTANCE = {**defaults_in_file(InstanceRecord), "quantities": ()}
_NO_WORDS = {name: _NO_CONTROL[name] for name in OF_A_CONTROL}


def to_json(record: Record) -> bytes:
    """The record as JSON, an instance on a line, ending with a line feed."""
    return b"{\n" + b",\n".join(_fields(record)) + b"\n}\n"


def _fields(record: Record) -> Iterator[bytes]:
    """The fields of the file: those of the head on a line each, entries of tables on a line each."""
    for field in HEAD:
        value = getattr(record, field.name)
        if field.name in _NO_RECORD and same(value, _NO_RECORD[field.name]):
            continue
        if field.name in ("suites", "rechecks", "comparisons", "quantities"):
            yield _table(field.name, map(msgspec.json.encode, value))
        else:
            yield encode(field.name) + b":" + msgspec.json.encode(value)
    file = _RecordTables(Sources(), PointTable(record), ControlTable())
    claims, instances = file.claims_and_instances(record)
    shared = file.points.shared()
    experiments = (encode(name) + b":" + encode(params) for name, params in shared.items())
    yield _table("sources", map(msgspec.json.encode, file.sources.table()))
    yield b'"experiments":{\n' + b",\n".join(experiments) + b"\n}"
    yield _table("points", map(msgspec.json.encode, file.points.table(shared)))
    yield _table(LETTERS["controls"], file.controls.lines())
    yield _table("claims", map(_line, claims))
    yield _table("instances", map(_line, instances))


def _line(fields: Fields) -> bytes:
    """The line of a claim or an instance, with the field names of files."""
    return msgspec.json.encode({LETTERS.get(name, name): value for name, value in fields.items()})


def _table(name: str, lines: Iterable[bytes]) -> bytes:
    return encode(name) + b":[\n" + b",\n".join(lines) + b"\n]"


@dataclass(frozen=True)
class _RecordTables:
    """The tables, which claims and instances fill."""

    sources: Sources
    points: PointTable
    controls: ControlTable

    def claims_and_instances(self, record: Record) -> tuple[list[Fields], list[Fields]]:
        """The lines of claims and of instances."""
        stated = {claim.id: claim for claim in record.claims}
        members: dict[str, list[Fields]] = {id_: [] for id_ in stated}
        instances = []
        for instance in record.instances:
            id_ = f"{instance.suite}/{instance.claim}"
            members.setdefault(id_, []).append(fields := self._instance(instance))
            instances.append((id_, fields))
        claims, heirs = [], {}
        for id_, own in members.items():
            claim = self._claim(stated.get(id_), own)
            each = {name: most_common(fields[name] for fields in own) for name in SHARED if own}
            words = most_common(_words(fields["control"]) for fields in own) if own else None
            shared = without(each, _NO_INSTANCE)
            if words is not None:
                shared["control"] = without(words, _NO_WORDS)
            line = {"id": id_, **without(claim, _NO_INSTANCE), **_statement(stated.get(id_))}
            line["says"] = line.pop("claim_says", "")
            claims.append({**line, "each": shared} if shared else line)
            heirs[id_] = {**_NO_INSTANCE, **claim, **each, "control": words}
        return claims, [_left(fields, id_, heirs[id_]) for id_, fields in instances]

    def _claim(self, stated: ClaimRecord | None, instances: Sequence[Fields]) -> Fields:
        """What a claim's line says about the claim, from its statement, or else from its first instance."""
        if stated is None:
            return {name: instances[0][name] for name in OF_A_CLAIM}
        own = {"suite": stated.suite, "claim": stated.claim}
        own |= {name: instances[0][name] for name in OF_A_CLAIM} if instances else {}
        return own | {"claim_says": stated.says, "source": self.sources.cited(stated.source)}

    def _instance(self, instance: InstanceRecord) -> Fields:
        """Everything that an instance says, with the field names of files."""
        fields = packed_numbers(instance)
        fields["source"] = self.sources.cited(instance.source)
        fields["parts"] = [part_fields(part, instance) for part in instance.parts]
        fields["trials"] = [self.points.number(trials) for trials in instance.trials]
        fields["quantities"] = [trials.quantities for trials in instance.trials]
        read = [trials.n for trials in instance.trials]
        if any(n != instance.n for n in read):
            fields["read"] = read
        if (control := instance.control) is not None:
            fields["control"] = {name: getattr(control, name) for name in OF_A_CONTROL}
            if (number := self.controls.number(control, instance)) is not None:
                fields["control"][LETTERS["result"]] = number
        return fields


def _left(fields: Fields, id_: str, claim: Fields) -> Fields:
    """What an instance says beyond its claim."""
    says = filled(claim["claim_says"], fields["point"])
    control, words = fields["control"], claim["control"]
    left = without(fields, {**claim, "says": says, "values": b"", "control": control})
    left["claim"] = id_
    if control is not None:
        own = without(control, words or _NO_WORDS)
        return {**left, "control": own} if own or words is None else left
    return left if words is None else {**left, "control": None}


def _words(control: Fields | None) -> Fields | None:
    """What a claim says about its control."""
    return None if control is None else {name: control[name] for name in OF_A_CONTROL}


def _statement(stated: ClaimRecord | None) -> Fields:
    return {} if stated is None else {name: getattr(stated, name) for name in OF_A_STATEMENT}
