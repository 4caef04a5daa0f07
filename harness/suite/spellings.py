"""Old spellings in a suite: today's in their place, and a remark for each; see `harness.spelling`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.spelling import (
    FIRST_KEYS,
    experiment_first,
    experiment_today,
    quantities_first,
    quantities_today,
)
from harness.suite.errors import KeyPath, dotted

_WORDS = ("source", "at", "says", "because", "marks", "experiment")
"""Keys of a claim whose values name no quantities."""


@dataclass(frozen=True)
class OldSpelling:
    """One name of a suite that is spelled otherwise today. `path` leads to it as the file has it."""

    path: KeyPath
    old: str
    today: str
    key: bool
    """Whether it is the key itself, not a value."""
    line: int = 0

    @property
    def says(self) -> str:
        """`claims.ID.center: …`, without the place in the file."""
        return f"{dotted(self.path)}: `{self.old}` is an old spelling of `{self.today}`; both mean the same"


def today(document: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[OldSpelling, ...]]:
    """A suite as it was parsed, in today's spelling, and what was spelled otherwise."""
    change = _towards_today()
    return change.suite(document), tuple(change.found)


def first(document: Mapping[str, Any]) -> dict[str, Any]:
    """The same suite in the spelling under which its names were first published."""
    return _Respelling(FIRST_KEYS, experiment_first, quantities_first).suite(document)


def with_lines(found: Sequence[OldSpelling], file: Path) -> list[OldSpelling]:
    """The same with their lines in the file."""
    if not found:
        return []
    from harness.suite.positions import key_positions, locate

    positions = key_positions(file.read_text(encoding="utf-8-sig"))
    return [replace(each, line=locate(each.path, positions)[0]) for each in found]


def claim_today(table: Mapping[str, Any], run: str) -> dict[str, Any]:
    """The table of a claim about the experiment `run`, in today's spelling."""
    return _towards_today().claim(table, (), run)


def _towards_today() -> _Respelling:
    keys = {first: now for now, first in FIRST_KEYS.items()}
    return _Respelling(keys, experiment_today, quantities_today)


class _Respelling:
    """From one spelling to another. What is no suite's is left as it is: reading it finds the mistakes."""

    def __init__(
        self,
        keys: Mapping[str, str],
        experiment: Callable[[str], str],
        quantities: Callable[[str], Mapping[str, str]],
    ) -> None:
        self._keys, self._experiment, self._quantities = keys, experiment, quantities
        self.found: list[OldSpelling] = []

    def suite(self, document: Mapping[str, Any]) -> dict[str, Any]:
        made = dict(document)
        runs: dict[str, str] = {}
        for id_, table in _tables(document.get("experiments")):
            run = table.get("run")
            if isinstance(run, str):
                runs[id_] = run
                if (now := self._experiment(run)) != run:
                    self.found.append(OldSpelling(("experiments", id_, "run"), run, now, key=False))
                    _put(made, ("experiments", id_, "run"), now)
        if isinstance(document.get("defaults"), dict):
            made["defaults"] = self._table(document["defaults"], ("defaults",))
        for id_, table in _tables(document.get("claims")):
            run = runs.get(str(table.get("experiment")), "")
            _put(made, ("claims", id_), self.claim(table, ("claims", id_), run))
        return made

    def claim(self, table: Mapping[str, Any], path: KeyPath, run: str) -> dict[str, Any]:
        names = self._quantities(run)
        claim = self._table(table, path)
        for key, value in claim.items():
            if names and key not in _WORDS:
                claim[key] = self._value(value, (*path, key), names)
        return claim

    def _table(self, table: Mapping[str, Any], path: KeyPath) -> dict[str, Any]:
        """The table with its keys in the other spelling; a key that has both stays, for it is a mistake."""
        made = {}
        for key, value in table.items():
            now = self._keys.get(key, key)
            if now == key or now in table:
                made[key] = value
            else:
                self.found.append(OldSpelling((*path, key), key, now, key=True))
                made[now] = value
        return made

    def _value(self, value: Any, path: KeyPath, names: Mapping[str, str]) -> Any:
        """A predicate, a control or `where`, with each name of a quantity in the other spelling."""
        if isinstance(value, dict):
            return {
                key: inner if key in _WORDS else self._value(inner, (*path, key), names)
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self._value(inner, (*path, number), names) for number, inner in enumerate(value)]
        if isinstance(value, str) and value in names:
            self.found.append(OldSpelling(path, value, names[value], key=False))
            return names[value]
        return value


def _tables(value: object) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tables of a table of tables, by id."""
    if isinstance(value, dict):
        yield from ((id_, table) for id_, table in value.items() if isinstance(table, dict))


def _put(made: dict[str, Any], path: tuple[str, ...], value: object) -> None:
    """Put a value in its place; tables on the way become others, so that what was parsed stays as it was."""
    for key in path[:-1]:
        made[key] = dict(made[key])
        made = made[key]
    made[path[-1]] = value
