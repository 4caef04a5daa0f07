"""Predicates: how quantities must relate for a claim to hold; and how each is read from TOML."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from harness.suite.errors import shown
from harness.suite.reader import Table

Positive = Annotated[float, msgspec.Meta(gt=0)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]
_PERCENT = re.compile(r"(\d+(?:\.\d*)?|\.\d+) ?%")


@dataclass(frozen=True)
class Margin:
    """`"5%"`: ln 1.05 on the ratio a/b; `0.05`: 0.05 on the difference a − b; None: no margin given."""

    size: float
    relative: bool
    text: str


@dataclass(frozen=True)
class Comparison:
    """`equal`, `differ`, `less`, `greater`: two quantities, or their changes along an axis."""

    kind: Literal["equal", "differ", "less", "greater"]
    of: tuple[str, str]
    margin: Margin | None
    along: str | None = None
    start: str | None = None
    end: str | None = None

    @property
    def quantities(self) -> tuple[str, ...]:
        return self.of

    def describe(self) -> str:
        a, b = self.of
        subject = f"changes of {a} and {b} along {self.along}" if self.along else f"{a} and {b}"
        size = self.margin.text if self.margin else ""
        if self.kind == "equal":
            return f"{subject} equal within {size}"
        if self.kind == "differ":
            return f"{subject} differ by more than {size}"
        first, second = (f"change of {q} along {self.along}" if self.along else q for q in self.of)
        word = "below" if self.kind == "less" else "above"
        return f"{first} {word} {second}" + (f" by {size}" if size else "")


@dataclass(frozen=True)
class Bound:
    """`at-most`, `at-least`: one quantity and a number."""

    kind: Literal["at-most", "at-least"]
    of: str
    bound: float

    @property
    def quantities(self) -> tuple[str, ...]:
        return (self.of,)

    def describe(self) -> str:
        return f"{self.of} {self.kind.replace('-', ' ')} {self.bound:g}"


@dataclass(frozen=True)
class PowerLaw:
    """`power-law`: the effective exponent of a quantity against an axis, between `low` and `high`.

    Stated as `exponent` and `within`, or as a bound `at-most` or `at-least`; `text` says which. `bend` is by
    how much the exponent may change between the halves of the axis before the law is refuted as curved (None
    for a bound, which curved laws may keep); `straight` the margin within which it must be shown that it
    does not.
    """

    of: str
    against: str
    low: float
    high: float
    text: str
    bend: float | None = None
    straight: float | None = None
    kind: Literal["power-law"] = "power-law"

    @property
    def quantities(self) -> tuple[str, ...]:
        return (self.of,)

    def describe(self) -> str:
        straight = "" if self.straight is None else f", straight within {self.straight:g}"
        return f"{self.of} ~ {self.against}^({self.text}){straight}"


@dataclass(frozen=True)
class Monotone:
    """`monotone`: every adjacent pair along an axis is ordered."""

    of: str
    along: str
    direction: Literal["increasing", "decreasing"]
    kind: Literal["monotone"] = "monotone"

    @property
    def quantities(self) -> tuple[str, ...]:
        return (self.of,)

    def describe(self) -> str:
        return f"{self.of} {self.direction} along {self.along}"


@dataclass(frozen=True)
class Exact:
    """`exact`: allclose on each seed, of two quantities, or of one and 0."""

    of: tuple[str, ...]
    rtol: float
    atol: float
    kind: Literal["exact"] = "exact"

    @property
    def quantities(self) -> tuple[str, ...]:
        return self.of

    def describe(self) -> str:
        if len(self.of) == 1:
            return f"|{self.of[0]}| ≤ {self.atol:g} on every seed"
        a, b = self.of
        return f"|{a} − {b}| ≤ {self.atol:g} + {self.rtol:g}·|{b}| on every seed"


@dataclass(frozen=True)
class Faster:
    """`faster`: one benchmark beats another by a factor."""

    of: tuple[str, str]
    factor: float
    kind: Literal["faster"] = "faster"

    @property
    def quantities(self) -> tuple[str, ...]:
        return ()

    def describe(self) -> str:
        x, y = self.of
        return f"{x} at least {self.factor:g} × as fast as {y}"


Predicate = Comparison | Bound | PowerLaw | Monotone | Exact | Faster

LEAST_BEND = 0.2
"""A change of the exponent between the halves of an axis that is no curve, whatever the claim's margin: each
half is then within 0.1 of their mean, as near as finite widths let exponents come to those of a limit."""

NEED_CONTROL = frozenset({"equal", "at-most", "at-least", "exact", "power-law"})
"""Predicates that a network which never moves might satisfy: expected supported, they name a rival."""

FIXED_IN_CONTROL = frozenset({"within", "by", "bound", "rtol", "atol", "at-most", "at-least", "straight"})
"""A rival is judged by the claim's own margins."""


def axis_used(predicate: Predicate) -> str | None:
    """The axis that the predicate itself runs along, if any."""
    if isinstance(predicate, PowerLaw):
        return predicate.against
    return getattr(predicate, "along", None)


def _margin(table: Table, key: str, *, required: bool) -> Margin | None:
    if not required and not table.has(key):
        table.take(key, float, None)
        return None
    raw = table.take(key, str | float, expected='a margin: "5%" of the ratio, or 0.05 of the difference')
    if raw is None:
        return None
    if isinstance(raw, str):
        match = _PERCENT.fullmatch(raw)
        if match is None or float(match[1]) == 0:
            table.notes.add((*table.path, key), 'a percentage above 0 such as "5%", or a number', shown(raw))
            return None
        return Margin(math.log1p(float(match[1]) / 100), True, raw)
    if not raw > 0 or math.isinf(raw):
        table.notes.add((*table.path, key), "a margin above 0", shown(raw))
        return None
    return Margin(float(raw), False, f"{raw:g}")


def _comparison(kind: Literal["equal", "differ", "less", "greater"], table: Table) -> Predicate | None:
    of = table.take("of", tuple[str, str], expected="two quantities")
    margin = _margin(table, "within" if kind == "equal" else "by", required=kind in ("equal", "differ"))
    along = table.take("along", str, None)
    start, end = (_label(table.take(key, str | int | float | bool, None)) for key in ("from", "to"))
    if (start is None) != (end is None):
        table.notes.add(table.path, "`from` and `to` together", "one of them")
    if start is not None and along is None:
        table.notes.add(table.path, "`along` with `from` and `to`", "none")
    if of is None or (margin is None and kind in ("equal", "differ")):
        return None
    return Comparison(kind, of, margin, along, start, end)


def _bound(kind: Literal["at-most", "at-least"], table: Table) -> Predicate | None:
    of, bound = table.take("of", str), table.take("bound", float)
    return None if of is None or bound is None else Bound(kind, of, bound)


def _power_law(table: Table) -> Predicate | None:
    of, against = table.take("of", str), table.take("against", str)
    given = [key for key in ("exponent", "at-most", "at-least") if table.has(key)]
    if len(given) != 1:
        expected = "exactly one of `exponent`, `at-most` and `at-least`"
        table.notes.add(table.path, expected, " and ".join(f"`{key}`" for key in given) or "none")
    sides = {key: table.take(key, float, None) for key in ("exponent", "at-most", "at-least")}
    within = table.take("within", Positive) if given == ["exponent"] else None
    straight = _straight(table, given)
    side = sides[given[0]] if len(given) == 1 else None
    if of is None or against is None or side is None:
        return None
    if given == ["at-most"]:
        return PowerLaw(of, against, -math.inf, side, f"at most {side:g}")
    if given == ["at-least"]:
        return PowerLaw(of, against, side, math.inf, f"at least {side:g}")
    if within is None:
        return None
    bend = max(2 * within, LEAST_BEND)
    if straight is not None:
        bend = min(bend, straight)
    return PowerLaw(of, against, side - within, side + within, f"{side:g} ± {within:g}", bend, straight)


def _straight(table: Table, given: list[str]) -> float | None:
    """`straight`, which goes with `exponent`: a curved law may keep a bound."""
    stated = table.has("straight")
    straight: float | None = table.take("straight", Positive, None)
    if stated and given and given != ["exponent"]:
        found = " and ".join(f"`{key}`" for key in given)
        table.notes.add((*table.path, "straight"), "`straight` beside `exponent` and `within`", found)
    return straight


def _monotone(table: Table) -> Predicate | None:
    of, along = table.take("of", str), table.take("along", str)
    direction = table.take("direction", Literal["increasing", "decreasing"])
    return None if None in (of, along, direction) else Monotone(of, along, direction)


def _exact(table: Table) -> Predicate | None:
    of = table.take("of", str | tuple[str, str], expected="two quantities, or one to compare with 0")
    if not table.has("rtol") and not table.has("atol"):
        table.notes.add(table.path, "a key `rtol` or `atol`", "neither")
    if isinstance(of, str) and table.has("rtol"):
        table.notes.add((*table.path, "rtol"), "`atol` alone, for one quantity against 0", "`rtol`")
    rtol, atol = table.take("rtol", NotNegative, 0.0), table.take("atol", NotNegative, 0.0)
    return None if of is None else Exact((of,) if isinstance(of, str) else of, rtol, atol)


def _faster(table: Table) -> Predicate | None:
    of = table.take("of", tuple[str, str], expected="two benchmarks, the one that is faster first")
    raw = table.take("at-least", str, expected=_FACTOR_EXPECTED)
    if raw is None:
        return None
    match = FACTOR.fullmatch(raw)
    if match is None or float(match[1]) < 1:
        table.notes.add((*table.path, "at-least"), _FACTOR_EXPECTED, shown(raw))
        return None
    return None if of is None else Faster(of, float(match[1]))


FACTOR = re.compile(r"(\d+(?:\.\d*)?|\.\d+) ?(?:x|×)")
_FACTOR_EXPECTED = 'a factor of 1 or more such as "3 x"'

READERS: dict[str, Callable[[Table], Predicate | None]] = {
    "equal": lambda table: _comparison("equal", table),
    "differ": lambda table: _comparison("differ", table),
    "less": lambda table: _comparison("less", table),
    "greater": lambda table: _comparison("greater", table),
    "at-most": lambda table: _bound("at-most", table),
    "at-least": lambda table: _bound("at-least", table),
    "power-law": _power_law,
    "monotone": _monotone,
    "exact": _exact,
    "faster": _faster,
}


def read_predicate(kind: str, table: Table) -> Predicate | None:
    """The predicate `kind` from its table; None, with notes, where it cannot be read."""
    predicate = READERS[kind](table)
    table.close()
    return predicate


def _label(value: Any) -> str | None:
    return None if value is None else label_of(value)


def label_of(value: int | float | str | bool) -> str:
    """How ids and messages name a value of an axis."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value)
