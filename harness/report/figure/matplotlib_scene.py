"""A drawing as PDF or PNG: matplotlib draws its marks. The extra `figures` installs matplotlib."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from harness.report.figure.marks import Area, Disc, FigureError, Lettering, Segment

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from harness.report.figure.marks import Ink

COMMAND = 'pip install "ntk-harness[figures]"'
DOTS = 300
"""Dots per inch of a PNG, as journals require."""


def rendered(width: float, height: float, marks: Sequence[Ink], kind: str) -> bytes:
    """A drawing as a file of this kind, `pdf` or `png`. Raises `FigureError` without matplotlib."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        missing = f"matplotlib is not installed: run `{COMMAND}`, or write .svg, which needs nothing"
        raise FigureError(f"expected matplotlib for a .{kind}, found none: {missing}") from None
    sans = ["Helvetica", "Arial", "DejaVu Sans"]
    settings: Any = {"font.family": "sans-serif", "font.sans-serif": sans, "pdf.fonttype": 42}
    written = io.BytesIO()
    # Text stays text in a PDF. A date or a version would make every file different.
    with rc_context(settings):
        figure = Figure(figsize=(width / 72, height / 72), facecolor="#ffffff")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        for order, mark in enumerate(marks):
            _draw(axes, mark, order)
        nothing = {
            "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
            "png": {"Software": None},
        }
        figure.savefig(written, format=kind, dpi=DOTS, metadata=nothing[kind])
    return written.getvalue()


_ANCHORS = {"start": "left", "middle": "center", "end": "right"}


def _draw(axes: Axes, mark: Ink, order: int) -> None:
    match mark:
        case Segment():
            style = (0, (2.5 / mark.width, 2 / mark.width)) if mark.dashed else "solid"
            axes.plot(
                [mark.x1, mark.x2], [mark.y1, mark.y2], color=mark.color, linewidth=mark.width,
                linestyle=style, solid_capstyle="butt", zorder=order,
            )  # fmt: skip
        case Area():
            axes.fill(*zip(*mark.corners, strict=True), color=mark.color, linewidth=0, zorder=order)
        case Disc():
            fill = mark.color if mark.full else "#ffffff"
            axes.plot(
                [mark.x], [mark.y], marker="o", markersize=2 * mark.radius, markerfacecolor=fill,
                markeredgecolor=mark.color, markeredgewidth=0.9, zorder=order,
            )  # fmt: skip
        case Lettering():
            axes.text(
                mark.x, mark.y, mark.text, fontsize=mark.size, color=mark.color, zorder=order,
                horizontalalignment=_ANCHORS[mark.anchor], verticalalignment="baseline",
                rotation=90 if mark.turned else 0, rotation_mode="anchor", parse_math=False,
            )  # fmt: skip
