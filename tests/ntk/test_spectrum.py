"""The experiments `ntk.spectrum` and `ntk.depth-width`: stages apart, errors that say what was expected."""

from __future__ import annotations

import math

import pytest

from harness.declare import collect_stages, find

SPECTRUM, DEPTH_WIDTH = find("ntk.spectrum"), find("ntk.depth-width")


def measured(stages: set[str], **given: object) -> tuple[dict[str, float], list[str]]:
    """What these stages give, and why some failed."""
    with collect_stages() as reports:
        values = SPECTRUM.function(seed=0, stages=frozenset(stages), **given)
    return values, [str(report.failure) for report in reports if report.failure]


def test_every_quantity_is_given_by_its_stage_alone() -> None:
    assert all(quantity.deterministic for quantity in SPECTRUM.quantities.values())
    for name, quantities in SPECTRUM.stages.items():
        values, failures = measured({name}, hidden=8, points=5, degree=2)
        assert not failures
        assert set(values) == set(quantities)


def test_no_seed_changes_what_is_computed() -> None:
    one, other = (
        SPECTRUM.function(seed=seed, stages=frozenset(SPECTRUM.stages), hidden=4, points=5, degree=2)
        for seed in (0, 7)
    )
    assert one == other
    theory = frozenset({"theory"})
    assert DEPTH_WIDTH.function(seed=0, stages=theory) == DEPTH_WIDTH.function(seed=1, stages=theory)


def test_drawn_networks_depend_on_the_seed() -> None:
    drawn = [
        DEPTH_WIDTH.function(seed=seed, stages=frozenset({"networks"}), networks=64) for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]


@pytest.mark.parametrize(
    ("stage", "given", "said"),
    [
        ("rates", {"hidden": 1}, "at least 2 hidden layers, found 1"),
        ("pair", {"hidden": 4000, "w_std": 0.5}, "beyond the range of floats"),
        ("pair", {"hidden": 4096, "w_std": 1.0, "b_std": 0.5}, "one to the network"),
        (
            "polygon",
            {"activation": "leaky-relu", "negative_slope": -1.0, "w_std": 1.0, "points": 8},
            "tells apart",
        ),
        ("eigenvalues", {"kernel": "ntk", "degree": 3}, "rounding"),
    ],
)
def test_what_cannot_be_had_fails_its_stage(stage: str, given: dict[str, object], said: str) -> None:
    values, failures = measured({stage}, **given)
    assert not values
    assert said in failures[0]


def test_the_laws_that_are_derived_hold() -> None:
    """Limits and constants of `depth_rates`; tolerances are the next term at these depths."""
    kink, _ = measured({"pair", "rates"}, hidden=2048)
    assert math.isclose(kink["ntk.ratio"], 0.25, abs_tol=2e-3)
    assert math.isclose(kink["ntk.log-slope"], 3 / 8, rel_tol=0.05)
    critical = {"activation": "erf", "w_std": 1.1663402261671605, "b_std": 0.21575485844227377}
    smooth, _ = measured({"pair", "rates"}, hidden=2048, **critical)
    assert math.isclose(smooth["ntk.ratio"], 1 / 3, abs_tol=3e-3)
    assert math.isclose(smooth["ntk.log-slope"], smooth["predicted.log-slope"], rel_tol=0.05)
    assert math.isclose(smooth["predicted.log-slope"], -1, rel_tol=1e-6)


@pytest.mark.parametrize("activation", ["step", "squared-relu", "gelu", "tanh"])
def test_other_activations_have_eigenvalues_and_nothing_else(activation: str) -> None:
    values, failures = measured({"shares", "pair"}, activation=activation, hidden=2, b_std=0.5, degree=1)
    assert 0.01 < values["share"] < 1
    assert set(values) == {"share", "reference.share"}
    assert "expected one of relu, leaky-relu, erf, sin" in failures[0] + failures[-1]


def test_a_step_has_the_eigenvalues_of_its_angle() -> None:
    """One hidden layer, NNGP: 1 − θ/π, of which degree 1 has 3 · 1/2 ∫ (1 − θ/π) cos θ sin θ dθ = 3/8."""
    values, _ = measured({"shares"}, kernel="nngp", activation="step", hidden=1, degree=1, dimension=3)
    assert values["share"] == pytest.approx(3 / 8, rel=1e-12)


def test_the_closed_form_is_the_recursion_in_gaps() -> None:
    import numpy as np

    from harness.ntk.sphere import SphereNetwork
    from harness.ntk.sphere_kernels import Stationary, closed_form_kernel, sphere_kernel

    angle = np.linspace(0, np.pi, 9)
    for which in ("ntk", "nngp"):
        one = closed_form_kernel(which, "relu", 3, 1.3, 0.4, 5)(angle)
        other = sphere_kernel(which, SphereNetwork("relu", 1.3, 0.4), 3, Stationary())(angle)
        assert one == pytest.approx(other, rel=1e-12)
