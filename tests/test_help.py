"""Help and completion: every command has its place and an example, and what a shell is offered exists."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from commands import said
from good_suite import GOOD

from harness.cli import cli
from harness.cli.groups import GROUPS
from harness.declare import experiment_names


def test_every_command_has_a_group_and_an_example_that_its_options_allow() -> None:
    named = {name: example for group in GROUPS for name, example in group.examples.items()}
    assert named.keys() == cli.commands.keys()
    for name, example in named.items():
        program, called, *words = shlex.split(example)
        assert (program, called) == ("harness", name)
        command: click.Command = cli.commands[name]
        while isinstance(command, click.Group) and words and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        if ">" in words:
            words = words[: words.index(">")]
        command.make_context(name, words, resilient_parsing=False)
        assert said(name, "--help")[1].endswith(f"\n  Example:\n    {example}\n")


def test_help_lists_commands_in_groups_with_whole_summaries_in_80_columns() -> None:
    code, out = said("--help")
    assert code == 0
    assert [
        line.rstrip(":") for line in out.splitlines() if line.rstrip(":") in {g.title for g in GROUPS}
    ] == [group.title for group in GROUPS]
    assert out.count("...") == 1, "of the usage, not of summaries"
    assert max(map(len, out.splitlines())) <= 80


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
