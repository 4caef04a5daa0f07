"""A plugin of asv: lists the claims, so that `publish` shows them, and never runs them. See docs/asv.md.

`harness run` measures claims, and `harness export-asv` enters them. Without this plugin `asv run` starts a
process for every instance of every claim, only to be told that it is not available.
"""

from __future__ import annotations

from typing import Any


def setup() -> None:
    """Called by asv when it has loaded this module, which asv.conf.json names under `plugins`."""
    from asv.benchmarks import Benchmarks

    discover = Benchmarks.discover

    def discover_timings(*arguments: Any, **options: Any) -> Any:
        found = discover(*arguments, **options)
        return found.filter_out({name for name in found if name.rpartition(".")[2].startswith("track_")})

    Benchmarks.discover = discover_timings
