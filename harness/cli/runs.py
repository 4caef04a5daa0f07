"""Commands that measure, and that show what was measured: run, trial, report, merge."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from harness.cli.options import (
    USAGE,
    check_seeds,
    duration,
    gather,
    going_on,
    history_option,
    keyword_option,
    marks_option,
    memory_size,
    nothing,
    shard,
    share,
    show,
    store_option,
    targets_argument,
    track_option,
    with_option,
)
from harness.cli.outputs import Outputs, Rendered, output_options, rendering_options, save
from harness.cli.say import echo, note


@click.command()
@targets_argument
@keyword_option
@marks_option
@with_option
@click.option("--seeds", type=int, help="Another budget of seeds: 14, 21, 32, 48, 72, 108, 162 or 243.")
@click.option("--workers", type=click.IntRange(min=1), help="Worker processes.  [default: one per core]")
@click.option("--cluster", metavar="ADDRESS", default="", help="Dask workers: tcp://HOST:PORT, or local:N.")
@click.option(
    "--memory-limit",
    "memory",
    metavar="SIZE",
    callback=memory_size,
    help="Of a trial, 4GiB, in place of the claims'.",
)
@click.option("--fresh", is_flag=True, help="Use seeds that no run has used, not 0, 1, 2, …")
@click.option("--first-seed", type=click.IntRange(min=0), help="Begin at this seed (repeats a --fresh run).")
@click.option("--no-store", is_flag=True, help="Measure everything anew, and keep nothing.")
@store_option
@click.option(
    "--time-budget", metavar="TIME", callback=duration, help="End after 10min, say; the rest is not run."
)
@click.option("--shard", "part", metavar="NUMBER/OF", callback=shard, help="Only this part of it, as in 2/5.")
@click.option(
    "--recheck",
    metavar="SHARE",
    callback=share,
    help="Measure this share of what the store has again, as in 1%, and compare.",
)
@click.option("--no-recheck", is_flag=True, help="Measure no trial twice.")
@track_option
@output_options
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def run(
    targets: Sequence[str],
    keyword: str,
    marks: str,
    assignments: Sequence[str],
    seeds: int | None,
    workers: int | None,
    cluster: str,
    memory: int | None,
    fresh: bool,
    first_seed: int | None,
    no_store: bool,
    store: Path,
    time_budget: float | None,
    part: tuple[int, int] | None,
    recheck: float | None,
    no_recheck: bool,
    track: Path | None,
    outputs: Outputs,
    quiet: bool,
) -> None:
    """Measure and judge claims; print the report, and write the record to reports/NAME.json.

    A FOLDER stands for the suites in it; without a FILE or FOLDER, suites/ is taken.

    What has been measured is kept in the store: an interrupted run goes on from there. A copy of the record
    goes to the history, which `harness history` and `harness diff` read.

    One trial of each experiment is measured twice, once: where the two differ, its claims are errors.
    """
    from harness.report.progress import showing
    from harness.session import fresh_first_seed, make_importable
    from harness.session import run as run_session

    check_seeds(seeds)
    if cluster and workers is not None:
        raise click.UsageError("expected --workers or --cluster, found both; local:N has N workers")
    if fresh and first_seed is not None:
        raise click.UsageError("expected --fresh or --first-seed, found both")
    if recheck is not None and no_recheck:
        raise click.UsageError("expected --recheck or --no-recheck, found both")
    if track is not None:
        make_importable(track)
    selected = [chosen for chosen in gather(targets, keyword, marks, assignments) if chosen.instances]
    if not selected:
        nothing()
    outputs.attempt([chosen.suite.name for chosen in selected])
    first = fresh_first_seed() if fresh else first_seed
    with going_on(kept=not no_store), showing(quiet) as on_progress:
        record = run_session(
            selected,
            store=None if no_store else store,
            workers=workers,
            cluster=cluster,
            memory_limit=memory,
            seeds=seeds,
            first_seed=first,
            time_budget=time_budget,
            part=part,
            track=track,
            recheck=None if no_recheck else recheck or 0.0,
            command=("harness", *sys.argv[1:]),
            on_progress=on_progress,
        )
    sys.exit(outputs.leave(record))


@click.command()
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
        trials = trials_of(gather([what], "", "", values), seed)
    elif what.endswith(".toml") or Path(what).is_dir():
        found = f"found {what!r} without ::ID: `harness list` shows its ids"
        raise click.UsageError(f"expected an experiment, or one instance of a suite as FILE::ID, {found}")
    else:
        trials = trials_of_experiment(what, values, seed)
    from harness.measure import measure_here

    measurements = [measure_here(trial, time_limit=time_limit) for trial in trials]
    echo(trials_json(measurements) if as_json else "\n\n".join(map(trial_text, measurements)))
    sys.exit(int(any(m.status == "error" for m in measurements)))


@click.command()
@click.argument("record", type=click.Path(path_type=Path))
@rendering_options
@click.option(
    "--since", metavar="A", help="Tell what changed since A, a record, a commit, or a folder of records."
)
@history_option
def report(record: Path, rendered: Rendered, since: str | None, history: Path) -> None:
    """Show a record of an earlier run, or write a rendering of it; its exit code is that run's.

    A page shows what became of each instance over the last commits of which the history has records, and what
    changed since the last of them, or since A.
    """
    from harness.report import read_record

    if since is not None and rendered.summary is None and rendered.html is None:
        raise click.UsageError("expected --summary or --html with --since, found neither")
    found = read_record(record)
    written, problems = save(rendered.files(found, history, since))
    for problem in problems:
        note(problem)
    if not written and not problems:
        show(found)
    sys.exit(USAGE if problems else found.exit_code)


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@output_options
@store_option
def merge(files: Sequence[Path], outputs: Outputs, store: Path) -> None:
    """Merge records of shards into one, and stores into one; each FILE is a record or a store.

    Records become reports/NAME.json, as one run would have written it, with its exit code. The trials of the
    stores are added to --store.
    """
    from harness.history.merge import Part
    from harness.history.merge import merge as merge_records
    from harness.measure import Store, merge_stores
    from harness.measure.store import is_database
    from harness.report import read_record
    from harness.text import printable

    stores = [file for file in files if is_database(file)]
    parts = [Part(str(file), read_record(file)) for file in files if file not in stores]
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
    sys.exit(outputs.leave(record))
