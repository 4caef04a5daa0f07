"""What a record says about the run as a whole: suites, commits, machine, trials and rechecks; see `types`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from harness.declare import Value
from harness.report.record.kinds import LETTERS, Count
from harness.report.record.shows import SpelledBefore

Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{4,64}$")]
"""The hash of a git commit. The pattern keeps out arguments of git that begin with a dash."""


class CommitRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The git commit from which a suite was run, when the run began.

    `dirty` if files that git tracks differ from it, or if the suite or source on which its trials depend is
    in the work tree, and git neither tracks nor ignores it.
    """

    hash: Hash
    dirty: bool
    version: str = ""
    """The version of the installed package that contains the suite. It has no commit, and `hash` is the
    digest of its files. `dirty` if one of them is not as it was installed."""


class SuiteRecord(SpelledBefore, msgspec.Struct, frozen=True, kw_only=True, gc=False, rename=LETTERS):
    """Which suite file was run."""

    name: str
    path: str
    """The path as it was typed. A suite of this package may be @NAME."""
    title: str
    sha256: str
    """The digest of the parsed bytes."""
    overrides: dict[str, object] = {}
    """The overrides of the file's parameters (`--override`). Files call this field `given`."""
    noted: tuple[str, ...] = ()
    """How parameters of its experiments change a verdict, if they are not the usual ones."""
    instances: int = 0
    """How many instances the file states, selected or not; 0 if unknown."""
    place: str = ""
    """`path` from the top of the file's repository, however it was typed; empty in records of 0.1. For a
    suite from an installed package, @NAME."""
    commit: CommitRecord | None = None
    """The commit of the repository that holds the file; None outside of a repository, and in records of
    version 0.1. For a suite from an installed package, that package (`CommitRecord.version`)."""


class TrackedRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The repository of the code under test, if it is another one (`--track`)."""

    name: str
    """The name of its folder."""
    hash: Hash
    dirty: bool


class ShardRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which part of a selection was run (`--shard NUMBER/OF`)."""

    number: Count
    of: Count
    places: tuple[Count, ...]
    """The places of its instances in the selection, counted from 0."""
    total: Count
    """How many instances the selection has."""


class EnvironmentRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where the run took place."""

    python: str
    platform: str
    cpu: str
    cores: int
    workers: int
    threads_per_worker: int
    device: str
    precision: dict[str, str]
    libraries: dict[str, str]
    machine: str = ""
    """The machine's name in its network, or the one that HARNESS_MACHINE gives."""
    cluster: str = ""
    """What measured instead of this machine, "local:4", "tcp" or "tls". `workers` (the most at one time) and
    `device` are then the cluster's; `platform`, `cpu`, `cores` and `machine` the client's."""
    blocks: tuple[int, ...] = ()
    """The numbers of seeds of a point that were computed abreast; 1 if each was alone."""
    matmul_precision: str = ""
    """JAX's default for float32 products in workers: "highest" unless the user sets another; '' in older
    records, whose products on an accelerator were in TF32."""
    xla_flags: str = ""
    """The flags of XLA on an accelerator."""
    workers_per_device: int = 0
    """How many workers shared an accelerator; 0 without one."""


class CountsRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Counts of the run's trials."""

    measured: int
    reused: int
    failed: int


class RecheckRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One experiment of a suite, and the result of measuring one of its trials twice.

    `result`: identical (to the bit), within-tolerance, differs, not-deterministic (another seed gave another
        number although it declares that none does), not-rechecked, or exempt (declared not to repeat).
        `reason` says why, for all except the first two. `differs` and `not-deterministic` make errors of its
        claims.
    """

    experiment: str
    """The experiment as `suite/table`."""
    run: str
    result: str
    params: dict[str, Value] = {}
    """The parameters of the trial that was measured twice; empty if none was."""
    seed: int | None = None
    reason: str = ""
    seconds: float = 0.0
    """Core-seconds of the second measurement."""
