"""The store of measured trials: what it holds, and what can go."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import click

from harness.cli.options import history_option, reads, run_option
from harness.cli.say import echo, note
from harness.text import duration


@click.group(invoke_without_command=True)
@run_option("store")
@click.pass_context
def store(context: click.Context, store: Path) -> None:
    """Show what the store of measured trials holds, or remove what nobody needs."""
    context.obj = store
    if context.invoked_subcommand is None:
        _show(store)


@store.command()
@click.option(
    "--older-than",
    metavar="TIME",
    callback=reads(duration),
    help="Only trials that were measured longer ago, as in 90d.",
)
@click.option("--unreachable", is_flag=True, help="Only trials that no record of the history names.")
@history_option
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@click.pass_obj
def prune(store: Path, older_than: float | None, unreachable: bool, history: Path, dry_run: bool) -> None:
    """Remove trials that were measured long ago, or that no record of the history names, or both."""
    from harness.history.archive import fingerprints
    from harness.measure import Store
    from harness.measure import prune as remove
    from harness.measure.upkeep import clean, size_on_disk
    from harness.report.words import seconds_text

    if older_than is None and not unreachable:
        raise click.UsageError("expected --older-than or --unreachable (or both), found neither")
    before = None if older_than is None else time.time() - older_than
    reachable, problems = fingerprints(history) if unreachable else (None, [])
    for problem in problems:
        note(f"note: {problem}; what it names counts as not named")
    _expect(store)
    was = size_on_disk(store)
    opened = Store(store)
    try:
        found = remove(opened, before=before, reachable=reachable, dry_run=dry_run)
    finally:
        opened.close()
    word = "would be removed" if dry_run else "removed"
    echo(f"{found.trials} of {found.of} trials {word}, {seconds_text(found.seconds)} of core time.")
    if not dry_run:
        files = clean(store, before)
        echo(f"{_bytes(was)} → {_bytes(size_on_disk(store))}; {files} files beside the store removed.")


LONGEST = 200
"""Characters of an experiment's name that are shown."""


def _show(path: Path) -> None:
    from tabulate import tabulate

    from harness.measure import Store, contents
    from harness.measure.upkeep import size_on_disk
    from harness.report.words import seconds_text
    from harness.text import printable

    _expect(path)
    opened = Store(path)
    try:
        found = contents(opened)
    finally:
        opened.close()
    rows = [
        (printable(c.experiment[:LONGEST]), c.trials, seconds_text(c.seconds), _day(c.oldest), _day(c.newest))
        for c in found
    ]
    if rows:
        echo(tabulate(rows, ("experiment", "trials", "core time", "first", "last"), tablefmt="simple"))
        echo()
    trials, total = sum(c.trials for c in found), sum(c.seconds for c in found)
    programs = path.with_name(path.name + ".jax")
    echo(f"{path}: {trials} trials, {seconds_text(total)} of core time, {_bytes(size_on_disk(path))}")
    if programs.is_dir():
        echo(f"{programs}: compiled programs, {_bytes(size_on_disk(programs))}")


def _expect(path: Path) -> None:
    from harness.measure import StoreError

    if not path.exists():
        raise StoreError(f"store {path}: expected a store of measurements, found no file: run a suite first")


def _day(stamp: float) -> str:
    return datetime.fromtimestamp(stamp).strftime("%Y-%m-%d")


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1e5 else f"{count / 1e3:.1f} kB"
