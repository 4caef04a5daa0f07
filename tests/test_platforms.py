"""What works without the modules, flags and signals that Windows lacks, and the sentence where one is needed.

They are taken away in a process of its own, once the standard library, which needs some here, is loaded.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from good_suite import GOOD

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "reports/published/empirical-kernels.json"

WITHOUT = """
import os, pathlib, select, shutil, signal, socket, sqlite3, subprocess, sys, tempfile, threading
import importlib.util, logging, importlib.metadata
for name in ("fcntl", "grp", "pwd", "resource", "syslog", "termios", "tty"):
    sys.modules[name] = None
for name in (
    "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK", "geteuid", "getuid", "getpgid", "killpg", "fork",
    "fchmod", "mkfifo", "pathconf", "pread", "sched_getaffinity", "set_blocking", "sysconf", "waitid",
):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGKILL", "SIGPIPE", "SIGTSTP", "SIGUSR1", "SIGUSR2", "SIGXCPU",
             "pthread_sigmask"):
    delattr(signal, name)
shutil._use_fd_functions = False  # as there; by descriptors Python 3.13 needs os.O_NONBLOCK
sys.path[:0] = [{root!r}, {root!r} + "/tests/support"]
"""

EVERY_MODULE = """
import pkgutil, importlib, harness
left = ("harness.ntk.", "harness.benchmarks.", "harness.measure.cluster.", "harness.export.asv_plugin")
for module in pkgutil.walk_packages(harness.__path__, "harness."):
    if not module.name.startswith((*left, "harness.__main__")):
        importlib.import_module(module.name)
"""

COMMANDS = """
import harness.cli
for arguments in {commands!r}:
    try:
        harness.cli.main(arguments)
    except SystemExit as error:
        print(f"exit {{error.code or 0}}: {{' '.join(arguments)}}", flush=True)
"""


def run(code: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT.format(root=str(ROOT)) + code]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_what_reads_and_writes_files_works_and_measuring_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "toys.toml").write_text(GOOD)
    (tmp_path / ".page.html.new-abcdefgh").write_text("left by a run that was killed")
    record = str(RECORD)
    commands = [
        ["--help"], ["check", "toys.toml"], ["list", "@empirical-kernels"], ["describe", "ntk.regression"],
        ["init", "new"], ["report", record, "--html", "page.html"],
        ["diff", record, record], ["merge", record], ["run", "toys.toml"], ["trial", "ntk.layers"],
    ]  # fmt: skip
    done = run(EVERY_MODULE + COMMANDS.format(commands=commands), tmp_path)
    codes = [line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("exit ")]
    assert codes == ["0"] * 8 + ["4", "4"], done.stdout[-3000:] + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.count("measuring needs Linux or macOS") == 2, done.stderr
    assert (tmp_path / "page.html").stat().st_size > 1000
    assert (tmp_path / "new/suites/first.toml").exists()


@pytest.mark.parametrize("name", ["fcntl", "resource", "pwd", "grp", "termios"])
def test_what_windows_lacks_is_imported_where_it_is_used(name: str) -> None:
    found = [
        str(path.relative_to(ROOT))
        for path in (ROOT / "harness").rglob("*.py")
        if re.search(rf"^(import|from) {name}\b", path.read_text(), re.MULTILINE)
    ]
    assert found == []
    assert os.name != "nt", "these tests take away what Windows lacks, on a system that has it"
