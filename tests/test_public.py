"""The shape of the house: which room imports which, how long files are, what is exported."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "harness"
ROOMS = [
    "text", "errors", "disk", "temporary", "git", "declare", "questions", "predicates", "suite", "plan",
    "measure", "judge", "campaign", "report", "history", "export", "session",
]  # fmt: skip
"""From left to right; a room imports only rooms to its left."""


def imports_of(path: Path) -> set[str]:
    """Names of the harness rooms that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        found |= {name.split(".")[1] for name in names if name.startswith("harness.")}
    return found


def files_of(room: str) -> list[Path]:
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [folder.with_suffix(".py")]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_imports_only_rooms_to_its_left(room: str) -> None:
    allowed = {*ROOMS[: ROOMS.index(room) + 1]}
    if room == "session":
        allowed.add("targets")
    for path in files_of(room):
        assert imports_of(path) <= allowed, path


def test_the_judge_never_learns_how_a_trial_was_run() -> None:
    for path in files_of("judge"):
        assert not imports_of(path) & {"measure", "declare", "ntk", "campaign"}


def test_the_science_imports_nothing_of_the_engine_but_declarations() -> None:
    for path in files_of("ntk"):
        assert imports_of(path) <= {"ntk", "declare"}, path


def test_no_module_is_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert max(lengths.values()) <= 600
    assert sorted(lengths.values())[len(lengths) // 2] < 200


@pytest.mark.parametrize(
    "room", [*(room for room in ROOMS if (PACKAGE / room).is_dir()), "report.html"]
)
def test_what_a_room_exports_is_deliberate(room: str) -> None:
    module = importlib.import_module(f"harness.{room}")
    assert module.__doc__
    assert len(module.__all__) == len(set(module.__all__))
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
