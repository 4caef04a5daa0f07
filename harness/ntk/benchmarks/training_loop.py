"""The benchmark `ntk.training-loop`: the training of `ntk.training` as a Python loop over compiled steps."""

from __future__ import annotations

from collections.abc import Callable

from harness.declare import Timed, benchmark
from harness.ntk.benchmarks._parameters import (
    HIDDEN,
    POINTS,
    STEPS,
    WIDTH,
    Hidden,
    PointCount,
    Steps,
    Width,
)


@benchmark(
    "ntk.training-loop",
    version=1,
    about={
        "points": POINTS,
        "hidden": HIDDEN,
        "width": WIDTH,
        "steps": STEPS,
        "looks": "whether Python reads the loss after each step, as one must who stops at a target",
    },
)
def training_loop(
    *, points: PointCount = 64, hidden: Hidden = 1, width: Width = 64, steps: Steps = 200, looks: bool = True
) -> Timed:
    """`steps` steps, each a call of one compiled program."""
    import jax

    from harness.ntk.benchmarks.support.problem import (
        reference,
        require_agreement,
        stepwise,
        training_problem,
    )

    given = training_problem(points=points, hidden=hidden, width=width)

    def loop() -> Callable[[], jax.Array]:
        start, step = stepwise(given)

        def train() -> jax.Array:
            state = start(given.params)
            for _ in range(steps):
                if looks and not float(state.loss) > 0.0:  # the target loss
                    break
                state = step(state)
            return state.loss

        return train

    require_agreement("the loop", loop()(), reference(given, steps).loss)
    return loop()
