"""Commands about suites that measure nothing: check, list, describe, schema, plan."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.complete import complete_experiments, complete_targets
from harness.cli.options import (
    USAGE,
    end_with_nothing_selected,
    keyword_option,
    marks_option,
    run_option,
    run_options,
    selected_instances,
    targets_argument,
)
from harness.cli.say import echo

if TYPE_CHECKING:
    from harness.history.against import Published
    from harness.options import RunOptions
    from harness.suite import Suite


@click.command()
@click.argument(
    "files", nargs=-1, type=click.Path(), metavar="[FILE|FOLDER]...", shell_complete=complete_targets
)
@click.option(
    "--import",
    "imports",
    is_flag=True,
    help="Import package.module:function and check it; call functions that load data.",
)
@run_option("overrides")
@click.option(
    "--against",
    "published",
    metavar="RECORD",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Also name expectations that changed since this record (or a folder of them) on unexplored seeds.",
)
@click.option(
    "--sarif",
    type=click.Path(path_type=Path),
    help="Also write the findings as SARIF 2.1.0, for code scanning and editors.",
)
def check(
    files: Sequence[str],
    imports: bool,
    overrides: Sequence[str],
    published: Sequence[Path],
    sarif: Path | None,
) -> None:
    """Report every mistake in suite files, with its line, without measuring anything.

    Without a FILE or FOLDER, the suites in suites/ are checked.
    """
    from harness import folders
    from harness.cli.checked import CheckLog
    from harness.shipped import located
    from harness.suite import SuiteError, load
    from harness.suite.names import namesakes
    from harness.targets import assigned

    values = assigned(overrides)
    named: dict[str, str] = {}
    records = _published(published)
    loaded: list[Suite] = []
    log = CheckLog()
    for file in folders.files(files):
        try:
            suite = load(file, imports=imports, calls=imports, overrides=values)
        except SuiteError as error:
            log.mistakes(error)
            continue
        if not located(named.setdefault(suite.name, file)).samefile(suite.file):
            log.namesakes(file, namesakes(suite.name, named[suite.name], file))
        loaded.append(suite)
        if records is not None and (mistakes := records.unexplored(suite)):
            log.mistakes(SuiteError(file, mistakes))
        log.suite(file, suite, imported=imports)
    try:
        if records is not None:
            records.check({suite.name: suite.overrides for suite in loaded})
    finally:
        log.leave(sarif)
    if log.failed:
        sys.exit(USAGE)


def _published(files: Sequence[Path]) -> Published | None:
    """The records in these files and folders; None without any. Raises `RecordError` and `AgainstError`."""
    if not files:
        return None
    from harness.history.against import read_published

    return read_published(files)


@click.command("list")
@targets_argument
@keyword_option
@marks_option
def list_(targets: Sequence[str], keyword: str, marks: str) -> None:
    """Print the id of each instance, the verdict that is expected, and its marks.

    A FOLDER stands for the suites in it. Without a FILE or FOLDER, it takes suites/.
    """
    from harness.questions import COMPUTED

    instances = [
        i for chosen in selected_instances(targets, keyword, marks, imports=False) for i in chosen.instances
    ]
    for instance in instances:
        marked = f"  [{', '.join(instance.marks)}]" if instance.marks else ""
        computed = f"  ({COMPUTED})" if instance.claim.computed else ""
        echo(f"{instance.id}  {instance.expect}{marked}{computed}")
    if not instances:
        end_with_nothing_selected()


@click.command()
@click.argument("experiment", required=False, shell_complete=complete_experiments)
def describe(experiment: str | None) -> None:
    """Print the parameters, quantities and units of an experiment, a benchmark or a model.

    Without a name, it prints all names.
    """
    from harness.declare import (
        UnknownExperimentError,
        benchmark_names,
        experiment_names,
        find_any,
        model_names,
    )
    from harness.report.describe import describe as text
    from harness.spelling import experiment_today

    if experiment is not None and (experiment.endswith(".toml") or Path(experiment).is_dir()):
        found = f"found {experiment!r}: `harness list` shows what a suite claims"
        raise click.UsageError(f"expected the name of an experiment, a benchmark or a model, {found}")

    names = (*experiment_names(), *benchmark_names(), *model_names())
    if experiment is None:
        echo("\n".join(names))
        return
    try:
        echo(text(find_any(experiment_today(experiment))))
    except UnknownExperimentError as error:
        from harness.suite.errors import nearest_name

        hint = nearest_name(experiment, names)
        raise click.UsageError(f"{error} ({hint})" if hint else str(error)) from None


@click.command()
def schema() -> None:
    """Print the JSON Schema of suites, for editors. Runs nothing."""
    from harness.suite.schema import schema_text

    echo(schema_text(), nl=False)


@click.command()
@targets_argument
@keyword_option
@marks_option
@run_options("overrides", "seeds", "first_seed")
@run_option("store")
@click.option("--pilot", is_flag=True, help="Measure six seeds of each claim first, and keep them.")
def plan(
    targets: Sequence[str], keyword: str, marks: str, options: RunOptions, store: Path, pilot: bool
) -> None:
    """Print which trials a run needs, how many are in the store, and how long the rest takes.

    If the store has six seeds of a claim, it also prints what the claim's budget can decide: the smallest
    margin, or how near the ends of a boundary come, and how many seeds the stated margin needs. --pilot
    measures these six. For a map, it prints the largest number of points, and how long it may take.

    A FOLDER stands for the suites in it. Without a FILE or FOLDER, it takes suites/.
    """
    from harness.plan import map_orders
    from harness.report.plan import plan_text
    from harness.session import cases_of, pilot_of

    selected = selected_instances(targets, keyword, marks, options.overrides)
    cases = cases_of(selected, options.seeds, options.first_seed)
    if not cases:
        end_with_nothing_selected()
    if pilot:
        measured = pilot_of(cases, store)
        echo(f"{measured} trials measured, of the first seeds of each claim", err=True)
    echo(plan_text(cases, store, map_orders(cases, [chosen.suite for chosen in selected])))
