"""The notebooks of docs/notebooks print what they store; docs/notebooks.py runs them."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def notebooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_notebooks", ROOT / "docs" / "notebooks.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


STORED = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))


def notebook(*sources: str) -> dict[str, Any]:
    """A notebook as Jupyter writes it; a source that begins with # is text."""
    cells: list[dict[str, Any]] = []
    for number, source in enumerate(sources):
        cell = {"id": f"cell-{number}", "metadata": {}, "source": source.splitlines(keepends=True)}
        if source.startswith("#"):
            cells.append({"cell_type": "markdown", **cell})
        else:
            cells.append({"cell_type": "code", "execution_count": None, "outputs": [], **cell})
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def written(folder: Path, *sources: str) -> Path:
    path = folder / "made.ipynb"
    path.write_text(json.dumps(notebook(*sources)))
    return path


TABLE = """\
class Table:
    def __repr__(self):
        return "plain"
    def _repr_html_(self):
        return "<b>rich</b>"
Table()"""


def test_cells_run_as_in_jupyter(notebooks: ModuleType, tmp_path: Path) -> None:
    cell = "import own_module\nprint('said')\nown_module.x + 1"
    sources = ("# Title", "%%writefile own_module.py\nx = 3", cell, "x = 1", TABLE, "4;")
    before = set(sys.modules), list(sys.path), Path.cwd()
    found = notebooks.executed(written(tmp_path, *sources))
    assert (set(sys.modules), list(sys.path), Path.cwd()) == before
    assert notebooks.said(found) == ["Writing own_module.py\n", "said\n", "4", "plain"]
    assert [cell["execution_count"] for cell in found["cells"][1:]] == [1, 2, 3, 4, 5]
    path = tmp_path / "run.ipynb"
    path.write_text(notebooks.text(found))
    page = notebooks.as_markdown(path)
    assert page.startswith("# Title\n\n`own_module.py`:\n\n```python\nx = 3\n```\n")
    for shown in ("```text\nsaid\n```", "```text\n4\n```", "<b>rich</b>"):
        assert shown in page


def test_a_figure_is_shown_and_closed(
    notebooks: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    drawing = "import matplotlib.pyplot as plt\n_ = plt.plot([1, 2])"
    path = written(tmp_path, drawing, "plt.get_fignums()")
    made = json.loads(path.read_text())
    made["cells"][0]["metadata"]["alt"] = "a line"
    path.write_text(json.dumps(made))
    found = notebooks.executed(path)
    assert notebooks.said(found) == ["", "[]"]
    path.write_text(notebooks.text(found))
    assert '<img alt="a line" src="data:image/svg+xml;base64,' in notebooks.as_markdown(path)


@pytest.mark.parametrize(
    "source", ["from pathlib import Path\nprint(Path('x').resolve())", "import harness\nharness.__file__"]
)
def test_a_path_of_this_machine_is_refused(notebooks: ModuleType, tmp_path: Path, source: str) -> None:
    with pytest.raises(ValueError, match="without paths of a machine"):
        notebooks.executed(written(tmp_path, source))


@pytest.mark.parametrize("path", STORED, ids=lambda path: path.stem)
def test_what_is_stored_was_run_whole_and_holds_no_paths(notebooks: ModuleType, path: Path) -> None:
    stored = json.loads(path.read_text())
    assert path.read_text() == notebooks.text(stored)
    code = [cell for cell in stored["cells"] if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    outputs = [output for cell in code for output in cell["outputs"]]
    assert any("image/svg+xml" in output.get("data", {}) or "<table" in str(output) for output in outputs)
    assert not [
        word for word in ("/home/", "/root/", "/tmp/", "/Users/", "/work/") if word in path.read_text()
    ]


@pytest.mark.slow
def test_cells_print_what_is_stored() -> None:
    command = [sys.executable, "docs/notebooks.py", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert len(STORED) >= 2
