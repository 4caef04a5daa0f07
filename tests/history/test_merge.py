"""Records of shards, and their stores, merged: what one run would have given."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from edits import edited
from records import record_of

from harness.history.merge import MergeError, ShardFile, merge
from harness.measure import Store, contents
from harness.report import Record, read_record
from harness.targets import gather

SUITE = """\
[suite]
format = 2
title = "t"

[experiments.e]
run = "toys:pair"
with = { sd = 0.03, slope = 0.01 }
sweep = { shift = [0.0, 0.01, 0.02, 0.3], size = [1, 2, 4] }

[claims.equal]
says = "…"
expect = "open"
experiment = "e"
equal = { of = ["a.error", "b.error"], within = "5%" }

[claims.alike]
says = "…"
expect = "open"
experiment = "e"
equal = { of = ["a.error", "b.error"], along = "size", within = "5%" }
at = { shift = [0.0, 0.02] }

[claims.small]
says = "…"
expect = "supported"
experiment = "e"
at-most = { of = "gap", bound = 0.2 }
control = "none: a toy"
"""
UNLIKE = ("started", "duration", "command", "shard", "rechecks")
"""What a merged record and that of one run need not share; nor the seconds of trials, by which it is chosen
what is rechecked."""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    path = tmp_path / "t.toml"
    path.write_text(SUITE)
    return path


def plain(record: Record) -> Record:
    """The record without what differs from run to run."""
    timeless: dict[str, object] = {"seconds": 0.0, "hours_to_decision": None}
    instances = tuple(msgspec.structs.replace(i, **timeless) for i in record.instances)
    changed: dict[str, object] = dict.fromkeys(UNLIKE)
    return msgspec.structs.replace(record, instances=instances, **changed)


def shards(suite: Path, of: int) -> list[ShardFile]:
    return [ShardFile(f"{n}.json", record_of(suite, shard=(n, of))) for n in range(1, of + 1)]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> list[ShardFile]:
    """The three shards of `SUITE`; records are frozen, so that tests share them."""
    path = tmp_path_factory.mktemp("shards") / "t.toml"
    path.write_text(SUITE)
    return shards(path, 3)


def changed(part: ShardFile, **how: object) -> ShardFile:
    return ShardFile("x", msgspec.structs.replace(part.record, **how))


def test_five_shards_merged_are_one_run(suite: Path) -> None:
    whole, parts = record_of(suite), shards(suite, 5)
    assert [len(part.record.instances) for part in parts].count(0) < 3
    merged = merge(parts[::-1])
    assert plain(merged) == plain(whole)
    assert {r.experiment for r in merged.rechecks} == {r.experiment for r in whole.rechecks} != set()
    assert len(merged.rechecks) == sum(len(part.record.rechecks) for part in parts)
    assert [i.id for i in merged.instances] == [i.id for i in gather([str(suite)])[0].instances]


def test_an_empty_shard_is_no_mistake(suite: Path) -> None:
    text = edited(SUITE[: SUITE.index("[claims.alike]")], {"0.0, 0.01, 0.02, 0.3": "0.0"})
    suite.write_text(edited(text, {"1, 2, 4": "1"}))
    parts = shards(suite, 3)
    assert [part.record.exit_code for part in parts] == [0, 0, 0]
    assert plain(merge(parts)) == plain(record_of(suite))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda parts: parts[:2], "expected all 3 shards, found none for 3/3"),
        (lambda parts: [*parts, parts[0]], "shard 1/3 is in 1.json as well"),
        (lambda parts: [parts[0], changed(parts[1], shard=None)], "of no shard"),
        (
            lambda parts: [*parts[:2], changed(parts[2], first_seed=7)],
            "x: expected the first seed of 1.json, 0, found 7",
        ),
        (
            lambda parts: [
                *parts[:2],
                changed(parts[2], suites=(msgspec.structs.replace(parts[2].record.suites[0], sha256="0"),)),
            ],
            "x: expected suite t as in 1.json, found another version",
        ),
        (lambda parts: [], "expected records to merge, found none"),
    ],
)
def test_what_is_not_of_one_run_is_refused(three: list[ShardFile], change: object, said: str) -> None:
    with pytest.raises(MergeError, match=said):
        merge(change(three))  # type: ignore[operator]


BEYOND = edited(SUITE, {'title = "t"': 'title = "t"\nexplored = [[0, 20]]'}) + "explored = [[0, 30]]\n"


def of_claim(record: Record, claim: str) -> Record:
    """What a run of this claim alone would have given."""
    instances = tuple(i for i in record.instances if i.claim == claim)
    (first,) = {i.first_seed for i in instances}
    explored = any(i.explored_seeds for i in instances)
    how: dict[str, object] = {"first_seed": first, "explored_seeds": explored, "instances": instances}
    return msgspec.structs.replace(record, **how)


def test_claims_that_begin_at_different_seeds_are_parts_of_one_run(suite: Path) -> None:
    suite.write_text(BEYOND)
    whole, parts = record_of(suite), shards(suite, 2)
    assert plain(merge(parts)) == plain(whole)
    assert (whole.first_seed, whole.fresh) == (21, False)
    one, other = of_claim(whole, "small"), of_claim(whole, "alike")
    assert (one.first_seed, other.first_seed) == (31, 21)
    assert merge([ShardFile("a", one), ShardFile("b", other)]).first_seed == 21
    with pytest.raises(MergeError, match="x: expected the fresh of a, False, found True"):
        merge([ShardFile("a", one), changed(ShardFile("b", other), fresh=True)])
    with pytest.raises(MergeError, match="x: expected the first seed of a, 31, found 9"):
        merge([ShardFile("a", one), changed(ShardFile("b", other), first_seed=9)])
    fresh = [msgspec.structs.replace(each, fresh=True) for each in (one, other)]
    with pytest.raises(MergeError, match="b: expected the first seed of a, 31, found 21"):
        merge([ShardFile("a", fresh[0]), ShardFile("b", fresh[1])])


def test_a_merged_record_says_that_a_part_read_explored_seeds(suite: Path) -> None:
    suite.write_text(BEYOND)
    whole = record_of(suite, first_seed=25)
    parts = [ShardFile(name, of_claim(whole, name)) for name in ("small", "alike")]
    assert [part.record.explored_seeds for part in parts] == [True, False]
    assert merge(parts).explored_seeds
    assert not merge([parts[1]]).explored_seeds


def test_runs_of_different_claims_are_put_one_after_the_other(suite: Path) -> None:
    one, other = record_of(suite, only="small"), record_of(suite, only="alike")
    merged = merge([ShardFile("a", one), ShardFile("b", other)])
    assert [i.id for i in merged.instances] == [i.id for i in (*one.instances, *other.instances)]
    assert merged.exit_code == max(one.exit_code, other.exit_code)
    with pytest.raises(MergeError, match=r"b: t/small\[.* is in a as well"):
        merge([ShardFile("a", one), ShardFile("b", one)])


def test_other_machines_are_named(three: list[ShardFile]) -> None:
    parts = three
    gpu = msgspec.structs.replace(parts[1].record.environment, device="H100", python="3.99.0", machine="m2")
    record = merge([parts[0], changed(parts[1], environment=gpu), parts[2]])
    assert record.environment.device == "cpu, H100"
    assert "parts were run with different device" in record.notes
    assert "parts were run with different python" in record.notes
    both = msgspec.structs.replace(gpu, device="H100, cpu", python=parts[0].record.environment.python)
    alike = [ShardFile(p.file, msgspec.structs.replace(p.record, environment=both)) for p in parts]
    assert not any("different" in note for note in merge(alike).notes)  # one device of two names


def test_the_command_runs_shards_and_merges_records_and_stores(suite: Path) -> None:
    support = Path(__file__).parents[1] / "support"

    def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"PYTHONPATH": str(support), "NO_COLOR": "1"}
        command = [sys.executable, "-m", "harness", *arguments]
        return subprocess.run(
            command, cwd=suite.parent, env=environment, capture_output=True, text=True, check=False
        )

    for number in (1, 2):
        outputs = ("--store", f"{number}.sqlite", "--json", f"{number}.json", "--no-history")
        done = harness("run", "t.toml", "--shard", f"{number}/2", *outputs)
        assert done.returncode in (0, 1), done.stderr
    merged = harness("merge", "1.json", "2.json", "1.sqlite", "2.sqlite", "--store", "all.sqlite")
    one = harness("run", "t.toml", "--store", "all.sqlite", "--json", "one.json")
    assert merged.returncode == one.returncode == 1
    trials = read_record(suite.parent / "one.json").trials
    assert trials.measured == 0 < trials.reused, "the merged store has them all"
    record = read_record(suite.parent / "reports/t.json")
    again = read_record(suite.parent / "one.json")
    assert record.instances == again.instances
    stores = [Store(suite.parent / f"{name}.sqlite") for name in ("1", "2", "all")]
    counts = [sum(c.trials for c in contents(store)) for store in stores]
    assert counts[0] + counts[1] == counts[2]
    assert harness("merge", "1.json", "nothing.json").returncode == 4
    for wrong in ("0/2", "3/2", "2", "a/b"):
        done = harness("run", "t.toml", "--shard", wrong)
        assert done.returncode == 4
        assert f"expected NUMBER/OF such as 2/5, found '{wrong}'" in done.stderr
