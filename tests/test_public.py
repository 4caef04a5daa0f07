"""The shape of the house: which room imports which, how long files are, what is exported."""

from __future__ import annotations

import importlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "harness"
ROOMS = sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))
ANYTHING_GOES = {"benchmarks", "cli", "ntk", "pytest_plugin"}
"""Rooms whose `__init__` is no list of names: empty, a command line, or what pytest loads."""

ARROWS = {
    "harness.ntk.kernels": "from harness.suite import load",
    "harness.ntk.data": "import harness.errors",
    "harness.judge.rule": "from harness.measure import Store",
    "harness.judge.law": "from harness import declare",
    "harness.plan.fresh": "import harness.measure.store",
    "harness.suite.load": "from harness.plan import case",
    "harness.campaign.conduct": "from harness.report import Record",
    "harness.export.asv": "from harness.history import past",
    "harness.targets": "from harness.session import run",
    "harness.folders": "from harness.declare import experiment_names",
    "harness.session": "from harness.api import run",
    "harness.api": "from harness.cli import main",
    "harness.pytest_plugin.items": "from harness.cli.say import echo",
    "harness.benchmarks.run": "import harness.pytest_plugin",
}
"""A forbidden import for many rooms, each written inside a function."""


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_rooms_import_only_what_their_contracts_allow() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_an_arrow_that_runs_back_breaks_a_contract_also_inside_a_function(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "harness", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for module, statement in ARROWS.items():
        file = tmp_path.joinpath(*module.split(".")).with_suffix(".py")
        file.write_text(f"{file.read_text()}\n\ndef lazily() -> None:\n    {statement}\n")
    (tmp_path / "harness/homeless.py").write_text("")
    done = lint_imports(tmp_path)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert [module for module in ARROWS if f"{module} -> harness." not in said] == []
    assert "homeless" in said  # a room without a place among the layers


def test_no_module_is_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in PACKAGE.rglob("*.py")}
    assert max(lengths.values()) <= 600
    assert sorted(lengths.values())[len(lengths) // 2] < 200


@pytest.mark.parametrize("room", [*(room for room in ROOMS if room not in ANYTHING_GOES), "report.html"])
def test_what_a_room_exports_is_deliberate(room: str) -> None:
    module = importlib.import_module(f"harness.{room}")
    assert module.__doc__
    assert len(module.__all__) == len(set(module.__all__))
    assert [name for name in module.__all__ if not hasattr(module, name)] == []
