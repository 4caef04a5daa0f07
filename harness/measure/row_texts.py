"""The texts of a store's row: JSON of what a measurement holds, and the checksum of the other columns.

Each text is what `json.dumps` gives, to the letter, since checksums and Python's shortest form of a number
depend on it; `json.dumps` itself takes three times as long for texts that are so short, and every trial has
one row at least.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring_ascii as _quoted

from harness.declare import Missing
from harness.measure.records import Stage


def numbers_text(values: Mapping[str, float]) -> str:
    """Names with numbers."""
    return "{" + ", ".join([f"{_quoted(name)}: {_text(value)}" for name, value in values.items()]) + "}"


def missing_text(missing: Mapping[str, Missing]) -> str:
    """Names, each with why it has no number."""
    if not missing:
        return "{}"
    return json.dumps({name: [why.kind, why.stage, why.reason] for name, why in missing.items()})


def stages_text(stages: Sequence[Stage]) -> str:
    """Stages with their seconds and failures."""
    made = [
        f"[{_quoted(s.name)}, {_text(s.seconds)}, {_quoted(s.failure)}, {'true' if s.fixed else 'false'}]"
        for s in stages
    ]
    return f"[{', '.join(made)}]"


def row_checksum(columns: Sequence[object]) -> str:
    """The checksum of a row's other columns."""
    texts = [_quoted(column) if type(column) is str else _text(column) for column in columns]
    text = f"[{', '.join(texts)}]"
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def _text(value: object) -> str:
    """What `json.dumps` gives for a column, or a number."""
    if type(value) is int or (type(value) is float and value - value == 0.0):
        return repr(value)  # JSON has its own words for infinity and NaN
    return json.dumps(value)
