"""How long gradient flow takes to learn a frequency: against its solution on a circulant kernel, and a
simulation."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from harness.declare import StageError
from harness.ntk import mode_times
from harness.ntk.mode_times import flow, half_circles, on_circle


def kernel(angle: np.ndarray) -> np.ndarray:
    x = on_circle(angle)
    return np.exp(-np.linalg.norm(x[:, None] - x, axis=2))


def test_half_circles():
    angle = half_circles(12, 0.75)
    assert np.sum(angle < np.pi) == 9
    assert np.diff(angle[:9]) == pytest.approx(np.pi / 9)
    assert np.diff(angle[9:]) == pytest.approx(np.pi / 3)
    with pytest.raises(StageError, match="found 12 of 12"):
        half_circles(12, 0.99)


def test_on_equal_angles_the_time_is_that_of_the_eigenvalue():
    """cos kφ is an eigenvector, of the eigenvalue that a discrete cosine transform gives: t = ln 20 / λ."""
    angle = half_circles(40, 0.5)
    gram = kernel(angle)
    value = np.mean(gram[0] * np.cos(5 * (angle - angle[0])))
    found = flow(gram).time(np.cos(5 * angle), np.full(40, True))
    assert found == pytest.approx(np.log(20) / value, rel=1e-9)


@pytest.mark.parametrize("normalised", [False, True])
def test_a_time_is_when_the_flow_is_there(normalised: bool):
    """The differential equation of the definition, integrated: at the time found 5% is left where it was
    asked for."""
    angle = half_circles(24, 0.75)
    gram, target, where = kernel(angle), np.cos(2 * angle), angle < np.pi
    rates = gram / gram.sum(axis=1, keepdims=True) if normalised else gram / 24
    time = flow(gram, normalised).time(target, where)
    path = solve_ivp(lambda t, f: rates @ (target - f), (0, time), np.zeros(24), rtol=1e-9, atol=1e-12)
    left = np.sqrt(np.mean((target - path.y[:, -1])[where] ** 2) / np.mean(target[where] ** 2))
    assert left == pytest.approx(mode_times.LEARNED, rel=1e-5)


def test_what_is_never_learned_is_an_error():
    with pytest.raises(StageError, match="expected 95% learned"):
        flow(np.ones((6, 6))).time(np.cos(np.arange(6.0)), np.full(6, True))
