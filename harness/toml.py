"""Values as TOML, for people to read and for `tomllib`."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def toml_value(value: object) -> str:
    """A number, a text, a list or an inline table, on one line. Raises TypeError for what TOML has not."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return repr(value) if math.isfinite(value) else str(value)
        case str():
            return _text(value)
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case Mapping() if value:
            return f"{{ {', '.join(f'{_key(key)} = {toml_value(item)}' for key, item in value.items())} }}"
        case Mapping():
            return "{}"
    raise TypeError(f"expected a number, a text, a list or a table, found a {type(value).__name__}")


def toml_table(name: tuple[str, ...], table: Mapping[str, object]) -> str:
    """The lines of a table: a key on each, and at the end what is a list of tables. Raises TypeError."""
    path = ".".join(map(_key, name))
    blocks = [[f"[{path}]"]]
    for key, value in table.items():
        if not _are_tables(value):
            blocks[0].append(f"{_key(key)} = {toml_value(value)}")
    for key, value in table.items():
        if _are_tables(value):
            for each in value:  # type: ignore[attr-defined]
                lines = [f"{_key(k)} = {toml_value(item)}" for k, item in each.items()]
                blocks.append(["", f"[[{path}.{_key(key)}]]", *lines])
    return "".join(f"{line}\n" for block in blocks for line in block)


def _are_tables(value: object) -> bool:
    return (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(each, Mapping) for each in value)
    )


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)


def _text(text: str) -> str:
    # JSON's escapes are TOML's; DEL, which JSON leaves, and surrogates, which neither may hold, are not.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
