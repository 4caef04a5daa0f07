"""What passes from claims and their plan to measuring and judging.

A *trial* is what is measured: one experiment at one point with one seed. A *reading* is one quantity of
the trials at a point. An *effect* reduces readings to one number x_s per seed. A *question* asks whether
the centre of the x_s lies in a region, at a stated error rate. Every claim is a conjunction of questions.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from harness.declare import Inputs, Scale, Value
from harness.errors import OptionError
from harness.spelling import experiment_first

TrialParams = tuple[tuple[str, Value], ...]
Centre = Literal["mean", "pseudomedian", "median"]
Unit = Literal[
    "ratio", "log-value", "value", "difference", "speed-up", "exponent", "violation", "boundary"
]  # fmt: skip
"""What the number of a seed is: of two quantities their ratio (as its logarithm) or difference, of one its
logarithm or value; a ratio of seconds, an exponent, or how far an inequality is violated. A boundary is no
number of a seed, but a value of an axis."""
LOOKS = (14, 21, 32, 48, 72, 108, 162, 243)
"""Numbers of seeds at which a claim may be decided, each about 1.5 times the one before; a budget is one of
them. Six or nine seeds of a number with two modes are too often all of one mode: docs/verdicts.md."""


MOST_POINTS = 12
"""The most points of an axis at which one boundary is searched for: each has this share of its alpha."""

COMPUTED = "computed, not sampled"
"""What is said of what no seed decides."""
COMPUTED_SEED = 0
"""The seed of the trial that computes what is the same on every seed, whatever is explored or fresh."""


class SeedsError(OptionError):
    """A budget that replaces the claims' own, and with which one of them cannot be judged."""


def check_look(seeds: int) -> None:
    """Reject a budget that is not one of the looks."""
    if seeds not in LOOKS:
        raise SeedsError(f"expected one of {', '.join(map(str, LOOKS))}, found {seeds}", "seeds")


@dataclass(frozen=True)
class Baseline:
    """Where else the same trials are measured: by the code of a `commit`, or in a `record`.

    A suite names a revision, or a file beside it. A run resolves both: `commit` is then a full hash of the
    repository at `home`, `record` an absolute path. `name` is what the suite or the command line called it.
    """

    commit: str = ""
    record: str = ""
    home: str = ""
    name: str = ""

    @property
    def shown(self) -> str:
        """What people call it: `v0.2.0 (1a2b3c4d5)` of a commit, the name of a record's file."""
        called = self.name or self.commit or self.record
        short = self.commit[:9]
        return f"{called} ({short})" if self.home and short and not self.commit.startswith(called) else called


@dataclass(frozen=True)
class Trial:
    """One experiment at one point with one seed.

    `params` holds every parameter of the experiment, defaults filled in, each of its declared type (so
    that 1 and 1.0 are one), sorted by name. `inputs` are the files that the suite lets it read: with others
    it is another trial. So is one of a `baseline`, which other code measures, or has measured.
    """

    experiment: str
    params: TrialParams
    seed: int
    inputs: Inputs | None = None
    baseline: Baseline | None = None

    @cached_property
    def stem(self) -> str:
        """The key up to the seed, which the trials at a point share: `["run",[["name",value]],`.

        The experiment has its first spelling there, so that the key outlives another name.
        """
        named: list[object] = [experiment_first(self.experiment), self.params]
        if self.baseline is not None:
            named.append([self.baseline.commit, self.baseline.record, self.baseline.home])
        text = json.dumps(named, ensure_ascii=True, separators=(",", ":"))
        return f"{text[:-1]},"

    @cached_property
    def key(self) -> str:
        """Canonical JSON text: equal for equal trials, on every machine."""
        return f"{self.stem}{self.seed}]"

    def __reduce__(self) -> tuple[object, ...]:
        """Without the texts, which are made again where they are read."""
        return Trial, (self.experiment, self.params, self.seed, self.inputs, self.baseline)

    def __hash__(self) -> int:
        """The hash of the key, which a string computes once; trials are looked up millions of times."""
        return hash(self.key)

    def at(self, seed: int) -> Trial:
        """The trial at this point with another seed."""
        trial = Trial(self.experiment, self.params, seed, self.inputs, self.baseline)
        stem = self.stem  # one text for all seeds, encoded once
        # Not by way of `vars(trial)`, which takes twice the memory; a run has a hundred thousand of them.
        object.__setattr__(trial, "stem", stem)
        object.__setattr__(trial, "key", f"{stem}{seed}]")
        return trial

    def arguments(self) -> dict[str, Value]:
        """The parameters as Python keyword arguments."""
        return arguments(self.params)


def arguments(params: TrialParams) -> dict[str, Value]:
    """Parameters, named as suites do, as Python keyword arguments."""
    return {name.replace("-", "_"): value for name, value in params}


@dataclass(frozen=True)
class Reading:
    """One quantity at one point, over all seeds."""

    experiment: str
    params: TrialParams
    quantity: str
    inputs: Inputs | None = None
    baseline: Baseline | None = None

    @cached_property
    def _first(self) -> Trial:
        return Trial(self.experiment, self.params, 0, self.inputs, self.baseline)

    def trial(self, seed: int) -> Trial:
        """The trial that yields this reading's number for `seed`."""
        return self._first.at(seed)


@dataclass(frozen=True)
class Region:
    """An open interval (low, high) of effects; an infinite end is an open side."""

    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Linear:
    """x_s = Σ weight · g(reading), g the logarithm or the identity. Every interval predicate is one."""

    readings: tuple[Reading, ...]
    weights: tuple[float, ...]
    scale: Scale
    floor: float = 0.0
    """The size of an x_s that is only rounding: √Σ(weight · resolution)², in units of x."""


@dataclass(frozen=True)
class Straightness:
    """Whether a power law is straight: its *bend* is near 0.

    The bend of a seed, x_s of `effect`, is the slope over the upper half of the axis's points less that over
    the lower half. A bend beyond ±`margin` refutes the law; `shown` is the margin within which straightness
    has to be shown for the law to be supported (None: it has not).
    """

    effect: Linear
    margin: float
    shown: float | None = None


@dataclass(frozen=True)
class Closeness:
    """x_s = |a − b| / (atol + rtol·|b|): at most 1 where numpy.allclose holds. Of one reading, b is 0."""

    readings: tuple[Reading, ...]
    rtol: float
    atol: float


@dataclass(frozen=True)
class Question:
    """Does the centre of the effect lie in the region? One sequential test (or, for `Closeness`, one
    look at exactly `budget` seeds).

    `alpha` is the one-sided chance of a wrong *supported*, `alpha_refute` of a wrong *refuted* (a
    conjunction of k parts refutes each at α/k).
    `exchanged` swaps the two verdicts (`differ`). No look is smaller than `least` (`rare`). `straight` is
    what else a power law must satisfy; it reads what `effect` reads. Both begin at the seed `first_seed`.
    `unit` says what an x_s is. `deterministic`: all that it reads is the same on every seed, so that one
    decides it, without statistics; it then spends no alpha, and begins at `COMPUTED_SEED` in every run.
    """

    name: str
    effect: Linear | Closeness
    region: Region
    centre: Centre
    alpha: float
    alpha_refute: float
    budget: int
    exchanged: bool = False
    least: int = 0
    straight: Straightness | None = None
    first_seed: int = 0
    unit: Unit = "value"
    deterministic: bool = False

    @property
    def against_baseline(self) -> bool:
        """Whether the second half of its readings are those of a baseline, in the order of the first."""
        return self.effect.readings[-1].baseline is not None

    @property
    def has_statistics(self) -> bool:
        """Whether it is judged by an estimate over seeds, at looks."""
        return not (self.deterministic or isinstance(self.effect, Closeness))

    def seeds(self, n: int) -> range:
        """Its first n seeds."""
        return range(self.first_seed, self.first_seed + n)

    def trials(self, seeds: Iterable[int]) -> list[Trial]:
        """The distinct trials that the question reads for these seeds."""
        return list(dict.fromkeys(r.trial(s) for s in seeds for r in self.effect.readings))


@dataclass(frozen=True)
class BoundarySearch:
    """Where along an axis a mean crosses a bound: a question for each point, asked one after another.

    `at` are the values of the axis, ascending, one for each question, which asks whether its point lies
    *past* the boundary: supported, it does; refuted, it lies *before* it. Which points are asked about
    follows from the verdicts at those before (`harness.judge.search`); the cheap end, `at[0]`, comes first.

    The search ends where the interval's ends have at most the `ratio`, and where the boundary is known to lie
    inside or outside the `region`, which has no edge if nothing is claimed of it. A ratio that is None is
    not asked for.
    """

    axis: str
    at: tuple[float, ...]
    ratio: float | None
    region: Region = Region()
