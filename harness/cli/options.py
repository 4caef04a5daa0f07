"""Options that commands share, the texts that they read, and what is printed the same way everywhere."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.say import colored, echo
from harness.disk import inside

if TYPE_CHECKING:
    from harness.report import Record
    from harness.targets import Selected

NOTHING, USAGE = 5, 4
COLORS = {
    "as-expected": "green",
    "unexpected": "red",
    "vacuous": "magenta",
    "inconclusive": "yellow",
    "not-covered": "cyan",
    "not-run": "yellow",
    "error": "red",
    "flipped": "red",
    "weakened": "red",
    "strengthened": "green",
    "redefined": "magenta",
    "shifted": "yellow",
}
"""By outcome, and by kind of change."""

_UNITS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?) *(s|min|h|d)(?= *(?:\d|$))")


def duration(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """`90s`, `10min`, `1h 30min`, `30d`, as seconds; a callback."""
    if text is None:
        return None
    seconds = sum(float(number) * _UNITS[unit] for number, unit in _AMOUNT.findall(text))
    if _AMOUNT.sub("", text).strip() or seconds <= 0:
        raise click.BadParameter(f"expected a duration such as 90s, 10min, 1h30min or 30d, found {text!r}")
    return seconds


def share(context: click.Context, parameter: click.Parameter, text: str | None) -> float | None:
    """`1%` as 0.01; a callback."""
    from harness.text import share as read

    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def memory_size(context: click.Context, parameter: click.Parameter, text: str | None) -> int | None:
    """`4GiB` as bytes; a callback."""
    from harness.text import size

    if text is None:
        return None
    try:
        return size(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def shard(context: click.Context, parameter: click.Parameter, text: str | None) -> tuple[int, int] | None:
    """`2/5`, the second of five, as its two numbers; a callback."""
    if text is None:
        return None
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise click.BadParameter(f"expected NUMBER/OF such as 2/5, found {text!r}")
    return int(found[1]), int(found[2])


def _default_store() -> Path:
    from harness.targets import default_store

    return default_store()


def _default_history() -> Path:
    named = os.environ.get("HARNESS_HISTORY")
    return Path(named) if named else inside(Path("reports") / "history", "--history or HARNESS_HISTORY")


targets_argument = click.argument("targets", nargs=-1, metavar="[FILE[::ID]|FOLDER]...")
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
history_option = click.option(
    "--history",
    type=click.Path(path_type=Path, file_okay=False),
    default=_default_history,
    show_default="reports/history",
    help="Where the records of all runs are (also HARNESS_HISTORY).",
)
track_option = click.option(
    "--track",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="The git repository of the code under test, where that is another than the suite's.",
)
machine_option = click.option("--machine", default="", help="Only runs on this machine.")


def gather(
    targets: Sequence[str], keyword: str, marks: str, assignments: Sequence[str] = (), *, imports: bool = True
) -> list[Selected]:
    """Load and select, as the command line says; tell of each suite of which nothing is selected."""
    from harness import targets as room
    from harness.suite.unmatched import unmatched

    given = room.assigned(assignments)
    selected = room.gather(targets, keyword=keyword, marks=marks, imports=imports, given=given)
    any_selected = any(chosen.instances for chosen in selected)
    for chosen in selected:
        if not chosen.instances:
            echo(unmatched(chosen.suite, keyword, marks, names=not any_selected), err=True)
    return selected


class Interrupted(KeyboardInterrupt):
    """An interruption of which there is more to say."""


@contextlib.contextmanager
def going_on(kept: bool = True) -> Iterator[None]:
    """Say, when what is inside is interrupted, what is left of it; `kept`: trials are stored as they end."""
    try:
        yield
    except KeyboardInterrupt:
        said = "Nothing was kept (--no-store)."
        if kept:
            said = "What was measured is kept; the same command goes on from there."
        raise Interrupted(said) from None


def nothing() -> None:
    """Say that nothing is selected, and end so."""
    echo("Nothing selected.", err=True)
    sys.exit(NOTHING)


def check_seeds(seeds: int | None) -> None:
    """Refuse a budget that is no look."""
    from harness.questions import LOOKS

    if seeds is not None and seeds not in LOOKS:
        raise click.UsageError(f"--seeds: expected one of {', '.join(map(str, LOOKS))}, found {seeds}")


def painter() -> Callable[[str, str], str]:
    """Colours a text by outcome or kind of change, on a terminal that wants it."""
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return lambda text, word: colored(text, COLORS.get(word))
    return lambda text, word: text


def show(record: Record) -> None:
    """Print the report."""
    from harness.report.terminal import terminal

    echo(terminal(record, painter()), nl=False)
