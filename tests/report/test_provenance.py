"""What a run stands on: read before its first trial, for each suite, and compared at the end."""

from __future__ import annotations

import hashlib
import itertools
import os
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from edits import edited
from repositories import commit, experiment, git, repository, suite

import harness
from harness.options import RunOptions
from harness.report import Record
from harness.report.record import CommitRecord
from harness.session import run
from harness.targets import gather

COUNT = itertools.count()


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module that no other test imports, to be found in `tmp_path/repo`."""
    monkeypatch.syspath_prepend(str(tmp_path / "repo"))
    (tmp_path / "repo").mkdir()
    return f"provenance_{next(COUNT)}"


@pytest.fixture
def repo(tmp_path: Path, module: str) -> Path:
    """A repository with a suite, `claims.toml`, and its experiment."""
    experiment(tmp_path / "repo", module)
    suite(tmp_path / "repo", module)
    return repository(tmp_path / "repo")


def record_of(*files: Path, meanwhile: Callable[[], object] = lambda: None, **how: object) -> Record:
    """The record of a run; `meanwhile` is called once, when its first trials have been asked for."""
    calls = iter([meanwhile])
    selected = gather([str(file) for file in files])
    options = RunOptions(workers=1, seeds=14, **how)  # type: ignore[arg-type]
    return run(selected, options, lambda _: next(calls, lambda: None)())


def unmeasured(*files: Path, **how: object) -> Record:
    """The record of the part of a run of one instance that has none: nothing is measured."""
    record = record_of(*files, shard=(2, 2), **how)
    assert record.trials.measured == 0
    return record


def test_commit_and_digest_are_those_of_the_start_whatever_happens_meanwhile(repo: Path) -> None:
    file = repo / "claims.toml"
    start, digest = git(repo, "rev-parse", "HEAD"), hashlib.sha256(file.read_bytes()).hexdigest()

    def meanwhile() -> None:
        file.write_text(edited(file.read_text(), {"5%": "50%"}))
        commit(repo, "meanwhile")

    record = record_of(file, meanwhile=meanwhile)
    now = git(repo, "rev-parse", "HEAD")
    assert record.commit == CommitRecord(hash=start, dirty=False)
    assert record.suites[0].commit == record.commit
    assert record.suites[0].sha256 == digest
    assert [i.toml["equal"]["within"] for i in record.instances] == ["5%"]  # type: ignore[index]
    changed, moved = record.notes
    assert changed.startswith(f"{file} was changed while the run went on")
    assert f"commit {start[:9]} at the start, {now[:9]} at the end" in moved


def test_the_digest_is_that_of_the_bytes_that_were_parsed(repo: Path) -> None:
    """Also where the file changes between loading and running; a line end is part of it."""
    file = repo / "claims.toml"
    file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    parsed = file.read_bytes()
    selected = gather([str(file)])
    file.write_text("nonsense")
    record = run(selected, RunOptions(workers=1, seeds=14))
    assert record.suites[0].sha256 == hashlib.sha256(parsed).hexdigest()
    assert any("was changed while the run went on" in note for note in record.notes)


@pytest.mark.parametrize("what", ["the suite", "the repository"])
def test_what_vanishes_meanwhile_costs_nothing(repo: Path, what: str) -> None:
    file = repo / "claims.toml"
    gone = file if what == "the suite" else repo
    record = record_of(file, meanwhile=lambda: gone.rename(repo.with_name("elsewhere")))
    assert record.commit is not None
    assert [i.verdict for i in record.instances] != []
    assert f"{file} has gone while the run went on" in record.notes[0]


def test_changes_of_files_and_of_source_are_noted(repo: Path, module: str) -> None:
    (repo / "other.txt").write_text("")
    commit(repo, "other")

    def meanwhile() -> None:
        (repo / "other.txt").write_text("edited")
        experiment(repo, module, body="pass")

    record = record_of(repo / "claims.toml", meanwhile=meanwhile)
    assert record.commit is not None
    assert not record.commit.dirty
    assert any("files that git has were changed while the run went on" in note for note in record.notes)
    assert any(note.endswith(f"though trials depend on it: {module}") for note in record.notes)


def test_nothing_is_noted_where_nothing_changed(repo: Path) -> None:
    (repo / "notes.txt").write_text("git does not have it, and no trial depends on it")
    record = record_of(repo / "claims.toml")
    assert (record.notes, record.commit and record.commit.dirty) == ((), False)


NEW = {
    "the suite": "claims.toml",
    "the experiment": "{}.py",
    "what it imports": "{}_helper.py",
    "data": "{}_data.py",
}


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("what", NEW)
def test_source_that_git_does_not_have_makes_a_record_modified_unless_it_is_ignored(
    tmp_path: Path, module: str, what: str, ignored: bool
) -> None:
    repo, name = tmp_path / "repo", NEW[what].format(module)
    experiment(repo, module, body=f"import {module}_helper")
    (repo / f"{module}_helper.py").write_text("")
    (repo / f"{module}_data.py").write_text("def points():\n    return 1\n")
    suite(repo, module, fixed=f'data = "{module}_data:points"')
    content = (repo / name).read_text()
    (repo / name).unlink()
    repository(repo, ignored="__pycache__/\n" + (f"{name}\n" if ignored else ""))
    (repo / name).write_text(content)
    record = unmeasured(repo / "claims.toml")
    assert record.commit is not None
    assert record.commit.dirty is not ignored
    said = [note for note in record.notes if note.endswith(f"not in git, so in no commit: {name}")]
    assert len(said) == int(not ignored)


def test_suites_of_two_repositories_have_each_their_own_commit(
    tmp_path: Path, repo: Path, module: str
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    file = suite(other, module, name="others")
    repository(other)
    file.write_text(edited(file.read_text(), {"A suite": "Another"}))
    alone = suite(tmp_path, module, name="alone")
    record = record_of(repo / "claims.toml", file, alone)
    assert [s.commit for s in record.suites] == [
        CommitRecord(hash=git(repo, "rev-parse", "HEAD"), dirty=False),
        CommitRecord(hash=git(other, "rev-parse", "HEAD"), dirty=True),
        None,
    ]
    assert record.commit == record.suites[0].commit


@pytest.mark.parametrize("state", ["committed", "modified", "new"])
def test_source_of_another_repository_is_named_where_it_is_not_as_committed(
    tmp_path: Path, repo: Path, module: str, state: str
) -> None:
    lab = tmp_path / "lab"
    lab.mkdir()
    file = suite(lab, module)
    repository(lab)
    if state == "modified":
        experiment(repo, module, body="pass")
    elif state == "new":
        git(repo, "rm", "--quiet", "--cached", f"{module}.py")
        git(repo, "commit", "--quiet", "--message", "without it")
    record = unmeasured(file)
    assert record.commit == CommitRecord(hash=git(lab, "rev-parse", "HEAD"), dirty=False)
    named = (
        f"trials depend on {module}.py in {repo}, another repository than the suite's, and not as committed"
    )
    assert [named in note for note in record.notes] == ([] if state == "committed" else [True])


def test_a_tracked_repository_is_modified_by_source_that_it_does_not_have(
    tmp_path: Path, repo: Path, module: str
) -> None:
    file = suite(tmp_path, module)
    assert unmeasured(file, track=repo).tracked == harness_tracked(repo, dirty=False)
    git(repo, "rm", "--quiet", "--cached", f"{module}.py")
    git(repo, "commit", "--quiet", "--message", "without it")
    assert unmeasured(file, track=repo).tracked == harness_tracked(repo, dirty=True)


def harness_tracked(repo: Path, *, dirty: bool) -> object:
    from harness.report.record import TrackedRecord

    return TrackedRecord(name="repo", hash=git(repo, "rev-parse", "HEAD"), dirty=dirty)


@pytest.mark.parametrize("why", ["another owner", "no git", "a broken repository"])
def test_what_git_refuses_is_said_and_the_run_goes_on(
    repo: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, why: str
) -> None:
    expected = {
        "another owner": f"git config --global --add safe.directory {repo}",
        "no git": "git is not installed, or not on PATH",
        "a broken repository": "not a git repository",
    }[why]
    if why == "another owner":
        monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    elif why == "no git":
        monkeypatch.setenv("PATH", str(tmp_path))
    else:
        (repo / ".git/HEAD").unlink()
    record = record_of(repo / "claims.toml")
    assert record.commit is None
    (note,) = record.notes
    assert note.startswith(f"no commit is recorded for {repo}: ")
    assert expected in note
    assert len(record.instances) == 1


def test_variables_that_bind_git_to_another_repository_do_not_count(
    tmp_path: Path, repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = repository(tmp_path / "other")
    commit(other, "second")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    record = unmeasured(repo / "claims.toml")
    assert record.commit == CommitRecord(hash=git(repo, "rev-parse", "HEAD"), dirty=False)


def test_no_metadata_of_an_installation_is_needed(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert record_of(repo / "claims.toml").harness_version == harness.__version__


def test_shards_agree_on_the_commit_although_one_of_them_is_empty(repo: Path, module: str) -> None:
    """Which of them reads the source that git does not have must not tell their commits apart."""
    git(repo, "rm", "--quiet", "--cached", f"{module}.py")
    git(repo, "commit", "--quiet", "--message", "without it")
    parts = [record_of(repo / "claims.toml", shard=(number, 2)) for number in (1, 2)]
    assert sorted(len(part.instances) for part in parts) == [0, 1]
    assert [part.commit and part.commit.dirty for part in parts] == [True, True]
    assert os.fspath(repo) in parts[0].notes[0]
