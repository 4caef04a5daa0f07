"""Writes the covering array of suites/kernels.toml: combinations of architectures and inputs, chosen so that
any two values of two factors occur together in some row, unless `FORBIDDEN` says why they cannot.

    python suites/covering.py            write the rows into suites/kernels.toml, between two markers
    python suites/covering.py --check    exit with 1 if the rows there are not those that this would write

To add values, extend `FACTORS` (and `FORBIDDEN`, with a reason) and run it again. The rows depend on the two
tables and on `SEED` alone. It needs the standard library only. `tests/ntk/test_covering.py` checks the
strength of what stands in the suite, by other code.

The algorithm is greedy: a row begins with a pair that no row has yet, and its other factors, in random order,
take the value that makes the most new pairs; the best of `CANDIDATES` such rows is kept (Cohen, Dalal,
Fredman & Patton 1997, "The AETG System"). Rows are then dropped that the others make superfluous.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import combinations, product
from pathlib import Path

Value = str | int | float
Setting = dict[str, Value]
Level = tuple[Value, ...]
"""The values of one factor's keys."""

SUITE = Path(__file__).with_name("kernels.toml")
BEGIN = "# -- rows of suites/covering.py: begin"
END = "# -- rows of suites/covering.py: end"
SEED = 14
CANDIDATES = 20
"""Rows tried for each that is kept."""

FACTORS: dict[tuple[str, ...], list[Level]] = {
    # The slope is leaky ReLU's and of no effect on others, which have it as it is where it is not given.
    ("activation", "negative-slope"): [
        *product(["relu", "erf", "gelu", "identity", "sin", "cos"], [0.01]),
        *product(["leaky-relu"], [0.01, 0.2]),
        *product(["step", "squared-relu"], [0.01]),
    ],
    ("hidden",): [(0,), (1,), (2,), (3,), (5,)],
    ("width",): [(1,), (64,), (4096,)],
    ("w-std",): [(0.5,), (1.0,), (1.5,), (2.5,)],
    ("b-std",): [(0.0,), (0.1,), (1.0,)],
    ("biases",): [("all",), ("hidden",), ("first",), ("none",)],
    ("bias-init",): [("random",), ("zeros",)],
    ("parameterization",): [("ntk",), ("standard",)],
    ("initialisation",): [("gaussian",), ("uniform",)],
    ("last-layer",): [(1.0,), (0.5,), (2.0,)],
    ("inputs",): [(1,), (3,), (5,), (100,)],
    # Both sizes are one factor, so that square blocks, one row and one column each meet everything else.
    ("points", "others"): list(product([1, 5, 40], repeat=2)),
    ("geometry",): [("gaussian",), ("nonnegative",)],
    ("scale",): [(1e-3,), (0.01,), (0.1,), (1.0,), (10.0,), (100.0,), (1000.0,)],
    ("dtype",): [("float64",), ("float32",), ("float32-float64",), ("float64-float32",)],
    ("repeats",): [("none",), ("equal",), ("near",), ("opposite",), ("near-opposite",)],
}
"""Keys of an experiment's parameters, and the values that they take together.

tanh is left out: nobody has published a formula of it whose rounding would give tolerances, and the closed
form's mean over 841 erfs would take minutes. The claims on `conventions` and on `one-layer` have it."""

SINGLE: list[Value] = ["float32", "float32-float64", "float64-float32"]

FORBIDDEN: list[tuple[dict[str, list[Value]], str]] = [
    (
        {
            "hidden": [0],
            "activation": ["relu", "erf", "gelu", "sin", "cos", "leaky-relu", "step", "squared-relu"],
        },
        "a network without hidden layers has no activation: it is the row of identity",
    ),
    (
        {"initialisation": ["uniform"], "parameterization": ["ntk"]},
        "uniform initialisation is a scale of the parameters themselves, of the standard parameterization",
    ),
    (
        {"activation": ["step"], "hidden": [2, 3, 5]},
        "step's NNGP is linear in the angle: a layer more keeps half of the digits of parallel points, again",
    ),
    (
        {"activation": ["squared-relu"], "hidden": [5]},
        "five layers of squares take inputs of 1e3 to the 64th power, whose square float64 does not have",
    ),
    (
        {"activation": ["squared-relu"], "dtype": SINGLE},
        "two layers of squares take inputs of 1e3 to the 8th power, whose square float32 does not have",
    ),
    (
        {"activation": ["erf", "gelu"], "scale": [100.0, 1000.0], "dtype": SINGLE},
        "the published formulas of a smooth activation have no digit left in float32",
    ),
    (
        {"activation": ["sin"], "dtype": SINGLE},
        "sine's published formula is a difference of two numbers near 1, of which float32 has seven digits",
    ),
    (
        {"activation": ["sin"], "hidden": [3, 5], "scale": [1e-3]},
        "that difference is 1e-9 after some layers of w_std 0.5, and has seven digits in float64",
    ),
    (
        {"activation": ["cos"], "scale": [10.0, 100.0, 1000.0], "dtype": SINGLE},
        "exp(−E(u − v)²/2) of variances from 100 on: float32 has two digits of the exponent, or none",
    ),
    (
        {"activation": ["relu", "leaky-relu", "step"], "inputs": [1], "dtype": SINGLE},
        "numbers are collinear points, and of ReLU's angle between those float32 keeps three digits",
    ),
]
"""Values that may not come together in a row, each set with its reason. A pair that is impossible because of
several of them is left out as well."""

MASKED: list[tuple[dict[str, list[Value]], list[str], str]] = [
    ({"initialisation": ["uniform"]}, ["w-std", "b-std"], "uniform initialisation ignores both scales"),
    ({"parameterization": ["ntk"]}, ["width"], "in NTK parameterization no kernel depends on the width"),
    ({"hidden": [0]}, ["width"], "without hidden layers there is no width"),
    ({"hidden": [0]}, ["biases"], "a single layer is the first and the last"),
    ({"biases": ["none"]}, ["b-std", "bias-init"], "without biases they have no scale and no start"),
    (
        {"parameterization": ["ntk"], "b-std": [0.0]},
        ["biases", "bias-init"],
        "in NTK parameterization biases of scale 0 are none",
    ),
    (
        {"parameterization": ["standard"], "bias-init": ["zeros"]},
        ["b-std"],
        "of biases that start at 0 the standard parameterization has no scale",
    ),
]
"""Where a row has the values on the left, the factors on the right change nothing, for the reason given: such
a row counts for no pair of them, but for the pairs with the values on the left themselves."""


def allowed(setting: Mapping[str, Value]) -> bool:
    """Whether a setting, which may be partial, has none of the forbidden combinations."""
    return not any(_has(setting, forbidden) for forbidden, _ in FORBIDDEN)


def _has(setting: Mapping[str, Value], values: Mapping[str, list[Value]]) -> bool:
    return all(key in setting and setting[key] in few for key, few in values.items())


def possible(setting: Setting) -> bool:
    """Whether a partial setting can be completed: by trying the keys that constraints speak of."""
    return _completed(frozenset((k, v) for k, v in setting.items() if any(k in f for f, _ in FORBIDDEN)))


@cache
def _completed(items: frozenset[tuple[str, Value]]) -> bool:
    setting = dict(items)
    spoken = {key for forbidden, _ in FORBIDDEN for key in forbidden}
    free = [keys for keys in FACTORS if spoken & set(keys) and not set(keys) & set(setting)]
    return any(
        allowed(
            setting | {k: v for keys, level in zip(free, chosen, strict=True) for k, v in _named(keys, level)}
        )
        for chosen in product(*(FACTORS[keys] for keys in free))
    )


def _named(keys: tuple[str, ...], level: Level) -> Iterable[tuple[str, Value]]:
    return zip(keys, level, strict=True)


Choice = tuple[tuple[str, ...], Level]
"""A factor, and one of its levels."""
Pair = frozenset[Choice]


def pairs(row: Setting) -> set[Pair]:
    """Every pair of levels that a whole row tries."""
    choices = [(keys, tuple(row[key] for key in keys)) for keys in FACTORS]
    return {frozenset(each) for each in combinations(choices, 2) if not _masked(row, each)}


def _masked(row: Setting, pair: tuple[Choice, Choice]) -> bool:
    keys = {key for names, _ in pair for key in names}
    return any(_has(row, at) and keys & set(mute) and not set(at) <= keys for at, mute, _ in MASKED)


def wanted() -> list[Pair]:
    """Every pair of levels that some row can try."""
    found: list[Pair] = []
    for one, other in combinations(FACTORS, 2):
        for first, second in product(FACTORS[one], FACTORS[other]):
            if _heard([(one, first), (other, second)]):
                found.append(frozenset([(one, first), (other, second)]))
    return found


def _heard(pair: list[Choice]) -> bool:
    """Whether the pair can stand in a row where neither of the two is masked."""
    setting = {key: value for keys, level in pair for key, value in _named(keys, level)}
    needs: list[list[Setting]] = []
    for at, mute, _ in MASKED:
        may_be = all(setting.get(key, few[0]) in few for key, few in at.items())
        if may_be and set(setting) & set(mute) and not set(at) <= set(setting):
            free = [key for key in at if key not in setting]
            needs.append(
                [{key: level[0]} for key in free for level in FACTORS[(key,)] if level[0] not in at[key]]
            )
    return any(_agreed(way) and possible(setting | _joined(way)) for way in product(*needs))


def _joined(settings: Iterable[Setting]) -> Setting:
    return {key: value for each in settings for key, value in each.items()}


def _agreed(settings: Iterable[Setting]) -> bool:
    """Whether no two settings give a key different values."""
    return all(_joined(settings)[key] == value for each in settings for key, value in each.items())


@cache
def array() -> list[Setting]:
    """The rows, sorted as `FACTORS` is."""
    rng = random.Random(SEED)
    everything = wanted()
    missing = dict.fromkeys(everything)
    rows: list[Setting] = []
    while missing:
        best = max(
            (_row(rng, missing) for _ in range(CANDIDATES)), key=lambda row: len(pairs(row) & missing.keys())
        )
        rows.append(best)
        for pair in pairs(best):
            missing.pop(pair, None)
    order = {(keys, level): i for keys, levels in FACTORS.items() for i, level in enumerate(levels)}
    rows = _without_superfluous(rows, everything)
    return sorted(rows, key=lambda row: [order[keys, tuple(row[k] for k in keys)] for keys in FACTORS])


def _row(rng: random.Random, missing: Mapping[Pair, None]) -> Setting:
    """A row that begins with a missing pair, and with levels at which it is not masked."""
    row: Setting = {}
    chosen: list[Choice] = []

    def choose(keys: tuple[str, ...], level: Level) -> None:
        chosen.append((keys, level))
        row.update(_named(keys, level))

    for keys, level in sorted(rng.choice(list(missing))):
        choose(keys, level)
    first = list(dict.fromkeys((key,) for at, mute, _ in MASKED for key in at if set(row) & set(mute)))
    rest = [keys for keys in FACTORS if keys not in first]
    rng.shuffle(rest)
    for keys in [*first, *rest]:
        if set(keys) <= set(row):
            continue
        levels = [level for level in FACTORS[keys] if possible(row | dict(_named(keys, level)))]
        if keys in first:  # all others would mask the pair
            levels = [
                each for each in levels if not _masked(row | dict(_named(keys, each)), (chosen[0], chosen[1]))
            ]
        gains = [sum(frozenset([each, (keys, level)]) in missing for each in chosen) for level in levels]
        best = max(gains)
        choose(keys, rng.choice([level for level, gain in zip(levels, gains, strict=True) if gain == best]))
    return {key: row[key] for keys in FACTORS for key in keys}


def _without_superfluous(rows: list[Setting], everything: list[Pair]) -> list[Setting]:
    of = [pairs(row) & set(everything) for row in rows]
    times = Counter(pair for each in of for pair in each)
    kept: list[Setting] = []
    for row, own in zip(rows, of, strict=True):
        if all(times[pair] > 1 for pair in own):
            times.subtract(own)
        else:
            kept.append(row)
    return kept


def names(rows: list[Setting]) -> list[str]:
    """An id for each row, which says what its network is and how many points meet how many."""
    found: list[str] = []
    for row in rows:
        start = (
            f"{row['activation']}-{row['hidden']}{'-standard' * (row['parameterization'] == 'standard')}"
            f"{'-uniform' * (row['initialisation'] == 'uniform')}-{row['points']}x{row['others']}"
        )
        number = sum(name == start or name.startswith(f"{start}.") for name in found)
        found.append(f"{start}.{number + 1}" if number else start)
    return found


def lines() -> list[str]:
    """The rows as TOML."""
    rows = array()
    return [
        f"{_text(name) if '.' in name else name} = {{ {', '.join(f'{k} = {_text(row[k])}' for k in row)} }}"
        for name, row in zip(names(rows), rows, strict=True)
    ]


def _text(value: Value) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def renewed(text: str) -> str:
    """The suite's text with the rows between its markers. Raises ValueError where it has not both."""
    before, begin, rest = text.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(f"{END}\n")
    if not begin or not end:
        raise ValueError(f"{SUITE.name}: expected the lines {BEGIN!r} and {END!r}")
    return "".join([before, begin, *(f"{line}\n" for line in lines()), end, after])


def main() -> None:
    """Write the suite, or compare it (`--check`)."""
    text = SUITE.read_text(encoding="utf-8")
    new = renewed(text)
    if "--check" in sys.argv[1:]:
        sys.exit(f"{SUITE.name}: expected the rows that {Path(__file__).name} writes" if new != text else 0)
    part = SUITE.with_suffix(".part")
    part.write_text(new, encoding="utf-8")
    part.replace(SUITE)


if __name__ == "__main__":
    main()
