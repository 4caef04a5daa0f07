"""A run held against published records: by outcomes, instance by instance."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from commands import said
from edits import edited
from good_suite import GOOD, write
from made import INSTANCE, RECORD, record, unmeasured
from msgspec.structs import replace
from records import record_of

from harness.history.against import AgainstError, Published, against_text, hold, read_published
from harness.report import InstanceRecord, to_json

__all__ = ["write"]

FINE = INSTANCE  # supported, as expected
UNEXPECTED = replace(INSTANCE, verdict="refuted", outcome="unexpected")
VACUOUS = replace(INSTANCE, outcome="vacuous")
UNDECIDED = replace(INSTANCE, verdict="inconclusive", outcome="inconclusive")
OPEN_HOLDS = replace(INSTANCE, expect="open", outcome="measured")
OPEN_FAILS = replace(OPEN_HOLDS, verdict="refuted")
OPEN_UNDECIDED = replace(OPEN_HOLDS, verdict="inconclusive")
ERROR, NOT_RUN, UNCOVERED = map(unmeasured, ("error", "not-run", "not-covered"))


@pytest.mark.parametrize(
    ("then", "now", "kind"),
    [
        (FINE, FINE, "same"),
        (UNEXPECTED, UNEXPECTED, "same"),  # that it is unexpected is what was published
        (VACUOUS, VACUOUS, "same"),
        (UNDECIDED, UNDECIDED, "same"),
        (ERROR, ERROR, "same"),
        (UNCOVERED, UNCOVERED, "same"),
        (OPEN_FAILS, OPEN_FAILS, "same"),
        (FINE, UNEXPECTED, "differs"),
        (UNEXPECTED, FINE, "differs"),  # the opposite verdict, though it is the expected one
        (OPEN_HOLDS, OPEN_FAILS, "differs"),  # `open` never fails by itself
        (VACUOUS, UNEXPECTED, "differs"),
        (FINE, UNDECIDED, "differs"),
        (FINE, VACUOUS, "differs"),
        (FINE, UNCOVERED, "differs"),
        (UNCOVERED, UNDECIDED, "differs"),
        *((then, now, "differs") for then in (FINE, UNEXPECTED, OPEN_FAILS) for now in (ERROR, NOT_RUN)),
        (UNDECIDED, UNEXPECTED, "noted"),
        (UNDECIDED, FINE, "noted"),
        (UNEXPECTED, UNDECIDED, "noted"),
        (VACUOUS, FINE, "noted"),
        (OPEN_HOLDS, OPEN_UNDECIDED, "noted"),
        (OPEN_UNDECIDED, OPEN_FAILS, "noted"),
        (ERROR, FINE, "noted"),
        (NOT_RUN, FINE, "noted"),
        (OPEN_HOLDS, UNCOVERED, "noted"),
        (None, FINE, "noted"),
        (None, OPEN_FAILS, "noted"),
        (None, UNEXPECTED, "differs"),
        (None, NOT_RUN, "differs"),
    ],
)
def test_an_outcome_is_the_published_one_or_is_named(
    then: InstanceRecord | None, now: InstanceRecord, kind: str
) -> None:
    held = hold(now, then)
    assert held.kind == kind
    assert now.outcome in held.says
    if then is None:
        assert held.says.startswith("not published, so judged by its own outcome: ")
    elif kind != "same":
        assert held.says.startswith(f"published {then.outcome}")


def test_another_claim_of_the_same_id_is_judged_by_its_own_outcome() -> None:
    """A wider margin is another claim; a larger budget and another expectation are not."""
    other = replace(UNEXPECTED, predicate="a and b equal within 2%")
    assert hold(other, UNEXPECTED).kind == "differs"
    assert "another claim than was published (predicate a and b equal within 5% →" in hold(other, FINE).says
    assert hold(replace(other, outcome="as-expected", expect="refuted"), UNEXPECTED).kind == "noted"
    assert hold(replace(UNEXPECTED, budget=108), UNEXPECTED).kind == "same"
    assert hold(replace(OPEN_FAILS, because="…"), UNEXPECTED).kind == "noted"
    assert hold(replace(UNEXPECTED, expect="supported"), replace(OPEN_FAILS, expect="open")).kind == "differs"


def test_the_seeds_may_be_others() -> None:
    (trials,) = INSTANCE.trials
    fresh = replace(INSTANCE, first_seed=1000, trials=(replace(trials, first_seed=1000),), values=(0.0,))
    assert hold(fresh, INSTANCE).kind == "same"


def test_all_that_differ_are_named_and_the_first_of_the_others() -> None:
    ids = [f"toys/same[size={k}]" for k in range(30)]
    published = Published({"p.json": record(*(replace(UNDECIDED, id=id_) for id_ in ids))})
    found = [*(replace(FINE, id=id_) for id_ in ids[:25]), *(replace(ERROR, id=id_) for id_ in ids[25:28])]
    comparison = published.hold(record(*found))
    assert comparison.exit_code == 1
    lines = against_text(comparison, lambda text, outcome: text).splitlines()
    assert lines[0] == (
        "Against p.json (seeds from 0): 3 of 28 instances differ, 0 as published, 25 noted,"
        " 2 published ones were not in this run."
    )
    assert lines[1] == "  ✗ toys/same[size=25]: published inconclusive, now error"
    assert len(lines) == 1 + 3 + 20 + 1
    assert lines[-1] == "  … and 5 more are noted"
    alike = published.hold(published.records["p.json"])
    assert alike.exit_code == 0
    assert against_text(alike, lambda text, outcome: text) == (
        "Against p.json (seeds from 0): 30 of 30 instances as published."
    )


def test_what_a_run_cannot_be_held_against_is_refused(tmp_path: Path) -> None:
    (suite,) = RECORD.suites
    published = Published({"p.json": RECORD})
    with pytest.raises(AgainstError, match=r"^p\.json: expected a record of other, found one of toys"):
        published.check({"other": {}})
    with pytest.raises(AgainstError, match="toys with subject = 'mine', as in this run, found no other"):
        published.check({"toys": {"subject": "mine"}})
    published.check({"toys": {}, "other": {}})  # one of two suites is enough
    given = Published({"p.json": replace(RECORD, suites=(replace(suite, overrides={"subject": "mine"}),))})
    given.check({"toys": {"subject": "mine"}})
    with pytest.raises(AgainstError, match="expected records of runs"):
        read_published([tmp_path])
    for name in "ab":
        (tmp_path / f"{name}.json").write_bytes(to_json(RECORD))
    with pytest.raises(AgainstError, match=r"b.json: toys/same\[size=1\] is in .*a.json as well"):
        read_published([tmp_path])
    assert list(read_published([tmp_path / "a.json"]).records) == [str(tmp_path / "a.json")]


def test_a_run_exits_by_what_was_published(
    write: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(edited(GOOD, {"[claims.same]": '[claims.same]\nexpect = "refuted"\nbecause = "for once"'}))
    run = ("run", "toys.toml", "-q", "--workers", "1", "--no-recheck", "--no-history")
    code, text = said(*run, "--json", "published.json")
    assert code == 1, text
    code, text = said(*run, "--against", "published.json", "--first-seed", "100")
    assert code == 0, text
    assert text.splitlines()[-1] == "Against published.json (seeds from 0): 3 of 3 instances as published."
    code, text = said("report", "reports/toys.json", "--against", "published.json")
    assert code == 0, text
    spent = ("--no-store", "--time-budget", "0.001s")
    code, text = said(*run, "--against", "published.json", "-k", "size=1", *spent)
    assert code == 1, text
    assert text.splitlines()[-1] == (
        "  ✗ toys/same[shift=0,size=1]: published unexpected (supported), now not-run"
    )
    code, text = said(*run, "--against", "missing.json")
    assert (code, "missing.json" in text) == (4, True)
    (tmp_path / "other.toml").write_text(GOOD)
    code, text = said("run", "other.toml", "-q", "--against", "published.json")
    assert code == 4, text
    assert text.strip() == "published.json: expected a record of other, found one of toys"
    assert not (tmp_path / "reports/other.json").exists()


def test_a_merged_record_is_held_against_the_published_one(
    write: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = record_of(write(GOOD))
    for name, change in (("part", {}), ("published", {"outcome": "unexpected", "verdict": "refuted"})):
        instances = tuple(replace(i, **change) for i in found.instances)
        (tmp_path / f"{name}.json").write_bytes(to_json(replace(found, instances=instances)))
    code, text = said("merge", "part.json", "--no-history", "--against", "published.json")
    assert code == 1, text
    assert "3 of 3 instances differ" in text
