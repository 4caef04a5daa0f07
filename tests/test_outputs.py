"""What a command leaves: the report first, then files; which of these could not be written."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from repositories import experiment, git, repository, suite

import harness
from harness.disk import file_name
from harness.report.files import OutputError, hindrance, write_whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a suite, `claims.toml`."""
    experiment(tmp_path, "outputs_toys")
    suite(tmp_path, "outputs_toys")
    return tmp_path


def command(folder: Path, *arguments: str, **how: object) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False, **how)  # type: ignore


RUN = ("run", "claims.toml", "--seeds", "14", "-q", "--workers", "1")


def test_the_report_is_printed_although_no_file_can_be_written(folder: Path) -> None:
    """It is said before anything is measured, and what can be written is written."""
    (folder / "reports").write_text("no folder")
    done = command(folder, *RUN, "--markdown", "r.md", "--html", "reports/r.html")
    assert done.returncode == 4
    assert "\n1 instance: " in done.stdout
    before, after = done.stderr.splitlines()[:3], done.stderr.splitlines()[3:]
    for path, line in zip(("reports/claims.json", "reports/r.html", "reports/history"), before, strict=True):
        assert line.startswith(f"{path}: cannot be written: reports is no folder; the run continues")
    assert [line.partition(":")[0] for line in after] == [
        "reports/claims.json",
        "reports/history",
        "reports/r.html",
    ]
    assert done.stdout.endswith("Markdown: r.md\n")
    assert (folder / "r.md").read_text().startswith("# A suite")
    (folder / "reports").unlink()
    again = command(folder, *RUN)
    assert (again.returncode, again.stderr) == (0, "")
    assert json.loads((folder / "reports/claims.json").read_text())["trials"]["measured"] == 0


def test_files_are_written_although_nobody_reads_the_report(folder: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    words = [sys.executable, "-m", "harness", *RUN]
    done = subprocess.run(words, cwd=folder, stdout=writing, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writing)
    assert "Traceback" not in done.stderr
    assert json.loads((folder / "reports/claims.json").read_text())["instances"]
    assert len(list((folder / "reports/history").glob("*.json"))) == 1


def test_a_record_of_many_suites_has_a_name_that_file_systems_take(folder: Path) -> None:
    names = [f"a-suite-with-a-long-name-{number:02}" for number in range(12)]
    for name in names:
        suite(folder, "outputs_toys", name=name)
    done = command(folder, "run", *(f"{name}.toml" for name in names), *RUN[2:])
    assert done.returncode == 0, done.stderr
    (record,) = (folder / "reports").glob("*.json")
    assert record.name == f"{file_name(names)}.json"
    assert len(json.loads(record.read_text())["instances"]) == 12


def test_default_names_differ_where_suites_do() -> None:
    assert file_name(["a", "b"]) == "a+b"
    many = [f"{'x' * 20}-{number}" for number in range(40)]
    found = [
        file_name(many),
        file_name(many[:-1]),
        file_name(["x" * 250]),
        file_name(["é" * 120]),
    ]
    assert len(set(found)) == 4
    assert all(len(f"{name}.json".encode()) <= 255 for name in found)


def test_what_is_tried_before_is_what_happens_afterwards(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "nowhere").symlink_to("missing/target")
    (tmp_path / "link").symlink_to("folder/new")
    possible = ["file", "new", "a/b/c", "link", "🙂" * 63, "nowhere", "loop"]
    impossible = [
        "folder",
        "file/r.json",
        "file/a/r.json",
        "x" * 256,
        "a/" + "y" * 300 + "/r",
        "n\0ull",
    ]
    for name in [*possible, *impossible]:
        before = sorted(tmp_path.rglob("*"))
        told = hindrance(tmp_path / name)
        assert sorted(tmp_path.rglob("*")) == before, "trying leaves nothing behind"
        try:
            write_whole(tmp_path / name, b"data")
        except OutputError:
            assert told, name
        else:
            assert (tmp_path / name).read_bytes() == b"data"
            assert told == "", name
    assert hindrance(Path("/dev/null")) == hindrance(Path("/dev/stdout")) == ""
    assert all(hindrance(tmp_path / name) for name in impossible)


def test_folders_that_harness_makes_are_not_for_git(folder: Path) -> None:
    repository(folder, ignored="__pycache__/\n")
    assert command(folder, *RUN, "--json", "mine/r.json").returncode == 0
    assert git(folder, "status", "--porcelain", "--untracked-files=all") == "?? mine/r.json"
    assert (folder / "reports/history").is_dir()
    assert (folder / ".harness/.gitignore").read_text() == (folder / "reports/.gitignore").read_text()


def test_folders_that_were_there_are_left_alone(folder: Path) -> None:
    for name in ("reports", ".harness"):
        (folder / name).mkdir()
    (folder / "reports/README").write_text("")
    repository(folder, ignored="__pycache__/\n.harness/*\n")
    assert command(folder, *RUN).returncode == 0
    assert git(folder, "status", "--porcelain", "--untracked-files=all") == "?? reports/claims.json"
    assert not list(folder.glob("*/.gitignore"))


def test_a_comparison_is_printed_although_its_files_cannot_be_written(folder: Path) -> None:
    assert command(folder, *RUN).returncode == 0
    record = "reports/claims.json"
    done = command(folder, "diff", record, record, "--markdown", "claims.toml/r.md", "--html", "r.html")
    assert done.returncode == 4
    assert "1 instance: 1 identical." in done.stdout
    assert "claims.toml/r.md: cannot be written" in done.stderr


def test_the_version_needs_no_metadata_of_an_installation() -> None:
    """`harness --version` of a source tree on PYTHONPATH."""
    hidden = (
        "import importlib.metadata as m\ndef no(name): raise m.PackageNotFoundError(name)\nm.version = no\n"
    )
    program = f"{hidden}import sys\nfrom harness.cli import main\nmain(['--version'])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stdout == f"harness, version {harness.__version__}\n"


def test_a_session_of_pytest_that_is_about_suites_names_the_version(folder: Path) -> None:
    (folder / "test_other.py").write_text("def test_other() -> None: ...\n")
    words = [sys.executable, "-m", "pytest", "--collect-only", "-p", "no:cacheprovider"]
    headed = {}
    for file in ("claims.toml::same", "test_other.py"):
        done = subprocess.run([*words, file], cwd=folder, capture_output=True, text=True, check=False)
        headed[file] = f"harness: {harness.__version__}" in done.stdout.splitlines()
        assert done.returncode == 0, done.stdout
    assert headed == {"claims.toml::same": True, "test_other.py": False}
