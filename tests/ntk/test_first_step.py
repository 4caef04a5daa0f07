"""How far a first step moves Θ: drawn networks against differences, the formula against their mean."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.ntk.first_step import drawn_first_step, drawn_steps, first_step, first_step_without_growth

HIDDEN, WIDTH, INPUTS = 2, 3, 2


def network(parameters: np.ndarray) -> float:
    """A network of the weights that are trained, of variance 1, at x = (1, 1)."""
    shapes = [(WIDTH, INPUTS), (WIDTH, WIDTH), (1, WIDTH)]
    layer, start = np.ones(INPUTS), 0
    for rows, columns in shapes:
        weight = parameters[start : start + rows * columns].reshape(rows, columns)
        start += rows * columns
        before = math.sqrt(2 / columns) * weight @ layer
        layer = np.maximum(before, 0) if rows == WIDTH else before
    return float(layer[0])


def gradient(parameters: np.ndarray, step: float = 1e-4) -> np.ndarray:
    """By central differences: exact up to rounding, as the network is linear in each weight between kinks."""
    moved = step * np.eye(len(parameters))
    return np.array([network(parameters + by) - network(parameters - by) for by in moved]) / (2 * step)


def test_a_drawn_step_is_a_difference_of_kernels_along_the_gradient() -> None:
    rng = np.random.default_rng(5)
    parameters = rng.standard_normal(WIDTH * INPUTS + WIDTH * WIDTH + WIDTH)
    along, by = gradient(parameters), 1e-3
    ends = [np.sum(gradient(parameters + sign * by * along) ** 2) for sign in (1, -1)]
    expected = network(parameters) * (ends[0] - ends[1]) / (2 * by)
    found = drawn_steps(HIDDEN, WIDTH, INPUTS, 1, np.random.default_rng(5))
    square, kernel, change = (float(each[0]) for each in found)
    assert square == pytest.approx(network(parameters) ** 2, rel=1e-12)
    assert kernel == pytest.approx(np.sum(along**2), rel=1e-6)
    assert change == pytest.approx(
        expected, rel=1e-4
    )  # Θ is of degree 4 along a line: differences err by 1e-6


def test_of_one_hidden_layer_the_formula_is_exact() -> None:
    """4/n, at any width. 40,000 networks of two units have a relative error of 2%, seen over seeds."""
    assert first_step(1, 2) == pytest.approx(2.0)
    assert drawn_first_step(1, 2, 3, 40_000, np.random.default_rng(0)) == pytest.approx(2.0, rel=0.1)


@pytest.mark.slow
def test_of_four_hidden_layers_it_is_near() -> None:
    """40,000 networks have a relative error of 2%; without growth the formula is half."""
    drawn = drawn_first_step(4, 16, 3, 40_000, np.random.default_rng(0))
    assert drawn == pytest.approx(first_step(4, 16), rel=0.05)


@pytest.mark.parametrize("hidden", [1, 2, 7])
def test_wide_networks_have_the_limit(hidden: int) -> None:
    width = 10**7
    assert first_step(hidden, width) == pytest.approx(first_step_without_growth(hidden, width), rel=1e-5)


def test_it_grows_with_depth_over_width() -> None:
    """Per limit, at the rate 5 in the end: ln of the mean of 1 − e^(−4β|l − m|/L) changes little there."""
    logs = [math.log(first_step(hidden, 1000)) for hidden in (20_000, 40_000)]
    assert (logs[1] - logs[0] - math.log(2)) / 20 == pytest.approx(5, rel=0.01)
