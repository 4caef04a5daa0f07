"""Input that others made: nothing of it is run, none of it reaches git or a terminal as it is."""

from __future__ import annotations

import ast
import hashlib
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from asv_project import project_in
from first_schema import first_schema
from repositories import git

from harness.export.asv_files import AsvFileError, merge_results
from harness.report import read_record, to_json
from harness.report.record import RecordError
from harness.report.terminal import terminal

ROOT = Path(__file__).parents[1]
SUITE = """\
[suite]
format = 2
title = "Canary"
[experiments.e]
run = "canary:sing"
[claims.c]
says = "x"
expect = "open"
experiment = "e"
at-most = { of = "x", bound = 1.0 }
"""
CANARY = """
from pathlib import Path
Path("sung").touch()
from harness.declare import Quantity, experiment
@experiment("canary", version=1, quantities={"x": Quantity("a number")})
def sing(*, seed: int) -> dict[str, float]:
    return {"x": 0.5}
"""


def harness(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from harness.cli import main; main()"
    command = [sys.executable, "-P", "-c", program, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace", check=False)


@pytest.mark.parametrize(
    ("arguments", "imported"),
    [
        (("check", "toys.toml"), False),
        (("list", "toys.toml"), False),
        (("schema",), False),
        (("describe",), False),
        (("check", "--import", "toys.toml"), True),
        (("plan", "toys.toml"), True),
    ],
)
def test_a_suites_modules_are_imported_by_what_needs_them_alone(
    tmp_path: Path, arguments: tuple[str, ...], imported: bool
) -> None:
    (tmp_path / "toys.toml").write_text(SUITE)
    (tmp_path / "canary.py").write_text(CANARY)
    done = harness(tmp_path, *arguments)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "sung").exists() == imported


@pytest.mark.parametrize(
    ("module", "said"),
    [
        ("raise SystemExit('bye')", "SystemExit: bye"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def :", "SyntaxError"),
        ("import no_such_module", "No module named 'no_such_module'"),
    ],
)
def test_a_module_that_cannot_be_imported_is_a_mistake_of_the_suite(
    tmp_path: Path, module: str, said: str
) -> None:
    (tmp_path / "toys.toml").write_text(SUITE)
    (tmp_path / "canary.py").write_text(module)
    done = harness(tmp_path, "check", "--import", "toys.toml")
    assert done.returncode == 4
    assert "toys.toml:5:1: experiments.e.run: expected an experiment that can be imported" in done.stderr
    assert said in done.stderr


def test_nothing_here_unpickles_or_evaluates() -> None:
    """But for the socket between a run and its own workers (harness.measure.channel)."""
    for path in (ROOT / "harness").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = set()
            if isinstance(node, ast.Import):
                names = {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {node.module or ""}
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                names = {node.func.id}
            if path.name == "channel.py" and path.parent.name == "measure":
                names -= {"pickle"}
            assert not names & {"pickle", "marshal", "shelve", "dill", "cloudpickle", "eval", "exec"}, path


@pytest.fixture(params=[1, 2], ids=["schema 1", "schema 2"])
def record(request: pytest.FixtureRequest) -> dict[str, object]:
    found = read_record(ROOT / "reports/published/derivation.json")
    return first_schema(found) if request.param == 1 else json.loads(to_json(found))


@pytest.fixture
def read(tmp_path: Path) -> Callable[[object], object]:
    def _read(data: object) -> object:
        path = tmp_path / "r.json"
        path.write_bytes(data if isinstance(data, bytes) else json.dumps(data).encode())
        return read_record(path)

    return _read


@pytest.mark.parametrize("code", [-1, 6, 256, 2**40])
def test_an_exit_code_that_is_none(
    read: Callable[[object], object], record: dict[str, object], code: int
) -> None:
    """256 would end the process with 0."""
    with pytest.raises(RecordError, match="exit_code"):
        read({**record, "exit_code": code})


@pytest.mark.parametrize(
    "change",
    [{"outcome": "fine"}, {"center": "mode"}, {"unit": "furlong"}, {"n": "many"}, {"values": [None]}],
)
def test_words_that_no_report_knows(
    read: Callable[[object], object], record: dict[str, object], change: dict[str, object]
) -> None:
    instances = record["instances"]
    assert isinstance(instances, list)
    with pytest.raises(RecordError, match=f"expected a record of schema {record['schema_version']}"):
        read({**record, "instances": [{**instances[0], **change}]})


@pytest.mark.parametrize(
    "data", [b"\xff", b'{"schema_version": 1, "x": "\xff"}', b"[" * 100_000, b"", b"null"]
)
def test_bytes_that_are_no_record(read: Callable[[object], object], data: bytes) -> None:
    with pytest.raises(RecordError, match=r"r\.json: expected a record"):
        read(data)


def test_a_record_cannot_move_the_cursor(read: Callable[[object], object], record: dict[str, object]) -> None:
    text = json.dumps(record).replace("network", "\\u001b[2J\\u202e").encode()
    shown = terminal(read(text))  # type: ignore[arg-type]
    assert "[2J" in shown
    assert all(c.isprintable() or c == "\n" for c in shown)


def test_a_commit_that_is_an_option_of_git(
    read: Callable[[object], object], record: dict[str, object]
) -> None:
    """`git show --output=FILE` writes a file."""
    with pytest.raises(RecordError, match=r"hash"):
        read({**record, "commit": {"hash": "--output=/tmp/x", "dirty": False}})


def test_export_runs_nothing_that_lies_beside_a_records_suites(
    tmp_path: Path, record: dict[str, object]
) -> None:
    suites = project_in(tmp_path / "project") / "suites"
    (suites / "__init__.py").write_text("open('ran', 'w')")
    text = (suites / "toys.toml").read_bytes()
    suite = {
        "name": "toys", "path": str(suites / "toys.toml"), "title": "",
        "sha256": hashlib.sha256(text).hexdigest(),
    }  # fmt: skip
    commit = {"hash": git(suites, "rev-parse", "HEAD"), "dirty": False}
    found = {**record, "suites": [suite], "commit": commit, "instances": []}
    (tmp_path / "r.json").write_text(json.dumps(found))
    done = harness(tmp_path, "export-asv", "r.json")
    assert (done.returncode, done.stderr) == (0, "")
    assert list((tmp_path / ".asv/results/claims").glob("*-harness.json"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "results",
    [
        {"result_columns": None, "results": {}},
        {"result_columns": ["version", "params"], "results": {"a": ["v", [1]]}},
        {"result_columns": ["version", "params", "result"], "results": {"a": ["v", [["1"]], []]}},
        {"result_columns": ["version", "params", "result"], "results": {"a": 3}},
        {"result_columns": [], "results": []},
    ],
)
def test_asv_results_of_another_shape(tmp_path: Path, results: dict[str, object]) -> None:
    from harness.export.asv_files import SeriesPoint, SeriesRow

    (tmp_path / "m").mkdir()
    path = tmp_path / "m/01234567-harness.json"
    path.write_text(json.dumps({"version": 2, **results}))
    before = path.read_text()
    rows = {"a": SeriesRow("v", [["1"]], 5, {("1",): SeriesPoint(0.5)})}
    with pytest.raises(AsvFileError, match=r"01234567-harness\.json: expected rows of asv's format 2, found"):
        merge_results(
            tmp_path, {"machine": "m"}, rows, commit="0123456789", date=1, environment="harness", python="3"
        )
    assert path.read_text() == before


def test_names_that_are_no_utf8(tmp_path: Path) -> None:
    folder = tmp_path / "\udcff"
    folder.mkdir()
    (folder / "toys.toml").write_text(SUITE)
    done = harness(tmp_path, "check", "\udcff/toys.toml")
    assert (done.returncode, done.stdout) == (0, "\\udcff/toys.toml: 1 claims, 1 instances; not imported, so"
                                                 " not checked: canary:sing\n")  # fmt: skip
    (tmp_path / "canary.py").write_text(CANARY)
    arguments = ("--seeds", "14", "-q", "--no-store", "--json", "\udcff/r")
    done = harness(tmp_path, "run", "\udcff/toys.toml", *arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads((folder / "r").read_bytes())["suites"][0]["path"] == "?/toys.toml"


def test_a_lock_that_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "toys.toml").write_text(SUITE)
    (tmp_path / "canary.py").write_text(CANARY)
    monkeypatch.setenv("HARNESS_MACHINE_LOCK", str(tmp_path / "no/such/folder"))
    done = harness(tmp_path, "run", "toys.toml")
    assert done.returncode == 4
    assert "as the lock of this machine, found: No such file or directory; name another in" in done.stderr
