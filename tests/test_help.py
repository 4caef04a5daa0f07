"""Help and completion: groups, whole summaries, examples that commands take, and what a shell is offered."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from good_suite import GOOD

from harness.cli import cli, main
from harness.cli.help import EXAMPLES, MORE, SECTIONS
from harness.declare import experiment_names


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
def test_every_command_has_an_example_that_its_options_allow(
    path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    text = printed(capsys, *path)
    for line in EXAMPLES[path[-1]]:
        assert f"\n  {line}\n" in text or f"\n    {line}\n" in text
        program, called, *words = shlex.split(line.partition(" > ")[0])
        assert (program, called) == ("harness", path[0])
        command: click.Command = cli.commands[called]
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        command.make_context(called, words, resilient_parsing=False)


def offered(*words: str) -> list[str]:
    """What the shell offers after these words, of which the last is being written."""
    *before, incomplete = words
    found = ShellComplete(cli, {}, "harness", "_HARNESS_COMPLETE").get_completions(before, incomplete)
    return [item.value if item.type == "plain" else f"<{item.type}>" for item in found]


def test_shells_are_offered_suites_ids_experiments_and_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "toys.toml").write_text(GOOD)
    (tmp_path / "bad.toml").write_text("= 1")
    ids = ["same", *(f"same[shift=0,size={size}]" for size in (1, 2, 4))]
    for command in ("run", "list", "plan"):
        assert offered(command, "toys.toml::sa") == [f"toys.toml::{id_}" for id_ in ids]
        assert offered(command, "toys.toml::same[shift=0,size=4") == [f"toys.toml::{ids[-1]}"]
        assert offered(command, "@ker") == ["@kernels"]
        assert "<file>" in offered(command, "")
    assert offered("bisect", "toys.toml::other") == []
    assert offered("run", "toys.toml", "::", "sa") == ids, "as bash splits words"
    assert offered("run", "toys.toml", "::") == [f"::{id_}" for id_ in ids]
    assert offered("run", "bad.toml::") == offered("run", "gone.toml::") == []
    assert offered("trial", "ntk.reg") == ["ntk.regression", "<file>"]
    assert set(experiment_names()) < set(offered("describe", ""))
    assert offered("report", "@der") == ["@derivation"]
    assert offered("figure", "@der") == offered("cite", "@der") == ["@derivation"]
