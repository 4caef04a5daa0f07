"""Colours and strokes of the page and its figures, defined once.

The page has them as CSS, which follows the reader's light or dark scheme. Each shape of a figure also carries
the light ones as attributes, so that an SVG that is cut from the page stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

LIGHT: Mapping[str, str] = {
    "paper": "#ffffff", "tint": "#f4f6f8", "ink": "#1b2027", "soft": "#545d69", "line": "#d6dbe1",
    "strong": "#8b95a1", "accent": "#1d5b9e", "region": "#dbe8f5", "mark": "#fff3c9", "bad": "#b3231b",
    "doubt": "#8a5200", "void": "#7b3a9c", "none": "#545d69", "good": "#1b6b38", "sup": "#d5e7f8",
    "ref": "#fbe1cf",
}  # fmt: skip
DARK: Mapping[str, str] = {
    "paper": "#14181d", "tint": "#1d232a", "ink": "#e4e8ec", "soft": "#a5afba", "line": "#343c46",
    "strong": "#717d8a", "accent": "#84b8f0", "region": "#233a52", "mark": "#4a3f12", "bad": "#ff9d94",
    "doubt": "#ebc063", "void": "#d6a8ef", "none": "#a5afba", "good": "#7fd39c", "sup": "#1f3c59",
    "ref": "#54311b",
}  # fmt: skip
STROKES: Mapping[str, Mapping[str, str]] = {
    "z": {"stroke": "strong", "stroke-width": ".6", "stroke-dasharray": "1 2"},
    "r": {"fill": "region"},
    "e": {"stroke": "accent", "stroke-width": "1"},
    "i": {"stroke": "ink", "stroke-width": "2.2"},
    "a": {"stroke": "ink", "stroke-width": "1.4"},
    "d": {"fill": "ink", "stroke": "paper", "stroke-width": "1"},
    "w": {"stroke": "soft", "stroke-width": "1.2", "stroke-dasharray": "3 1.5"},
    "many": {"stroke": "ink", "stroke-width": "1"},
    "p": {"stroke": "accent", "stroke-width": "4.2", "stroke-linecap": "round", "stroke-opacity": ".75"},
    "l": {"stroke": "ink", "stroke-width": "1.5"},
    "x": {"stroke": "soft", "stroke-width": ".8"},
    "g": {"fill": "soft"},
}
"""Class of a shape → its attributes. Colours are named as in the palettes."""


def palette_rules(palette: Mapping[str, str]) -> str:
    """The palette as custom properties."""
    return " ".join(f"--{name}: {color};" for name, color in palette.items())


def stroke_rules() -> str:
    """`STROKES` as CSS."""
    return "\n".join(
        f".{name} {{ {' '.join(f'{key}: {_variable(value)};' for key, value in rule.items())} }}"
        for name, rule in STROKES.items()
    )


def drawn(name: str) -> Markup:
    """The class of a shape, and its attributes in the light scheme."""
    from markupsafe import Markup

    rule = " ".join(f'{key}="{LIGHT.get(value, value)}"' for key, value in STROKES[name].items())
    return Markup(f'class="{name}" {rule}')


def canvas() -> Markup:
    """The attributes of every SVG: nothing is filled by default, and how letters look."""
    from markupsafe import Markup

    return Markup('xmlns="http://www.w3.org/2000/svg" fill="none" font-size="10.5" font-family="sans-serif"')


def _variable(value: str) -> str:
    return f"var(--{value})" if value in LIGHT else value
