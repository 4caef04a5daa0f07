"""How records are shown: a short `repr`, a table in a notebook, figures, files.

The packages that draw and write import records, so records cannot import them: a method imports its module
when it is called.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.report.figure import Drawing


class SpelledBefore:
    """Gives a `SuiteRecord` a field of its old name, too."""

    __slots__ = ()

    @property
    def given(self) -> Any:
        """`overrides`, as files of records spell it."""
        return self.overrides  # type: ignore[attr-defined]


class ShownInstance:
    """The methods of an `InstanceRecord` that show it, and a field of its old name."""

    __slots__ = ()

    @property
    def center(self) -> Any:
        """`centre`, as files of records spell it."""
        return self.centre  # type: ignore[attr-defined]

    def __repr__(self) -> str:
        """`<toys/same[size=1]: supported, as-expected, n = 21, +1.01% [-1.98%, +4.08%]>`."""
        return str(_function("harness.report.notebook", "short_instance")(self))


class ShownRecord:
    """The methods of a `Record` that show it, or write what it shows."""

    __slots__ = ()

    def __repr__(self) -> str:
        """`<Record of Toys: 3 instances: 3 of 3 as expected. 0123456, 2026-01-01>`."""
        return str(_function("harness.report.notebook", "short_record")(self))

    def _repr_html_(self) -> str:
        """What a notebook shows: the sentence, and a row for each claim."""
        return str(_function("harness.report.notebook", "record_html")(self))

    def figure(self, claim: str = "", *, along: str = "") -> Drawing:
        """The figure of a claim: estimates, intervals and the region along an axis.

        Arguments:
            claim: the id of a claim (`CLAIM` or `SUITE/CLAIM`) or of one instance. If it is left out, the
                figure has a row for each claim, in margins.
            along: the axis that runs from left to right. If it is left out, the one with the most numbers.

        Returns:
            A `Drawing`. A notebook shows it; `svg` is its text, `save("f.svg")` writes it. `.pdf` and `.png`
            need the extra `figures`, which installs matplotlib.

        Raises:
            FigureError: nothing is called `claim`, nothing of it was measured, or it has no axis `along`.

        >>> record.figure("same").save(folder / "same.svg")
        """
        drawing: Drawing = _function("harness.report.figure", "draw_figure")(self, claim, along=along)
        return drawing

    def write_html(self, path: str | Path, *, history: str | Path | None = None) -> None:
        """Write the page of the run, one file that loads nothing, as `--html` does.

        Arguments:
            path: where it is written.
            history: a folder of records of earlier runs. The page then shows how each instance changed over
                the last commits, and what changed since the last of them.

        Raises:
            OutputError: the file cannot be written; an existing file is not changed.

        >>> record.write_html(folder / "report.html", history=folder / "published")
        """
        page = _function("harness.report.html", "page")
        if history is None:
            _write(path, page(self))
            return
        around = _function("harness.history.context", "context")(self, Path(history), Path(), None)
        past = {"past": around.past, "since": around.since, "changed": around.changed}
        _write(path, page(self, **past, notes=around.notes))

    def write_markdown(self, path: str | Path) -> None:
        """Write the report as Markdown, as `--markdown` does.

        Raises:
            OutputError: the file cannot be written; an existing file is not changed.

        >>> record.write_markdown(folder / "report.md")
        """
        _write(path, _function("harness.report.markdown", "markdown")(self))


def _function(module: str, name: str) -> Any:
    return getattr(importlib.import_module(module), name)


def _write(path: str | Path, text: str) -> None:
    _function("harness.report.files", "write_whole")(Path(path), text.encode())
