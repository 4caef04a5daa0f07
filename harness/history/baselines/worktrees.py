"""The code of a commit, in a worktree that lasts as long as a run, with today's libraries."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from harness.git import environment_without_git
from harness.history.worktree import path_in_worktree, python_path, worktree
from harness.measure.supervisor import supervised


class CommitCode:
    """A commit of the repository at `home`. A context manager, which makes its worktree when first used."""

    def __init__(self, home: Path, commit: str, shown: str) -> None:
        self.home, self.commit, self.shown = home, commit, shown
        self._open = contextlib.ExitStack()
        self._folder: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """The worktree. Raises `GitError` if git cannot make one."""
        if self._folder is None:
            self._folder = self._open.enter_context(worktree(self.home, self.commit))
        return self._folder

    @property
    def outputs(self) -> Path:
        """A folder beside it, for temporary files."""
        return self.folder.parent

    def place_of(self, path: str) -> str:
        """Where a path of the repository is in the worktree. A path outside does not change."""
        return str(path_in_worktree(Path(path), self.home, self.folder))

    def python(
        self, *arguments: str, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """Run Python with the commit's code on its path, in the worktree's copy of the current directory."""
        environment = environment_without_git() | {"PYTHONPATH": python_path(self.home, self.folder)}
        here = path_in_worktree(Path.cwd(), self.home, self.folder)
        here.mkdir(parents=True, exist_ok=True)
        return supervised([sys.executable, *arguments], cwd=here, env=environment | dict(variables or {}))

    def close(self) -> None:
        """Remove the worktree."""
        self._folder = None
        self._open.close()
