"""Conjugate gradients, which hold no matrix, against the factored kernel."""

import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk import blocked, closed_form, iterative, kernels, solve
from harness.ntk.architecture import Architecture

RANDOM = np.random.default_rng(8)
X, Y = RANDOM.standard_normal((120, 6)), RANDOM.standard_normal(120)
X_TEST = RANDOM.standard_normal((20, 6))
ARCHITECTURE = Architecture(1, 64, "relu", 1.5, 0.1)


def ntk(x1, x2):
    return closed_form.nngp_ntk(ARCHITECTURE, x1, x2)


def rbf(x1, x2):
    return (kernels.rbf(x1, x1 if x2 is None else x2, 8.0),)


@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_predictions_are_those_of_the_factor(ridge, monkeypatch):
    """A residual of 1e-8 at this kernel's condition number of 2e3: coefficients to 2e-5 at worst."""
    monkeypatch.setattr(blocked, "TILE", 50)
    monkeypatch.setattr(blocked, "WHOLE", 50)
    gram, cross = blocked.gram(ntk, X, (1,))[0], blocked.across(ntk, X_TEST, X, 1)
    direct = solve.factor("NTK", gram, ridge)
    mine = iterative.prepare_iteration("NTK", ntk, 1, X, ridge, rank=20)
    np.testing.assert_allclose(mine.regression(cross, Y), direct.regression(cross, Y), atol=1e-6)
    both = np.stack([Y, Y**2], axis=1)
    np.testing.assert_allclose(mine.coefficients(both), direct.coefficients(both), atol=1e-5)
    start = np.zeros((120, 2)), np.ones((20, 2))
    np.testing.assert_allclose(mine.given(cross, Y, *start)[:, 1], 1 + mine.regression(cross, Y), atol=1e-6)
    assert mine.jitter == 0


def test_the_preconditioner_saves_products():
    """Its 40 of 120 points know most of a spectrum that falls fast: a third of the products and fewer."""

    def products(rank):
        asked = []

        def spy(x1, x2):
            asked.append(x2)
            return rbf(x1, x2)

        solver = iterative.prepare_iteration("RBF", spy, 0, X, 1e-4, rank=rank)
        asked.clear()
        solver.coefficients(Y)
        return len(asked)

    assert 3 * products(40) < products(1)


def test_what_is_left_of_the_targets_is_judged():
    """A kernel of condition beyond 1e16 has no regression on targets of noise, as for a factor."""
    alike = iterative.prepare_iteration("RBF", lambda a, b: (np.exp(0 * rbf(a, b)[0]),), 0, X, 0.0)
    with pytest.raises(StageError, match=r"RBF kernel: after at most \d+ conjugate gradients .* leaves"):
        alike.coefficients(Y)


def test_no_kernel_is_an_error():
    with pytest.raises(StageError, match=r"K kernel: 14400 of 14400 entries are not finite"):
        iterative.prepare_iteration("K", lambda a, b: (np.nan * rbf(a, b)[0],), 0, X, 0.0)
    with pytest.raises(StageError, match=r"K kernel, among 120 of the points: .*: not a kernel"):
        iterative.prepare_iteration("K", lambda a, b: (-rbf(a, b)[0],), 0, X, 0.0)
