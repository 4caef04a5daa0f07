"""The names of suites: what a file calls itself, and what to say of two suites that share a name.

A suite's name is `name` under [suite], or else the file's name without `.toml`. Every id begins with it, so
two suites of one name cannot be told apart by their ids.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from harness.shipped import at_place, is_name
from harness.suite.reader import ID
from harness.text import printable

MAX_BYTES = 10_000_000
"""A larger file is no suite (see `load`)."""


def stated_name(document: Mapping[str, Any], stem: str) -> str:
    """The name of the suite in a TOML document whose file is called `stem`; else the stem."""
    head = document.get("suite")
    name = head.get("name") if isinstance(head, dict) else None
    return name if isinstance(name, str) and ID.fullmatch(name) else stem


def name_in(path: Path) -> str | None:
    """The name of the suite in a file as it is now; None if there is no suite that can be read."""
    document = _document(path)
    return None if document is None or "suite" not in document else stated_name(document, path.stem)


def namesakes(name: str, *paths: str | Path, root: Path = Path()) -> str:
    """That these files are suites of one name, and the line that would tell them apart.

    `paths` are relative to `root` or absolute. The line goes into the last file whose folder gives it a name
    of its own.
    """
    shown = [printable(str(path)) for path in paths]
    own = [path for path in paths if not is_name(str(path))] or paths  # nobody edits an installed package
    chosen = next((p for p in reversed(own) if other_name(name, p) != f"{name}-2"), own[-1])
    place = f"{printable(str(chosen))}:{_line(at_place(str(chosen), root))}"
    others = f"{', '.join(shown[:-1])} and {shown[-1]}"
    return (
        f"two suites are named {name}, {others}: their ids and records cannot be told apart;"
        f' give one another name with the line `name = "{other_name(name, chosen)}"` under [suite] ({place})'
    )


def other_name(name: str, path: str | Path) -> str:
    """A name for a suite instead of one that another suite has: with that of its folder before it."""
    folder = re.sub(r"[^a-z0-9]+", "-", PurePath(path).parent.name.lower()).strip("-")
    return f"{folder}-{name}" if folder else f"{name}-2"


def _document(path: Path) -> dict[str, Any] | None:
    """What a TOML file holds; None of what is no file, is too large, or cannot be read."""
    try:
        if path.suffix != ".toml" or not path.is_file() or path.stat().st_size > MAX_BYTES:
            return None
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None


def _line(path: Path) -> int:
    """The line of [suite], or of its `name`, in a file; 1 if it cannot be read."""
    from harness.suite.positions import key_positions, locate

    if _document(path) is None:
        return 1
    positions = key_positions(path.read_text(encoding="utf-8-sig"))
    return locate(("suite", "name"), positions)[0]
