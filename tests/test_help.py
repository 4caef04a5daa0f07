"""The help of the command line: groups, whole summaries, and examples that the commands take."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from harness.cli import cli, main
from harness.cli.help import EXAMPLES, MORE, SECTIONS


def commands(
    group: click.Group = cli, path: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        yield (*path, name), command
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def printed(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main([*arguments, "--help"])
    assert left.value.code == 0
    return capsys.readouterr().out


def test_every_command_stands_in_a_section_with_its_whole_summary(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys)
    assert "..." not in text.partition("Options:")[2]
    assert max(map(len, text.splitlines())) <= 80
    assert f"{MORE}:" not in text
    for title, names in SECTIONS.items():
        section = text.partition(f"\n{title}:\n")[2].partition("\n\n")[0]
        for name in set(names) & set(cli.commands):
            summary = " ".join((cli.commands[name].help or "").split()).partition(". ")[0].rstrip(".")
            assert f"{name} {summary}" in " ".join(section.split())


@pytest.mark.parametrize("path", [path for path, _ in commands()], ids=" ".join)
def test_every_command_has_an_example_with_its_own_options(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    command = dict(commands())[path]
    text = printed(capsys, *path)
    for line in EXAMPLES[path[-1]]:
        assert f"\n  {line}\n" in text or f"\n    {line}\n" in text
        words = shlex.split(line.partition(" > ")[0])
        assert words[0] == "harness"
        assert words[1] == path[0]
        known = {option for each in dict(commands()).values() for p in each.params for option in p.opts}
        own = {option for p in command.params for option in p.opts}
        options = {word for word in words[1:] if re.match("--?[a-z]", word)}
        assert options <= (known if "prune" in words else own)
