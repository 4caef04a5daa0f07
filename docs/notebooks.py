"""Run the notebooks of docs/notebooks and store what their cells print, or say which print something else.

    python docs/notebooks.py             # each notebook of which a cell prints something else than is stored
    python docs/notebooks.py --check     # name them, write nothing; 1 if there is one

Jupyter is not needed: a cell is Python, or `%%writefile NAME` and the text of a file. As in Jupyter, the
value of a cell's last expression is shown, and so is each open figure of matplotlib. A notebook runs in a
temporary folder. Outputs that name this folder, the checkout or the home folder are an error: they would
publish the paths of a machine.
"""

from __future__ import annotations

import argparse
import ast
import base64
import contextlib
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "notebooks"
WRITEFILE = "%%writefile "
SHOWN = ("image/svg+xml", "text/html", "text/plain")
"""The forms of an output that a page shows, the best first."""
Cell = dict[str, Any]


def all_of_them() -> list[Path]:
    return sorted(FOLDER.glob("*.ipynb"))


def executed(path: Path) -> dict[str, Any]:
    """The notebook with the outputs of its cells, run one after another. Raises what a cell raises."""
    notebook: dict[str, Any] = json.loads(path.read_text())
    names: dict[str, object] = {"__name__": "__main__"}
    here, modules, search = Path.cwd(), set(sys.modules), list(sys.path)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.path.insert(0, folder)
        try:
            count = 0
            for cell in notebook["cells"]:
                if cell["cell_type"] == "code":
                    count += 1
                    cell["execution_count"] = count
                    cell["outputs"] = _outputs("".join(cell["source"]), names, count)
        finally:
            os.chdir(here)
            sys.path[:] = search
            for name in set(sys.modules) - modules:
                if str(getattr(sys.modules[name], "__file__", "")).startswith(folder):
                    del sys.modules[name]  # another notebook may write a module of this name
        said = json.dumps([cell.get("outputs") for cell in notebook["cells"]])
        for private in (folder, str(ROOT), str(Path.home())):
            if len(private) > 1 and private + "/" in said:
                raise ValueError(f"{path.name}: expected outputs without paths of a machine, found {private}")
    return notebook


def text(notebook: dict[str, Any]) -> str:
    """The notebook as its file holds it."""
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def as_markdown(path: Path) -> str:
    """The notebook as a page: its text, its code, and what the cells print."""
    parts = []
    for cell in json.loads(path.read_text())["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        first, _, rest = source.partition("\n")
        if first.startswith(WRITEFILE):
            name = first.removeprefix(WRITEFILE)
            language = "python" if name.endswith(".py") else Path(name).suffix.lstrip(".")
            parts.append(f"`{name}`:\n\n```{language}\n{rest}\n```")
        else:
            parts.append(f"```python\n{source}\n```")
            parts += [_as_markdown(output, cell) for output in cell["outputs"]]
    parts.append(f"This page is [a notebook]({path.name}).")
    return "\n\n".join(parts) + "\n"


def _as_markdown(output: dict[str, Any], cell: Cell) -> str:
    if output["output_type"] == "stream":
        return f"```text\n{''.join(output['text']).rstrip()}\n```"
    kind = next(kind for kind in SHOWN if kind in output["data"])
    data = "".join(output["data"][kind])
    if kind == "image/svg+xml":
        encoded = base64.b64encode(data.encode()).decode()
        return f'<img alt="{cell["metadata"]["alt"]}" src="data:image/svg+xml;base64,{encoded}">'
    return f'<div class="shown">\n{data}\n</div>' if kind == "text/html" else f"```text\n{data}\n```"


def _outputs(source: str, names: dict[str, object], count: int) -> list[dict[str, Any]]:
    """Run a cell. What it prints, its last expression and its figures, as a notebook stores them."""
    first, _, rest = source.partition("\n")
    if first.startswith(WRITEFILE):
        name = first.removeprefix(WRITEFILE)
        Path(name).write_text(rest + "\n")
        return [_stream(f"Writing {name}\n")]
    tree = ast.parse(source)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    value = None
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, f"cell {count}", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), f"cell {count}", "eval"), names)
    found = [_stream(printed.getvalue())] if printed.getvalue() else []
    if value is not None and not source.rstrip().endswith(";"):
        data = {"text/plain": _lines(repr(value))}
        html = getattr(value, "_repr_html_", lambda: None)()
        if html:
            data["text/html"] = _lines(html)
        if svg := getattr(value, "_repr_svg_", lambda: None)():
            data["image/svg+xml"] = _lines(svg)
        found.append(
            {"data": data, "execution_count": count, "metadata": {}, "output_type": "execute_result"}
        )
    return [*found, *_figures()]


def _figures() -> Iterator[dict[str, Any]]:
    """The open figures of matplotlib, which are closed."""
    if "matplotlib.pyplot" not in sys.modules:
        return
    from matplotlib import pyplot, rc_context

    for number in pyplot.get_fignums():
        figure, written = pyplot.figure(number), io.StringIO()
        with rc_context({"svg.hashsalt": "notebook", "svg.fonttype": "none"}):
            figure.savefig(
                written, format="svg", bbox_inches="tight", metadata={"Date": None, "Creator": None}
            )
        pyplot.close(figure)
        data = {"image/svg+xml": _lines(written.getvalue())}
        yield {"data": data, "metadata": {}, "output_type": "display_data"}


def _stream(printed: str) -> dict[str, Any]:
    return {"name": "stdout", "output_type": "stream", "text": _lines(printed)}


def _lines(whole: str) -> list[str]:
    return whole.splitlines(keepends=True)


def said(notebook: dict[str, Any]) -> list[str]:
    """What cells show in words: pictures are left out, which other versions of matplotlib draw otherwise."""
    outputs = [output for cell in notebook["cells"] for output in cell.get("outputs", ())]
    printed = [output.get("text") or output["data"].get("text/plain", ()) for output in outputs]
    return ["".join(lines) for lines in printed]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="name notebooks that print something else")
    check = parser.parse_args(arguments).check
    os.environ["MPLBACKEND"] = "Agg"
    differ = 0
    for path in all_of_them():
        stored, now = json.loads(path.read_text()), executed(path)
        if said(stored) == said(now) and text(stored) == path.read_text():
            continue
        differ += 1
        print(f"{path.name}: its cells print something else")
        for before, after in zip(said(stored), said(now), strict=False):
            if before != after:
                print(f"stored:\n{before}\nnow:\n{after}")
        if not check:
            path.write_text(text(now))
    return int(check and differ > 0)


if __name__ == "__main__":
    sys.exit(main())
