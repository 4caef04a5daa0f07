"""Commands that measure, and that show what was measured: run, trial, report, merge."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.complete import complete_experiments, complete_records
from harness.cli.options import (
    USAGE,
    all_option,
    end_with_nothing_selected,
    going_on,
    history_option,
    keyword_option,
    marks_option,
    print_report,
    run_option,
    run_options,
    selected_instances,
    targets_argument,
)
from harness.cli.outputs import (
    RecordOutputs,
    Rendered,
    against_option,
    hold_and_print,
    output_options,
    references,
    rendering_options,
    save,
)
from harness.cli.say import echo, note
from harness.cli.untracked import tracking_hint

if TYPE_CHECKING:
    from harness.history.against import References
    from harness.measure import Measurement
    from harness.options import RunOptions
    from harness.targets import Selected


@click.command()
@targets_argument
@keyword_option
@marks_option
@run_options(
    "overrides", "seeds", "workers", "workers_per_device", "block", "cluster", "memory_limit", "fresh",
    "first_seed", "no_store", "store", "time_budget", "shard", "recheck", "no_recheck", "confirm",
    "against", "within", "quantities", "track",
)  # fmt: skip
@output_options
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def run(
    targets: Sequence[str],
    keyword: str,
    marks: str,
    options: RunOptions,
    outputs: RecordOutputs,
    quiet: bool,
) -> None:
    """Measure and judge claims, print the report, and write the record to reports/NAME.json.

    A FOLDER stands for the suites in it. Without a FILE or FOLDER, it runs the suites in suites/.

    The report begins and ends with the claims that are not as expected. It is as wide as the terminal; --all
    prints every instance.

    The store keeps measured trials: an interrupted run continues from there. A copy of the record goes
    to the history, which `harness history` and `harness diff` read.

    One trial of each experiment is measured a second time. If the two differ, the experiment's claims are
    errors.
    """
    from harness.report.progress import showing
    from harness.session import make_importable
    from harness.session import run as run_session

    outputs = replace(outputs, against=references(options.against))
    if options.track is not None:
        make_importable(options.track)
    selected = [
        each for each in selected_instances(targets, keyword, marks, options.overrides) if each.instances
    ]
    if not selected:
        end_with_nothing_selected()
    outputs.attempt(selected)
    with going_on(kept=options.store is not None), showing(quiet) as on_progress:
        record = run_session(selected, options, on_progress)
    code = outputs.leave(record)
    if outputs.keep and (hint := tracking_hint(record, Path.cwd())):
        note(hint)
    sys.exit(code)


@click.command()
@click.argument("what", metavar="EXPERIMENT|FILE::ID", shell_complete=complete_experiments)
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="The seed.  [default: for an instance the first that a run reads, else 0]",
)
@click.option("--time-limit", type=float, default=3600.0, show_default=True, help="Seconds.")
@run_options("block")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def trial(
    what: str,
    values: Sequence[str],
    seed: int | None,
    time_limit: float,
    options: RunOptions,
    as_json: bool,
) -> None:
    """Measure one trial, or the trials of one seed of an instance, and print the numbers.

    NAME=VALUE sets a parameter; for an instance it replaces the suite's value. For an instance with a
    boundary, the value of its axis chooses one of the points that a run may visit; the default is the first.

    It neither reads nor writes the store, so you can reproduce any number of a report by hand.
    """
    from harness.plan.points import about_points
    from harness.report.trial import trial_text, trials_json
    from harness.session import cases_of, trials_of, trials_of_experiment
    from harness.targets import assigned

    if "::" in what:
        selected, at = _at_a_point(what, assigned(values))
        trials = trials_of(selected, seed, at)
        for said in filter(None, (about_points(case, at) for case in cases_of(selected))):
            note(said)
    elif what.endswith(".toml") or Path(what).is_dir():
        found = f"found {what!r} without ::ID: `harness list` shows its ids"
        raise click.UsageError(f"expected an experiment, or one instance of a suite as FILE::ID, {found}")
    else:
        trials = trials_of_experiment(what, values, seed or 0)
    from harness.measure import measure_in_turn
    from harness.report.progress import showing_trials

    measurements: list[Measurement] = []
    with showing_trials() as on_wait:
        for each in trials:
            measurements += measure_in_turn([each], time_limit, block=options.block or 0, on_wait=on_wait)
    echo(trials_json(measurements) if as_json else "\n\n".join(map(trial_text, measurements)))
    sys.exit(int(any(m.status == "error" for m in measurements)))


def _at_a_point(target: str, values: Mapping[str, object]) -> tuple[list[Selected], Mapping[str, object]]:
    """The selected instances, with those of the values that choose a point on a boundary's axis."""
    axes: set[str | None] = set()
    if values:
        stated = [
            i for chosen in selected_instances([target], "", "", imports=False) for i in chosen.instances
        ]
        axes = {i.claim.predicate.axis for i in stated if i.claim.predicate.USE == "range"}
    overrides = {name: value for name, value in values.items() if name not in axes}
    at = {name: value for name, value in values.items() if name in axes}
    return selected_instances([target], "", "", overrides), at


@click.command()
@click.argument("record", type=click.Path(path_type=Path), shell_complete=complete_records)
@rendering_options
@click.option(
    "--since", metavar="A", help="Show what changed since A, a record, a commit, or a folder of records."
)
@history_option
@against_option
@all_option
def report(
    record: Path,
    rendered: Rendered,
    since: str | None,
    history: Path,
    against: References | None,
    everything: bool,
) -> None:
    """Show the record of an earlier run, or write it as a page or as Markdown.

    RECORD is a file, or @NAME: the published record of a suite that comes with harness. The exit code is that
    of the run; with --against, that of the comparison with published records.

    A page shows the outcomes of each instance at the last commits that the history has records of, and what
    changed since the last of them, or since A.
    """
    from harness.report import read_record

    if since is not None and rendered.summary is None and rendered.html is None:
        raise click.UsageError("expected --summary or --html with --since, found neither")
    found = read_record(record)
    written, problems = save(rendered.files(found, history, since, against.published if against else None))
    for problem in problems:
        note(problem)
    if not written and not problems:
        print_report(found, everything)
    code = hold_and_print(found, against)
    sys.exit(USAGE if problems else code)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@output_options
@against_option
@run_option("store")
def merge(files: Sequence[Path], outputs: RecordOutputs, against: References | None, store: Path) -> None:
    """Merge the records of shards into one, and stores into one.

    Each FILE is a record or a store. The records become reports/NAME.json, as one run of all shards
    writes it, and the exit code is that of such a run. The trials of the stores are added to --store.
    """
    from harness.history.merge import ShardFile
    from harness.history.merge import merge as merge_records
    from harness.measure import Store, merge_stores
    from harness.measure.store import is_database
    from harness.report import read_record
    from harness.text import printable

    stores = [file for file in files if is_database(file)]
    parts = [ShardFile(str(file), read_record(file)) for file in files if file not in stores]
    record = merge_records(parts, ("harness", *sys.argv[1:])) if parts else None
    if stores:
        into = Store(store)
        try:
            for file in stores:
                added, found = merge_stores(into, file)
                echo(f"{printable(str(file))}: {added} of {found} trials added to {store}")
        finally:
            into.close()
    if record is None:
        return
    sys.exit(replace(outputs, against=against).leave(record))
