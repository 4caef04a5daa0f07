"""What measuring takes in and gives out. `Trial` itself comes from planning.

A *job* goes to a worker, an *outcome* comes back, and the laboratory makes a *measurement* of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from harness.declare import Inputs, Missing
from harness.questions import Trial

Status = Literal["ok", "error"]


class MissingValueError(LookupError):
    """A measurement lacks the quantity; the message says why."""


@dataclass(frozen=True)
class Stage:
    """How one stage of a trial went: wall seconds, the reason if it failed ('' if not), and whether its
    result is the same for every seed."""

    name: str
    seconds: float
    failure: str = ""
    fixed: bool = False


@dataclass(frozen=True)
class Traces:
    """What a trial left in its worker that later ones could have seen, in words; made by the worker.

    `changed` costs the worker; `reseeded` names generators of random numbers that were seeded anew;
    `imported` is what the import of the trial's modules changed, before it ran.
    """

    changed: tuple[str, ...] = ()
    reseeded: tuple[str, ...] = ()
    imported: tuple[str, ...] = ()


How = Literal["read", "listed", "ran", "loaded", "connected to"]


@dataclass(frozen=True)
class Use:
    """A file or folder that a trial used, or a machine that it connected to, and how; made by the worker."""

    how: How
    path: str


@dataclass(frozen=True)
class Job:
    """What a worker is asked to do; made by `Laboratory`. `declared` names the modules of the closure.

    `code` names the distributions whose code runs (`harness.measure.code`), `modules` the experiment's and
    those that parameters name: a worker serves one code.

    `time_limit` is in seconds, `memory_limit` in bytes that its worker may hold (None: any). `timed`: it is
    a timing, whose worker is neither watched nor replaced. `fresh`: it needs a worker that has run no trial.

    A worker elsewhere must find there: `digest` (of the source), `device` (its kind, '' where JAX is not
    used), `settings` (variables of the environment) and `inputs_digest` (of what `inputs` declare).
    `readable` are the files and folders that the trial may use (None: nobody looks).
    """

    trial: Trial
    declared: frozenset[str]
    time_limit: float
    memory_limit: int | None = None
    timed: bool = False
    digest: str = ""
    device: str = ""
    code: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    fresh: bool = False
    readable: frozenset[str] | None = None
    inputs: tuple[Inputs, ...] = ()
    inputs_digest: str = ""
    settings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Started:
    """A worker's word that it has begun its job. `process` is its process id."""

    process: int


@dataclass(frozen=True)
class Outcome:
    """What became of a job; made by the worker, or by the pool for a worker that died.

    `missing` says of each declared quantity without a value why. `undeclared` names modules of
    the project that the trial used and that are not in its static import closure, `uses` the files and the
    like that are not readable, `installed` the files in site-packages that its source used by name, and
    `libraries` the distributions of such files that the closure lacks, where a worker elsewhere has looked.
    `device` is the kind that JAX computed on, '' if the trial did not import JAX. `edited`: the source was
    another, where it ran, when it had ended. `error` is one line where the trial raised; `raised` then says
    what was raised and where (two trials that failed alike have the same), and `trace` is its traceback.
    `left`: processes that it started went on when it had ended. `traces`: what else it left in its worker.
    `ordinal` is how many trials its worker had run before, `cpu` the model of processor that it ran on.
    `stopped`: its worker was ended from outside, at a limit or by SIGKILL, which says nothing of its numbers.
    """

    status: Status
    values: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, Missing] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    error: str = ""
    seconds: float = 0.0
    device: str = ""
    undeclared: tuple[str, ...] = ()
    uses: tuple[Use, ...] = ()
    installed: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    edited: bool = False
    raised: str = ""
    trace: str = ""
    left: bool = False
    traces: Traces = Traces()
    ordinal: int = 0
    cpu: str = ""
    stopped: bool = False


@dataclass(frozen=True)
class Measurement:
    """A measured trial; made by `Laboratory.collect` and `Laboratory.recall`.

    `stored`: it is in the store. `reused`: it was there already, nothing ran. `note` says why a good
    result was not stored. `error` says what went wrong where `status` is "error"; `raised`, `trace` and
    `traces` are those of `Outcome`.

    `program` is the digest of what computed it: the fingerprint without the trial. `ordinal`, `cpu`, `edited`
    and `stopped` are those of the outcome; `changed` says that the trial changed the state of its worker.
    """

    trial: Trial
    fingerprint: str
    status: Status
    values: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, Missing] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    error: str = ""
    seconds: float = 0.0
    device: str = "cpu"
    stored: bool = False
    reused: bool = False
    note: str = ""
    raised: str = ""
    trace: str = ""
    traces: Traces = Traces()
    program: str = ""
    ordinal: int = 0
    cpu: str = ""
    changed: bool = False
    edited: bool = False
    stopped: bool = False

    def lacks(self, quantity: str) -> Missing | None:
        """Why `quantity` has no value here; None if it has one."""
        if self.status == "error":
            return Missing("failed", "", self.error)
        if quantity in self.values:
            return None
        undeclared = Missing("failed", "", f"the experiment measures no quantity {quantity!r}")
        return self.missing.get(quantity, undeclared)

    def value(self, quantity: str) -> float:
        """The number measured for `quantity`. Raises `MissingValueError` with the reason."""
        if missing := self.lacks(quantity):
            raise MissingValueError(str(missing))
        return self.values[quantity]
