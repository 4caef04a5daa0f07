"""The script that measures an accelerator runs to its end where there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "measure.py"


@pytest.mark.slow
def test_the_script_runs_to_its_end_on_a_cpu() -> None:
    command = [sys.executable, str(SCRIPT), "--small", "--minutes", "60"]
    done = subprocess.run(
        command, env={**os.environ, "JAX_PLATFORMS": "cpu"}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = done.stdout.splitlines()
    assert len(rows) == 9
    assert "bits equal" in rows[1]
    assert "refused, as this device has none" in done.stdout
    assert not [row for row in rows if "left out" in row or "FAILED" in row]


@pytest.mark.slow
def test_rows_for_which_there_is_no_time_are_named() -> None:
    command = [sys.executable, str(SCRIPT), "--small", "--minutes", "0"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert "left out: no time" in done.stdout
