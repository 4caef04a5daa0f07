"""The kinds of change of an instance between two runs, which `history` judges, and their glyphs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from harness.report.record import InstanceRecord

ChangeKind = Literal[
    "flipped", "weakened", "strengthened", "moved", "redefined", "added", "removed", "shifted", "resampled",
    "changed",
    "not-run", "numeric", "identical",
]  # fmt: skip
KINDS: tuple[ChangeKind, ...] = get_args(ChangeKind)
"""The kinds, the most important first."""

ALARMING: frozenset[ChangeKind] = frozenset({"flipped", "weakened", "moved"})
"""The kinds for which `harness diff` exits with 1."""

QUIET: frozenset[ChangeKind] = frozenset({"resampled", "not-run", "numeric", "identical"})
"""The kinds that are only counted, or folded."""

CHANGE_GLYPHS: dict[ChangeKind, str] = {
    "flipped": "⇄",
    "weakened": "▿",
    "strengthened": "▵",
    "moved": "⇢",
    "redefined": "§",
    "added": "+",
    "removed": "−",
    "shifted": "→",
    "resampled": "~",
    "changed": "Δ",
    "not-run": "…",
    "numeric": "≈",
    "identical": "=",
}
"""Kind → glyph; always shown with the word."""


@dataclass(frozen=True)
class Change:
    """An instance in two runs; None for the one that lacks it. `note` says what moved, for people."""

    id: str
    kind: ChangeKind
    before: InstanceRecord | None
    after: InstanceRecord | None
    note: str = ""

    @property
    def says(self) -> str:
        """The claim's sentence, as it is now."""
        shown = self.after or self.before
        return shown.says if shown else ""
