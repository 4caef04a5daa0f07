"""Commands about suites that measure nothing: check, list, describe, schema, plan."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.options import (
    USAGE,
    check_seeds,
    gather,
    keyword_option,
    marks_option,
    nothing,
    store_option,
    targets_argument,
    with_option,
)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option(
    "--import",
    "imports",
    is_flag=True,
    help="Import package.module:function, and check it too; call functions that load data.",
)
@with_option
def check(files: Sequence[str], imports: bool, assignments: Sequence[str]) -> None:
    """Report every mistake in suite files, with its line. Measures nothing."""
    from harness.suite import SuiteError, load
    from harness.suite.formats import advice
    from harness.suite.references import named
    from harness.targets import assigned

    given = assigned(assignments)
    failed = False
    for file in files:
        try:
            suite = load(file, imports=imports, calls=imports, given=given)
        except SuiteError as error:
            failed = True
            click.echo(str(error), err=True)
            continue
        unseen = sorted({e.run for e in suite.experiments.values() if e.declaration is None})
        unseen += [] if imports else named(suite)
        note = f"; not imported, so not checked: {', '.join(unseen)}" if unseen else ""
        click.echo(f"{file}: {len(suite.claims)} claims, {len(suite.instances)} instances{note}")
        if said := advice(suite.format):
            click.echo(f"{file}: {said}")
    if failed:
        sys.exit(USAGE)


@click.command("list")
@targets_argument
@keyword_option
@marks_option
def list_(targets: Sequence[str], keyword: str, marks: str) -> None:
    """Print the id of each instance, what is expected of it, and its marks."""
    instances = [i for chosen in gather(targets, keyword, marks, imports=False) for i in chosen.instances]
    for instance in instances:
        marked = f"  [{', '.join(instance.marks)}]" if instance.marks else ""
        click.echo(f"{instance.id}  {instance.expect}{marked}")
    if not instances:
        nothing()


@click.command()
@click.argument("experiment", required=False)
def describe(experiment: str | None) -> None:
    """Print what an experiment or a benchmark declares: parameters, quantities, units.

    Without a name, all names.
    """
    from harness.declare import UnknownExperimentError, benchmark_names, experiment_names, find
    from harness.report.describe import describe as text

    if experiment is None:
        click.echo("\n".join((*experiment_names(), *benchmark_names())))
        return
    try:
        click.echo(text(find(experiment)))
    except UnknownExperimentError as error:
        from harness.suite.errors import nearest

        hint = nearest(experiment, (*experiment_names(), *benchmark_names()))
        raise click.UsageError(f"{error} ({hint})" if hint else str(error)) from None


@click.command()
def schema() -> None:
    """Print the JSON Schema of suites, for editors. Runs nothing."""
    from harness.suite.schema import schema_text

    click.echo(schema_text(), nl=False)


@click.command()
@targets_argument
@keyword_option
@marks_option
@with_option
@click.option("--seeds", type=int, help="Another budget of seeds than the claims' own.")
@store_option
def plan(
    targets: Sequence[str],
    keyword: str,
    marks: str,
    assignments: Sequence[str],
    seeds: int | None,
    store: Path,
) -> None:
    """Print which trials a run would need, how many are in the store, and how long the rest would take."""
    from harness.report.plan import plan_text
    from harness.session import cases_of

    check_seeds(seeds)
    cases = cases_of(gather(targets, keyword, marks, assignments), seeds)
    if not cases:
        nothing()
    click.echo(plan_text(cases, store))
