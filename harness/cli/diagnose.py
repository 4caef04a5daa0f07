"""The command about a network of one's own: diagnose."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from harness.cli.options import going_on, print_report, run_options
from harness.cli.outputs import RecordOutputs, against_option, output_options
from harness.cli.say import echo
from harness.questions import LOOKS

if TYPE_CHECKING:
    from harness.history.against import References
    from harness.measure import Measurement
    from harness.options import RunOptions
    from harness.questions import Trial
    from harness.report import Record
    from harness.targets import Selected

SUITE = "@network"
QUICK = LOOKS[0]
"""Seeds of `--quick`: the first look."""
FAILED = 1


@click.command()
@click.argument("model")
@click.argument("data")
@click.argument("values", nargs=-1, metavar="[NAME=VALUE]...")
@click.option("--quick", is_flag=True, help=f"At most {QUICK} seeds.")
@run_options(
    "seeds", "workers", "memory_limit", "fresh", "first_seed", "no_store", "store", "time_budget", "recheck",
    "no_recheck",
)  # fmt: skip
@output_options
@against_option
@click.option("-q", "--quiet", is_flag=True, help="No progress.")
def diagnose(
    model: str,
    data: str,
    values: Sequence[str],
    quick: bool,
    options: RunOptions,
    outputs: RecordOutputs,
    against: References | None,
    quiet: bool,
) -> None:
    """Say in five lines whether a network trains in its kernel regime.

    MODEL and DATA are package.module:function, as in docs/own-network.md; NAME=VALUE sets a parameter of the
    model, or of the experiment ntk.network: width=64 optimizer=adam learning-rate=1e-3 steps=500.

    It measures the claims of the suite @network, so its record, page and history are those of `harness run
    @network`. It measures two seeds first, to say how long the others take. A network that is the same for
    every key is described, and not judged.
    """
    from harness.report.progress import showing
    from harness.session import run as run_session
    from harness.session import trials_of
    from harness.targets import assigned, gather

    if quick and options.seeds is not None:
        raise click.UsageError("expected --quick or --seeds, found both")
    overrides = {**assigned(values), "model": model, "data": data}
    options = replace(options, seeds=QUICK if quick else options.seeds, overrides=overrides)
    outputs = replace(outputs, against=against)
    selected = gather([SUITE], overrides=overrides)
    outputs.attempt(selected)
    echo("Two seeds first: they show whether it can be measured, and how long the others take.", err=True)
    (trial, *_) = trials_of(selected, options.first_seed)
    with going_on(kept=options.store is not None):
        tried = _first(trial, options, quiet)
        if not tried[0].values:
            sys.exit(_described(trial, tried[0]))
        echo(_how_long(selected, options, tried[0].seconds, tried[-1].seconds), err=True)
        with showing(quiet) as on_progress:
            record = run_session(selected, options, on_progress)
    sys.exit(outputs.leave(record, _print_regime))


def _first(trial: Trial, options: RunOptions, quiet: bool) -> list[Measurement]:
    """The first two seeds, or one that has no numbers. The first compiles the programs that both use."""
    from harness.measure import measure_in_turn
    from harness.report.progress import showing_trials

    found: list[Measurement] = []
    pair = [trial, replace(trial, seed=trial.seed + 1)]
    with showing_trials(quiet) as on_wait:
        for measurement in measure_in_turn(pair, store=options.store, on_wait=on_wait):
            found.append(measurement)
            if not measurement.values:
                break
    return found


def _described(trial: Trial, first: Measurement) -> int:
    """Print what a trial gives of a network that is one for all seeds, or why it gives nothing; exit code."""
    from harness.measure import measure_here
    from harness.report.regime import described

    why = first.error or next((str(missing) for missing in first.missing.values()), "nothing was measured")
    covered = any(missing.kind != "not-covered" for missing in first.missing.values())
    if first.error or covered:
        echo(why, err=True)
        return FAILED
    params = {**dict(trial.params), "checkpoint": True}
    alone = measure_here(replace(trial, params=tuple(sorted(params.items()))))
    if not alone.values:
        echo(why, err=True)
        return FAILED
    echo("\n".join(described(params, alone.values)))
    return 0


def _how_long(selected: Sequence[Selected], options: RunOptions, first: float, following: float) -> str:
    """How long the rest takes, by what two seeds took: each worker compiles once."""
    from harness.measure import Laboratory
    from harness.report.words import seconds_text
    from harness.session import cases_of

    budget = max(case.questions[0].budget for case in cases_of(selected, options.seeds))
    with Laboratory(None, workers=options.workers) as laboratory:
        workers = laboratory.workers
    compiling = max(first - following, 0.0)
    least, most = (seconds_text(compiling + following * (n - 2) / workers) for n in (QUICK, budget))
    within = f"{least} to {most}" if least != most else least
    limit = "" if options.time_budget is None else f", and no more than {seconds_text(options.time_budget)}"
    return f"A seed takes {seconds_text(following)}: about {within} with {workers} workers{limit}."


def _print_regime(record: Record, everything: bool) -> None:
    from harness.report.regime import regimes

    for found in regimes(record):
        echo("\n".join(found.lines))
    if everything:
        print_report(record, everything)
