"""The command that begins: init."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.say import echo
from harness.text import printable


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path), default=Path())
def init_(folder: Path) -> None:
    """Write a first suite with its experiment, .gitignore and a GitHub workflow.

    The experiment needs NumPy alone. FOLDER is the current one if you leave it out, and is made if it does
    not exist. If it has files of these names already, the command names them and writes nothing.
    """
    from harness.init import WORKFLOW, first_suite

    for name in first_suite(folder):
        echo(f"  {name}")
    here = folder.resolve() == Path.cwd()
    moving = "" if here else f"  cd {printable(str(folder))}\n"
    echo(
        f"Written. In a folder with git, `git add .` adds them. Next:\n{moving}"
        "  harness check    reads suites/first.toml and reports mistakes\n"
        "  harness run      measures its claims, in seconds\n"
        "  pytest           runs each instance of a claim as a test\n"
        f"Before you push, put in place of OWNER in {WORKFLOW} whose repository of the harness you use."
    )
