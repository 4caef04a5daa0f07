"""The benchmark `ntk.prediction-by-neural-tangents`: the regression of `ntk.prediction`, by its `predict`."""

from __future__ import annotations

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import (
    ACTIVATION,
    HIDDEN,
    POINTS,
    TEST,
    Hidden,
    PointCount,
    TimedActivation,
)


@benchmark(
    "ntk.prediction-by-neural-tangents",
    version=1,
    about={"points": POINTS, "test": TEST, "hidden": HIDDEN, "activation": ACTIVATION},
)
def prediction_by_neural_tangents(
    *,
    points: PointCount = 64,
    test: PointCount = 200,
    hidden: Hidden = 1,
    activation: TimedActivation = "relu",
) -> Timed:
    """Its `gradient_descent_mse_ensemble` at infinite time: kernels, solve and predictions in one program."""
    import jax
    import jax.numpy as jnp

    from harness.ntk.architecture import Architecture
    from harness.ntk.benchmarks.support.agreement import require_equal
    from harness.ntk.benchmarks.support.neural_tangents import kernel_function
    from harness.ntk.data import split
    from harness.ntk.kernels import nngp_ntk
    from harness.ntk.solve import factor

    architecture = Architecture(hidden, width=1, activation=activation)
    data = split("sphere", train=points, test=test, seed=0)
    x, y, x_test = (
        jnp.asarray(array, dtype=jnp.float64) for array in (data.x_train, data.y_train[:, None], data.x_test)
    )
    kernel = kernel_function(architecture, x.shape[1])
    from neural_tangents import predict  # already loaded: the line above lends it JAX's moved names

    def compiled() -> jax.stages.Wrapped:
        def predictions(x: jax.Array, y: jax.Array, x_test: jax.Array) -> jax.Array:
            ensemble = predict.gradient_descent_mse_ensemble(kernel, x, y)
            means: jax.Array = ensemble(x_test=x_test, get="ntk")
            return means

        return jax.jit(predictions)

    _, gram = nngp_ntk(architecture, data.x_train)
    _, cross = nngp_ntk(architecture, data.x_test, data.x_train)
    expected = factor("NTK", gram).regression(cross, data.y_train)
    # A separate program, so that the timed one is compiled when it is timed.
    require_equal("neural-tangents' predictions", compiled()(x, y, x_test)[:, 0], expected)
    timed = compiled()
    return lambda: timed(x, y, x_test)
