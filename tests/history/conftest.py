"""The story of twelve commits, run once for all tests that read its history."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from past_project import Told, story
from repositories import git


@dataclass(frozen=True)
class Project:
    """A repository with its story, and the folder of its records."""

    folder: Path
    told: list[Told]

    @property
    def history(self) -> Path:
        return self.folder / "reports/history"

    def harness(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command in the repository."""
        command = [sys.executable, "-m", "harness", *arguments]
        environment = os.environ | {"NO_COLOR": "1"}
        return subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False, env=environment
        )


def run_all(folder: Path, salt: int = 0, *, timed: bool) -> Project:
    """The story with a record of each commit that loads; the last one is checked out at the end."""
    project = Project(folder, story(folder, salt, timed=timed))
    for told in project.told:
        git(folder, "checkout", "--quiet", told.hash)
        done = project.harness("run", "suites/demo.toml", "--quiet", "--workers", "1", "--no-recheck")
        assert (done.returncode in (0, 1)) == told.loads, done.stdout + done.stderr
    git(folder, "checkout", "--quiet", "main")
    return project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Without timings: how long a benchmark takes on a machine that is busy with tests is anybody's guess."""
    return run_all(tmp_path_factory.mktemp("past") / "demo", timed=False)
