"""Mutations of bytes, of lines of words, and of JSON: small steps from something that is right."""

from __future__ import annotations

import json
import math
import random
import re
import tomllib
from collections.abc import Sequence
from typing import Any

NUMBERS: tuple[object, ...] = (
    0, 1, -1, 2, 3, 48, 255, 256, 2**31, 2**63 - 1, 2**63, 2**64, 10**30, 10**400, -(2**63), 0.0, -0.0, 0.5,
    1e-320, 1e308, -1e308, 700.0, 710.0, -745.5,
)  # fmt: skip
EMPTY: tuple[object, ...] = (
    None, True, [], {}, [None], [None, None], {"": None}, [[]],
    json.loads("[" * 300 + "]" * 300), json.loads('{"a":' * 300 + "1" + "}" * 300),
)  # fmt: skip
TEXTS = (
    "", " ", "\0", "\n", "\r\n", "\t", "\x1b[2J", "\x1b]0;x\x07", "\u202e", "\ufeff", "é", "🙂", "\ud83d",
    "a" * 300, "x=y", "{}", "{0}", "{width}", "{a.b}", "{a[0]}", "{a!r}", "%s", "../../etc/x",
    "/nonexistent/x", "--help", "-", "::", "|", "<script>", "`", "nan", "inf", "1e999", "supported", "error",
    "log-value", "ratio", "as-expected", "not-run", "toys:pair", "canary:run", "ntk.regression",
    "none: because", "1..2",
)  # fmt: skip


def change_bytes(data: bytes, choice: random.Random) -> bytes:
    """Flip, cut, double, insert or replace somewhere."""
    array = bytearray(data)
    for _ in range(choice.choice((1, 1, 1, 2, 4, 16))):
        at = choice.randrange(len(array) + 1)
        length = choice.choice((1, 1, 2, 4, 8, 64))
        match choice.randrange(6):
            case 0 if array:
                array[min(at, len(array) - 1)] ^= 1 << choice.randrange(8)
            case 1:
                del array[at : at + length]
            case 2:
                array[at:at] = array[at : at + length] * choice.choice((1, 2, 50))
            case 3:
                array[at : at + length] = choice.randbytes(length)
            case 4:
                array[at : at + length] = choice.choice(TEXTS).encode(errors="surrogatepass")
            case _:
                array[at : at + length] = choice.choice((b"\0", b"\xff")) * length
    return bytes(array)


_WORD = re.compile(r'"[^"\n]*"|[A-Za-z0-9_.:+-]+|\s+|.', re.DOTALL)


def change_words(data: bytes, choice: random.Random, words: Sequence[str]) -> bytes:
    """Replace, drop, double or swap words and lines of a text."""
    parts = _WORD.findall(data.decode(errors="replace"))
    for _ in range(choice.choice((1, 1, 2, 3, 8))):
        if not parts:
            break
        at = choice.randrange(len(parts))
        match choice.randrange(7):
            case 0 | 1:
                parts[at] = choice.choice(words)
            case 2:
                parts[at] = f'"{choice.choice(TEXTS)}"'
            case 3:
                parts[at] = str(choice.choice(NUMBERS))
            case 4:
                del parts[at]
            case 5:
                other = choice.randrange(len(parts))
                parts[at], parts[other] = parts[other], parts[at]
            case _:
                parts[at:at] = parts[at : at + choice.choice((1, 5, 30))]
    return "".join(parts).encode(errors="surrogatepass")


def change_json(data: bytes, choice: random.Random) -> bytes:
    """Replace, drop, double or move values of a JSON text."""
    try:
        root = json.loads(data)
    except (ValueError, RecursionError):
        return change_bytes(data, choice)
    for _ in range(choice.choice((1, 1, 1, 2, 4))):
        places = _places(root)
        if not places:
            break
        holder, key = choice.choice(places)
        match choice.randrange(8):
            case 0 | 1:
                holder[key] = choice.choice(NUMBERS)
            case 2 | 3:
                holder[key] = choice.choice(TEXTS)
            case 4:
                holder[key] = choice.choice(EMPTY)
            case 5:
                del holder[key]
            case 6:
                other, name = choice.choice(places)
                holder[key] = json.loads(json.dumps(other[name]))
            case _ if isinstance(holder, dict):
                holder[choice.choice(TEXTS)] = holder.pop(key)
            case _:
                holder.insert(key, holder[key])
    try:
        return json.dumps(root).encode()
    except (ValueError, RecursionError):
        return data


def change_toml(data: bytes, choice: random.Random) -> bytes:
    """Replace, drop, double or move values of a TOML text, which stays TOML (in one line for each key)."""
    try:
        root = json.loads(change_json(json.dumps(tomllib.loads(data.decode())).encode(), choice))
    except (ValueError, TypeError, RecursionError):
        return change_bytes(data, choice)
    if not isinstance(root, dict):
        return change_bytes(data, choice)
    lines = [f"{_toml_text(key)} = {_toml(value)}" for key, value in root.items() if value is not None]
    return "\n".join(lines).encode(errors="replace")


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        items = (f"{_toml_text(key)} = {_toml(item)}" for key, item in value.items() if item is not None)
        return f"{{ {', '.join(items)} }}"
    if isinstance(value, list):
        return f"[{', '.join(_toml(item) for item in value if item is not None)}]"
    if isinstance(value, str):
        return _toml_text(value)
    if isinstance(value, float) and not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf"
    return json.dumps(value)


def _toml_text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _places(root: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    rest = [root] if isinstance(root, dict | list) else []
    while rest:
        holder = rest.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            found.append((holder, key))
            if isinstance(holder[key], dict | list):
                rest.append(holder[key])
    return found
