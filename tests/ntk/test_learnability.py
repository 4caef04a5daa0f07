"""What trained networks learn of each function of a finite domain, beside their kernels."""

from __future__ import annotations

import numpy as np
import pytest

from harness.declare import StageError, find
from harness.ntk.eigenlearning import Spectrum, predict

EXPERIMENT = find("ntk.learnability")
SMALL = {"inputs": 3, "train": 4, "hidden": 2, "b_std": 0.3}


def test_theory_is_that_of_the_spectrum() -> None:
    """On the corners of a cube a kernel of inner products has four levels, with 1, 3, 3 and 1 functions."""
    from harness.ntk import closed_form
    from harness.ntk.architecture import Architecture

    found = EXPERIMENT.function(seed=0, stages=frozenset({"theory"}), **SMALL)
    assert (found["one"], found["one-point-more"]) == (1.0, 1.25)
    x = 1.0 - 2.0 * ((np.arange(8)[:, None] >> np.arange(3)) & 1)
    for name, gram in zip(
        ("nngp", "ntk"), closed_form.nngp_ntk(Architecture(2, 1, b_std=0.3), x), strict=True
    ):
        products = [np.ones(8), x[:, 0], x[:, 0] * x[:, 1], x.prod(axis=1)]
        values = np.array([f @ gram @ f for f in products]) / 64 / gram[0, 0]
        spectrum = Spectrum(values, np.array([1.0, 3.0, 3.0, 1.0]))
        expected = predict(spectrum, 4).learnability
        assert found[f"{name}.learnability-of-level-1"] == pytest.approx(expected[1], rel=1e-9)
        assert found[f"{name}.learnability-of-level-2"] == pytest.approx(expected[2], rel=1e-9)


@pytest.mark.slow
def test_a_wide_network_learns_as_its_kernel() -> None:
    """Sums within 1%: what a residual of 1e-2 leaves. Levels within 0.05: what width 1024 does."""
    found = EXPERIMENT.function(seed=0, stages=frozenset({"networks"}), width=1024, **SMALL)
    assert found["network.learnability-sum"] == pytest.approx(1, rel=0.02)
    assert found["network.learnability-distance"] < 0.05
    assert found["network.learnability-distance-to-nngp"] > found["network.learnability-distance"]


def test_a_network_that_does_not_get_there_is_an_error() -> None:
    with pytest.raises(StageError, match="networks"):
        EXPERIMENT.function(seed=0, stages=frozenset({"networks"}), width=16, max_steps=2, **SMALL)
