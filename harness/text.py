"""Text that is safe to print; memory, shares, spans of time and values of axes, as people write them."""

from __future__ import annotations

import os
import re
from decimal import Decimal

SIZE = re.compile(r"^(?=.*[1-9])([0-9]+(?:\.[0-9]+)?) ?([KMGT]iB|[kMGT]B)$")
"""A size of memory, `4 GiB` or `500MB`, that is not zero."""

SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,9})?) ?%")

_COMMAND = re.compile(r"^([^\S\n]*):(?=:)|(?=##\[)#", re.MULTILINE)

_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?) *(s|min|h|d)(?= *(?:\d|$))")

_UNITS = {
    **{f"{letter}iB": 1024**power for power, letter in enumerate("KMGT", 1)},
    **{f"{letter}B": 1000**power for power, letter in enumerate("kMGT", 1)},
}


def printable(text: str) -> str:
    """`text` with every control and invisible character replaced: one could end the line, move a
    terminal's cursor, or reverse what follows."""
    return "".join(c if c.isprintable() else "\ufffd" for c in text)


def no_command(text: str) -> str:
    """`text` with nothing that the runner of GitHub Actions would take for a command (`::`, `##[`), if this
    is one: what suites, records and trials say is others' words."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        return text
    return _COMMAND.sub("\\1\ufffd", text)


def size(text: str) -> int:
    """The bytes of a size such as `4 GiB`. Raises ValueError for any other text."""
    match = SIZE.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a size such as 4GiB or 500MB, found {text!r}")
    return int(Decimal(match[1]) * _UNITS[match[2]])


def exact_size(count: int) -> str:
    """A number of bytes as `size` reads it: `4GiB`, or `4294967.297kB`."""
    unit = next((unit for unit in ("TiB", "GiB", "MiB", "KiB") if count % _UNITS[unit] == 0), "kB")
    return f"{Decimal(count) / _UNITS[unit]:f}{unit}"


def size_text(count: int) -> str:
    """A number of bytes to three figures, in the largest binary unit that they fill: `4 GiB`."""
    unit = next((unit for unit in ("TiB", "GiB", "MiB") if count >= _UNITS[unit]), "KiB")
    return f"{count / _UNITS[unit]:.3g} {unit}"


def share(text: str) -> float:
    """`1%` as 0.01. Raises ValueError for what is no share above 0% and up to 100%."""
    match = SHARE.fullmatch(text)
    if match is None or not 0 < float(match[1]) <= 100:
        raise ValueError(f"expected a share such as 1%, found {text!r}")
    return float(match[1]) / 100


def exact_share(value: float) -> str:
    """A share as `share` reads it, to nine decimals: `1%`."""
    return f"{100 * value:.9f}".rstrip("0").rstrip(".") + "%"


def duration(text: str) -> float:
    """The seconds of `90s`, `10min` or `1h 30min`. Raises ValueError for any other text, and for zero."""
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _AMOUNT.findall(text))
    if _AMOUNT.sub("", text).strip() or seconds <= 0:
        raise ValueError(f"expected a duration such as 90s, 10min, 1h30min or 30d, found {text!r}")
    return seconds


def exact_duration(seconds: float) -> str:
    """A number of seconds as `duration` reads it: `90s`."""
    return f"{Decimal(repr(seconds)).normalize():f}s"


def part(text: str) -> tuple[int, int]:
    """`2/5`, the second of five, as its two numbers. Raises ValueError for any other text."""
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    if found is None:
        raise ValueError(f"expected NUMBER/OF such as 2/5, found {text!r}")
    return int(found[1]), int(found[2])


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
