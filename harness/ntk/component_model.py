"""Models that differ from a simpler one by one component: pooling, a skip connection, a normalisation.

The kernel of the network without the component is the nearest alternative to its own: a claim about the
component must fail for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from harness.declare import NotCovered
from harness.ntk.model import Columns, Kernel, Model, Rows

KernelPair = tuple[Kernel, Kernel]
"""NNGP and NTK, float64."""
BothKernels = Callable[[Rows, Columns | None], KernelPair]


@dataclass(frozen=True, eq=False)
class ComponentModel(Model):
    """A model that names its component and has the kernels of the network without it.

    component: what the simpler network lacks, in a word or two
    without: the two kernels of the simpler network, infinitely wide; None if there is none
    """

    component: str = ""
    without: BothKernels | None = None

    def analytic(self, x1: Rows, x2: Columns | None = None) -> KernelPair:
        """The same kernels as for any model, computed by NumPy: they are not programs of JAX."""
        if self.kernel is None:
            raise NotCovered(f"model {self.name}: no analytic kernel is known of it")
        found = self.kernel(x1, x2, ("nngp", "ntk"))
        return found.nngp, found.ntk


def kernels_without(model: Model, x1: Rows, x2: Columns | None = None) -> KernelPair:
    """NNGP and NTK of the model's network without its component.

    Raises `NotCovered` for a model that names no component.
    """
    if not isinstance(model, ComponentModel) or model.without is None:
        raise NotCovered(f"model {model.name}: it names no component that could be left out")
    return model.without(x1, x2)


def as_kernel(both: BothKernels) -> Callable[..., Any]:
    """Turn a function that gives both kernels into a kernel function of `neural_tangents.stax`."""

    def kernel(x1: Any, x2: Any = None, get: object = None) -> SimpleNamespace:
        nngp, ntk = both(np.asarray(x1), None if x2 is None else np.asarray(x2))
        return SimpleNamespace(nngp=nngp, ntk=ntk)

    return kernel
