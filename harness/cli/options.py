"""Options that commands share, the texts that they read, and what is printed the same way everywhere."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from harness.cli.complete import complete_targets
from harness.cli.say import colored, echo
from harness.disk import inside
from harness.errors import OptionError
from harness.options import OPTIONS, STORE, RunOptions, default_store, spelled

if TYPE_CHECKING:
    from harness.report import Record
    from harness.targets import Selected

_Command = TypeVar("_Command", bound=Callable[..., Any])

NOTHING, USAGE = 5, 4
COLORS = {
    "unexpected": "red",
    "vacuous": "magenta",
    "inconclusive": "yellow",
    "not-covered": "cyan",
    "not-run": "yellow",
    "error": "red",
    "flipped": "red",
    "weakened": "red",
    "moved": "red",
    "strengthened": "green",
    "redefined": "magenta",
    "shifted": "yellow",
}
"""Colours, by outcome and by kind of change."""


def reads(read: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """A callback that gives what `read` makes of the text, and shows the ValueError that it raises."""

    def callback(context: click.Context, parameter: click.Parameter, text: str | None) -> Any:
        try:
            return None if text is None else read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return callback


def _default_history() -> Path:
    named = os.environ.get("HARNESS_HISTORY")
    return Path(named) if named else inside(Path("reports") / "history", "--history or HARNESS_HISTORY")


targets_argument = click.argument(
    "targets", nargs=-1, metavar="[FILE[::ID]|FOLDER]...", shell_complete=complete_targets
)
keyword_option = click.option("-k", "keyword", default="", help="Only ids that this expression matches.")
marks_option = click.option("-m", "marks", default="", help='Only these marks, as in -m "not slow".')
history_option = click.option(
    "--history",
    type=click.Path(path_type=Path, file_okay=False),
    default=_default_history,
    show_default="reports/history",
    help="The folder with the records of all runs (also HARNESS_HISTORY).",
)
machine_option = click.option("--machine", default="", help="Only runs on this machine.")


def run_option(name: str) -> Callable[[_Command], _Command]:
    """Give a command one option of a run, as `RunOptions` states it; its argument is the field's name."""
    shown, word = OPTIONS[name], f"--{spelled(name)}"
    how: dict[str, Any] = {"help": shown.help, "metavar": shown.metavar}
    match name:
        case "overrides":
            how["multiple"] = True
        case "store":
            how |= {"type": click.Path(path_type=Path, dir_okay=False), "metavar": None}
            how |= {"default": default_store, "show_default": str(STORE)}
        case "track":
            how["type"] = click.Path(path_type=Path, exists=True)
        case "fresh" | "confirm" | "quantities":
            how["is_flag"] = True
        case _ if shown.repeated:
            how["multiple"] = True
        case "cluster":
            how["default"] = ""
        case _ if shown.read is not None:
            how["callback"] = reads(shown.read)
        case _:
            how["type"] = int if shown.least is None else click.IntRange(min=shown.least)
    words = [word, f"--{shown.old}"] if shown.old else [word]
    return click.option(*words, name, **how)


def run_options(*names: str) -> Callable[[_Command], _Command]:
    """Give a command these options of a run, as its argument `options`.

    An option that can be switched off has a flag `--no-OPTION` beside it where `names` has `no_OPTION`.
    """

    def decorate(command: _Command) -> _Command:
        @functools.wraps(command)
        def wrapped(**values: Any) -> Any:
            asked = {name: values.pop(name) for name in names}
            return command(options=_run_options(asked), **values)

        for name in reversed(names):
            if name.startswith("no_"):
                off = OPTIONS[name.removeprefix("no_")].off
                flag = click.option(f"--{name.replace('_', '-')}", name, is_flag=True, help=off)
                wrapped = flag(wrapped)
            else:
                wrapped = run_option(name)(wrapped)
        return cast(_Command, wrapped)

    return decorate


def _run_options(asked: dict[str, Any]) -> RunOptions:
    """What a command line asks for."""
    from harness.targets import assigned

    values: dict[str, Any] = {"command": ("harness", *sys.argv[1:])}
    for name, value in asked.items():
        if name == "overrides":
            values[name] = assigned(value)
        elif not name.startswith("no_") and value is not None:
            values[name] = tuple(value) if OPTIONS[name].repeated else value
    if asked.get("no_recheck"):
        if "recheck" in values:
            raise click.UsageError("expected --recheck or --no-recheck, found both")
        values["recheck"] = False
    if asked.get("no_store"):
        values["store"] = None
    try:
        return RunOptions(**values)
    except OptionError as error:
        raise click.UsageError(error.spelled(lambda name: f"--{spelled(name)}")) from None


def selected_instances(
    targets: Sequence[str],
    keyword: str,
    marks: str,
    overrides: Mapping[str, object] | None = None,
    *,
    imports: bool = True,
) -> list[Selected]:
    """Load and select, as the command line says; tell of each suite of which nothing is selected."""
    from harness import targets as room
    from harness.suite.unmatched import unmatched

    selected = room.gather(targets, keyword=keyword, marks=marks, imports=imports, overrides=overrides)
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
            said = "Measured trials are kept; the same command continues from there."
        raise Interrupted(said) from None


def end_with_nothing_selected() -> None:
    """Say that nothing is selected, and end so."""
    echo("Nothing selected.", err=True)
    sys.exit(NOTHING)


def painter() -> Callable[[str, str], str]:
    """Colours a text by outcome or kind of change, on a terminal that wants it."""
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return lambda text, word: colored(text, COLORS.get(word))
    return lambda text, word: text


all_option = click.option("--all", "everything", is_flag=True, help="Print every instance, as a table.")


def print_report(record: Record, everything: bool = False) -> None:
    """Print the report, in as many columns as the terminal has; 80 where that is not known."""
    import shutil

    from harness.report.columns import NARROW
    from harness.report.terminal import terminal

    width = shutil.get_terminal_size((NARROW, 24)).columns
    echo(terminal(record, painter(), width=width, everything=everything), nl=False)
