"""Reads a record from a file of today's schema (see `layout`) or of an earlier one (see `older`)."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from harness.report.record.layout import (
    HEAD,
    OF_A_CLAIM,
    OF_A_STATEMENT,
    OF_AN_INSTANCE,
    Fields,
    RecordInFile,
    defaults_in_file,
    filled,
    margin,
    said,
    unpacked,
    unpacked_fingerprints,
)
from harness.report.record.older import upgraded
from harness.report.record.respelled import respelled
from harness.report.record.types import (
    SCHEMA_VERSION,
    ClaimRecord,
    ControlRecord,
    InstanceRecord,
    PartRecord,
    Record,
    RecordError,
    SourceRecord,
    TrialsRecord,
    Versioned,
)

READ = (1, SCHEMA_VERSION)
"""The schemas that can be read."""
DEEPEST = 32
"""The most nested tables that a claim or a parameter may have. A suite's own have four."""
MOST = 10_000_000
"""The most parameters and fingerprints that points and instances may name together, by reference, so that a
short file cannot fill the memory. A part of a control counts as a hundred."""

T = TypeVar("T", bound=Versioned)

_NO_INSTANCE = {**defaults_in_file(InstanceRecord), "quantities": ()}
_NO_PART, _NO_SOURCE = defaults_in_file(PartRecord), defaults_in_file(SourceRecord)


def from_json(data: bytes, file: str) -> Record:
    """The record in `data`. Raises `RecordError`, with the file, what was expected and what was found."""
    version = _version(data, file)
    if version == SCHEMA_VERSION:
        found = _decoded(data, file, RecordInFile, version)
        try:
            record = _Joined(found).record()
        except ValueError as error:
            raise RecordError(f"{file}: expected a record of schema {version}: {error}") from None
    else:
        record = upgraded(_decoded(data, file, Record, version))
    _check(record, file)
    return respelled(record, data)


def head_of(data: bytes, file: str, kind: type[T]) -> T:
    """The head fields of the record in `data` that `kind` has. All schemas have the same head.

    Raises `RecordError`, as `from_json` does.
    """
    found: T = _decoded(data, file, kind, _version(data, file))
    return found


def _version(data: bytes, file: str) -> int:
    try:
        version = msgspec.json.decode(data, type=Versioned).schema_version
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"{file}: expected a record of harness run, found {error}") from None
    if version not in READ:
        schemas = " or ".join(map(str, READ))
        expected = f"record schema {schemas}, which this version reads"
        raise RecordError(f"{file}: expected {expected}, found {version}")
    return version


def _decoded(data: bytes, file: str, kind: Any, version: int) -> Any:
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        raise RecordError(f"{file}: expected a record of schema {version}: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(f"{file}: expected a record of harness run, found {error}") from None


class _Joined:
    """The contents of a file, with what its parts inherit. Raises `ValueError` if they refer to nothing."""

    def __init__(self, found: Any) -> None:
        self.found = found
        self.sources = {source.cite: said(source) for source in found.sources}
        self.shared = 0
        self.points = [self._point(point) for point in found.points]
        self.slices: dict[tuple[int, int], tuple[str, ...]] = {}
        self.results: dict[tuple[Any, ...], Fields] = {}
        self.claims: dict[str, Fields] = {}
        for claim in found.claims:
            if claim.id in self.claims:
                raise ValueError(f"expected one claim {claim.id[:200]}, found two")
            self.claims[claim.id] = self._inherited(claim)

    def record(self) -> Record:
        """The record in memory."""
        head = {field.name: getattr(self.found, field.name) for field in HEAD}
        claims = tuple(self._statement(claim) for claim in self.found.claims if _has_statement(claim))
        return Record(**head, claims=claims, instances=tuple(map(self._instance, self.found.instances)))

    def _inherited(self, claim: Any) -> Fields:
        """What the instances of a claim inherit from it."""
        own = said(claim)
        shared = said(own["each"]) if "each" in own else {}
        fields = _NO_INSTANCE | {name: own[name] for name in OF_A_CLAIM if name in own} | shared
        fields["claim_says"] = own.get("says", "")
        if fields["control"] is not None:
            fields["control"] = said(fields["control"])
        if "source" in own:
            fields["source"] = self._source(own["source"])
        return fields

    def _statement(self, claim: Any) -> ClaimRecord:
        own, known = said(claim), self.claims[claim.id]
        fields = {name: own[name] for name in ("id", *OF_A_STATEMENT) if name in own}
        fields |= {name: known[name] for name in ("suite", "claim", "source") if name in known}
        fields["says"] = known["claim_says"]
        return _made(ClaimRecord, fields, claim.id)

    def _source(self, citation: Any) -> SourceRecord | None:
        if citation is None:
            return None
        fields = {**_NO_SOURCE, **self.sources.get(citation.cite, {}), **said(citation)}
        return _made(SourceRecord, fields, f"source {citation.cite}")

    def _instance(self, found: Any) -> InstanceRecord:
        own = said(found)
        claim = self.claims.get(found.claim)
        if claim is None:
            raise ValueError(f"expected a claim {found.claim[:200]}, of {found.id[:200]}, found none")
        fields = {**claim, **own}
        fields["claim"] = claim.get("claim", "")
        if "source" in own:
            fields["source"] = self._source(own["source"])
        if "says" not in own:
            fields["says"] = filled(fields["claim_says"], fields["point"])
        _complete(fields, own)
        fields["trials"] = self._trials(fields)
        inherited = {name: fields[name] for name in OF_AN_INSTANCE if name in fields}
        if fields["parts"]:
            fields["parts"] = tuple(_part(part, inherited) for part in fields["parts"])
        fields["control"] = self._control(own, claim["control"], inherited)
        return _made(InstanceRecord, fields, found.id)

    def _control(self, own: Fields, words: Fields | None, inherited: Fields) -> ControlRecord | None:
        """An instance's control. `words` are those of its claim."""
        mine = own.get("control", words)
        if mine is None:
            return None
        fields = dict(words or {}) if mine is words else {**(words or {}), **said(mine)}
        number = fields.pop("result", None)
        return ControlRecord(**fields, **({} if number is None else self._control_result(number, inherited)))

    def _control_result(self, number: int, inherited: Fields) -> Fields:
        """The results of a control, once for all instances from which its parts inherit the same."""
        if not 0 <= number < len(self.found.controls):
            raise ValueError(f"expected one of {len(self.found.controls)} controls, found number {number}")
        key = (number, *inherited.items())
        if key not in self.results:
            own = said(self.found.controls[number])
            parts = own.get("parts", ())
            self._count(100 * len(parts))
            verdict = own.get("verdict", "")
            heirs = {**inherited, "verdict": verdict}
            self.results[key] = {"verdict": verdict, "parts": tuple(_part(part, heirs) for part in parts)}
            if "boundary" in own:
                self.results[key]["boundary"] = own["boundary"]
        return self.results[key]

    def _trials(self, fields: Fields) -> tuple[TrialsRecord, ...]:
        numbers = fields["trials"]
        quantities = fields.pop("quantities")
        read = fields.pop("read", None) or (fields["n"],) * len(numbers)
        if not len(numbers) == len(quantities) == len(read):
            raise ValueError(
                f"expected quantities, and seeds read, for each of the trials of {fields['id'][:200]},"
                f" found {len(quantities)} and {len(read)} for {len(numbers)}"
            )
        found = []
        for number, names, n in zip(numbers, quantities, read, strict=True):
            if not 0 <= number < len(self.points):
                most = len(self.points)
                raise ValueError(
                    f"expected one of {most} points, of {fields['id'][:200]}, found number {number}"
                )
            point = {**self.points[number], "fingerprints": self._fingerprints(number, n)}
            found.append(TrialsRecord(**point, quantities=names, n=n))
        return tuple(found)

    def _fingerprints(self, number: int, n: int) -> tuple[str, ...]:
        """The first n fingerprints of a point, once for all instances that read as many."""
        key = (number, max(n, 0))
        if key not in self.slices:
            self.slices[key] = self.points[number]["fingerprints"][: key[1]]
            self._count(len(self.slices[key]))
        return self.slices[key]

    def _point(self, point: Any) -> Fields:
        """The fields that `TrialsRecord` has of a point, except what was read of it."""
        shared = self.found.experiments.get(point.experiment, {})
        self._count(len(shared))
        own = {
            "fingerprints": (),
            "data": (),
            "own_split": False,
            "baseline": "",
            "params": {},
            **said(point),
        }
        own["fingerprints"] = unpacked_fingerprints(own["fingerprints"])
        return {**own, "params": dict(sorted({**shared, **own["params"]}.items()))}

    def _count(self, more: int) -> None:
        self.shared += more
        if self.shared > MOST:
            raise ValueError(f"expected at most {MOST:,} parameters and fingerprints, found more")


def _check(record: Record, file: str) -> None:
    """Check what types cannot express. Raises `RecordError`."""
    distinct = {id(instance.toml): instance for instance in record.instances}
    for where, overrides in (
        *((f"instances.{instance.id}.toml", instance.toml) for instance in distinct.values()),
        *((f"suites.{suite.name}.given", suite.overrides) for suite in record.suites),
    ):
        if deeper(overrides, DEEPEST):
            raise RecordError(
                f"{file}: expected at most {DEEPEST} tables in each other, found more in {where[:200]}"
            )
    for instance in record.instances:
        _check_boundary(instance, file)
    if record.shard is not None and len(record.shard.places) != len(record.instances):
        places, found = len(record.shard.places), len(record.instances)
        raise RecordError(f"{file}: expected an instance for each place of shard, found {found} for {places}")


def _check_boundary(instance: InstanceRecord, file: str) -> None:
    """Check that values of an axis have logarithms, and that the visited points are the parts."""
    searched = [(instance.boundary, instance.parts)]
    if instance.control is not None:
        searched.append((instance.control.boundary, instance.control.parts))
    for boundary, parts in searched:
        if boundary is None:
            continue
        where = f"{file}: expected of the boundary of {instance.id[:200]}"
        sides = (*instance.interval, *instance.region, *boundary.jointly)
        values = (*boundary.at, *boundary.ends, *(side for side in sides if side is not None))
        if not all(value > 0 for value in values) or boundary.ends[0] >= boundary.ends[1]:
            raise RecordError(f"{where} values of its axis above 0, found {min(values)!r}")
        if len(boundary.at) != len(parts):
            raise RecordError(f"{where} a value of the axis for each part, found {len(boundary.at)}")
        if sorted(boundary.order) != list(range(len(parts))):
            raise RecordError(f"{where} each of {len(parts)} parts once in its order, found others")
    if (instance.unit == "boundary") != (instance.boundary is not None):
        raise RecordError(f"{file}: expected a boundary of {instance.id[:200]}, as its unit says")


def deeper(value: object, most: int) -> bool:
    """Whether more than `most` tables or lists are nested."""
    level = [value]
    for _ in range(most + 1):
        inner = [list(v.values()) if isinstance(v, dict) else v for v in level if isinstance(v, (dict, list))]
        if not inner:
            return False
        level = [item for items in inner for item in items]
    return True


def _has_statement(claim: Any) -> bool:
    return claim.instances is not msgspec.UNSET


def _complete(fields: Fields, own: Fields) -> None:
    """Give an instance or a part what follows from its interval, and its numbers."""
    if "values" in own:
        fields["values"] = unpacked(own["values"])
    if "smallest_margin" not in own:
        fields["smallest_margin"] = margin(fields) if "region" in fields else None
    earlier = fields.pop("earlier", ())
    if "looks" not in own:
        fields["looks"] = (*earlier, (fields["n"], *fields["interval"])) if fields["n"] else ()


def _part(part: Any, inherited: Fields) -> PartRecord:
    own = said(part)
    fields = {**_NO_PART, **inherited, **own}
    _complete(fields, own)
    return _made(PartRecord, fields, f"part {fields['name'][:200]!r}")


_Made = TypeVar("_Made", bound=msgspec.Struct)


def _made(kind: type[_Made], fields: Fields, what: str) -> _Made:
    """The struct of these fields. Raises `ValueError` if a required field is missing."""
    try:
        return kind(**fields)
    except TypeError:
        required = {field.name for field in msgspec.structs.fields(kind) if field.required}
        lacking = ", ".join(sorted(required - fields.keys()))
        expected = f"{lacking} of {what[:200]}, or of what it belongs to"
        raise ValueError(f"expected {expected}, found none") from None
