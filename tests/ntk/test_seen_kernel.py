"""A kernel of several outputs, whole or multiplied with: the same numbers, and regression by hand."""

import numpy as np
import pytest

from harness.declare import StageError
from harness.ntk.seen_kernel import PROBES, probed_kernel, whole_kernel

POINTS, OUTPUTS, PARAMETERS = 5, 2, 40
RANDOM = np.random.default_rng(0)
JACOBIAN = RANDOM.standard_normal((POINTS, OUTPUTS, PARAMETERS))
KERNEL = np.einsum("rkp,clp->rckl", JACOBIAN, JACOBIAN)
FLAT = JACOBIAN.reshape(-1, PARAMETERS) @ JACOBIAN.reshape(-1, PARAMETERS).T
Y = RANDOM.standard_normal((POINTS, OUTPUTS))
WHOLE = whole_kernel(KERNEL)
PROBED = probed_kernel(WHOLE.times, POINTS, OUTPUTS)


def test_outputs_of_a_point_stand_side_by_side():
    np.testing.assert_allclose(WHOLE.products, FLAT, rtol=1e-12)
    np.testing.assert_allclose(WHOLE.times(Y).ravel(), FLAT @ Y.ravel(), rtol=1e-12)
    assert pytest.approx(np.linalg.norm(FLAT), rel=1e-12) == WHOLE.norm
    assert (WHOLE.probes, PROBED.probes) == (0, PROBES)


def test_random_products_estimate_norms_and_changes():
    """Within 40%, three times the 12% of one eigenvalue: the seed is fixed, so that it is no chance."""
    moved = whole_kernel(KERNEL + 0.3 * np.einsum("rk,cl->rckl", Y, Y))
    probed = probed_kernel(moved.times, POINTS, OUTPUTS)
    assert pytest.approx(WHOLE.norm, rel=0.4) == PROBED.norm
    assert probed.change_from(PROBED) == pytest.approx(moved.change_from(WHOLE), rel=0.4)
    assert PROBED.change_from(PROBED) == 0
    gap = 0.3 * np.linalg.norm(Y) ** 2 / np.linalg.norm(FLAT)
    assert moved.change_from(WHOLE) == pytest.approx(gap, rel=1e-9)


def test_alignment_by_hand():
    centred = (Y - Y.mean(axis=0)).ravel()
    by_hand = centred @ FLAT @ centred / (centred @ centred) / np.linalg.norm(FLAT)
    assert WHOLE.alignment(Y) == pytest.approx(by_hand, rel=1e-12)
    assert WHOLE.alignment(Y + 7) == pytest.approx(by_hand, rel=1e-9)  # outputs' means do not enter
    rank_one = whole_kernel(np.einsum("rk,cl->rckl", Y - Y.mean(axis=0), Y - Y.mean(axis=0)))
    assert rank_one.alignment(Y) == pytest.approx(1, rel=1e-9)


@pytest.mark.parametrize("kernel", [WHOLE, PROBED], ids=["whole", "probed"])
def test_after_steps_is_what_a_loop_gives(kernel):
    rate, steps = 1 / np.linalg.eigvalsh(FLAT)[-1], 30
    left, taken = Y.ravel(), np.zeros(Y.size)
    for _ in range(steps):
        taken, left = taken + rate * left, left - rate * FLAT @ left
    np.testing.assert_allclose(kernel.after_steps(Y, rate, steps).ravel(), taken, rtol=1e-9)


@pytest.mark.parametrize(("kernel", "close"), [(WHOLE, 1e-9), (PROBED, 1e-2)], ids=["whole", "probed"])
def test_to_the_end_it_interpolates(kernel, close):
    """Conjugate gradients leave 1e-4 of the targets, times the kernel's condition, here below 100."""
    solution = kernel.to_the_end("kernel", Y)
    np.testing.assert_allclose(solution.ravel(), np.linalg.solve(FLAT, Y.ravel()), rtol=close, atol=close)


@pytest.mark.filterwarnings("ignore:.*encountered in:RuntimeWarning")  # of SciPy's, on a kernel of 0
def test_what_cannot_be_solved_is_said():
    flat = probed_kernel(np.zeros_like, POINTS, OUTPUTS)
    with pytest.raises(
        StageError, match=r"conjugate gradients the regression leaves 1.0e\+00 of the targets"
    ):
        flat.to_the_end("zero", Y)
