"""Handing records to other tools: asv keeps the history of the claims beside that of the timings.

In: records. Out: files of asv's results, format 2, which `asv publish`, `compare` and `show` read.

`asv_plugin` is asv's, not ours: asv.conf.json names it.
"""

from harness.export.asv import ENVIRONMENT, Exported, ExportError, export

__all__ = ["ENVIRONMENT", "ExportError", "Exported", "export"]
