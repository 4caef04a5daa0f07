"""Drawn points: their norms, spectra and targets' variances."""

from __future__ import annotations

import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk.drawn_points import SPIKES, TrainedPoints, draw_points

MANY = 40_000
"""Moments of fourth order are then 2% off, at five standard errors."""


def points(geometry: str, **given: object) -> TrainedPoints:
    usual = {
        "data": "digits", "preprocess": "default", "targets": "default", "target": "linear", "signs": False,
        "train": 6, "test": 4, "inputs": 8, "anisotropy": 0.0, "snr": 1.0, "seed": 3,
    }  # fmt: skip
    return draw_points(geometry, **(usual | given))  # type: ignore[arg-type]


def test_one_point() -> None:
    found = points("one")
    assert found.x.tolist() == [[1.0]]
    assert found.y.tolist() == [0.0]
    assert found.ruler.distance(np.ones(1), np.zeros(1)) == 1


def test_a_polygon() -> None:
    found = points("circle")
    assert np.linalg.norm(found.x, axis=1) == pytest.approx(np.sqrt(2))
    assert found.x @ found.x[0] == pytest.approx(2 * np.cos(2 * np.pi * np.arange(6) / 6))
    assert found.y.tolist() == [1, -1, 1, -1, 1, -1]
    angle = np.arctan2(found.x_test[:, 1], found.x_test[:, 0])
    assert found.y_test == pytest.approx(np.cos(3 * angle))
    with pytest.raises(StageError, match="even number"):
        points("circle", train=5)


def test_whitened() -> None:
    found = points("whitened")
    assert found.x @ found.x.T == pytest.approx(8 * np.eye(6), abs=1e-12)
    assert set(found.y) == {1.0, -1.0}
    beta = np.linalg.lstsq(found.x, found.y, rcond=None)[0]
    assert found.y_test == pytest.approx(found.x_test @ beta)
    with pytest.raises(StageError, match="at most as many points"):
        points("whitened", train=9)


@pytest.mark.parametrize("geometry", ["gaussian", "sphere", "hypercube"])
@pytest.mark.parametrize("target", ["linear", "sum", "square", "product", "parity", "staircase"])
def test_targets_have_variance_one(geometry: str, target: str) -> None:
    if (geometry, target) == ("hypercube", "square"):
        with pytest.raises(StageError, match="same at every point"):
            points(geometry, target=target)
        return
    found = points(geometry, target=target, train=MANY, inputs=5)
    assert np.mean(found.y) == pytest.approx(0, abs=0.03)
    assert np.var(found.y) == pytest.approx(1, abs=0.08)
    assert np.mean(np.sum(found.x**2, axis=1)) == pytest.approx(5, rel=0.02)


def test_anisotropy() -> None:
    found = points("gaussian", anisotropy=1.0, train=MANY, inputs=4, target="sum")
    spectrum = np.array([1, 1 / 2, 1 / 3, 1 / 4])
    assert np.var(found.x, axis=0) == pytest.approx(4 * spectrum / spectrum.sum(), rel=0.05)
    assert np.var(found.y) == pytest.approx(1, rel=0.05)


def test_spikes() -> None:
    found = points("spiked", snr=9.0, train=MANY, inputs=8, target="product")
    assert np.var(found.x, axis=0) == pytest.approx([1.8] * SPIKES + [0.2] * 4, rel=0.05)
    assert np.var(found.y) == pytest.approx(1, rel=0.05)


@pytest.mark.slow
def test_signs_and_data_sets() -> None:
    assert set(np.abs(points("sphere", signs=True).y)) == {1.0}
    found = points("data", data="diabetes", signs=True)
    assert set(np.abs(np.concatenate([found.y, found.y_test]))) == {1.0}
    assert found.ruler.distance(np.ones(4), -np.ones(4)) == 2
    assert points("data", data="diabetes").y.std() == pytest.approx(1)


def test_seeds_and_what_is_too_small() -> None:
    assert np.array_equal(points("sphere").x, points("sphere").x)
    assert not np.array_equal(points("sphere").x, points("sphere", seed=4).x)
    with pytest.raises(StageError, match="at least 3 inputs"):
        points("sphere", target="parity", inputs=2)
