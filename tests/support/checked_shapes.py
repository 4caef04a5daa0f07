"""A process that checks the shapes in annotations of `harness.ntk`, of arguments and of results.

`python checked_shapes.py wrong` calls functions with wrong shapes; `python checked_shapes.py NAME` runs a
trial of an experiment. Other tests pass NumPy's arrays where annotations say JAX's, and run unchecked.
"""

from __future__ import annotations

import contextlib
import sys

from jaxtyping import TypeCheckError, install_import_hook

install_import_hook("harness.ntk", "beartype.beartype")

import jax  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402

from harness.declare import StageError, find  # noqa: E402
from harness.ntk import closed_form, measures, network, solve  # noqa: E402
from harness.ntk.architecture import Architecture  # noqa: E402
from harness.ntk.half_angles import of_cosine  # noqa: E402

SMALL = {"width": 16, "train": 8, "test": 6, "networks": 2}
TRIALS = {
    "ntk.kernel": {"subject": "closed-form", "reference": "neural-tangents", "b_std": 0.0},
    "ntk.kernel-at-scale": {"subject": "closed-form", "reference": "neural-tangents"},
    "ntk.kernel-blocks": {},
    "ntk.kernel-noise": {"subject": "monte-carlo"},
    "ntk.kernel-relations": {"subject": "closed-form", "b_std": 0.0},
    "ntk.empirical-ntk": {"subject": "layers"},
    "ntk.initialisation": {"width": 16},
    "ntk.layers": {"width": 16},
    "ntk.spectrum": {"stages": frozenset({"eigenvalues", "shares", "pair", "rates", "polygon"}), "hidden": 4},
    "ntk.depth-width": {"stages": frozenset({"networks", "first step", "theory"}), "networks": 16},
    "ntk.dynamics": {"width": 16},
    "ntk.network": {"width": 16, "train": 8, "test": 6, "steps": 60},
    "ntk.ensemble": {"width": 16},
    "ntk.ridge-theory": {"train": 8, "test": 6, "target": "mixed", "ridge": 0.1},
    "ntk.mode-times": {"points": 16, "width": 16, "frequency": 1, "steps": 200},
    "ntk.learnability": {
        "stages": frozenset({"networks", "theory"}),
        "inputs": 2,
        "train": 2,
        "width": 64,
        "hidden": 2,
    },
    "ntk.trainability": {"stages": frozenset({"network", "ntk", "nngp"}), "width": 16, "steps": 10},
    "ntk.pooling": {"hidden": 2},
    "ntk.hermite-spectrum": {
        "stages": frozenset({"ntk", "nngp", "gaussian"}),
        "inputs": 3,
        "points": 40,
        "modes": 4,
    },
    "ntk.tuned-regression": {"data": "sphere", "train": 8, "test": 6},
    "ntk.kernel-practice": {"train": 8, "test": 6, "copies": 2},
    "ntk.scale": {"width": 8, "train": 6, "test": 4, "networks": 2, "steps": 8},
    "ntk.random-networks": {"model": "recurrent", "data": "mnist-1d", "width": 8, "points": 3},
    "ntk.convolutional-kernels": {"points": 2},
    "ntk.deep-kernels": {"points": 4},
    "ntk.attention": {"networks": 3, "width": 8},
    "ntk.image-regression": {"train": 6, "test": 4, "networks": 2, "width": 8, "dimensions": 2},
    "ntk.regression": SMALL | {"optimizer": "adam", "parameterization": "standard"},
}
"""Parameters of a quick trial of each experiment."""

X = np.random.default_rng(0).standard_normal((5, 3))
GRAM = X @ X.T + np.eye(5)
ONE_HIDDEN = Architecture(1, 4)

WRONG = {
    "other features": (lambda: closed_form.nngp_ntk(ONE_HIDDEN, X, X[:, :2]), "parameter 'x2'"),
    "a point, not points": (lambda: closed_form.nngp_ntk(ONE_HIDDEN, X[0]), "parameter 'x1'"),
    "not square": (lambda: solve.factor("k", GRAM[:4]), "parameter 'gram'"),
    "other training points": (
        lambda: solve.factor("k", GRAM).regression(GRAM[:2, :4], X[:, :1]),
        "parameter 'y'",
    ),
    "other test points": (lambda: measures.error(np.ones((5, 2)), np.ones(4)), "parameter 'y'"),
    "whole numbers": (lambda: measures.error(np.ones(5, dtype=int), np.ones(5)), "parameter 'predictions'"),
    "no layers": (lambda: network.apply([X], ONE_HIDDEN, jax.numpy.asarray(X)), "parameter 'params'"),
    "a result": (
        lambda: closed_form.LayerState(X[:, :1], X[:, :1].T, of_cosine(GRAM), GRAM[:4]).covariance(),
        "'tangent'",
    ),
}
"""Calls with a wrong shape, and what is said of each."""


def main(what: str) -> None:
    if what != "wrong":
        with contextlib.suppress(StageError):  # of a relation that is not about this architecture
            find(what).function(seed=0, **TRIALS[what])
        return
    for call, said in WRONG.values():
        with pytest.raises(TypeCheckError, match=said):
            call()


if __name__ == "__main__":
    main(sys.argv[1])
