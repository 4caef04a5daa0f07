"""The tutorial, followed word by word: its files are written, its commands run and print what it says.

What installs something is left out: the package under test is the one that runs this. Seconds are not
compared, and digits beyond the ninth neither.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUTORIAL = ROOT / "docs" / "tutorial.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w./-]+\.(?:py|toml|yml))`")
INSTALLING = ("mkdir", "python3 -m venv", "pip install")


@dataclass(frozen=True)
class Step:
    """A file to write or to add to (`name`), or a command to run (no name) and what it prints."""

    name: str
    text: str
    printed: tuple[str, ...] = ()
    adds: bool = False


def steps(document: str) -> Iterator[Step]:
    """The steps of the tutorial in order. The text before a block of code names its file."""
    end = 0
    for block in BLOCK.finditer(document):
        before, (language, text) = document[end : block.start()], block.groups()
        end = block.end()
        if language == "console":
            for entry in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
                command, *printed = entry.splitlines()
                if not command.startswith(INSTALLING):
                    yield Step("", command, tuple(printed))
        elif language == "text":
            yield Step("", "", tuple(text.splitlines()))  # of the command before
        else:
            name = FILE.findall(before)[-1]
            yield Step(name, text, adds=f"Add to `{name}`" in before)


def comparable(line: str) -> str:
    """The line without its seconds, and with at most nine digits of a number."""
    line = re.sub(r"^(  \S \w.*\w) +[0-9]+$", r"\1", line)  # the last column, core-s
    line = re.sub(r"\(cpu, [0-9.]+ s\)| in [0-9.]+s", "", line)
    return re.sub(r"0\.[0-9]{10,}", lambda found: f"{float(found[0]):.9g}", line).rstrip()


def follow(folder: Path, environment: dict[str, str]) -> Iterator[tuple[Step, str]]:
    """Do the steps in a folder; each with what was printed so far by the last command."""
    printed = ""
    for step in steps(TUTORIAL.read_text()):
        if step.name:
            path = folder / step.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text((path.read_text() + "\n" if step.adds else "") + step.text)
        elif step.text:
            command = ["bash", "-c", step.text]
            done = subprocess.run(
                command, cwd=folder, env=environment, capture_output=True, text=True, check=False
            )
            printed = done.stdout + (done.stderr if done.returncode > 1 else "")
        yield step, printed


@pytest.mark.slow
def test_its_commands_print_what_it_says(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, module in (("harness", "harness"), ("pytest", "pytest")):
        tool = tools / name
        tool.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {module} "$@"\n')
        tool.chmod(0o755)
    folder = tmp_path / "features"
    folder.mkdir()
    environment = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTEST_ADDOPTS": "-p no:jaxtyping"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), environment.get("PYTHONPATH", "")])
    commands = 0
    for step, printed in follow(folder, environment):
        if step.name:
            continue
        found = {comparable(line) for line in printed.splitlines()}
        missing = [line for line in step.printed if comparable(line) not in found]
        assert not missing, f"$ {step.text}\n{printed}"
        commands += 1
    assert commands >= 9
    assert (folder / ".github/workflows/claims.yml").exists()


def test_every_file_of_it_is_named() -> None:
    names = [step.name for step in steps(TUTORIAL.read_text()) if step.name]
    expected = ["mydata.py", "rff.py", "claims.toml", "claims.toml", ".github/workflows/claims.yml"]
    assert names == expected
    assert TUTORIAL.read_text().count("$ pip install") == 2, "the test leaves these lines out"
