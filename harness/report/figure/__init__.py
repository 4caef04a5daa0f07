"""Figures of records for papers and notebooks: they stand alone, fit a column, and name quantity and unit.

draw            a record → a `Drawing`: a claim along an axis, one instance, or a row for each claim
scene           what a drawing consists of, and its text as SVG
matplotlib_scene    the same as PDF or PNG, if matplotlib is installed
"""

from harness.report.figure.draw import draw_figure
from harness.report.figure.marks import FigureError
from harness.report.figure.scene import Drawing

__all__ = ["Drawing", "FigureError", "draw_figure"]
