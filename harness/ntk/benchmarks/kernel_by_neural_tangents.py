"""The benchmark `ntk.kernel-by-neural-tangents`: `ntk.kernel-matrix` by neural-tangents alone."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import ACTIVATION, HIDDEN, POINTS, Hidden, PointCount, TimedActivation


@benchmark(
    "ntk.kernel-by-neural-tangents",
    version=1,
    about={"points": POINTS, "hidden": HIDDEN, "activation": ACTIVATION},
)
def kernel_by_neural_tangents(
    *, points: PointCount = 64, hidden: Hidden = 1, activation: TimedActivation = "relu"
) -> Timed:
    """The NNGP and the NTK among all points, float64: its `kernel_fn` under `jax.jit`."""
    import jax
    import jax.numpy as jnp

    from harness.ntk import closed_form
    from harness.ntk.architecture import Architecture
    from harness.ntk.benchmarks.support.agreement import require_equal
    from harness.ntk.benchmarks.support.neural_tangents import kernel_function
    from harness.ntk.data import split

    architecture = Architecture(hidden, width=1, activation=activation)
    points_given = split("sphere", train=points, test=1, seed=0).x_train
    kernel = kernel_function(architecture, points_given.shape[1])
    x = jnp.asarray(points_given, dtype=jnp.float64)

    def compiled() -> jax.stages.Wrapped:
        def both(x: jax.Array) -> tuple[jax.Array, jax.Array]:
            result = kernel(x, None, ("nngp", "ntk"))
            return result.nngp, result.ntk

        return jax.jit(both)

    # A separate program, so that the timed one is compiled when it is timed.
    expected = closed_form.nngp_ntk(architecture, points_given)
    for name, found, own in zip(("NNGP", "NTK"), compiled()(x), expected, strict=True):
        require_equal(f"neural-tangents' {name}", found, own)
    timed = compiled()
    return lambda: timed(x)
