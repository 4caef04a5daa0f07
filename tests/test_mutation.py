"""The tool that breaks whole modules: what it changes, its order, and what it remembers."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import mutation
from mutation import GROUPS, ROOT, drawn, equivalent, ordered, read
from mutators import changes

sys.path.pop(0)

SOURCE = '''"""A module's text is left alone."""

from math import floor

FLOOR: float = 0.5  # é: offsets count characters


@cache(size=2)
def least(values: list[float], more: int = 1) -> str:
    """So is a function's."""
    if not values or more > 2:
        raise ValueError(f"expected {more + 1} values")
    parts = [values[0], min(values), "é" and FLOOR]
    return f"{parts[0]} {more}"
'''


def names() -> dict[str, str]:
    return {change.name.rpartition(" # ")[2]: change.apply(SOURCE) for change in changes(SOURCE)}


def test_a_module_is_changed_in_one_line_and_is_still_a_program() -> None:
    found = changes(SOURCE)
    assert len(found) == len({change.apply(SOURCE) for change in found}) > 15
    for change in found:
        text = change.apply(SOURCE)
        ast.parse(text)
        differ = [a for a, b in zip(text.splitlines(), SOURCE.splitlines(), strict=True) if a != b]
        assert len(differ) == 1, change.name


def test_what_computes_is_changed_and_nothing_else() -> None:
    found = names()
    for name in ("0.5 → 1.5", "1 → 2", "2 → 3", "min → max", "not values → without its sign"):
        assert name in found, sorted(found)
    assert any(name.endswith("→ without min(values)") for name in found)
    assert any(name.endswith("→ without not values") for name in found)
    assert any(name.endswith("→ without more") for name in found)
    for text in found.values():
        for left_alone in (
            "left alone",
            "So is",
            "import floor",
            "cache(size=2)",
            "list[float]",
            "{more + 1}",
        ):
            assert left_alone in text


def test_mutants_of_every_module_are_drawn_and_have_names_of_their_own() -> None:
    """A larger number continues the draw of a smaller one, and another seed draws others."""
    file = "harness/judge/gaps.py"
    few, many = drawn(file, 1, 5), drawn(file, 1, 9)
    assert many[:5] == few
    assert drawn(file, 2, 9) != many
    every = changes((ROOT / file).read_text())
    assert len({change.name for change in every}) == len(every)
    assert all((ROOT / test).exists() for group in GROUPS for test in group.tests)
    assert all(len(group.files()) >= 1 for group in GROUPS)
    assert {
        "harness/judge/rule.py",
        "harness/measure/store.py",
        "harness/ntk/solve.py",
        "harness/campaign/conduct.py",
    } <= {file for group in GROUPS for file in group.files()}


def test_the_tests_of_a_module_come_first_and_the_others_keep_their_order() -> None:
    files = ("a/test_x.py", "a/test_rule.py", "a/test_y.py", "b/test_overrule.py")
    assert ordered(files, "harness/judge/rule.py") == [
        "a/test_rule.py",
        "a/test_x.py",
        "a/test_y.py",
        "b/test_overrule.py",
    ]


def test_the_latest_result_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    file = tmp_path / "results.jsonl"
    line = {"module": "m.py", "mutant": "f: x # 1 → 2", "result": "survived", "line": 3, "new": "2"}
    other = line | {"mutant": "f: x # 1 → 0"}
    file.write_text("\n".join(map(json.dumps, [line, other, line | {"result": "killed"}])))
    assert [found["result"] for found in read(file).values()] == ["killed", "survived"]
    monkeypatch.setattr(mutation, "equivalent", dict)
    assert mutation.table(file) == 1
    assert "| m.py | 2 | 1 | 0 | 0 | 1 |" in capsys.readouterr().out
    monkeypatch.setattr(mutation, "equivalent", lambda: {("m.py", other["mutant"]): "x is not read"})
    assert mutation.table(file) == 0
    assert "| m.py | 2 | 1 | 0 | 1 | 0 |" in capsys.readouterr().out


@pytest.mark.slow
def test_every_equivalent_mutant_can_still_be_made() -> None:
    """A reason for a line that is gone would hide a survivor of the next."""
    listed = equivalent()
    assert all(len(because.split()) > 3 for because in listed.values())
    for module in {module for module, _ in listed}:
        every = {change.name for change in changes((ROOT / module).read_text())}
        assert {mutant for found, mutant in listed if found == module} <= every
