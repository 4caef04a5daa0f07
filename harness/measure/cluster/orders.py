"""What passes between the client and the Dask workers. All of it is pickled, so both need the same code."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harness.measure.fingerprint import SourceClosure
from harness.measure.records import Job, JobResult
from harness.measure.settings import Settings


@dataclass(frozen=True)
class Terms:
    """What holds for all orders of one run; made by the client.

    `before` and `after` are those entries of its module path that belong to no Python installation,
    `engine` the digests of the modules that must be alike on both sides, `cache` the folder of JAX's
    compiled programs, for workers on the machine `host`.
    """

    run_id: str
    host: str
    python: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    engine: Mapping[str, str]
    cache: str | None


@dataclass(frozen=True)
class Order:
    """One job to do: a trial to measure, or several of one block."""

    terms: Terms
    job: Job


@dataclass(frozen=True)
class WorkerInventory:
    """What a Dask worker has: its Python version, the digests of the modules that are loaded there, and,
    where they were asked for, the closure of a trial, the kind of device, the variables of its environment
    that can change numbers, and the digest of the trial's inputs."""

    python: str
    engine: Mapping[str, str]
    source: SourceClosure | None = None
    device: str | None = None
    settings: Settings | None = None
    inputs_digest: str | None = None


@dataclass(frozen=True)
class Reply:
    """What became of an order: its outcome, or (then nothing was run) what was found."""

    outcome: JobResult | None
    found: WorkerInventory | None = None


def python_version() -> str:
    """As far as fingerprints tell versions apart."""
    return ".".join(map(str, sys.version_info[:2]))


def additions(path: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The entries of a module path that belong to no Python installation: those before it, those after."""
    roots = (sys.prefix, sys.base_prefix, *sysconfig.get_paths().values())
    own = {os.path.abspath(folder) for folder in roots}
    entries = [os.path.abspath(entry) for entry in path]
    installed = [any(entry == root or entry.startswith(root + os.sep) for root in own) for entry in entries]
    first = installed.index(True) if True in installed else len(entries)
    front = [entry for entry, inside in zip(entries[:first], installed[:first], strict=True) if not inside]
    rest = [entry for entry, inside in zip(entries[first:], installed[first:], strict=True) if not inside]
    return tuple(front), tuple(rest)


def joined(before: Sequence[str], own: Sequence[str], after: Sequence[str]) -> list[str]:
    """A module path with another's additions, as far as they exist here, each entry once."""
    there = [[entry for entry in entries if os.path.exists(entry)] for entries in (before, after)]
    return list(dict.fromkeys([*there[0], *own, *there[1]]))


def differences(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """Which modules differ between two maps of digests, in words; '' if none."""
    changed = sorted(name for name in ours.keys() & theirs.keys() if ours[name] != theirs[name])
    parts = [
        ("another source of", changed),
        ("no", sorted(ours.keys() - theirs.keys())),
        ("besides", sorted(theirs.keys() - ours.keys())),
    ]
    return "; ".join(f"{what} {', '.join(names)}" for what, names in parts if names)


def differing_distributions(ours: SourceClosure, theirs: SourceClosure) -> str:
    """Which installed distributions differ, each with both versions, in words; '' if none."""
    here = {d.name: d for d in ours.distributions}
    there = {d.name: d for d in theirs.distributions}
    parts = []
    for name in sorted(here.keys() | there.keys()):
        a, b = here.get(name), there.get(name)
        if a == b:
            continue
        versions = [d.version if d else "none" for d in (a, b)]
        note = " with other files" if versions[0] == versions[1] else ""
        parts.append(f"{name} {versions[1]}{note} (here {versions[0]})")
    return ", ".join(parts)
