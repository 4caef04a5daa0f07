"""A drawing, and its text as SVG that stands alone: its background is white, and it loads nothing.

`matplotlib_scene` draws the same marks as PDF and PNG.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

from harness.report.figure.marks import MM, Area, Disc, FigureError, Ink, Lettering, Segment
from harness.report.figure.matplotlib_scene import rendered
from harness.report.files import write_whole
from harness.text import printable

FONT = "Helvetica, Arial, 'DejaVu Sans', sans-serif"


@dataclass(frozen=True)
class Drawing:
    """A figure, `width` by `height` points. `draw_figure` makes it.

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
        """Write the drawing. The end of the name gives the format: `.svg`, `.pdf` or `.png`.

        Raises:
            FigureError: another end, or one that needs matplotlib if it is not installed.
            OutputError: the file cannot be written.
        """
        path = Path(path)
        match path.suffix:
            case ".svg":
                data = self.svg.encode()
            case ".pdf" | ".png":
                data = rendered(self.width, self.height, self.marks, path.suffix.removeprefix("."))
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
