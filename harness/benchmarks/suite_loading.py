"""The benchmark `engine.suite-loading`: from a TOML file to a checked suite."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.declare import Timed, benchmark

_HEAD = """
[suite]
format = 2
title = "Claims about one experiment"
[experiments.one]
run = "ntk.regression"
with = { train = 64, test = 200 }
sweep = { data = ["diabetes", "digits"], hidden = [1, 2, 3], width = [64, 512] }
"""
_CLAIM = """
[claims.claim-{number}]
says = "At width {{width}} one is as far off as the other."
expect = "supported"
experiment = "one"
at = {{ data = "digits" }}
equal = {{ of = ["single.error", "ntk.error"], within = "5%" }}
control = {{ of = ["single.error", "mean.error"] }}
[[claims.claim-{number}.where]]
at = {{ width = 64 }}
expect = "open"
because = "it is narrow"
"""
_INSTANCES = 6
"""The sweep of a claim: three depths at two widths, on one data set."""


@benchmark("engine.suite-loading", version=1, about={"claims": "claims in the file, of six instances each"})
def suite_loading(*, claims: Annotated[int, Meta(ge=1, le=10_000)] = 25) -> Timed:
    """Reading, checking and expanding a suite, in a process that has loaded one before."""
    import shutil
    import weakref

    import harness.ntk.experiments.regression  # what the suite names, the benchmark depends on
    import harness.ntk.models.fully_connected  # noqa: F401  # and the model that it names by default
    from harness.benchmarks.support.folder import fresh_folder
    from harness.suite import load

    folder = fresh_folder()
    path = folder / "many.toml"
    path.write_text(_HEAD + "".join(_CLAIM.format(number=number) for number in range(claims)))

    def timed() -> object:
        return load(path, imports=True)

    weakref.finalize(timed, shutil.rmtree, folder, ignore_errors=True)
    found = len(load(path, imports=True).instances)
    if found != claims * _INSTANCES:
        raise ValueError(f"suite: expected {claims * _INSTANCES} instances, found {found}")
    return timed
