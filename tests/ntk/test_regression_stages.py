"""Stages of `ntk.regression` and `ntk.dynamics` alone, in any order, give the bits that all of them give."""

from __future__ import annotations

import random
import struct
from collections.abc import Collection

import pytest

from harness.declare import collect_stages, find
from harness.measure.worker import sort_out
from harness.ntk import train as training
from harness.ntk.experiments._regression_computed import Computed, Setting
from harness.ntk.experiments._regression_cost import cost
from harness.ntk.experiments._regression_quantities import QUANTITIES, STAGES, TABLE
from harness.ntk.experiments.dynamics import STAGES as OF_DYNAMICS
from harness.ntk.experiments.dynamics import dynamics
from harness.ntk.experiments.regression import regression
from harness.ntk.named_models import build

SMALL = {
    "data": "sphere",
    "train": 12,
    "test": 20,
    "networks": 2,
    "width": 16,
    "hidden": 1,
    "target_loss": 1e-2,
}


def trial(stages: Collection[str], seed: int = 0, **how: object) -> tuple[dict[str, bytes], dict[str, str]]:
    """The bits of the quantities of the stages, and why others of theirs are missing."""
    wanted = frozenset(stages)
    with collect_stages() as reports:
        returned = regression(**{"seed": seed, "stages": wanted} | SMALL | how)
    values, missing, wrong = sort_out(find("ntk.regression"), returned, reports, wanted)
    assert not wrong
    assert {QUANTITIES[name].stage for name in (*values, *missing)} == {"data", *wanted}
    return bits(values), {name: str(why) for name, why in missing.items()}


def bits(values: dict[str, float]) -> dict[str, bytes]:
    return {name: struct.pack("<d", value) for name, value in values.items()}


@pytest.fixture(scope="module", params=[0, 7])
def whole(request: pytest.FixtureRequest) -> tuple[int, dict[str, bytes]]:
    return request.param, trial(STAGES, request.param)[0]


@pytest.mark.slow
def test_some_stages_give_the_bits_that_all_give() -> None:
    found, _ = trial({"nngp and ntk", "single and ntk"})
    alone = trial({"nngp and ntk"})[0] | trial({"single and ntk"})[0]
    assert {name: found[name] for name in alone} == alone


@pytest.mark.slow
def test_any_subset_of_the_stages_gives_the_bits_that_all_give(whole: tuple[int, dict[str, bytes]]) -> None:
    seed, expected = whole
    rng = random.Random(seed)
    subsets = [{stage} for stage in sorted(STAGES)]
    subsets += [set(rng.sample(sorted(STAGES), rng.randint(2, 12))) for _ in range(12)]
    for subset in subsets:
        found, missing = trial(subset, seed)
        assert not missing
        assert found == {name: expected[name] for name in found}, subset


@pytest.mark.slow
def test_the_quantities_are_the_same_in_any_order(whole: tuple[int, dict[str, bytes]]) -> None:
    """What one needs another finds computed, or has to compute."""
    seed, expected = whole
    how = {name: value for name, value in SMALL.items() if name not in ("width", "hidden")}
    setting = Setting(
        **{
            "seed": seed, "preprocess": "default", "targets": "default", "noise": 0.0, "validation": 0,
            "optimizer": "gd", "batch": 16, "learning_rate": 0.75, "adam_rate": 1e-3, "max_steps": 20_000,
            "patience": 1000, "ridge": 0.0,
        } | how
    )  # fmt: skip
    setting = find_settled(setting)
    for order in (list(reversed(TABLE)), random.Random(seed).sample(TABLE, len(TABLE))):
        made = Computed(build("fully-connected", {"width": 16, "hidden": 1}), setting)
        assert bits({row.name: row.measure(made) for row in order}) == expected


def find_settled(setting: Setting) -> Setting:
    return setting


def test_what_trains_nothing_asks_no_eigenvalue_of_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """λ_max of a network's own kernel takes n³; at 10,000 points, longer than the regression."""
    asked = []
    monkeypatch.setattr(training, "largest_eigenvalue", lambda *of: asked.append(of) or 1.0)
    assert trial({"ntk", "nngp and ntk"})[0]
    assert not asked
    trial({"single"}, max_steps=2)
    assert len(asked) == SMALL["networks"]


@pytest.mark.slow
def test_what_fails_gives_the_same_reason_in_any_subset() -> None:
    _, expected = trial(STAGES, max_steps=2)
    assert expected
    for subset in ({"single"}, {"single and ntk"}, {"kernel change", "ntk"}):
        _, missing = trial(subset, max_steps=2)
        assert missing == {name: expected[name] for name in missing}
        assert missing


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 7])
def test_stages_of_dynamics_alone(seed: int) -> None:
    how = {"seed": seed, "train": 8, "test": 10, "width": 16, "steps": 20}
    expected = bits(dynamics(**how))
    for stage in OF_DYNAMICS:
        found = bits(dynamics(**how, stages=frozenset({stage})))
        assert found == {name: expected[name] for name in found}
        declared = find("ntk.dynamics").stages
        assert found.keys() >= set(declared[stage])
    assert "network-vs-linearised.distance" not in dynamics(**how, stages=frozenset({"training"}))


def test_what_needs_no_training_is_cheap() -> None:
    parameters = {"train": 64, "networks": 8, "hidden": 2, "width": 512}
    kernels, both = (cost(parameters, frozenset({s})) for s in ("nngp and ntk", "kernel change"))
    assert kernels < 0.1 < 1.0 < both
    assert cost(parameters | {"width": 64}, frozenset({"single"})) < both / 10
    assert both < cost(parameters, frozenset({"kernel change", "centred"}))
