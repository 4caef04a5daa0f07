"""How wide texts are, and how labels beside each other keep apart: for the charts of pages and figures."""

from __future__ import annotations

import math
from collections.abc import Iterable

_LETTER = 0.54
"""The width of a letter of Helvetica on average, as a part of its size: where a text is to fit."""


def text_width(text: str, size: float) -> float:
    """About how wide a text is, in the unit of its size."""
    return _LETTER * size * len(text)


def middle_within(place: float, text: str, size: float, low: float, high: float) -> float:
    """Where the middle of a text stands: at `place`, unless the text would leave [low, high] there."""
    half = text_width(text, size) / 2
    return max(low + half, min(place, high - half))


def label_rows(labels: Iterable[tuple[float, str]], size: float, most: int) -> list[int]:
    """The row below an axis in which each label stands, from left to right: the first where it meets no other
    label. `labels` has the middle of each and its text.

    A label that meets one in all of the `most` rows has the number `most`.
    """
    ends = [-math.inf] * most
    rows = []
    for middle, text in labels:
        half = text_width(text, size) / 2
        row = next((k for k, end in enumerate(ends) if middle - half > end + 2), most)
        if row < most:
            ends[row] = middle + half
        rows.append(row)
    return rows
