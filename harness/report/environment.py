"""What a run took place on: commit, machine, versions."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from harness.git import head, resolve, toplevel
from harness.measure import processor
from harness.report.record import CommitRecord, EnvironmentRecord, TrackedRecord
from harness.text import encodable


def commit_of(folder: Path) -> CommitRecord | None:
    """The git commit of `folder`; None outside a repository, without commits, or without git."""
    found = head(folder)
    return CommitRecord(hash=found[0], dirty=found[1]) if found else None


def tracked(path: Path) -> TrackedRecord:
    """The repository at `path`. Raises `GitError` where there is none with a commit."""
    top = toplevel(path)
    hash_ = resolve(top, "HEAD")
    found = head(top)
    return TrackedRecord(name=top.name, hash=hash_, dirty=found is not None and found[1])


def environment(
    *,
    workers: int,
    device: str,
    precision: Mapping[str, str],
    libraries: Mapping[str, str],
    cluster: str = "",
) -> EnvironmentRecord:
    """This machine; `libraries` gives the versions of the distributions that matter."""
    return EnvironmentRecord(
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.release()} {platform.machine()}",
        cpu=processor(),
        cores=os.cpu_count() or 1,
        workers=workers,
        threads_per_worker=1,
        device=device,
        precision=dict(precision),
        libraries=dict(sorted(libraries.items())),
        cluster=cluster,
        machine=encodable(os.environ.get("HARNESS_MACHINE") or platform.node()),
    )
