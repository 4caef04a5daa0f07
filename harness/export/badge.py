"""A badge of a record: how its instances came out, in a few words and a colour.

As JSON it is an endpoint of shields.io (https://shields.io/badges/endpoint-badge), as SVG a picture that
needs nobody.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from harness.export.failing import failing
from harness.report.excused import excused
from harness.report.record import Record

LABEL = "claims"
COLORS = {"brightgreen": "#4c1", "red": "#e05d44", "yellow": "#dfb317", "lightgrey": "#9f9f9f"}
"""What shields.io calls them, and what it draws."""
_GREY = "#555"
_SIZE, _HEIGHT, _PAD = 11, 20, 6
_WIDE = 6.6
"""Pixels of a letter of Verdana at 11 pixels, on average; the text is stretched to the width meant for it."""


@dataclass(frozen=True)
class Badge:
    """What a badge says, and its colour, one of `COLORS`."""

    message: str
    color: str


def badge_of(record: Record, differs: Mapping[str, str] | None = None) -> Badge:
    """The badge of a record. `differs` as `failing` takes it.

    Red: a claim came out otherwise than it should, or could not be measured. Yellow: the run fails by what is
    undecided or was not run alone. Grey: nothing was judged. What a map's own time cut off does not count.
    """
    why = failing(record, differs)
    counts = Counter[str](i.outcome for i in record.instances)
    fine = excused(record.instances, record.maps)
    total = len(record.instances) - counts["not-covered"] - len(fine)
    if not total:
        return Badge("nothing covered" if record.instances else "nothing judged", "lightgrey")
    if differs is not None:
        good = f"{total} as published"
        return Badge(f"{len(why)} of {total} differ", "red") if why else Badge(good, "brightgreen")
    open_ones = {i.id for i in record.instances if i.outcome in ("inconclusive", "not-run")}
    judged = total - counts["measured"]
    message = f"{counts['as-expected']} of {judged} as expected" if judged else f"{total} measured"
    color = "brightgreen" if not why else "yellow" if set(why) <= open_ones else "red"
    return Badge(message, color)


def badge_json(badge: Badge) -> str:
    """An endpoint of shields.io, which draws what it says."""
    said = {"schemaVersion": 1, "label": LABEL, "message": badge.message, "color": badge.color}
    return json.dumps(said) + "\n"


def badge_svg(badge: Badge) -> str:
    """The badge as a picture that loads nothing."""
    left, right = (round(len(text) * _WIDE + 2 * _PAD) for text in (LABEL, badge.message))
    texts = "".join(
        f'<text x="{x + width / 2:g}" y="14" textLength="{width - 2 * _PAD}">{escape(text)}</text>'
        for x, width, text in ((0, left, LABEL), (left, right, badge.message))
    )
    title = escape(f"{LABEL}: {badge.message}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="{_HEIGHT}" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        f'<rect width="{left}" height="{_HEIGHT}" fill="{_GREY}"/>'
        f'<rect x="{left}" width="{right}" height="{_HEIGHT}" fill="{COLORS[badge.color]}"/>'
        f'<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" '
        f'font-size="{_SIZE}">{texts}</g></svg>\n'
    )
