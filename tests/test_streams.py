"""Standard streams that are closed, full, or of a reader that has left change only what can be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from good_suite import GOOD

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "suites/issues.toml"
FULL = "standard output: cannot be written: No space left on device; what was printed is not complete\n"

pytestmark = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")


def harness(command: str, folder: Path) -> tuple[int, str]:
    """The exit code of a shell's `harness COMMAND`, and what was said on standard error."""
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests/support")])
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m harness {command}"],
        cwd=folder, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    assert "Exception ignored" not in done.stderr, done.stderr
    return done.returncode, done.stderr


COMMANDS = {
    f"list {SUITE}": 0,
    "schema": 0,
    "--help": 0,
    "check none.toml": 4,
    f"list {SUITE} -k no-such-claim": 5,
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_reader_that_left_and_a_closed_stream_change_no_exit_code(command: str, tmp_path: Path) -> None:
    code = COMMANDS[command]
    plain = harness(f"{command} > out", tmp_path)
    assert plain[0] == code
    assert harness(f"{command} >&-", tmp_path) == plain
    assert harness(f"{command} | sleep 0", tmp_path) == plain
    assert harness(f"{command} >&- 2>&- <&-", tmp_path) == (code, "")
    assert harness(f"{command} > out 2> /dev/full", tmp_path) == (code, "")


def test_a_full_standard_output_is_one_line_and_exit_code_4(tmp_path: Path) -> None:
    assert harness(f"list {SUITE} > /dev/full", tmp_path) == (4, FULL)
    assert harness("--help > /dev/full", tmp_path) == (4, FULL)
    assert harness(f"list {SUITE} > /dev/full 2>&-", tmp_path) == (4, "")


@pytest.mark.parametrize(("redirection", "code", "said"), [
    (">&-", 0, ""), ("| sleep 0", 0, ""), ("> /dev/full", 4, FULL), ("> /dev/full 2>&-", 4, ""),
])  # fmt: skip
def test_a_run_writes_its_files_whoever_reads(tmp_path: Path, redirection: str, code: int, said: str) -> None:
    (tmp_path / "toys.toml").write_text(GOOD)
    assert harness(f"run -q toys.toml --markdown m.md {redirection}", tmp_path) == (code, said)
    assert json.loads((tmp_path / "reports/toys.json").read_text())["exit_code"] == 0
    assert (tmp_path / "m.md").stat().st_size > 100
    assert len(list((tmp_path / "reports/history").glob("*.json"))) == 1


def test_a_record_through_a_pipe_whose_reader_left(tmp_path: Path) -> None:
    (tmp_path / "toys.toml").write_text(GOOD)
    assert harness("run -q toys.toml --json /dev/stdout | sleep 0", tmp_path) == (0, "")


def test_no_file_becomes_the_standard_output_that_was_closed(tmp_path: Path) -> None:
    """The store is the first file that stays open: it would get descriptor 1, and what a library prints."""
    (tmp_path / "toys.toml").write_text(GOOD)
    program = (
        "import os, sys; from harness.cli import main; from harness import session; real = session.conduct\n"
        "def conduct(*a, **k): os.write(1, b'printed by C code'); return real(*a, **k)\n"
        "session.conduct = conduct; main(['run', '-q', 'toys.toml'])"
    )
    (tmp_path / "program.py").write_text(program)
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests/support")])
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} program.py >&-"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or path.name == "program.py" or b"C code" not in path.read_bytes()
