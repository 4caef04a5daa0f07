"""What is left of a target while a network is trained: of a linear network by the powers of its kernel."""

from __future__ import annotations

import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk.architecture import Architecture
from harness.ntk.fully_connected import fully_connected
from harness.ntk.residual_path import residuals

X = np.random.default_rng(0).standard_normal((5, 3))
Y = np.array([1.0, -2.0, 0.5, 0.0, 1.5])
LINEAR = fully_connected(Architecture(0, 1, w_std=1.2, b_std=0.3))
GRAM = 1.2**2 / 3 * X @ X.T + 0.3**2
LARGEST = float(np.linalg.eigvalsh(GRAM)[-1])


@pytest.mark.parametrize("largest", [None, 2 * LARGEST])
def test_a_linear_network_follows_its_kernel(largest: float | None) -> None:
    """Whatever it begins with; to float32's 1e-7 a step."""
    path, rate = residuals(LINEAR, 4, X, Y, 0.8, largest, 6)
    assert rate == pytest.approx(0.8 * 2 / (largest or LARGEST), rel=1e-5)
    expected = [-np.linalg.matrix_power(np.eye(5) - rate * GRAM, steps) @ Y for steps in range(7)]
    assert path == pytest.approx(np.array(expected), abs=1e-5)


def test_what_diverges_is_an_error() -> None:
    with pytest.raises(StageError, match="expected no divergence"):
        residuals(LINEAR, 0, X, Y, 3.0, None, 40)
