"""Reading `seeds` and `rare`: how many seeds a claim may use, and how rare an event it must not overlook."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from harness.questions import LOOKS
from harness.suite.errors import KeyPath, one_of, shown
from harness.suite.reader import Notes, Table
from harness.suite.unseen import least_look, leaves_open

AtLeastOne = Annotated[int, msgspec.Meta(ge=1)]
RARE = re.compile(r"(?=.*[1-9])([0-9]{1,2}(?:\.[0-9]{1,9})?) ?%")
_RARE_EXPECTED = 'a percentage above 0 and below 100 such as "5%"'

DROPPED_LOOKS = (6, 9)
"""Looks of format 1 that there are no more."""


@dataclass(frozen=True)
class Budget:
    """What `[defaults]`, a claim and its `where` say of seeds, the later before the earlier.

    `rare` is a share, or None. `seeds_at` and `rare_at` are the keys that set them, `last_at` the later one.
    """

    seeds: int = 48
    rare: float | None = None
    seeds_at: KeyPath = ()
    rare_at: KeyPath = ()
    last_at: KeyPath = ()

    def changed(self, path: KeyPath, seeds: int | None, rare: float | None) -> Budget:
        """With what the table at `path` says."""
        if seeds is None and rare is None:
            return self
        return Budget(
            self.seeds if seeds is None else seeds,
            self.rare if rare is None else rare,
            self.seeds_at if seeds is None else (*path, "seeds"),
            self.rare_at if rare is None else (*path, "rare"),
            (*path, "rare" if seeds is None else "seeds"),
        )

    def least(self, alpha: float, notes: Notes) -> int:
        """The least look that `rare` allows, 0 without it; a note where no look or not the budget does."""
        if self.rare is None:
            return 0
        look = least_look(self.rare, alpha)
        if look is None:
            smallest = math.ceil(leaves_open(LOOKS[-1], alpha) * 1000) / 1000  # rounded up: it can be written
            most = f"no claim reads more than {LOOKS[-1]} seeds"
            notes.add(
                self.rare_at, f"at least {_said(smallest)} at alpha = {alpha:g}: {most}", _said(self.rare)
            )
            return 0
        if self.seeds < look:
            expected = f"a budget of at least {look} seeds, for {_said(self.rare)} at alpha = {alpha:g}"
            notes.add(self.last_at, expected, str(self.seeds))
        return look


def read_budget(table: Table, before: Budget, *, fixed: str) -> Budget:
    """The budget of the claim in `table`; of a predicate that has no looks (`fixed`) any number of seeds."""
    takes_default = not table.has("seeds")
    seeds, rare = read_seeds(table, fixed=fixed), read_rare(table, fixed=fixed)
    if fixed:
        return Budget(before.seeds, seeds_at=before.seeds_at).changed(table.path, seeds, None)
    if takes_default and before.seeds_at:
        _check_look(before.seeds_at, before.seeds, table.notes)
    return before.changed(table.path, seeds, rare)


def read_seeds(table: Table, *, fixed: str) -> int | None:
    """`seeds`, with a note where it is no budget; None without it, or for what is no number of seeds."""
    seeds: int | None = table.take("seeds", AtLeastOne, None)
    if seeds is not None and not fixed:
        _check_look((*table.path, "seeds"), seeds, table.notes)
    return seeds


def read_rare(table: Table, *, fixed: str = "") -> float | None:
    """`rare`, a percentage, as a share; None, with a note, for anything else."""
    text: Any = table.take("rare", str, None, expected=_RARE_EXPECTED)
    if text is None:
        return None
    match, path = RARE.fullmatch(text), (*table.path, "rare")
    if fixed:
        table.notes.add(path, f"no `rare`: `{fixed}` is judged on exactly `seeds` seeds", shown(text))
        return None
    if match is None:
        table.notes.add(path, _RARE_EXPECTED, shown(text))
        return None
    return float(match[1]) / 100


def _check_look(path: KeyPath, seeds: int, notes: Notes) -> None:
    if seeds not in LOOKS:
        hint = f"looks begin at {LOOKS[0]} now: write that" if seeds in DROPPED_LOOKS else ""
        notes.add(path, f"a budget: {one_of(LOOKS)}", shown(seeds), hint)


def _said(rare: float) -> str:
    return f'`rare = "{100 * rare:.6g}%"`'
