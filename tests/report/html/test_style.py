"""The style: every colour of text on every ground that it stands on is legible (WCAG 2.2, AA)."""

from __future__ import annotations

import re

import pytest
from made import RECORD
from pages import find, parse

from harness.report.html import page

GROUNDS = {
    "ink": ("paper", "tint", "mark", "region", "sup", "ref"),
    "soft": ("paper", "tint", "region"),
    **dict.fromkeys(("accent", "good", "bad", "doubt", "void", "none"), ("paper", "tint")),
}
"""Text → what it stands on."""


def palettes() -> dict[str, dict[str, str]]:
    """The custom properties of either scheme."""
    (style,) = find(parse(page(RECORD)), "style")
    light, dark = re.findall(r":root \{(.*?)\}", style.text or "", re.DOTALL)
    found = [dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block)) for block in (light, dark)]
    return dict(zip(("light", "dark"), found, strict=True))


def luminance(color: str) -> float:
    channels = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_on_its_grounds(scheme: str) -> None:
    palette = palettes()[scheme]
    for text, grounds in GROUNDS.items():
        for ground in grounds:
            dark, light = sorted((luminance(palette[text]), luminance(palette[ground])))
            assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
