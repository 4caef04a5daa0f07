"""The schema of `[defaults]` and `[claims.ID]`."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

import msgspec

from harness.questions import LOOKS, Center
from harness.suite.budgets import RARE, AtLeastOne
from harness.suite.claims import Alpha, Defaults, Mark, Seconds, Size
from harness.suite.predicates import _PERCENT, FACTOR, FIXED_IN_CONTROL, READERS, NotNegative, Positive
from harness.suite.records import Expectation, Scope, SourceStance, Stance
from harness.suite.schema.parts import SCALAR, Schema, any_table, explored, of_type, partly, table, whole

_BUDGET: Schema = {"type": "integer", "enum": list(LOOKS)}
_ANY_BUDGET: Schema = {"anyOf": [_BUDGET, msgspec.json.schema(AtLeastOne)]}
_KNOWN: Schema = {"$ref": "#/definitions/quantity"}
_QUANTITY: Schema = {"anyOf": [_KNOWN, {"type": "string"}]}  # completed, but those of others are fine
_CONTROL: Schema = {"$ref": "#/definitions/control"}
_SAYS = r"^([^{}]|\{\{|\}\}|\{[^{}:!]+:?\})*$"
_DEFAULT = Defaults()


def defaults() -> Schema:
    """The schema of `[defaults]`."""
    return table("What claims have unless they say otherwise.", _shared(_ANY_BUDGET))


def of_default_budget() -> Schema:
    """What holds of a suite besides: `seeds` of `[defaults]` is a look, unless `exact` alone takes it."""
    without = {"anyOf": [partly(required=[key]) for key in ("exact", "seeds")]}
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
        **_predicates(),
        "at": _at("The values of swept axes that it is about, `{ width = 64, hidden = [1, 2] }`; else all."),
        **_expectation(),
        "control": _CONTROL,
        **_shared(_ANY_BUDGET),
        "explored": explored("Seeds on which its expectation was formed, beside those of `[suite]`."),
        "where": {
            "description": "`[[claims.ID.where]]`: what differs for some instances; the last match wins.",
            "type": "array",
            "items": _override(),
        },
    }
    where = {"items": partly({"seeds": _BUDGET})}
    no_rare: Schema = {"not": partly(required=["rare"])}
    of_exact = {**partly({"where": {"items": no_rare}}), **no_rare}
    return table(
        "A claim: one sentence about quantities, with exactly one predicate.",
        keys,
        ["says"],
        oneOf=[partly(required=[kind]) for kind in READERS],
        anyOf=[partly(required=[key]) for key in ("source", "expect")],
        allOf=[
            *_of_sources(),
            *(_control_of(kind, predicate) for kind, predicate in _predicates().items()),
            {
                "if": partly(required=["faster"]),
                "then": {
                    **partly({"center": {"enum": ["pseudomedian", "median"]}}),
                    "not": partly(required=["experiment"]),
                },
                "else": partly(required=["experiment"]),
            },
        ],
    ) | {
        "if": partly(required=["exact"]),
        "then": of_exact,
        "else": partly({"seeds": _BUDGET, "where": where}),
    }


def _of_sources() -> list[Schema]:
    """A `where` speaks of a source's stance, and a source of a margin, only where there is one."""
    stance = {"not": partly(required=["stance"]), "additionalProperties": True}
    ours = partly({"source": partly(required=["margin"])}, required=["source"])
    bare = [partly({kind: {"not": partly(required=["by"])}}, required=[kind]) for kind in ("less", "greater")]
    none = {"anyOf": [partly(required=["monotone"]), *bare], "additionalProperties": True}
    return [
        {"if": partly(required=["source"]), "else": partly({"where": {"items": stance}})},
        {"if": ours, "then": {"not": none, "additionalProperties": True}},
    ]


def shared_parts(quantities: Collection[str]) -> dict[str, Schema]:
    """Definitions: the quantities of the known experiments, and what a control may be."""
    return {"quantity": {"type": "string", "enum": list(quantities)}, "control": _control()}


def only_known_quantities() -> Schema:
    """What holds of a claim besides where every experiment is known: so are its quantities."""
    pair: Schema = {"type": "array", "items": _KNOWN}
    shapes = {k: schema["properties"]["of"] for k, schema in _predicates().items() if k != "faster"}
    kinds = {}
    for kind, of in shapes.items():
        known = {"string": _KNOWN, "array": pair}
        allowed = [known[type_] for type_ in _types(of)]
        kinds[kind] = partly({"of": allowed[0] if len(allowed) == 1 else {"anyOf": allowed}})
    control = partly({"of": {"anyOf": [_KNOWN, pair]}})
    return partly({**kinds, "control": control, "where": {"items": partly({"control": control})}})


def _shared(seeds: Schema) -> dict[str, Schema]:
    """The keys that a claim and `[defaults]` have in common."""
    budgets = ", ".join(map(str, LOOKS))
    about = {
        "seeds": f"The budget: sampling stops as soon as the verdict is in. One of {budgets}; "
        f"with `exact`, any number. Default: {_DEFAULT.budget.seeds}.",
        "rare": "How rare an event the verdict must not overlook: the first look waits for enough seeds that "
        "an event on this share of all seeds shows at least once with probability 1 − alpha. Not for "
        "`exact`.",
        "alpha": f"One-sided chance of a wrong definite verdict. Default: {_DEFAULT.alpha}.",
        "center": f'What is claimed of the numbers over seeds. Default: "{_DEFAULT.center}".',
        "time-limit": f"Seconds after which a trial is stopped. Default: {_DEFAULT.time_limit:g}.",
        "memory-limit": "What the worker of a trial may hold in memory; beyond, the trial is stopped. Linux "
        "only; timings are not watched. Default: no limit.",
    }
    return {
        "seeds": {**seeds, "description": about["seeds"], "default": _DEFAULT.budget.seeds},
        "rare": of_type(str, about["rare"], pattern=whole(RARE.pattern), examples=["5%"]),
        "alpha": of_type(Alpha, about["alpha"], default=_DEFAULT.alpha),
        "center": of_type(Center, about["center"], default=_DEFAULT.center),
        "marks": _marks(),
        "time-limit": of_type(Seconds, about["time-limit"], default=_DEFAULT.time_limit),
        "memory-limit": of_type(Size, about["memory-limit"], examples=["4 GiB"]),
    }


def _marks() -> Schema:
    return of_type(list[Mark], 'Words to select by, as in `-m "not slow"`.', examples=[["slow"]])


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


def _at(about: str) -> Schema:
    values: Schema = {"anyOf": [SCALAR, {"type": "array", "items": SCALAR}]}
    return {"description": about, "type": "object", "additionalProperties": values}


def _override() -> Schema:
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
        {"at": _at(about), **changes},
        anyOf=[partly(required=[key]) for key in changes],
    ) | {
        "if": partly({"stance": {"enum": ["none"]}}, required=["stance"]),
        "then": partly({"because": {"type": "string", "pattern": r"\S"}}, required=["because"]),
    }


def _control() -> Schema:
    """A reason for none, or keys of the predicate (but no margins) and `at`."""
    about = "A key of the predicate, for the rival."
    keys: dict[str, Schema] = {}
    for predicate in _predicates().values():
        for key, schema in predicate["properties"].items():
            if key not in FIXED_IN_CONTROL:
                keys[key] = {**schema, "description": about}
    keys["of"] = {"description": about, "anyOf": [_QUANTITY, _pair("Two quantities.")]}
    keys["at"] = _at("Another point, `{ width = 64 }`.")
    return {
        "description": "The nearest rival for which the predicate must fail: the keys of the predicate "
        'that it replaces, or another point, `at`. `"none: reason"` declines one.',
        "anyOf": [
            table("What the rival replaces.", keys, minProperties=1),
            {"description": "Why there is none.", "type": "string", "pattern": r"^none:\s*\S"},
        ],
    }


def _control_of(kind: str, predicate: Schema) -> Schema:
    """What a control may replace of this predicate, in a claim and in its `where`."""
    keys = predicate["properties"]
    of = {"type": _types(keys["of"])}
    names = {"enum": [*(key for key in keys if key not in FIXED_IN_CONTROL), "at"]}
    control = {**partly({"of": of}), "propertyNames": names}
    then = partly({"control": control, "where": {"items": partly({"control": control})}})
    return {"if": partly(required=[kind]), "then": then, "additionalProperties": True}


def _types(of: Schema) -> list[str]:
    """Whether a predicate takes one quantity (a string), two (an array), or either."""
    if any("items" in shape for shape in of.get("anyOf", [])):
        return ["string", "array"]
    return ["array" if "items" in of else "string"]


def _pair(about: str) -> Schema:
    items = {"description": about, **_QUANTITY}
    return {"description": about, "type": "array", "items": items, "minItems": 2, "maxItems": 2}


def _margin(about: str) -> Schema:
    zero = r"^[0.]+ ?%$"
    percent = {"type": "string", "pattern": whole(_PERCENT.pattern), "not": {"pattern": zero}}
    number = {"type": "number", "exclusiveMinimum": 0}
    return {"description": about, "anyOf": [percent, number], "examples": ["5%", 0.05]}


def _predicates() -> dict[str, Schema]:
    """The schema of each predicate, with the keys that its reader takes."""
    pair = {"of": _pair("Two quantities, a and b.")}
    one = {"of": {"description": "A quantity.", **_QUANTITY}}
    end = "of the change; left out, each adjacent pair of values is an instance."
    changes = {
        "along": of_type(str, "A swept axis; changes along it are compared, ln(a_to/a_from) with b's."),
        "from": {"description": f"The start {end}", **SCALAR},
        "to": {"description": f"The end {end}", **SCALAR},
    }
    together = {"dependencies": {"from": ["to", "along"], "to": ["from", "along"]}}
    size = '`"5%"`: of the ratio a/b; `0.05`: of the difference a − b.'

    def comparison(about: str, key: str, margin: str, *required: str) -> Schema:
        keys = {**pair, key: _margin(f"{margin}; {size}"), **changes}
        return table(about, keys, ["of", *required], **together)

    bound = {**one, "bound": of_type(float, "The bound, in the quantity's unit.")}
    tolerance: dict[str, Any] = {"default": 0}
    return {
        "equal": comparison("a and b are equal up to a margin.", "within", "The margin", "within"),
        "differ": comparison("a and b differ by more than a margin.", "by", "The margin", "by"),
        "less": comparison("a is below b.", "by", "By at least this (default: none)"),
        "greater": comparison("a is above b.", "by", "By at least this (default: none)"),
        "at-most": table("The quantity is below a bound.", bound, ["of", "bound"]),
        "at-least": table("The quantity is above a bound.", bound, ["of", "bound"]),
        "power-law": table(
            "The mean over seeds of the slope of ln a on ln(axis) lies inside exponent ± within, or "
            "keeps a bound.",
            {
                **one,
                "against": of_type(str, "A swept axis of at least three positive numbers."),
                "exponent": of_type(float, "The exponent.", examples=[-0.5]),
                "within": of_type(Positive, "The margin of the exponent."),
                "at-most": of_type(float, "An upper bound on the exponent, instead of `exponent`."),
                "at-least": of_type(float, "A lower bound on the exponent, instead of `exponent`."),
                "straight": of_type(
                    Positive,
                    "The change of the exponent from the lower half of the points to the upper, within which "
                    "the law must be shown to be straight. Left out, it need only not be shown to be curved.",
                    examples=[0.3],
                ),
            },
            ["of", "against"],
            oneOf=[partly(required=[key]) for key in ("exponent", "at-most", "at-least")],
            dependencies={"exponent": ["within"], "within": ["exponent"], "straight": ["exponent"]},
        ),
        "monotone": table(
            "Every adjacent pair along an axis is ordered.",
            {
                **one,
                "along": of_type(str, "A swept axis."),
                "direction": {
                    "description": "Which way.",
                    "type": "string",
                    "enum": ["increasing", "decreasing"],
                },
            },
            ["of", "along", "direction"],
        ),
        "exact": table(
            "|a − b| ≤ atol + rtol·|b| on each of exactly `seeds` seeds; no statistics. "
            "Of one quantity: |a| ≤ atol.",
            {
                "of": {
                    "description": "Two quantities, a and b; or one, to compare with 0.",
                    "anyOf": [_pair("Two quantities, a and b."), _QUANTITY],
                },
                "rtol": of_type(NotNegative, "Relative tolerance.", **tolerance),
                "atol": of_type(NotNegative, "Absolute tolerance.", **tolerance),
            },
            ["of"],
            anyOf=[partly(required=[key]) for key in ("rtol", "atol")],
            allOf=[{"if": partly({"of": {"type": "string"}}), "then": {"not": partly(required=["rtol"])}}],
        ),
        "faster": table(
            "One benchmark beats another by a factor; timed side by side, alone on the machine.",
            {
                "of": {
                    "description": "Two benchmarks with one sweep, the one that is faster first.",
                    "type": "array",
                    "items": {"description": "The id of a `[benchmarks.ID]` table.", "type": "string"},
                    "minItems": 2,
                    "maxItems": 2,
                },
                "at-least": {
                    "description": "The factor.",
                    "type": "string",
                    "pattern": whole(FACTOR.pattern),
                    "not": {"pattern": r"^(0\d*(\.\d*)?|\.\d+) ?[x×]$"},
                    "examples": ["3 x"],
                },
            },
            ["of", "at-least"],
        ),
    }
