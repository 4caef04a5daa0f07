"""Expectations that changed since a record was published: their claims must call its seeds explored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from commands import said
from edits import edited
from good_suite import GOOD, read, write
from made import INSTANCE
from msgspec.structs import replace
from records import record_of

from harness.history.against import read_published
from harness.history.formed import unexplored
from harness.report import Record, to_json
from harness.suite import Suite, load

__all__ = ["read", "write"]
Read = Callable[[str], Suite]
ROOT = Path(__file__).parents[2]
CHANGED = (
    GOOD
    + """
[[claims.same.where]]
at = { size = [2, 4] }
expect = "open"
because = "measured"
"""
)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Record:
    path = tmp_path_factory.mktemp("suite") / "toys.toml"
    path.write_text(GOOD)
    return record_of(path)


def test_the_suites_call_the_seeds_explored_that_changed_expectations_saw() -> None:
    """Of every suite that is published: what has changed since was changed by who knew what came out."""
    records = read_published([ROOT / "reports/published"]).records
    for file in sorted((ROOT / "suites").glob("*.toml")):
        assert [m.describe(str(file)) for m in unexplored(load(file), records)] == []


def test_a_changed_expectation_on_unexplored_seeds_has_its_line(read: Read, published: Record) -> None:
    n = max(t.n for i in published.instances[1:] for t in i.trials)
    assert unexplored(read(GOOD), {"p.json": published}) == []
    (mistake,) = unexplored(read(CHANGED), {"p.json": published})
    assert mistake.line == CHANGED.split("\n").index("[claims.same]") + 1
    assert mistake.expected == (
        f"`explored = [[0, {n - 1}]]`, the seeds of p.json, which has another expectation"
    )
    assert mistake.found == (
        "same[shift=0,size=2] supported → open, same[shift=0,size=4] supported → open,"
        " and explored seeds none"
    )


@pytest.mark.parametrize(("explored", "named"), [("[[0, 242]]", 0), ("[[0, 5]]", 1), ("[[5, 242]]", 1)])
@pytest.mark.parametrize("place", ["[claims.same]", "[suite]"])
def test_all_seeds_that_the_record_read_must_be_explored(
    read: Read, published: Record, explored: str, named: int, place: str
) -> None:
    suite = read(edited(CHANGED, {place: f"{place}\nexplored = {explored}"}))
    assert len(unexplored(suite, {"p.json": published})) == named


def test_what_was_not_run_or_is_not_there_any_more_showed_nothing(read: Read, published: Record) -> None:
    bare = replace(published, instances=tuple(replace(i, trials=()) for i in published.instances))
    assert unexplored(read(CHANGED), {"p.json": bare}) == []
    assert unexplored(read(CHANGED), {"p.json": replace(published, instances=(INSTANCE,))}) == []


def test_check_names_them(
    write: Callable[[str], Path], published: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write(CHANGED).parent
    monkeypatch.chdir(folder)
    (folder / "p.json").write_bytes(to_json(published))
    assert said("check", "toys.toml")[0] == 0
    code, text = said("check", "toys.toml", "--against", "p.json")
    assert code == 4
    assert "toys.toml:19:2: claims.same: expected `explored = " in text
    write(edited(CHANGED, {"[claims.same]": "[claims.same]\nexplored = [[0, 242]]"}))
    assert said("check", "toys.toml", "--against", "p.json")[0] == 0
    write(GOOD, "other.toml")
    code, text = said("check", "other.toml", "--against", "p.json")
    assert (code, "expected a record of other, found one of toys" in text) == (4, True)
