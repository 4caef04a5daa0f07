"""A benchmark at a point as a test of pytest-benchmark: `speed.toml::gram-solve@time[train=512]`.

Claims and timings are items of their own: pytest-benchmark leaves out, or selects, whatever uses its fixture.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import pytest

from harness.declare import NotCovered
from harness.plan import arguments, declared, parameters
from harness.pytest_plugin.item import SuiteItem
from harness.suite.records import AxisValue, Benchmark, instance_id
from harness.timing import prepare


class Timing(SuiteItem):
    """Prepares the benchmark and calls it once, untimed, and lets pytest-benchmark time the calls after."""

    @classmethod
    def of(cls, parent: pytest.Collector, bench: Benchmark, values: Sequence[AxisValue]) -> Self:
        """The item of a benchmark at one point of its grid."""
        labels = {axis: value.label for axis, value in zip(bench.axes, values, strict=True)}
        name = instance_id(f"{bench.id}@time", labels)

        def timed(benchmark: Any) -> None:
            declaration = declared(bench)
            given = arguments(parameters(bench, values))
            try:
                prepared = prepare(declaration, given)
            except NotCovered as lacking:
                pytest.skip(str(lacking))
            benchmark.group = bench.id
            benchmark.extra_info.update(
                run=bench.run,
                version=declaration.version,
                **given,
                setup_seconds=prepared.setup_seconds,
                first_seconds=prepared.first_seconds,
            )
            benchmark(prepared.call)

        def untimed() -> None:
            pytest.skip("expected pytest-benchmark, which times it, found none: pip install pytest-benchmark")

        has = parent.config.pluginmanager.hasplugin("benchmark")
        about = declared(bench).about
        function = timed if has else untimed
        function.__doc__ = about.partition("\n")[0]
        return cls.from_parent(parent, name=name, callobj=function)
