"""Say of every code block of the README and of docs/ whether it is run, checked, or not run and why.

    python docs/blocks.py             # how many of each on each page; 1 if a block is wrong or unexplained
    python docs/blocks.py --total     # of all pages, in a line
    python docs/blocks.py PAGE …      # of these pages, each block

An HTML comment on the line before a block, invisible on the page, says what is done with it:

    <!-- run by tests/test_x.py -->   this test runs it (`::test_name` may follow)
    <!-- run -->                      tests/docs/test_blocks.py runs its commands, which must print the lines
                                      that it shows; `run, exits with 1`: the exit code of the last one
    <!-- file: first.toml -->         it is this file, for the commands of its page that are run
    <!-- adds to: first.toml -->      it continues this file, of the page or of the repository
    <!-- not run: needs a cluster --> it is not run, for this reason

`<!-- every block is run by tests/test_x.py -->` stands for a whole page. Python without a comment is run by
tests/docs/test_blocks.py, the blocks of a page one after another. What has a language is checked, run or not:
a suite is loaded, Python compiles and what it imports from harness is there, a command line is parsed by the
command's own parser, a workflow gives the action inputs that it has. Commands in the text are parsed too.
"""

from __future__ import annotations

import argparse
import ast
import doctest
import itertools
import re
import shlex
import sys
import tempfile
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).parents[1]
GENERATED = ("docs/reference/",)
"""Pages that programs write: their blocks are checked; none is run."""
FENCE = re.compile(r"^( *)```([\w-]*)\s*$")
NOTE = re.compile(r"^ *<!-- (.*?) -->\s*$")
WHOLE_PAGE = re.compile(r"<!-- every block is run by (\S+) -->")
RUN = re.compile(r"run(?:, exits with (\d))?$")
INLINE = re.compile(r"(?<!`)`(harness [^`]+)`(?!`)")
OURS = re.compile(r"(docs|tests|\.ci)/")
"""Programs of this repository."""
COMMANDS = ("console", "sh")
TESTED_HERE = "tests/docs/test_blocks.py"
EXPECTED = "expected `<!-- run by TEST -->` or `<!-- not run: WHY -->` on the line before it"
NO_CLAIM = "expected at least one claim or benchmark, found none"
"""The mistake of a suite that a part of one is allowed."""
STATES = ("run", "checked", "not run")


class BlockError(Exception):
    """What is wrong with a block."""


@dataclass(frozen=True)
class Block:
    """A block of code of a page, with the comment before it."""

    page: str
    line: int
    language: str
    text: str
    note: str
    by: str
    """The test that runs every block of its page."""

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def exit_code(self) -> int | None:
        """Of a block whose commands are run: what the last one exits with."""
        found = RUN.match(self.note)
        return int(found[1] or 0) if found else None

    @property
    def state(self) -> str:
        if self.note.startswith("not run:"):
            return "not run"
        python = self.language == "python" and not self.page.startswith(GENERATED)
        return "run" if self.by or self.note.startswith("run") or python else "checked"

    def named(self, key: str) -> str:
        """What follows `key: ` in its comment; '' where there is none."""
        return self.note.removeprefix(f"{key}: ") if self.note.startswith(f"{key}: ") else ""


def pages() -> list[str]:
    """The pages whose blocks count, from the top of the repository."""
    found = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [str(path.relative_to(ROOT)) for path in found]


def blocks(page: str, text: str | None = None) -> list[Block]:
    """The blocks of a page. Raises `BlockError` where one does not end."""
    whole = (ROOT / page).read_text() if text is None else text
    lines = whole.splitlines()
    by = WHOLE_PAGE.search(whole)
    found, number = [], 0
    while number < len(lines):
        fence = FENCE.match(lines[number])
        if not fence:
            number += 1
            continue
        end = number + 1
        while end < len(lines) and lines[end].strip() != "```":
            end += 1
        if end == len(lines):
            raise BlockError(f"{page}:{number + 1}: expected the end of a block, found the end of the page")
        inside = "".join(f"{line.removeprefix(fence[1])}\n" for line in lines[number + 1 : end])
        note = NOTE.match(lines[number - 1]) if number else None
        found.append(Block(page, number + 1, fence[2], inside, note[1] if note else "", by[1] if by else ""))
        number = end + 1
    return found


def problems(page: str, text: str | None = None) -> Iterator[str]:
    """What is wrong with the blocks and commands of a page, each with its line."""
    try:
        found = blocks(page, text)
    except BlockError as error:
        yield str(error)
        return
    files: dict[str, str] = {}
    for block in found:
        try:
            check(block, files)
        except BlockError as error:
            yield f"{block.place}: {error}"
    fenced = {number for block in found for number in _lines_of(block)}
    lines = ((ROOT / page).read_text() if text is None else text).splitlines()
    prose = "\n".join("" if number in fenced else line for number, line in enumerate(lines, start=1))
    for command in INLINE.finditer(prose):
        try:
            check_command(" ".join(command[1].split()), loose=True)
        except BlockError as error:
            yield f"{page}:{prose.count(chr(10), 0, command.start()) + 1}: {error}"


def _lines_of(block: Block) -> range:
    return range(block.line, block.line + block.text.count("\n") + 2)


def check(block: Block, files: dict[str, str]) -> None:
    """Check a block by its language and its comment; `files` are the page's so far. Raises `BlockError`."""
    _check_note(block)
    if block.named("file"):
        files[block.named("file")] = block.text
    if block.language == "toml":
        _check_toml(block, files)
    elif block.language == "python":
        check_python(block.text)
    elif block.language == "pycon":
        check_python("".join(example.source for example in doctest.DocTestParser().get_examples(block.text)))
    elif block.language in COMMANDS:
        ours = [check_command(command) for command, _ in commands(block)]
        if block.state == "checked" and not any(ours):
            raise BlockError(f"commands of other programs, which nothing checks: {EXPECTED}")
    elif block.language in ("yaml", "yml"):
        _check_workflow(block.text)
    elif block.state == "checked":
        kind = f"a block of {block.language}" if block.language else "a block without a language"
        raise BlockError(f"{kind}, which nothing checks: {EXPECTED}")


def _check_note(block: Block) -> None:
    by = block.by if not block.note else block.note.removeprefix("run by ")
    if block.note.startswith("run by ") or (block.by and not block.note):
        file, _, test = by.partition("::")
        path = ROOT / file
        if not path.is_file() or (test and f"def {test}(" not in path.read_text()):
            raise BlockError(f"expected a test that runs it, found no {by}")
        if file != TESTED_HERE and Path(block.page).name not in path.read_text():
            raise BlockError(f"expected a test that reads {block.page}, but {file} does not name it")
    elif block.exit_code is not None and block.language not in COMMANDS:
        raise BlockError("expected commands to run: a block of console or sh")
    elif block.note.startswith("not run:") and not block.named("not run").strip():
        raise BlockError("expected a reason after `not run:`")


def _check_toml(block: Block, files: dict[str, str]) -> None:
    """TOML is read; a suite, and a part of one, is loaded."""
    from harness.suite import SuiteError, load

    try:
        table = tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as error:
        raise BlockError(f"expected TOML, found: {error}") from None
    part = "suite" not in table
    if block.state == "not run" or (block.by and part):
        return
    text, other = block.text, block.named("adds to")
    if other:
        before = files.get(other)
        if before is None and not (ROOT / other).is_file():
            raise BlockError(f"expected a file of the page or of the repository, found {other}")
        text = f"{(ROOT / other).read_text() if before is None else before}\n{text}"
        files[other] = text
    elif part:
        text = f'[suite]\nformat = 2\ntitle = "A part"\n\n{text}'
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, Path(other or block.named("file") or "shown.toml").name)
        path.write_text(text)
        try:
            load(path)
        except SuiteError as error:
            said = str(error).replace(f"{folder}/", "").splitlines()
            said = [line for line in said if not (part and line.endswith(NO_CLAIM))]
            if said:
                raise BlockError("expected a suite, found: " + "; ".join(said)) from None


def check_python(text: str) -> None:
    """Python compiles, and the names that it imports from harness are there. Raises `BlockError`."""
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        raise BlockError(f"expected Python, found: {error}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                _check_module(name.name)
        elif isinstance(node, ast.ImportFrom) and node.module:
            source = _check_module(node.module)
            for name in node.names:
                if source and name.name not in _names(source) and not _spec(f"{node.module}.{name.name}"):
                    raise BlockError(f"{node.module} has no {name.name}")


def _check_module(name: str) -> Path | None:
    """The source of a module of harness; None for another one."""
    if name.partition(".")[0] != "harness":
        return None
    found = _spec(name)
    if not found:
        raise BlockError(f"there is no module {name}")
    return found


def _spec(name: str) -> Path | None:
    """Where a module of harness lies, which is not imported."""
    path = ROOT.joinpath(*name.split("."))
    return next((each for each in (path.with_suffix(".py"), path / "__init__.py") if each.is_file()), None)


def _names(source: Path) -> set[str]:
    """The names that a module has: what it defines, assigns and imports."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {each.asname or each.name for each in node.names}
    return names


def commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """The commands of a block, each with the lines that it prints there."""
    if block.language == "sh":
        for line in block.text.splitlines():
            if line.strip():
                yield line, []
        return
    for entry in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
        first, *rest = entry.splitlines()
        more = [line[2:] for line in rest if line.startswith("> ")]
        printed = [line for line in rest if not line.startswith("> ")]
        yield "\n".join([first, *more]).replace("\\\n", " "), printed


def check_command(text: str, *, loose: bool = False) -> bool:
    """Each command of a line is there, with its options; whether one of them is ours. Raises `BlockError`.

    A `loose` one, in the text, may leave out arguments and stand for several.
    """
    try:
        parts = shlex.shlex(text, posix=True, punctuation_chars="|;&")
        parts.whitespace_split = True
        words = list(itertools.takewhile(lambda word: word not in (">", "<"), parts))
    except ValueError as error:
        raise BlockError(f"expected a command, found {text}: {error}") from None
    ours, command = False, list[str]()
    for word in [*words, ";"]:
        if set(word) <= set("|;&"):
            ours |= _check_words(command, loose=loose)
            command = []
        elif command or not re.match(r"[A-Za-z_]+=", word):
            command.append(word)
    return ours


def _check_words(words: Sequence[str], *, loose: bool) -> bool:
    """Whether it is a command that can be checked."""
    if not words:
        return False
    program, *arguments = words
    if program == "harness" or words[:3] == ["uv", "run", "harness"]:
        _check_harness(arguments if program == "harness" else arguments[2:], loose=loose)
    elif program == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        unknown = [word for word in arguments if "=" not in word and word not in targets]
        if unknown:
            raise BlockError(f"the Makefile has no {unknown[0]}")
    elif program == "pytest":
        source = "".join(path.read_text() for path in sorted((ROOT / "harness/pytest_plugin").glob("*.py")))
        options = [word.partition("=")[0] for word in arguments if word.startswith("--harness-")]
        unknown = [word for word in options if f'"{word}"' not in source]
        if unknown:
            raise BlockError(f"the plugin for pytest has no {unknown[0]}")
    elif program.startswith("python") and OURS.match(arguments[0] if arguments else ""):
        _check_program(arguments[0])
    else:
        return False
    return True


def _check_program(path: str) -> None:
    if not (ROOT / path).is_file():
        raise BlockError(f"there is no {path}")


def _check_harness(arguments: Sequence[str], *, loose: bool) -> None:
    from harness.cli import cli

    command: click.Command = cli
    rest = list(arguments)
    name = "harness"
    while isinstance(command, click.Group):
        if not rest or rest[0] in ("--help", "--version", "-h"):
            return
        word = rest.pop(0)
        if loose and (word.isupper() or not re.fullmatch(r"[a-z-]+", word)):
            return
        found = command.commands.get(word)
        if found is None:
            raise BlockError(f"{name} has no command {word}")
        command, name = found, f"{name} {word}"
    if "--help" in rest:
        return
    if loose:
        last = rest[-1] if rest else ""
        option = next((o for o in command.params if last in o.opts and isinstance(o, click.Option)), None)
        rest += (
            ["VALUE"] if option and not option.is_flag else []
        )  # `harness run --seeds` speaks of the option
    context = click.Context(command, info_name=name)
    try:
        values, surplus, _ = command.make_parser(context).parse_args(rest)
        if surplus and not loose:
            raise BlockError(f"{name}: expected no more arguments, found {surplus[0]}")
        for each in command.params:
            if isinstance(each.type, click.Choice) and each.name in values and not loose:
                each.type_cast_value(context, values[each.name])
    except click.UsageError as error:
        raise BlockError(f"{name}: {error.format_message()}") from None


def _check_workflow(text: str) -> None:
    """YAML; where it uses our action, with inputs that the action has."""
    import yaml

    try:
        found = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BlockError(f"expected YAML, found: {error}") from None
    inputs = yaml.safe_load((ROOT / "action.yml").read_text())["inputs"]
    for step in _steps(found):
        if "ntk-harness" in step["uses"]:
            unknown = step.get("with", {}).keys() - inputs.keys()
            if unknown:
                raise BlockError(f"the action has no input {min(unknown)}")


def _steps(found: object) -> Iterator[dict[str, dict[str, object]]]:
    children = found.values() if isinstance(found, dict) else found if isinstance(found, list) else ()
    if isinstance(found, dict) and "uses" in found:
        yield found
    for child in children:
        yield from _steps(child)


def main(arguments: list[str] | None = None) -> int:
    """Print how many blocks are run, checked and not run; the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("pages", nargs="*", help="pages, from the top of the repository (default: all)")
    parser.add_argument("--total", action="store_true", help="print the sum over all pages alone")
    given = parser.parse_args(arguments)
    chosen = given.pages
    wrong = [problem for page in chosen or pages() for problem in problems(page)]
    if wrong:
        print("\n".join(wrong))
        return 1
    total: Counter[str] = Counter()
    for page in chosen or pages():
        counts = Counter(block.state for block in blocks(page))
        total += counts
        if counts and not given.total:
            print(f"{page}: {_counted(counts)}")
        if chosen:
            for block in blocks(page):
                print(f"  {block.line}: {block.language}, {block.note or block.state}")
    print(f"{total.total()} blocks: {_counted(total)}, each with its reason.")
    return 0


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state])


if __name__ == "__main__":
    sys.exit(main())
