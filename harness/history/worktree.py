"""A commit's code in a folder of its own: a git worktree that is removed afterwards.

The user's checkout, its index and its branch do not change.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from harness.git import GitError, git
from harness.measure.interrupts import uninterrupted
from harness.temporary import temporary_folder
from harness.whose import site_root

PREFIX = "harness-worktree-"
"""The beginning of the names of worktrees' folders."""


@contextlib.contextmanager
def worktree(repository: Path, commit: str) -> Iterator[Path]:
    """A detached worktree of the repository at the commit. Raises `GitError` if git cannot make one.

    It leaves room beside it for other temporary files. Remains of a worktree whose process was killed are
    removed first.
    """
    with temporary_folder(PREFIX) as above:
        _forget(repository)
        folder = above.resolve() / repository.name
        try:
            git(repository, "worktree", "add", "--quiet", "--detach", str(folder), commit)
            yield folder
        finally:
            with uninterrupted():
                with contextlib.suppress(GitError):
                    git(repository, "worktree", "remove", "--force", "--force", str(folder))
                shutil.rmtree(folder, ignore_errors=True)
                _forget(repository)


def _forget(repository: Path) -> None:
    """Remove git's entries of the harness's worktrees that are gone, those of killed processes too.

    `worktree prune` would also remove the user's own, on disks that are not mounted now.
    """
    with contextlib.suppress(GitError, OSError):
        common = os.fsdecode(git(repository, "rev-parse", "--git-common-dir").removesuffix(b"\n"))
        for file in (repository / common).glob("worktrees/*/gitdir"):
            place = file.parent / file.read_text().strip()
            if any(part.startswith(PREFIX) for part in place.parts) and not place.exists():
                shutil.rmtree(file.parent, ignore_errors=True)


def path_in_worktree(path: Path, repository: Path, folder: Path) -> Path:
    """Where a path inside the repository is in its worktree. A path outside does not change."""
    path = path.resolve()
    return folder / path.relative_to(repository) if path.is_relative_to(repository) else path


def python_path(repository: Path, folder: Path, entries: Sequence[str] | None = None) -> str:
    """PYTHONPATH under which the code of the worktree is imported instead of the repository's.

    It has the entries of this process's path that lie inside the repository (an editable install is one, or
    the current directory), moved to the worktree, except those of installed packages; then its top and its
    `src`, in case the package was not on the path; then what PYTHONPATH has.
    """
    found = [Path(entry or os.getcwd()).resolve() for entry in (sys.path if entries is None else entries)]
    own = [path for path in found if path.is_relative_to(repository) and not site_root(f"{path}{os.sep}")]
    added = [*(path_in_worktree(path, repository, folder) for path in own), folder / "src", folder]
    before = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join([*dict.fromkeys(map(str, added)), *([before] if before else [])])
