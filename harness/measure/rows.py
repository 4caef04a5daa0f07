"""What the columns of a store's row may hold. A checksum tells damage, not malice: anybody can compute one.

Each function gives the value of a column, or raises ValueError where a trial cannot have put it there.
"""

from __future__ import annotations

import functools
import json
import math
from typing import Any

from harness.declare import Missing
from harness.measure.records import Stage
from harness.questions import Trial
from harness.spelling import experiment_today

LONGEST = 2**22
"""Characters of a text: far more than a worker gives, which shortens each reason to 8,000."""

SAFE = 2**53
"""Integers up to here are floats exactly."""

_SCALARS = (str, int, float, bool)


def trial(text: object, experiment: object) -> Trial:
    """The trial of a key, of an experiment's name."""
    head, _, tail = word(text).rpartition(",")
    digits = tail.removesuffix("]")
    if digits == tail or not (digits.isascii() and digits.isdigit()) or str(int(digits)) != digits:
        raise ValueError("no key of a trial, or no seed")
    first = _first(head)
    if not isinstance(experiment, str) or first.experiment != experiment_today(experiment):
        raise ValueError("another experiment")
    return first.at(int(digits))


@functools.lru_cache(maxsize=4096)
def _first(head: str) -> Trial:
    """The trial with the seed 0 at the point of a key, which is given up to its last comma: the rows of a
    point share that."""
    text = f"{head},0]"
    found = _json(text)
    if not (isinstance(found, list) and len(found) == 3 and isinstance(found[1], list)):
        raise ValueError("no trial")
    name, pairs, seed = found
    if not (isinstance(name, str) and seed == 0):
        raise ValueError("no name")
    for pair in pairs:
        if not (
            isinstance(pair, list) and len(pair) == 2 and isinstance(pair[0], str)
            and isinstance(pair[1], _SCALARS)
        ):  # fmt: skip
            raise ValueError("no parameters")
    made = Trial(experiment_today(name), tuple((pair[0], pair[1]) for pair in pairs), 0)
    if made.key != text:
        raise ValueError("no key of a trial")
    return made


def numbers(text: object) -> dict[str, float]:
    """Names with numbers, which may be infinite or NaN."""
    found = _json(text)
    if not isinstance(found, dict):
        raise ValueError("no quantities")
    return {name: _number(value) for name, value in found.items()}


def missing(text: object) -> dict[str, Missing]:
    """Names, each with why it has no number."""
    found = _json(text)
    if not isinstance(found, dict):
        raise ValueError("no reasons")
    return {name: _missing(why) for name, why in found.items()}


def _missing(why: object) -> Missing:
    if not (isinstance(why, list) and len(why) == 3 and all(isinstance(part, str) for part in why)):
        raise ValueError("no reason")
    kind, stage, reason = why
    if kind not in ("failed", "not-covered"):
        raise ValueError("no kind of reason")
    return Missing(kind, stage, reason)


def stages(text: object) -> tuple[Stage, ...]:
    """Stages with their seconds and failures."""
    found = _json(text)
    if not isinstance(found, list):
        raise ValueError("no stages")
    made = []
    for stage in found:
        if not (isinstance(stage, list) and len(stage) == 4):
            raise ValueError("no stage")
        name, taken, failure, fixed = stage
        if not (isinstance(name, str) and isinstance(failure, str) and isinstance(fixed, bool)):
            raise ValueError("no stage")
        made.append(Stage(name, seconds(taken), failure, fixed))
    return tuple(made)


def seconds(value: object) -> float:
    """A time: finite, not negative."""
    found = _number(value)
    if not 0 <= found < math.inf:
        raise ValueError("no time")
    return found


def count(value: object) -> int:
    """How many of something."""
    if type(value) is not int or not 0 <= value <= SAFE:
        raise ValueError("no count")
    return value


def flag(value: object) -> bool:
    """0 or 1."""
    if type(value) is not int or value not in (0, 1):
        raise ValueError("no flag")
    return bool(value)


def word(value: object) -> str:
    """A text."""
    if not isinstance(value, str) or len(value) > LONGEST:
        raise ValueError("no text")
    return value


def _number(value: object) -> float:
    if type(value) is float:
        return value
    if type(value) is int and abs(value) <= SAFE:
        return float(value)
    raise ValueError("no number")


def _json(text: object) -> Any:
    try:
        return json.loads(word(text))
    except RecursionError:
        raise ValueError("nested too deeply") from None
