"""What a run took place on: commit, machine, versions."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Mapping
from pathlib import Path

from harness.report.record import CommitRecord, EnvironmentRecord
from harness.text import encodable

_GIT_SECONDS = 10


def commit_of(folder: Path) -> CommitRecord | None:
    """The git commit of `folder`; None outside a repository, without commits, or without git."""
    try:
        hash_ = _git(folder, "rev-parse", "HEAD")
        return CommitRecord(hash=hash_, dirty=bool(_git(folder, "status", "--porcelain")))
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, capture_output=True, text=True, check=True, timeout=_GIT_SECONDS
    )
    return done.stdout.strip()


def environment(
    *, workers: int, device: str, precision: Mapping[str, str], libraries: Mapping[str, str]
) -> EnvironmentRecord:
    """This machine; `libraries` gives the versions of the distributions that matter."""
    return EnvironmentRecord(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu=_cpu(),
        cores=os.cpu_count() or 1,
        workers=workers,
        threads_per_worker=1,
        device=device,
        precision=dict(precision),
        libraries=dict(sorted(libraries.items())),
        machine=encodable(os.environ.get("HARNESS_MACHINE") or platform.node()),
    )


def _cpu() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
