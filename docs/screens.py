"""Take the picture of a record's page that README.md shows: its first screen, in Chromium.

python docs/screens.py reports/published/issues.json
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import harness
from harness.report import write_whole
from harness.report.html import page

sys.path.insert(0, str(Path(__file__).parent))
from chromium import BrowserError, Chromium

PICTURE = Path(__file__).parent / "figures" / "report.png"
WIDTH, HEIGHT = 1280, 860


def main(arguments: list[str]) -> int:
    (record,) = arguments
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        path.write_text(page(harness.read_record(record)))
        try:
            with Chromium() as browser:
                browser.open(path, width=WIDTH, height=HEIGHT)
                write_whole(PICTURE, browser.picture())
        except BrowserError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
