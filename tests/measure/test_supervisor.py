"""Commands below a supervisor: nothing of them is left, even if the process that started them dies."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.measure import devices as module
from harness.measure import supervisor
from harness.measure.devices import Device, DeviceError, find_device
from harness.measure.supervisor import SUPERVISED, descendants, supervised

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not SUPERVISED, reason="there are no subreapers here")

HIDE = "os.fork() and os._exit(0); os.setsid(); os.fork() and os._exit(0); time.sleep(300)"
PROGRAM = f"""
import os, sys, time
if os.fork() == 0:
    {HIDE}
time.sleep(float(sys.argv[2]))
print("out"); print("err", file=sys.stderr)
sys.exit(3)
"""
STARTER = """
import sys
sys.path.insert(0, sys.argv[1])
from harness.measure.supervisor import supervised
supervised([sys.executable, "-c", *sys.argv[2:]])
"""


def marked(mark: str) -> set[int]:
    """Living processes with the mark in their command line; ended ones have none."""
    found = set()
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in path.read_bytes():
                found.add(int(path.parent.name))
        except OSError:
            continue
    return found


def wait_until(condition, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_command_gives_its_code_and_output_and_leaves_nothing(tmp_path: Path) -> None:
    """Although what it leaves holds the pipes open that are read to their end."""
    done = supervised([sys.executable, "-c", PROGRAM, str(tmp_path), "0.1"], cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (3, b"out\n", b"err\n")
    assert not marked(str(tmp_path))


def test_a_signal_that_ends_a_command_is_told() -> None:
    assert supervised([sys.executable, "-c", "import os; os.abort()"]).returncode == -6


def test_a_command_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        supervised([sys.executable, "-c", PROGRAM, str(tmp_path), "60"], seconds=0.5)
    assert not marked(str(tmp_path))


def test_nothing_stays_of_a_command_whose_starter_is_killed(tmp_path: Path) -> None:
    arguments = [str(ROOT), PROGRAM, str(tmp_path), "60"]
    with subprocess.Popen([sys.executable, "-c", STARTER, *arguments]) as starter:
        try:
            wait_until(lambda: len(marked(str(tmp_path))) >= 3)  # it, the command, what hides
            time.sleep(0.2)
        finally:
            starter.kill()
    wait_until(lambda: not marked(str(tmp_path)))


@pytest.mark.parametrize("end", [("", 0), ("Z", 2)], ids=["is gone", "is not reaped"])
def test_a_child_of_one_that_ends_while_it_is_looked_for_is_found(
    monkeypatch: pytest.MonkeyPatch, end
) -> None:
    """1 is the root and 2 its child; 3 was listed, forked 4 and ended before its state was read."""
    lists = [["1", "2", "3"], ["1", "2", "3", "4"]] if end[0] else [["1", "2", "3"], ["1", "2", "4"]]
    states = {1: ("S", 0), 2: ("S", 1), 3: end, 4: ("S", 1)}
    looks = []

    def listed(path: str) -> list[str]:
        looks.append(path)
        return lists[min(len(looks), 2) - 1]

    monkeypatch.setattr(supervisor.os, "listdir", listed)
    monkeypatch.setattr(supervisor, "state_of", states.get)
    assert sorted(descendants(1)) == [2, 4]
    assert len(looks) == 2


def test_ends_without_end_do_not_keep_the_look(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []

    def listed(path: str) -> list[str]:
        looks.append(path)
        return ["1", "2", str(10 + len(looks))]

    monkeypatch.setattr(supervisor.os, "listdir", listed)
    monkeypatch.setattr(
        supervisor, "state_of", lambda process: {1: ("S", 0), 2: ("S", 1)}.get(process, ("", 0))
    )
    assert descendants(1) == [2]
    assert len(looks) == supervisor.MOST_LOOKS


def test_jax_that_names_no_device_does_not_hang_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PROBE", "import time; time.sleep(60)")
    monkeypatch.setattr(module, "ANSWER", 0.3)
    monkeypatch.setattr(module, "has_jax_plugin", lambda: True)
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    with pytest.raises(DeviceError, match=r"no device within 0\.3 s"):
        find_device()


def test_the_device_that_jax_names(monkeypatch: pytest.MonkeyPatch) -> None:
    probe = "import os; print('noise'); print('device: [\"toy\", 5, 2,', os.environ['NPROC'], ']')"
    monkeypatch.setattr(module, "PROBE", probe)
    monkeypatch.setattr(module, "has_jax_plugin", lambda: True)
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    assert find_device() == Device("toy", 5, 2, 1)
