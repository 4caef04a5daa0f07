"""The note on neighbouring seeds: what it measures, when it is made, and that it is about nothing else."""

from __future__ import annotations

import itertools
import statistics

import numpy as np
import pytest
from scipy import stats

from harness.judge import lag_one, neighbours_alike
from harness.judge.independence import LEAST_SEEDS, null_moments


def correlated(by: float, n: int, seed: int) -> list[float]:
    rng = np.random.default_rng(seed)
    values = [float(rng.standard_normal())]
    while len(values) < n:
        values.append(by * values[-1] + (1 - by**2) ** 0.5 * float(rng.standard_normal()))
    return values


@pytest.mark.parametrize("numbers", [(-2, -1, 0, 1, 2), (-2, -2, 0, 1, 3), (-1.5, -0.5, 0.5, 1.5)])
def test_null_moments_are_those_of_all_orders(numbers: tuple[float, ...]) -> None:
    found = [
        sum(a * b for a, b in itertools.pairwise(order)) / sum(a * a for a in order)
        for order in itertools.permutations(numbers)
    ]
    # Two routes to a number of order 1.
    assert null_moments(numbers) == pytest.approx((statistics.mean(found), statistics.pstdev(found)))


def test_it_is_the_correlation_of_ranks() -> None:
    """Not of neighbours among themselves, whose means differ, but about the mean rank of all."""
    values = correlated(0.5, 48, seed=1)  # any
    ranks = stats.rankdata(values) - 24.5
    assert lag_one(values) == pytest.approx((ranks[1:] * ranks[:-1]).sum() / (ranks**2).sum())
    assert lag_one([x**3 + x for x in values]) == lag_one(values)  # ranks do not see the scale


def test_ties_share_the_mean_of_their_ranks() -> None:
    values = [float(i % 14) for i in range(25)]
    ranks = stats.rankdata(values) - 13
    assert lag_one(values) == pytest.approx((ranks[1:] * ranks[:-1]).sum() / (ranks**2).sum())


def test_it_says_nothing_of_few_seeds_or_of_many_ties() -> None:
    rising = [float(i) for i in range(21)]
    assert LEAST_SEEDS == 21
    assert neighbours_alike(rising)
    assert lag_one(rising[:-1]) is None
    assert not neighbours_alike(rising[:-1])
    assert lag_one([1.0, 2.0] * 24) is None
    assert lag_one([0.0] * 48) is None


@pytest.mark.parametrize("by", [0.7, -0.7])
def test_a_strong_correlation_of_either_sign_is_noted(by: float) -> None:
    """On 108 seeds: 0.7·√108 is 7 standard errors, the note begins at 3.3."""
    for seed in range(10):
        assert neighbours_alike(correlated(by, 108, seed))


def test_pairs_of_seeds_that_share_their_data_are_noted() -> None:
    values = [x + 1e-3 * i for i, x in enumerate(np.repeat(correlated(0.0, 54, seed=4), 2))]
    assert neighbours_alike(values)


def test_independent_seeds_are_noted_once_in_a_thousand_claims_at_most() -> None:
    """10,000 claims of each number of seeds. False alarm: below 1e-6 at a level of 0.001."""
    rng = np.random.default_rng(11)
    for n in (21, 48):
        noted = sum(map(neighbours_alike, rng.random((10_000, n)).tolist()))
        assert noted <= stats.binom.isf(1e-6, 10_000, 0.001)


def test_two_outliers_that_are_neighbours_are_not_noted() -> None:
    """They correlate the values themselves by a half, in one of ten claims on 21 seeds with two outliers."""
    values = np.random.default_rng(6).standard_normal(48)  # any
    values[[10, 11]] = 1000.0, 1001.0
    far = values - values.mean()
    assert (far[1:] * far[:-1]).sum() / (far**2).sum() > 0.4
    assert not neighbours_alike(values.tolist())
