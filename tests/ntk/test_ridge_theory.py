"""The experiment `ntk.ridge-theory`: what it declares, what it draws, and its numbers by a way of their
own."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness.declare import collect_stages, find
from harness.ntk import closed_form, radial
from harness.ntk.architecture import Architecture
from harness.ntk.experiments import _ridge_theory_quantities as quantities
from harness.ntk.experiments._ridge_theory_computed import TheoryTrial
from harness.ntk.experiments._ridge_theory_setting import TheorySetting

BASE: dict[str, Any] = {
    "seed": 0, "geometry": "sphere", "inputs": 4, "points": 32, "train": 9, "test": 40, "sets": 1, "target":
    "none", "noise": 0.0, "ridge": 0.0, "ridge_per_point": 0.0, "length": 0.8, "gamma": 1.5, "nu": 1.5, "gap":
    0.0, "separation": 0.0, "spike": 0.05,
}  # fmt: skip
NETWORK = {"hidden": 2, "w_std": 1.5, "b_std": 0.1}


def computed(model: str = "fully-connected", **given: Any) -> TheoryTrial:
    return TheoryTrial(model, NETWORK if model == "fully-connected" else {}, TheorySetting(**BASE | given))


def trial(*stages: str, **given: Any) -> tuple[dict[str, float], dict[str, str]]:
    """Quantities of these stages, and why others are missing."""
    with collect_stages() as reports:
        found = find("ntk.ridge-theory").function(seed=0, stages=frozenset(stages), **given)
    return found, {each.name: str(each.missing) for each in reports if each.missing}


def chords(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.linalg.norm(x[:, None] - y, axis=2) / math.sqrt(x.shape[1])


def test_each_quantity_is_measured_in_the_stage_that_it_declares():
    given = {"inputs": 4, "train": 8, "test": 20, "target": "linear", "noise": 0.5, "ridge": 0.1}
    found, missing = trial(*quantities.STAGES, **given)
    sphere = {
        name
        for name, each in quantities.QUANTITIES.items()
        if not each.stage.endswith(("modes", "conservation"))
    }
    infinite = {"gaussian.noise-excess-limit", "gaussian.noise-risk-limit"}
    assert set(found) == sphere - infinite
    assert all("finite domain" in missing[f"{k} modes"] for k in quantities.KERNELS)
    on_circle, missing = trial(
        "ntk modes", "ntk conservation", "ntk risk theory", geometry="circle", points=24, train=8
    )
    assert {"ntk.learnability-gap", "ntk.learnability-error"} < set(on_circle)
    assert "spherical harmonics" in missing["ntk risk theory"]


@pytest.mark.parametrize(
    ("name", "activation", "limit"),
    [("ntk", "relu", 1 / 3), ("nngp", "relu", 1.0), ("laplace", "relu", 1 / 3), ("matern", "relu", 1.0),
     ("gamma-exponential", "relu", 0.5), ("ntk", "leaky-relu", 1 / 3)],
)  # fmt: skip
def test_limits_of_interpolation(name: str, activation: str, limit: float):
    """θ/(d−1) in four dimensions: θ = 1, 3, 1, 2ν = 3, γ = 1.5."""
    found, _ = trial(f"{name} limit", inputs=4, activation=activation)
    assert found[f"{name}.noise-excess-limit"] == pytest.approx(limit)
    assert found[f"{name}.noise-risk-limit"] == pytest.approx(1 + limit)


@pytest.mark.parametrize(
    ("name", "given"), [("ntk", {"activation": "erf"}), ("ntk", {"hidden": 0}), ("gaussian", {}),
                        ("gamma-exponential", {"gamma": 2.0})]
)  # fmt: skip
def test_no_limit_is_claimed_where_none_is_known(name: str, given: dict[str, Any]):
    found, missing = trial(f"{name} limit", **given)
    assert not found
    assert "not-covered" in missing[f"{name} limit"] or "limit of interpolation" in missing[f"{name} limit"]


@pytest.mark.slow
def test_spectra_of_the_theory_tend_to_the_limits():
    """At three thousand points in three dimensions the theory is within 2% of α, of spectra of either
    roughness."""
    found, _ = trial("ntk theory", "nngp theory", inputs=3, train=3000, hidden=1, b_std=1.0)
    assert found["ntk.noise-risk-theory"] == pytest.approx(1.5, rel=0.02)
    assert found["nngp.noise-risk-theory"] == pytest.approx(2.5, rel=0.02)


def test_kernels_that_a_process_keeps_are_told_apart():
    """The same one for two trials, another for each parameter that it has."""
    assert computed().zonal("ntk") is computed(seed=1, train=5).zonal("ntk")
    assert computed().zonal("matern") is computed(seed=1, train=5).zonal("matern")
    found = [
        computed(inputs=d, nu=nu).zonal(k) for d in (4, 5) for nu in (0.7, 1.5) for k in ("nngp", "matern")
    ]
    assert len({id(each) for each in found}) == 6
    assert [each.dimension for each in found] == [4, 4, 4, 4, 5, 5, 5, 5]
    deeper = TheoryTrial("fully-connected", NETWORK | {"hidden": 3}, computed().setting).zonal("ntk")
    assert deeper is not computed().zonal("ntk")


def test_noise_excess_is_that_of_the_kernel_itself():
    made = computed(ridge=0.2)
    draw = made.draws[0]
    architecture = Architecture(2, 512, w_std=1.5, b_std=0.1)
    top = closed_form.nngp_ntk(architecture, draw.x[:1])[1][0, 0]
    gram = closed_form.nngp_ntk(architecture, draw.x)[1] / top
    cross = closed_form.nngp_ntk(architecture, draw.x_test, draw.x)[1] / top
    weights = cross @ np.linalg.inv(gram + 0.2 * np.eye(9))
    assert made.excess("ntk") == pytest.approx(np.mean(np.sum(weights**2, axis=1)), rel=1e-9)


def test_clean_risk_is_that_of_the_labels_drawn():
    made = computed(target="mixed", noise=0.5, ridge=0.01, ridge_per_point=0.01)
    draw = made.draws[0]
    gram, cross = (np.exp(-chords(each, draw.x) / 0.8) for each in (draw.x, draw.x_test))
    predictions = cross @ np.linalg.solve(gram + (0.01 + 9 * 0.01) * np.eye(9), draw.y)
    assert made.clean_risk("laplace") == pytest.approx(np.mean((predictions - draw.y_test) ** 2), rel=1e-9)


def test_targets_have_their_variance_in_their_degrees():
    """30,000 points: standard errors of about 1%."""
    x = np.random.default_rng(2).standard_normal((30_000, 5))
    x *= math.sqrt(5) / np.linalg.norm(x, axis=1, keepdims=True)
    for name in ("linear", "quadratic", "cubic", "mixed"):
        y = computed(inputs=5, target=name).target(x)
        assert np.mean(y) == pytest.approx(0, abs=0.02)
        assert np.mean(y**2) == pytest.approx(1, rel=0.03)
    linear = computed(inputs=5, target="linear").target(x)
    assert linear == pytest.approx(x[:, 0])
    mixed = computed(inputs=5, target="mixed").target(x)
    assert np.mean(mixed * linear) ** 2 == pytest.approx(0.5, rel=0.03)


def test_labels_carry_the_noise_and_test_targets_none():
    made = computed(train=4000, test=5, target="linear", noise=0.3)
    draw = made.draws[0]
    assert np.std(draw.y - draw.clean) == pytest.approx(0.3, rel=0.05)
    assert draw.y_test == pytest.approx(draw.x_test[:, 0])


def test_a_gap_puts_a_pair_and_a_separation_keeps_pairs_apart():
    assert computed(gap=1e-3).closest_pair() == pytest.approx(1e-3, rel=1e-6)
    apart = [computed(train=40, separation=each).closest_pair() for each in (0.0, 0.6)]
    assert (
        apart[0] < 0.6 * 0.4 < apart[1]
    )  # a cap of 1/40 of the sphere in four dimensions has a radius of 0.50


def test_training_sets_differ_and_depend_on_the_seed_alone():
    one, again, other = (computed(sets=2, seed=seed).draws for seed in (0, 0, 1))
    assert np.array_equal(one[1].x, again[1].x)
    assert not np.array_equal(one[0].x, one[1].x)
    assert not np.array_equal(one[0].x, other[0].x)


def test_the_theory_is_what_regressions_give():
    """On the sphere in six dimensions, 128 points, mean of 30 training sets: the theory is 1% to 3% off
    there, and the mean's standard error about 2%. NNGP's spectrum is 24% off."""
    found, _ = trial(
        "ntk regression", "ntk risk theory", "nngp risk theory", "ntk training", "ntk training theory",
        inputs=6, train=128, test=500, sets=30, target="mixed", noise=1.0, hidden=1, ridge=0.01,
    )  # fmt: skip
    assert found["ntk.risk"] == pytest.approx(found["ntk.risk-theory"], rel=0.08)
    assert found["ntk.training-risk"] == pytest.approx(found["ntk.training-risk-theory"], rel=0.08)


def test_a_spiky_kernel_interpolates_and_predicts_as_a_ridge_does():
    made = computed(target="linear", noise=0.5, ridge=0.3, spike=1e-3, train=20)
    assert made.spiky("laplace", "training") < 1e-20
    assert made.spiky("laplace", "distance") < 1e-6 < 0.05 < made.spiky("laplace", "plain")
    draw = made.draws[0]
    gram = np.exp(-chords(draw.x, draw.x) / 0.8)
    bump = radial.gaussian(chords(draw.x, draw.x), 1e-3)
    assert np.linalg.solve(gram + 0.3 * bump, draw.y) == pytest.approx(
        np.linalg.solve(gram + 0.3 * np.eye(20), draw.y), rel=1e-9
    )


def test_strengths_are_taken_from_the_grid():
    made = computed(target="linear", noise=0.5, train=20)
    filters = made.filters("laplace")[0]
    grid = 10.0 ** np.arange(-7, 3.01, 0.25)
    assert made.best("laplace", "ridge") == pytest.approx(filters.ridge(grid).min())
    assert made.best("laplace", "flow") == pytest.approx(filters.flow(1 / grid).min())
    ratio = filters.flow(10 / grid) / filters.ridge(grid)
    assert made.flow_over_ridge("laplace", 10) == pytest.approx(ratio.max())


@pytest.mark.slow
def test_a_models_own_kernel_is_regressed_with():
    """Of another model than fully-connected the kernel is known and its spectrum is not."""
    found, missing = trial(
        "ntk noise", "ntk theory", "ntk limit", model="harness.ntk.models.fully_connected:fully_connected",
        inputs=4, train=8, test=20, w_std=1.5, b_std=0.1,
    )  # fmt: skip
    same, _ = trial("ntk noise", inputs=4, train=8, test=20, w_std=1.5, b_std=0.1)
    assert found["ntk.noise-excess"] == pytest.approx(same["ntk.noise-excess"], rel=1e-5)
    assert "depend on the angle alone" in missing["ntk theory"]
    assert "depend on the angle alone" in missing["ntk limit"]


def test_too_many_points_are_refused_and_too_few():
    _, missing = trial("ntk noise", train=5000)
    assert "at most 4096" in missing["ntk noise"]
    _, missing = trial("ntk modes", geometry="circle", points=8, train=8)
    assert "fewer than the domain's 8" in missing["ntk modes"]
