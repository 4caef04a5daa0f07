"""What axe finds on pages, for tests; skips where Chromium or axe is missing."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
Findings = Callable[..., list[str]]


@contextmanager
def axe_findings() -> Iterator[Findings]:
    """A function of a page's path, `width` and `dark`, which gives what docs/accessible.py finds."""
    sys.path.insert(0, str(DOCS))
    try:
        accessible = importlib.import_module("accessible")
        chromium = importlib.import_module("chromium")
    finally:
        sys.path.remove(str(DOCS))
    if not chromium.installed():
        pytest.skip("expected Chromium, found none: apt-get install chromium")
    if not accessible.axe():
        pytest.skip("`make slow` installs docs/requirements.txt, which brings axe")
    with chromium.Chromium() as browser:
        yield lambda path, **view: accessible.findings(browser, path, **view)
