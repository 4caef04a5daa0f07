"""Every code block of the README and of docs/ is run, or checked, or says why it is not: docs/blocks.py."""

from __future__ import annotations

import importlib.util
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from edits import edited

ROOT = Path(__file__).parents[2]


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_blocks", ROOT / "docs" / "blocks.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs_blocks"] = module  # its dataclass looks there
    spec.loader.exec_module(module)
    return module


BLOCKS = load()
OF_PAGES = {page: BLOCKS.blocks(page) for page in BLOCKS.pages()}
PYTHON = {
    page: [b for b in found if b.language == "python" and b.state == "run" and not (b.note or b.by)]
    for page, found in OF_PAGES.items()
}
COMMANDS = [page for page, found in OF_PAGES.items() if any(b.exit_code is not None for b in found)]


def test_every_block_is_run_or_checked_or_says_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    assert BLOCKS.main([]) == 0, capsys.readouterr().out
    total = capsys.readouterr().out.splitlines()[-1]
    assert total.endswith(" not run, each with its reason.")


SUITE = """\
[suite]
format = 2
title = "One"

[experiments.match]
run = "ntk.regression"

[claims.one]
says = "One."
expect = "open"
experiment = "match"
at-most = { of = "single.error", bound = 1 }
"""
RIGHT = f"""\
`harness run --seeds` and `harness COMMAND` are commands, and so is `harness run FILE::ID`.

<!-- file: one.toml -->
```toml
{SUITE}```

<!-- adds to: one.toml -->
```toml
[[claims.one.where]]
seeds = 14
```

<!-- run, exits with 1 -->
```console
$ harness run one.toml -m "not slow" | grep one && A=1 harness check --import one.toml > x
of what it prints, --this is no option
$ make run PYTHON=python3      # --nor this
```

```python
from harness import run, Quantity
from harness.ntk import data
from numpy import nothing
```

```yaml
steps: [{{ uses: OWNER/ntk-harness@v1, with: {{ suites: a.toml }} }}]
```

<!-- not run: printed elsewhere -->
```text
$ harness nothing
```
"""
BLOCK = "```{}\n{}\n```\n"


def test_a_right_page_has_no_problems() -> None:
    assert list(BLOCKS.problems("docs/page.md", RIGHT)) == []
    states = [block.state for block in BLOCKS.blocks("docs/page.md", RIGHT)]
    assert states == ["checked", "checked", "run", "run", "checked", "not run"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BLOCK.format("", "x"), "a block without a language, which nothing checks"),
        (BLOCK.format("text", "x"), "a block of text, which nothing checks"),
        (BLOCK.format("console", "$ dask worker"), "commands of other programs, which nothing checks"),
        (BLOCK.format("console", "$ harness rum x"), "harness has no command rum"),
        (BLOCK.format("console", "$ a | harness run --sedes 3"), "harness run: No such option '--sedes'"),
        (BLOCK.format("console", "$ harness run \\\n> --sedes 3"), "harness run: No such option '--sedes'"),
        (BLOCK.format("sh", "harness store prune --no"), "harness store prune: No such option '--no'"),
        (BLOCK.format("sh", "harness plan --seeds"), "harness plan: Option '--seeds' requires an argument."),
        (BLOCK.format("sh", "make nothing"), "the Makefile has no nothing"),
        (BLOCK.format("sh", "pytest --harness-nothing=1"), "the plugin for pytest has no --harness-nothing"),
        (BLOCK.format("sh", "python docs/nothing.py"), "there is no docs/nothing.py"),
        (BLOCK.format("python", "def f(:"), "expected Python, found"),
        (BLOCK.format("python", "from harness import nothing"), "harness has no nothing"),
        (BLOCK.format("python", "if 1:\n    import harness.nothing"), "there is no module harness.nothing"),
        (BLOCK.format("pycon", ">>> f(:\n1"), "expected Python, found"),
        (BLOCK.format("toml", "a = "), "expected TOML, found"),
        (BLOCK.format("toml", edited(SUITE, {"at-most": "at-mots"})), "did you mean at-most?"),
        (BLOCK.format("toml", "[experiments.a]\nrun = 'ntk.regresion'"), "did you mean ntk.regression?"),
        ("<!-- adds to: no.toml -->\n" + BLOCK.format("toml", ""), "of the page or of the repository"),
        (BLOCK.format("yaml", "a: [b"), "expected YAML, found"),
        (BLOCK.format("yaml", "[{uses: X/ntk-harness@v1, with: {suits: a}}]"), "action has no input suits"),
        ("<!-- run by tests/no.py -->\n" + BLOCK.format("text", ""), "found no tests/no.py"),
        ("<!-- run by tests/test_api.py::no -->\n" + BLOCK.format("text", ""), "no tests/test_api.py::no"),
        ("<!-- run by tests/test_text.py -->\n" + BLOCK.format("text", ""), "does not name it"),
        ("<!-- every block is run by tests/no.py -->\n\n" + BLOCK.format("text", ""), "found no tests/no.py"),
        ("<!-- run -->\n" + BLOCK.format("toml", ""), "expected commands to run"),
        ("<!-- not run:  -->\n" + BLOCK.format("text", ""), "expected a reason"),
        ("```text\nx\n", "expected the end of a block"),
        ("Say `harness rum x`.", "harness has no command rum"),
        ("Say `harness run\n--sedes 3`.", "harness run: No such option '--sedes'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    (problem,) = BLOCKS.problems("docs/page.md", "A page.\n\n" + text)
    line = 4 if text.startswith("<!-- ") else 3
    line += text.startswith("<!-- every")
    assert problem.startswith(f"docs/page.md:{line}: ")
    assert said in problem


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as pages speak of it: with the suites of this repository and records."""
    shutil.copytree(ROOT / "suites", tmp_path / "suites")
    (tmp_path / "reports").mkdir()
    for name in ("issues", "map"):
        shutil.copy(ROOT / f"reports/published/{name}.json", tmp_path / "reports")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("page", [page for page, found in PYTHON.items() if found])
def test_python_runs_as_it_stands(page: str, folder: Path) -> None:
    program = "\n\n".join(block.text for block in PYTHON[page])
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=environment(folder),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("page", COMMANDS)
def test_commands_print_what_the_page_shows(page: str, folder: Path) -> None:
    for block in OF_PAGES[page]:
        name = block.named("file") or block.named("adds to")
        if block.named("adds to") and (folder / name).is_file():
            (folder / name).write_text((folder / name).read_text() + "\n" + block.text)
        elif block.named("file"):
            (folder / name).write_text(block.text)
        if block.exit_code is None:
            continue
        codes = []
        for command, expected in BLOCKS.commands(block):
            done = subprocess.run(
                ["bash", "-c", command], cwd=folder, env=environment(folder),
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            codes.append(done.returncode)
            printed = {" ".join(line.split()) for line in done.stdout.splitlines()}  # columns may be wider
            missing = [line for line in expected if " ".join(line.split()) not in {*printed, "…", ""}]
            assert missing == [], f"$ {command}\n{done.stdout}{done.stderr}"
        assert codes == [0] * (len(codes) - 1) + [block.exit_code], f"{block.place}: {codes}"


def environment(folder: Path) -> dict[str, str]:
    """An environment whose `harness` and `pytest` are those that run this."""
    tools = folder / ".tools"
    tools.mkdir(exist_ok=True)
    for name in ("harness", "pytest"):
        (tools / name).write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m {name} "$@"\n')
        (tools / name).chmod(0o755)
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}", "PYTHONPATH": path}
