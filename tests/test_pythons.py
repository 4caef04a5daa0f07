"""What versions of Python do differently, in all of our code: comparisons of NaN, ways to start processes.
Also: whether a script's own folder is searched for modules."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def sources(*folders: str, containing: str = "") -> list[Path]:
    """Python files of these folders, those with this text: most need not be parsed."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return [path for path in paths if containing in path.read_text()]


def calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """Each call, with the last part of what is called."""
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id, node


def is_nan(node: ast.expr) -> bool:
    text = ast.unparse(node)
    return text in ("math.nan", "np.nan", "nan") or text.replace('"', "'") == "float('nan')"


def compared_by_fields() -> set[str]:
    """Our dataclasses that have the equality which `@dataclass` writes."""
    found = set()
    for path in sources("harness", containing="dataclass"):
        for node in ast.walk(parsed(path)):
            for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
                text = ast.unparse(decorator)
                if text.startswith("dataclass") and "eq=False" not in text:
                    found.add(node.name)
    return found


def made_with_nan() -> set[str]:
    """What is called anywhere in the package with NaN among its arguments."""
    return {
        name
        for path in sources("harness", containing="nan")
        for name, call in calls(path)
        if any(map(is_nan, [*call.args, *(keyword.value for keyword in call.keywords)]))
    }


def test_a_dataclass_that_holds_nan_is_not_compared_by_its_fields() -> None:
    """Up to Python 3.12 a field of NaN is equal to itself, from 3.13 on it is not."""
    made, compared = made_with_nan(), compared_by_fields()
    assert {"Interval", "Ruling", "SeriesPoint"} <= made, "the search still finds them"
    assert "Measurement" in compared
    assert not made & compared, "declare it with eq=False, and derive it from Alike if it is compared"


def test_nobody_depends_on_how_processes_start_by_default() -> None:
    """On Linux, a fork up to Python 3.13; from 3.14 a fork of a server, without what the parent has loaded.

    What starts processes takes a context (`multiprocessing.get_context("spawn").Process`), or `mp_context`.
    """
    found = set()
    for path in sources("harness", "tests", "docs", "suites", containing="multiprocessing"):
        for name, call in calls(path):
            if name in ("Process", "Pool", "Manager", "Queue") and ast.unparse(call.func).startswith(
                "multiprocessing." + name
            ):
                found.add(f"{path.relative_to(ROOT)}:{call.lineno}")
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.ImportFrom) and node.module == "multiprocessing":
                found.add(f"{path.relative_to(ROOT)}:{node.lineno}")
    for path in sources("harness", "tests", "docs", "suites", containing="ProcessPoolExecutor"):
        for name, call in calls(path):
            if name == "ProcessPoolExecutor" and not any(key.arg == "mp_context" for key in call.keywords):
                found.add(f"{path.relative_to(ROOT)}:{call.lineno}")
    assert not found


FORKS = {
    "harness/measure/supervisor.py": "the supervisor forks before there are threads, and says so",
    "tests/mutation.py": "a process of its own for each mutant; it has no threads",
    "tests/support/faulty.py": "what no experiment should do",
}
"""Files that call `os.fork`, with the reason: from Python 3.12 it warns where there are threads."""


def test_forks_are_known() -> None:
    found = {
        str(path.relative_to(ROOT))
        for path in sources("harness", "tests", "docs", "suites", containing="os.fork")
        for name, call in calls(path)
        if name == "fork" and ast.unparse(call.func) == "os.fork"
    }
    assert found == set(FORKS)


SCRIPTS = [
    path
    for path in [*sources("docs", "tests", "suites"), *sorted(ROOT.glob(".ci/*.py"))]
    if '__name__ == "__main__"' in path.read_text()
]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_script_does_not_need_its_own_folder_searched(path: Path) -> None:
    """With `python -P`, or PYTHONSAFEPATH, it is not: a script that imports its neighbours adds it first."""
    beside = {each.stem for each in path.parent.iterdir() if each.suffix == ".py" or each.is_dir()}
    added = min(
        (node.lineno for node in ast.walk(parsed(path)) if "sys.path" in _changed(node)), default=10**6
    )
    for node in ast.walk(parsed(path)):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            local = name.partition(".")[0] in beside
            assert not local or node.lineno > added, f"line {node.lineno}: {name}"


READ = """
import runpy, sys
modules, searched = set(sys.modules), list(sys.path)
for path in sys.argv[1:]:
    try:
        runpy.run_path(path, run_name="read")
    except ImportError as error:
        print(f"{path}: {error}")
    sys.path[:] = searched
    for name in set(sys.modules) - modules:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(OURS):
            del sys.modules[name]
"""


def test_a_script_finds_what_it_imports_when_it_is_run_alone() -> None:
    """Without pytest, which searches tests/support for all tests, and the folder of each test."""
    program = f"OURS = ({str(ROOT / 'docs')!r}, {str(ROOT / 'tests')!r}){READ}"
    paths = [str(path.relative_to(ROOT)) for path in SCRIPTS]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-P", "-c", program, *paths],
        capture_output=True, text=True, cwd=ROOT, env=environment, check=False,
    )  # fmt: skip
    assert done.stdout == ""
    assert done.returncode == 0, done.stderr


def _changed(node: ast.AST) -> str:
    """What a statement changes: the target of an assignment, or the object of a method."""
    if isinstance(node, ast.Assign):
        return ast.unparse(node.targets[0])
    if isinstance(node, ast.Call) and ast.unparse(node.func) in ("sys.path.insert", "sys.path.append"):
        return "sys.path"
    return ""
