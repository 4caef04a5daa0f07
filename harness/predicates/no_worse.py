"""`no-worse`: a quantity is no worse than at a baseline, up to a margin; it may be better by any amount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

from msgspec import Meta, field

from harness.predicates.base import Asking, Known, Mistaken
from harness.predicates.baselines import ABOUT, BASELINE
from harness.predicates.comparison import UNITS, Comparison
from harness.predicates.margin import MARGIN, MEANING, Margin
from harness.questions import Baseline, Question, Region


class NoWorse(Comparison, frozen=True, kw_only=True):
    """The ratio or the difference lies below the margin where lower is better, else above its negative."""

    NAME: ClassVar = "no-worse"
    ORDER: ClassVar = 45
    ABOUT: ClassVar = "a is no worse than at a baseline, up to a margin."
    EXAMPLES: ClassVar = {
        '{ of = "a.error", baseline = { commit = "v0.2.0" }, within = "2%" }': (
            'the centre of ln a/b lies below ln 1.02, where a declares `better = "lower"`; b is a of v0.2.0'
        ),
    }

    margin: Annotated[
        Margin,
        Meta(description=f"The margin; {MEANING}", extra={"role": "margin", "written": MARGIN}),
    ] = field(name="within")
    baseline: Annotated[
        Baseline,
        Meta(description=ABOUT, extra={"role": "baseline", "written": BASELINE}),
    ]

    def mistakes(self, known: Known) -> Iterator[Mistaken]:
        """Both quantities say which way is better, and say the same."""
        yield from super().mistakes(known)
        ways = {name: known.better[name] for name in self.of if name in known.better}
        silent = next((name for name, way in ways.items() if not way), None)
        if silent is not None:
            hint = 'declare `Quantity(…, better="lower")`, or use `equal`'
            yield Mistaken("of", "a quantity that declares which way is better", f"`{silent}`", hint)
        elif len(set(ways.values())) > 1:
            found = " and ".join(f"`{name}`, {way}" for name, way in ways.items())
            yield Mistaken("of", "two quantities that are better the same way", found)

    def questions(self, ask: Asking) -> Iterator[Question]:
        """One question, of the side on which a change is for the worse."""
        effect, size = self.effect(ask), self.margin.size
        lower = ask.better(self.of[0]) == "lower"
        region = Region(high=size) if lower else Region(low=0.0 - size)
        yield ask.question(effect, region, UNITS[effect.scale])

    def describe(self) -> str:
        """Both, and the margin."""
        first, second = (f"change of {q} along {self.along}" if self.along else q for q in self.names)
        return f"{first} no worse than {second} within {self.margin.text}"
