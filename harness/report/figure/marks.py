"""The few kinds of marks of which a drawing consists. Lengths are points (1/72 inch), y grows downwards.

Every mark carries its own colours, so that a drawing looks the same if it is cut from a page or put into a
paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.errors import UserError
from harness.report.lettering import text_width

INK, GREY, PALE = "#1a1a1a", "#6b6b6b", "#b8b8b8"
REGION, EDGE = "#dfeede", "#5f8f5c"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7a5195", "#333333")
"""Colours that are distinguishable without seeing red and green (Okabe & Ito, 2008), and two more."""
MM = 72 / 25.4
COLUMN = 85 * MM
"""The width of a column of a paper."""

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
    """A point: a full disc, or a ring on white."""

    x: float
    y: float
    radius: float
    color: str = INK
    full: bool = True


@dataclass(frozen=True)
class Lettering:
    """A line of text. `turned` reads upwards."""

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


def text_lines(text: str, width: float, size: float, most: int) -> list[str]:
    """A text in lines of about this width. If it does not fit into `most` lines, the last ends with `…`."""
    lines: list[str] = []
    for word in text.split():
        if lines and text_width(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines if len(lines) <= most else [*lines[: most - 1], f"{lines[most - 1]} …"]
