"""The three intervals against scipy.stats, which the package itself does not import."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.judge import LOOKS, half_width_factor, interval
from harness.judge.interval import sign_rank, signed_rank_rank

LEVEL = 0.001 / 8  # the default alpha at each of eight looks
CENTRES = ["mean", "pseudomedian", "median"]
SEED = 20250110  # any: the checks below hold for every data set, ties having probability 0


def test_half_widths_at_the_looks():
    found = [round(half_width_factor(n, LEVEL), 3) for n in LOOKS]
    assert found == [1.332, 0.969, 0.731, 0.572, 0.455, 0.365, 0.294, 0.238]
    # For *outside* a region with two edges.
    found = [round(half_width_factor(n, LEVEL / 2), 3) for n in LOOKS]
    assert found == [1.438, 1.035, 0.775, 0.604, 0.478, 0.383, 0.309, 0.250]


@pytest.mark.parametrize("level", [1e-9, 1e-6, LEVEL, 0.01, 0.2])
@pytest.mark.parametrize("n", [2, 6, 9, 108, 10**6])
def test_factor_is_student_s_t(n, level):
    # Two implementations of the same quantile agree to 1e-9; 1 − level for level would lose 1e-7 at 1e-9.
    assert half_width_factor(n, level) == pytest.approx(stats.t.isf(level, n - 1) / math.sqrt(n), rel=1e-9)


@pytest.mark.parametrize("n", [2, 6, 32, 108])
def test_mean_agrees_with_the_t_test(n):
    values = np.random.default_rng(SEED).normal(3, 2, n)
    found = interval(values.tolist(), "mean", LEVEL, 0.0)
    expected = stats.ttest_1samp(values, 0).confidence_interval(1 - 2 * LEVEL)
    # 1 − 2·level as a confidence loses some 1e-13 of the quantile; a wrong divisor or level shows at 1e-3.
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), rel=1e-9)
    assert found.estimate == pytest.approx(values.mean(), rel=1e-14)


def test_floor_is_the_least_standard_deviation():
    values = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    found = interval(values, "mean", LEVEL, floor=0.5)
    half = 0.5 * half_width_factor(6, LEVEL)
    assert (found.low, found.high) == (1 - half, 1 + half)
    spread = [0.0, 10.0, 0.0, 10.0, 0.0, 10.0]
    assert interval(spread, "mean", LEVEL, floor=0.5) == interval(spread, "mean", LEVEL, floor=0.0)


@pytest.mark.parametrize("n", LOOKS)
@pytest.mark.parametrize("level", [LEVEL, 0.001, 0.01])
@pytest.mark.parametrize("shape", ["gaussian", "t3", "skew"])
def test_pseudomedian_is_the_inverted_signed_rank_test(n, level, shape):
    values = _draw(shape, n)
    found = interval(values.tolist(), "pseudomedian", level, 0.0)

    def rejected(theta: float, side: str) -> bool:
        test = stats.wilcoxon(values - theta, alternative=side, method="exact")
        return bool(test.pvalue <= level)

    # No Walsh average other than the end itself lies within 1e-9 of it (checked), so that these θ are
    # in the cells on either side of the end.
    assert _gap_around(found.low, values) > 2e-9
    assert _gap_around(found.high, values) > 2e-9
    assert rejected(found.low - 1e-9, "greater")
    assert not rejected(found.low + 1e-9, "greater")
    assert rejected(found.high + 1e-9, "less")
    assert not rejected(found.high - 1e-9, "less")


@pytest.mark.parametrize("n", LOOKS)
@pytest.mark.parametrize("level", [LEVEL / 2, LEVEL, 0.001, 0.01])
@pytest.mark.parametrize("shape", ["gaussian", "t3", "skew"])
def test_median_is_the_inverted_sign_test(n, level, shape):
    values = _draw(shape, n)
    found = interval(values.tolist(), "median", level, 0.0)

    def rejected(theta: float, side: str) -> bool:
        return bool(stats.binomtest(int((values > theta).sum()), n, 0.5, alternative=side).pvalue <= level)

    # The next representable numbers: nothing lies between them and the end, itself a value.
    assert rejected(np.nextafter(found.low, -math.inf), "greater")
    assert not rejected(found.low, "greater")
    assert rejected(found.high, "less")
    assert not rejected(np.nextafter(found.high, -math.inf), "less")


@pytest.mark.parametrize("rank", [signed_rank_rank, sign_rank])
def test_level_reached_exactly_counts(rank):
    # P(statistic ≤ 0) = 2⁻ⁿ, a float: at that level the rank is 0, just below it there is none.
    for n in (6, 14, 32):
        assert rank(n, 2.0**-n) == 0
        assert rank(n, math.nextafter(2.0**-n, 0)) is None


@pytest.mark.parametrize("centre", ["pseudomedian", "median"])
def test_14_values_are_the_fewest_with_a_finite_interval(centre):
    """At α/8 and α/16 alike: the least level of n values is 2⁻ⁿ."""
    values = np.random.default_rng(SEED).normal(size=14).tolist()
    for level, fewest in ((LEVEL, 13), (LEVEL / 2, 14)):
        finite = [n for n in range(2, 15) if math.isfinite(interval(values[:n], centre, level, 0.0).high)]
        assert finite[0] == fewest
    assert LOOKS[0] == 14


def test_estimates():
    values = [0.0, 1.0, 2.0, 10.0]  # Walsh averages 0 .5 1 1 1.5 2 5 5.5 6 10
    assert interval(values, "mean", LEVEL).estimate == 3.25
    assert interval(values, "pseudomedian", LEVEL).estimate == 1.75
    assert interval(values, "median", LEVEL).estimate == 1.5
    assert interval([5.0, 1.0, 2.0], "median", LEVEL).estimate == 2.0


@pytest.mark.parametrize("centre", CENTRES)
@given(st.data())
def test_order_of_values_is_free(centre, data):
    finite = st.floats(allow_nan=False, allow_infinity=False)
    values = data.draw(st.lists(finite, min_size=2, max_size=16))
    shuffled = data.draw(st.permutations(values))
    found, again = (interval(v, centre, 0.01, 0.0) for v in (values, shuffled))
    assert (found.estimate, found.low, found.high) == (again.estimate, again.low, again.high)
    assert found.low <= found.estimate <= found.high  # false for NaN: no overflow makes one


@pytest.mark.parametrize("centre", CENTRES)
def test_higher_levels_nest_inside_lower_ones(centre):
    values = np.random.default_rng(SEED).standard_t(3, 48).tolist()
    found = [interval(values, centre, level, 0.0) for level in (1e-5, LEVEL, 0.01, 0.2)]
    ends = [f.low for f in found] + [f.high for f in reversed(found)]
    assert ends == sorted(ends)
    assert len(set(ends)) == len(ends)  # strictly: a level that is ignored would give equal ends


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0, math.nan])
def test_a_level_must_be_a_small_chance(level):
    with pytest.raises(ValueError, match="level between 0 and 1/2"):
        interval([1.0, 2.0], "mean", level, 0.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
@pytest.mark.parametrize("centre", CENTRES)
def test_values_must_be_finite(bad, centre):
    with pytest.raises(ValueError, match="expected finite values"):
        interval([1.0, bad, 2.0], centre, LEVEL, 0.0)


@pytest.mark.parametrize("centre", CENTRES)
def test_no_size_of_numbers_overflows(centre):
    for values in ([1.5e308, -1.5e308, 1.7e308, 0.0, 1.0], [1.5e308, 1.6e308, 1.7e308]):
        found = interval(values, centre, 0.1, 0.0)
        assert found.low <= found.estimate <= found.high
    # Squares of 1e200 are beyond floats, the deviation is not. 1e-12: the same sums, scaled.
    scaled = interval([1e200 * v for v in (1.0, 2.0, 5.0)], "mean", 0.1, 0.0)
    assert scaled.high == pytest.approx(1e200 * interval([1.0, 2.0, 5.0], "mean", 0.1, 0.0).high, rel=1e-12)


def test_one_value_has_no_interval():
    with pytest.raises(ValueError, match="at least 2 values, found 1"):
        interval([1.0], "mean", LEVEL, 0.0)


def _draw(shape: str, n: int) -> np.ndarray:
    rng = np.random.default_rng([SEED, n])
    draws = {"gaussian": rng.normal, "t3": lambda size: rng.standard_t(3, size), "skew": rng.exponential}
    return draws[shape](size=n)


def _gap_around(end: float, values: np.ndarray) -> float:
    """The distance from `end` to the nearest Walsh average that is not itself."""
    i, j = np.triu_indices(len(values))
    distances = np.abs((values[i] + values[j]) / 2 - end)
    return float(np.sort(distances)[1])
