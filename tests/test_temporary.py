"""What killed processes leave is removed by the next, and nothing else is."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from harness.measure import Laboratory
from harness.report.files import write_whole
from harness.temporary import temporary_file, temporary_folder

ROOT = Path(__file__).parents[2]

DYING = """
import os, signal, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[1])
if sys.argv[3] == "write":
    os.replace = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
    from harness.report.files import write_whole
    write_whole(Path(sys.argv[2], "r.json"), b"half")
if sys.argv[3] == "keep":
    os.link = lambda *names: os.kill(os.getpid(), signal.SIGKILL)
    from harness.history.archive import write_new
    write_new(Path(sys.argv[2]), "r", b"half")
from harness.temporary import temporary_folder
with temporary_folder("harness-test-") as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    time.sleep(60)
"""


def die(folder: Path, how: str) -> None:
    done = subprocess.run([sys.executable, "-c", DYING, str(ROOT), str(folder), how], check=False)
    assert done.returncode == -9


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    for _ in range(2):
        die(tmp_path, "write")
    (left,) = tmp_path.iterdir()  # the second had removed that of the first
    assert left.name.startswith(".r.json.new-")
    write_whole(tmp_path / "r.json", b"whole")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"r.json": b"whole"}


def test_the_next_record_of_a_history_removes_what_a_killed_one_left(tmp_path: Path) -> None:
    from harness.history.archive import write_new

    die(tmp_path, "keep")
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".new-")
    write_new(tmp_path, "r", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_nothing_is_removed_that_somebody_holds_or_that_is_not_ours(tmp_path: Path) -> None:
    kept = [".r.json.new-toolong12", ".r.json.new-Upper123", ".r.json.old-abcdefgh", ".s.json.new-abcdefgh"]
    for name in kept:
        (tmp_path / name).touch()
    (tmp_path / ".r.json.new-folder12").mkdir()
    (tmp_path / "target").write_text("of a link")
    (tmp_path / ".r.json.new-alink123").symlink_to(tmp_path / "target")
    os.mkfifo(tmp_path / ".r.json.new-apipe123")
    with temporary_file(tmp_path, ".r.json.new-") as (file, path):
        file.write(b"in the making")
        write_whole(tmp_path / "r.json", b"whole")
        assert path.exists()
    assert not path.exists()
    assert (tmp_path / "target").read_text() == "of a link"
    others = {"target", "r.json", ".r.json.new-folder12", ".r.json.new-alink123", ".r.json.new-apipe123"}
    assert {path.name for path in tmp_path.iterdir()} == {*kept, *others}


def test_what_another_user_owns_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".r.json.new-abcdefgh").touch()
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    write_whole(tmp_path / "r.json", b"whole")
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_goes_with_the_next_unless_its_maker_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").touch()
    (tmp_path / "harness-test-alink123").symlink_to(outside)
    command = [sys.executable, "-c", DYING, str(ROOT), str(tmp_path), "folder"]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        theirs = Path(process.stdout.readline().strip())
        with temporary_folder("harness-test-") as ours:
            assert theirs.is_dir()
            assert ours.is_dir()
        process.kill()
    (theirs / "link").symlink_to(outside)
    with temporary_folder("harness-test-") as ours:
        assert not theirs.exists()
    assert not ours.exists()
    assert (outside / "file").exists()
    assert (tmp_path / "harness-test-alink123").is_symlink()


def test_writers_at_once_remove_nothing_of_each_other(tmp_path: Path) -> None:
    """Without locks, one would remove what another is about to rename."""
    errors: list[Exception] = []

    def write(number: int) -> None:
        try:
            for _ in range(60):
                write_whole(tmp_path / "r.json", bytes([number]) * 1000)
        except OSError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert [path.name for path in tmp_path.iterdir()] == ["r.json"]


def test_the_umask_is_as_it_was_after_threads_have_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.umask

    def slow(mask: int) -> int:
        previous = real(mask)
        time.sleep(0.001)  # so that threads meet here
        return previous

    before = os.umask(0o027)
    monkeypatch.setattr(os, "umask", slow)
    try:
        threads = [
            threading.Thread(target=lambda n=n: [write_whole(tmp_path / f"{n}", b"") for _ in range(10)])
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o640}
        assert os.umask(0o027) == 0o027
    finally:
        os.umask(before)


def test_locks_of_killed_runs_go_when_the_store_is_opened(tmp_path: Path) -> None:
    locks = tmp_path / "s.sqlite.locks"
    locks.mkdir()
    (locks / ("a" * 64)).touch()
    with Laboratory(tmp_path / "s.sqlite", workers=1):
        assert not list(locks.iterdir())
