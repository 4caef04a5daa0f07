"""The help of the command line: commands in groups, each with its summary whole, and an example each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import click


@dataclass(frozen=True)
class HelpGroup:
    """Commands that belong together in `harness --help`, each with an example of its use."""

    title: str
    examples: Mapping[str, str]


GROUPS = (
    HelpGroup(
        "Begin",
        {
            "init": "harness init my-claims",
            "suites": "harness suites",
            "diagnose": "harness diagnose my_nets:net my_data:load width=64 --quick",
        },
    ),
    HelpGroup(
        "Read suites (nothing is measured)",
        {
            "check": "harness check suites/ --sarif suites.sarif",
            "list": "harness list suites/issues.toml -k sphere",
            "describe": "harness describe ntk.regression",
            "plan": "harness plan suites/issues.toml --pilot",
            "schema": "harness schema > suites/suite.schema.json",
        },
    ),
    HelpGroup(
        "Measure",
        {
            "run": 'harness run suites/issues.toml -m "not slow" --html reports/issues.html',
            "trial": "harness trial ntk.regression width=64 data=sphere --seed 7",
            "merge": "harness merge a/record.json b/record.json a/store.sqlite b/store.sqlite",
        },
    ),
    HelpGroup(
        "Show records",
        {
            "report": "harness report reports/issues.json --html reports/issues.html",
            "figure": "harness figure @issues single-error-is-ntk-error --out errors.svg",
            "cite": "harness cite reports/issues.json --bib sources.bib",
        },
    ),
    HelpGroup(
        "Compare commits",
        {
            "history": "harness history issues/single-error-is-ntk-error --last 5",
            "diff": "harness diff HEAD~1 HEAD",
            "bisect": 'harness bisect "suites/issues.toml::everyday-kernel-stays[width=512]" --good v0.1.0',
        },
    ),
    HelpGroup(
        "Keep and hand on",
        {
            "store": "harness store prune --older-than 90d",
            "export-asv": "harness export-asv reports/issues.json",
        },
    ),
)


class GroupedCommands(click.Group):
    """A command whose help lists its commands in `GROUPS`; each command's help ends with its example."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, and its example to its help."""
        called = name or cmd.name or ""
        for group in GROUPS:
            if called in group.examples:
                cmd.epilog = f"\b\nExample:\n  {group.examples[called]}"
        super().add_command(cmd, name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, group by group; what no group has comes last."""
        grouped = {name for group in GROUPS for name in group.examples}
        others = HelpGroup("Others", dict.fromkeys(self.commands.keys() - grouped, ""))
        for group in (*GROUPS, others):
            named = [(name, self.commands[name]) for name in group.examples if name in self.commands]
            if named:
                with formatter.section(group.title):
                    formatter.write_dl([(name, _summary(command)) for name, command in named])


def _summary(command: click.Command) -> str:
    """The first sentence of a command's help, whole."""
    paragraph = " ".join((command.help or "").split("\n\n")[0].split())
    sentence, separator, _ = paragraph.partition(". ")
    return sentence + separator.strip()
