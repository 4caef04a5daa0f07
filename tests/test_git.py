"""What is asked of git."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from repositories import git as run

from harness.git import (
    GitError,
    environment_without_git,
    head,
    in_order,
    is_shallow,
    line,
    make_ignored,
    resolve,
    show,
    toplevel,
    untracked,
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    run(tmp_path, "init", "--quiet", "--initial-branch=main")
    for number in range(4):
        (tmp_path / "file").write_text(str(number))
        run(tmp_path, "add", "--all")
        run(tmp_path, "commit", "--quiet", "--message", f'commit {number}: "quoted" | ü')
    return tmp_path


def test_commits_come_parents_first_even_if_all_are_of_one_second(repository: Path) -> None:
    hashes = run(repository, "rev-list", "main").split()
    found = in_order(repository, [*hashes[::2], *hashes[1::2], "0" * 40, "no hash", ""])
    assert [commit.hash for commit in found] == hashes[::-1]
    assert found[0].subject == 'commit 0: "quoted" | ü'
    assert found[0].author == "Ann"
    assert in_order(repository, []) == []
    assert in_order(repository / "..", hashes) == []


def test_modified_is_what_differs_from_the_commit_in_files_that_git_has(repository: Path) -> None:
    hash_ = run(repository, "rev-parse", "HEAD")
    assert head(repository) == (hash_, False)
    (repository / "new").write_text("")
    assert head(repository) == (hash_, False)
    (repository / "file").write_text("changed")
    assert head(repository) == (hash_, True)
    assert head(repository.parent) is None


def test_revisions(repository: Path) -> None:
    assert resolve(repository, "HEAD~1") == run(repository, "rev-parse", "HEAD~1")
    assert show(repository, "HEAD~1").subject.startswith("commit 2")
    for wrong in ("nonsense", "--all", "HEAD:file", ""):
        with pytest.raises(GitError, match="expected a commit of"):
            resolve(repository, wrong)


def raw_commit(folder: Path, subject: bytes, header: bytes = b"") -> str:
    """A commit whose text is as given, which `git commit` would tidy; the branch moves to it."""
    tree, parent = run(folder, "rev-parse", "HEAD^{tree}"), run(folder, "rev-parse", "HEAD")
    people = b"author A <a@b.c> 1700000000 +0000\ncommitter A <a@b.c> 1700000000 +0000\n"
    text = f"tree {tree}\nparent {parent}\n".encode() + people + header + b"\n" + subject + b"\n"
    command = ["git", "hash-object", "-t", "commit", "-w", "--stdin"]
    hash_ = subprocess.run(command, cwd=folder, input=text, check=True, capture_output=True).stdout.decode()
    run(folder, "reset", "--quiet", "--hard", hash_.strip())
    return hash_.strip()


SUBJECTS = ["a\x1eb", "a\x1cb", "a\x85b", "a\u2028b", "a\u2029b", "a\x0bb", "a\rb", "tab\tbed", "ü ∀", " x"]


def test_a_subject_may_hold_anything(repository: Path) -> None:
    made = [raw_commit(repository, subject.encode()) for subject in SUBJECTS]
    found = in_order(repository, [*made[::-1], run(repository, "rev-list", "--max-parents=0", "HEAD")])
    assert [commit.subject.strip() for commit in found[1:]] == [subject.strip() for subject in SUBJECTS]
    assert [show(repository, hash_).hash for hash_ in made] == made
    folded = raw_commit(repository, b"one\ntwo\n\nthree")
    assert show(repository, folded).subject == "one two"
    assert show(repository, raw_commit(repository, b"\xff latin", b"encoding latin-1\n")).subject == "ÿ latin"
    assert show(repository, raw_commit(repository, b"\xff no utf-8")).subject == "\ufffd no utf-8"
    assert show(repository, raw_commit(repository, b"")).subject == ""


HOSTILE = {
    "log.showSignature": "true", "color.ui": "always", "core.pager": "false", "format.pretty": "fuller",
    "log.date": "relative", "i18n.logOutputEncoding": "UTF-16", "notes.displayRef": "*",
    "log.decorate": "full", "core.quotePath": "true", "status.showUntrackedFiles": "all",
    "status.branch": "true", "log.follow": "true", "log.mailmap": "true",
    "log.abbrevCommit": "true", "diff.noprefix": "true", "core.abbrev": "40",
}  # fmt: skip


def test_configuration_changes_no_answer(repository: Path) -> None:
    signature = b"gpgsig -----BEGIN PGP SIGNATURE-----\n \n abcd\n -----END PGP SIGNATURE-----\n"
    hash_ = raw_commit(repository, "signed ü".encode(), signature)
    before = in_order(repository, [hash_]), head(repository), untracked(repository, [repository / "file"])
    for name, value in HOSTILE.items():
        run(repository, "config", name, value)
    (found,) = in_order(repository, [hash_])
    assert (found.hash, found.subject, found.date) == (hash_, "signed ü", before[0][0].date)
    assert show(repository, "HEAD").subject == "signed ü"
    (repository / "new ü").write_text("")
    assert head(repository) == before[1] == (hash_, False)
    assert untracked(repository, [repository / "file", repository / "new ü"]) == [repository / "new ü"]


def test_the_callers_repository_is_not_asked(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a hook, an alias or a linked worktree sets; among it whatever git calls its local variables."""
    other = tmp_path_factory.mktemp("other")
    run(other, "init", "--quiet")
    hash_ = run(repository, "rev-parse", "HEAD")
    names = run(repository, "rev-parse", "--local-env-vars").split()
    assert "GIT_DIR" in names
    for name in {*names, "GIT_NAMESPACE", "GIT_GLOB_PATHSPECS", "GIT_QUARANTINE_PATH", "GIT_EXTERNAL_DIFF"}:
        monkeypatch.setenv(name, str(other / ".git"))
        assert name not in environment_without_git(), name
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_CONFIG_PARAMETERS", "'core.worktree'='/'")
    assert head(repository) == (hash_, False)
    assert resolve(repository, "HEAD") == hash_
    assert toplevel(repository) == repository
    assert [commit.hash for commit in in_order(repository, [hash_])] == [hash_]


def test_locale_prompts_locks_and_pager_are_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "git"
    program.write_text('#!/bin/sh\necho "$LC_ALL $GIT_TERMINAL_PROMPT $GIT_OPTIONAL_LOCKS $*"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    theirs = {"LC_ALL": "de_DE.UTF-8", "GIT_TERMINAL_PROMPT": "1", "GIT_OPTIONAL_LOCKS": "1"}
    for name, value in theirs.items():
        monkeypatch.setenv(name, value)
    assert line(tmp_path, "status").startswith("C 0 0 --no-pager ")


def test_of_configuration_in_variables_only_trust_is_kept(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, (key, value) in enumerate([("core.worktree", "/"), ("safe.directory", str(repository))]):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", key)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "2")
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    found = head(repository)
    assert found is not None
    assert not found[1]
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    with pytest.raises(GitError, match=r"safe\.directory"):
        head(repository)


def test_what_git_refuses_has_its_words(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    hash_ = run(repository, "rev-parse", "HEAD")
    with monkeypatch.context() as patch:
        patch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
        patch.setenv("LC_ALL", "de_DE.UTF-8")
        for ask in (lambda: head(repository), lambda: in_order(repository, [hash_])):
            with pytest.raises(GitError, match=r"dubious ownership.* safe\.directory"):
                ask()
        with pytest.raises(GitError, match=r"found 'HEAD': .*dubious ownership"):
            resolve(repository, "HEAD")
    with monkeypatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "nowhere"))
        with pytest.raises(GitError, match="git is not installed"):
            head(repository)
    (repository / ".git/HEAD").write_text("nonsense")
    with pytest.raises(GitError, match="not a git repository"):
        head(repository)


def test_a_repository_without_commits_has_none_and_says_nothing(tmp_path: Path) -> None:
    run(tmp_path, "init", "--quiet")
    assert head(tmp_path) is None


def test_commits_that_no_branch_has_are_marked(repository: Path) -> None:
    old = run(repository, "rev-parse", "HEAD")
    run(repository, "commit", "--quiet", "--amend", "--message", "rewritten")
    new = run(repository, "rev-parse", "HEAD")
    found = {commit.hash: commit.place for commit in in_order(repository, [old, new])}
    assert found == {old: "on no branch", new: ""}
    run(repository, "tag", "kept", old)
    assert {commit.place for commit in in_order(repository, [old, new])} == {""}
    assert not is_shallow(repository)


def test_a_top_folder_may_be_called_anything(tmp_path: Path) -> None:
    folder = tmp_path / " odd\nname ü "
    folder.mkdir()
    run(folder, "init", "--quiet")
    assert toplevel(folder) == folder


def test_folders_that_are_made_are_ignored_and_those_that_were_there_are_left_alone(tmp_path: Path) -> None:
    run(tmp_path, "init", "--quiet")
    (tmp_path / "theirs").mkdir()
    for folder in ("ours", "ours", "theirs", "theirs/inside", "deep/er/est", "deep/other"):
        make_ignored(tmp_path / folder)
        (tmp_path / folder / "file").write_text("")
    assert run(tmp_path, "status", "--porcelain", "--untracked-files=all") == "?? theirs/file"
    written = {str(path.parent.relative_to(tmp_path)) for path in tmp_path.rglob(".gitignore")}
    assert written == {"ours", "theirs/inside", "deep"}
    (tmp_path / "ours/.gitignore").write_text("theirs now")
    make_ignored(tmp_path / "ours")
    assert (tmp_path / "ours/.gitignore").read_text() == "theirs now"
