"""The benchmark `ntk.jacobian-kernel`: the kernel of `ntk.empirical-kernel` from the network's Jacobian."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import HIDDEN, POINTS, WIDTH, Hidden, PointCount, Width

AGREEMENT = 1e-10
"""The largest difference, relative to the largest entry: float64 sums of 1e5 terms agree to 1e-13; another
kernel is percents off."""

CHECKED = 2
"""The number of points of the check: few, so that the timed program is compiled when it is timed."""


@benchmark("ntk.jacobian-kernel", version=1, about={"points": POINTS, "hidden": HIDDEN, "width": WIDTH})
def jacobian_kernel(*, points: PointCount = 64, hidden: Hidden = 1, width: Width = 64) -> Timed:
    """The tangent kernel among all points at initialisation, float64 (`harness.ntk.jacobian`)."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    from harness.ntk.benchmarks.support.problem import training_problem
    from harness.ntk.empirical import float64_ntk
    from harness.ntk.jacobian import jacobian_ntk
    from harness.ntk.network import Params, apply

    given = training_problem(points=points, hidden=hidden, width=width)
    params = jax.tree.map(lambda numbers: numbers.astype(jnp.float64), given.params)
    x = np.asarray(given.x)

    def f(params: Params, x: jax.Array) -> jax.Array:
        return apply(params, given.architecture, x)

    few = x[:CHECKED]
    layers = float64_ntk(given.params, given.architecture, few)
    gap = float(np.max(np.abs(jacobian_ntk(f, params, few) - layers)) / np.max(np.abs(layers)))
    if not gap <= AGREEMENT:
        raise ValueError(f"tangent kernel: expected that of the layers' Gram matrices, found {gap:.1e} more")
    return lambda: jacobian_ntk(f, params, x)
