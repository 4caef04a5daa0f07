"""Random networks beside infinitely wide ones."""

from functools import cache

import numpy as np
import pytest

from harness.declare import collect_stages
from harness.ntk import data, kernels, random_networks
from harness.ntk.architecture import Architecture
from harness.ntk.experiments.initialisation import QUANTITIES, initialisation


@cache
def trial(**parameters):
    with collect_stages() as reports:
        values = initialisation(**{"seed": 0, "points": 6, "networks": 16} | parameters)
    return values, {report.name: report.failure for report in reports}


@cache
def drawn(networks, width, hidden=1, activation="relu", seed=0):
    x = data.split("sphere", train=6, test=1, seed=0).x_train
    architecture = Architecture(hidden, width, activation)
    return random_networks.draw(seed, networks, architecture, x), kernels.nngp_ntk(architecture, x)


def test_every_declared_quantity_is_there():
    values, failures = trial(width=32, hidden=2, activation="erf")
    assert not any(failures.values()), failures
    assert set(values) == set(QUANTITIES)
    assert all(np.isfinite(value) and value > 0 for value in values.values())
    assert set(failures) == {"data", *(quantity.stage for quantity in QUANTITIES.values())}


def test_networks_are_a_prefix():
    """More networks leave the first ones as they were: trials of one seed differ by what is added."""
    few, many = (drawn(networks, 16)[0] for networks in (2, 4))
    for a, b in zip((few.nngp, few.ntk, few.outputs), (many.nngp, many.ntk, many.outputs), strict=True):
        assert np.array_equal(a, b[:2])
    assert not np.allclose(many.ntk[0], many.ntk[1])


def test_distances_by_hand():
    reference = np.diag([3.0, 4.0])
    stack = np.stack([reference, 2 * reference, np.zeros((2, 2))])
    np.testing.assert_allclose(random_networks.relative_distance(stack, reference), [0, 1, 1])
    assert float(random_networks.relative_distance(stack.mean(axis=0), reference)) == pytest.approx(0)


def test_controls_have_the_trace_of_what_they_stand_for():
    """Of one network width, by hand: the wrong kernel, scaled to the trace of the right one."""
    draws, (nngp, ntk) = drawn(16, 32)

    def apart(a, b):
        return np.linalg.norm(a - b) / np.linalg.norm(b)

    values, _ = trial(width=32)
    ntk_as_nngp = ntk * np.trace(nngp) / np.trace(ntk)
    nngp_as_ntk = nngp * np.trace(ntk) / np.trace(nngp)
    by_hand = {
        "outputs-vs-scaled-ntk": apart(draws.outputs.T @ draws.outputs / 16, ntk_as_nngp),
        "ntk-vs-scaled-nngp": np.exp(np.mean([np.log(apart(own, nngp_as_ntk)) for own in draws.ntk])),
        "mean-nngp-vs-scaled-ntk": apart(draws.nngp.mean(axis=0), ntk_as_nngp),
        "mean-ntk-vs-scaled-nngp": apart(draws.ntk.mean(axis=0), nngp_as_ntk),
    }
    for name, value in by_hand.items():
        assert values[f"{name}.distance"] == pytest.approx(value, rel=1e-9), name
    for scaled, plain in (("outputs-vs-scaled-ntk", "outputs-vs-ntk"), ("ntk-vs-scaled-nngp", "ntk-vs-nngp")):
        assert values[f"{scaled}.distance"] < values[f"{plain}.distance"]  # the nearer control


def test_variances_by_hand():
    """Diagonals 1, 3 and 2, 2: unbiased variances 2 and 0, means 2: relative 0.5 and 0."""
    stack = np.array([[[1.0, 9.0], [9.0, 2.0]], [[3.0, -9.0], [-9.0, 2.0]]])
    assert random_networks.relative_variance(stack) == pytest.approx(0.25)
    assert random_networks.excess_kurtosis(stack) == pytest.approx(0.75)


def test_second_moment_by_hand():
    np.testing.assert_allclose(
        random_networks.second_moment(np.array([[1.0, 2.0], [3.0, 0.0]])), [[5.0, 1.0], [1.0, 2.0]]
    )


def test_the_kurtosis_is_that_of_the_outputs():
    """Width 2, where outputs are far from Gaussian, 4000 networks: E y⁴ / (3 (E y²)²) − 1 is a third of it.

    The sample kurtosis of so heavy a tail has an error of some 10% even so; Gaussian outputs would give 0.
    """
    draws, _ = drawn(4000, 2)
    y = draws.outputs
    direct = np.mean(np.mean(y**4, axis=0) / np.mean(y**2, axis=0) ** 2) - 3
    assert random_networks.excess_kurtosis(draws.nngp) == pytest.approx(direct, rel=0.3)
    assert direct > 2


def test_one_relu_layer_has_the_kurtosis_of_its_moments():
    """Without biases q = (w_std²/n) Σ relu(h)², h normal: Var q / E[q]² = 5/n, as E relu⁴ = 6 (E relu²)²."""
    x = data.split("sphere", train=6, test=1, seed=0).x_train
    draws = random_networks.draw(0, 3000, Architecture(1, 8, "relu", b_std=0.0), x)
    assert random_networks.excess_kurtosis(draws.nngp) == pytest.approx(3 * 5 / 8, rel=0.1)


@pytest.mark.parametrize("hidden", [1, 3])
def test_kernels_approach_the_analytic_ones_and_no_others(hidden):
    narrow, wide = (trial(width=width, hidden=hidden, networks=8)[0] for width in (16, 1024))
    for kernel in ("nngp", "ntk"):
        assert 4 < narrow[f"{kernel}.distance"] / wide[f"{kernel}.distance"] < 16  # 8 in the limit
        assert wide[f"{kernel}.distance"] < 0.2
    assert wide["ntk-vs-nngp.distance"] > 0.5
    assert wide["nngp-vs-ntk.distance"] > 0.3
    assert narrow["ntk.relative-variance"] > 10 * wide["ntk.relative-variance"]


def test_means_approach_the_analytic_kernels():
    """Four times the networks halve the distance of their mean; that of a single network stays."""
    few, many = (trial(width=64, networks=networks)[0] for networks in (16, 1024))
    for name in ("mean-nngp.distance", "mean-ntk.distance", "outputs.distance"):
        assert few[name] > 3 * many[name], name
    for name in ("nngp.distance", "ntk.distance", "mean-ntk-vs-nngp.distance", "outputs-vs-ntk.distance"):
        assert few[name] < 2 * many[name], name
