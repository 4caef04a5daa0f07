"""Kinds of change, from the smallest difference to a flip, and how often they are wrong."""

from __future__ import annotations

import math
import random
import statistics
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.history.change import change, of_timings, of_values, redefinition
from harness.report.change import KINDS
from harness.report.record import ControlRecord, InstanceRecord, PartRecord, TrialsRecord
from harness.timing import PAIR

_noise = random.Random(1)
VALUES = tuple(_noise.gauss(0, 1) for _ in range(21))


def instance(**changed: object) -> InstanceRecord:
    made = InstanceRecord(
        id="s/c", claim="c", point={}, says="", source=None, expect="supported", because="",
        predicate="a and b equal within 5%", toml={}, alpha=0.001, centre="mean", marks=(),
        verdict="supported", outcome="as-expected", agreement="", unit="ratio", n=21, budget=48, estimate=0.0,
        interval=(-0.01, 0.01), region=(-0.05, 0.05), values=VALUES, smallest_margin=None,
        seeds_to_decision=None, hours_to_decision=None, reason="", parts=(), control=None, seconds=1.0,
        trials=(
            TrialsRecord(
                experiment="e", params={"width": 64}, quantities=("a",), first_seed=0, n=21, fingerprints=()
            ),
        ),
    )  # fmt: skip
    return msgspec.structs.replace(made, **changed)


def test_the_least_difference_that_is_not_identical() -> None:
    nudged = (math.nextafter(VALUES[0], 9), *VALUES[1:])
    assert change(instance(), instance(seconds=2.0, says="in other words")).kind == "identical"
    assert change(instance(), instance(values=nudged)).kind == "numeric"


@pytest.mark.parametrize(
    ("moved", "kind"),
    [
        (lambda i: 0.009, "numeric"),
        (lambda i: 0.011, "changed"),  # more than 0.01 sd, the mean by less than 0.2
        (lambda i: 0.19, "changed"),
        (lambda i: 0.21, "shifted"),
        (lambda i: -0.21, "shifted"),
        (lambda i: 3 if i % 2 else -3, "changed"),  # noise around nothing
        (lambda i: 6 if i == 0 else 0, "changed"),  # one outlier is no shift
    ],
)
def test_how_far_values_must_move(moved: Callable[[int], float], kind: str) -> None:
    sd = statistics.stdev(VALUES)
    after = tuple(v + sd * moved(i) for i, v in enumerate(VALUES))
    assert change(instance(), instance(values=after)).kind == kind


def test_values_of_a_constant_are_compared_by_their_size() -> None:
    assert of_values((2.0,) * 6, (2.0 + 1e-6,) * 6) == "numeric"
    assert of_values((2.0,) * 6, (2.0 + 1e-5,) * 6) == "shifted"
    assert of_values((2.0,), (3.0,)) == "changed"  # one seed has no spread to compare with
    assert of_values((), ()) == "identical"


def test_only_the_seeds_that_both_have_are_compared() -> None:
    assert of_values(VALUES, VALUES[:9]) == "identical"
    assert of_values(VALUES[:9], (*VALUES[:9], 100.0)) == "identical"


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("supported", "refuted", "flipped"),
        ("refuted", "supported", "flipped"),
        ("supported", "inconclusive", "weakened"),
        ("refuted", "error", "weakened"),
        ("inconclusive", "error", "weakened"),
        ("inconclusive", "not-covered", "weakened"),
        ("error", "supported", "strengthened"),
        ("not-covered", "inconclusive", "strengthened"),
        ("supported", "not-run", "not-run"),
        ("not-run", "not-run", "not-run"),
    ],
)
def test_verdicts(before: str, after: str, kind: str) -> None:
    assert change(instance(verdict=before), instance(verdict=after)).kind == kind


def test_a_control_that_stops_failing_weakens_a_supported_claim() -> None:
    def controlled(verdict: str) -> InstanceRecord:
        return instance(control=ControlRecord(predicate="control", verdict=verdict))

    assert change(controlled("refuted"), controlled("supported")).kind == "weakened"
    assert change(controlled("supported"), controlled("refuted")).kind == "strengthened"
    assert change(controlled("refuted"), controlled("not-run")).kind == "identical"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"predicate": "a and b equal within 2%"}, "predicate a and b equal within 5% →"),
        ({"region": (-0.02, 0.02)}, "region ±5.13% → ±2.02%"),
        ({"budget": 108}, "seeds 48 → 108"),
        ({"alpha": 0.01}, "alpha 0.001 → 0.01"),
        ({"least": 162}, "least seeds 0 → 162"),
        ({"rule": 2}, "rule 1 (looks from 6 seeds) → 2 (looks from 14 seeds)"),
        ({"centre": "median"}, "centre mean → median"),
        ({"expect": "open", "outcome": "measured"}, "expectation supported → open"),
        ({"control": ControlRecord(none_because="…")}, "control none stated → none"),
    ],
)
def test_a_claim_that_says_another_thing_is_redefined_whatever_its_verdict(changed: dict, said: str) -> None:
    for verdict in ("supported", "refuted"):
        found = change(instance(), instance(verdict=verdict, **changed))
        assert found.kind == "redefined"
        assert said in found.note


def test_exact_is_judged_alike_by_every_rule() -> None:
    before, after = (instance(unit="violation", rule=rule) for rule in (1, 2))
    assert change(before, after).kind == "identical"


def test_parameters_redefine_a_claim_but_for_those_that_only_one_side_has() -> None:
    def at(**params: object) -> InstanceRecord:
        (trials,) = instance().trials
        return instance(trials=(msgspec.structs.replace(trials, params=params),))

    assert change(at(width=64), at(width=512)).note.startswith("width 64 → 512")
    assert change(at(width=64), at(width=64, fresh_parameter=0)).kind == "identical"


def test_timings_are_no_other_claims_since_their_experiment_has_moved() -> None:
    (trials,) = instance().trials
    was, now = (
        instance(unit="speed-up", trials=(msgspec.structs.replace(trials, experiment=name),))
        for name in ("harness.measure.pair:pair", PAIR)
    )
    assert redefinition(was, now) == []


def test_a_parameter_that_came_later_had_its_default_before() -> None:
    """Of an experiment of this package: what else declares parameters may be anybody's module."""

    def at(run: str = "ntk.regression", **params: object) -> InstanceRecord:
        (trials,) = instance().trials
        trials = msgspec.structs.replace(trials, experiment=run, params=params)
        return instance(trials=(trials,))

    before = at(width=64)
    assert change(before, at(width=64, model="fully-connected", hidden=1)).kind == "identical"
    assert change(before, at(width=64, precision="float32")).kind == "identical"
    assert change(before, at(width=64, precision="tf32")).note.startswith("precision float32 → tf32")
    assert change(before, at(width=64, hidden=2)).note.startswith("hidden 1 → 2")
    other = change(before, at(model="my:net", width=64))
    assert (other.kind, other.note.partition(";")[0]) == ("redefined", "model fully-connected → my:net")
    assert change(at(data="sphere"), at(data="sphere", preprocess="none", targets="none")).kind == "identical"
    assert change(at(data="digits"), at(data="digits", preprocess="none")).note.startswith("preprocess sph")
    assert change(at(width=64), at(width=64, model="of-a-later-version")).kind == "redefined"
    assert change(at("my:own", width=1), at("my:own", width=1, model="my:net")).kind == "identical"


def test_other_seeds_cannot_be_compared_one_by_one() -> None:
    (trials,) = instance().trials
    fresh = instance(trials=(msgspec.structs.replace(trials, first_seed=10**6),), values=VALUES[::-1])
    assert change(instance(), fresh).kind == "resampled"
    flipped = change(instance(), msgspec.structs.replace(fresh, verdict="refuted"))
    assert flipped.kind == "flipped"
    assert flipped.note.endswith("; other seeds (from 0 → 1000000)")
    assert "other seeds" not in change(instance(), instance(verdict="refuted")).note
    beyond = instance(first_seed=243)
    assert change(instance(), beyond).kind == "resampled"
    assert change(msgspec.structs.replace(instance(), first_seed=0), instance()).kind == "identical"


def test_the_worst_part_of_a_conjunction_counts() -> None:
    def parts(second: tuple[float, ...]) -> InstanceRecord:
        def part(name: str, values: tuple[float, ...]) -> PartRecord:
            return PartRecord(
                name=name, verdict="supported", n=21, budget=48, estimate=0.0, interval=(0.0, 0.0),
                region=(0.0, None), values=values, looks=(), smallest_margin=None, seeds_to_decision=None,
                reason="",
            )  # fmt: skip

        return instance(parts=(part("1..2", VALUES), part("2..3", second)))

    assert change(parts(VALUES), parts(tuple(v + 1 for v in VALUES))).kind == "shifted"


def test_timings_shift_only_beyond_what_runs_differ_by() -> None:
    rng = random.Random(5)
    timings = [math.log(4) + rng.gauss(0, 0.05) for _ in range(14)]
    assert of_timings(timings, [t + math.log(1.2) for t in timings]) == "numeric"
    assert of_timings(timings, [t - math.log(2) for t in timings]) == "shifted"
    wild = [t + rng.gauss(0, 3) for t in timings]
    assert of_timings(wild, [t + 0.5 for t in wild]) == "numeric"


def test_noise_is_called_a_shift_about_once_in_a_thousand() -> None:
    """Independent noise of one standard deviation on 48 seeds, 4000 times, at level 0.001: 4 expected.

    More than 14 have probability 4e-5 (Poisson): the chance of a false alarm, once, when the seed was chosen.
    """
    rng = random.Random(7)
    count = 0
    for _ in range(4000):
        before = [rng.gauss(0, 1) for _ in range(48)]
        after = [b + rng.gauss(0, 1) for b in before]
        count += of_values(before, after) == "shifted"
    assert 0 < count <= 14


@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.data())
def test_every_pair_of_prefixes_has_one_kind(before: list[float], data: st.DataObject) -> None:
    after = data.draw(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30))
    kind = of_values(before, after)
    assert kind in KINDS
    assert of_values(before, before) == "identical"
    assert (kind == "identical") == (tuple(before[: len(after)]) == tuple(after[: len(before)]))
