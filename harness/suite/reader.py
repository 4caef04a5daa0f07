"""A descent through a parsed TOML table that notes every mistake instead of stopping at the first.

Each `take` removes one key, converts its value with msgspec, and notes what was expected and what was
found. `close` notes the keys that nobody took.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, get_args, get_origin

import msgspec

from harness.suite.errors import KeyPath, Mistake, nearest_name, one_of, shown

REQUIRED: Any = object()
HINTS = 50  # of so many mistakes the nearest name is looked for: each takes milliseconds
ID = re.compile(r"[a-z0-9-]+")
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class Notes:
    """The mistakes found so far in one file."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.unimportable: set[str] = set()
        """Modules that cannot be imported: one mistake each, however often they are named."""

    def add(self, path: KeyPath, expected: str, found: str, hint: str = "") -> None:
        self.mistakes.append(Mistake(path, expected, found, hint))

    def name(self, path: KeyPath, name: object, names: Collection[object], found: str = "") -> bool:
        """Whether `name` is one of `names`; a note with the nearest one if not, perhaps of what was found."""
        if name in names:
            return True
        hint = nearest_name(name, names) if len(self.mistakes) < HINTS else ""
        self.add(path, one_of(names), found or shown(name), hint)
        return False

    def number(self, path: KeyPath, value: object) -> bool:
        """Whether `value`, if a number, is one that TOML, JSON and NumPy agree on; a note if not."""
        if isinstance(value, float) and not math.isfinite(value):
            self.add(path, "a finite number", shown(value))
            return False
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            self.add(path, "an integer of at most 64 bits", shown(value))
            return False
        return True


class Table:
    """One TOML table on its way to a record."""

    def __init__(self, value: object, path: KeyPath, notes: Notes) -> None:
        self.path = path
        self.notes = notes
        self._known: list[str] = []
        self._rest: dict[str, Any] = {}
        if isinstance(value, Mapping):
            self._rest = dict(value)
        else:
            notes.add(path, "a table", shown(value))

    def has(self, key: str) -> bool:
        return key in self._rest

    def take(self, key: str, type_: Any, default: Any = REQUIRED, *, expected: str = "") -> Any:
        """The value of `key` as `type_`; its default, or None with a note, where that fails."""
        self._known.append(key)
        if key not in self._rest:
            if default is REQUIRED:
                self.notes.add(self.path, f"a key `{key}`", "none")
                return None
            return default
        value = self._rest.pop(key)
        try:
            return convert(value, type_)
        except msgspec.ValidationError as error:
            names = get_args(type_) if get_origin(type_) is Literal else ()
            expected = expected or (one_of(names) if names else expectation(error))
            self.notes.add((*self.path, key), expected, shown(value), nearest_name(value, names))
            return None if default is REQUIRED else default

    def tables(self, key: str) -> dict[str, Table]:
        """The tables under `key` by id; ids that are not `[a-z0-9-]+` are noted."""
        raw = self.take(key, dict[str, Any], {}, expected="a table of tables")
        found = {}
        for name, value in raw.items():
            path = (*self.path, key, name)
            if not ID.fullmatch(name):
                self.notes.add(path, "an id of a-z, 0-9 and -", shown(name))
            found[name] = Table(value, path, self.notes)
        return found

    def peek(self) -> dict[str, Any]:
        """A copy of what has not been taken yet."""
        return dict(self._rest)

    def close(self) -> None:
        """Note the keys that nobody took."""
        for key in self._rest:
            expected = f"one of the keys {', '.join(self._known)}" if self._known else "no key"
            self.notes.add(
                (*self.path, key), expected, f"the unknown key `{key}`", nearest_name(key, self._known)
            )


def convert(value: object, type_: Any) -> Any:
    """`value` as `type_`, strictly, but with 1.0 for an int and 1 for a float. Raises ValidationError."""
    if isinstance(value, float) and value.is_integer():
        try:
            return msgspec.convert(value, type_)
        except msgspec.ValidationError:
            return msgspec.convert(int(value), type_)
    return msgspec.convert(value, type_)


def expectation(error: msgspec.ValidationError) -> str:
    """What msgspec expected, without its "Expected" and what follows."""
    text = re.sub(r" - at `.*`$", "", str(error))
    match = re.fullmatch(r"Expected (.*?)(, got .*)?", text, re.DOTALL)
    expected = match[1].replace("`", "") if match else text
    return re.sub(r"\b(object|array|str|int|float|bool)\b", lambda m: _IN_WORDS[m[1]], expected)


_IN_WORDS = {
    "object": "a table",
    "array": "a list",
    "str": "a string",
    "int": "an integer",
    "float": "a number",
    "bool": "true or false",
}
