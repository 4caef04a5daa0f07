"""One holder per trial, even if the holder dies."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from harness.measure.holders import holder
from harness.measure.locks import acquire, lock_of

ROOT = Path(__file__).parents[2]
HOLDER = """
import sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from harness.measure.locks import acquire
lock = acquire(Path(sys.argv[2]), "print")
print("held" if lock else "busy", flush=True)
time.sleep(60)
"""
RACER = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from harness.measure.locks import acquire
counter = Path(sys.argv[3])
done = 0
while done < 200:
    lock = acquire(Path(sys.argv[2]), "print")
    if lock:
        counter.write_text(str(int(counter.read_text()) + 1))
        lock.release()
        done += 1
"""


def test_one_holder_at_a_time(tmp_path):
    lock = acquire(tmp_path, "print")
    assert lock
    assert acquire(tmp_path, "print") is None
    other = acquire(tmp_path, "other")
    assert other
    other.release()
    lock.release()
    again = acquire(tmp_path, "print")
    assert again
    again.release()
    assert not list(tmp_path.iterdir())


def test_a_killed_holder_leaves_the_lock_free(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(ROOT), str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert acquire(tmp_path, "print") is None
        holder.kill()
    file, _ = lock_of(tmp_path, "print")
    assert file.exists()
    lock = acquire(tmp_path, "print")
    assert lock
    assert acquire(tmp_path, "print") is None
    lock.release()


def test_nobody_trusts_a_file_that_was_unlinked(tmp_path):
    """Three processes take turns; without the comparison of inodes two of them hold it at once."""
    counter = tmp_path / "counter"
    counter.write_text("0")
    command = [sys.executable, "-c", RACER, str(ROOT), str(tmp_path / "locks"), str(counter)]
    for process in [subprocess.Popen(command) for _ in range(3)]:
        assert process.wait() == 0
    assert counter.read_text() == "600"


def test_who_holds_a_trial_is_told_apart_from_who_holds_another(tmp_path):
    mine = acquire(tmp_path, "mine")
    command = [sys.executable, "-c", HOLDER, str(ROOT), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        (file, place), (_, ours) = lock_of(tmp_path, "print"), lock_of(tmp_path, "mine")
        assert holder(file, start=place).startswith(f"process {other.pid} (")
        assert holder(file, start=ours).startswith("this process, ")
        other.kill()
    assert mine
    mine.release()
    assert not list(tmp_path.iterdir()), "the last to leave removes the file, also after one that was killed"


def test_the_file_stays_as_long_as_anybody_has_a_lock(tmp_path):
    """Else a newcomer would lock a file of its own, and hold what is held."""
    command = [sys.executable, "-c", HOLDER, str(ROOT), str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        for _ in range(2):
            lock = acquire(tmp_path, "mine")
            assert lock
            lock.release()
            assert acquire(tmp_path, "print") is None
        other.kill()
