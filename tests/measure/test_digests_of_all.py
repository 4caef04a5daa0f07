"""What each digest is of, and how long: all that two things can differ in, at the length at which none meet.

Two of n things share a digest with a chance of n²/2^(bits+1). A checksum, which only chance must miss, has
128 bits; what names a measurement has 256.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from harness.declare import Missing, Repeatable, find
from harness.measure import Measurement, Stage, Store, source_of
from harness.measure.digests import digest_of
from harness.measure.fingerprint import fingerprint, program
from harness.measure.installed import Distribution, Distributions
from harness.measure.recheck import Group
from harness.questions import Trial

MEASURED = Measurement(
    trial=Trial("m:f", (("a", 1),), 3),
    fingerprint="abc",
    status="ok",
    values={"x": 0.1},
    missing={"y": Missing("failed", "kernels", "no")},
    stages=(Stage("kernels", 0.25, "", False),),
    seconds=2.0,
    device="cpu",
    cpu="a model",
    program="def",
    ordinal=2,
    changed=True,
)


def rows(store: Path, table: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(store) as database:
        return database.execute(f"select * from {table}").fetchall()


def checksum(columns: tuple[object, ...]) -> str:
    """By the words of the module: BLAKE2b in 128 bits of the columns before it, as JSON."""
    return hashlib.blake2b(json.dumps(list(columns)).encode(), digest_size=16).hexdigest()


def test_a_rows_checksum_is_of_all_its_columns(store):
    opened = Store(store)
    opened.keep(MEASURED)
    opened.keep_pass("key", "def", MEASURED.trial)
    opened.close()
    for table in ("measurement", "recheck"):
        ((*columns, found),) = rows(store, table)
        assert found == checksum(columns)
        assert re.fullmatch("[0-9a-f]{32}", found)


@pytest.mark.parametrize("table", ["measurement", "recheck"])
def test_a_row_with_any_column_changed_is_not_there(store, table):
    """Each column in turn, its text one character longer or its number one larger; then its checksum."""
    opened = Store(store)
    opened.keep(MEASURED)
    opened.keep_pass("key", "def", MEASURED.trial)
    (row,) = rows(store, table)
    key = {"measurement": "fingerprint", "recheck": "passed"}[table]
    with sqlite3.connect(store) as database:
        names = [line[1] for line in database.execute(f"pragma table_info({table})")]
    for name, value in zip(names, row, strict=True):
        if name == key:
            continue
        changed = value + 1 if isinstance(value, int | float) else f"{value} "
        with sqlite3.connect(store) as database:
            database.execute(f"update {table} set {name} = ?", [changed])
        there = opened.passed("key") if table == "recheck" else bool(opened.recall(["abc"]))
        assert not there, name
        with sqlite3.connect(store) as database:
            database.execute(f"update {table} set {name} = ?", [value])
        assert opened.passed("key") if table == "recheck" else opened.recall(["abc"]), name
    opened.close()


def test_digests_have_256_bits():
    declaration = find("ntk.kernel")
    source = source_of("harness.ntk.experiments.kernel:kernel", ())
    trial = Trial("ntk.kernel", (("width", 1),), 0)
    found = [
        fingerprint(trial, declaration, source, "cpu"),
        program(trial, declaration, source, "cpu"),
        source.digest,
        *source.digests.values(),
        *(distribution.digest for distribution in source.distributions),
        Group("m:f", "def", (("a", 1),)).key,
        digest_of(__file__),
    ]
    assert len(source.digests) > 3
    assert len(source.distributions) > 3
    for digest in found:
        assert re.fullmatch("[0-9a-f]{64}", digest), digest
    assert digest_of(__file__) == hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


@pytest.mark.parametrize("field", ["name", "version", "digest"])
def test_all_that_identifies_a_distribution_is_in_the_digest(monkeypatch, field):
    """The same closure, with one distribution that differs in one of the three."""
    original = Distributions.distributions
    before = source_of("harness.ntk.experiments.kernel:kernel", ()).digest

    def another(self, folders):
        first, *rest = original(self, folders)
        return (replace(first, **{field: getattr(first, field) + "0"}), *rest)

    monkeypatch.setattr(Distributions, "distributions", another)
    assert source_of("harness.ntk.experiments.kernel:kernel", ()).digest != before
    assert Distribution.__dataclass_fields__.keys() == {"name", "version", "digest"}


def test_a_groups_key_has_all_that_passes_together():
    group = Group("m:f", "def", (("a", 1),), Repeatable(tolerance=0.5), "of a suite")
    others = [
        replace(group, experiment="m:g"), replace(group, program="de"), replace(group, fixed=(("a", 2),)),
        replace(group, repeatable=Repeatable(tolerance=0.25)),
    ]  # fmt: skip
    assert len({group.key, *(other.key for other in others)}) == 5
    assert replace(group, name="of another").key == group.key
