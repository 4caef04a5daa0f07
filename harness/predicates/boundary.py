"""`boundary`: where along an axis the mean of a quantity crosses a bound, as an interval."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from msgspec import Meta, field

from harness.predicates.base import Asking, Known, Mistaken, Predicate
from harness.predicates.bound import UNITS
from harness.predicates.factor import written_factor
from harness.predicates.keys import Direction
from harness.questions import MOST_POINTS, BoundarySearch, Question, Region

QUARTER_OCTAVE = 2 ** (1 / 4)
"""The step from a point of the axis to the next: four points to a factor of 2."""
USUAL_RATIO = 2.0
"""How near the ends of the interval must come to each other where a claim does not say."""
MOST_STEPS = 512
"""Steps between the ends of a range: halving them takes ten points, which leaves the ends of twelve."""
_DIGITS = 3
"""Significant digits of the points between the ends of a range that are no whole numbers."""

_RATIO = written_factor(
    'a ratio above 1 such as "2 x"',
    "2 x",
    least=1.0,
    beyond=True,
    too_small=r"^0*(1(\.0*)?|(\.\d*)?) ?[x×]$",
)


class Boundary(Predicate, frozen=True):
    """Between two values of the axis the mean crosses the bound: before the first it is on one side of it,
    past the second on the other.

    It takes the mean for monotone along the axis. With `at-most` or `at-least` the boundary must lie below or
    above a value; without, it is only measured.
    """

    NAME: ClassVar = "boundary"
    ORDER: ClassVar = 85
    ABOUT: ClassVar = "Where along an axis the mean of a quantity crosses a bound."
    EXAMPLES: ClassVar = {
        '{ of = "a.error", bound = 0.2, along = "size", from = 16, to = 1024, within = "2 x" }': (
            "measured only: the values of the axis between which the mean of a falls below the bound, at "
            "most a factor of 2 apart ([below](#boundaries))"
        ),
        '{ of = "a.error", bound = 0.2, along = "size", from = 16, to = 1024, at-most = 700 }': (
            "the mean of a falls below the bound at 700 or before"
        ),
        '{ of = "a.error", bound = 0.2, along = "size", direction = "increasing", at-least = 2 }': (
            "the mean of a rises above the bound at 2 or beyond; the points are the values that are swept"
        ),
    }
    NEEDS_CONTROL: ClassVar = True
    USE: ClassVar = "range"
    SHARES: ClassVar = MOST_POINTS
    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "dependencies": {"from": ["to"], "to": ["from"]},
        "not": {"required": ["at-most", "at-least"]},
    }

    of: Annotated[str, Meta(description="A quantity.", extra={"role": "quantity"})]
    bound: Annotated[
        float,
        Meta(
            description="The bound that the mean crosses, in the quantity's unit.", extra={"role": "margin"}
        ),
    ]
    along: Annotated[
        str,
        Meta(
            description="A parameter that is a number, swept or not, from its cheap end on.",
            extra={"role": "axis"},
        ),
    ]
    start: Annotated[
        float | None,
        Meta(
            gt=0,
            description="Where the range begins, its cheap end. Left out, with `to`, the points are the "
            "values that the experiment sweeps.",
            extra={"role": "margin"},
        ),
    ] = field(default=None, name="from")
    end: Annotated[
        float | None, Meta(gt=0, description="Where the range ends.", extra={"role": "margin"})
    ] = field(default=None, name="to")
    direction: Annotated[
        Direction,
        Meta(description="Which way the mean goes along the axis.", extra={"role": "law"}),
    ] = "decreasing"
    within: Annotated[
        float | None,
        Meta(
            description="The ratio of the interval's ends that is near enough. Left out, it is `2 x`; beside "
            "`at-most` or `at-least`, as near as their verdict needs.",
            extra={"role": "margin", "written": _RATIO},
        ),
    ] = None
    at_most: Annotated[
        float | None,
        Meta(description="The boundary lies at this value of the axis or before.", extra={"role": "margin"}),
    ] = None
    at_least: Annotated[
        float | None,
        Meta(description="The boundary lies at this value of the axis or beyond.", extra={"role": "margin"}),
    ] = None

    @classmethod
    def misplaced(cls, stated: Mapping[str, object]) -> Iterator[Mistaken]:
        """A range has two ends, and the boundary one side."""
        if ("from" in stated) != ("to" in stated):
            yield Mistaken("", "`from` and `to` together", "one of them")
        if "at-most" in stated and "at-least" in stated:
            yield Mistaken("at-least", "one of `at-most` and `at-least`", "both")

    def mistakes(self, known: Known) -> Iterator[Mistaken]:
        """A bound has a logarithm if its quantity has one; so have the points, which are near enough."""
        if known.scales.get(self.of) == "log" and self.bound <= 0:
            yield Mistaken("bound", f"a bound above 0 for `{self.of}`", str(self.bound))
        found = list(self._about_range(known))
        yield from found
        if found:
            return
        at = self.points(known.whole.get(self.along, False)) or self._swept(known)
        if len(at) < self.LEAST or at[0] <= 0:
            return  # said of the claim: its `at` may keep fewer, and a parameter may not be 0
        for key, edge in (("at-most", self.at_most), ("at-least", self.at_least)):
            if edge is not None and not at[0] <= edge <= at[-1]:
                yield Mistaken(key, f"a value between {at[0]:g} and {at[-1]:g}", f"{edge:g}")
        steps = [b / a for a, b in itertools.pairwise(at)]
        if self.ratio is not None and max(steps) > self.ratio:
            place = steps.index(max(steps))
            expected = f"a ratio that neighbouring points can have, such as the {max(steps):.3g} x"
            found_ = f"{self.ratio:g} x" + ("" if self.within else ", as nothing is stated")
            yield Mistaken(
                "within" if self.within else "", f"{expected} from {at[place]:g} to {at[place + 1]:g}", found_
            )

    def _about_range(self, known: Known) -> Iterator[Mistaken]:
        if self.start is None or self.end is None:
            if self.along in known.whole and self.along not in known.axes:
                yield Mistaken("along", "`from` and `to` of an axis that is not swept", "neither")
            for label, value in known.axes.get(self.along, {}).items():
                if isinstance(value, bool | str) or value is None or value <= 0:
                    yield Mistaken("along", "an axis of positive numbers", f"`{self.along}` with {label}")
                    break
            return
        if self.along in known.axes and None in known.axes[self.along].values():
            yield Mistaken("along", "a parameter that is a number", f"`{self.along}` with named variants")
        if not self.start < self.end < math.inf:
            yield Mistaken("to", f"a number above `from`, which is {self.start:g}", f"{self.end:g}")

    def _swept(self, known: Known) -> Sequence[float]:
        values = known.axes.get(self.along, {}).values()
        return sorted(value for value in values if isinstance(value, int | float))

    @property
    def ends(self) -> Mapping[str, float]:
        """Those of the range."""
        return {} if self.start is None or self.end is None else {"from": self.start, "to": self.end}

    @property
    def is_decided(self) -> bool:
        """With a side of its own."""
        return self.at_most is not None or self.at_least is not None

    @property
    def ratio(self) -> float | None:
        """The ratio of the interval's ends that is near enough; None: any."""
        return USUAL_RATIO if self.within is None and not self.is_decided else self.within

    def points(self, whole: bool) -> tuple[int | float, ...]:
        """A range in equal ratios, each a quarter of an octave or less, with what the claim compares with."""
        if self.start is None or self.end is None or not 0 < self.start < self.end < math.inf:
            return ()
        length = math.log(self.end / self.start)
        step = math.log(min(QUARTER_OCTAVE, self.ratio or QUARTER_OCTAVE))
        count = min(MOST_STEPS, max(1, math.ceil(length / step - 1e-9)))
        between = [self.start * math.exp(length * k / count) for k in range(1, count)]
        edges = [edge for edge in (self.at_most, self.at_least) if edge is not None]
        inside = [edge for edge in edges if self.start < edge < self.end]
        if whole:
            at = {round(self.start), *map(round, between), *(int(e) for e in inside if e.is_integer())}
            return tuple(sorted(at | {round(self.end)}))
        rounded = (float(f"{value:.{_DIGITS}g}") for value in between)
        return tuple(
            sorted({self.start, *(v for v in rounded if self.start < v < self.end), *inside, self.end})
        )

    def questions(self, ask: Asking) -> Iterator[Question]:
        """Whether each point lies past the boundary, in the order of the axis."""
        scale = ask.scale(self.of)
        edge = math.log(self.bound) if scale == "log" else self.bound
        past = Region(high=edge) if self.direction == "decreasing" else Region(low=edge)
        for label, _ in self._ordered(ask):
            effect = ask.linear((ask.reading(self.of, label),), (1.0,), scale)
            yield ask.question(effect, past, UNITS[scale], name=f"{self.along}={label}")

    def search(self, ask: Asking) -> BoundarySearch:
        """From the smallest value on."""
        region = Region(
            -math.inf if self.at_least is None else self.at_least,
            math.inf if self.at_most is None else self.at_most,
        )
        return BoundarySearch(self.along, tuple(value for _, value in self._ordered(ask)), self.ratio, region)

    def _ordered(self, ask: Asking) -> list[tuple[str, float]]:
        values = ((label, float(value or 0)) for label, value in ask.over.items())
        return sorted(values, key=lambda each: each[1])

    def describe(self) -> str:
        """What falls or rises beyond which bound, along which range, and where it must."""
        goes = "falls below" if self.direction == "decreasing" else "rises above"
        where = ""
        if self.at_most is not None:
            where = f" at {self.at_most:g} or before"
        elif self.at_least is not None:
            where = f" at {self.at_least:g} or beyond"
        over = "" if self.start is None or self.end is None else f" from {self.start:g} to {self.end:g}"
        near = f", within {self.ratio:g} x" if self.ratio is not None else ""
        asked = "" if where else "where "
        return f"{asked}{self.of} {goes} {self.bound:g} along {self.along}{over}{where}{near}"
