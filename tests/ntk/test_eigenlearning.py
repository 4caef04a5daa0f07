"""The theory of ridge regression's risk: against 50 digits, against known limits, and against regressions."""

import mpmath
import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk.eigenlearning import Spectrum, predict


def power_law(exponent: float, modes: int) -> Spectrum:
    return Spectrum(np.arange(1, modes + 1) ** -exponent, np.ones(modes))


def by_mpmath(spectrum: Spectrum, points: int, ridge: float) -> tuple[float, float]:
    """κ and E₀, from the same equations at 50 digits."""
    with mpmath.workdps(50):
        pairs = [(mpmath.mpf(v), int(c)) for v, c in zip(spectrum.values, spectrum.counts, strict=True)]
        added = mpmath.mpf(ridge) + mpmath.mpf(spectrum.tail)

        def left(kappa: mpmath.mpf) -> mpmath.mpf:
            return sum(c * v / (v + kappa) for v, c in pairs) + added / kappa - points

        kappa = mpmath.findroot(left, (mpmath.mpf("1e-12"), mpmath.mpf(10)), solver="anderson", tol=1e-40)
        squares = sum(c * (v / (v + kappa)) ** 2 for v, c in pairs)
        return float(kappa), float(points / (points - squares))


@pytest.mark.parametrize("ridge", [0.0, 1e-3, 0.5])
@pytest.mark.parametrize("tail", [0.0, 0.01])
def test_regularisation_and_overfitting_agree_with_50_digits(ridge: float, tail: float):
    spectrum = Spectrum(np.array([0.5, 0.02, 3e-3, 1e-5]), np.array([1.0, 4.0, 9.0, 16.0]), tail)
    found = predict(spectrum, 8, ridge)
    kappa, overfitting = by_mpmath(spectrum, 8, ridge)
    # The bracket is closed to 1e-14 in ln κ; E₀ amplifies it by κ dE₀/dκ, of size 1 here.
    assert found.regularisation == pytest.approx(kappa, rel=1e-12)
    assert found.overfitting == pytest.approx(overfitting, rel=1e-11)


@pytest.mark.parametrize("exponent", [pytest.param(1.2, marks=pytest.mark.slow), 1.5, 2.5])
def test_overfitting_tends_to_the_exponent_of_the_spectrum(exponent: float):
    """Mallinar et al. 2022: λ_i ~ i^(−α) gives E₀ → α. The sums differ from integrals by about 1/n: 1% at
    300, and what the modes beyond 10⁶ leave of the slowest spectrum is the tail, of which L² has at most
    (300/10⁶)^1.2."""
    beyond = (10**5 + 0.5) ** (1 - exponent) / (exponent - 1)
    spectrum = Spectrum(np.arange(1, 10**5 + 1) ** -exponent, np.ones(10**5), beyond)
    assert predict(spectrum, 300).overfitting == pytest.approx(exponent, rel=0.01)


def test_equal_eigenvalues_by_hand():
    """M modes of λ = 1 and n points without ridge: M/(1 + κ) = n, so κ = M/n − 1, L = n/M, E₀ = 1/(1 −
    n/M)."""
    found = predict(Spectrum(np.array([1.0]), np.array([50.0])), 20)
    assert found.regularisation == pytest.approx(50 / 20 - 1)
    assert found.learnability == pytest.approx([0.4])
    assert found.overfitting == pytest.approx(1 / 0.6)
    assert found.risk(np.array([3.0]), noise=2.0) == pytest.approx((0.36 * 3 + 4) / 0.6)
    assert found.training_risk(np.array([3.0]), noise=2.0) == 0


def test_a_tail_acts_as_a_ridge_of_its_sum():
    spectrum = power_law(2.0, 30)
    assert predict(Spectrum(spectrum.values, spectrum.counts, 0.03), 10).regularisation == pytest.approx(
        predict(spectrum, 10, 0.03).regularisation, rel=1e-12
    )


def test_risk_is_that_of_ridge_regression_on_independent_gaussian_features():
    """The theory's own assumption, in which it is exact as n grows: at n = 60 to about 2/n, beyond 4 standard
    errors."""
    random = np.random.default_rng(0)
    modes, points, ridge, noise = 400, 60, 0.05, 0.5
    values = np.arange(1, modes + 1) ** -1.5
    target = random.standard_normal(modes) * np.arange(1, modes + 1) ** -1.0
    risks, training = [], []
    for _ in range(100):
        phi = random.standard_normal((points, modes))
        y = phi @ target + noise * random.standard_normal(points)
        alpha = np.linalg.solve((phi * values) @ phi.T + ridge * np.eye(points), y)
        risks.append(np.sum((values * (phi.T @ alpha) - target) ** 2) + noise**2)
        training.append(np.mean((ridge * alpha) ** 2))
    found = predict(Spectrum(values, np.ones(modes)), points, ridge)
    for predicted, drawn in (
        (found.risk(target**2, noise), risks),
        (found.training_risk(target**2, noise), training),
    ):
        error = np.std(drawn) / np.sqrt(len(drawn))
        assert error < 0.04 * predicted
        assert abs(predicted - np.mean(drawn)) < 4 * error + 2 / points * predicted


def test_as_many_points_as_modes_are_refused():
    with pytest.raises(StageError, match="expected more than 4 modes or a ridge, found 4"):
        predict(power_law(1.0, 4), 4)
