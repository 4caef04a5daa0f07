"""What record, text and page say beside a verdict: how straight a law is, and that seeds seem dependent."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import pytest
from edits import edited
from records import record_of

from harness.history.change import change
from harness.report.html import page
from harness.report.markdown import markdown
from harness.report.record import InstanceRecord, Record, from_json, to_json
from harness.report.remarks import dependent
from harness.report.terminal import terminal
from harness.report.words import advice

SUITE = """\
[suite]
format = 2
title = "t"

[experiments.e]
run = "curves:curve"
with = { WITH }
sweep = { size = [4, 1, 2, 8] }

[claims.law]
says = "…"
expect = "open"
experiment = "e"
seeds = 48
power-law = { of = "a", against = "size", LAW }
"""
EXPONENT = "exponent = -0.5, within = 0.1"


def measured(tmp_path: Path, with_: str, law: str = EXPONENT) -> Record:
    (tmp_path / "t.toml").write_text(edited(SUITE, {"WITH": with_, "LAW": law}))
    return record_of(tmp_path / "t.toml")


def only(record: Record) -> InstanceRecord:
    (instance,) = record.instances
    return instance


def everywhere(record: Record) -> list[str]:
    """The record in each form that people read, on one line each; of Markdown without what escapes."""
    texts = [terminal(record), markdown(record).replace("\\", ""), page(record)]
    return [" ".join(text.split()) for text in texts]


CURVE = "slope = 0.3319, curvature = -0.4, sd = 0.02"
"""Local exponents 0.05, −0.5 and −1.05 between 1, 2, 4 and 8: the mean is −0.5."""


def test_a_curved_law_is_refuted_and_says_so_everywhere(tmp_path: Path) -> None:
    record = measured(tmp_path, CURVE)
    instance = only(record)
    assert (instance.verdict, instance.n) == ("refuted", 14)
    assert instance.estimate == pytest.approx(-0.5, abs=0.02)  # which alone is supported
    assert instance.reason.startswith("curved: the exponent changes by -1.1")
    assert advice(instance) == instance.reason  # what a row says is the matter
    bend = instance.straightness
    assert bend is not None
    assert (bend.state, bend.margin, bend.shown, len(bend.values)) == ("curved", 0.2, None, 14)
    # −0.4 · (ln 4 + ln 8 − ln 1 − ln 2) = −0.8 · ln 4; the slopes' noise is 0.02 · 2 / ln 2 of a seed.
    assert bend.estimate == pytest.approx(-0.8 * math.log(4), abs=0.06)
    assert bend.interval[0] is not None
    assert bend.interval[1] is not None
    assert bend.interval[0] < bend.estimate < bend.interval[1]
    for text in everywhere(record):
        assert "from the lower half of the range to the upper, the exponent changes by -1.1" in text
        assert ": curved, beyond ±0.2" in text
    assert from_json(to_json(record), "r.json") == record


def test_a_straight_law_says_how_far_it_may_bend(tmp_path: Path) -> None:
    record = measured(tmp_path, "sd = 0.05")
    instance = only(record)
    assert (instance.verdict, instance.reason) == ("supported", "")
    for text in everywhere(record):
        assert "the exponent changes by" in text
        assert ": not curved beyond ±0.2, as far as these seeds show" in text


@pytest.mark.parametrize(
    ("straight", "verdict", "said"),
    [
        (0.5, "supported", ": straight within 0.5"),
        (0.05, "inconclusive", ": not shown to be straight within 0.05"),
    ],
)
def test_straightness_may_be_demanded(tmp_path: Path, straight: float, verdict: str, said: str) -> None:
    record = measured(tmp_path, "sd = 0.05", f"{EXPONENT}, straight = {straight}")
    instance = only(record)
    assert instance.verdict == verdict
    assert instance.predicate == f"a ~ size^(-0.5 ± 0.1), straight within {straight:g}"
    assert instance.straightness is not None
    assert instance.straightness.shown == straight
    assert all(said in text for text in everywhere(record))
    assert instance.reason.startswith("not shown to be straight" if verdict == "inconclusive" else "")
    assert (instance.seeds_to_decision is not None) == (verdict == "inconclusive")


@pytest.mark.parametrize("law", ["at-most = 0", "at-least = -1.5"])
def test_a_curve_may_keep_a_bound(tmp_path: Path, law: str) -> None:
    instance = only(measured(tmp_path, CURVE, law))
    assert (instance.verdict, instance.straightness) == ("supported", None)


def test_a_control_is_judged_with_the_claim_s_straightness(tmp_path: Path) -> None:
    """A control that is curved fails, although its exponent is the claim's."""
    text = edited(SUITE, {"WITH": "sd = 0.02", "LAW": EXPONENT})
    text = edited(text, {"sweep = { size = [4, 1, 2, 8] }": "sweep.size = [4, 1, 2, 8]\nsweep.way = WAYS"})
    ways = "{ straight = {}, curved = { slope = 0.3319, curvature = -0.4 } }"
    text = edited(text, {"WAYS": ways, 'expect = "open"': 'expect = "supported"'})
    (tmp_path / "t.toml").write_text(
        text + 'at = { way = "straight" }\ncontrol = { at = { way = "curved" } }\n'
    )
    instance = only(record_of(tmp_path / "t.toml"))
    assert (instance.verdict, instance.outcome) == ("supported", "as-expected")
    assert instance.control is not None
    (part,) = instance.control.parts
    assert part.reason.startswith("curved: ")
    assert part.straightness is not None


def test_another_straightness_redefines_a_claim(tmp_path: Path) -> None:
    before = only(measured(tmp_path, "sd = 0.05"))
    after = only(measured(tmp_path, "sd = 0.05", f"{EXPONENT}, straight = 0.5"))
    assert change(before, after).kind == "redefined"
    assert "straight within 0.5" in change(before, after).note


def test_seeds_that_are_alike_are_noted_and_change_no_verdict(tmp_path: Path) -> None:
    """Four and four seeds have one noise, a hundredth apart: on 48 seeds a correlation of about 3/4."""
    record = measured(tmp_path, "sd = 0.1, alike = 4, slope = -0.4")
    instance = only(record)
    assert (instance.verdict, instance.n) == ("inconclusive", 48)
    assert instance.neighbours_alike
    assert instance.lag_one is not None
    assert instance.lag_one > 0.5
    for text in everywhere(record):
        assert f"the values of neighbouring seeds are correlated ({instance.lag_one:+.2f})" in text
    apart = measured(tmp_path, "sd = 0.1, slope = -0.4")
    assert not only(apart).neighbours_alike
    assert only(apart).lag_one is not None
    assert not any("of neighbouring seeds" in text for text in everywhere(apart))


def test_a_part_or_a_control_that_is_noted_is_said(tmp_path: Path) -> None:
    text = edited(SUITE, {"WITH": "sd = 0.1, alike = 4, slope = -0.4", "LAW": EXPONENT})
    (tmp_path / "t.toml").write_text(text + "control = { exponent = -0.45 }\n")
    instance = only(record_of(tmp_path / "t.toml"))
    assert instance.control is not None
    (part,) = instance.control.parts
    assert part.neighbours_alike
    quiet = msgspec.structs.replace(instance, neighbours_alike=False)
    assert dependent(quiet).startswith("the control's values of neighbouring seeds are correlated")
    silent = msgspec.structs.replace(part, neighbours_alike=False, lag_one=0.1)
    calm = msgspec.structs.replace(quiet, control=msgspec.structs.replace(instance.control, parts=(silent,)))
    assert dependent(calm) == ""
    conjunction = msgspec.structs.replace(calm, parts=(silent, part))
    assert f"({part.lag_one:+.2f})" in dependent(conjunction)
