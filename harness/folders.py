"""Which files a command is about, where folders, globs or nothing at all are named.

Imports little of the package: the pytest plugin asks in every run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from harness.errors import UserError
from harness.shipped import is_name, located

FOLDER = Path("suites")
"""What is taken where nothing is named."""

WAYS = (
    "a suite's FILE.toml, FILE.toml::ID for one claim or instance, a folder of suites, a glob in quotes,"
    " or @NAME of a suite that comes with harness (`harness suites` lists them)"
)
_GLOB = re.compile(r"[*?\[]")


class NoSuiteError(UserError, ValueError):
    """A folder or a glob without suites, or no word of what to run."""


def is_suite(path: Path) -> bool:
    """Whether a TOML file is meant to be a suite: it has a table [suite] or [claims], or cannot be read.

    A broken file counts, so that its mistakes are reported when its folder is named.
    """
    import tomllib

    if not path.is_file():
        return False
    try:
        return not {"suite", "claims"}.isdisjoint(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (OSError, ValueError, RecursionError):
        return True


def suites_in(folder: Path) -> list[Path]:
    """The suites that lie in the folder itself, by name; other TOML files are passed over."""
    return [path for path in sorted(folder.glob("*.toml")) if is_suite(path)]


def files(targets: Sequence[str]) -> list[str]:
    """`targets` with folders and globs replaced by the suites that they stand for; without any, `suites/`.

    A FILE or FILE::ID, and @NAME or @NAME::ID, stays as it is. Raises `UnknownSuiteError` for a @NAME that
    this package has no suite of, and `NoSuiteError` where a folder or glob has no suite, and where nothing is
    named and there is no folder `suites`.
    """
    if not targets:
        if not FOLDER.is_dir():
            raise NoSuiteError(f"expected {WAYS}; found none, and no folder {FOLDER}/, which is taken then")
        targets = [str(FOLDER)]
    found: list[str] = []
    for target in targets:
        file, separator, _ = target.partition("::")
        try:
            replaced = _expanded(file)
        except NoSuiteError:
            raise
        except (ValueError, NotImplementedError, OSError) as error:  # a null byte, or a name that is too long
            raise NoSuiteError(f"expected {WAYS}, found {target!r}: {error}") from None
        if replaced is None:
            found.append(target)
        elif separator:
            raise NoSuiteError(f"expected FILE.toml::ID, found {target!r}: {file} is not one file")
        else:
            found += [str(path) for path in replaced]
    return list(dict.fromkeys(found))


def _expanded(name: str) -> Iterable[Path] | None:
    """The suites that a folder or a glob stands for; None of what names a file, or a suite of this
    package."""
    if is_name(name):
        located(name)
        return None
    path = Path(name)
    if name and path.is_dir():
        suites = suites_in(path)
        if not suites:
            others = len(list(path.glob("*.toml")))
            found = f"{others} TOML files without one" if others else "no TOML file"
            expected = "suites (TOML files with a table [suite]) in the folder"
            raise NoSuiteError(f"{name}: expected {expected}, found {found}")
        return suites
    if _GLOB.search(name) and not path.exists():
        matched = sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))
        suites = [suite for match in matched for suite in (suites_in(match) if match.is_dir() else [match])]
        suites = [suite for suite in suites if suite.suffix == ".toml" and is_suite(suite)]
        if not suites:
            raise NoSuiteError(f"expected suites that match {name!r} in {Path.cwd()}, found none")
        return suites
    return None
