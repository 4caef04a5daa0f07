"""What a record says, as typed data in memory. `harness.report.record.layout` defines its file.

An instance is complete: it has its claim's words, source and TOML, so that one alone can be shown, compared
and moved to another record. In memory these are shared; in a file they stand once.

Numbers of effects (`estimate`, `interval`, `region`, `values`, `smallest_margin`) are in the units of x_s,
the one number per seed that is judged; `unit` says what these are:

    ratio       ln(a/b), or a difference of such logarithms
    log-value   ln a
    value       a
    difference  a − b
    speed-up    ln(seconds of y / seconds of x)
    exponent    the slope of ln a on ln(axis)
    violation   |a − b| / (atol + rtol·|b|); at most 1 holds
    boundary    a value of an axis, as it is; the points where it was searched for have a unit of their own

An open side of a region, and an infinite end of an interval, are null. `InstanceRecord.printed` has the same
numbers as reports print them, in percent or as values.

The garbage collector skips records (`gc=False`): they have no cycles, and reading 500 files would take five
times as long otherwise.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from harness.declare import Value
from harness.errors import UserError
from harness.judge import Outcome
from harness.questions import Centre, Unit
from harness.report.record.kinds import (
    LETTERS,
    BoundaryRecord,
    ComparisonRecord,
    ConfirmationRecord,
    Count,
    FamilyRecord,
    FitRecord,
    MapRecord,
    QuantityRecord,
    Side,
    StraightnessRecord,
    TimingRecord,
)
from harness.report.record.printed import PrintedNumbers, printed_numbers
from harness.report.record.runs import (
    CommitRecord,
    CountsRecord,
    EnvironmentRecord,
    RecheckRecord,
    ShardRecord,
    SuiteRecord,
    TrackedRecord,
)
from harness.report.record.shows import ShownInstance, ShownRecord
from harness.text import label_of

SCHEMA_VERSION = 2

ExitCode = Annotated[int, msgspec.Meta(ge=0, le=5)]


class RecordError(UserError, ValueError):
    """The file is not a record, or has a schema that this version does not read."""


class Versioned(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What every record of any schema says."""

    schema_version: int


class SourceRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What the claim's source says, and where."""

    cite: str
    stance: str
    where: str
    title: str
    authors: tuple[str, ...]
    arxiv: str | None = None
    doi: str | None = None
    url: str | None = None
    year: int | None = None
    scope: str = ""
    """About which instances it says so: every, some or most. '' in older records, where it was every."""
    margin: str = ""
    """"ours" if the source gives no number for the claim's margin or bound."""


class PartRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One question of a conjunction: how its first n seeds decided it."""

    name: str
    verdict: str
    n: int
    budget: int
    estimate: float | None
    interval: tuple[Side, Side]
    region: tuple[Side, Side]
    values: tuple[float, ...]
    looks: tuple[tuple[int, Side, Side], ...]
    smallest_margin: float | None
    seeds_to_decision: int | None
    reason: str
    reproducibility: float | None = None
    """The reproducibility, as defined for the instance."""
    leaves_open: float | None = None
    """What it leaves open, as defined for the instance."""
    straightness: StraightnessRecord | None = None
    """The straightness of a power law with `exponent`."""
    lag_one: float | None = None
    """The correlation between the ranks of neighbouring seeds' values; None for fewer than 21 seeds, for many
    ties, and for `exact`."""
    neighbours_alike: bool = False
    """Whether that is more than independent seeds give once in a thousand claims. Verdicts assume independent
    seeds."""
    exchanged: bool = False
    """Whether the claim holds outside of the region: `differ`."""
    computed: bool = False
    """Whether it is computed, as defined for the instance."""
    same: str = ""
    """How its numbers agree with a baseline's, as defined for the instance."""


class ControlRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The control: its predicate in words, its point, and the verdict on it; or why there is no control."""

    predicate: str = ""
    at: dict[str, Value] = {}
    """The axes on which it lies elsewhere than the claim's instance, with their values."""
    verdict: str = ""
    parts: tuple[PartRecord, ...] = ()
    none_because: str = ""
    boundary: BoundaryRecord | None = None

    @property
    def labels(self) -> dict[str, str]:
        """`at` with labels as in ids."""
        return {axis: label_of(value) for axis, value in self.at.items()}


class TrialsRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The trials at one point that an instance read: seeds first_seed … first_seed + n − 1."""

    experiment: str
    params: dict[str, Value]
    quantities: tuple[str, ...]
    first_seed: int
    n: int
    fingerprints: tuple[str, ...]
    data: tuple[str, ...] = ()
    """The names in `params` of the data and of their preparation: data, preprocess, targets."""
    own_split: bool = False
    """Whether the data come split, so that a seed redraws the initialisation but not training and test
    points."""
    baseline: str = ""
    """The code that measured them, or the record that has them: `v0.2.0 (1a2b3c4d5)`; '' for the run's own.
    """


class InstanceRecord(ShownInstance, msgspec.Struct, frozen=True, kw_only=True, gc=False, rename=LETTERS):
    """One instance of a claim. The numbers beside `verdict` are those of the part that settled it.

    >>> instance
    <toys/same[size=1]: supported, as-expected, n = 9, +1.01% [-1.98%, +4.08%]>
    """

    id: str
    suite: str = ""
    """The name of its suite, with which its id begins."""
    claim: str
    """The claim's id in its suite."""
    point: dict[str, Value]
    """The value on each axis that the id names; for variants the name, for a change along an axis `1..2`."""
    says: str
    """The claim's sentence at this point."""
    claim_says: str = ""
    """The claim's sentence, with its axes in braces."""
    source: SourceRecord | None
    expect: str
    because: str
    predicate: str
    """The predicate in words."""
    kind: str = ""
    """The kind of its predicate: `equal`, `at-most`, …"""
    toml: dict[str, object]
    alpha: float
    centre: Centre
    marks: tuple[str, ...]
    verdict: str
    outcome: Outcome
    agreement: str
    """The verdict compared with `stance`. The record's `claims` say what that means for the source. Older
    records have '' if nothing was expected."""
    unit: Unit
    n: int
    budget: int
    estimate: float | None
    interval: tuple[Side, Side]
    region: tuple[Side, Side]
    values: tuple[float, ...]
    smallest_margin: float | None
    seeds_to_decision: int | None
    hours_to_decision: float | None
    reason: str
    parts: tuple[PartRecord, ...]
    control: ControlRecord | None
    seconds: float
    """Core-seconds of the trials that it read, even if these came from the store."""
    trials: tuple[TrialsRecord, ...]
    looks: tuple[tuple[int, Side, Side], ...] = ()
    """How the verdict was reached: (n, low, high) of the interval at each look."""
    reproducibility: float | None = None
    """The probability that fresh seeds give the same verdict, as far as n seeds show it: at most n/(n + 1),
    and None for fewer than 21. Also None if it is unknown. In records of 0.1 it is not limited."""
    fragile: bool = False
    """Whether the outcome would change more than once in a hundred runs on fresh seeds, as far as known,
    because its verdict is near an edge. Judged before the probability is limited."""
    fit: FitRecord | None = None
    timings: tuple[TimingRecord, ...] = ()
    first_seed: int | None = None
    """The first seed; None in records of 0.1, whose `trials` have it."""
    explored: tuple[tuple[int, int], ...] = ()
    """The seeds on which its expectation was formed, as ranges with both ends."""
    explored_seeds: bool = False
    """Whether it read some of these. Its outcome is then no evidence for its expectation."""
    straightness: StraightnessRecord | None = None
    lag_one: float | None = None
    neighbours_alike: bool = False
    """Whether this is so for any of its parts, if it has several."""
    rule: int = 1
    """The rule that judged it, `harness.judge.RULE`. Records of 0.1 do not say it, and are of the first."""
    least: int = 0
    """The smallest number of seeds that `rare` allows; 0 without `rare`."""
    leaves_open: float | None = None
    """The share of seeds with events that a definite verdict on n seeds may have missed, at its alpha; None
    for medians and for undecided instances."""
    stance: str = ""
    """What the source says about this instance: asserts, disputes, asks, or none. '' in older records."""
    supported_for_some: bool = False
    """Whether its values support it at α/k too, where k is the number of the claim's instances of this
    stance. Only for sources with the scope `some`."""
    exchanged: bool = False
    """Whether the claim holds outside of the region: `differ`."""
    computed: bool = False
    """Whether everything that it reads is declared to be the same for every seed. It is then computed with
    one seed, not sampled: it has no level (`alpha` 0), and its interval is the rounding of the computed
    number."""
    boundary: BoundaryRecord | None = None
    """For a boundary: its `parts` are the visited points, `interval` is where it lies (null: beyond what is
    known), and `n` the most seeds that were read at a point."""

    same: str = ""
    """How its numbers agree with a baseline's for each of its n seeds: `identical`, to the bit, or
    `rounding`, up to 1e-6 of them; '' if they do not, and without a baseline."""
    joint_p: float | None = None
    """The sequential p-value of the expected verdict (for `open`, of supported), 1 if it has another; None if
    its suite has no `family`."""
    joint_n: int = 0
    """The seeds of this p-value. It may have been sampled further than the n of its verdict."""
    confirmation: ConfirmationRecord | None = None
    """The second verdict on an unexpected one; None if it was not asked for."""
    quantity_unit: str = ""
    """The unit of the quantities that it reads, as their experiment declares it; '' if they have none or
    several, and in older records."""

    @property
    def labels(self) -> dict[str, str]:
        """`point` with labels as in ids."""
        return {axis: label_of(value) for axis, value in self.point.items()}

    @property
    def printed(self) -> PrintedNumbers:
        """Estimate, interval, region and values as reports print them: in percent, or as values.

        >>> instance.unit, instance.estimate, round(instance.printed.estimate, 3), instance.printed.unit
        ('ratio', 0.01, 1.005, '%')
        """
        return printed_numbers(
            self.unit, self.quantity_unit, self.estimate, self.interval, self.region, self.values
        )

    @property
    def unit_of_parts(self) -> Unit:
        """The unit of its parts' numbers and of its control's."""
        return self.unit if self.boundary is None else self.boundary.unit

    @property
    def local_id(self) -> str:
        """`claim[axis=label,…]`: its id in its suite."""
        return self.id.removeprefix(f"{self.suite}/")


class ClaimRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One claim, and what its instances together say about its source.

    `harness.report.agreement` makes it.
    """

    id: str
    """`suite/claim`."""
    suite: str = ""
    claim: str = ""
    """The claim's id in its suite."""
    says: str
    """The sentence, with its axes in braces."""
    source: SourceRecord | None
    agreement: str
    """agrees, contradicts or undecided; '' if no source asserts or disputes it."""
    instances: Count
    """How many instances the suite states, selected or not."""
    stances: dict[str, Count]
    """For each stance, about how many of these the source takes it."""
    counts: dict[str, Count]
    """How many of the instances in this record have which verdict."""
    where: str
    """In how many it holds, and where, in a sentence; '' if none was run."""


class Record(ShownRecord, Versioned, frozen=True, kw_only=True, gc=False):
    """One run's complete result. `run` makes it, and `read_record` reads it.

    >>> [(each.point["size"], each.verdict) for each in record.instances]
    [(1, 'supported'), (2, 'supported'), (4, 'supported')]
    """

    harness_version: str
    started: str
    """UTC, ISO 8601; `harness.report.dates` reads it."""
    duration: float
    """Wall seconds."""
    command: tuple[str, ...]
    suites: tuple[SuiteRecord, ...]
    commit: CommitRecord | None
    """The commit of the first suite. Each suite names its own."""
    environment: EnvironmentRecord
    first_seed: int
    """The smallest first seed of all instances. Each instance has a `first_seed` of its own."""
    fresh: bool
    """Whether the run was given a first seed other than the one with which the claims begin by themselves."""
    trials: CountsRecord
    wrong_verdicts_bound: float
    """The sum of the alphas: a bound on the expected number of wrong definite verdicts in this run."""
    exit_code: ExitCode
    notes: tuple[str, ...]
    instances: tuple[InstanceRecord, ...]
    tracked: TrackedRecord | None = None
    shard: ShardRecord | None = None
    time_budget: float | None = None
    """The wall seconds that the run was given."""
    rechecks: tuple[RecheckRecord, ...] = ()
    """The rechecks of experiments that had not passed one before; also empty in older records."""
    claims: tuple[ClaimRecord, ...] = ()
    """The claims of the instances, in their order; empty in older records: see `harness.report.agreement`."""
    explored_seeds: bool = False
    """Whether an instance read seeds on which its expectation was formed."""
    families: tuple[FamilyRecord, ...] = ()
    """For each suite with `family`, which of its instances hold jointly."""
    comparisons: tuple[ComparisonRecord, ...] = ()
    """For a run `--against` a commit, or a record with quantities: each quantity at each point compared with
    it."""
    quantities: tuple[QuantityRecord, ...] = ()
    """Each quantity by seed, if the run was asked for them (`--quantities`)."""
    maps: tuple[MapRecord, ...] = ()
