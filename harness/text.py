"""Text that is safe to print; sizes of memory, shares, and values of axes, as people write them."""

from __future__ import annotations

import re

SIZE = re.compile(r"^(?=.*[1-9])([0-9]+(?:\.[0-9]+)?) ?([KMGT]iB|[kMGT]B)$")
"""A size of memory, `4 GiB` or `500MB`, that is not zero."""

SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?) ?%")

_UNITS = {
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)},
    **{f"{letter}B": 1000**power for power, letter in enumerate("kMGT", 1)},
}


def printable(text: str) -> str:
    """`text` with every control and invisible character replaced: one could end the line, move a
    terminal's cursor, or reverse what follows."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def size(text: str) -> int:
    """The bytes of a size such as `4 GiB`. Raises ValueError for what is none."""
    match = SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a size such as 4GiB or 500MB, found {text!r}")
    return int(float(match[1]) * _UNITS[match[2]])


def size_text(count: int) -> str:
    """So many bytes to three figures, in the largest binary unit that they fill: `4 GiB`."""
    unit = next((unit for unit in ("TiB", "GiB", "MiB") if count >= _UNITS[unit]), "KiB")
    return f"{count / _UNITS[unit]:.3g} {unit}"


def share(text: str) -> float:
    """`1%` as 0.01. Raises ValueError for what is no share above 0% and up to 100%."""
    match = SHARE.fullmatch(text)
    if match is None or not 0 < float(match[1]) <= 100:
        raise ValueError(f"expected a share such as 1%, found {text!r}")
    return float(match[1]) / 100


def encodable(text: str) -> str:
    """`text` with what is no UTF-8 replaced: file names, arguments and variables may be any bytes."""
    return text.encode(errors="replace").decode()


def shortened(text: str, most: int = 8000) -> str:
    """`text` with its middle left out where it is longer than `most` characters."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]}\n… {len(text) - most:,} characters left out …\n{text[-half:]}"


def label_of(value: int | float | str | bool) -> str:
    """How ids and messages name a value of an axis."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
