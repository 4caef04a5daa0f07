"""Draw the first map of a record for findings.md: the points that were visited, and where boundaries lie.

python docs/map_figure.py reports/published/map.json
"""

from __future__ import annotations

import sys
from pathlib import Path

import harness
from harness.report import write_whole
from harness.report.html import map_svg

FIGURE = Path(__file__).parent / "figures" / "map.svg"


def drawn(record: Path) -> bytes:
    """The figure of the record's first map, as an SVG file."""
    found = harness.read_record(record)
    return map_svg(found, found.maps[0]).encode()


if __name__ == "__main__":
    write_whole(FIGURE, drawn(Path(sys.argv[1])))
