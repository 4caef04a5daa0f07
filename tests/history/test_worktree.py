"""The worktrees of killed searches are gone with the next one."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from harness.git import git, line
from harness.history.worktree import PREFIX, worktree

ROOT = Path(__file__).parents[2]

DYING = """
import os, signal, sys, tempfile
sys.path.insert(0, sys.argv[1])
tempfile.tempdir = sys.argv[2]
from pathlib import Path
from harness.history.worktree import worktree
with worktree(Path(sys.argv[3]), "HEAD") as folder:
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_search_left_is_gone_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    above, repository = tmp_path / "tmp", tmp_path / "repository"
    above.mkdir()
    repository.mkdir()
    git(repository, "init", "--quiet")
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    git(repository, *who, "commit", "--quiet", "--allow-empty", "--message", "first")
    command = [sys.executable, "-c", DYING, str(ROOT), str(above), str(repository)]
    assert subprocess.run(command, check=False).returncode == -9
    (left,) = above.iterdir()
    assert left.name.startswith(PREFIX)
    assert line(repository, "worktree", "list").count("\n") == 1
    monkeypatch.setattr(tempfile, "tempdir", str(above))
    with worktree(repository, "HEAD") as folder:
        assert folder.parent != left
        assert not left.exists()
        assert line(repository, "worktree", "list").count("\n") == 1
    assert not list(above.iterdir())
    assert line(repository, "worktree", "list").count("\n") == 0
