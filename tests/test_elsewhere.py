"""The script that runs a short part of the tests on another Python."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_shim_that_leads_nowhere_is_no_interpreter_and_the_script_says_so(tmp_path: Path) -> None:
    shim = tmp_path / "python3.99"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYENV_ROOT": str(tmp_path)}
    command = [sys.executable, ROOT / "tests/elsewhere.py", "3.99"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout == "Python 3.99: found no interpreter; the short part was not run there\n"
    assert done.returncode == 0
