"""axe finds nothing on a page, in light and dark, wide and on a phone, folded and unfolded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from accessibility import Findings, axe_findings
from edits import edited
from made import INSTANCE, LAW, at_sizes, record, unmeasured
from msgspec.structs import replace

from harness.report.change import KINDS, Change
from harness.report.html import Mark, comparison_page, page

VIEWS = [(width, dark) for width in (1280, 390) for dark in (False, True)]


@pytest.fixture(scope="module")
def findings() -> Iterator[Findings]:
    with axe_findings() as found:
        yield found


@pytest.fixture(scope="module")
def text() -> str:
    """A page with every verdict, a curve, maps of verdicts, a power law, benchmarks and a history."""
    grid = tuple(
        replace(i, id=f"{i.id}{depth}", claim="grid", point={**i.point, "depth": depth}, verdict=verdict)
        for i in at_sizes(3)
        for depth, verdict in ((1, "supported"), (2, "refuted"), (3, "inconclusive"))
    )
    odd = replace(INSTANCE, id="toys/odd", claim="odd", verdict="refuted", outcome="unexpected", fragile=True)
    kinds = ("inconclusive", "not-run", "not-covered", "error")
    others = [unmeasured(kind, id=f"toys/{kind}", claim=kind, reason="why") for kind in kinds]
    past = {INSTANCE.id: [Mark("a" * 40, "2026-01-01", "supported", "as-expected")]}
    shown = record(*at_sizes(3), *grid, odd, LAW, *others)
    return page(shown, past=past, since="a" * 9, changed={"toys/odd": "flipped"}, guide="reading.html")


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), VIEWS)
def test_the_page_of_a_run(findings: Findings, text: str, tmp_path: Path, width: int, dark: bool) -> None:
    path = tmp_path / "page.html"
    path.write_text(text)
    for opened in (False, True):
        assert findings(path, width=width, dark=dark, opened=opened) == []


@pytest.mark.slow
@pytest.mark.parametrize(("width", "dark"), VIEWS)
def test_the_page_of_a_comparison(findings: Findings, tmp_path: Path, width: int, dark: bool) -> None:
    after = replace(INSTANCE, verdict="refuted", outcome="unexpected", estimate=0.12, interval=(0.1, 0.14))
    rows = [Change(f"toys/{kind}", kind, INSTANCE, after, "by 3 margins") for kind in KINDS]
    path = tmp_path / "comparison.html"
    path.write_text(comparison_page(rows, before="a" * 40, after="b" * 40, environment=[("jax", "1", "2")]))
    assert findings(path, width=width, dark=dark, opened=True) == []


@pytest.mark.slow
def test_what_axe_would_find_is_found(findings: Findings, text: str, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text(edited(text, {'<html lang="en">': "<html>", "--soft: #545d69;": "--soft: #c0c4c9;"}))
    found = findings(path, width=1280, dark=False)
    assert {line.partition(":")[0] for line in found} >= {"html-has-lang", "color-contrast"}
    path.write_text(edited(text, {"<main>": '<main><p style="width: 500px">wide</p>'}))
    assert findings(path, width=390, dark=False)[-1].startswith("the page is 5")
