"""From readings to x_s: the formula, the errors, and that nothing is dropped."""

import math
import sys
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.judge import BadValue, effect_values
from harness.questions import Closeness, Linear, Reading

A, B, C, D = (Reading("ntk.fake", (), name) for name in ("a.error", "b.error", "c.error", "d.error"))
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def test_log_ratio_of_each_seed():
    rows = [(2.0, 1.0), (1.0, 4.0), (5.0, 5.0)]
    found = effect_values(Linear((A, B), (1.0, -1.0), "log"), rows)
    # Logarithms of numbers near 1 are good to some 1e-16; a wrong weight or scale is off by 0.1 and more.
    assert found == pytest.approx([math.log(2), -math.log(4), 0.0], abs=1e-15)


def test_linear_scale_allows_zero_and_negative_numbers():
    assert effect_values(Linear((A, B), (1.0, -2.0), "linear"), [(0.0, -3.0)]) == [6.0]


def test_sum_is_correctly_rounded_whatever_the_order():
    row = (1e16, 1.0, -1e16, 1.0)  # adding from left to right gives 1, not 2
    assert effect_values(Linear((A, B, C, D), (1.0,) * 4, "linear"), [row]) == [2.0]


@given(st.permutations(range(4)), st.lists(st.floats(1e-6, 1e6), min_size=4, max_size=4))
def test_order_of_readings_is_free(order, row):
    readings, weights = (A, B, C, D), (1.0, -1.0, -1.0, 1.0)
    straight = effect_values(Linear(readings, weights, "log"), [row])
    moved = Linear(tuple(readings[i] for i in order), tuple(weights[i] for i in order), "log")
    assert effect_values(moved, [[row[i] for i in order]]) == straight


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(
    "effect",
    [Linear((A, B), (1.0, -1.0), "log"), Linear((A, B), (1.0, -1.0), "linear"), Closeness((A, B), 0.1, 0.1)],
    ids=["log", "linear", "closeness"],
)
@pytest.mark.parametrize("place", [0, 1])
def test_a_number_that_is_not_finite_is_an_error(effect, bad, place):
    row = [1.0, 1.0]
    row[place] = bad
    with pytest.raises(BadValue) as caught:
        effect_values(effect, [(1.0, 1.0), (1.0, 1.0), row])
    assert (caught.value.seed, caught.value.quantity) == (2, ("a.error", "b.error")[place])
    assert str(caught.value) == (
        f"seed 2: expected a finite number for {caught.value.quantity}, found {bad!r}"
    )


@pytest.mark.parametrize("bad", [0.0, -1e-300])
def test_a_number_that_is_not_positive_is_an_error_on_a_log_scale(bad):
    with pytest.raises(BadValue, match=r"seed 1: expected a positive number .* for b\.error") as caught:
        effect_values(Linear((A, B), (1.0, -1.0), "log"), [(1.0, 1.0), (1.0, bad)])
    assert caught.value.value == bad


@pytest.mark.parametrize("row", [(1.5e308, 1.5e308), (-1.5e308, -1.5e308)])
@pytest.mark.parametrize("weight", [1.0, 10.0])
def test_a_combination_beyond_floats_is_a_bad_value(row, weight):
    with pytest.raises(BadValue, match=r"a\.error, b\.error"):
        effect_values(Linear((A, B), (weight, weight), "linear"), [row])


def test_a_short_row_is_refused_not_dropped():
    with pytest.raises(ValueError, match="seed 1: expected 2 numbers, found 1"):
        effect_values(Linear((A, B), (1.0, -1.0), "log"), [(1.0, 1.0), (1.0,)])


def test_closeness_measures_in_tolerances_of_the_second():
    assert effect_values(Closeness((A, B), rtol=0.5, atol=1.0), [(7.0, 2.0), (2.0, 7.0)]) == [2.5, 5 / 4.5]


def test_closeness_of_one_quantity_is_to_zero():
    found = effect_values(Closeness((A,), rtol=0.0, atol=0.5), [(1.0,), (-0.25,), (0.0,)])
    assert found == [2.0, 0.5, 0.0]


def test_closeness_without_tolerance():
    found = effect_values(Closeness((A, B), 0.0, 0.0), [(3.0, 3.0), (0.0, 0.0), (3.0, 4.0)])
    assert found == [0.0, 0.0, sys.float_info.max]


@given(FINITE, FINITE, st.floats(0, 1), st.floats(0, 1), st.integers(-3, 3))
def test_closeness_is_at_most_one_exactly_where_numpy_says_close(a, b, rtol, atol, steps):
    near = b + (atol + rtol * abs(b))  # the edge, where a rounded quotient could go wrong
    for _ in range(abs(steps)):
        near = float(np.nextafter(near, math.copysign(math.inf, steps)))
    for left in (a, near):
        if math.isfinite(left):
            (found,) = effect_values(Closeness((A, B), rtol, atol), [(left, b)])
            with np.errstate(over="ignore"):
                assert (found <= 1) == bool(np.isclose(left, b, rtol=rtol, atol=atol))


@given(st.floats(0.5, 2.0), st.floats(0.5, 2.0))
def test_closeness_is_the_fraction_that_it_says(a, b):
    (found,) = effect_values(Closeness((A, B), rtol=2.0**-10, atol=2.0**-10), [(a, b)])
    exact = abs(Fraction(a) - Fraction(b)) / (Fraction(2) ** -10 * (1 + abs(Fraction(b))))
    # Two roundings, of atol + rtol·|b| and of the quotient (a − b is exact: Sterbenz, or one more): 3 ulp.
    assert found == pytest.approx(float(exact), rel=3 * 2.0**-52)
