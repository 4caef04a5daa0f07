"""Networks on the circle: what is left of a target while they are trained, and when it counts as learned."""

from __future__ import annotations

import numpy as np
import pytest

from harness.declare import StageError, collect_stages, find
from harness.ntk.circle_networks import MIXTURE, left_of, left_of_all, mixture, steps_until
from harness.ntk.mode_times import half_circles

ANGLE = half_circles(32, 0.5)


def test_what_falls_geometrically_is_learned_between_two_steps() -> None:
    assert steps_until(0.7 ** np.arange(20)) == pytest.approx(np.log(0.05) / np.log(0.7))
    assert steps_until(0.7 ** np.arange(20), 0.5) == pytest.approx(np.log(0.5) / np.log(0.7))
    assert steps_until(np.array([1.0, 0.0])) == 1
    with pytest.raises(StageError, match="95% learned within 2 steps, found 51%"):
        steps_until(np.array([1.0, 0.7, 0.49]))


@pytest.mark.parametrize("growing", [False, True])
def test_a_mixture_has_each_frequency(growing: bool) -> None:
    target = mixture(ANGLE, growing)
    assert np.mean(target**2) == pytest.approx(1)
    sizes = [np.mean(target * np.cos(j * ANGLE)) for j in MIXTURE]
    expected = np.array(MIXTURE) if growing else np.ones(4)
    assert sizes / sizes[0] == pytest.approx(expected)


def test_components_are_told_apart() -> None:
    path = np.stack([np.cos(ANGLE) + np.cos(2 * ANGLE), 0.5 * np.cos(ANGLE) + np.cos(2 * ANGLE)])
    assert left_of(path, ANGLE, 1) == pytest.approx([1, 0.5])
    assert left_of(path, ANGLE, 2) == pytest.approx([1, 1])
    assert left_of_all(path) == pytest.approx([1, np.sqrt(1.25 / 2)])


@pytest.mark.slow
def test_a_wide_network_takes_the_time_of_its_kernel() -> None:
    """Within 5%: width 4096 leaves 2%, steps instead of flow 3%."""
    given = {"points": 32, "frequency": 2, "hidden": 1, "width": 4096, "steps": 400, "learning_rate": 0.1}
    with collect_stages() as reports:
        found = find("ntk.mode-times").function(
            seed=0, stages=frozenset({"network", "network left", "ntk"}), **given
        )
    assert all(report.ok for report in reports)
    assert found["network.time"] == pytest.approx(found["ntk.time"], rel=0.05)
    assert 0 < found["network.left"] < 0.05


@pytest.mark.slow
def test_without_biases_one_hidden_layer_does_not_learn_a_third_harmonic() -> None:
    """At least all of it is left: a layer of max(w·x, 0) has no odd part but w·x/2."""
    given = {"points": 32, "frequency": 3, "hidden": 1, "width": 64, "steps": 400, "b_std": 0.0}
    left = find("ntk.mode-times").function(seed=0, stages=frozenset({"network left"}), **given)
    assert left["network.left"] >= 0.9999
    with pytest.raises(StageError, match="95% learned within 400 steps"):
        find("ntk.mode-times").function(seed=0, stages=frozenset({"network"}), **given)


def test_a_mixture_is_trained_on_once_for_all_its_frequencies(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the trials of one process; another seed, or other sizes of the frequencies, are other trainings."""
    trained = []

    def residuals(model: object, seed: int, x: np.ndarray, y: np.ndarray, *others: object) -> object:
        trained.append((seed, float(y.max())))
        return np.stack([y, 0.01 * y]), 0.5

    monkeypatch.setattr("harness.ntk.experiments._mode_times_networks.residuals", residuals)
    given = {"width": 8, "points": 16, "hidden": 1, "steps": 7, "learning_rate": 0.123}
    stages = frozenset({"network mixture", "network growing mixture"})
    for seed in (0, 1):
        for frequency in MIXTURE:
            found = find("ntk.mode-times").function(seed=seed, stages=stages, frequency=frequency, **given)
            assert len(found) == 2
    assert len(trained) == len(set(trained)) == 4


def test_a_frequency_that_is_not_in_the_mixture_is_an_error() -> None:
    with pytest.raises(StageError, match=r"expected one of \(1, 2, 4, 8\), found 3"):
        find("ntk.mode-times").function(
            seed=0, stages=frozenset({"network mixture"}), frequency=3, width=8, points=16
        )
