"""The suites that come with this package, `@kernels` and the others, and the records published of them.

    @NAME      a suite, wherever a suite's file may be named; a published record, wherever a record may be.
               A file or folder whose name begins with @ is named with a path: ./@kernels

A wheel has them inside the package (`hatch_build.py` puts them there), a checkout beside it. There they are
files of its repository, whose commit a record names. A wheel has no commit: its *release* stands in for one.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness.disk import read
from harness.errors import UserError
from harness.version import __version__

PACKAGE = Path(__file__).resolve().parent
INSIDE = {"suites": "_suites", "reports/published": "_published"}
"""Where a wheel has, inside the package, what a checkout has at its top. `hatch_build.py` repeats it, and a
test compares the two: a build must not import what it builds."""

DISTRIBUTION = "ntk-harness"
_NAMED = re.compile(r"@[a-z0-9-]+")
_MOST = 1_000_000  # bytes of a pyproject.toml
_DIGITS = 40  # of the digest's 64: as many as a commit's


class UnknownSuiteError(UserError, LookupError):
    """No suite of this package has this name, or the package was installed without its suites."""


@dataclass(frozen=True)
class Release:
    """An installed package in the place of a commit; made by `installed_release`."""

    version: str
    digest: str
    """Of the package's source and suites."""
    modified: bool
    """Whether a file differs from what was installed, as far as the installation says."""


def is_name(target: str) -> bool:
    """Whether a target is written as @NAME; a path says otherwise with a folder or with `.toml`."""
    return target.startswith("@") and "/" not in target and not target.endswith((".toml", ".json"))


def located(target: str | Path) -> Path:
    """The file of a suite that a path or @NAME names. Raises `UnknownSuiteError`."""
    text = str(target)
    return _file("suites", text, ".toml") if is_name(text) else Path(target)


def located_record(target: str | Path) -> Path:
    """The file of a record that a path or @NAME names. Raises `UnknownSuiteError`."""
    text = str(target)
    return _file("reports/published", text, ".json") if is_name(text) else Path(target)


def suite_names() -> tuple[str, ...]:
    """The names of the suites, without @. Raises `UnknownSuiteError` if the package lacks them."""
    return tuple(sorted(path.stem for path in folder("suites").glob("*.toml")))


def record_names() -> tuple[str, ...]:
    """The suites of which there is a published record. Raises `UnknownSuiteError` as `suite_names` does."""
    return tuple(sorted(path.stem for path in folder("reports/published").glob("*.json")))


def folder(what: str) -> Path:
    """The folder of the suites, or of the published records, by its place in a checkout."""
    inside = PACKAGE / INSIDE[what]
    if inside.is_dir():
        return inside
    beside = PACKAGE.parent / what
    if beside.is_dir() and is_home(PACKAGE.parent):
        return beside
    raise UnknownSuiteError(
        f"expected the suites of {DISTRIBUTION} in {inside}, found none: install its wheel, and do not import"
        " it from an archive"
    )


def packaged_name(file: Path) -> str:
    """@NAME of a suite's file inside an installed package; "" of any other file, those of a checkout
    included."""
    inside = PACKAGE / INSIDE["suites"]
    return f"@{file.stem}" if file.suffix == ".toml" and file.resolve().parent == inside else ""


def published_name(file: Path) -> str:
    """@NAME of a record's file inside an installed package; "" of any other."""
    inside = PACKAGE / INSIDE["reports/published"]
    return f"@{file.stem}" if file.suffix == ".json" and file.resolve().parent == inside else ""


def settled(place: str, top: Path) -> str:
    """A suite's place in a record; that of a wheel's suite, seen from this project's repository, is its
    file."""
    return f"suites/{place[1:]}.toml" if _NAMED.fullmatch(place) and is_home(top) else place


def at_place(place: str, top: Path) -> Path:
    """The file at a suite's place: in `top`, or in this package; a path that leads nowhere where it is
    gone."""
    if not _NAMED.fullmatch(place):
        return top / place
    try:
        return located(place)
    except UnknownSuiteError:
        return top / place


def is_home(top: Path) -> bool:
    """Whether a folder is the top of this project's source."""
    try:
        project = tomllib.loads(read(top / "pyproject.toml", _MOST).decode()).get("project")
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(project, dict) and project.get("name") == DISTRIBUTION


def installed_release() -> Release:
    """What is installed: its version, the digest of its files, and whether these are as they were
    installed."""
    recorded = _recorded()
    digest, modified = hashlib.sha256(__version__.encode()), False
    found: set[str] = set()
    for name, data in _files():
        file = hashlib.sha256(data)
        digest.update(f"\n{name} {file.hexdigest()}".encode())
        found.add(name)
        stated = base64.urlsafe_b64encode(file.digest()).decode().rstrip("=")
        modified |= bool(recorded) and recorded.get(name) != stated
    return Release(__version__, digest.hexdigest()[:_DIGITS], modified or bool(recorded.keys() - found))


def _files() -> Iterator[tuple[str, bytes]]:
    """The package's source and suites, by the name that an installation's RECORD has; not what was
    published."""
    for path in sorted(PACKAGE.rglob("*")):
        if path.is_file() and _counts(path.relative_to(PACKAGE).parts):
            yield path.relative_to(PACKAGE.parent).as_posix(), path.read_bytes()


def _counts(parts: tuple[str, ...]) -> bool:
    return "__pycache__" not in parts and parts[0] != INSIDE["reports/published"]


def _recorded() -> dict[str, str]:
    """The digests that the installation's RECORD states of the package's files; nothing without a RECORD."""
    info = f"{DISTRIBUTION.replace('-', '_')}-{__version__}.dist-info"
    try:
        text = (PACKAGE.parent / info / "RECORD").read_text(encoding="utf-8")
    except OSError:
        return {}
    rows = [row for row in csv.reader(text.splitlines()) if len(row) == 3 and row[1].startswith("sha256=")]
    inside = [(row[0], row[1].removeprefix("sha256=")) for row in rows]
    return {
        name: stated
        for name, stated in inside
        if name.startswith(f"{PACKAGE.name}/") and _counts(tuple(name.split("/")[1:]))
    }


def _file(what: str, target: str, suffix: str) -> Path:
    file = folder(what) / f"{target[1:]}{suffix}"
    names = [f"@{path.stem}" for path in sorted(file.parent.glob(f"*{suffix}"))]
    if target in names:
        return file
    from difflib import get_close_matches

    close = get_close_matches(target, names, n=1)
    hints = [f"did you mean {close[0]}?"] if close else []
    hints += [f"./{target} names what is in this folder"] if Path(target).exists() else []
    said = f" ({'; '.join(hints)})" if hints else ""
    kind = "suite of this package" if what == "suites" else "record published with this package"
    raise UnknownSuiteError(f"expected a {kind}, one of {', '.join(names)}, found {target!r}{said}")
