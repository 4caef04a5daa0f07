"""For all tests: none is timed, so that a busy machine fails none, and none waits for other runs.

With several workers, those of a file go to one, which makes its fixtures and compiles its programs once.
The rooms with long tests go first: otherwise a long test that starts last leaves the other cores idle.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

TESTS = Path(__file__).parent
LONG_FIRST = ("history", "ntk", "measure", "", "report")
"""Rooms by the time of their longest file; "" stands for the tests of the whole, beside this file."""

os.environ["HARNESS_MACHINE_LOCK"] = os.path.join(tempfile.mkdtemp(prefix="harness-tests-"), "lock")

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def rank(path: Path) -> int:
    """The place of a test file's room among `LONG_FIRST`; all other rooms come last."""
    room = path.relative_to(TESTS).parts[0] if path.parent != TESTS else ""
    return LONG_FIRST.index(room) if room in LONG_FIRST else len(LONG_FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: rank(item.path))  # stable: a file's tests stay together, in their order


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> LoadFileScheduling | None:
    """Whole files, in the order of `pytest_collection_modifyitems`; another `--dist` is left as it is."""
    if config.getvalue("dist") != "load":
        return None
    from xdist.scheduler import LoadFileScheduling

    config.option.loadscopereorder = False
    return LoadFileScheduling(config, log)
