"""How a record stands in its file: every fact once, an instance on a line, and all of it read back."""

from __future__ import annotations

import base64
import json
import struct
from pathlib import Path
from typing import Any

import msgspec
import pytest
from first_schema import first_schema
from made import INSTANCE, LAW, PART, RECORD, at_sizes, record, unmeasured
from msgspec.structs import replace

from harness.report import Record, RecordError, from_json, read_record, to_json
from harness.report.agreement import claim_records
from harness.report.record import InstanceRecord, reader
from harness.report.words import by_claim

PUBLISHED = sorted((Path(__file__).parents[2] / "reports" / "published").glob("*.json"))
LIMIT = 1_000_000
"""Bytes that a published record may have."""
TABLES = ("suites", "sources", "points", "rivals", "claims", "instances")


def stated(*instances: InstanceRecord) -> Record:
    """A record of these instances, with statements on their claims."""
    return record(*instances, claims=claim_records(by_claim(instances), {}))


def file_of(found: Record) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(to_json(found))
    return data


def test_every_fact_stands_once_and_every_instance_on_a_line() -> None:
    instances = [replace(i, says=f"a equals b at size {i.point['size']}.") for i in at_sizes(20)]
    text = to_json(stated(*instances)).decode()
    data = json.loads(text)
    facts = ("On toys", "a and b equal within 5%", '"within":"5%"', '"toys:pair":{', '"alpha":', "a and c")
    for fact in facts:
        assert text.count(fact) == 1, fact
    lines = [line.rstrip(",") for line in text.splitlines()]
    for name in TABLES:
        found = [json.loads(line) for line in lines[lines.index(f'"{name}":[') + 1 :][: len(data[name])]]
        assert found == data[name], name
    assert [i["id"] for i in data["instances"]] == [i.id for i in instances]
    assert {i["claim"] for i in data["instances"]} == {c["id"] for c in data["claims"]} == {"toys/same"}
    assert [i["point"] for i in data["instances"]] == [{"size": size} for size in range(1, 21)]
    shared = {"toml", "source", "says", "predicate", "alpha", "region"}
    assert not any(shared & instance.keys() for instance in data["instances"])
    assert len(data["points"]) == len(data["rivals"]) == 1


def test_a_number_for_each_seed_keeps_its_bits() -> None:
    values = (0.1, -0.0, 5e-324, 1.7976931348623157e308, 2 / 3)
    (found,) = file_of(record(replace(INSTANCE, values=values)))["instances"]
    assert struct.unpack("<5d", base64.b64decode(found["values"])) == values


HAND_MADE = {
    "other words under one id": (INSTANCE, replace(INSTANCE, toml={"says": "x"}, alpha=0.01, source=None)),
    "another source of one name": (
        INSTANCE,
        replace(INSTANCE, source=replace(INSTANCE.source, title="X", year=None)),
    ),
    "numbers that are equal, not alike": (
        replace(INSTANCE, toml={"a": 1}, point={"size": 1.0}),
        replace(INSTANCE, toml={"a": 1.0}, point={"size": True}),
    ),
    "looks that end elsewhere": (replace(INSTANCE, looks=((6, 0.0, 1.0),)), replace(INSTANCE, looks=())),
    "a margin of its own": (
        replace(INSTANCE, smallest_margin=None),
        replace(INSTANCE, smallest_margin=0.5),
    ),
    "controls of all kinds": (
        INSTANCE,
        replace(INSTANCE, control=None),
        replace(INSTANCE, control=replace(INSTANCE.control, predicate="", at={}, none_because="why")),
        replace(INSTANCE, control=replace(INSTANCE.control, predicate="", at={}, verdict="", parts=())),
        replace(INSTANCE, control=replace(INSTANCE.control, parts=(PART, replace(PART, verdict="error")))),
    ),
    "fewer seeds at a point": (
        replace(INSTANCE, trials=(replace(INSTANCE.trials[0], fingerprints=("a" * 16, "b" * 16), n=2),)),
        replace(INSTANCE, trials=(replace(INSTANCE.trials[0], fingerprints=("a" * 16,), n=1),)),
        replace(INSTANCE, trials=(replace(INSTANCE.trials[0], fingerprints=("b" * 16,), n=2),)),
        replace(INSTANCE, trials=(replace(INSTANCE.trials[0], fingerprints=("a" * 16, "c" * 16), n=2),)),
        replace(INSTANCE, trials=(replace(INSTANCE.trials[0], fingerprints=("short",), n=2),)),
    ),
    "other parameters": tuple(
        replace(INSTANCE, trials=(replace(INSTANCE.trials[0], params=params),))
        for params in ({"size": 1}, {"size": 1.0}, {"size": 1, "more": "x"}, {})
    ),
    "braces of no axis": (replace(INSTANCE, claim_says="{size} {other}", says="1 {other}"), INSTANCE),
    "a law, and nothing measured": (LAW, unmeasured("not-run"), unmeasured("error", reason="a\nlog")),
}  # fmt: skip


@pytest.mark.parametrize("instances", HAND_MADE.values(), ids=HAND_MADE)
@pytest.mark.parametrize("make", [record, stated])
def test_all_that_a_record_says_is_read_back(make: Any, instances: tuple[InstanceRecord, ...]) -> None:
    found = make(*instances)
    again = from_json(to_json(found), "r.json")
    assert again == found
    ones, others = (msgspec.json.encode(each, order="deterministic") for each in (again, found))
    assert ones == others  # 1 == 1.0, but they are not written alike


@pytest.mark.parametrize("instances", HAND_MADE.values(), ids=HAND_MADE)
def test_a_record_of_schema_1_is_read_as_todays(instances: tuple[InstanceRecord, ...]) -> None:
    found = stated(*instances)
    older = from_json(json.dumps(first_schema(found)).encode(), "r.json")
    assert older.schema_version == 2
    for was, now in zip(found.instances, older.instances, strict=True):
        assert (now.suite, now.id, now.labels) == (was.suite, was.id, was.labels)
        assert now.claim_says == was.toml.get("says", was.says)
        filled: dict[str, Any] = {"kind": "", "claim_says": "", "point": {}}
        assert replace(now, **filled) == replace(was, **filled)


def test_older_records_get_the_fields_that_their_text_had() -> None:
    differ = {"says": "x", "differ": {"of": ["a", "b"], "by": "5%"}}
    conjunction = replace(
        INSTANCE,
        toml=differ,
        exchanged=True,
        kind="differ",
        claim_says="x",
        parts=tuple(replace(PART, name=name, exchanged=True) for name in ("one", "two")),
        control=replace(INSTANCE.control, parts=(replace(PART, exchanged=True),)),
    )
    point = {"size": 1, "rate": 0.1, "data": "sphere", "on": True, "code": "12", "hidden": "1..2", "net": "x"}
    trials = (replace(INSTANCE.trials[0], params={"code": "12", "rate": 0.1, "size": 1}),)
    typed = replace(INSTANCE, id="toys/typed", claim="typed", point=point, trials=trials)
    found = record(conjunction, typed, replace(typed, trials=(), id="toys/typed[not run]"))
    older = from_json(json.dumps(first_schema(found)).encode(), "r.json")
    assert older.instances == found.instances
    assert [type(value) for value in older.instances[2].point.values()] == list(map(type, point.values()))


def test_an_older_record_has_no_more_fingerprints_than_seeds() -> None:
    (trials,) = INSTANCE.trials
    made = replace(trials, fingerprints=("a" * 16, "b" * 16, "c" * 16), n=2)
    older = from_json(json.dumps(first_schema(record(replace(INSTANCE, trials=(made,))))).encode(), "r.json")
    assert older.instances[0].trials[0].fingerprints == made.fingerprints[:2]
    assert from_json(to_json(older), "r.json") == older


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_a_published_record_is_light(path: Path) -> None:
    found = read_record(path)
    data = to_json(found)
    assert len(data) < LIMIT
    assert from_json(data, "new.json") == found
    assert path.stat().st_size < LIMIT or json.loads(path.read_bytes())["schema_version"] == 1


def _change(table: str, **fields: object) -> dict[str, Any]:
    data = file_of(stated(INSTANCE))
    data[table][0] |= fields
    return data


HOSTILE = [
    (_change("instances", claim="toys/none"), "expected a claim toys/none, of toys/same.size=1., found none"),
    (_change("instances", trials=[7]), "expected one of 1 points, of toys/same.size=1., found number 7"),
    (_change("instances", trials=[-1]), "expected one of 1 points, of toys/same.size=1., found number -1"),
    (_change("instances", trials=[0, 0]), "expected quantities, and seeds read, for each of the trials"),
    (_change("instances", control={"rival": 5}), "expected one of 1 controls, found number 5"),
    (_change("instances", control={"rival": -1}), "expected one of 1 controls, found number -1"),
    (_change("instances", values="AAAA"), "expected 8 bytes for each of `values`, found 3 bytes"),
    (_change("instances", values=base64.b64encode(b"\xff" * 8).decode()), "found NaN or infinity"),
    (_change("instances", values="?"), r"\$.instances\[0\].values"),
    (_change("points", fingerprints="AAAA"), "expected 8 bytes for each of `fingerprints`, found 3 bytes"),
    (_change("claims", source={"cite": "nobody"}), "of source nobody, or of what it belongs to, found none"),
    (_change("claims", each={"quantities": [["a"]], "budget": 9}), "expected expect, unit of toys/same"),
    (_change("claims", toml="none"), r"\$.claims\[0\].toml"),
]


@pytest.mark.parametrize(("data", "said"), HOSTILE, ids=[said[:40] for _, said in HOSTILE])
def test_a_damaged_file_is_one_clear_error(data: dict[str, Any], said: str) -> None:
    with pytest.raises(RecordError, match=f"r.json: expected a record of schema 2: .*{said}"):
        from_json(json.dumps(data).encode(), "r.json")


def test_one_claim_has_one_line() -> None:
    data = file_of(stated(INSTANCE))
    data["claims"] *= 2
    with pytest.raises(RecordError, match="expected one claim toys/same, found two"):
        from_json(json.dumps(data).encode(), "r.json")


def test_few_points_cannot_stand_for_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of a few megabytes may refer to a long list again and again, each time to another part of it."""
    monkeypatch.setattr(reader, "MOST", 500)
    data = file_of(stated(*at_sizes(40)))
    data["points"][0]["fingerprints"] = ["a" * 16] * 40
    for n, instance in enumerate(data["instances"]):
        instance["read"] = [n]
    with pytest.raises(RecordError, match="expected at most 500 parameters and fingerprints, found more"):
        from_json(json.dumps(data).encode(), "r.json")


def test_a_sentence_does_not_grow_beyond_measure() -> None:
    long = replace(INSTANCE, point={"size": "x" * 1000}, claim_says="{size}" * 1000, says="short")
    data = file_of(record(long))
    del data["instances"][0]["says"]
    assert from_json(json.dumps(data).encode(), "r.json").instances[0].says == long.claim_says
    assert RECORD.instances
