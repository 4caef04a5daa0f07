"""A drawing as a few kinds of marks, and its text as SVG that stands alone.

Lengths are points (1/72 inch), y grows downwards. Every mark carries its own colours, the ground is white:
cut from any page, or put into a paper, a drawing looks the same. `matplotlib_scene` draws the same marks.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Literal

from harness.errors import UserError
from harness.report.files import write_whole
from harness.text import printable

INK, GREY, PALE = "#1a1a1a", "#6b6b6b", "#b8b8b8"
REGION, EDGE = "#dfeede", "#5f8f5c"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#333333")
"""Colours that are told apart without seeing red and green (Okabe & Ito, 2008), and two more."""
FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"
MM = 72 / 25.4
COLUMN = 85 * MM
"""The width of a column of a paper."""
_LETTER = 0.54
"""The width of a letter of Helvetica on average, as a part of its size: where a text is to fit."""

Anchor = Literal["start", "middle", "end"]


class FigureError(UserError, ValueError):
    """There is no such figure, or it cannot be drawn in this format."""


@dataclass(frozen=True)
class Segment:
    """A line, perhaps dashed."""

    x1: float
    y1: float
    x2: float
    y2: float
    color: str = INK
    width: float = 0.6
    dashed: bool = False


@dataclass(frozen=True)
class Area:
    """A polygon without an outline."""

    corners: tuple[tuple[float, float], ...]
    color: str = REGION


@dataclass(frozen=True)
class Disc:
    """A point: full, or a ring on white."""

    x: float
    y: float
    radius: float
    color: str = INK
    full: bool = True


@dataclass(frozen=True)
class Lettering:
    """A line of text; `turned` reads upwards."""

    x: float
    y: float
    text: str
    size: float = 7.0
    anchor: Anchor = "start"
    color: str = INK
    turned: bool = False


Ink = Segment | Area | Disc | Lettering


def box(x1: float, y1: float, x2: float, y2: float, color: str = REGION) -> Area:
    """A rectangle."""
    return Area(((x1, y1), (x2, y1), (x2, y2), (x1, y2)), color)


def text_width(text: str, size: float) -> float:
    """About how wide a text is, in points."""
    return _LETTER * size * len(text)


def wrapped(text: str, width: float, size: float, most: int) -> list[str]:
    """A text in lines of about this width; what does not fit into `most` of them ends with `…`."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} …"]


@dataclass(frozen=True)
class Drawing:
    """A figure, `width` by `height` points; made by `harness.report.figure.draw`.

    A notebook shows it; `svg` is its text, `save` writes it, `caption` says what it shows.

    >>> drawing = record.figure("same")
    >>> drawing.svg.startswith("<svg")
    True
    """

    width: float
    height: float
    title: str
    caption: str
    marks: tuple[Ink, ...]

    def __repr__(self) -> str:
        return printable(f"<Drawing of {self.title}, {self.width / MM:.0f} × {self.height / MM:.0f} mm>")

    @property
    def svg(self) -> str:
        """The drawing as SVG."""
        size = f'width="{self.width / MM:.2f}mm" height="{self.height / MM:.2f}mm"'
        view = f'viewBox="0 0 {_n(self.width)} {_n(self.height)}"'
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} {view} '
            f'font-family="{FONT}" role="img"><title>{_safe(self.title)}</title>'
            f"<desc>{_safe(self.caption)}</desc>"
        )
        ground = f'<rect width="{_n(self.width)}" height="{_n(self.height)}" fill="#ffffff"/>'
        return "\n".join([head, ground, *map(_svg, self.marks), "</svg>"]) + "\n"

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | Path) -> None:
        """Write the drawing; the name's end says how: `.svg`, `.pdf` or `.png`.

        Raises:
            FigureError: another end, or one that needs matplotlib where it is not installed.
            OutputError: the file cannot be written.
        """
        path = Path(path)
        match path.suffix:
            case ".svg":
                data = self.svg.encode()
            case ".pdf" | ".png":
                from harness.report.figure.matplotlib_scene import rendered

                data = rendered(self, path.suffix.removeprefix("."))
            case _:
                raise FigureError(f"{path}: expected a file that ends with .svg, .pdf or .png")
        write_whole(path, data)


def _svg(mark: Ink) -> str:
    match mark:
        case Segment():
            dash = ' stroke-dasharray="2.5 2"' if mark.dashed else ""
            return (
                f'<path d="M{_n(mark.x1)} {_n(mark.y1)}L{_n(mark.x2)} {_n(mark.y2)}" fill="none" '
                f'stroke="{mark.color}" stroke-width="{_n(mark.width)}"{dash}/>'
            )
        case Area():
            corners = " ".join(f"{_n(x)},{_n(y)}" for x, y in mark.corners)
            return f'<polygon points="{corners}" fill="{mark.color}"/>'
        case Disc():
            fill = mark.color if mark.full else "#ffffff"
            return (
                f'<circle cx="{_n(mark.x)}" cy="{_n(mark.y)}" r="{_n(mark.radius)}" fill="{fill}" '
                f'stroke="{mark.color}" stroke-width="0.9"/>'
            )
        case Lettering():
            turn = f' transform="rotate(-90 {_n(mark.x)} {_n(mark.y)})"' if mark.turned else ""
            return (
                f'<text x="{_n(mark.x)}" y="{_n(mark.y)}" font-size="{_n(mark.size)}" '
                f'text-anchor="{mark.anchor}" fill="{mark.color}"{turn}>{_safe(mark.text)}</text>'
            )


def _safe(text: str) -> str:
    return escape(printable(text))


def _n(x: float) -> str:
    return f"{x:.2f}".rstrip("0").rstrip(".") if "." in f"{x:.2f}" else f"{x:.0f}"
