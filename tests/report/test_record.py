"""The record: what is in it, and that it survives its file."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
from good_suite import GOOD, write
from records import record_of

from harness.report import SCHEMA_VERSION, Record, RecordError, from_json, read_record, to_json, write_whole
from harness.report.files import OutputError

__all__ = ["write"]

OTHERS = """
[claims.never]
says = "The same, much too narrow."
expect = "open"
experiment = "pairs"
equal = { of = ["a.error", "b.error"], within = "0.1%" }
at = { shift = 0.0, size = 1 }
[claims.below]
says = "a is at most 9 b."
source = { cite = "someone", stance = "disputes" }
experiment = "pairs"
at-most = { of = "gap", bound = 0.1 }
at = { shift = 0.0, size = 1 }
[claims.ordered]
says = "Larger is larger."
expect = "supported"
experiment = "pairs"
monotone = { of = "gap", along = "size", direction = "increasing" }
at = { shift = 0.0 }
"""


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    path = tmp_path_factory.mktemp("suite") / "toys.toml"
    path.write_text(GOOD + OTHERS)
    return record_of(path)


def test_it_has_what_a_reader_needs(record: Record) -> None:
    assert record.schema_version == SCHEMA_VERSION
    assert [s.name for s in record.suites] == ["toys"]
    assert record.environment.workers == 1
    assert record.first_seed == 0
    assert record.exit_code == 1  # `below` is disputed, and holds
    assert record.wrong_verdicts_bound == pytest.approx(0.001 * len(record.instances))
    first = record.instances[0]
    assert first.id == "toys/same[shift=0,size=1]"
    assert first.says == "a equals b at 0, size 1."
    assert (first.suite, first.claim, first.kind) == ("toys", "same", "equal")
    assert first.point == {"shift": 0, "size": 1}
    assert first.control is not None
    assert first.control.at == {"shift": 0.5}
    assert first.source is not None
    assert (first.source.cite, first.source.stance, first.source.where) == ("someone", "asserts", "p. 3")
    assert (first.verdict, first.outcome, first.agreement) == ("supported", "as-expected", "agrees")
    assert (first.alpha, first.centre, first.unit) == (0.001, "mean", "ratio")
    assert first.region == (-math.log1p(0.05), math.log1p(0.05))


def test_values_estimate_and_interval_are_of_the_first_n_seeds(record: Record) -> None:
    first = record.instances[0]
    assert len(first.values) == first.n
    assert first.estimate == pytest.approx(sum(first.values) / first.n)
    low, high = first.interval
    assert low is not None
    assert high is not None
    assert low < first.estimate < high


def test_the_trials_behind_it_are_named(record: Record) -> None:
    first = record.instances[0]
    mine, control = first.trials
    assert mine.params["shift"] == 0.0
    assert control.params["shift"] == 0.5
    assert mine.quantities == ("a.error", "b.error")
    assert (mine.experiment, mine.first_seed, mine.n) == ("toys:pair", 0, first.n)
    assert len(mine.fingerprints) == mine.n == len(set(mine.fingerprints))


def test_open_sides_are_null(record: Record) -> None:
    below = next(i for i in record.instances if i.claim == "below")
    assert below.region == (None, 0.1)
    assert below.unit == "value"
    line = next(claim for claim in json.loads(to_json(record))["claims"] if claim["id"] == "toys/below")
    assert line["each"]["region"] == [None, 0.1]
    assert (below.verdict, below.outcome, below.agreement) == ("supported", "unexpected", "contradicts")


def test_an_inconclusive_claim_says_what_it_would_take(record: Record) -> None:
    never = next(i for i in record.instances if i.claim == "never")
    assert (never.verdict, never.outcome, never.n) == ("inconclusive", "measured", 21)
    assert never.smallest_margin is not None
    low, high = never.interval
    assert low is not None
    assert high is not None
    assert never.smallest_margin == max(abs(low), abs(high))
    assert never.seeds_to_decision is None or never.seeds_to_decision > 21


def test_a_conjunction_shows_its_parts(record: Record) -> None:
    ordered = next(i for i in record.instances if i.claim == "ordered")
    assert [p.name for p in ordered.parts] == ["size=1..2", "size=2..4"]
    settling = next(p for p in ordered.parts if p.verdict == ordered.verdict)
    assert ordered.values == settling.values


def test_it_survives_its_file(record: Record, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "record.json"
    write_whole(path, to_json(record))
    assert read_record(path) == read_record(str(path)) == record
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "expected a record of harness run"),
        (b"[]", "expected a record of harness run"),
        (b"{}", "expected a record of harness run"),
        (b'{"schema_version": 999}', "expected record schema 1 or 2, which this version reads, found 999"),
        (b'{"schema_version": 1}', "expected a record of schema 1"),
        (b'{"schema_version": 2}', "expected a record of schema 2"),
        (b"\xff", "expected a record of harness run"),
    ],
)
def test_what_is_no_record_is_refused(data: bytes, said: str) -> None:
    with pytest.raises(RecordError, match=f"f.json: {said}"):
        from_json(data, "f.json")


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(b"old")

    def no_space(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_space)
    with pytest.raises(OutputError, match="No space left on device"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_writing_where_no_folder_can_be(write: Callable[[str], Path]) -> None:
    file = write("x")
    with pytest.raises(OutputError, match="cannot be written"):
        write_whole(file / "record.json", b"new")
