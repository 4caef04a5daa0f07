"""Holm's step-down test, against the closed test by brute force; and that it keeps its level."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.judge import holm, joint_direction

P_VALUES = st.lists(
    st.sampled_from([0.0, 0.001, 0.002, 0.0025, 1 / 300, 0.005, 0.01, 0.02, 1.0]) | st.floats(0, 1),
    max_size=6,
)


def closed(p_values: list[float], alpha: float) -> set[int]:
    """The closed test with Bonferroni's: a hypothesis falls if every intersection that it is part of does."""
    places = range(len(p_values))
    sets = [s for n in range(1, len(p_values) + 1) for s in itertools.combinations(places, n)]
    falls = {s: min(p_values[k] for k in s) <= alpha / len(s) for s in sets}
    return {k for k in places if all(falls[s] for s in sets if k in s)}


@given(P_VALUES, st.integers(0, 2), st.sampled_from([0.01, 0.05, 0.3]))
def test_it_is_the_closed_test_and_what_was_not_run_has_p_one(
    found: list[float], not_run: int, alpha: float
) -> None:
    named = {f"c{k}": p for k, p in enumerate(found)}
    every = [*found, *[1.0] * not_run]
    assert holm(named, alpha, len(every)) == {f"c{k}" for k in closed(every, alpha)}


def test_a_later_step_is_easier_than_bonferronis() -> None:
    named = {"a": 0.001, "b": 0.004, "c": 0.009, "d": 0.02}
    assert holm(named, 0.01, 4) == {"a"}  # 0.004 > 0.01/3
    assert holm(named | {"b": 0.003}, 0.01, 4) == {"a", "b"}
    assert holm({**named, "b": 0.003, "c": 0.005, "d": 0.01}, 0.01, 4) == {"a", "b", "c", "d"}
    assert holm(named, 0.01, 100) == frozenset()


def test_there_are_no_more_p_values_than_hypotheses() -> None:
    with pytest.raises(ValueError, match="expected at most 1 p-values, found 2"):
        holm({"a": 0.1, "b": 0.2}, 0.01, 1)


def test_the_direction_is_that_which_is_expected() -> None:
    assert [joint_direction(e) for e in ("supported", "refuted", "open")] == [
        "supported",
        "refuted",
        "supported",
    ]


def test_any_wrong_one_is_as_rare_as_stated_also_where_p_values_depend_on_each_other() -> None:
    """20 hypotheses, 12 of them true, z-values with correlation 0.5; 1,500 samples, seed 1 is any."""
    rng, alpha = np.random.default_rng(1), 0.1
    wrong = found = 0
    for _ in range(1500):
        z = np.sqrt(0.5) * rng.normal() + np.sqrt(0.5) * rng.normal(size=20)
        z[12:] += 4
        passed = holm({str(k): p for k, p in enumerate(stats.norm.sf(z).tolist())}, alpha, 20)
        wrong += any(int(name) < 12 for name in passed)
        found += sum(int(name) >= 12 for name in passed)
    assert wrong <= stats.binom.ppf(0.9999, 1500, alpha)
    assert found > 0.5 * 8 * 1500
