"""What a command is about: `FILE`, `FILE::ID` and folders, loaded and selected. Measures nothing."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.folders import files
from harness.shipped import located
from harness.suite import Instance, SelectionError, Suite, load, select
from harness.suite.names import namesakes
from harness.text import encodable
from harness.toml import toml_value


@dataclass(frozen=True)
class Selected:
    """A suite with those of its instances that a command is about."""

    suite: Suite
    instances: tuple[Instance, ...]


def gather(
    targets: Sequence[str],
    *,
    keyword: str = "",
    marks: str = "",
    imports: bool = True,
    overrides: Mapping[str, object] | None = None,
) -> list[Selected]:
    """Load the suites that `FILE` or `FILE::ID` targets, folders and globs name, and select.

    A target may also be @NAME or @NAME::ID, of a suite that comes with this package. Without targets the
    folder `suites` is taken. `overrides` are values that replace those of parameters (see `load`).

    Raises `SuiteError` for a file with mistakes, `UnknownSuiteError` for a @NAME of nothing, `NoSuiteError`
    for a folder without suites, and `SelectionError` for an id that nothing has, or two suites of one name
    (their ids would be the same).
    """
    named: dict[Path, tuple[str, list[str], bool]] = {}
    for target in files(targets):
        file, _, id_ = target.partition("::")
        path = located(file).resolve()
        name, ids, whole = named.get(path, (file, [], False))
        named[path] = (name, [*ids, id_] if id_ else ids, whole or not id_)
    selected: dict[str, Selected] = {}
    for name, ids, whole in named.values():
        suite = load(name, imports=imports, overrides=overrides)
        if suite.name in selected:
            raise SelectionError(namesakes(suite.name, selected[suite.name].suite.path, name))
        chosen = select(suite.instances, ids=() if whole else ids, keyword=keyword, marks=marks)
        selected[suite.name] = Selected(suite, tuple(chosen))
    return list(selected.values())


def assigned(assignments: Sequence[str]) -> dict[str, object]:
    """The values in `NAME=VALUE` texts, each a TOML scalar or else plain text.

    Raises `SelectionError` for a text without `=`, and for one that is no UTF-8.
    """
    values: dict[str, object] = {}
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise SelectionError(f"expected NAME=VALUE, found {assignment!r}")
        if encodable(assignment) != assignment:
            raise SelectionError(f"expected NAME=VALUE in UTF-8, found {assignment!r}")
        values[key.strip()] = _value(text)
    return values


def _value(text: str) -> object:
    try:
        document = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):  # no TOML, or an integer of thousands of digits
        return text
    return document["value"] if len(document) == 1 else text


def assignment(name: str, value: object) -> str:
    """The text that `assigned` reads as this value of this parameter."""
    if isinstance(value, str) and _value(value) == value:
        return f"{name}={value}"
    return f"{name}={toml_value(value)}"


def make_local_modules_importable() -> None:
    """Let suites name modules of the current directory; it comes last, so that it shadows nothing."""
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
