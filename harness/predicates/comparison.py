"""What `equal`, `differ`, `less` and `greater` share: two quantities, or their changes along an axis.

With a `baseline` the second is read there: in the same trials, by another commit's code, or in a record.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, ClassVar

from msgspec import Meta, field

from harness.declare import Scale
from harness.predicates.base import Asking, AxisUse, Known, Mistaken, Predicate, linear_ones
from harness.predicates.baselines import ABOUT, BASELINE, ONE_OR_TWO, at_baseline
from harness.predicates.keys import LABEL
from harness.predicates.margin import MARGIN, MEANING, Margin
from harness.questions import Baseline, Linear, Question, Region, Unit

_END = "of the change; left out, each adjacent pair of values is an instance."
UNITS: Mapping[Scale, Unit] = {"log": "ratio", "linear": "difference"}


class Comparison(Predicate, frozen=True):
    """Two quantities a and b: the centre of ln a/b or of a − b, or of the difference of their changes.

    With a `baseline`, b is what that measures; of one quantity, its own number there.
    """

    USE: ClassVar[AxisUse] = "pairs"
    EXCHANGED: ClassVar[bool] = False
    """Whether it is supported outside its region."""
    SCHEMA: ClassVar[Mapping[str, Any]] = {
        "dependencies": {"from": ["to", "along"], "to": ["from", "along"]},
        "allOf": [
            {
                "if": {"properties": {"of": {"type": "string"}}, "required": ["of"]},
                "then": {"required": ["baseline"]},
            }
        ],
    }

    of: Annotated[
        tuple[str, str],
        Meta(
            description="Two quantities, a and b; with a `baseline` one may stand for both.",
            extra={"role": "quantity", "expected": "two quantities", "written": ONE_OR_TWO},
        ),
    ]
    margin: Annotated[Margin | None, Meta(extra={"role": "margin", "written": MARGIN})] = None
    along: Annotated[
        str | None,
        Meta(
            description="A swept axis; changes along it are compared, ln(a_to/a_from) with b's.",
            extra={"role": "axis"},
        ),
    ] = None
    start: Annotated[
        str | None,
        Meta(description=f"The start {_END}", extra={"role": "label", "written": LABEL}),
    ] = field(default=None, name="from")
    end: Annotated[
        str | None,
        Meta(description=f"The end {_END}", extra={"role": "label", "written": LABEL}),
    ] = field(default=None, name="to")

    baseline: Annotated[
        Baseline | None,
        Meta(description=ABOUT, extra={"role": "baseline", "written": BASELINE}),
    ] = None

    def region(self, margin: float) -> Region:
        """Where the effect must lie."""
        raise NotImplementedError

    @property
    def needs_control(self) -> bool:
        """A network that never moves is no control of the same code at another commit."""
        return super().needs_control and self.baseline is None

    @classmethod
    def misplaced(cls, stated: Mapping[str, object]) -> Iterator[Mistaken]:
        """A change has two ends, and an axis; one quantity is compared with itself, elsewhere."""
        needed = any(key.name == "baseline" and key.required for key in cls.declared_keys())
        if isinstance(stated.get("of"), str) and "baseline" not in stated and not needed:
            yield Mistaken("of", "two quantities, or a `baseline` beside one", f'"{stated["of"]}"')
        if ("from" in stated) != ("to" in stated):
            yield Mistaken("", "`from` and `to` together", "one of them")
        if "from" in stated and "along" not in stated:
            yield Mistaken("", "`along` with `from` and `to`", "none")

    def mistakes(self, known: Known) -> Iterator[Mistaken]:
        """A change has two ends that differ; a ratio is one of quantities on a log scale."""
        if self.along in known.axes and self.start is not None and self.start == self.end:
            yield Mistaken("to", "another value than `from`", f'"{self.end}"')
        if self.margin is not None and self.margin.relative:
            yield from linear_ones(self.of, known, "give an absolute margin")

    def steps(self, labels: Sequence[str]) -> list[tuple[str, str]]:
        """The change that is stated, or each adjacent pair."""
        stated = self.start is not None and self.end is not None
        return [(self.start or "", self.end or "")] if stated else super().steps(labels)

    def questions(self, ask: Asking) -> Iterator[Question]:
        """One question, of the ratio or the difference."""
        effect = self.effect(ask)
        region = self.region(self.margin.size if self.margin else 0.0)
        yield ask.question(effect, region, UNITS[effect.scale], exchanged=self.EXCHANGED)

    def effect(self, ask: Asking) -> Linear:
        """The ratio or the difference; those that a baseline measures are read last."""
        a, b = self.of
        scale = self._scale(ask)
        elsewhere = ((a, None), (b, self.baseline))
        if ask.span is not None and self.along is not None:
            start, end = ask.span
            readings = tuple(ask.reading(q, label, at) for q, at in elsewhere for label in (end, start))
            return ask.linear(readings, (1.0, -1.0, -1.0, 1.0), scale)
        return ask.linear(tuple(ask.reading(q, None, at) for q, at in elsewhere), (1.0, -1.0), scale)

    def _scale(self, ask: Asking) -> Scale:
        """The scale of the margin; without one, the log scale if both quantities are on it."""
        if self.margin is not None:
            return "log" if self.margin.relative else "linear"
        return "linear" if any(ask.scale(quantity) == "linear" for quantity in self.of) else "log"

    def both(self) -> str:
        """What is compared, in words."""
        a, b = self.names
        return f"changes of {a} and {b} along {self.along}" if self.along else f"{a} and {b}"

    @property
    def names(self) -> tuple[str, str]:
        """Both, the second with its baseline."""
        a, b = self.of
        return a, b if self.baseline is None else at_baseline(a, b, self.baseline)


class Ordered(Comparison, frozen=True):
    """What `less` and `greater` share: an order of the two, by a margin if one is given."""

    WORD: ClassVar[str]
    """How the first stands to the second."""

    margin: Annotated[
        Margin | None,
        Meta(
            description=f"By at least this (default: none); {MEANING}",
            extra={"role": "margin", "written": MARGIN},
        ),
    ] = field(default=None, name="by")

    def describe(self) -> str:
        """Their order."""
        first, second = (f"change of {q} along {self.along}" if self.along else q for q in self.names)
        return f"{first} {self.WORD} {second}" + (f" by {self.margin.text}" if self.margin else "")
