"""A first suite in a folder of its own: what `harness init` writes. All files, or none.

The files are in `_first`, as they are written, but for VERSION in the workflow.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from harness.disk import kind, read
from harness.errors import UserError
from harness.version import __version__

FILES = {
    "suites/first.toml": "first.toml",
    "wide_kernel.py": "wide_kernel.py.txt",
    "pytest.ini": "pytest.ini",
    ".gitignore": "gitignore.txt",
    ".github/workflows/claims.yml": "claims.yml",
}
"""Where each file goes, and which file of `_first` it is."""

WORKFLOW = ".github/workflows/claims.yml"
_TEMPLATES = Path(__file__).with_name("_first")
_MOST = 10_000_000  # bytes of a file with settings
_SETTINGS = {
    "pyproject.toml": rb"^\s*\[tool\.pytest\b",
    "tox.ini": rb"^\[pytest\]",
    "setup.cfg": rb"^\[tool:pytest\]",
    "pytest.toml": rb"",
    ".pytest.toml": rb"",
    ".pytest.ini": rb"",
}
"""Where pytest's settings may be: `pytest.ini` would take their place."""


class InitError(UserError, OSError):
    """The folder has something already in the place of what would be written, or cannot be written to."""


def release_tag(version: str = __version__) -> str:
    """The tag of the release that a version is, or leads to: v0.2.0 for 0.2.0.dev0."""
    found = re.match(r"[0-9.]*[0-9]", version)
    return f"v{found[0] if found else version}"


def first_suite(folder: Path) -> tuple[str, ...]:
    """Write a first suite, its experiment, `.gitignore`, pytest's settings and a workflow into a folder.

    The names of the files. The folder is made if it is not there. Raises `InitError`, and has then written
    nothing, if something is in the place of a file, or cannot be written.
    """
    found = [*_taken(folder), *_settings(folder)]
    if found:
        raise InitError(
            f"{folder}: expected a folder without {_listed(FILES)}, found {_listed(found)}: nothing is"
            " written; name another folder, `harness init FOLDER`"
        )
    try:
        with (
            _made_folders(folder, FILES) as undo,
            tempfile.TemporaryDirectory(dir=folder, prefix=".init-") as new,
        ):
            for name, template in FILES.items():
                written = Path(new) / template
                written.write_bytes(_content(template))
                _place(written, folder / name)
                undo.callback((folder / name).unlink, missing_ok=True)
            undo.pop_all()
    except OSError as error:
        said = error.strerror or str(error)
        raise InitError(f"{folder}: a first suite cannot be written: {said}; nothing is written") from error
    return tuple(sorted(FILES))


def _content(template: str) -> bytes:
    text = (_TEMPLATES / template).read_text(encoding="utf-8")
    return text.replace("@vVERSION", f"@{release_tag()}").encode()


def _place(written: Path, path: Path) -> None:
    """Give a whole file its name. Raises FileExistsError where the name is taken."""
    try:
        os.link(written, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        with path.open("xb") as file:
            file.write(written.read_bytes())


@contextmanager
def _made_folders(folder: Path, names: dict[str, str]) -> Iterator[ExitStack]:
    """Make the folder and those of the files; what was made, and what is added, goes if the block fails."""
    with ExitStack() as undo:
        for path in [folder, *((folder / name).parent for name in names)]:
            for missing in reversed([each for each in (path, *path.parents) if not each.exists()]):
                missing.mkdir()
                undo.callback(_remove, missing)
        yield undo


def _remove(folder: Path) -> None:
    with suppress(OSError):  # somebody else has put something there
        folder.rmdir()


def _taken(folder: Path) -> list[str]:
    """What stands in the place of a file, or of a folder above one."""
    found: dict[str, None] = {}
    if kind(folder) not in ("", "a directory") and not folder.is_dir():
        return [str(folder)]
    for name in FILES:
        above = [str(each) for each in reversed(PurePosixPath(name).parents) if str(each) != "."]
        blocked = [each for each in above if kind(folder / each) not in ("", "a directory")]
        if blocked or kind(folder / name):
            found.setdefault(blocked[0] if blocked else name)
    return list(found)


def _settings(folder: Path) -> list[str]:
    """Files with settings of pytest, which `pytest.ini` would hide."""
    found = []
    for name, pattern in _SETTINGS.items():
        with suppress(OSError):
            if re.search(pattern, read(folder / name, _MOST), re.MULTILINE):
                found.append(f"{name} (with pytest's settings)")
    return found


def _listed(names: dict[str, str] | list[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
