"""The page of the command line, from its parsers; `docs/reference.py` writes it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator

import click

from harness.cli import cli


def page(note: str) -> str:
    """Every command, the groups' own too, as `--help` shows them."""
    lines = ["# The command line", "", note, "`harness COMMAND --help` prints the same of one command.", ""]
    lines += [text for _, text in _paragraphs(cli.help or "")]
    lines += ["", "| command | what it does |", "|---|---|"]
    found = list(commands(cli, "harness"))
    for name, command in found:
        lines.append(
            f"| [`{name}`](#{name.replace(' ', '-')}) | {_cell(command.get_short_help_str(limit=200))} |"
        )
    for name, command in found:
        lines += _command(name, command)
    return "\n".join(lines) + "\n"


def commands(group: click.Group, name: str) -> Iterator[tuple[str, click.Command]]:
    """Each command below a group by its whole name, `harness store prune` among them."""
    for key, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} {key}")
        else:
            yield f"{name} {key}", command


def _command(name: str, command: click.Command) -> list[str]:
    context = click.Context(command, info_name=name)
    pieces = " ".join(command.collect_usage_pieces(context))
    lines = ["", f"## {name}", "", f"`{name} {pieces}`"]
    for raw, text in _paragraphs(command.help or ""):
        lines += ["", f"```text\n{text}\n```" if raw else text]
    records = [each.get_help_record(context) for each in command.params]
    rows = [record for record in records if record and record[1]]  # the usage names the others
    if rows:
        lines += ["", "| option | meaning |", "|---|---|"]
        lines += [f"| `{_bar(option)}` | {_cell(about)} |" for option, about in rows]
    return lines


def _paragraphs(text: str) -> Iterator[tuple[bool, str]]:
    """The paragraphs of a help text, and of each whether its lines are kept as they are (`\\b`)."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text.partition("\f")[0])):
        raw, _, rest = paragraph.partition("\n")
        yield (True, inspect.cleandoc(rest)) if raw.strip() == "\b" else (False, _escaped(paragraph))


def _bar(text: str) -> str:
    return text.replace("|", "\\|")


def _cell(text: str) -> str:
    return _bar(_escaped(" ".join(text.split())))


def _escaped(text: str) -> str:
    """Plain text as Markdown: no mark of it has a meaning, but for code between backticks."""
    parts = text.split("`")
    parts[::2] = [re.sub(r"([*_\[\]<])", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)
