"""Puts the suites, and the records that were published of them, into the wheel, inside the package.

A checkout has them at its top, where people read and edit them; an editable installation uses them there. The
wheel has nothing at the top of site-packages but the package `harness`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {"suites/*.toml": "harness/_suites", "reports/published/*.json": "harness/_published"}


class CustomBuildHook(BuildHookInterface[Any]):
    """Called by hatchling before it builds a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files; `version` is "standard" or "editable"."""
        if version == "editable":
            return
        for glob, folder in FILES.items():
            paths = sorted(Path(self.root).glob(glob))
            if not paths and glob.startswith("suites/"):  # records may be yet to come
                raise FileNotFoundError(
                    f"expected {glob} in {self.root}, found none: the wheel would lack them"
                )
            build_data["force_include"].update({str(path): f"{folder}/{path.name}" for path in paths})
