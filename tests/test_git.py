"""What is asked of git."""

from __future__ import annotations

from pathlib import Path

import pytest
from past_project import git as run

from harness.git import GitError, head, in_order, resolve, show


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    run(tmp_path, "init", "--quiet", "--initial-branch=main")
    for number in range(4):
        (tmp_path / "file").write_text(str(number))
        run(tmp_path, "add", "--all")
        run(tmp_path, "commit", "--quiet", "--message", f"commit {number}: \"quoted\" | ü")
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
