"""What is public is documented where it is defined: arguments, results, errors, and an example that runs."""

from __future__ import annotations

import ast
import doctest
import inspect
import random
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from good_suite import GOOD
from made import INSTANCE

import harness

ROOT = Path(__file__).parents[1]
FUNCTIONS = [name for name in harness.__all__ if inspect.isfunction(getattr(harness, name))]
CLASSES = [name for name in harness.__all__ if inspect.isclass(getattr(harness, name))]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What examples may use without saying where it is from: a record of toys, in the folder of its suite."""
    folder = tmp_path_factory.mktemp("examples")
    (folder / "toys.toml").write_text(GOOD)
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.chdir(folder)
        record = harness.run("toys.toml", store=None, workers=1)
        for name in ("reports/toys.json", "published/toys.json"):
            harness.OutputError  # noqa: B018 (public names are imported when they are first used)
            (folder / name).parent.mkdir()
            (folder / name).write_bytes(sys.modules["harness.report"].to_json(record))
        yield {
            "harness": harness,
            "random": random,
            "Annotated": Annotated,
            "Callable": Callable,
            "folder": folder,
            "record": record,
            "instance": INSTANCE,
            "suite": harness.load("toys.toml"),
        }


def documented() -> Iterator[tuple[str, Any]]:
    """Public functions and classes, and the methods of records that show them."""
    for name in [*FUNCTIONS, *CLASSES]:
        yield name, getattr(harness, name)
    for name in ("figure", "write_html", "write_markdown"):
        yield f"Record.{name}", getattr(harness.Record, name)
    yield "InstanceRecord.printed", harness.InstanceRecord.printed


@pytest.mark.parametrize("name", [name for name, _ in documented()])
def test_the_examples_of_docstrings_give_what_they_say(name: str, names: dict[str, Any]) -> None:
    found = dict(documented())[name]
    text = inspect.getdoc(found) or ""
    assert text, name
    example = doctest.DocTestParser().get_doctest(text, dict(names), name, name, 0)
    said: list[str] = []
    doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example, out=said.append)
    assert not said, "".join(said)
    exception = inspect.isclass(found) and issubclass(found, Exception)
    assert example.examples or exception or name == "Progress", "it has an example"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_arguments_results_and_errors_are_listed(name: str) -> None:
    function = getattr(harness, name)
    text = inspect.getdoc(function) or ""
    sections = dict(
        re.findall(r"^(Arguments|Returns|Raises):\n(.*?)(?=^\S|\Z)", text, re.MULTILINE | re.DOTALL)
    )
    assert {"Arguments", "Returns"} <= sections.keys()
    listed = re.findall(r"^    (\w+(?:, \w+)*): ", sections["Arguments"], re.MULTILINE)
    assert [each for line in listed for each in line.split(", ")] == list(
        inspect.signature(function).parameters
    )
    assert "Raises" in sections or name == "arrays"


def test_what_guides_import_is_public() -> None:
    """Of harness itself, or of `harness.ntk`; a helper of an example's own tests is none."""
    files = [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *(ROOT / "harness/_first").iterdir()]
    found = set()
    for file in files:
        text = file.read_text()
        blocks = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        for block in blocks if file.suffix == ".md" else [text] if file.name.endswith(".py.txt") else []:
            for node in ast.walk(ast.parse(block)):
                if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "harness":
                    found |= {(node.module or "", each.name) for each in node.names}
                if (
                    isinstance(node, ast.Attribute)
                    and isinstance(node.value, ast.Name)
                    and node.value.id == "harness"
                ):
                    found.add(("harness", node.attr))
    assert ("harness", "experiment") in found
    assert ("harness", "run") in found
    public = {("harness", name) for name in harness.__all__} | {("harness.ntk", "neural_tangents")}
    assert found - public == set()
