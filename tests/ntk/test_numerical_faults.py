"""What goes wrong in the numbers makes the claims that read them errors, and no others: end to end, tiny."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from records import record_of

from harness.report import InstanceRecord
from harness.report.markdown import markdown
from harness.report.terminal import terminal

HEAD = """\
[suite]
format = 2
title = "Faults"
[defaults]
seeds = 14
"""

pytestmark = pytest.mark.slow


class Judged:
    """The instances of a run of one claim for each quantity, by quantity; each claim holds of any number."""

    def __init__(self, folder: Path, run: str, parameters: str, quantities: tuple[str, ...]) -> None:
        text = HEAD + f'[experiments.e]\nrun = "{run}"\nwith = {{ {parameters} }}\n'
        for number, quantity in enumerate(quantities):
            text += (
                f'[claims.c{number}]\nsays = "it is a number"\nexpect = "supported"\nexperiment = "e"\n'
                f'at-most = {{ of = "{quantity}", bound = 1e98 }}\ncontrol = "none: any number will do"\n'
            )
        path = folder / "faults.toml"
        path.write_text(text)
        self.record = record_of(path)
        self.by_quantity = dict(zip(quantities, self.record.instances, strict=True))

    def failed(self, *quantities: str) -> list[InstanceRecord]:
        """Those instances, after checking that they are errors, that the reports say so, and no other is."""
        for quantity, instance in self.by_quantity.items():
            if quantity in quantities:
                assert (instance.outcome, instance.verdict) == ("error", "error"), quantity
            else:
                assert instance.outcome == "as-expected", f"{quantity}: {instance.reason}"
                assert instance.n == 14
                assert all(map(math.isfinite, instance.values))
        found = [self.by_quantity[quantity] for quantity in quantities]
        for instance in found:
            first = instance.reason.splitlines()[0]
            assert first in terminal(self.record)
            assert first.split(":")[0] in markdown(self.record)
        assert self.record.exit_code == (1 if quantities else 0)
        return found


BEFORE = ("mean.error", "untrained.error", "ntk.error", "nngp-loo.error")
AFTER = ("single.error", "steps", "single-vs-ntk.distance", "ntk-at-time.error", "kernel-change")
SMALL = "width = 16, train = 16, test = 10"
PREPARED = 'preprocess = "sphere", targets = "standardise"'


def test_regression_whose_rate_is_too_high(tmp_path: Path) -> None:
    judged = Judged(tmp_path, "ntk.regression", f"{SMALL}, learning-rate = 50.0", BEFORE + AFTER)
    for instance in judged.failed(*AFTER):
        assert "1 of 1 single networks diverged" in instance.reason


def test_regression_whose_step_budget_is_spent(tmp_path: Path) -> None:
    judged = Judged(tmp_path, "ntk.regression", f"{SMALL}, max-steps = 10", BEFORE + AFTER)
    for instance in judged.failed(*AFTER):
        assert "missed the target loss 0.0001 within 10 steps" in instance.reason


def test_regression_by_adam_whose_rate_is_absurd(tmp_path: Path) -> None:
    what = f'{SMALL}, optimizer = "adam", adam-rate = 1e30, max-steps = 100'
    Judged(tmp_path, "ntk.regression", what, BEFORE + AFTER).failed(*AFTER)


def test_regression_of_repeated_points(tmp_path: Path) -> None:
    """Ridge 0 and contradicting targets: no kernel can be solved, and no network fits."""
    what = f'data = "repeated:contradicting", {PREPARED}, width = 16, train = 30, test = 10, max-steps = 100'
    kernels = ("ntk.error", "condition-number", "nngp-loo.error")
    judged = Judged(tmp_path, "ntk.regression", what, ("mean.error", "untrained.error", *kernels, *AFTER))
    found = judged.failed("ntk.error", "condition-number", *AFTER)
    assert "kernel: condition number" in found[0].reason
    assert "ntk-at-time.error" in found[0].reason
    assert "fewer" not in found[0].reason


def test_regression_of_repeated_points_with_a_ridge(tmp_path: Path) -> None:
    what = f'data = "repeated:contradicting", {PREPARED}, width = 16, train = 30, test = 10, max-steps = 100'
    what += ", ridge = 0.1"
    Judged(tmp_path, "ntk.regression", what, BEFORE + AFTER).failed(*AFTER)


TRAINED = ("final-loss", "mean-vs-ntk.distance", "ntk.variance", "variance")
POSTERIOR = ("mean-vs-posterior.distance", "posterior.variance")


def test_an_ensemble_of_repeated_points(tmp_path: Path) -> None:
    """The posterior needs the inverse of a singular matrix; the others do not."""
    what = f'data = "repeated:alike", {PREPARED}, width = 16, train = 40, test = 10, networks = 4'
    judged = Judged(tmp_path, "ntk.ensemble", what, TRAINED + POSTERIOR)
    for instance in judged.failed(*POSTERIOR):
        assert "posterior: NNGP kernel: condition number" in instance.reason


@pytest.mark.parametrize(
    ("how", "why"),
    [("learning-rate = 50.0", "expected training to bring the loss"),
     ("steps = 2, learning-rate = 0.01", "within 2 steps")],
)  # fmt: skip
def test_an_ensemble_that_does_not_train(tmp_path: Path, how: str, why: str) -> None:
    quantities = TRAINED + POSTERIOR
    judged = Judged(tmp_path, "ntk.ensemble", f"{SMALL}, networks = 4, {how}", quantities)
    for instance in judged.failed(*quantities):
        assert why in instance.reason


@pytest.mark.parametrize("how", ["learning-rate = 50.0", "steps = 2, learning-rate = 0.01"])
def test_dynamics_that_do_not_train(tmp_path: Path, how: str) -> None:
    quantities = (
        "final-loss", "network-vs-linearised.distance", "linearised-vs-closed-form.distance",
        "network-vs-infinite.distance", "mode-rates-vs-infinite.distance",
    )  # fmt: skip
    judged = Judged(tmp_path, "ntk.dynamics", f"{SMALL}, {how}", quantities)
    for instance in judged.failed(*quantities):
        assert "expected training to bring the loss" in instance.reason


def test_initialisation_beyond_the_range_of_floats(tmp_path: Path) -> None:
    quantities = ("ntk.distance", "ntk.relative-variance")
    what = "width = 16, points = 4, networks = 4, hidden = 2, w-std = 1e120"
    judged = Judged(tmp_path, "ntk.initialisation", what, quantities)
    for instance in judged.failed(*quantities):
        assert "expected a finite number, found" in instance.reason


def test_a_kernel_that_is_no_number_is_not_supported_and_one_that_raises_an_error(tmp_path: Path) -> None:
    quantities = ("ntk.error", "ntk.asymmetry", "nngp.negative-eigenvalue")
    judged = Judged(tmp_path, "ntk.kernel", 'subject = "repeated:not_a_number"', quantities)
    assert [i.values for i in judged.record.instances] == [(1e99,) * 14] * 3
    assert all(i.verdict in ("refuted", "inconclusive") for i in judged.record.instances)
    judged = Judged(tmp_path, "ntk.kernel", 'subject = "repeated:raising"', quantities)
    for instance in judged.failed(*quantities):
        assert "the subject raised LinAlgError: Eigenvalues did not converge" in instance.reason
