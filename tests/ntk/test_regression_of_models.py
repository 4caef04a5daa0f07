"""`ntk.regression` of a user's network: what it measures, what is not covered, and what does not train."""

import math
from dataclasses import replace

import numpy as np
import pytest
import skip_network

from harness.declare import collect_stages
from harness.ntk import data, kernels, measures, train
from harness.ntk.architecture import Architecture
from harness.ntk.experiments._regression_computed import Computed, Setting
from harness.ntk.experiments._regression_predictors import ANALYTIC, NEEDS, stands_on
from harness.ntk.experiments._regression_quantities import QUANTITIES, TABLE
from harness.ntk.experiments.regression import measure, regression
from harness.ntk.fully_connected import fully_connected
from harness.ntk.model import ModelError
from harness.ntk.named_models import build

SETTING = Setting(
    seed=0, data="sphere", preprocess="default", targets="default", noise=0.0, train=10, test=20,
    validation=0, networks=2, optimizer="gd", batch=16, learning_rate=0.75, adam_rate=1e-3, target_loss=1e-3,
    max_steps=20_000, patience=1000, ridge=0.0,
)  # fmt: skip
WITHOUT_KERNEL = {
    row.name
    for row in TABLE
    if any(ANALYTIC in {need, *stands_on(need)} for need in row.stage.split(" and "))
}
"""What needs an analytic kernel, by what the table says of each stage."""


def trial(model, wanted=(), setting=SETTING):
    with collect_stages() as reports:
        values = measure(model, setting, wanted)
    return values, {report.name: report for report in reports if report.failure}


def covers_all_but_the_analytic_kernel(model, setting=SETTING):
    values, failures = trial(model, setting=setting)
    assert set(values) == set(QUANTITIES) - WITHOUT_KERNEL
    assert all(math.isfinite(value) for value in values.values())
    assert {report.failure for report in failures.values()} == {
        f"model {model.name}: no analytic kernel is known of it"
    }
    assert {report.missing.kind for report in failures.values()} == {"not-covered"}
    assert values["single-vs-own-ntk-given-f0.distance"] < values["single-vs-untrained.distance"]
    return values


def test_a_skip_network():
    values = covers_all_but_the_analytic_kernel(build("skip_network:skip", {"width": 32, "blocks": 1}))
    assert len(WITHOUT_KERNEL) == 35
    assert {"single.error", "rbf-given-f0.error", "kernel-change", "learning-rate"} <= set(values)
    assert (
        "single-vs-nearest-alternative.distance" in WITHOUT_KERNEL
    )  # the NNGP's regression is one of the alternatives
    split = data.split("sphere", train=10, test=20, seed=0)
    assert values["zero.error"] == measures.error_ruler(split).error(np.zeros(20))


@pytest.mark.slow
def test_an_unsound_model_ends_the_trial():
    model = build("skip_network:skip", {"width": 32})
    mixing = type(model)(lambda key, shape: ((-1, 1), {"w": np.ones(10)}), skip_network.mixing)
    with pytest.raises(ModelError, match="batch normalisation"):
        trial(mixing)


@pytest.fixture
def trained(monkeypatch):
    """What was trained so far."""
    seen, original = [], train.train

    def spy(*args, **kwargs):
        seen.append(args)
        return original(*args, **kwargs)

    monkeypatch.setattr(train, "train", spy)
    return seen


def test_nothing_is_trained_for_what_has_failed_already(trained, monkeypatch):
    """A claim of the distance to a kernel that cannot be had costs no training."""
    model = fully_connected(Architecture(1, 16))
    original_rbf = kernels.rbf
    monkeypatch.setattr(kernels, "rbf", lambda *args: original_rbf(*args) * np.nan)
    values, failures = trial(model, ("centred-vs-rbf.distance", "single-vs-nearest-alternative.distance"))
    assert not values
    assert not trained
    assert all("entries are not finite" in report.failure for report in failures.values())


@pytest.mark.slow
def test_what_is_trained_is_what_is_read(trained, monkeypatch):
    """Nothing for kernels, single networks alone for claims about these, and nothing without a rate."""
    model = fully_connected(Architecture(1, 16))
    values, _ = trial(model, ("nngp-vs-ntk.distance",))
    assert set(values) == {"nngp-vs-ntk.distance"}
    assert not trained
    assert set(trial(model, ("single-vs-ntk.distance",))[0]) > {"single-vs-ntk.distance"}
    assert len(trained) == 1
    monkeypatch.setattr(kernels, "nngp_ntk", lambda *args: (np.full((10, 10), np.nan),) * 2)
    _, failures = trial(model)
    assert len(trained) == 1
    assert failures["single"].failure == failures["learning rate"].failure


def test_the_table_is_what_is_declared_and_what_is_measured():
    """Each row's name, unit, stage and number are those of the predictors that it names."""
    values = regression(seed=0, data="sphere", train=10, test=20, width=16, networks=2, target_loss=1e-3)
    made = Computed(fully_connected(Architecture(1, 16)), SETTING)
    ruler, compared = made.ruler, 0
    assert list(QUANTITIES) == [row.name for row in TABLE]
    assert len(QUANTITIES) == len(TABLE)
    assert set(values) == set(QUANTITIES)
    for row in TABLE:
        assert row.quantity is QUANTITIES[row.name]
        assert set(row.stage.split(" and ")) <= set(NEEDS), row.name
        below = {below for need in row.stage.split(" and ") for below in (need, *stands_on(need))}
        assert {of.stage for of in row.of} <= below, row.name
        predictions = [made.predictions(of) for of in row.of]
        name, _, kind = row.name.rpartition(".")
        if kind == "error":
            assert name == row.of[0].name
            assert values[row.name] == ruler.error(*predictions), row.name
        elif kind == "distance" and "nearest" not in name:
            assert name == "-vs-".join(of.name for of in row.of)
            assert values[row.name] == ruler.distance(*predictions), row.name
        elif kind == "distance":
            network, *alternatives = predictions
            assert values[row.name] == min(
                ruler.distance(network, alternative) for alternative in alternatives
            )
        elif kind == "error-ratio":
            assert name == "-over-".join(of.name for of in row.of)
            assert values[row.name] == ruler.error(predictions[0]) / ruler.error(predictions[1])
        else:
            assert not row.of, row.name
            continue
        compared += 1
        several = any(each.ndim == 2 for each in predictions)
        assert several == row.quantity.about.endswith("geometric mean over networks") or kind == "error-ratio"
    assert compared == len(TABLE) - 11  # jitter, condition, rate, losses, steps, change


def test_stages_are_named_by_what_they_need():
    stages = {row.name: row.stage for row in TABLE}
    assert stages["rbf.error"] == stages["rbf-given-f0.error"] == stages["rbf.jitter"] == "rbf"
    assert stages["mean-vs-ntk.distance"] == "ntk"
    assert stages["condition-number"] == "condition number"
    assert stages["rbf-vs-ntk.distance"] == "rbf and ntk"
    assert stages["single-vs-ntk-given-f0.distance"] == stages["ensemble-vs-ntk.distance"] == "single and ntk"
    assert stages["single.final-loss"] == stages["ensemble.error"] == "single" != stages["centred.final-loss"]
    assert stages["single-vs-after-kernel-given-f0.distance"] == "after-kernel"


@pytest.mark.slow
@pytest.mark.parametrize("library", ["flax", "equinox"])
def test_a_module_of(library):
    pytest.importorskip(library, reason=f"{library} is no dependency: `pip install {library}` to run this")
    # Standard parameterization: the rate that narrow networks of this kind are trained with elsewhere, too.
    setting = replace(SETTING, learning_rate=0.25)
    values = covers_all_but_the_analytic_kernel(build(f"{library}_network:mlp", {"width": 32}), setting)
    assert values["single.final-loss"] <= 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_skip_network_by_other_optimizers(optimizer, monkeypatch):
    setting = replace(SETTING, optimizer=optimizer, batch=4, adam_rate=0.01, target_loss=1e-2)
    with collect_stages():
        values = measure(build("skip_network:skip", {"width": 32}), setting)
    assert set(values) == set(QUANTITIES) - WITHOUT_KERNEL


@pytest.mark.slow
def test_a_kernel_of_neural_tangents_covers_everything():
    """A skip connection with its analytic kernel: at width 512 the network is nearest to it."""
    values, failures = trial(build("skip_network:stax_skip", {"width": 512}))
    assert not failures
    assert set(values) == set(QUANTITIES)
    alternative = values["single-vs-nearest-alternative-given-f0.distance"]
    assert values["single-vs-ntk-given-f0.distance"] < alternative
