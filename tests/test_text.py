"""Sizes of memory, and shares."""

from __future__ import annotations

import pytest

from harness.text import share, size, size_text


@pytest.mark.parametrize(
    ("text", "count"),
    [("4 GiB", 4 * 2**30), ("4GiB", 4 * 2**30), ("0.5 MiB", 2**19), ("500MB", 500 * 10**6), ("2 kB", 2000)],
)
def test_a_size(text, count):
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "4", "4 gib", "0 GiB", "0.0 MB", "-1 GiB", "4 GiB!", "4  GiB", "٤ GiB"])
def test_no_size(text):
    with pytest.raises(ValueError, match="expected a size such as 4GiB or 500MB, found"):
        size(text)


@pytest.mark.parametrize(
    ("count", "text"), [(4 * 2**30, "4 GiB"), (10**9, "954 MiB"), (1000, "0.977 KiB"), (2**40, "1 TiB")]
)
def test_a_size_as_text(count, text):
    assert size_text(count) == text


@pytest.mark.parametrize(("text", "found"), [("1%", 0.01), ("0.5 %", 0.005), ("100%", 1.0)])
def test_a_share(text, found):
    assert share(text) == found


@pytest.mark.parametrize("text", ["", "1", "0%", "101%", "-1%", "1%%", "nan%", "٣%"])
def test_no_share(text):
    with pytest.raises(ValueError, match="expected a share such as 1%, found"):
        share(text)
