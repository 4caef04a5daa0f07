"""Small data sets for classification, named in suites as `harness.ntk.small_sets:wine`.

They are scikit-learn's copies of sets of the UCI Machine Learning Repository; targets are ±1.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

Labelled = tuple[Float[np.ndarray, "points inputs"], Float[np.ndarray, " points"]]


def wine() -> Labelled:
    """178 wines by 13 measures; 71 of them, of the second of three cultivars, against the others."""
    from sklearn.datasets import load_wine

    return _one_class(load_wine(), 1)


def iris() -> Labelled:
    """150 irises by 4 measures; 50 of them, of the second of three species, against the others.

    No plane separates this species from the others.
    """
    from sklearn.datasets import load_iris

    return _one_class(load_iris(), 1)


def _one_class(bunch: object, label: int) -> Labelled:
    x = np.asarray(bunch.data, dtype=np.float64)  # type: ignore[attr-defined]
    y = np.where(np.asarray(bunch.target) == label, 1.0, -1.0)  # type: ignore[attr-defined]
    return x, y
