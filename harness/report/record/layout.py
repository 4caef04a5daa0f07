"""The layout of a record in its file: JSON that states every fact once, and every instance on a line.

Fields have the names that they have in memory (`types`), except those of `LETTERS`, which keep the letters
under which records were first published. Common facts stand in tables, to which other lines refer:

    sources       papers and books, by what claims call them (`cite`)
    experiments   parameters, with the values that most points of an experiment share
    points        what was measured: an experiment, its other parameters, a fingerprint for each seed
    rivals        results of controls: several claims may have one
    claims        what is claimed, and what its instances together say; `each` is what its instances share
    instances     `claim` is the id of the claim; `trials` has the numbers of points, from 0, and
                  `control.rival` that of its control's result

**A field that is left out is inherited.** An instance has it from the `each` of its claim, or else from the
claim. A part has `region`, `budget`, `leaves_open`, `exchanged` and `computed` from its instance, and a part
of a control has `verdict` from the control's result. A citation has missing fields from its source. A field
that nothing gives is null, empty, or the default of `types`. Some fields have rules of their own if they are
left out:

    looks            of an instance or a part: those of `earlier`, then (n, *interval)
    smallest_margin  what the interval supports of a region of this shape: see `margin`
    says             of an instance: the claim's, with the labels of its point in the braces
    read             how many seeds of each of its `trials` an instance read: n

Fields with a number for each seed are base64, which takes half the room and keeps every bit: `values` are 8
bytes each (IEEE 754, little-endian), and `fingerprints`, if all have 16 digits, 8 bytes each.
"""

from __future__ import annotations

import math
import re
import struct
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import NODEFAULT, UNSET

from harness.declare import Value
from harness.report.record.kinds import LETTERS
from harness.report.record.types import (
    ClaimRecord,
    ControlRecord,
    InstanceRecord,
    PartRecord,
    Record,
    SourceRecord,
    TrialsRecord,
    Versioned,
)
from harness.text import label_of

Fields = dict[str, Any]
"""Values by the names of fields."""

OF_A_CLAIM = (
    "suite", "claim", "claim_says", "source", "kind", "exchanged", "predicate", "toml", "alpha", "centre",
    "explored", "computed",
)  # fmt: skip
"""The fields that an instance inherits from the line of its claim, which calls `claim_says` `says`."""
SHARED = (
    "expect", "stance", "because", "marks", "unit", "region", "budget", "least", "first_seed", "rule",
    "explored_seeds", "agreement", "reason", "leaves_open", "quantities",
)  # fmt: skip
"""The fields that an instance inherits from `each`, with the words of its control."""
OF_A_CONTROL = ("predicate", "at", "none_because")
OF_AN_INSTANCE = ("region", "budget", "leaves_open", "exchanged", "computed")
"""The fields that a part inherits."""
OF_A_STATEMENT = ("agreement", "instances", "stances", "counts", "where")
OF_A_CITATION = ("stance", "where", "scope", "margin")

_NOTHING: Fields = {
    "because": "", "reason": "", "agreement": "", "marks": (), "values": (), "parts": (), "trials": (),
    "source": None, "control": None, "estimate": None, "interval": (None, None), "region": (None, None),
    "seeds_to_decision": None, "hours_to_decision": None, "name": "", "fingerprints": (), "point": {},
}  # fmt: skip
"""The value of a field that nothing gives and for which `types` has no default."""


def defaults_in_file(of: type[msgspec.Struct]) -> Fields:
    """The values of a type's fields if nothing gives them, except required fields and those with a rule."""
    found = {}
    for field in msgspec.structs.fields(of):
        if field.name in ("looks", "smallest_margin"):
            continue
        if field.default is not NODEFAULT:
            found[field.name] = field.default
        elif field.default_factory is not NODEFAULT:
            found[field.name] = field.default_factory()
        elif field.name in _NOTHING:
            found[field.name] = _NOTHING[field.name]
    return found


def said(found: msgspec.Struct) -> Fields:
    """The fields that are not left out."""
    return {name: value for name, value in msgspec.structs.asdict(found).items() if value is not UNSET}


def packed(values: tuple[float, ...]) -> bytes:
    """8 bytes for each number."""
    return struct.pack(f"<{len(values)}d", *values)


def unpacked(data: bytes) -> tuple[float, ...]:
    """The numbers of `packed`. Raises `ValueError`."""
    if len(data) % 8:
        raise ValueError(f"expected 8 bytes for each of `values`, found {len(data)} bytes")
    values = struct.unpack(f"<{len(data) // 8}d", data)
    if not all(map(math.isfinite, values)):
        raise ValueError("expected numbers as `values`, found NaN or infinity")
    return values


_FINGERPRINT = re.compile("[0-9a-f]{16}")


def packed_fingerprints(names: tuple[str, ...]) -> bytes | tuple[str, ...]:
    """8 bytes for each fingerprint; unchanged if one does not have 16 digits."""
    return bytes.fromhex("".join(names)) if all(map(_FINGERPRINT.fullmatch, names)) else names


def unpacked_fingerprints(data: bytes | tuple[str, ...]) -> tuple[str, ...]:
    """The fingerprints of `packed_fingerprints`. Raises `ValueError`."""
    if not isinstance(data, bytes):
        return data
    if len(data) % 8:
        raise ValueError(f"expected 8 bytes for each of `fingerprints`, found {len(data)} bytes")
    digits = data.hex()
    return tuple(digits[k : k + 16] for k in range(0, len(digits), 16))


def margin(fields: Mapping[str, Any]) -> float | None:
    """The end of an interval towards the edge of a one-sided region; else the size of its farther end."""
    low, high = fields["interval"]
    if low is None or high is None or fields["region"] == (None, None):
        return None
    if None in fields["region"]:
        return float(high if fields["region"][0] is None else low)
    return float(max(abs(low), abs(high)))


_LONGEST = 2_000
_BRACES = re.compile(r"\{([^{}]*)\}")


def filled(says: str, point: Mapping[str, Value]) -> str:
    """A claim's sentence at a point; unfilled if it might become very long."""
    if "{" not in says:
        return says
    labels = {axis: label_of(value) for axis, value in point.items()}
    longest = max(map(len, labels.values()), default=0)
    if len(says) + says.count("{") * longest > _LONGEST:
        return says
    return _BRACES.sub(lambda found: labels.get(found[1], found[0]), says)


def _partial(
    of: type[msgspec.Struct], needed: tuple[str, ...] = (), only: tuple[str, ...] = (), **others: Any
) -> Any:
    """A type with the fields of another, or `only` some, which may be left out unless they are `needed`.

    `others` are fields with another type than in memory, or that are only in files.
    """
    types = {f.name: f.type for f in msgspec.structs.fields(of) if not only or f.name in (*needed, *only)}
    fields = [
        (name, type_) if name in needed else (name, type_ | msgspec.UnsetType, UNSET)
        for name, type_ in (types | others).items()
    ]
    name = of.__name__.removesuffix("Record") + "InFile"
    return msgspec.defstruct(
        name, fields, frozen=True, kw_only=True, gc=False, module=__name__, rename=LETTERS
    )


def _several(kind: Any) -> Any:
    return tuple[kind, ...]


_Looks = tuple[tuple[int, float | None, float | None], ...]
_CitationInFile = _partial(SourceRecord, ("cite",))
_SourceInFile = _partial(SourceRecord, ("cite",), ("title", "authors", "arxiv", "doi", "url", "year"))
_PartInFile = _partial(PartRecord, ("n",), values=bytes, earlier=_Looks)
_ControlResultInFile = _partial(ControlRecord, (), ("verdict", "boundary"), parts=_several(_PartInFile))
_ControlInFile = _partial(ControlRecord, (), OF_A_CONTROL, result=int)
_EachInFile = _partial(
    InstanceRecord, (), SHARED, quantities=tuple[tuple[str, ...], ...], control=_ControlInFile
)
_IN_A_CLAIM = set(OF_A_CLAIM) - {"claim_says"}
_ClaimInFile = _partial(
    ClaimRecord,
    ("id",),
    **{
        **{f.name: f.type for f in msgspec.structs.fields(InstanceRecord) if f.name in _IN_A_CLAIM},
        "source": _CitationInFile | None,
        "each": _EachInFile,
    },
)
_PointInFile = _partial(
    TrialsRecord,
    ("experiment", "first_seed"),
    ("params", "data", "own_split", "baseline"),
    fingerprints=bytes | tuple[str, ...],
)
_InstanceInFile = _partial(
    InstanceRecord,
    ("id", "claim", "verdict", "outcome", "n", "seconds"),
    values=bytes,
    source=_CitationInFile | None,
    parts=_several(_PartInFile),
    control=_ControlInFile | None,
    trials=tuple[int, ...],
    read=tuple[int, ...],
    quantities=tuple[tuple[str, ...], ...],
    earlier=_Looks,
)
TABLES: Fields = {
    "sources": _several(_SourceInFile),
    "experiments": dict[str, dict[str, Value]],
    "points": _several(_PointInFile),
    "controls": _several(_ControlResultInFile),
    "claims": _several(_ClaimInFile),
    "instances": _several(_InstanceInFile),
}
HEAD = tuple(f for f in msgspec.structs.fields(Record) if f.name not in TABLES)
RecordInFile: Any = msgspec.defstruct(
    "RecordInFile",
    [
        *(
            (f.name, f.type) if f.default is NODEFAULT else (f.name, f.type, f.default)
            for f in HEAD
            if f.name != "schema_version"
        ),
        *TABLES.items(),
    ],
    bases=(Versioned,),
    frozen=True,
    kw_only=True,
    gc=False,
    module=__name__,
    rename=LETTERS,
)
