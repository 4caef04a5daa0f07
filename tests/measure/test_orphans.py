"""Processes that a trial left are found, whatever the trial did to this process's descriptors.

How they are ended: `test_unruly`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.measure import supervisor

LOOKS = """
import os, subprocess, sys, time
sys.path.insert(0, {root!r})
from harness.measure.orphans import Orphans
orphans = Orphans()
print(orphans.any_left(), orphans.any_left())
os.closerange(3, 256)
taken = os.open("/dev/null", os.O_RDONLY)  # another file of the number that was its own
print(orphans.any_left(), orphans.any_left())
child = subprocess.Popen(["sleep", "60"])
print(orphans.any_left())
child.kill(); child.wait()
print(orphans.any_left())
subprocess.run(["sh", "-c", "sleep 60 & "])
print(orphans.any_left())
"""


@pytest.mark.skipif(not supervisor.SUPERVISED, reason="there are no subreapers")
def test_children_and_orphans_are_found() -> None:
    root = str(Path(__file__).parents[2])
    reading, writing = os.pipe()
    try:
        program = [sys.executable, "-c", LOOKS.format(root=root)]
        command = [sys.executable, supervisor.__file__, str(os.getpid()), str(reading), *program]
        run = subprocess.run(
            command, pass_fds=[reading], capture_output=True, text=True, check=True, timeout=60
        )
    finally:
        os.close(reading)
        os.close(writing)
    assert run.stdout.split("\n") == ["False False", "False False", "True", "False", "True", ""], run.stderr
