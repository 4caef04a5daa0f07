"""Seeds of one point that are computed abreast, in one program, although each is a trial of its own.

    @experiment("widths", version=1, abreast=Abreast(16), quantities={…})
    def widths(*, seed: int, width: int = 64) -> dict[str, float]:
        lanes = beside(seed)                          # the seeds of the block; (seed,) where it is alone
        losses = lanes.once("training", lambda: dict(zip(lanes.seeds, program(lanes.seeds))))
        return {"loss": losses[seed]}

On an accelerator the harness calls the function for each seed of an aligned block (0 to 15, 16 to 31, …), in
one process and one after the other. The first seed that needs a program computes it for all, and the others
find its result. A seed that fails, fails alone. All seeds of a block are always there, whichever of them were
asked for: so a number is a function of parameters, seed, size of the block and device.

On a CPU, and if the function is called on its own, each seed is alone (`--block` changes that).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, TypeVar

Part = TypeVar("Part")


@dataclass(frozen=True)
class Abreast:
    """The most seeds that an experiment computes abreast, and the bytes that each takes on the device.

    Arguments:
        size: seeds of an aligned block, at least 1.
        bytes_of: a function that takes every parameter, named as in suites, and gives the bytes of one seed,
            or 0 if nothing is known. It must be quick and import no library. A block that does not fit into
            the device's memory is halved until it does.

    Raises:
        ValueError: `size` is not a whole number from 1.

    >>> harness.Abreast(16, lambda params: 4 * params["width"] ** 2).size
    16
    """

    size: int
    bytes_of: Callable[[Mapping[str, Any]], int] | None = None

    def __post_init__(self) -> None:
        if isinstance(self.size, bool) or not isinstance(self.size, int) or self.size < 1:
            raise ValueError(f"abreast: expected a whole number of seeds, at least 1, found {self.size!r}")


def wrong_lanes(abreast: Abreast | None, tf32: str, names: Collection[str], *, timed: bool) -> str:
    """What is wrong with an experiment's `abreast` and `tf32`; '' if nothing.

    `names` are the parameters of its function.
    """
    if abreast is not None and "seeds" in names:
        return "abreast: expected `block`, which says it of a function that takes `seeds`, found both"
    if abreast is not None and timed:
        return "abreast: expected none, as timings are measured one at a time"
    if tf32 and tf32 not in names:
        return f"tf32: expected the name of a parameter, found {tf32!r}"
    return ""


class Lanes:
    """The seeds that are computed abreast, and the results that were computed for all of them."""

    def __init__(self, seeds: tuple[int, ...]) -> None:
        self.seeds = seeds
        self._parts: dict[str, Any] = {}

    def once(self, name: str, compute: Callable[[], Part]) -> Part:
        """What `compute` gives, computed for the first seed that asks. An error is raised for every seed."""
        if name not in self._parts:
            try:
                self._parts[name] = compute()
            except Exception as error:  # failures are shared, too: the program runs once
                self._parts[name] = _Failed(error)
        part = self._parts[name]
        if isinstance(part, _Failed):
            raise part.error
        found: Part = part
        return found


@dataclass(frozen=True)
class _Failed:
    error: Exception


_lanes: ContextVar[Lanes | None] = ContextVar("lanes", default=None)


def beside(seed: int) -> Lanes:
    """The seeds that are computed abreast with this one, in an experiment that declares `abreast`.

    Arguments:
        seed: the seed with which the experiment was called.

    Returns:
        `Lanes`: `seeds` are those of the block that is being measured, or this one alone;
        `once(name, compute)` gives what `compute` returns, computed by the first seed that asks.

    Raises:
        What `compute` raises, for each seed that asks.

    >>> lanes = harness.beside(3)
    >>> lanes.seeds, lanes.once("double", lambda: {seed: 2 * seed for seed in lanes.seeds})
    ((3,), {3: 6})
    """
    lanes = _lanes.get()
    return lanes if lanes is not None and seed in lanes.seeds else Lanes((seed,))


@contextmanager
def abreast(seeds: tuple[int, ...]) -> Iterator[Lanes]:
    """Let these seeds find each other (`beside`) inside the `with`."""
    lanes = Lanes(seeds)
    token = _lanes.set(lanes)
    try:
        yield lanes
    finally:
        _lanes.reset(token)
