"""Packages that are installed, hidden from imports: of this process, and of those that it starts."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import pytest

SUPPORT = Path(__file__).parent
LIGHT = ("jax", "jaxlib", "sklearn", "optax", "neural_tangents", "frozendict")
"""What the light core lacks, of the libraries that this package names."""


class Hidden:
    """Finds none of these packages, and keeps others from finding them."""

    def __init__(self, *packages: str) -> None:
        self.packages = packages

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> None:
        if name.partition(".")[0] in self.packages:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


def hide(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Hide packages from this process, and forget what it has imported of them."""
    for name in [name for name in sys.modules if name.partition(".")[0] in packages]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Hidden(*packages), *sys.meta_path])


def hide_from_children(monkeypatch: pytest.MonkeyPatch, folder: Path, *packages: str) -> None:
    """Hide packages from every Python that this process starts; `folder` is for the module that does it."""
    code = f"import sys\nfrom hidden_packages import Hidden\nsys.meta_path.insert(0, Hidden(*{packages!r}))\n"
    (folder / "sitecustomize.py").write_text(code)
    finder = Path(__file__).read_text().partition("class Hidden")[2].partition("\n\n\ndef hide")[0]
    (folder / "hidden_packages.py").write_text(f"from typing import Any\n\n\nclass Hidden{finder}\n")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(SUPPORT)]))
