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

    The experiment needs only NumPy. FOLDER is the current folder by default; it is made if it does not exist.
    If it already has files of these names, the command names them and writes nothing.
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
        f"Before you push, replace OWNER in {WORKFLOW} by the owner of the harness repository that you use."
    )
