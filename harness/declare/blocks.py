"""Several seeds in one call: an experiment that takes `seeds` instead of `seed`.

    @experiment("widths", version=1, block=16, quantities={"loss": Quantity("…", stage="training")})
    def widths(*, seeds: tuple[int, ...], width: int = 64) -> dict[str, Sequence[float]]:
        numbers = {}
        living = block(seeds)
        with living.stage("data") as data:
            drawn = data.each(lambda seed: draw(seed))          # a StageError fails that seed alone
        with living.stage("training", "data") as training:      # the seeds that live in "data"
            losses = program(stack(drawn), training.seeds)      # one program: jax.lax.map
            for seed, loss in losses.items():
                if loss > 1e6:
                    training.fail(seed, f"diverged: loss {loss:g}")
            numbers["loss"] = living.column(losses)
        return numbers

A *block* is the seeds of one call. A seed *lives* in a stage until it fails there. `StageError` and
`NotCovered` mean the same as in `stages`: for one seed in `each`, and for all living seeds if the stage
itself raises them. If no seed lives, `seeds` and `each` end the stage. Any other exception ends the call; the
harness then measures its seeds one by one.

A trial's numbers must not depend on the other seeds of its call, to the bit. `jax.lax.map` over seeds has
this property on a CPU; `jax.vmap` does not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from harness.declare.stages import StageError, StageReport, _collector, collect_stages, stage

T = TypeVar("T")


@dataclass
class SeedReport(StageReport):
    """How one stage went for one seed of a block.

    Its seconds are the seed's own in `each`, plus its share of the rest.
    """

    seed: int = 0


class _NobodyLivesError(StageError):
    """No seed lives for which the stage could go on."""


class BlockStage:
    """One stage of a block, while it runs. `Block.stage` makes it."""

    def __init__(self, name: str, seeds: Sequence[int]) -> None:
        self.name = name
        self.fixed = False
        """Set this if no seed changes the stage's result, as for data that come with a split of their own."""
        self._reports = {seed: SeedReport(name, seed=seed) for seed in seeds}
        self._within: list[SeedReport] = []  # stages that ran inside `each`

    @property
    def seeds(self) -> tuple[int, ...]:
        """The living seeds. Ends the stage if no seed lives."""
        if not (living := self.living()):
            raise _NobodyLivesError("no seed is left")
        return living

    def living(self) -> tuple[int, ...]:
        """The living seeds, if any."""
        return tuple(seed for seed, report in self._reports.items() if report.ok)

    def each(self, function: Callable[[int], T]) -> dict[int, T]:
        """What the function returns for each living seed, by seed.

        A seed fails if the function raises a `StageError` for it. Outside a trial the `StageError` is raised.
        """
        found: dict[int, T] = {}

        def step(seed: int) -> None:
            found[seed] = function(seed)

        for seed in self.seeds:
            self._run(seed, step)
        return found

    def fail(self, seed: int, reason: str | StageError) -> None:
        """End the stage for one seed. Outside a trial this raises `StageError`."""
        error = StageError(reason) if isinstance(reason, str) else reason

        def failing(seed: int) -> None:
            raise error

        self._run(seed, failing)

    def reports(self, seconds: float) -> list[SeedReport]:
        """How the stage went for each seed, if it took `seconds` for all together."""
        shared = max(0.0, seconds - sum(report.seconds for report in self._reports.values()))
        for report in self._reports.values():
            report.seconds += shared / len(self._reports)
            report.fixed = report.fixed or self.fixed
        return [*self._within, *self._reports.values()]

    def _run(self, seed: int, step: Callable[[int], None]) -> None:
        """Run a step of one seed as a stage of its own, and add its report to the seed's."""
        if _collector.get() is None:
            step(seed)
            return
        with collect_stages() as reports, stage(self.name):
            step(seed)
        *within, own = (SeedReport(**vars(report), seed=seed) for report in reports)
        self._within += within
        own.seconds += self._reports[seed].seconds
        self._reports[seed] = own


class Block:
    """The seeds of one call and how far each has come. `block` makes it."""

    def __init__(self, seeds: Sequence[int]) -> None:
        self.seeds = tuple(seeds)
        self._stages: dict[str, BlockStage] = {}

    @contextmanager
    def stage(self, name: str, *needs: str) -> Iterator[BlockStage]:
        """Run the body as the stage `name`, for the seeds that live in all the stages `needs`."""
        if unknown := [need for need in needs if need not in self._stages]:
            raise ValueError(f"stage {name}: expected the names of earlier stages, found {unknown[0]!r}")
        needed = [self._stages[need].living() for need in needs]
        entered = BlockStage(name, [seed for seed in self.seeds if all(seed in some for some in needed)])
        start = time.perf_counter()
        try:
            yield entered
        except _NobodyLivesError:
            pass
        except StageError as error:
            if _collector.get() is None:
                raise
            for seed in entered.living():
                entered.fail(seed, error)
        finally:
            self._stages[name] = entered
            collector = _collector.get()
            if collector is not None:
                collector += entered.reports(time.perf_counter() - start)

    def column(self, numbers: Mapping[int, float]) -> list[float]:
        """The numbers in the order of the block's seeds; NaN for a seed that failed."""
        return [numbers.get(seed, math.nan) for seed in self.seeds]


def block(seeds: Sequence[int]) -> Block:
    """The seeds with which an experiment was called, to be taken through its stages.

    Arguments:
        seeds: the value of the experiment's parameter `seeds`.

    Returns:
        A `Block`. `stage(name, *needs)` enters a stage with the seeds that live in all of `needs`;
        `column(numbers)` puts numbers by seed in the order of the seeds, with NaN for seeds that failed.

    Raises:
        ValueError: a stage needs one that has not been entered.
        StageError: a stage failed outside of a trial.

    >>> living = harness.block((4, 5))
    >>> with living.stage("data") as data:
    ...     drawn = data.each(lambda seed: seed / 2)
    >>> living.column(drawn)
    [2.0, 2.5]
    """
    return Block(seeds)


def of_seed(reports: Sequence[StageReport], seed: int, count: int) -> list[StageReport]:
    """The reports of one seed in a call with `count` seeds. A `stage` of all seeds is shared evenly."""
    found = []
    for report in reports:
        if not isinstance(report, SeedReport):
            found.append(StageReport(**{**vars(report), "seconds": report.seconds / count}))
        elif report.seed == seed:
            found.append(report)
    return found
