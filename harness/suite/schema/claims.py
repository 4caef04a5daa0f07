"""The schema of `[defaults]` and `[claims.ID]`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Literal

import msgspec

from harness.predicates import predicates
from harness.questions import LOOKS, Centre
from harness.spelling import FIRST_KEYS
from harness.suite.budgets import RARE, AtLeastOne
from harness.suite.claims import Alpha, Defaults, PytestMark, Size
from harness.suite.reader import Seconds
from harness.suite.records import Expectation, Scope, SourceStance, Stance
from harness.suite.schema.parts import Schema, any_table, explored, of_type, partly, table, whole
from harness.suite.schema.predicates import (
    at,
    control,
    control_of,
    controls_of_two,
    may_name_baseline,
    predicate,
    without_margin,
)

_BUDGET: Schema = {"type": "integer", "enum": list(LOOKS)}
_ANY_BUDGET: Schema = {"anyOf": [_BUDGET, msgspec.json.schema(AtLeastOne)]}
_CONTROL: Schema = {"$ref": "#/definitions/control"}
_SAYS = r"^([^{}]|\{\{|\}\}|\{[^{}:!]+:?\})*$"
_DEFAULT = Defaults()


def defaults() -> Schema:
    """The schema of `[defaults]`."""
    return table("What claims have unless they say otherwise.", _shared(_ANY_BUDGET))


def of_default_budget() -> Schema:
    """What holds of a suite besides: `seeds` of `[defaults]` is a look if a claim that has looks takes it."""
    without = {"anyOf": [partly(required=[key]) for key in (*_fixed(), "seeds")]}
    return {
        "if": partly({"claims": any_table(without)}),
        "else": partly({"defaults": partly({"seeds": _BUDGET})}),
    }


def claim() -> Schema:
    """The schema of one `[claims.ID]` table; it refers to `shared_parts`."""
    says = {
        "description": "The claim as one sentence. `{axis}` stands for the value of a swept axis.",
        "type": "string",
        "pattern": _SAYS,
        "examples": ["A network of width {width} predicts as its NTK does, within 0.2."],
    }
    keys = {
        "says": says,
        "source": _citation(),
        "experiment": of_type(str, "The id of an `[experiments.ID]` table, whose quantities are compared."),
        **{name: predicate(kind) for name, kind in predicates().items()},
        "at": at("The values of swept axes that it is about, `{ width = 64, hidden = [1, 2] }`; else all."),
        **_expectation(),
        "control": _CONTROL,
        **_shared(_ANY_BUDGET),
        "explored": explored("Seeds on which its expectation was formed, beside those of `[suite]`."),
        "where": {
            "description": "`[[claims.ID.where]]`: what differs for some instances; the last match wins.",
            "type": "array",
            "items": _where(),
        },
    }
    where = {"items": partly({"seeds": _BUDGET})}
    no_rare: Schema = {"not": partly(required=["rare"])}
    of_fixed = {**partly({"where": {"items": no_rare}}), **no_rare}
    return table(
        "A claim: one sentence about quantities, with exactly one predicate.",
        keys,
        ["says"],
        oneOf=[partly(required=[name]) for name in predicates()],
        anyOf=[partly(required=[key]) for key in ("source", "expect")],
        allOf=[
            *_of_sources(),
            *map(control_of, predicates().values()),
            *(controls_of_two(kind) for kind in predicates().values() if may_name_baseline(kind)),
            {
                "if": _stating([n for n, kind in predicates().items() if kind.SUBJECTS == "benchmarks"]),
                "then": {
                    **partly({"centre": {"enum": ["pseudomedian", "median"]}}),
                    "not": partly(required=["experiment"]),
                },
                "else": partly(required=["experiment"]),
            },
        ],
    ) | {
        "if": _stating(_fixed()),
        "then": of_fixed,
        "else": partly({"seeds": _BUDGET, "where": where}),
    }


def _fixed() -> list[str]:
    """The kinds of predicates that are judged on exactly `seeds` seeds."""
    return [name for name, kind in predicates().items() if not kind.STATISTICS]


def _stating(kinds: Sequence[str]) -> Schema:
    """A claim that states a predicate of one of these kinds."""
    stated = [partly(required=[kind]) for kind in kinds]
    return stated[0] if len(stated) == 1 else {"anyOf": stated, "additionalProperties": True}


def _of_sources() -> list[Schema]:
    """A `where` speaks of a source's stance, and a source of a margin, only where there is one."""
    stance = {"not": partly(required=["stance"]), "additionalProperties": True}
    ours = partly({"source": partly(required=["margin"])}, required=["source"])
    return [
        {"if": partly(required=["source"]), "else": partly({"where": {"items": stance}})},
        {"if": ours, "then": {"not": without_margin(), "additionalProperties": True}},
    ]


def shared_parts(quantities: Collection[str]) -> dict[str, Schema]:
    """Definitions: the quantities of the known experiments, and what a control may be."""
    return {"quantity": {"type": "string", "enum": list(quantities)}, "control": control()}


def _shared(seeds: Schema) -> dict[str, Schema]:
    """The keys that a claim and `[defaults]` have in common."""
    budgets = ", ".join(map(str, LOOKS))
    fixed = " or ".join(f"`{name}`" for name in _fixed())
    about = {
        "seeds": f"The budget: sampling stops as soon as the verdict is in. One of {budgets}; "
        f"with {fixed}, any number. Default: {_DEFAULT.budget.seeds}.",
        "rare": "How rare an event the verdict must not overlook: the first look waits for enough seeds that "
        "an event on this share of all seeds shows at least once with probability 1 − alpha. "
        f"Not for {fixed}.",
        "alpha": f"One-sided chance of a wrong definite verdict. Default: {_DEFAULT.alpha}.",
        "centre": f'What is claimed of the numbers over seeds. Default: "{_DEFAULT.centre}".',
        "time-limit": f"Seconds after which a trial is stopped. Default: {_DEFAULT.time_limit:g}.",
        "memory-limit": "What the worker of a trial may hold in memory; beyond, the trial is stopped. Linux "
        "only; timings are not watched. Default: no limit.",
    }
    return {
        "seeds": {**seeds, "description": about["seeds"], "default": _DEFAULT.budget.seeds},
        "rare": of_type(str, about["rare"], pattern=whole(RARE.pattern), examples=["5%"]),
        "alpha": of_type(Alpha, about["alpha"], default=_DEFAULT.alpha),
        "centre": of_type(Centre, about["centre"], default=_DEFAULT.centre),
        **{old: _deprecated(of_type(Centre, f"Old spelling of `{key}`.")) for key, old in FIRST_KEYS.items()},
        "marks": _marks(),
        "time-limit": of_type(Seconds, about["time-limit"], default=_DEFAULT.time_limit),
        "memory-limit": of_type(Size, about["memory-limit"], examples=["4 GiB"]),
    }


def _deprecated(schema: Schema) -> Schema:
    """Editors strike out such a key."""
    return {**schema, "deprecated": True}


def _marks() -> Schema:
    return of_type(list[PytestMark], 'Words to select by, as in `-m "not slow"`.', examples=[["slow"]])


def _citation() -> Schema:
    return table(
        "Where the claim comes from, and whether the source says that it holds.",
        {
            "cite": of_type(str, "The id of a `[sources.ID]` table."),
            "where": of_type(str, "The place in the source.", examples=["abstract", "Figure 2"]),
            "stance": of_type(
                SourceStance,
                "`asserts`: expected supported; `disputes`: expected refuted; `asks`: open.",
            ),
            "scope": of_type(
                Scope,
                "Of which instances the source says so. Default: every. With `some` and `most` nothing is "
                "expected of one instance unless `expect` says so.",
                default="every",
            ),
            "margin": of_type(
                Literal["ours"],
                "The source gives no number for the margin or bound: it is ours, and reports say so.",
            ),
        },
        ["cite", "stance"],
    )


def _expectation() -> dict[str, Schema]:
    return {
        "expect": of_type(
            Expectation,
            "The verdict expected; left out, it follows the stance. `open` is measured, and never fails.",
        ),
        "because": of_type(str, "Why; needed where `expect` goes against the source."),
    }


def _where() -> Schema:
    changes = {
        "stance": of_type(
            Stance,
            "What the source says of these instances; `none`: nothing, and `because` says why.",
        ),
        **_expectation(),
        "marks": _marks(),
        "control": _CONTROL,
        "seeds": {"description": "The budget of seeds.", **_ANY_BUDGET},
        "rare": of_type(
            str, "How rare an event must not be overlooked.", pattern=whole(RARE.pattern), examples=["5%"]
        ),
    }
    about = (
        "The instances that this is about, `{ width = 64 }`; "
        'on an axis that the predicate runs along, a step, `{ hidden = "1..2" }`.'
    )
    return table(
        "What differs for the instances that `at` matches.",
        {"at": at(about), **changes},
        anyOf=[partly(required=[key]) for key in changes],
    ) | {
        "if": partly({"stance": {"enum": ["none"]}}, required=["stance"]),
        "then": partly({"because": {"type": "string", "pattern": r"\S"}}, required=["because"]),
    }
