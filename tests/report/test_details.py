"""What is recorded beside a verdict: the points of a power law, the looks, the seconds of benchmarks."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from edits import edited
from msgspec.structs import replace
from records import record_of

from harness.judge import RULE
from harness.report import Record, from_json
from harness.report.details import shape_of
from harness.report.markdown import markdown
from harness.report.record import to_json
from harness.report.terminal import terminal
from harness.report.words import leaves_open, reproducibility, unseen

HEAD = """\
[suite]
format = 2
title = "t"
"""
LAW = (
    HEAD
    + """
[experiments.e]
run = "toys:pair"
with = { slope = 0.5, sd = 0.05 }
sweep = { size = [1, 2, 4, 8] }

[claims.law]
says = "…"
expect = "open"
experiment = "e"
power-law = { of = "a.error", against = "size", exponent = 0.5, within = 0.2 }
"""
)


def test_a_power_law_keeps_its_points(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(LAW)
    (instance,) = record_of(tmp_path / "t.toml").instances
    fit = instance.fit
    assert fit is not None
    assert (fit.axis, fit.at) == ("size", (1.0, 2.0, 4.0, 8.0))
    slope = np.polyfit(np.log(fit.at), fit.mean, 1)[0]
    assert slope == pytest.approx(instance.estimate)  # the slope of means is the mean of slopes
    assert fit.without_smallest == pytest.approx(np.polyfit(np.log(fit.at[1:]), fit.mean[1:], 1)[0])
    assert fit.curvature == pytest.approx(np.polyfit(np.log(fit.at), fit.mean, 2)[0], abs=1e-12)
    assert instance.looks[-1][0] == instance.n
    assert instance.looks[-1][1:] == instance.interval


def test_three_points_have_no_curvature() -> None:
    assert shape_of([0, 1, 2], [0, 1, 4]) == {"without_smallest": None, "curvature": None}
    assert shape_of([0, 1, 2, 3], [0, 1, 4, 9])["curvature"] == pytest.approx(1.0)
    assert shape_of([3, 0, 2, 1], [9, 0, 4, 1])["without_smallest"] == pytest.approx(4.0)


def test_the_seconds_of_benchmarks_are_those_that_were_compared(tmp_path: Path) -> None:
    (tmp_path / "t.toml").write_text(
        HEAD
        + """
[benchmarks.short]
run = "toys:wait"
with = { ms = 1.0 }

[benchmarks.long]
run = "toys:wait"
with = { ms = 4.0 }

[claims.beats]
says = "…"
expect = "open"
faster = { of = ["short", "long"], at-least = "2 x" }
"""
    )
    (instance,) = record_of(tmp_path / "t.toml").instances
    short, long = instance.timings
    assert (short.benchmark, long.benchmark) == ("short", "long")
    ratios = [math.log(y / x) for x, y in zip(short.seconds, long.seconds, strict=True)]
    assert ratios == pytest.approx(list(instance.values))
    assert min(short.seconds) >= 1e-3
    assert instance.reproducibility is None


def test_a_verdict_near_the_edge_is_fragile(tmp_path: Path) -> None:
    text = edited(LAW, {"slope = 0.5, sd = 0.05": "shift = SHIFT, sd = 0.03", "[1, 2, 4, 8]": "[1]"})
    law = 'power-law = { of = "a.error", against = "size", exponent = 0.5, within = 0.2 }'
    text = edited(text, {law: 'equal = { of = ["a.error", "b.error"], within = "5%" }'})
    found = {}
    for shift in (0.0, 0.03):
        (tmp_path / "t.toml").write_text(edited(text, {"SHIFT": str(shift)}))
        (found[shift],) = record_of(tmp_path / "t.toml").instances
    assert {i.verdict for i in found.values()} == {"supported"}
    assert not found[0.0].fragile
    assert found[0.03].fragile
    assert reproducibility(found[0.03]).endswith("% fragile")
    assert "fragile" not in reproducibility(found[0.0])


MANY = """
[experiments.flat]
run = "toys:pair"
with = { sd = 0.02 }
sweep = { shift = [0.0, 0.045, 0.5] }
[experiments.rising]
run = "toys:pair"
with = { sd = 0.03, slope = 0.02 }
sweep = { size = [1, 2, 64] }
[experiments.broken]
run = "toys:pair"
with = { nan-at = 3 }
"""
ONE = """
[claims.{id}]
says = "…"
expect = "open"
experiment = "{experiment}"
{predicate}
"""
EQUAL = 'equal = { of = ["a.error", "b.error"], within = "5%" }\nat = { shift = 0 }'
NEAR, FAR = (edited(EQUAL, {"shift = 0": f"shift = {shift}"}) for shift in (0.045, 0.5))
CLAIMS = {
    # claim: experiment, what it says, verdict, and how many seeds leave something open (0: nothing is said)
    "inside": ("flat", EQUAL, "supported", 14),
    "outside": ("flat", FAR, "refuted", 14),
    "near": ("flat", f"{NEAR}\nseeds = 14", "inconclusive", 0),
    "common": ("flat", f'{EQUAL}\nrare = "29%"', "supported", 21),
    "pseudomedian": ("flat", f'{EQUAL}\ncentre = "pseudomedian"', "supported", 14),
    "median": ("flat", f'{EQUAL}\ncentre = "median"', "supported", 0),  # allows for what was not seen
    "exact": ("flat", 'exact = { of = "gap", atol = 9 }\nseeds = 5\nat = { shift = 0 }', "supported", 5),
    "wrong": ("flat", 'exact = { of = "gap", atol = 1e-9 }\nseeds = 5\nat = { shift = 0 }', "refuted", 0),
    "error": ("broken", EQUAL.partition("\n")[0], "error", 0),
    # The step from 1 to 2 is a fifth of that from 2 to 64, and takes more seeds; the latter leaves more open.
    "rising": (
        "rising",
        'monotone = { of = "a.error", along = "size", direction = "increasing" }\nseeds = 243',
        "supported",
        14,
    ),
    "falling": (
        "rising",
        'monotone = { of = "a.error", along = "size", direction = "decreasing" }\nseeds = 243',
        "refuted",
        72,  # the first part refutes it
    ),
}


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """The record of all of `CLAIMS`, from one run, through JSON."""
    path = tmp_path_factory.mktemp("many") / "t.toml"
    claims = (
        ONE.format(id=id_, experiment=experiment, predicate=predicate)
        for id_, (experiment, predicate, *_) in CLAIMS.items()
    )
    path.write_text("".join([HEAD, MANY, *claims]))
    return from_json(to_json(record_of(path)), "r.json")


@pytest.mark.parametrize("claim", list(CLAIMS))
def test_a_verdict_says_what_its_seeds_leave_open(many: Record, claim: str) -> None:
    """1 − 0.001^(1/n): an event of that chance leaves no trace in n seeds with the chance alpha."""
    (found,) = (instance for instance in many.instances if instance.claim == claim)
    *_, verdict, seeds = CLAIMS[claim]
    assert (found.verdict, found.rule) == (verdict, RULE)
    if not seeds:
        assert (found.leaves_open, leaves_open(found)) == (None, "")
        return
    assert found.leaves_open == pytest.approx(1 - 0.001 ** (1 / seeds), rel=1e-12)
    assert leaves_open(found) == f"events on up to {100 * found.leaves_open:.2g}% of seeds"
    assert all(part.leaves_open == pytest.approx(1 - 0.001 ** (1 / part.n)) for part in found.parts)
    if claim == "rising":
        assert {part.n == 14 for part in found.parts} == {True, False}


def test_terminal_and_markdown_say_it_of_each_number_of_seeds(many: Record) -> None:
    expected = (
        "Seeds may miss rare events: 5 seeds leave open events on up to 75% of seeds, "
        "14 on up to 39%, 21 on up to 28%, 72 on up to 9.1%."
    )
    assert unseen(many) == expected
    assert expected in terminal(many)
    assert expected in markdown(many)
    median = replace(many, instances=tuple(i for i in many.instances if i.claim == "median"))
    assert unseen(median) == ""
    assert terminal(median)


def test_of_few_seeds_no_chance_is_shown_and_of_more_only_what_they_can_tell(many: Record) -> None:
    """Neither makes a verdict fragile: these are far from every edge."""
    by_claim = {instance.claim: instance for instance in many.instances}
    few, more = by_claim["inside"], by_claim["common"]
    assert (few.n, few.reproducibility, few.fragile, reproducibility(few)) == (14, None, False, "–")
    assert (more.n, more.least, more.reproducibility, more.fragile) == (21, 21, 21 / 22, False)
    assert reproducibility(more) == "95.4%"
    falling = by_claim["falling"]
    first, second = falling.parts
    assert (first.n, second.n, second.reproducibility) == (72, 14, None)
    assert falling.reproducibility == first.reproducibility == 72 / 73
    assert by_claim["rising"].reproducibility is None  # one of its parts has too few seeds
