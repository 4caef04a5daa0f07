"""What a predicate is: how quantities must relate for a claim to hold. Each kind is a module of this room.

A kind is a class with typed fields, the keys of its table in a suite. The class also says what single fields
cannot (which keys go together, what the experiment must have) and makes the questions that decide an
instance, which it sees as `Asking`.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from harness.declare import Better, Scale, Value
from harness.predicates.keys import Key, Role, keys_of
from harness.questions import (
    Baseline,
    BoundarySearch,
    Closeness,
    Linear,
    Question,
    Reading,
    Region,
    Straightness,
    Unit,
)

AxisUse = Literal["", "whole", "pairs", "range"]
"""How a predicate uses its axis: not at all, all values in one instance, an instance for each pair, or one
instance with values between two ends, which need not be swept."""
Subjects = Literal["quantities", "benchmarks"]


@dataclass(frozen=True)
class Mistaken:
    """A mistake in a predicate's table: at which key ("": the table as a whole), what was expected and
    what was found."""

    key: str
    expected: str
    found: str
    hint: str = ""


@dataclass(frozen=True)
class Known:
    """What is known where a predicate stands: the scales of the experiment's quantities (none where it has
    not been imported), its axes with the labels of their values and the values (None: a variant), and its
    parameters that are numbers, with whether these are whole."""

    scales: Mapping[str, Scale]
    axes: Mapping[str, Mapping[str, Value | None]]
    whole: Mapping[str, bool]
    better: Mapping[str, Better] = field(default_factory=dict)
    """By quantity, if it is known: which way is better, "" if it does not say."""


class Asking(Protocol):
    """An instance as its predicate sees it."""

    @property
    def span(self) -> tuple[str, str] | None:
        """The labels of the axis between which changes are compared."""

    @property
    def over(self) -> Mapping[str, Value | None]:
        """The labels of the axis that is used whole, in order, each with its value."""

    def scale(self, quantity: str) -> Scale:
        """The scale that the experiment declares."""

    def better(self, quantity: str) -> Better:
        """Which way the experiment declares to be better; "" of a quantity that does not say."""

    def reading(self, quantity: str, label: str | None = None, baseline: Baseline | None = None) -> Reading:
        """The quantity at the instance's point; with `label`, at this value of the axis; with a `baseline`,
        as that measures it."""

    def timings(self, benchmarks: Sequence[str]) -> tuple[Reading, ...]:
        """The seconds of the benchmarks, timed side by side."""

    def linear(self, readings: tuple[Reading, ...], weights: tuple[float, ...], scale: Scale) -> Linear:
        """The effect Σ weight · g(reading), with the floor of its rounding."""

    def question(
        self,
        effect: Linear | Closeness,
        region: Region,
        unit: Unit,
        *,
        name: str = "",
        parts: int = 1,
        exchanged: bool = False,
        straight: Straightness | None = None,
    ) -> Question:
        """A question at the claim's level and budget; one of `parts` of a conjunction."""


class Predicate(msgspec.Struct, frozen=True, kw_only=True, rename="kebab"):
    """A kind of predicate. Its fields are the keys of its table in a suite."""

    NAME: ClassVar[str]
    ORDER: ClassVar[int]
    """Where it stands in messages, schema and tables."""
    ABOUT: ClassVar[str]
    EXAMPLES: ClassVar[Mapping[str, str]]
    """Tables as a suite states them, and when each holds."""
    NEEDS_CONTROL: ClassVar[bool] = False
    """Whether a network that never moves might satisfy it: expected supported, it names a control."""
    STATISTICS: ClassVar[bool] = True
    """Whether it is judged by an estimate, at looks; if not, on exactly `seeds` seeds."""
    SUBJECTS: ClassVar[Subjects] = "quantities"
    USE: ClassVar[AxisUse] = ""
    LEAST: ClassVar[int] = 2
    """The least number of values of an axis that it uses."""
    SHARES: ClassVar[int] = 1
    """In how many equal parts its questions share the claim's alpha."""
    SCHEMA: ClassVar[Mapping[str, Any]] = {}
    """What holds of its keys besides, as JSON Schema; the same as `misplaced`."""

    @classmethod
    @cache
    def declared_keys(cls) -> tuple[Key, ...]:
        """The keys of its table."""
        return keys_of(cls)

    @classmethod
    def misplaced(cls, stated: Mapping[str, object]) -> Iterator[Mistaken]:
        """The mistakes of a table, as it is stated, that no key makes by itself: one lacks another, say."""
        yield from ()

    def mistakes(self, known: Known) -> Iterator[Mistaken]:
        """The mistakes that show where it stands, besides names that are not known."""
        yield from ()

    def describe(self) -> str:
        """It in words."""
        raise NotImplementedError

    def questions(self, ask: Asking) -> Iterator[Question]:
        """The questions whose conjunction it is."""
        raise NotImplementedError

    def search(self, ask: Asking) -> BoundarySearch | None:
        """How its questions are asked one after another, where they are no conjunction."""
        return None

    def steps(self, labels: Sequence[str]) -> list[tuple[str, str]]:
        """The pairs of labels of its axis that have an instance each."""
        return list(itertools.pairwise(labels))

    def points(self, whole: bool) -> tuple[int | float, ...]:
        """The values of its axis, ascending, that it chooses by itself, `whole` numbers or any; none: it
        takes those that are swept."""
        return ()

    @property
    def ends(self) -> Mapping[str, float]:
        """Values of its axis that it states, by their keys: the axis must be able to take them."""
        return {}

    @property
    def is_decided(self) -> bool:
        """Whether it can be supported or refuted; if not, it is only measured."""
        return True

    @property
    def needs_control(self) -> bool:
        """Whether an instance that is expected supported names a control."""
        return self.NEEDS_CONTROL and self.is_decided

    @property
    def kind(self) -> str:
        """The name of its kind."""
        return self.NAME

    @property
    def quantities(self) -> tuple[str, ...]:
        """The quantities that it reads."""
        return self._of("quantity")

    @property
    def benchmarks(self) -> tuple[str, ...]:
        """The benchmarks that it compares."""
        return self._of("benchmark")

    @property
    def axis(self) -> str | None:
        """The axis that it runs along, if any."""
        return next(iter(self._of("axis")), None)

    @property
    def has_margin(self) -> bool:
        """Whether it states a number of which a source may have said nothing."""
        margins = (key.field for key in self.declared_keys() if key.role == "margin")
        return any(getattr(self, field) is not None for field in margins)

    def named(self) -> Iterator[tuple[Key, str]]:
        """The names of quantities, benchmarks, axes and labels in it, each with its key."""
        for key in self.declared_keys():
            value = getattr(self, key.field)
            if key.role in ("quantity", "benchmark", "axis", "label") and value is not None:
                yield from ((key, name) for name in ([value] if isinstance(value, str) else value))

    def _of(self, role: Role) -> tuple[str, ...]:
        return tuple(name for key, name in self.named() if key.role == role)


def linear_ones(quantities: Sequence[str], known: Known, hint: str = "") -> Iterator[Mistaken]:
    """The mistake of quantities on a linear scale where logarithms are taken."""
    linear = [quantity for quantity in quantities if known.scales.get(quantity) == "linear"]
    if linear:
        yield Mistaken("of", "quantities on a log scale", f"`{linear[0]}` on a linear one", hint)
