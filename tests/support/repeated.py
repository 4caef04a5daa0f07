"""Data in which every point occurs twice, and a kernel that is no number; named by suites in tests."""

from __future__ import annotations

import numpy as np

Kernels = tuple[np.ndarray, np.ndarray]


def _points() -> tuple[np.ndarray, np.ndarray]:
    x = np.random.default_rng(0).standard_normal((40, 4))
    return x, np.sin(x[:, 0]) + x[:, 1]


def alike() -> tuple[np.ndarray, np.ndarray]:
    """The same target both times: the kernel matrix is singular, the equations can be solved."""
    x, y = _points()
    return np.concatenate([x, x]), np.concatenate([y, y])


def contradicting() -> tuple[np.ndarray, np.ndarray]:
    """Another target the second time: they cannot."""
    x, y = _points()
    return np.concatenate([x, x]), np.concatenate([y, -y])


def not_a_number(x1: np.ndarray, x2: np.ndarray | None, architecture: object) -> Kernels:
    """A subject whose kernels are NaN."""
    kernel = np.full((len(x1), len(x1 if x2 is None else x2)), np.nan)
    return kernel, kernel


def raising(x1: np.ndarray, x2: np.ndarray | None, architecture: object) -> Kernels:
    """A subject that raises what numerical libraries do."""
    raise np.linalg.LinAlgError("Eigenvalues did not converge")
