"""Changing a text for a test, such that the test fails where there is nothing to change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import AnyStr


def edited(text: AnyStr, changes: Mapping[AnyStr, AnyStr], *, times: int = 1) -> AnyStr:
    """The text with each key replaced by its value, one change after the other.

    Raises `AssertionError` for a key that does not stand there exactly `times` times.
    """
    for old, new in changes.items():
        found = text.count(old)
        assert found == times, f"expected {old!r} {times} times, found it {found} times in:\n{text!r}"
        text = text.replace(old, new)
    return text
