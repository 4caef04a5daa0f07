"""The one door to git: what it knows of a folder, a revision, a history. Asked of its command.

Every call runs without the caller's repository (a hook or an alias sets GIT_DIR and more), and without
configuration, locale, pager or prompt that change what is printed. Answers are cut at null bytes: a subject
may hold anything else.

    commit    a state of a repository, named by its hash
    holder    the folder whose work tree holds a file: the nearest one above that has a `.git`
    refusal   git is not installed, does not trust the owner of a repository, or finds it broken: a `GitError`
              with git's own words. A folder outside of any repository is no refusal
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from harness.errors import UserError

_SECONDS = 60
"""Far more than any question here takes; a repository on a dead network must not hang a run."""
_FIELDS = ("%H", "%h", "%an", "%aI", "%s")
_FORMAT = "--format=" + "%x00".join(_FIELDS)
_BATCH = 500  # paths in one command: the kernel takes 128 KiB of arguments or more
_KEPT = {"GIT_CEILING_DIRECTORIES", "GIT_DISCOVERY_ACROSS_FILESYSTEM", "GIT_EXEC_PATH", "GIT_ASKPASS"}
_KEPT_PREFIXES = ("GIT_SSH", "GIT_SSL_", "GIT_HTTP_", "GIT_PROXY_", "GIT_TRACE", "GIT_TEST_")
_CONFIGURATION = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"}
_SETTINGS = (
    "log.showSignature=false",
    "core.quotePath=false",
    "color.ui=never",
    "i18n.logOutputEncoding=UTF-8",
    f"core.hooksPath={os.devnull}",  # a checkout of ours runs no hook of the user's
    "core.fsmonitor=false",  # nor a program that a repository names
)
_IGNORED = "# Made by harness, and kept out of git; delete this file to track the folder.\n*\n"


CommitPlace = Literal["", "on no branch", "not in this repository"]


class GitError(UserError, RuntimeError):
    """git refused, or is not there. `said` is what it said, on one line; '' where it had no words."""

    def __init__(self, message: str, said: str = "") -> None:
        super().__init__(message)
        self.said = said


@dataclass(frozen=True)
class Commit:
    """A commit, as git shows it."""

    hash: str
    short: str
    author: str
    date: str
    """The author's date, ISO 8601."""
    subject: str
    place: CommitPlace = ""
    """What is unusual about where the commit stands in the repository that was asked."""


def environment_without_git() -> dict[str, str]:
    """This process's environment without what binds git to a repository: a child finds its own.

    Where the user's configuration and credentials are stays. Of configuration in variables only
    `safe.directory` stays: a container or a CI job says in this way which repositories it trusts.
    """
    kept = {name: value for name, value in os.environ.items() if _is_harmless(name)}
    trusted = [value for name, value in _configured() if name.lower() == "safe.directory"]
    for number, value in enumerate(trusted):
        kept[f"GIT_CONFIG_KEY_{number}"], kept[f"GIT_CONFIG_VALUE_{number}"] = "safe.directory", value
    return kept | ({"GIT_CONFIG_COUNT": str(len(trusted))} if trusted else {})


def git(folder: Path, *arguments: str, stdin: str = "") -> bytes:
    """What `git ARGUMENTS` prints in the folder. Raises `GitError` if it fails."""
    settings = [word for setting in _SETTINGS for word in ("-c", setting)]
    command = ["git", "--no-pager", "--literal-pathspecs", *settings, *arguments]
    forced = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    where = f"git {arguments[0]} in {folder}"
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment_without_git() | forced,
            input=os.fsencode(stdin),
            capture_output=True,
            check=True,
            timeout=_SECONDS,
            process_group=0,  # Ctrl-C is for us: git is not to end halfway through a change
        )
    except subprocess.CalledProcessError as error:
        said = " ".join((error.stderr or error.stdout).decode(errors="replace").split())
        raise GitError(f"{where}: {said or f'exit code {error.returncode}'}", said) from None
    except FileNotFoundError as error:
        said = "git is not installed, or not on PATH" if error.filename == "git" else str(error)
        raise GitError(f"{where}: {said}", said) from None
    except (OSError, ValueError, subprocess.SubprocessError) as error:  # ValueError: a null byte in a path
        raise GitError(f"{where}: {error}", str(error)) from None
    return done.stdout


def line(folder: Path, *arguments: str) -> str:
    """What git prints, as text without the final line feed. Raises `GitError`."""
    return git(folder, *arguments).decode(errors="replace").strip()


def repository_above(folder: Path) -> Path | None:
    """The nearest folder, from this one upwards, that has a `.git`, or None. Asks nothing of git."""
    folder = folder.resolve()
    return next((each for each in (folder, *folder.parents) if os.path.lexists(each / ".git")), None)


def head(folder: Path) -> tuple[str, bool] | None:
    """The hash of the folder's commit, and whether tracked files differ from it (as `git describe --dirty`).

    None outside a repository, and without commits. Raises `GitError` if git refuses.
    """
    if repository_above(folder) is None:
        return None
    try:
        hash_ = line(folder, "rev-parse", "--verify", "--quiet", "HEAD")
    except GitError as error:
        if error.said:
            raise
        return None
    return hash_, bool(git(folder, "status", "--porcelain", "-z", "--untracked-files=no"))


def untracked(folder: Path, files: Iterable[Path]) -> list[Path]:
    """Those of the files, all in the work tree of `folder`, that git neither has nor ignores.

    Raises `GitError`.
    """
    found: list[Path] = []
    for batch in _batches(files):
        said = git(folder, "ls-files", "-z", "--others", "--exclude-standard", "--", *batch)
        found += [folder / os.fsdecode(name) for name in said.split(b"\0") if name]
    return found


def modified(folder: Path, files: Iterable[Path]) -> bool:
    """Whether any of the files, all in the work tree of `folder`, is new to git or differs from the commit.

    Files that git ignores do not count. Raises `GitError`.
    """
    return any(
        git(folder, "status", "--porcelain", "-z", "--untracked-files=all", "--", *batch)
        for batch in _batches(files)
    )


def toplevel(folder: Path) -> Path:
    """The work tree that holds the folder. Raises `GitError` outside of one."""
    said = git(folder, "rev-parse", "--show-toplevel")
    return Path(os.fsdecode(said.removesuffix(b"\n")))


def resolve(folder: Path, revision: str) -> str:
    """The full hash of the commit that a revision names. Raises `GitError`."""
    try:
        found = line(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except GitError as error:
        said = f": {error.said}" if error.said else ""
        expected = f"expected a commit of {folder.resolve()}"
        raise GitError(f"{expected}, found {revision!r}{said}", error.said) from None
    return found.splitlines()[-1]


def show(folder: Path, revision: str) -> Commit:
    """The commit that a revision names. Raises `GitError`."""
    hash_ = resolve(folder, revision)
    return _described(folder, [hash_])[hash_]


def in_order(folder: Path, hashes: Sequence[str]) -> list[Commit]:
    """Those of the hashes that the repository of the folder has, parents before children.

    Outside of a repository none. Raises `GitError` if git refuses.
    """
    if not hashes or repository_above(folder) is None:
        return []
    asked = git(folder, "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin="\n".join(hashes))
    types = [text.split() for text in asked.decode(errors="replace").split("\n")]
    wanted = {found[0] for found in types if found[1:] == ["commit"]}
    if not wanted:
        return []
    listed = "\n".join(wanted)
    walked = git(folder, "rev-list", "--topo-order", "--reverse", "--stdin", stdin=listed).decode().split()
    loose = set(git(folder, "rev-list", "--stdin", "--not", "--all", stdin=listed).decode().split())
    described = _described(folder, wanted)
    return [
        replace(described[hash_], place="on no branch") if hash_ in loose else described[hash_]
        for hash_ in walked
        if hash_ in described
    ]


def is_shallow(folder: Path) -> bool:
    """Whether the repository of the folder lacks the beginning of its history. Raises `GitError`."""
    return line(folder, "rev-parse", "--is-shallow-repository") == "true"


def make_ignored(folder: Path) -> None:
    """Make a folder, with those above it, that git does not see; one that exists stays as it is.

    The topmost folder that had to be made gets a `.gitignore`, unless the one above it has ours already.
    """
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    if missing:
        with contextlib.suppress(OSError, ValueError):
            above = missing[-1].parent / ".gitignore"
            if not above.is_file() or above.read_text(encoding="utf-8") != _IGNORED:
                with (missing[-1] / ".gitignore").open("x", encoding="utf-8") as file:
                    file.write(_IGNORED)


def _batches(files: Iterable[Path]) -> list[list[str]]:
    names = sorted(map(str, files))
    return [names[start : start + _BATCH] for start in range(0, len(names), _BATCH)]


def _described(folder: Path, hashes: Iterable[str]) -> dict[str, Commit]:
    """The commits of these hashes, which the repository has. Raises `GitError`."""
    options = ("-z", "--no-walk=unsorted", "--no-patch", "--no-notes", _FORMAT, "--stdin")
    shown = git(folder, "log", *options, stdin="\n".join(hashes)).decode(errors="replace").split("\0")
    size = len(_FIELDS)
    records = [shown[start : start + size] for start in range(0, len(shown) - size + 1, size)]
    return {
        hash_: Commit(hash_, short, author, date, subject) for hash_, short, author, date, subject in records
    }


def _is_harmless(name: str) -> bool:
    if not name.startswith("GIT_"):
        return True
    return name in _KEPT or name in _CONFIGURATION or name.startswith(_KEPT_PREFIXES)


def _configured() -> list[tuple[str, str]]:
    """The settings that GIT_CONFIG_COUNT and its like make."""
    count = os.environ.get("GIT_CONFIG_COUNT", "")
    numbers = range(int(count)) if count.isascii() and count.isdigit() and len(count) < 4 else range(0)
    found = [[os.environ.get(f"GIT_CONFIG_{part}_{n}") for part in ("KEY", "VALUE")] for n in numbers]
    return [(key, value) for key, value in found if key is not None and value is not None]
