"""The command about the suites that come with this package: suites."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from harness.cli.say import echo

if TYPE_CHECKING:
    from harness.suite import Suite


@click.command("suites")
def suites_() -> None:
    """List the suites that come with harness.

    A line has the suite's @NAME, its number of instances, its title, and the libraries that it can import.

    Write @NAME wherever a command takes a suite's file, as in `harness run @kernels`. A file of
    that name in the current folder is ./@NAME. @NAME is also the suite's published record, wherever a
    command takes a record: `harness report @kernels`, `harness run @kernels --against @kernels`.
    """
    from harness import shipped
    from harness.suite import load

    found = [load(f"@{name}") for name in shipped.suite_names()]
    rows = [(suite.path, f"{len(suite.instances)} instances", suite.title, _needed(suite)) for suite in found]
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for name, count, title, needed in rows:
        line = f"{name.ljust(widths[0])}  {count.rjust(widths[1])}  {title.ljust(widths[2])}  {needed}"
        echo(line.rstrip())
    echo(f"They are in {shipped.folder('suites')}")


def _needed(suite: Suite) -> str:
    """What the suite's experiments and benchmarks can import beyond what harness requires."""
    from harness.declare.registry import module_of
    from harness.measure.needs import needs_of

    runs = {each.run: each for each in (*suite.experiments.values(), *suite.benchmarks.values())}
    installed: dict[str, bool] = {}
    for run, each in runs.items():
        installed |= needs_of(module_of(run), tuple(sorted(each.fixed.items())))
    listed = [name if there else f"{name} (not installed)" for name, there in sorted(installed.items())]
    return f"imports {', '.join(listed)}" if listed else ""
