"""What axe finds on a page, in Chromium: https://www.deque.com/axe/, which knows WCAG 2.

    python docs/accessible.py reports/issues.html site/index.html   # light and dark, wide and of a phone

It exits with 1 if axe finds anything. axe comes with axe-playwright-python, of the dependency group
`docs`.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from chromium import Chromium

WIDE, PHONE = 1280, 390
VIEWS = ((WIDE, False), (WIDE, True), (PHONE, False), (PHONE, True))
"""Widths, and whether the reader prefers dark pages."""
RUN = """
axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(each => ({
  rule: each.id, nodes: each.nodes.map(node => node.target.join(" ") + ": " + node.failureSummary)})))
"""


def axe() -> str:
    """The script of axe; '' where its package is not installed. The package itself is not imported."""
    spec = find_spec("axe_playwright_python")
    folders = spec.submodule_search_locations if spec else None
    return (Path(folders[0]) / "axe.min.js").read_text() if folders else ""


def findings(browser: Chromium, path: Path, *, width: int, dark: bool, opened: bool = False) -> list[str]:
    """What axe finds on a page, in lines; that it scrolls sideways is a finding too.

    `opened`: with everything unfolded that can be.
    """
    browser.open(path, width=width, dark=dark)
    if opened:
        browser.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    browser.evaluate(f"{axe()}; 0")
    found: list[dict[str, Any]] = browser.evaluate(RUN)
    said = [f"{each['rule']}: {node}" for each in found for node in each["nodes"]]
    if (across := browser.evaluate("document.documentElement.scrollWidth")) > width:
        said.append(f"the page is {across} pixels wide, of {width}")
    return said


def main(paths: list[str]) -> int:
    count = 0
    with Chromium() as browser:
        for path in paths:
            for width, dark in VIEWS:
                found = findings(browser, Path(path), width=width, dark=dark)
                print(f"{path}, {width} pixels, {'dark' if dark else 'light'}: {len(found)} findings")
                print(*(f"  {line}" for line in found), sep="\n", end="\n" if found else "")
                count += len(found)
    return int(count > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
