"""What measuring takes in and gives out. `Trial` itself comes from planning.

A *job* goes to a worker, an *outcome* comes back with one *result* for each of its trials, and the laboratory
makes a *measurement* of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from harness.declare import Inputs, Missing
from harness.questions import Trial

Status = Literal["ok", "error"]

T = TypeVar("T")


def altered(record: T, **fields: object) -> T:
    """A record of this module with other values in some of its fields, which are not checked.

    As `dataclasses.replace`, in a seventh of the time: for what happens to every trial.
    """
    made = object.__new__(type(record))
    vars(made).update(vars(record), **fields)
    return made


WHOLE = frozenset({""})
"""The stages of a trial that is measured as a whole."""


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

    @property
    def left_nothing(self) -> bool:
        """Whether all was as before, which is the rule."""
        return not (self.changed or self.reseeded or self.imported)


How = Literal["read", "listed", "ran", "loaded", "connected to"]


@dataclass(frozen=True)
class FileUse:
    """A file or folder that a trial used, or a machine that it connected to, and how; made by the worker."""

    how: How
    path: str


@dataclass(frozen=True)
class Job:
    """What a worker is asked to do; made by `Laboratory`. `trials` differ in their seeds alone; there are
    several where their experiment takes several seeds. `declared` names the modules of the closure.

    `code` names the distributions whose code runs (`harness.measure.code`), `modules` the experiment's and
    those that parameters name: a worker serves one code.

    `block`: how many seeds are computed abreast. Above 1 `trials` has every seed of an aligned block, wanted
    or not; at 1 one seed follows another.

    `time_limit` is in seconds, `memory_limit` in bytes that its worker may hold (None: any). `timed`: it is
    a timing, whose worker is neither watched nor replaced. `fresh`: it needs a worker that has run no trial.

    `stages` are those that are wanted of each trial, `Declaration.stages` of its experiment: '' is the whole.

    A worker elsewhere must find there: `digest` (of the source), `device` (its kind, '' where JAX is not
    used), `settings` (variables of the environment) and `inputs_digest` (of what `inputs` declare).
    `readable` are the files and folders that the trial may use (None: nobody looks).
    """

    trials: tuple[Trial, ...]
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
    stages: frozenset[str] = WHOLE
    block: int = 1

    @property
    def first(self) -> Trial:
        """The first of the trials: their experiment and parameters are the same."""
        return self.trials[0]

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds of the trials."""
        return tuple(trial.seed for trial in self.trials)


@dataclass(frozen=True)
class Started:
    """A worker's word that it begins what it was sent. `process` is its process id."""

    process: int


@dataclass(frozen=True)
class TrialResult:
    """What a job gave for one of its trials.

    `missing` says of each quantity without a value why; those of stages that were not wanted, and not
    computed on the way, are in neither. `error` is one line where the trial raised; `raised` then says what
    was raised and where (two trials that failed alike have the same), and `trace` is its traceback. `seconds`
    of a job of several trials are shared evenly.
    """

    status: Status
    values: Mapping[str, float] = field(default_factory=dict)
    missing: Mapping[str, Missing] = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()
    error: str = ""
    seconds: float = 0.0
    raised: str = ""
    trace: str = ""


@dataclass(frozen=True)
class JobResult:
    """What became of a job; made by the worker, or by the pool for a worker that died.

    `results` has one for each trial of the job, in their order. `broken`: the job failed as a whole, and each
    result says why. `undeclared` names modules of the project that the trials used and that are not in their
    static import closure, `uses` the files and the like that are not readable, `installed` the files in
    site-packages that their source used by name, and `libraries` the distributions of such files that the
    closure lacks, where a worker elsewhere has looked. `device` is the kind that JAX computed on, '' if the
    trials did not import JAX. `edited`: the source was another, where it ran, when it had ended.
    `left`: processes that it started went on when it had ended. `traces`: what else it left in its worker.
    `ordinal` is how many trials its worker had run before, `cpu` the model of processor that it ran on.
    `stopped`: its worker was ended from outside, at a limit or by SIGKILL, which says nothing of its numbers.
    """

    results: tuple[TrialResult, ...]
    broken: bool = False
    device: str = ""
    undeclared: tuple[str, ...] = ()
    uses: tuple[FileUse, ...] = ()
    installed: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    edited: bool = False
    left: bool = False
    traces: Traces = Traces()
    ordinal: int = 0
    cpu: str = ""
    stopped: bool = False

    @property
    def spoils(self) -> bool:
        """Whether no other job may run in its worker. What it loaded or read undeclared would hide the next
        such use from the comparison."""
        return bool(self.undeclared or self.uses or self.traces.changed or self.left)


def lost(
    job: Job, error: str, *, seconds: float = 0.0, ordinal: int = 0, cpu: str = "", stopped: bool = False
) -> JobResult:
    """The outcome of a job of which nothing came back."""
    result = TrialResult("error", error=error, seconds=seconds / len(job.trials))
    results = (result,) * len(job.trials)
    return JobResult(results, broken=True, ordinal=ordinal, cpu=cpu, stopped=stopped)


@dataclass(frozen=True)
class Lost:
    """Why a quantity's stage gave nothing: it raised, or its worker was lost; as in `TrialResult`."""

    error: str
    raised: str = ""


@dataclass(frozen=True)
class Measurement:
    """A measured trial; made by `Laboratory.collect` and `Laboratory.recall`.

    It has the quantities of those stages that were measured, now or before; the others are *absent*, neither
    in `values` nor *missing*. `errors` says why of quantities whose stages were to be measured and were not,
    as the trial raised or was lost. `again` is what a job gave of stages that had been measured before,
    as it needed them, where the laboratory has measured some of the trial's stages anew.

    `stored`: it is in the store. `reused`: it was there already, nothing ran. `note` says why a good
    result was not stored. `error` says what went wrong where `status` is "error"; `raised` and
    `trace` are those of `TrialResult`, `traces` those of `JobResult`.

    `program` is the digest of what computed it: the fingerprint without the trial. `cpu`, `edited` and
    `stopped` are those of the outcome; `ordinal` is how many trials its worker ran before, those before it in
    its job included; `changed` says that its job changed the state of the worker. `block` is how many seeds
    were computed abreast.
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
    errors: Mapping[str, Lost] = field(default_factory=dict)
    again: Measurement | None = None
    block: int = 1

    def has(self, quantity: str) -> bool:
        """Whether it is known what the quantity's stage gives: numbers, or why none."""
        if quantity in self.values or quantity in self.missing or quantity in self.errors:
            return True
        return self.status == "error" and not self.errors

    def lost(self, quantity: str) -> Lost | None:
        """Why the quantity's stage gave nothing, where it raised or its worker was lost."""
        if self.status == "error" and not self.errors:
            return Lost(self.error, self.raised)
        return self.errors.get(quantity)

    def lacks(self, quantity: str) -> Missing | None:
        """Why `quantity` has no value here; None if it has one."""
        if lost := self.lost(quantity):
            return Missing("failed", "", lost.error)
        if quantity in self.values:
            return None
        undeclared = Missing("failed", "", f"the experiment measures no quantity {quantity!r}")
        return self.missing.get(quantity, undeclared)

    def value(self, quantity: str) -> float:
        """The number measured for `quantity`. Raises `MissingValueError` with the reason."""
        if missing := self.lacks(quantity):
            raise MissingValueError(str(missing))
        return self.values[quantity]
