"""Which suite a record is of: two files of one name, a file that moved, a file that got a name."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from edits import edited
from good_suite import GOOD
from made import INSTANCE, RECORD
from msgspec.structs import replace
from repositories import git

from harness.git import GitError
from harness.history import Chosen, Past, compare, keep, past, states_of
from harness.history.bisect import Search, bisect
from harness.history.context import context
from harness.history.states import NoRecordError
from harness.history.wanted import wanted
from harness.report.record import CommitRecord, InstanceRecord, Record, SuiteRecord, to_json
from harness.suite import SelectionError


def instance(suite: str, **changes: object) -> InstanceRecord:
    """The one of a suite."""
    return replace(INSTANCE, id=f"{suite}/same[size=1]", suite=suite, **changes)


class Repository:
    """A repository, and the records of runs that are made up in it, an hour after each other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.history = folder / "history"
        self.hour = 0
        git(folder, "init", "--quiet")

    def write(self, name: str, text: str = GOOD) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text)

    def commit(self) -> str:
        git(self.folder, "add", "--all", ":!history")
        git(self.folder, "commit", "--quiet", "--allow-empty", "--message", "x")
        return git(self.folder, "rev-parse", "HEAD")

    def record(self, *places: str, name: str = "toys", old: bool = False, **changed: object) -> Record:
        """A record of suites at the present commit; `old`: as version 0.1 wrote it."""
        self.hour += 1
        names = [name] if len(places) == 1 else [Path(place).stem for place in places]
        made: dict[str, object] = {
            "suites": tuple(
                SuiteRecord(
                    name=n, path=p, place="" if old else p, title="", sha256=p.encode().hex(), instances=1
                )
                for n, p in zip(names, places, strict=True)
            ),
            "instances": tuple(instance(n) for n in names),
            "commit": CommitRecord(hash=git(self.folder, "rev-parse", "HEAD"), dirty=False),
            "started": (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=self.hour)).isoformat(),
        }
        return replace(RECORD, **{**made, **changed})

    def run(self, *places: str, **how: object) -> Record:
        """A record that is kept."""
        made = self.record(*places, **how)  # type: ignore[arg-type]
        keep(self.history, made)
        return made

    @property
    def past(self) -> Past:
        return past(Chosen(self.history, self.folder))

    @property
    def ids(self) -> list[list[str]]:
        """Those known at each commit."""
        return [sorted(state.instances) for state in self.past.states]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def two(repository: Repository, *, old: bool) -> None:
    repository.write("a/toys.toml")
    repository.write("b/toys.toml")
    repository.commit()
    repository.run("a/toys.toml", old=old)
    repository.run("./b/toys.toml" if old else "b/toys.toml", old=old)


@pytest.mark.parametrize("old", [False, True])
def test_two_suites_of_one_name_are_kept_apart_and_named(repository: Repository, old: bool) -> None:
    two(repository, old=old)
    assert repository.ids == [["a/toys.toml::same[size=1]", "b/toys.toml::same[size=1]"]]
    (note,) = repository.past.problems
    assert "two suites are named toys, a/toys.toml and b/toys.toml" in note
    assert 'the line `name = "b-toys"` under [suite] (b/toys.toml:1)' in note


def test_two_files_that_are_not_committed_are_two_suites(repository: Repository) -> None:
    repository.commit()
    repository.write("a/toys.toml")
    repository.write("b/toys.toml")
    repository.run("a/toys.toml")
    repository.run("b/toys.toml")
    assert repository.ids == [["a/toys.toml::same[size=1]", "b/toys.toml::same[size=1]"]]


def test_the_line_ends_it_also_for_older_records(repository: Repository) -> None:
    two(repository, old=True)
    repository.write("b/toys.toml", edited(GOOD, {"[suite]": '[suite]\nname = "b-toys"'}))
    assert repository.ids == [["b-toys/same[size=1]", "toys/same[size=1]"]]
    assert repository.past.problems == ()
    repository.commit()
    repository.run("b/toys.toml", name="b-toys")
    assert repository.ids[1] == ["b-toys/same[size=1]"]
    before, after = repository.past.states
    assert compare(before, after).counts == {"identical": 1, "not-run": 1}


def test_one_that_was_renamed_or_removed_leaves_the_name_to_the_other(repository: Repository) -> None:
    two(repository, old=False)
    git(repository.folder, "mv", "b/toys.toml", "b/others.toml")
    repository.commit()
    repository.run("b/others.toml", name="others")
    assert repository.ids == [["b/toys.toml::same[size=1]", "toys/same[size=1]"], ["others/same[size=1]"]]
    (note,) = repository.past.problems
    assert note.startswith("two suites were named toys")


@pytest.mark.parametrize("commit_first", [False, True])
def test_a_file_that_moved_is_one_suite(repository: Repository, commit_first: bool) -> None:
    repository.write("a/toys.toml")
    repository.commit()
    repository.run("a/toys.toml")
    git(repository.folder, "mv", "a/toys.toml", "toys.toml")
    repository.write("toys.toml", GOOD + "# a word\n")
    if commit_first:
        repository.commit()
    repository.run("toys.toml")
    assert [id_ for ids in repository.ids for id_ in ids] == ["toys/same[size=1]"] * (1 + commit_first)
    assert repository.past.problems == ()


def test_a_file_that_moved_may_have_another_in_its_old_place(repository: Repository) -> None:
    """The old place is taken anew: from then on there are two."""
    repository.write("a/toys.toml")
    repository.commit()
    repository.run("a/toys.toml")
    repository.write("b.toml", edited(GOOD, {"[suite]": '[suite]\nname = "toys"'}))
    repository.commit()
    repository.run("b.toml", name="toys")
    assert repository.ids == [["a/toys.toml::same[size=1]"], ["b.toml::same[size=1]"]]
    (note,) = repository.past.problems
    assert "(a/toys.toml:1)" in note


def test_a_file_that_states_a_name_keeps_its_history(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write("toys.toml")
    repository.commit()
    repository.run("toys.toml", old=True)
    repository.write("toys.toml", edited(GOOD, {"[suite]": '[suite]\nname = "better"'}))
    repository.commit()
    repository.run("toys.toml", name="better")
    assert repository.ids == [["better/same[size=1]"]] * 2
    before, after = repository.past.states
    assert compare(before, after).counts == {"identical": 1}
    monkeypatch.chdir(repository.folder)
    assert wanted(["toys.toml"], "", repository.past) == {"better/same[size=1]"}


def test_bisect_judges_a_suite_that_states_a_name_from_its_older_records(repository: Repository) -> None:
    repository.write("toys.toml")
    good = repository.commit()
    repository.run("toys.toml", old=True)
    repository.write("toys.toml", edited(GOOD, {"[suite]": '[suite]\nname = "better"'}))
    bad = repository.commit()
    refuted = instance("better", verdict="refuted", outcome="unexpected")
    repository.run("toys.toml", name="better", instances=(refuted,))
    file = repository.folder / "toys.toml"
    found = bisect(Search(file, "same[size=1]", good, bad, history=repository.history))
    assert [(step.commit.hash, step.why) for step in found.steps] == [
        (commit, "from its record") for commit in (good, bad)
    ]


def test_paths_as_typed_are_places(repository: Repository) -> None:
    """Records of 0.1 have no place."""
    repository.write("a/toys.toml")
    repository.commit()
    for path in ("a/toys.toml", "./a/toys.toml", "a/../a/toys.toml", str(repository.folder / "a/toys.toml")):
        repository.run(path, old=True)
    assert repository.ids == [["toys/same[size=1]"]]
    assert repository.past.problems == ()


def test_a_name_of_several_suites_chooses_all_of_them(
    repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(repository, old=False)
    monkeypatch.chdir(repository.folder)
    a, b = (f"{name}/toys.toml::same[size=1]" for name in "ab")
    known = repository.past
    for text in ("toys", "toys/same", "toys/same[size=1]"):
        assert wanted([text], "", known) == {a, b}
    for text in ("a/toys.toml", "a/toys.toml::same", a, str(repository.folder / "a/toys.toml")):
        assert wanted([text], "", known) == {a}
    assert wanted([], "b/", known) == {b}
    assert wanted([], "c/", known) == frozenset()
    with pytest.raises(SelectionError, match=r'found "toy" \(did you mean'):
        wanted(["toy"], "", known)


def test_of_each_suite_the_best_run_counts(repository: Repository) -> None:
    """A fresh or a modified run of one does not hide another, nor does one with --override."""
    repository.write("a.toml")
    hash_ = repository.commit()
    dirty = CommitRecord(hash=hash_, dirty=True)
    given = replace(repository.record("d.toml", name="d").suites[0], overrides={"sd": 1.0})
    repository.run("a.toml", name="a")
    repository.run("b.toml", name="b", fresh=True, first_seed=10**6)
    repository.run("c.toml", name="c", commit=dirty)
    repository.run("d.toml", name="d", suites=(given,))
    repository.run("a.toml", "e.toml", fresh=True, first_seed=10**6)
    assert repository.ids == [[f"{name}/same[size=1]" for name in "abcde"]]
    (state,) = repository.past.states
    assert [name for name in "abcde" if state.only([name]).modified] == ["c"]
    (of_a,) = state.only(["a"]).records
    assert not of_a.fresh
    repository.run("c.toml", name="c")
    assert not repository.past.states[0].modified


def test_two_runs_of_one_second_are_in_the_order_in_which_they_were_kept(repository: Repository) -> None:
    repository.commit()
    first = repository.record("toys.toml")
    for n in range(12):
        (instance,) = first.instances
        path = keep(repository.history, replace(first, instances=(replace(instance, n=n),)))
        os.utime(path, (0, 0))  # as where the records were checked out
        newest = repository.past.states[0].instances["toys/same[size=1]"]
        assert newest.n == n
    later = edited(first.started, {":00+": ":00.000001+"})
    keep(repository.history, replace(first, started=later, instances=(replace(instance, n=99),)))
    keep(repository.history, first)
    assert repository.past.states[0].instances["toys/same[size=1]"].n == 99


def test_a_comparison_takes_of_each_suite_its_newest_record(repository: Repository) -> None:
    weaker = {"verdict": "inconclusive", "outcome": "inconclusive"}
    refuted = {"verdict": "refuted", "outcome": "unexpected"}
    repository.commit()
    repository.run("a.toml", name="a", instances=(instance("a", **weaker),))
    first = repository.commit()
    repository.run("b.toml", name="b", instances=(instance("b", **refuted),))
    for _ in range(25):  # more than a strip shows
        second = repository.commit()
        repository.run("b.toml", name="b")
    repository.commit()
    now = repository.run("a.toml", "b.toml", "c.toml")
    found = context(now, repository.history, repository.folder)
    assert found.changed == {"a/same[size=1]": "strengthened"}
    assert "(a)" in found.since
    assert f"{second[:9]} (b)" in found.since
    assert [mark.verdict for mark in found.past["a/same[size=1]"]] == ["inconclusive", "supported"]
    assert len(found.past["b/same[size=1]"]) == 20
    (note,) = found.notes
    assert note.startswith("expected a record of c of an earlier commit")
    at_first = context(now, repository.history, repository.folder, first)
    assert at_first.changed == {"b/same[size=1]": "flipped"}
    assert [note.split()[4] for note in at_first.notes] == ["a", "c"]


def test_a_folder_of_records_gives_of_each_suite_the_newest_before(repository: Repository) -> None:
    repository.commit()
    refuted = {"verdict": "refuted", "outcome": "unexpected"}
    repository.run("a.toml", name="a")
    repository.run("a.toml", name="a", instances=(instance("a", **refuted),))
    repository.run("a.toml", name="a", fresh=True, first_seed=10**6)
    repository.run("b.toml", name="b")
    now = repository.run("a.toml", name="a")
    repository.run("a.toml", name="a")  # later
    elsewhere = repository.folder / "nowhere"
    found = context(now, elsewhere, repository.folder, str(repository.history))
    assert found.changed == {"a/same[size=1]": "flipped"}
    other = repository.record("c.toml", name="c")
    (repository.folder / "empty").mkdir()
    with pytest.raises(GitError, match="found 'empty'"):
        context(other, elsewhere, repository.folder, "empty")
    nothing = context(other, elsewhere, repository.folder, str(repository.history))
    assert (nothing.changed, nothing.since) == ({}, "")
    assert nothing.notes == (f"expected a record of c in {repository.history}, found none",)


def test_an_old_record_is_shown_with_what_came_before_it_alone(repository: Repository) -> None:
    repository.commit()
    old = repository.run("a.toml", name="a")
    repository.commit()
    repository.run("a.toml", name="a")
    found = context(old, repository.history, repository.folder)
    assert (found.past, found.since) == ({}, "")


def test_records_of_other_suites_are_not_compared(repository: Repository) -> None:
    repository.commit()
    a, b = repository.record("a.toml", name="a"), repository.record("b.toml", name="b")
    both = repository.record("a.toml", "b.toml")
    paths = []
    for name, record in (("a", a), ("b", b), ("both", both)):
        paths.append(repository.folder / f"{name}.json")
        paths[-1].write_bytes(to_json(record))
    chosen = Chosen(repository.history, repository.folder)
    states, _ = states_of([str(paths[0]), str(paths[1])], chosen)
    with pytest.raises(NoRecordError, match=r"expected records of the same suites, found .* of a, .* of b"):
        compare(*states)
    (one, two), _ = states_of([str(paths[0]), str(paths[2])], chosen)
    (note,) = compare(one, two).notes
    assert "a.json): no record of suite b" in note
    with pytest.raises(NoRecordError, match=r"expected a record of b at .*a\.json"):
        context(b, repository.history, repository.folder, str(paths[0]))


def test_the_page_of_one_of_two_suites_shows_its_own_past(repository: Repository) -> None:
    two(repository, old=False)
    repository.commit()
    now = repository.run("b/toys.toml", instances=(instance("toys", n=99),))
    found = context(now, repository.history, repository.folder)
    assert list(found.past) == ["toys/same[size=1]"]
    assert len(found.past["toys/same[size=1]"]) == 2
    assert "two suites are named toys" in found.notes[0]
