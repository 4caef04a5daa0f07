"""The benchmark `ntk.trial`: a trial of `ntk.regression`, small, in a process that has compiled it."""

from __future__ import annotations

from harness.declare import Timed, benchmark, collect_stages
from harness.ntk.benchmarks._parameters import HIDDEN, POINTS, WIDTH, Hidden, PointCount, Width


@benchmark(
    "ntk.trial",
    version=1,
    about={"points": POINTS, "test": "test points", "hidden": HIDDEN, "width": WIDTH},
)
def trial(*, points: PointCount = 32, test: PointCount = 32, hidden: Hidden = 1, width: Width = 64) -> Timed:
    """Data, kernels, two trainings to a target loss, comparisons: every stage, for one seed."""
    import harness.ntk.models.fully_connected  # noqa: F401 (the model that the experiment names by default)
    from harness.ntk.experiments.regression import regression

    def timed() -> object:
        with collect_stages() as stages:
            measured = regression(seed=0, data="sphere", train=points, test=test, hidden=hidden, width=width)
        failed = [stage.missing for stage in stages if stage.missing]
        if failed:
            raise RuntimeError(f"expected a trial whose stages all succeed, found {failed[0]}")
        return measured

    return timed
