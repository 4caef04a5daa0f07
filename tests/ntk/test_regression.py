"""The experiment `ntk.regression` as a worker runs it."""

import math
import re
import subprocess
import sys
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from harness.declare import StageError, collect_stages, find, signature_of
from harness.ntk import data, kernels, measures, solve, train
from harness.ntk.empirical import float64_ntk
from harness.ntk.experiments._regression_predictors import stands_on
from harness.ntk.experiments._regression_quantities import TABLE
from harness.ntk.experiments.regression import QUANTITIES, regression
from harness.ntk.fully_connected import FullyConnected

SMALL = {"data": "sphere", "train": 16, "test": 40, "width": 32}
EVERYDAY = {"parameterization": "standard", "initialisation": "uniform", "learning_rate": 0.25}
LINEAR = {name for name, quantity in QUANTITIES.items() if quantity.scale == "linear"}


def trial(**parameters):
    with collect_stages() as reports:
        values = regression(**{"seed": 0} | SMALL | parameters)
    return values, {report.name: report.failure for report in reports}


def trained(stage):
    """Whether trained networks enter a stage."""
    needs = stage.split(" and ")
    return bool({"single", "centred"} & {*needs, *(below for need in needs for below in stands_on(need))})


def test_declaration_needs_no_library():
    script = """
import sys
from harness.declare import find
declaration = find("ntk.regression")
assert len(declaration.parameters) == 18 and "single.error" in declaration.quantities
assert all(parameter.about for parameter in declaration.parameters.values())
assert all(q.about and q.resolution and q.stage for q in declaration.quantities.values())
assert declaration.version == 5 and "float64" in declaration.precision
heavy = {"jax", "numpy", "scipy", "sklearn", "neural_tangents", "jaxtyping"} & set(sys.modules)
assert not heavy, heavy
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)


def test_parameters_are_bounded_and_defaults_lie_within():
    declaration = signature_of(find("ntk.regression"), {})
    for parameter in declaration.parameters.values():
        msgspec.convert(parameter.default, parameter.type)
    for name, wrong in (("width", 0), ("hidden", -1), ("data", "sphere teacher"), ("activation", "swish")):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert(wrong, declaration.parameters[name].type)
    for right in (*data.known(), "package.module:function"):
        msgspec.convert(right, declaration.parameters["data"].type)


def test_the_declared_data_sets_are_those_there_are():
    (meta, _) = find("ntk.regression").parameters["data"].type.__metadata__
    assert meta.examples == list(data.known())


@pytest.mark.parametrize(
    "parameters",
    [
        {"networks": 3},
        {"hidden": 2, "activation": "erf", "parameterization": "standard", "noise": 0.5, "ridge": 0.1},
        pytest.param({"data": "digits", "networks": 2}, marks=pytest.mark.slow),
        EVERYDAY
        | {"networks": 2, "optimizer": "sgd", "batch": 5, "last_layer": 0.1, "activation": "gelu"}
        | {"validation": 20, "patience": 200},
    ],
)
def test_every_declared_quantity_is_there_and_finite(parameters):
    values, failures = trial(**parameters)
    assert not any(failures.values()), failures
    assert set(values) == set(QUANTITIES)
    for name, value in values.items():
        assert isinstance(value, float), name
        assert math.isfinite(value), name
        assert value >= 0 if name in LINEAR else value > 0, name
    assert set(failures) == {quantity.stage for quantity in QUANTITIES.values()}


def test_a_trial_repeats_bitwise():
    assert trial(networks=2) == trial(networks=2)


def test_an_ensemble_of_one_is_the_single_network():
    values, _ = trial()
    for single, ensemble in (
        ("single.error", "ensemble.error"),
        ("single-vs-ntk.distance", "ensemble-vs-ntk.distance"),
        ("single-vs-nngp.distance", "ensemble-vs-nngp.distance"),
    ):
        assert values[single] == pytest.approx(values[ensemble], rel=1e-14)


def test_averaging_and_training_do_what_they_must():
    """Convexity: the mean of predictions has at most the root mean square of the errors. Training moved f."""
    values, _ = trial(networks=4)
    assert values["single-vs-untrained.distance"] > 0.3
    assert max(values["single.final-loss"], values["centred.final-loss"]) <= 1e-4
    assert values["steps"] > 10
    gap = values["single-vs-ntk-at-time.distance"] - values["single-vs-ntk-given-f0.distance"]
    assert abs(gap) < 0.05  # at a loss of 1e-4 the two references are about 0.01 apart


def test_wide_networks_are_near_their_own_kernel_only():
    """At width 2048 the right pairs are close and the wrong ones are not: no two predictors are mixed up."""
    values, failures = trial(width=2048, networks=2, seed=1)
    assert not any(failures.values())
    near = ("single-vs-ntk-given-f0", "single-vs-ntk-at-time", "centred-vs-ntk", "centred-vs-ntk-at-time")
    near += ("single-vs-own-ntk-given-f0", "centred-vs-own-ntk")
    near += ("single-vs-after-kernel-given-f0", "centred-vs-after-kernel")
    far = ("single-vs-untrained", "single-vs-ntk", "single-vs-nngp", "centred-vs-rbf", "centred-vs-laplace")
    far += ("single-vs-nngp-given-f0", "centred-vs-nngp", "ensemble-vs-nngp", "ensemble-vs-rbf")
    far += ("single-vs-rbf", "single-vs-rbf-given-f0", "centred-vs-zero")
    nearest = min(values[f"{pair}.distance"] for pair in far)
    assert max(values[f"{pair}.distance"] for pair in near) < 0.5 * nearest
    assert values["single.error"] == pytest.approx(values["ntk-given-f0.error"], rel=0.1)
    assert values["centred.error"] == pytest.approx(values["ntk.error"], rel=0.1)
    assert values["own-ntk.error"] == pytest.approx(values["ntk.error"], rel=0.1)
    assert values["after-kernel.error"] == pytest.approx(values["ntk.error"], rel=0.1)
    assert values["kernel-change"] < 0.1


def test_at_time_is_the_time_of_the_single_networks():
    """Stopped early, at a loss of 0.1, a wide network is near its kernel at that step and not at infinity."""
    values, failures = trial(width=2048, networks=2, seed=1, target_loss=0.1)
    assert not any(failures.values())
    at_time, infinite = (values[f"single-vs-ntk-{when}.distance"] for when in ("at-time", "given-f0"))
    assert at_time < 0.5 * infinite
    # A linear model is its own kernel: with its own steps and rate only float32 rounding is left, 1e-5.
    values, failures = trial(hidden=0, train=8, networks=3, target_loss=0.01)
    assert not any(failures.values())
    assert values["single-vs-ntk-at-time.distance"] < 1e-5 < 1e-2 < values["single-vs-ntk-given-f0.distance"]
    assert values["centred-vs-ntk-at-time.distance"] < 1e-5 < 1e-2 < values["centred-vs-ntk.distance"]


def test_adam_has_no_kernel_time():
    """Everything else is measured; its steps are no gradient descent's."""
    values, failures = trial(optimizer="adam", adam_rate=0.01, networks=2)
    assert {stage for stage, failure in failures.items() if failure} == {
        "single at its time",
        "centred at its time",
    }
    assert set(QUANTITIES) - set(values) == set(solve.MATCHED_IN_TIME)
    assert values["learning-rate"] == pytest.approx(0.01)


def test_mini_batches_share_the_time_of_a_step_on_all_points():
    """A linear model, three batches an epoch, small steps: near the kernel's gradient descent at that time.

    An epoch of steps of η differs from one step on all points by terms of the next order in η, here 0.04 of
    2/λ_max; at a time three times off, the distance is that of training on from a loss of 0.3.
    """
    values, failures = trial(
        hidden=0, train=8, optimizer="sgd", batch=3, learning_rate=0.02, target_loss=0.3, networks=2
    )
    assert not any(failures.values()), failures
    assert values["single-vs-ntk-at-time.distance"] < 0.03
    assert values["single-vs-ntk-given-f0.distance"] > 0.3
    assert values["kernel-change"] == 0
    assert values["own-ntk.error"] == values["after-kernel.error"]
    assert values["own-ntk.error"] == pytest.approx(values["ntk.error"], rel=1e-6)


def test_early_stopping_changes_nothing_before_training():
    """And the network it returns is an earlier one: fewer steps, a higher loss."""
    whole, _ = trial(noise=0.5, learning_rate=0.1)
    early, failures = trial(noise=0.5, learning_rate=0.1, validation=50)
    assert not any(failures.values())
    before = [row.name for row in TABLE if not trained(row.stage)]
    assert {name: early[name] for name in before} == {name: whole[name] for name in before}
    assert early["steps"] < whole["steps"]
    assert early["single.final-loss"] > 1e-4
    assert early["centred.final-loss"] > 1e-4


def test_held_out_targets_of_centred_networks_carry_their_f0(monkeypatch):
    seen = []
    original = train.train

    def spy(initials, model, *args, held_out, **kwargs):
        seen.append((initials, model, held_out))
        return original(initials, model, *args, held_out=held_out, **kwargs)

    monkeypatch.setattr(train, "train", spy)
    trial(networks=2, validation=50, learning_rate=0.05)
    (initials, model, single), (_, _, centred) = seen
    split = data.split("sphere", train=16, test=40, seed=0, validation=50)
    for number, initial in enumerate(initials):
        np.testing.assert_allclose(single.y[:, number], split.y_validation, rtol=1e-12)
        f0 = model(initial.params, split.x_validation)
        np.testing.assert_allclose(centred.y[:, number] - single.y[:, number], f0, atol=1e-6)


def test_batches_are_those_of_the_seed_and_number(monkeypatch):
    seen = []
    original = train.train

    def spy(*args, keys, optimizer, **kwargs):
        seen.append((keys, optimizer))
        return original(*args, keys=keys, optimizer=optimizer, **kwargs)

    monkeypatch.setattr(train, "train", spy)
    trial(networks=2, optimizer="sgd", batch=1000)
    (single, optimizer), (centred, _) = seen
    assert single == centred == [train.batch_key(0, 0), train.batch_key(0, 1)]
    assert optimizer.batch == 16  # all the points there are


def test_an_ill_conditioned_kernel_of_its_own_leaves_the_rest(monkeypatch):
    original = FullyConnected.tangent_kernel
    monkeypatch.setattr(FullyConnected, "tangent_kernel", lambda *args: np.ones_like(original(*args)))
    values, failures = trial()
    assert "initial tangent kernel: condition number" in failures["own-ntk"]
    solved = {row.name for row in TABLE if any("kernel" in of.name or "own-ntk" in of.name for of in row.of)}
    assert set(QUANTITIES) - set(values) == solved
    assert values["kernel-change"] == 0  # of kernels that are all ones: it inverts none


@pytest.mark.parametrize("alternative", ["rbf", "laplace", "matern32"])
def test_an_ill_conditioned_alternative_takes_nothing_else_along(alternative, monkeypatch):
    """Only what needs its inverse is missing, the nearest alternative included; all else keeps its bits.
    The message names quantities that need no inverse."""
    whole, _ = trial()
    original = getattr(kernels, alternative)
    monkeypatch.setattr(kernels, alternative, lambda *args: np.ones_like(original(*args)))
    values, failures = trial()
    hurt = {row.name for row in TABLE if alternative in row.stage.split(" and ")}
    assert {
        "single-vs-nearest-alternative.distance",
        f"centred-vs-{alternative}.distance",
        f"{alternative}.error",
    } <= hurt
    changed = {f"{alternative}-loo.error"} & set(QUANTITIES)  # it solves another system, with a ridge
    assert set(values) == set(QUANTITIES) - hurt
    assert all(values[name] == whole[name] for name in set(values) - changed)
    for reason in {failures[QUANTITIES[name].stage] for name in hurt}:
        assert "kernel: condition number" in reason
        assert all(name in reason for name in solve.MATCHED_IN_TIME)


def _with_own_kernels():
    return [row.name for row in TABLE if any(of.name.startswith(("own", "after")) for of in row.of)]


def test_regressions_with_own_kernels_by_hand(monkeypatch):
    """Each quantity of that stage from the networks that were trained, solved here without `solve`."""
    seen = []
    original = train.train

    def spy(initials, model, *args, **kwargs):
        seen.append((initials, model.architecture, original(initials, model, *args, **kwargs)))
        return seen[-1][2]

    monkeypatch.setattr(train, "train", spy)
    values, _ = trial(networks=2, ridge=0.02)
    (initials, architecture, single), (_, _, centred) = seen
    split = data.split("sphere", train=16, test=40, seed=0)
    x, y, x_test, y_test = split.x_train, split.y_train, split.x_test, split.y_test

    def kernel(params):
        return float64_ntk(params, architecture, x), float64_ntk(params, architecture, x_test, x)

    def regression_with(kernel, targets):
        gram, cross = kernel
        return cross @ np.linalg.solve(gram + 0.02 * np.mean(np.diag(gram)) * np.eye(16), targets)

    def rms(values):
        return np.sqrt(np.mean(values**2))

    def apart(a, b):
        return rms(a - b) / rms(y_test)

    own = (*_with_own_kernels(), "kernel-change")
    logs = {name: [] for name in own}
    for number, initial in enumerate(initials):
        f0, f0_test = (np.asarray(f, dtype=np.float64) for f in (initial.f_train, initial.f_test))
        f, g = single.f_test[:, number], centred.f_test[:, number] - f0_test
        own, late, late_centred = (
            kernel(params) for params in (initial.params, single.params[number], centred.params[number])
        )
        by_hand = {
            "own-ntk.error": rms(regression_with(own, y) - y_test),
            "after-kernel.error": rms(regression_with(late, y) - y_test),
            "single-vs-own-ntk-given-f0.distance": apart(f - f0_test, regression_with(own, y - f0)),
            "single-vs-after-kernel-given-f0.distance": apart(f - f0_test, regression_with(late, y - f0)),
            "centred-vs-own-ntk.distance": apart(g, regression_with(own, y)),
            "centred-vs-after-kernel.distance": apart(g, regression_with(late_centred, y)),
            "kernel-change": np.linalg.norm(late[0] - own[0]) / np.linalg.norm(own[0]),
        }
        for name in logs:
            logs[name].append(np.log(by_hand[name]))
    for name, both in logs.items():
        assert values[name] == pytest.approx(np.exp(np.mean(both)), rel=1e-6), name
    assert len({round(value, 6) for name, value in values.items() if name in logs}) == len(logs)


def test_nothing_at_all_has_the_targets_error():
    values, _ = trial()
    y = data.split("sphere", train=16, test=40, seed=0).y_test
    assert values["zero.error"] == pytest.approx(np.sqrt(np.mean(y**2)), rel=1e-12)
    assert values["zero.error"] == measures.error(np.zeros(40), y)


def test_uniform_needs_the_standard_parameterization():
    with pytest.raises(ValueError, match="expected parameterization 'standard', found 'ntk'"):
        trial(initialisation="uniform")


def test_another_seed_is_another_split_and_another_network():
    (one, _), (other, _) = trial(), trial(seed=1)
    unlike = [name for name in QUANTITIES if name.endswith((".error", ".distance"))]
    assert all(one[name] != other[name] for name in unlike)


def test_a_step_budget_that_is_too_small_leaves_what_the_kernels_say():
    whole, _ = trial()
    values, failures = trial(max_steps=3)
    assert re.search(r"missed the target loss 0.0001 within 3 steps: loss up to", failures["single"])
    assert failures["single and ntk"] == failures["single"] != failures["centred"]
    unhurt = {row.name for row in TABLE if not trained(row.stage)}
    assert values == {name: whole[name] for name in unhurt}
    assert {"learning-rate", "own-ntk.error"} <= unhurt
    with pytest.raises(StageError, match="missed the target loss"):  # outside a trial
        regression(seed=0, max_steps=3, **SMALL)


def test_a_singular_kernel_is_an_error_with_figures():
    """A linear model of 40 points in 11 dimensions: neither kernel nor network can fit the targets."""
    values, failures = trial(hidden=0, train=40)
    assert "NTK kernel: condition number" in failures["ntk"]
    assert "NNGP kernel: condition number" in failures["nngp"]
    assert "missed the target loss" in failures["single"]
    assert not failures["rbf"]
    assert {"ntk-loo.error", "rbf.error", "learning-rate"} <= set(values)
    assert not {"ntk.error", "single.error", "kernel-change"} & set(values)
    values, failures = trial(hidden=0, train=40, ridge=0.01)
    assert not failures["ntk"]
    values, failures = trial(hidden=0, train=8)
    assert not any(failures.values())


def test_kernels_that_fail_leave_the_networks(monkeypatch):
    original = kernels.rbf
    monkeypatch.setattr(kernels, "rbf", lambda *args: original(*args) * np.nan)
    whole, failures = trial()
    assert set(whole) == {row.name for row in TABLE if "rbf" not in row.stage.split(" and ")}
    assert "entries are not finite" in failures["rbf"]


def test_target_met_at_once_is_no_training():
    _, failures = trial(target_loss=1e6)
    assert "that is no training" in failures["single"]


def test_data_and_keys_do_not_depend_on_the_architecture(monkeypatch):
    """What the experiment hands to `initialise` at two architectures."""
    seen = []
    original = train.initialise

    def spy(key, model, x, x_test):
        seen.append((key, x, x_test))
        return original(key, model, x, x_test)

    monkeypatch.setattr(train, "initialise", spy)
    one, _ = trial()
    other, _ = trial(hidden=3, width=8, max_steps=2)
    (key, x, x_test), (other_key, other_x, other_test) = seen
    assert key == other_key
    assert np.array_equal(x, other_x)
    assert np.array_equal(x_test, other_test)
    assert one["mean.error"] == other["mean.error"]


def test_a_users_own_data(monkeypatch, tmp_path):
    (tmp_path / "my_data.py").write_text(
        "import numpy as np\n"
        "def waves():\n"
        "    x = np.random.default_rng(0).standard_normal((80, 3))\n"
        "    return x, np.sin(x[:, 0])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    values, failures = trial(data="my_data:waves")
    assert not any(failures.values())
    assert set(values) == set(QUANTITIES)


def test_split_is_what_the_errors_are_measured_on(monkeypatch):
    """Test targets scaled by two without the training's knowledge: every error changes, no predictor does."""
    original = data.split

    def shifted(*args, **kwargs):
        split = original(*args, **kwargs)
        return replace(split, y_test=2 * split.y_test)

    before, _ = trial()
    monkeypatch.setattr(data, "split", shifted)
    after, _ = trial()
    assert all(before[name] != after[name] for name in QUANTITIES if name.endswith(".error"))
    for name in QUANTITIES:
        if name.endswith(".distance"):
            assert after[name] == pytest.approx(before[name] / 2, rel=1e-12)
