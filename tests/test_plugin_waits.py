"""The pytest plugin when tests run in several threads, and when somebody holds the machine's lock."""

from __future__ import annotations

import fcntl
from pathlib import Path

import pytest
from good_suite import GOOD

pytest_plugins = ["pytester"]
SUPPORT = Path(__file__).parent / "support"

THREADED = """
import threading
import pytest

def pytest_itemcollected(item):
    '''As pytest-run-parallel: each test in several threads at once, and none in the main one.'''
    function = item.obj

    def in_threads():
        errors = []
        barrier = threading.Barrier(4)

        def run():
            try:
                barrier.wait()
                function()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if errors:
            raise errors[0]

    item.obj = in_threads

@pytest.fixture(autouse=True, scope="session")
def opened():
    from harness.pytest_plugin import shared
    made = []
    class Counted(shared.Laboratory):
        def __init__(self, *arguments, **how):
            made.append(self)
            super().__init__(*arguments, **how)
    shared.Laboratory = Counted
    yield
    assert len(made) == 1
"""


@pytest.fixture(autouse=True)
def _toys(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(SUPPORT))
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:jaxtyping -p no:hypothesispytest --harness-recheck=no")
    monkeypatch.delenv("HARNESS_STORE", raising=False)
    pytester.path.joinpath("toys.toml").write_text(GOOD)


def test_claims_run_in_threads_share_one_laboratory(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(THREADED)
    result = pytester.runpytest_subprocess("toys.toml", timeout=120)
    result.assert_outcomes(passed=3)


def test_a_wait_for_the_machine_is_shown_past_the_capture(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = pytester.path / "machine"
    monkeypatch.setenv("HARNESS_MACHINE_LOCK", str(lock))
    program = (
        "import os, signal; from harness.pytest_plugin.items import ClaimItem; said = ClaimItem.say\n"
        "ClaimItem.say = lambda self, text: (said(self, text), os.kill(os.getpid(), signal.SIGINT))[0]"
    )
    pytester.makeconftest(program)
    with lock.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        result = pytester.runpytest_subprocess("toys.toml", timeout=120)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    said = f"waiting: {lock} is locked by process *name another file in HARNESS_MACHINE_LOCK"
    result.stdout.fnmatch_lines([said])
