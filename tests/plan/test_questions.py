"""From instances to questions: readings, weights, regions, and the distinct trials they need."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from edits import edited
from good_suite import GOOD, read, write

from harness.plan import Closeness, Linear, Question, Region, Trial, case, fixed, parameters
from harness.suite import Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]
EQUAL = 'equal = { of = ["a.error", "b.error"], within = "5%" }'
FREE = 'expect = "open"\n'


def question(read: Read, predicate: str, at: str = "at = { shift = 0.0, size = 1 }") -> Question:
    text = edited(GOOD, {EQUAL: predicate, "control = { at = { shift = 0.5 } }": ""})
    text = edited(text, {"at = { shift = 0.0 }": at})
    (only,) = case(read(text + FREE).instances[0]).questions
    return only


def x(question: Question, **values: float) -> float:
    """The effect for readings that depend on quantity and point."""
    effect = question.effect
    assert isinstance(effect, Linear)
    g = math.log if effect.scale == "log" else float
    return sum(w * g(values[name(r)]) for w, r in zip(effect.weights, effect.readings, strict=True))


def name(reading: object) -> str:
    params = dict(reading.params)  # type: ignore[attr-defined]
    return f"{reading.quantity[0]}{params['size']}"  # type: ignore[attr-defined]


def test_equal_is_the_log_ratio_within_the_log_margin(read: Read) -> None:
    q = question(read, EQUAL)
    assert q.region == Region(-math.log1p(0.05), math.log1p(0.05))
    assert x(q, a1=3.0, b1=2.0) == pytest.approx(math.log(1.5))
    assert (q.alpha, q.alpha_refute, q.budget, q.centre) == (0.001, 0.001, 21, "mean")


def test_what_all_trials_of_a_table_have_in_common_is_what_no_axis_sets(read: Read) -> None:
    variants = "way = { a = {}, b = { slope = 1.0, fail-at = 3 } }"
    text = edited(GOOD, {"size = [1, 2, 4] }": f"size = [1, 2], {variants} }}"})
    experiment = read(text).instances[0].claim.experiment
    common = dict(fixed(experiment))
    assert common["sd"] == 0.02
    assert dict(parameters(experiment, ())).keys() - common.keys() == {"shift", "size", "slope", "fail-at"}


def test_what_trials_of_several_models_have_in_common(read: Read) -> None:
    models = ["toy_models:line", "toy_models:skip"]
    text = edited(GOOD, {"toys:pair": "toy_study:study"}).partition("[claims.same]")[0]
    text = text.replace("sd = 0.02", "train = 3").replace("shift = [0.0, 0.5]", f"model = {models}")
    text = text.replace("size = [1, 2, 4]", "noise = [0.5]")
    claim = '[claims.c]\nsays = "So."\nexperiment = "pairs"\nat-most = { of = "output", bound = 1 }\n'
    suite = read(text + claim + FREE)
    assert dict(fixed(suite.experiments["pairs"])) == {"train": 3}
    trials = [case(i).questions[0].effect.readings[0].trial(2) for i in suite.instances]
    assert [dict(trial.params)["model"] for trial in trials] == models
    assert [trial.arguments().get("b_std") for trial in trials] == [None, 0.5]
    one = read(text.replace(str(models), '["toy_models:line"]') + claim + FREE).experiments["pairs"]
    assert dict(fixed(one)) == {"train": 3, "width": 8, "hidden": 1, "act": "relu"}


def test_an_absolute_margin_is_on_the_difference(read: Read) -> None:
    q = question(read, edited(EQUAL, {'"5%"': "0.25"}))
    assert q.region == Region(-0.25, 0.25)
    assert x(q, a1=3.0, b1=2.0) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("predicate", "region"),
    [
        ('less = { of = ["a.error", "b.error"] }', Region(high=-0.0)),
        ('less = { of = ["a.error", "b.error"], by = "10%" }', Region(high=-math.log1p(0.1))),
        ('greater = { of = ["a.error", "b.error"], by = "10%" }', Region(low=math.log1p(0.1))),
        ('at-most = { of = "a.error", bound = 0.2 }', Region(high=math.log(0.2))),
        ('at-least = { of = "a.error", bound = 0.2 }', Region(low=math.log(0.2))),
        ('at-most = { of = "gap", bound = -0.2 }', Region(high=-0.2)),
    ],
)
def test_one_sided_regions(read: Read, predicate: str, region: Region) -> None:
    assert question(read, predicate).region == region


def test_differ_is_equal_with_the_verdicts_exchanged(read: Read) -> None:
    differ = question(read, 'differ = { of = ["a.error", "b.error"], by = "5%" }')
    equal = question(read, EQUAL)
    assert differ.exchanged
    assert not equal.exchanged
    assert (differ.effect, differ.region) == (equal.effect, equal.region)


def test_along_an_axis_changes_are_compared(read: Read) -> None:
    along = edited(EQUAL, {'"5%" }': '"5%", along = "size", from = 1, to = 4 }'})
    q = question(read, along, "at = { shift = 0.0 }")
    expected = math.log(5.0 / 2.0) - math.log(9.0 / 3.0)  # neither log(2/3) nor log(5/9), of one point
    assert x(q, a4=5.0, a1=2.0, b4=9.0, b1=3.0) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("side", "region"), [("at-most = -0.4", Region(high=-0.4)), ("at-least = 1", Region(low=1.0))]
)
def test_a_power_law_may_be_a_bound(read: Read, side: str, region: Region) -> None:
    predicate = f'power-law = {{ of = "a.error", against = "size", {side} }}'
    found = question(read, predicate, "at = { shift = 0.0 }")
    law = 'power-law = { of = "a.error", against = "size", exponent = -0.5, within = 0.1 }'
    assert found.region == region
    assert found.effect == question(read, law, "at = { shift = 0.0 }").effect


def test_exact_of_one_quantity_compares_it_with_zero(read: Read) -> None:
    found = question(read, 'exact = { of = "gap", atol = 0.1 }\nseeds = 3')
    assert isinstance(found.effect, Closeness)
    assert [reading.quantity for reading in found.effect.readings] == ["gap"]
    assert (found.effect.rtol, found.effect.atol) == (0.0, 0.1)


def test_a_power_law_is_the_least_squares_slope(read: Read) -> None:
    power = 'power-law = { of = "a.error", against = "size", exponent = -0.5, within = 0.1 }'
    q = question(read, power, "at = { shift = 0.0 }")
    assert q.region == Region(-0.6, -0.4)
    exact = {f"a{n}": 7.0 * n**-0.5 for n in (1, 2, 4)}
    assert x(q, **exact) == pytest.approx(-0.5, abs=1e-12)


@pytest.mark.parametrize(
    ("stated", "margin", "shown"),
    [
        ("within = 0.1", 0.2, None),
        ("within = 0.05", 0.2, None),
        ("within = 0.25", 0.5, None),
        ("within = 0.1, straight = 0.3", 0.2, 0.3),
        ("within = 0.25, straight = 0.3", 0.3, 0.3),
        ("within = 0.1, straight = 0.05", 0.05, 0.05),
    ],
)
def test_a_power_law_is_judged_by_its_bend_too(
    read: Read, stated: str, margin: float, shown: float | None
) -> None:
    """Refuted beyond twice its own margin or 0.2, or beyond what it states if that is less."""
    power = f'power-law = {{ of = "a.error", against = "size", exponent = -0.5, {stated} }}'
    q = question(read, power, "at = { shift = 0.0 }")
    assert q.straight is not None
    assert (q.straight.margin, q.straight.shown) == (margin, shown)
    assert q.straight.effect.readings == q.effect.readings
    bend = Question("", q.straight.effect, Region(), "mean", 0.001, 0.001, 14)
    curved = {f"a{n}": n ** (-0.5 + 0.3 * math.log(n)) for n in (1, 2, 4)}
    # 0.3·((ln 4)² − 2·(ln 2)²)/ln 2 = 0.6·ln 2: the slope from 2 to 4 less that from 1 to 2.
    assert x(bend, **curved) == pytest.approx(0.6 * math.log(2))


@pytest.mark.parametrize("side", ["at-most = -0.4", "at-least = -0.6"])
def test_a_bound_on_an_exponent_has_no_straightness(read: Read, side: str) -> None:
    power = f'power-law = {{ of = "a.error", against = "size", {side} }}'
    assert question(read, power, "at = { shift = 0.0 }").straight is None


def test_monotone_is_a_conjunction_of_pairs_each_refuted_at_its_share(read: Read) -> None:
    text = edited(GOOD, {EQUAL: 'monotone = { of = "a.error", along = "size", direction = "decreasing" }'})
    text = edited(text, {"control = { at = { shift = 0.5 } }": ""})
    questions = case(read(text).instances[0]).questions
    assert [q.name for q in questions] == ["size=1..2", "size=2..4"]
    assert {(q.region, q.alpha, q.alpha_refute) for q in questions} == {(Region(high=0.0), 0.001, 0.0005)}
    assert x(questions[0], a2=1.0, a1=2.0) < 0


def test_exact_compares_each_seed(read: Read) -> None:
    q = question(read, 'exact = { of = ["a.error", "b.error"], rtol = 1e-6 }\nseeds = 2')
    assert isinstance(q.effect, Closeness)
    assert (q.effect.rtol, q.effect.atol, q.budget) == (1e-6, 0.0, 2)


def test_the_floor_adds_resolutions_in_quadrature(read: Read) -> None:
    effect = question(read, EQUAL).effect
    assert isinstance(effect, Linear)
    assert effect.floor == pytest.approx(math.sqrt(2) * 1e-9)  # both have resolution 1e-9, weights ±1


def test_a_control_is_the_same_predicate_at_its_own_point(read: Read) -> None:
    planned = case(read(GOOD).instances[0])
    (mine,), (control,) = planned.questions, planned.control
    assert {dict(r.params)["shift"] for r in mine.effect.readings} == {0.0}
    assert {dict(r.params)["shift"] for r in control.effect.readings} == {0.5}
    assert (mine.region, mine.alpha, mine.budget) == (control.region, control.alpha, control.budget)


def test_a_budget_can_be_replaced_but_not_that_of_exact(read: Read) -> None:
    assert case(read(GOOD).instances[0], seeds=14).questions[0].budget == 14
    exact = edited(GOOD, {EQUAL: 'exact = { of = ["a.error", "b.error"], rtol = 1e-6 }\nseeds = 2'})
    exact = edited(exact, {"control = { at = { shift = 0.5 } }": 'control = "none: toy"'})
    assert case(read(exact).instances[0], seeds=14).questions[0].budget == 2


def test_every_parameter_is_in_a_trial_with_its_declared_type(read: Read) -> None:
    reading = question(read, EQUAL).effect.readings[0]
    params = dict(reading.params)
    assert list(params) == sorted(params)
    assert (params["sd"], params["size"], params["kind"]) == (0.02, 1, "plain")
    assert isinstance(params["shift"], float)
    other = edited(GOOD, {"shift = [0.0, 0.5]": "shift = [0, 0.5]"})
    assert case(read(other).instances[0]).questions[0].effect.readings[0].trial(3) == reading.trial(3)


def test_claims_share_their_trials(read: Read) -> None:
    two = GOOD + edited(
        GOOD[GOOD.index("[claims.same]") :],
        {
            "[claims.same]": "[claims.again]",
            '"b.error"]': '"a.error"]',
            '["a.error", "a.error"]': '["b.error", "a.error"]',
        },
    )
    trials = [t for i in read(two).instances for q in case(i).questions for t in q.trials(range(6))]
    assert len(trials) == 36
    assert len(set(trials)) == 18


def test_the_key_of_a_trial_tells_types_and_values_apart() -> None:
    keys = {Trial("r", (("x", value),), 0).key for value in (1, 1.5, "1", True)}
    assert len(keys) == 4
    assert Trial("r", (("x", 1),), 0).key != Trial("r", (("x", 1),), 1).key
    # Stores of earlier versions have it, so it may not change: ASCII without spaces.
    assert Trial("r", (("x", "é"), ("y", 1.5)), 2).key == '["r",[["x","\\u00e9"],["y",1.5]],2]'
