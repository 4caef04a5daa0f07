"""The report as one HTML file that needs nothing else: no network, no script.

`page` shows a record, with what earlier commits said (`Mark`). `map_svg` gives the figure of one of its maps,
a file of its own. `comparison_page` shows what differs between two records, a `Change` for each instance.
Both pages are made from the templates in `templates/`, which escape everything that they get. Text that is
not printable is replaced before (`harness.text`).
"""

from harness.report.html.compare import comparison_page
from harness.report.html.map_figure import map_svg
from harness.report.html.page import page
from harness.report.html.views import Mark

__all__ = ["Mark", "comparison_page", "map_svg", "page"]
