"""Mistakes in a suite, and the one error that carries all of them.

`str()` of a `SuiteError` gives a line for each.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.errors import UserError
from harness.text import printable

KeyPath = tuple[str | int, ...]
"""Keys and array indices from the top of a TOML file to a value."""

_LONGEST_FOUND = 60
_MOST_SAID = 100
_LONGEST_NAME, _MOST_NAMES = 100, 1000  # what is looked through for a hint: difflib is slow beyond


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in a suite: where, what was expected, what was found, what may be meant.

    `line` and `column` count from 1; 0 if there is no position (the file as a whole).
    """

    path: KeyPath
    expected: str
    found: str
    hint: str = ""
    line: int = 0
    column: int = 0

    def describe(self, file: str) -> str:
        """One line: `file:line:column: where: expected …, found … (did you mean …?)`."""
        place = f"{file}:{self.line}:{self.column}" if self.line else file
        return printable(f"{place}: {self.says}")

    @property
    def says(self) -> str:
        """`where: expected …, found … (did you mean …?)`, without the place in the file."""
        where = f"{dotted(self.path)}: " if self.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}expected {self.expected}, found {self.found}{hint}"


class SuiteError(UserError, ValueError):
    """A suite file that cannot be used; `mistakes` holds everything that is wrong with it.

    `str()` says the first hundred.
    """

    def __init__(self, file: str, mistakes: Sequence[Mistake]) -> None:
        self.file = file
        self.mistakes = tuple(sorted(mistakes, key=lambda m: (m.line, m.column)))
        said = [mistake.describe(file) for mistake in self.mistakes[:_MOST_SAID]]
        if len(self.mistakes) > _MOST_SAID:
            said.append(f"{file}: … and {len(self.mistakes) - _MOST_SAID:,} more mistakes")
        super().__init__("\n".join(said))


def dotted(path: KeyPath) -> str:
    """`claims.x.where[1].at` for ("claims", "x", "where", 1, "at")."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else (f".{part}" if text else str(part))
    return text


def shown(value: object) -> str:
    """A TOML value as it is shown in messages: short, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}" if len(value) > _LONGEST_FOUND // 3 else _shortened(_listed(value))
    if isinstance(value, int) and value.bit_length() > 1000:  # Python writes no more than 4300 digits
        return f"an integer of {value.bit_length():,} bits"
    return _shortened(repr(value) if not isinstance(value, str) else f'"{value[:_LONGEST_FOUND]}"')


def _listed(values: list[object]) -> str:
    return f"[{', '.join('[…]' if isinstance(value, list) else shown(value) for value in values)}]"


def _shortened(text: str) -> str:
    text = text.encode("unicode_escape").decode("ascii") if not text.isprintable() else text
    return text if len(text) <= _LONGEST_FOUND else text[: _LONGEST_FOUND - 1] + "…"


def one_of(names: Iterable[object]) -> str:
    """`one of a, b, c`, with long lists cut."""
    listed = list(names)
    if not listed:
        return "nothing (there are none)"
    text = f"one of {', '.join(str(name)[:_LONGEST_NAME] for name in listed[:12])}"
    return text + (f", … ({len(listed)} in all)" if len(listed) > 12 else "")


def nearest_name(name: object, names: Iterable[object]) -> str:
    """A hint with the valid name nearest to `name`, or nothing. Of very many names the first are tried."""
    from difflib import get_close_matches

    tried = (str(n) for n in itertools.islice(names, _MOST_NAMES))
    close = get_close_matches(str(name), [n for n in tried if len(n) <= _LONGEST_NAME], n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else ""
