"""Chromium, and what axe finds on pages, for tests; skips where Chromium or axe is missing."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

DOCS = Path(__file__).parents[2] / "docs"
Findings = Callable[..., list[str]]


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser of docs/chromium.py."""
    module = _script("chromium")
    if not module.installed():
        pytest.skip("expected Chromium, found none: apt-get install chromium")
    with module.Chromium() as browser:
        yield browser


@contextmanager
def axe_findings() -> Iterator[Findings]:
    """A function of a page's path, `width` and `dark`, which gives what docs/accessible.py finds."""
    accessible = _script("accessible")
    if not accessible.axe():
        pytest.skip("`make slow` installs docs/requirements.txt, which brings axe")
    with chromium() as browser:
        yield lambda path, **view: accessible.findings(browser, path, **view)


def _script(name: str) -> ModuleType:
    sys.path.insert(0, str(DOCS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(DOCS))
