"""`baseline`: the key by which a comparison reads its second quantity elsewhere, in a commit or a record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import Meta

from harness.predicates.keys import Unreadable, Written
from harness.questions import Baseline

EXPECTED = '{ commit = "v0.2.0" } or { record = "baseline.json" }'
StatedBaseline = dict[Literal["commit", "record"], Annotated[str, Meta(min_length=1)]]


def _baseline(raw: Mapping[str, str]) -> Baseline:
    if len(raw) != 1:
        raise Unreadable(EXPECTED)
    ((kind, name),) = raw.items()
    if name.startswith("-"):  # an argument of git's, or of a program that opens files
        raise Unreadable(f"{EXPECTED}, whose name does not begin with a dash")
    return Baseline(commit=name, name=name) if kind == "commit" else Baseline(record=name, name=name)


def _name(about: str) -> Mapping[str, Any]:
    return {"description": about, "type": "string", "pattern": "^[^-]"}


BASELINE = Written(
    StatedBaseline,
    _baseline,
    expected=EXPECTED,
    schema={
        "type": "object",
        "properties": {
            "commit": _name("A revision of the suite's repository, or of the one that is tracked."),
            "record": _name("A record (JSON), named from the suite's folder; `@NAME`: a published one."),
        },
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    },
)
ABOUT = "Where the second quantity is read, in the same trials: by the code of a commit, or in a record."


def one_or_two(raw: tuple[str, str] | str) -> tuple[str, str]:
    """Two quantities; one alone is compared with itself, elsewhere."""
    return (raw, raw) if isinstance(raw, str) else raw


ONE_OR_TWO = Written(tuple[str, str] | str, one_or_two)


def at_baseline(a: str, b: str, baseline: Baseline) -> str:
    """The second of two quantities, in words: `that of v0.2.0`, or `b of v0.2.0` under another name."""
    return f"that of {baseline.shown}" if a == b else f"{b} of {baseline.shown}"
