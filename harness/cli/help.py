"""How the command line explains itself: commands in groups, each with a whole sentence and an example."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

SECTIONS: Mapping[str, Sequence[str]] = {
    "Begin": ("init", "suites", "check", "list", "describe", "schema"),
    "Measure": ("plan", "run", "trial", "diagnose"),
    "Show": ("report", "figure", "cite"),
    "Compare over commits": ("history", "diff", "bisect"),
    "Keep and combine": ("merge", "store", "export-asv"),
}
"""Title → commands; what no section names stands under `MORE`."""
MORE = "More"
EXAMPLES: Mapping[str, Sequence[str]] = {
    "init": ("harness init my-claims",),
    "suites": ("harness suites",),
    "check": (
        "harness check suites/issues.toml --sarif suites.sarif",
        "harness check suites --against reports/published",
    ),
    "list": ('harness list suites/issues.toml -m "not slow"',),
    "describe": ("harness describe ntk.regression",),
    "schema": ("harness schema > suite.schema.json",),
    "plan": ("harness plan suites/issues.toml --pilot",),
    "run": (
        'harness run suites/issues.toml -m "not slow" --html reports/issues.html',
        "harness run @kernels --override subject=my.module:kernel",
    ),
    "trial": ("harness trial ntk.regression width=256 data=digits --seed 7",),
    "diagnose": ("harness diagnose my_nets:net my_data:load width=64 --quick",),
    "report": ("harness report @issues --all", "harness report reports/issues.json --html issues.html"),
    "figure": ("harness figure @issues single-error-is-ntk-error --out errors.svg",),
    "cite": ("harness cite reports/issues.json --bib sources.bib",),
    "history": ("harness history issues/single-error-is-ntk-error --last 5",),
    "diff": ("harness diff HEAD~1 HEAD --html diff.html",),
    "bisect": ("harness bisect 'suites/first.toml::same[size=2]' --good v0.1.0",),
    "merge": (
        "harness merge shard-1.json shard-2.json --html reports/all.html",
        "harness merge a/record.json b/record.json a/store.sqlite b/store.sqlite",
    ),
    "store": ("harness store", "harness store prune --older-than 90d --dry-run"),
    "prune": ("harness store prune --unreachable --dry-run",),
    "export-asv": ("harness export-asv reports/history/*.json",),
}
"""Command → lines that one can type."""


class SectionedGroup(click.Group):
    """A group whose help lists its commands by sections, and cuts no sentence."""

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write each section as a list."""
        placed = {name for names in SECTIONS.values() for name in names}
        left = [name for name in self.list_commands(context) if name not in placed]
        for title, names in {**SECTIONS, MORE: left}.items():
            rows = [
                (name, command.get_short_help_str(limit=10**6))
                for name in names
                if (command := self.get_command(context, name)) is not None and not command.hidden
            ]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)


def give_examples(group: click.Group) -> None:
    """Put an example at the end of the help of each command that has one, and of its own commands."""
    for name, command in group.commands.items():
        if name in EXAMPLES:
            noun = "Example" if len(EXAMPLES[name]) == 1 else "Examples"
            command.epilog = "\n".join(["\b", f"{noun}:", *(f"  {line}" for line in EXAMPLES[name])])
        if isinstance(command, click.Group):
            give_examples(command)
