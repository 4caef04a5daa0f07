"""Fresh seeds: the first seed of a run that must read seeds no other run has read."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Sequence

from harness.errors import UserError
from harness.plan.questions import Case
from harness.suite.explored import Ranges, in_words, merged

FRESH_SEEDS = range(1_000_000, 2**31 - 1_000)
"""The range of first seeds of fresh runs: beyond every pinned seed, and small enough for any generator."""


class NoFreshSeedError(UserError, ValueError):
    """Every seed with which a fresh run may begin meets explored seeds."""


def fresh_first_seed(cases: Sequence[Case] = ()) -> int:
    """A first seed that almost surely no earlier run has used, and from which no case meets explored seeds.

    Raises `NoFreshSeedError` if the explored seeds leave none.
    """
    free = free_of(FRESH_SEEDS, {(c.instance.claim.explored, len(c.seeds)) for c in cases if c.sampled})
    if not free:
        ends = in_words([(FRESH_SEEDS[0], FRESH_SEEDS[-1])])
        raise NoFreshSeedError(
            f"--fresh: expected seeds in {ends} that are not explored, found none: name one with --first-seed"
        )
    return _chosen(free, random.SystemRandom().randrange(sum(map(len, free))))


def following_first_seed(text: str, cases: Sequence[Case]) -> int:
    """A first fresh seed that follows from a text, and from which no case meets explored seeds.

    Raises `NoFreshSeedError` if the explored seeds leave none.
    """
    free = free_of(FRESH_SEEDS, {(c.instance.claim.explored, len(c.seeds)) for c in cases if c.sampled})
    if not free:
        raise NoFreshSeedError("--confirm: expected fresh seeds that are not explored, found none")
    digest = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return _chosen(free, digest % sum(map(len, free)))


def _chosen(free: Sequence[range], number: int) -> int:
    """The seed with this number, counted over all ranges."""
    for seeds in free:
        if number < len(seeds):
            return seeds[number]
        number -= len(seeds)
    raise AssertionError("a number below the sum of the lengths lies in one of the ranges")


def free_of(seeds: range, readers: Iterable[tuple[Ranges, int]]) -> list[range]:
    """The ranges in `seeds` where readers may begin without meeting explored seeds.

    Each reader has the ranges that it must not meet, and the number of seeds that it reads from there on.
    """
    barred = merged((low - n + 1, high) for explored, n in readers for low, high in explored)
    starts = [seeds.start, *(high + 1 for _, high in barred)]
    ends = [*(low for low, _ in barred), seeds.stop]
    found = [range(max(a, seeds.start), min(b, seeds.stop)) for a, b in zip(starts, ends, strict=True)]
    return [each for each in found if each]
