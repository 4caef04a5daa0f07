"""What a record says of the run as a whole: suites, commits, machine, trials and rechecks; see `types`."""

from __future__ import annotations

from typing import Annotated

import msgspec

from harness.declare import Value
from harness.report.record.kinds import LETTERS, Count
from harness.report.record.shows import SpelledBefore

Hash = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{4,64}$")]
"""Of a git commit: an argument of git's, which takes others that begin with a dash."""


class CommitRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The git commit that a suite was run from, when the run began.

    `dirty` if files that git has differ from it, or if the suite or source that its trials depend on is in
    the work tree, and git neither has nor ignores it.
    """

    hash: Hash
    dirty: bool
    version: str = ""
    """Of the installed package that brought the suite: it has no commit, and `hash` is the digest of its
    files. `dirty` if one of them is not as it was installed."""


class SuiteRecord(SpelledBefore, msgspec.Struct, frozen=True, kw_only=True, gc=False, rename=LETTERS):
    """Which suite file was run."""

    name: str
    path: str
    """As it was typed: of a suite that comes with this package, it may be @NAME."""
    title: str
    sha256: str
    """Of the bytes that were parsed."""
    overrides: dict[str, object] = {}
    """Values that replaced parameters' of the file (`--override`). Files call it `given`."""
    noted: tuple[str, ...] = ()
    """What parameters of its experiments make of a verdict, where they are not the usual ones."""
    instances: int = 0
    """How many instances the file states, selected or not; 0 if that is not known."""
    place: str = ""
    """`path` from the top of the file's repository, however it was typed; empty in records of 0.1. Of a suite
    that an installed package brought, @NAME."""
    commit: CommitRecord | None = None
    """Of the repository that holds the file; None outside of one, and in records of version 0.1. Of a suite
    that an installed package brought, that package (`CommitRecord.version`)."""


class TrackedRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The repository of the code under test, where that is another (`--track`)."""

    name: str
    """Of its folder."""
    hash: Hash
    dirty: bool


class ShardRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Which part of a selection was run (`--shard NUMBER/OF`)."""

    number: Count
    of: Count
    places: tuple[Count, ...]
    """Of its instances in the selection, counted from 0."""
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
    """The machine's name in its network, or that which HARNESS_MACHINE gives it."""
    cluster: str = ""
    """What measured instead of this machine, "local:4", "tcp" or "tls". `workers` (the most that there were
    at once) and `device` are then the cluster's; `platform`, `cpu`, `cores` and `machine` the client's."""
    blocks: tuple[int, ...] = ()
    """How many seeds of a point were computed abreast, each size that there was: 1 if each was alone."""
    matmul_precision: str = ""
    """JAX's default for float32 products, as workers had it: "highest" unless the user sets another; '' in
    older records, whose products on an accelerator were in TF32."""
    xla_flags: str = ""
    """The flags of XLA on an accelerator."""
    workers_per_device: int = 0
    """How many workers shared an accelerator; 0 if there was none."""


class CountsRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Trials of the run."""

    measured: int
    reused: int
    failed: int


class RecheckRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One experiment of a suite, and the result of measuring one of its trials twice.

    `result`: identical (to the bit), within-tolerance, differs, not-deterministic (another seed gave another
    number where it declares that none does), not-rechecked, or exempt (declared not to repeat). `reason` says
    why, of all but the first two; `differs` and `not-deterministic` make errors of its claims.
    """

    experiment: str
    """As `suite/table`."""
    run: str
    result: str
    params: dict[str, Value] = {}
    """Of the trial that was measured twice; empty where none was."""
    seed: int | None = None
    reason: str = ""
    seconds: float = 0.0
    """Core-seconds of the second measurement."""
