"""Handing records and mistakes to other tools.

    asv, asv_files, asv_suites      the history of claims beside that of timings: files that `asv publish`,
                                    `compare` and `show` read; `asv_plugin` is asv's, asv.conf.json names it
    junit, openmetrics, badge       a record as test results, as metrics, as a badge
    annotations, claim_annotations  mistakes and failing claims at their lines, for GitHub Actions
    sarif                           what `harness check` finds, for code scanning

In: records, or what is wrong with suites. Out: texts and files. Names are imported when they are first used:
`harness check` writes SARIF and annotations without NumPy.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.export.asv import ENVIRONMENT as ENVIRONMENT
    from harness.export.asv import Exported as Exported
    from harness.export.asv import ExportError as ExportError
    from harness.export.asv import export as export

__all__ = ["ENVIRONMENT", "ExportError", "Exported", "export"]


def __getattr__(name: str) -> object:
    """Import a public name from its home (PEP 562)."""
    if name not in __all__:
        raise AttributeError(f"module 'harness.export' has no attribute {name!r}")
    from harness.export import asv

    return getattr(asv, name)
