"""The command line: options in, text and an exit code out. What it does is in `session` and the rooms.

Exit codes: 0 all as expected or measured · 1 some not · 2 interrupted · 3 internal error · 4 bad suite or
usage · 5 nothing selected.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.errors import UserError

if TYPE_CHECKING:
    from harness.report import Record
    from harness.targets import Selected

INTERRUPTED, INTERNAL, USAGE, NOTHING = 2, 3, 4, 5
COLORS = {
    "as-expected": "green",
    "unexpected": "red",
    "vacuous": "magenta",
    "inconclusive": "yellow",
    "not-covered": "cyan",
    "not-run": "yellow",
    "error": "red",
}

def _default_store() -> Path:
    from harness.targets import default_store

    return default_store()


targets_argument = click.argument("targets", nargs=-1, required=True, metavar="FILE[::ID]...")
keyword_option = click.option("-k", "keyword", default="", help="Only ids that this expression matches.")
marks_option = click.option("-m", "marks", default="", help='Only these marks, as in -m "not slow".')
store_option = click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    default=_default_store,
    show_default=".harness/store.sqlite",
    help="Where measured trials are kept (also HARNESS_STORE).",
)


with_option = click.option(
    "--with",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="A parameter's value in place of the one that the suite states (repeatable).",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ntk-harness", prog_name="harness")
def cli() -> None:
    """Measure scientific claims about neural networks and their tangent kernels.

    A suite is a TOML file of claims. `harness check` reads it, `harness run` measures each claim over
    random seeds and says: supported, refuted or inconclusive.
    """
    from harness.targets import make_local_modules_importable

    make_local_modules_importable()


@cli.command()
@click.argument("files", nargs=-1, required=True, type=click.Path())
@click.option("--import", "imports", is_flag=True, help="Import package.module:function, and check it too.")
def check(files: Sequence[str], imports: bool) -> None:
    """Report every mistake in suite files, with its line. Runs nothing."""
    from harness.suite import SuiteError, load

    failed = False
    for file in files:
        try:
            suite = load(file, imports=imports)
        except SuiteError as error:
            failed = True
            click.echo(str(error), err=True)
            continue
        unseen = sorted({e.run for e in suite.experiments.values() if e.declaration is None})
        note = f"; not imported, so not checked: {', '.join(unseen)}" if unseen else ""
        click.echo(f"{file}: {len(suite.claims)} claims, {len(suite.instances)} instances{note}")
    if failed:
        sys.exit(USAGE)


@cli.command("list")
@targets_argument
@keyword_option
@marks_option
def list_(targets: Sequence[str], keyword: str, marks: str) -> None:
    """Print the id of each instance, what is expected of it, and its marks."""
    instances = [i for chosen in _gather(targets, keyword, marks, imports=False) for i in chosen.instances]
    for instance in instances:
        marked = f"  [{', '.join(instance.marks)}]" if instance.marks else ""
        click.echo(f"{instance.id}  {instance.expect}{marked}")
    if not instances:
        _nothing()


@cli.command()
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


@cli.command()
def schema() -> None:
    """Print the JSON Schema of suites, for editors. Runs nothing."""
    from harness.suite.schema import schema_text

    click.echo(schema_text(), nl=False)


@cli.command()
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

    _check_seeds(seeds)
    cases = cases_of(_gather(targets, keyword, marks, assignments), seeds)
    if not cases:
        _nothing()
    click.echo(plan_text(cases, store))


@cli.command()
@targets_argument
@keyword_option
@marks_option
@with_option
@click.option("--seeds", type=int, help="Another budget of seeds: 6, 9, 14, 21, 32, 48, 72 or 108.")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes.  [default: one per core]")
@click.option("--fresh", is_flag=True, help="Use seeds that no run has used, not 0, 1, 2, …")
@click.option("--first-seed", type=click.IntRange(min=0), help="Begin at this seed (repeats a --fresh run).")
@click.option("--no-store", is_flag=True, help="Measure everything anew, and keep nothing.")
@store_option
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Where to write the record.")
@click.option("--markdown", "markdown_path", type=click.Path(path_type=Path), help="Write Markdown as well.")
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def run(
    targets: Sequence[str],
    keyword: str,
    marks: str,
    assignments: Sequence[str],
    seeds: int | None,
    workers: int | None,
    fresh: bool,
    first_seed: int | None,
    no_store: bool,
    store: Path,
    json_path: Path | None,
    markdown_path: Path | None,
    quiet: bool,
) -> None:
    """Measure and judge claims; print the report, and write the record to reports/NAME.json.

    What has been measured is kept in the store: an interrupted run goes on from there.
    """
    from harness.report import to_json, write_whole
    from harness.report.markdown import markdown
    from harness.report.progress import showing
    from harness.session import fresh_first_seed
    from harness.session import run as run_session

    _check_seeds(seeds)
    if fresh and first_seed is not None:
        raise click.UsageError("expected --fresh or --first-seed, found both")
    selected = [chosen for chosen in _gather(targets, keyword, marks, assignments) if chosen.instances]
    if not selected:
        _nothing()
    first = fresh_first_seed() if fresh else first_seed
    with showing(quiet) as on_progress:
        record = run_session(
            selected,
            store=None if no_store else store,
            workers=workers,
            seeds=seeds,
            first_seed=first,
            command=("harness", *sys.argv[1:]),
            on_progress=on_progress,
        )
    path = json_path or Path("reports") / f"{'+'.join(c.suite.name for c in selected)}.json"
    write_whole(path, to_json(record))
    if markdown_path is not None:
        write_whole(markdown_path, markdown(record).encode())
    _show(record)
    click.echo(f"Record: {path}" + (f" · Markdown: {markdown_path}" if markdown_path else ""))
    sys.exit(record.exit_code)


@cli.command()
@click.argument("what", metavar="EXPERIMENT|FILE::ID")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option("--time-limit", type=float, default=3600.0, show_default=True, help="Seconds.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def trial(what: str, values: Sequence[str], seed: int, time_limit: float, as_json: bool) -> None:
    """Measure one trial (or, for an instance, those of one seed) and print its numbers.

    NAME=VALUE sets a parameter; for an instance, in place of the one that its suite states.

    Nothing is read from or written to the store: any number of a report can be reproduced by hand.
    """
    from harness.report.trial import trial_text, trials_json
    from harness.session import trials_of, trials_of_experiment

    if "::" in what:
        trials = trials_of(_gather([what], "", "", values), seed)
    else:
        trials = trials_of_experiment(what, values, seed)
    from harness.measure import measure_here

    measurements = [measure_here(trial, time_limit=time_limit) for trial in trials]
    click.echo(trials_json(measurements) if as_json else "\n\n".join(map(trial_text, measurements)))
    sys.exit(int(any(m.status == "error" for m in measurements)))


@cli.command()
@click.argument("record", type=click.Path(path_type=Path))
@click.option(
    "--markdown", "markdown_path", type=click.Path(path_type=Path), help="Write Markdown, print nothing."
)
def report(record: Path, markdown_path: Path | None) -> None:
    """Show a record of an earlier run; its exit code is that run's."""
    from harness.report import read_record, write_whole
    from harness.report.markdown import markdown

    found = read_record(record)
    if markdown_path is not None:
        write_whole(markdown_path, markdown(found).encode())
    else:
        _show(found)
    sys.exit(found.exit_code)


@cli.command("export-asv")
@click.argument("records", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RECORD...")
@click.option(
    "--results",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".asv/results"),
    show_default=True,
    help="asv's results, as in asv.conf.json.",
)
@click.option("--machine", default="claims", show_default=True, help="asv's name for where they were made.")
@click.option("--allow-dirty", is_flag=True, help="Enter also what was run with uncommitted changes.")
def export_asv(records: Sequence[Path], results: Path, machine: str, allow_dirty: bool) -> None:
    """Enter records into asv's history: each instance's distance from its claim, and its core seconds.

    `asv publish` then shows claims and timings on one site.
    """
    from harness.export import export
    from harness.report import read_record

    for file in records:
        record = read_record(file)
        for suite in record.suites:  # the loader beside it will be run
            if not Path(suite.path).resolve().is_relative_to(Path.cwd().resolve()):
                raise click.UsageError(
                    f"{file}: expected suites in the current folder or beneath it, found {suite.path}:"
                    " change to the folder of their repository, if you trust it"
                )
        written = export(
            record, file=str(file), results=results, machine_name=machine, allow_dirty=allow_dirty
        )
        click.echo(f"{file}: {written.instances} instances of {written.claims} claims in {written.path}")
        for note in written.notes:
            click.echo(f"  note: {note}", err=True)


def _gather(
    targets: Sequence[str], keyword: str, marks: str, assignments: Sequence[str] = (), *, imports: bool = True
) -> list[Selected]:
    from harness.targets import assigned, gather

    given = assigned(assignments)
    return gather(targets, keyword=keyword, marks=marks, imports=imports, given=given)


def _nothing() -> None:
    click.echo("Nothing selected.", err=True)
    sys.exit(NOTHING)


def _check_seeds(seeds: int | None) -> None:
    from harness.suite import LOOKS

    if seeds is not None and seeds not in LOOKS:
        raise click.UsageError(f"--seeds: expected one of {', '.join(map(str, LOOKS))}, found {seeds}")


def _show(record: Record) -> None:
    from harness.report.terminal import plain, terminal

    colored = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    paint: Callable[[str, str], str] = plain
    if colored:
        paint = lambda text, outcome: click.style(text, fg=COLORS.get(outcome))  # noqa: E731 (one line)
    click.echo(terminal(record, paint), nl=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """The `harness` command; ends the process with the exit code."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # a polite end is an interruption too
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name may be no UTF-8, a terminal may know ASCII alone
            stream.reconfigure(errors="backslashreplace")
    try:
        cli.main(args=arguments, prog_name="harness", standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(USAGE)
    except (KeyboardInterrupt, click.Abort):
        click.echo("Interrupted. What was measured is kept; the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except UserError as error:
        click.echo(str(error), err=True)
        sys.exit(USAGE)
    except Exception:
        import traceback

        traceback.print_exc()
        click.echo("This is a fault in harness itself.", err=True)
        sys.exit(INTERNAL)
