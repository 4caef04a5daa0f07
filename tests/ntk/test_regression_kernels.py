"""The kernels of a trial: what is evaluated, held and let go, and that the numbers do not know of it."""

import subprocess
import sys

import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk import blocked, closed_form, data
from harness.ntk.architecture import Architecture
from harness.ntk.experiments import _regression_kernels as module
from harness.ntk.experiments._regression_kernels import TrialKernels
from harness.ntk.sizes import ALL_HELD, DIRECT, regression_bytes

ARCHITECTURE = Architecture(1, 64, "relu", 1.5, 0.1)
POINTS = data.split("sphere", train=50, test=30, seed=0)
EVERY = ("ntk", "nngp", "rbf", "laplace", "matern32", "linear")


class Analytic:
    """A model whose kernels are NumPy's, and how often they were evaluated on how many rows."""

    def __init__(self):
        self.asked = []

    def analytic(self, x1, x2=None):
        self.asked.append((len(x1), None if x2 is None else len(x2)))
        return closed_form.nngp_ntk(ARCHITECTURE, x1, x2)


def kernels(read=("ntk", "nngp"), ridge=0.1):
    model = Analytic()
    return TrialKernels(model, POINTS, ridge, read), model.asked


def numbers(made):
    """Everything that is asked of kernels, each twice: what was let go in between is evaluated again."""
    found = {}
    for again in range(2):
        for name in EVERY:
            fitted = made.fitted(name)
            found[name, "regression", again] = fitted.regression()
            found[name, "given", again] = fitted.given(np.ones((50, 2)), np.zeros((30, 2)))
            found[name, "loo", again] = fitted.with_tuned_ridge()
            found[name, "largest", again] = made.largest_eigenvalue(name) if name == "ntk" else 0.0
            found[name, "gram", again] = made.gram(name) if name == "ntk" else 0.0
    return found


def test_what_is_let_go_changes_no_bit(monkeypatch):
    """And tiles change none but of rounding, 1e-15 of an entry, times a condition number of about 100."""
    at_once = numbers(kernels()[0])
    monkeypatch.setattr(blocked, "TILE", 16)
    monkeypatch.setattr(blocked, "WHOLE", 16)
    held = numbers(kernels()[0])
    monkeypatch.setattr(module, "ALL_HELD", 16)
    let_go = numbers(kernels()[0])
    for key, expected in held.items():
        np.testing.assert_array_equal(let_go[key], expected, err_msg=str(key))
        np.testing.assert_allclose(expected, at_once[key], rtol=1e-9, atol=1e-11, err_msg=str(key))


def test_siblings_are_evaluated_together_where_both_are_read(monkeypatch):
    """Ten tiles of a Gram matrix of 50 points, and eight of the 30 test points against them."""
    monkeypatch.setattr(blocked, "TILE", 16)
    monkeypatch.setattr(blocked, "WHOLE", 16)
    both, asked = kernels()
    both.fitted("ntk")
    assert len(asked) == 10 + 8
    both.fitted("nngp")
    assert len(asked) == 10 + 8 + 8  # the test points again
    one, asked = kernels(read=("ntk",))
    one.fitted("ntk")
    assert len(asked) == 10 + 8


def test_few_of_many_points_are_held(monkeypatch):
    """The matrix that is read, and its sibling until it was read."""
    monkeypatch.setattr(blocked, "TILE", 16)
    monkeypatch.setattr(blocked, "WHOLE", 16)
    monkeypatch.setattr(module, "ALL_HELD", 16)
    made, asked = kernels()
    first = made.fitted("ntk")
    before = len(asked)
    made.fitted("nngp")
    made.fitted("rbf")
    assert len(asked) - before == 8
    assert made.fitted("ntk") is not first
    assert made.fitted("ntk") is made.fitted("ntk")


def test_beyond_what_is_factored_regression_alone_is_had(monkeypatch):
    """Residuals of 1e-8 and a condition number of about 100, ridge included."""
    direct = kernels()[0]
    monkeypatch.setattr(blocked, "WHOLE", 16)
    monkeypatch.setattr(blocked, "TILE", 16)
    monkeypatch.setattr(module, "DIRECT", 49)
    made = kernels()[0]
    for name in EVERY:
        np.testing.assert_allclose(
            made.fitted(name).regression(), direct.fitted(name).regression(), atol=1e-5, err_msg=name
        )
    assert made.largest_eigenvalue("ntk") == pytest.approx(direct.largest_eigenvalue("ntk"), rel=1e-6)
    with pytest.raises(StageError, match=r"NTK kernel: to factor it, expected at most \d+ points, found 50"):
        made.fitted("ntk").with_tuned_ridge()


def test_what_a_trial_holds_grows_with_its_matrices():
    """8 bytes an entry: 32,768 points take 8.6 GB a matrix; beyond, none is held."""
    matrix = 8 * DIRECT**2
    assert 4 * matrix < regression_bytes(DIRECT, 200, 1) < 12 * matrix
    assert regression_bytes(DIRECT + 1, 200, 1) < matrix / 4
    assert regression_bytes(ALL_HELD, 200, 1) > 6 * 8 * ALL_HELD**2
    assert regression_bytes(64, 200, 1) < 1e9


PEAK = """
from pathlib import Path
from harness.ntk import data
from harness.ntk.architecture import Architecture
from harness.ntk.experiments._regression_kernels import TrialKernels
from harness.ntk.fully_connected import fully_connected

model = fully_connected(Architecture(1, 64, "relu", 1.5, 0.1))
def peak():  # not ru_maxrss: it begins with what the parent held when it started this process
    _, _, rest = Path("/proc/self/status").read_text().partition("VmHWM:")
    return int(rest.split()[0]) * 1024
def regress(train):
    points = data.split("sphere", train=train, test=100, seed=0)
    return TrialKernels(model, points, 0.0, ("ntk",)).fitted("ntk").regression()
regress(1000)
before = peak()
regress(4000)
print((peak() - before) / (8 * 4000**2))
"""


@pytest.mark.slow
def test_regression_on_a_kernel_holds_one_matrix():
    """And tiles, test points and what the allocator keeps: a quarter of one. In a process of its own."""
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    assert 0.9 < float(done.stdout) < 1.25
