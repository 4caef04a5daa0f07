"""What is public is deliberate, and cheap to import."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import harness.judge

PACKAGE = Path(harness.judge.__file__).parents[1]
WORDS = (
    "Agreement", "Centre", "Decision", "Expectation", "FAILING", "LOOKS", "Outcome", "Scale", "Scope",
    "Stance", "Unit", "Value", "Verdict",
)  # fmt: skip


@cache
def source() -> dict[Path, str]:
    return {file: file.read_text() for file in PACKAGE.rglob("*.py")}


def elsewhere() -> dict[Path, str]:
    """The files of the other rooms that name this one."""
    outside = {file: text for file, text in source().items() if not file.is_relative_to(PACKAGE / "judge")}
    return {file: text for file, text in outside.items() if "harness.judge" in text}


def imported_elsewhere() -> set[str]:
    nodes = [node for text in elsewhere().values() for node in ast.walk(ast.parse(text))]
    imports = [n for n in nodes if isinstance(n, ast.ImportFrom) and n.module == "harness.judge"]
    return {alias.name for node in imports for alias in node.names}


def test_each_name_is_used_by_another_room_or_explained() -> None:
    """A name that is neither is nobody's: take it out of `__all__`, or say in the room's words what it is."""
    explained = set(re.findall(r"`(\w+)`", harness.judge.__doc__ or ""))
    assert set(harness.judge.__all__) - imported_elsewhere() - explained == set()
    assert explained - set(harness.judge.__all__) == {"Question"}  # what comes in; the rest is made here
    assert all(hasattr(harness.judge, name) for name in harness.judge.__all__)


def test_other_rooms_use_what_is_exported_and_nothing_from_inside() -> None:
    assert imported_elsewhere() <= set(harness.judge.__all__)
    inside = re.compile(r"(?:from|import) harness\.judge\.\w")
    assert [file.name for file, text in elsewhere().items() if inside.search(text)] == []


@pytest.mark.parametrize("name", WORDS)
def test_a_word_has_one_definition(name: str) -> None:
    definition = re.compile(rf"^{name}\b.* = ", re.MULTILINE)
    assert len([file for file, text in source().items() if definition.search(text)]) == 1


def test_import_is_light_and_judging_needs_no_scipy_stats():
    program = """
import sys
import harness.judge as judge
from harness.questions import Linear, Question, Reading, Region
print(sorted({"numpy", "scipy", "jax"} & set(sys.modules)))
effect = Linear((Reading("r", (), "q"),), (1.0,), "linear")
for centre in ("mean", "pseudomedian", "median"):
    judge.decide([float(i) for i in range(14)], Question("", effect, Region(0, 1), centre, 0.1, 0.1, 14))
print("scipy.special" in sys.modules, "scipy.stats" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "True False"]
