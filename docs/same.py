"""Whether two records, of whatever schemas, say the same: the same instances, to the bit.

    python docs/same.py A.json B.json               # exits with 1 if they differ, and lists what differs
    python docs/same.py --verdicts A.json B.json    # ids and verdicts alone, as timings never repeat
    python docs/same.py --write A.json B.json       # write the record A anew as B, in today's schema

What is compared of an instance: verdict, outcome, agreement, what was expected, n, values, estimate,
interval, region, looks, the smallest margin, straightness, and the same of its parts and its control. What is
of the run is not: how long it took, where, at which commit, and which fingerprints its trials have.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec

import harness
from harness.report import to_json, write_whole
from harness.report.record import InstanceRecord, PartRecord

OF_A_VERDICT = ("verdict",)
OF_NUMBERS = (
    "verdict", "n", "values", "estimate", "interval", "region", "looks", "smallest_margin", "straightness",
)  # fmt: skip
OF_AN_INSTANCE = ("outcome", "agreement", "expect", "stance", *OF_NUMBERS)
SHOWN = 120
"""Characters of a value."""


def differences(before: harness.Record, after: harness.Record, *, verdicts: bool = False) -> list[str]:
    """What differs, a line each: instances that one lacks, then fields in the order of the first."""
    one, other = ({i.id: i for i in record.instances} for record in (before, after))
    found = [f"{id_}: only in the first" for id_ in one if id_ not in other]
    found += [f"{id_}: only in the second" for id_ in other if id_ not in one]
    if len(one) != len(before.instances) or len(other) != len(after.instances):
        found.append("an id occurs twice")
    for id_ in (id_ for id_ in one if id_ in other):
        pair = one[id_], other[id_]
        found += _fields(id_, *pair, OF_A_VERDICT if verdicts else OF_AN_INSTANCE)
        if not verdicts:
            found += _parts(id_, pair[0].parts, pair[1].parts)
            found += _controls(id_, *pair)
    return found


def _controls(id_: str, one: InstanceRecord, other: InstanceRecord) -> Iterator[str]:
    if one.control is None or other.control is None:
        if one.control is not other.control:
            yield f"{id_}: control: {_told(one.control)} and {_told(other.control)}"
        return
    yield from _fields(f"{id_}: control", one.control, other.control, ("verdict", "labels"))
    yield from _parts(f"{id_}: control", one.control.parts, other.control.parts)


def _parts(what: str, one: tuple[PartRecord, ...], other: tuple[PartRecord, ...]) -> Iterator[str]:
    if [part.name for part in one] != [part.name for part in other]:
        yield f"{what}: parts: {[part.name for part in one]} and {[part.name for part in other]}"
        return
    for part, now in zip(one, other, strict=True):
        yield from _fields(f"{what}: part {part.name}".removesuffix(" part "), part, now, OF_NUMBERS)


def _fields(what: str, one: object, other: object, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        was, now = (msgspec.json.encode(getattr(each, name)) for each in (one, other))  # 0.0 is not -0.0
        if was != now:
            yield f"{what}: {name}: {_told(getattr(one, name))} and {_told(getattr(other, name))}"


def _told(value: object) -> str:
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def main(arguments: list[str] | None = None) -> int:
    """The exit code."""
    parser = argparse.ArgumentParser(description="Compare two records to the bit.")
    parser.add_argument("--verdicts", action="store_true", help="compare ids and verdicts alone")
    parser.add_argument("--write", action="store_true", help="write the first anew, as the second")
    parser.add_argument("records", nargs=2, type=Path, metavar="RECORD")
    given = parser.parse_args(arguments)
    before, after = given.records
    record = harness.read_record(before)
    if given.write:
        write_whole(after, to_json(record))
        print(f"{before}: {before.stat().st_size:,} bytes; {after}: {after.stat().st_size:,} bytes")
    found = differences(record, harness.read_record(after), verdicts=given.verdicts)
    print("\n".join(found or [f"{len(record.instances)} instances are the same"]))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
