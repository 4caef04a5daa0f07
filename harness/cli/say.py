"""The one door to the terminal: whatever a command prints goes through `echo`.

Names of files, texts of suites and records, messages of trials and of git are others' words. A control
character in one of them could move the cursor, rewrite what stands there, set the window's title, or
reverse what follows. So what is not printable is replaced, but for line feeds; colours are our own, marked by
a number that nobody else knows, and become escape sequences here.
"""

from __future__ import annotations

import io
import os
import re

import click

from harness.text import no_command, printable

SECRET = str(int.from_bytes(os.urandom(7)))
_MARK = re.compile(rf"\x1b\[{SECRET};([0-9]+)m")
_COLORS = {"red": 31, "green": 32, "yellow": 33, "magenta": 35, "cyan": 36}
_PLAIN = 0


def echo(text: str = "", *, err: bool = False, nl: bool = True) -> None:
    """Print a text, which may have several lines."""
    parts = _MARK.split(text)  # text, colour, text, colour, …, text
    shown = [f"\x1b[{part}m" if place % 2 else lines(part) for place, part in enumerate(parts)]
    click.echo(no_command("".join(shown)), err=err, nl=nl)


def note(text: str) -> None:
    """Print a remark on standard error, in one line whatever it holds."""
    echo(printable(text), err=True)


def runner_command(text: str) -> None:
    """Print a line that the runner of GitHub Actions is to obey; what is in it has been escaped."""
    click.echo(printable(text))


def complain(error: click.ClickException) -> None:
    """Print what is wrong with a command line, which may hold others' names as well."""
    said = io.StringIO()
    error.show(file=said)
    echo(said.getvalue(), err=True, nl=False)


def colored(text: str, color: str | None) -> str:
    """The text as `echo` prints it in a colour. To a table's width the marks are escape sequences."""
    return f"\x1b[{SECRET};{_COLORS[color]}m{text}\x1b[{SECRET};{_PLAIN}m" if color else text


def lines(text: str) -> str:
    """A text of several lines, each safe to print. What is no UTF-8 is left for the stream to show."""
    whole = text.replace("\r\n", "\n").replace("\t", "    ")
    return "".join(c if c == "\n" or "\ud800" <= c <= "\udfff" else printable(c) for c in whole)
