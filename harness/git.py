"""What git knows, asked of its command: the commit of a folder, a revision's hash, authors and dates."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError

_SECONDS = 60
"""Far more than any question here takes; a repository on a dead network must not hang a run."""
INERT = tuple(
    word
    for setting in ("core.fsmonitor=false", "core.hooksPath=/dev/null", "log.showSignature=false")
    for word in ("-c", setting)
)
"""Programs that a repository's own settings would have git start: a folder that was unpacked brings some."""

_FIELDS = "%H%x00%h%x00%an%x00%aI%x00%s"


class GitError(UserError, RuntimeError):
    """git refused, or is not there; the message has what it said."""


@dataclass(frozen=True)
class Commit:
    """A commit, as git shows it."""

    hash: str
    short: str
    author: str
    date: str
    """Of the author, ISO 8601."""
    subject: str


def git(folder: Path, *arguments: str, stdin: str = "") -> bytes:
    """What `git ARGUMENTS` prints in the folder. Raises `GitError` where it fails."""
    command = ["git", *INERT, *arguments]
    try:
        done = subprocess.run(
            command, cwd=folder, input=stdin.encode(), capture_output=True, check=True, timeout=_SECONDS
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).decode(errors="replace").strip()
        raise GitError(f"git {arguments[0]} in {folder}: {said or f'exit code {error.returncode}'}") from None
    except (OSError, ValueError, subprocess.SubprocessError) as error:  # ValueError: a null byte in a path
        raise GitError(f"git {arguments[0]} in {folder}: {error}") from None
    return done.stdout


def line(folder: Path, *arguments: str) -> str:
    """What git prints, as text without the final line feed. Raises `GitError`."""
    return git(folder, *arguments).decode(errors="replace").strip()


def head(folder: Path) -> tuple[str, bool] | None:
    """The hash of the folder's commit, and whether tracked files differ from it (as `git describe --dirty`).

    None outside a repository, without commits, or without git.
    """
    try:
        hash_ = line(folder, "rev-parse", "HEAD")
        return hash_, bool(line(folder, "status", "--porcelain", "--untracked-files=no"))
    except GitError:
        return None


def toplevel(folder: Path) -> Path:
    """The work tree that holds the folder. Raises `GitError` outside of one."""
    return Path(line(folder, "rev-parse", "--show-toplevel"))


def resolve(folder: Path, revision: str) -> str:
    """The full hash of the commit that a revision names. Raises `GitError`."""
    try:
        found = line(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except GitError:
        raise GitError(f"expected a commit of {folder.resolve()}, found {revision!r}") from None
    return found.splitlines()[-1]


def show(folder: Path, revision: str) -> Commit:
    """The commit that a revision names. Raises `GitError`."""
    return _commit(line(folder, "show", "--no-patch", f"--format={_FIELDS}", resolve(folder, revision)))


def in_order(folder: Path, hashes: Sequence[str]) -> list[Commit]:
    """Those of the hashes that the repository of the folder has, parents before children."""
    try:
        asked = git(folder, "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin="\n".join(hashes))
        types = [text.split() for text in asked.decode().splitlines()]
        wanted = {found[0] for found in types if found[1:] == ["commit"]}
        listed = "\n".join(wanted)
        if not wanted:
            return []
        walked = git(folder, "rev-list", "--topo-order", "--reverse", "--stdin", stdin=listed)
        shown = git(folder, "show", "--no-patch", f"--format={_FIELDS}", "--stdin", stdin=listed)
    except GitError:
        return []
    described = {commit.hash: commit for commit in map(_commit, shown.decode(errors="replace").splitlines())}
    return [described[hash_] for hash_ in walked.decode().split() if hash_ in wanted]


def _commit(text: str) -> Commit:
    hash_, short, author, date, subject = text.split("\0", 4)
    return Commit(hash_, short, author, date, subject)
