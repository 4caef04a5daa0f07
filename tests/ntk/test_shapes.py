"""The shapes in annotations are checked while tests run (`tests/conftest.py` turns it on)."""

import re

import jax
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from harness.ntk import closed_form, measures, network, solve
from harness.ntk.architecture import Architecture

X = np.random.default_rng(0).standard_normal((5, 3))
GRAM = X @ X.T + np.eye(5)
ONE_HIDDEN = Architecture(1, 4)


@pytest.mark.parametrize(
    ("call", "parameter"),
    [
        (lambda: closed_form.nngp_ntk(ONE_HIDDEN, X, X[:, :2]), "x2"),  # other features
        (lambda: closed_form.nngp_ntk(ONE_HIDDEN, X[0]), "x1"),  # a point, not points
        (lambda: solve.factor("k", GRAM[:4]), "gram"),  # not square
        (lambda: solve.factor("k", GRAM).regression(GRAM[:2], X[:, :1]), None),  # right: a column per network
        (lambda: solve.factor("k", GRAM).regression(GRAM[:2, :4], X[:, :1]), "y"),  # of other training points
        (lambda: measures.error(np.ones((5, 2)), np.ones(4)), "y"),  # other points
        (lambda: measures.error(np.ones(5, dtype=int), np.ones(5)), "predictions"),  # whole numbers
        (lambda: network.apply([X], ONE_HIDDEN, jax.numpy.asarray(X)), "params"),  # no layers
    ],
)
def test_a_wrong_shape_is_found(call, parameter):
    if parameter is None:
        call()
        return
    with pytest.raises(TypeCheckError, match=f"typechecking parameter '{re.escape(parameter)}'"):
        call()


def test_a_result_of_another_shape_is_found(monkeypatch):
    """What a function returns is held against its annotation as well, and its axes against its arguments'."""
    monkeypatch.setattr(solve.Solver, "coefficients", lambda self, y: np.ones((5, 2)))
    with pytest.raises(TypeCheckError, match=r"checking the return value of .*Solver\.regression"):
        solve.factor("k", GRAM).regression(GRAM[:2], np.ones(5))
