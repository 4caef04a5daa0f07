"""How fast a wave around a polygon is learned: against powers of a matrix, and by a network."""

from __future__ import annotations

import numpy as np
import pytest

from harness.declare import StageError, collect_stages, find
from harness.ntk import closed_form
from harness.ntk.architecture import Architecture
from harness.ntk.training_pace import PolygonTraining

OF_MODEL = {"hidden": 3, "width": 8, "activation": "erf", "w_std": 1.1, "b_std": 1.0}


def test_what_a_kernel_leaves_is_a_power_of_a_matrix() -> None:
    made = PolygonTraining("fully-connected", OF_MODEL, 7, 0.4, 30)
    angle = 2 * np.pi * np.arange(7) / 7
    x, y = np.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)], axis=1), np.cos(angle)
    network = Architecture(3, 8, "erf", w_std=1.1, b_std=1.0)
    left = []
    for gram in closed_form.nngp_ntk(network, x):
        rate = 0.4 * 2 / np.linalg.eigvalsh(gram)[-1]
        residual = np.linalg.matrix_power(np.eye(7) - rate * gram, 30) @ y
        left.append(residual @ residual / (y @ y))
    assert made.left_by_ntk() == pytest.approx(left[1], rel=1e-9)
    paces = [made.pace_of("nngp"), made.pace_of("ntk")]
    assert paces == pytest.approx([-np.log(each) / 60 for each in left])


def test_a_step_that_leaves_nothing_has_no_pace() -> None:
    """Without biases and in few layers the wave is the largest mode, and a step of 1/λ_max learns it."""
    made = PolygonTraining("fully-connected", OF_MODEL | {"b_std": 0.0, "hidden": 1}, 5, 0.5, 20)
    with pytest.raises(StageError, match="expected a step to leave part of the residual"):
        made.pace_of("nngp")


@pytest.mark.slow
def test_a_wide_network_keeps_pace_with_its_kernel() -> None:
    """Within 10%: width 1024 leaves 4%."""
    with collect_stages():
        found = find("ntk.trainability").function(
            seed=0, stages=frozenset({"network", "ntk", "nngp"}), steps=40, **(OF_MODEL | {"width": 1024})
        )
    assert found["network.pace"] == pytest.approx(found["ntk.pace"], rel=0.1)
    assert found["nngp.pace"] != pytest.approx(found["ntk.pace"], rel=0.2)
