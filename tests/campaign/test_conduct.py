"""The loop between measuring and judging, on experiments with known truth, measured in this process."""

from __future__ import annotations

import itertools
import math
import random
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from edits import edited
from fake_laboratory import KILLED, FakeLaboratory, killed, measured
from good_suite import GOOD, read, write

from harness.campaign import Progress, Result, conduct
from harness.judge import Assessment, exit_code
from harness.measure import Measurement
from harness.measure.records import Traces
from harness.plan import Case, Trial, case
from harness.suite import Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]


def cases_of(suite: Suite, keyword: str = "", first_seed: int | None = None) -> list[Case]:
    return [case(i, first_seed=first_seed) for i in suite.instances if keyword in i.local_id]


def held(cases: list[Case], laboratory: FakeLaboratory | None = None, **how: object) -> Result:
    """The campaign in a laboratory of its own, by that one's clock.

    Each counts as decided the cases of which every question has an answer, be it an error.
    """
    laboratory = laboratory or FakeLaboratory(workers=2)
    result = conduct(cases, laboratory, clock=laboratory.clock, **how)  # type: ignore[arg-type]
    asked = [[*f.assessment.parts, *f.assessment.control] for f in result.findings]
    decided = sum(all(part.verdict != "not-run" for part in parts) for parts in asked)
    assert (result.progress.decided, result.progress.total) == (decided, len(cases))
    return result


def findings(
    suite: Suite, keyword: str = "", laboratory: FakeLaboratory | None = None, first_seed: int | None = None
) -> dict[str, Assessment]:
    result = held(cases_of(suite, keyword, first_seed), laboratory)
    return {f.case.instance.local_id: f.assessment for f in result.findings}


def killed_at(seed: int) -> Callable[[Trial], Measurement]:
    return lambda trial: killed(trial) if trial.seed == seed else measured(trial)


def test_a_true_claim_with_a_failing_control_is_as_expected(read: Read) -> None:
    found = findings(read(GOOD))
    assert {f.outcome for f in found.values()} == {"as-expected"}
    assert {f.verdict for f in found.values()} == {"supported"}
    assert {f.control_verdict for f in found.values()} == {"refuted"}
    assert {f.agreement for f in found.values()} == {"agrees"}


def test_what_intervals_need_is_loaded_when_workers_have_begun_and_before_anything_is_judged(
    read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else workers would wait for it when the first trials have come in."""
    seen: list[tuple[int, bool]] = []
    laboratory = FakeLaboratory(workers=2)
    monkeypatch.setattr(
        sys.modules["harness.campaign.conduct"],
        "load_quantiles",
        lambda: seen.append((len(laboratory.begun), laboratory.pending > 0)),
    )
    suite = read(GOOD)
    held(cases_of(suite), laboratory)
    assert seen == [(2, True)]
    exact = {'equal = { of = ["a.error", "b.error"], within = "5%" }': 'exact = { of = "gap", atol = 9 }'}
    held(cases_of(read(edited(GOOD, exact))), FakeLaboratory(workers=2))
    assert len(seen) == 1


@pytest.mark.parametrize(
    ("old", "new", "verdict", "outcome"),
    [
        ("at = { shift = 0.0 }", "at = { shift = 0.5 }", "refuted", "unexpected"),  # a is 1.65 b, not b
        ('within = "5%"', 'within = "90%"', "supported", "vacuous"),  # the control is within 90% too
        ('within = "5%"', 'within = "0.1%"', "inconclusive", "inconclusive"),  # sd 2% needs far more seeds
        ("sd = 0.02", "sd = 0.02, nan-at = 4", "error", "error"),
    ],
)
def test_outcomes(read: Read, old: str, new: str, verdict: str, outcome: str) -> None:
    text = edited(GOOD, {old: new})
    if outcome != "vacuous":
        text = edited(text, {"control = { at = { shift = 0.5 } }": 'control = "none: not here"'})
    (finding,) = findings(read(text), "size=1").values()
    assert (finding.verdict, finding.outcome) == (verdict, outcome)


def test_an_error_says_which_seed_and_quantity(read: Read) -> None:
    laboratory = FakeLaboratory(killed_at(4))
    (died,) = findings(read(GOOD), "size=1", laboratory).values()
    assert (died.outcome, died.parts[0].error) == ("error", f"seed 4: {KILLED}")
    (nan,) = findings(read(edited(GOOD, {"sd = 0.02": "nan-at = 4"})), "size=1").values()
    assert nan.parts[0].error == "seed 4: a.error: expected a finite number, found nan"
    shifted = edited(GOOD, {"sd = 0.02": "nan-at = 104"})
    (later,) = findings(read(shifted), "size=1", first_seed=100).values()
    assert later.parts[0].error.startswith("seed 104: ")


@pytest.mark.parametrize("order", range(3))
@pytest.mark.parametrize(
    ("how", "seeds", "said"),
    [
        ("divide", 2, "seed 0: ZeroDivisionError: division by zero (FILE, line {1 / (seed - seed)})"),
        ("forget", 2, "seed 0: declared quantity 'b.error' is missing, and its stage did not fail"),
        ("either", 14, "seed 0: IndexError: list index out of range (FILE, line {[seed + 2]})"),  # twice
        ("late", 14, "seed 1: ValueError: no seed 1 or beyond (FILE, line {raise})"),  # not the lowest
    ],
)
def test_a_mistake_that_the_two_lowest_seeds_make_alike_is_not_made_again(
    read: Read, how: str, seeds: int, said: str, order: int
) -> None:
    text = edited(GOOD, {"toys:pair": "mistaken:pair", "sd = 0.02": f'how = "{how}"'})
    laboratory = FakeLaboratory(order=random.Random(order))
    found = findings(read(text), "", laboratory)
    file = Path(__file__).parents[1] / "support" / "mistaken.py"
    said = said.replace("FILE", str(file))
    if "{" in said:  # what stands in the line, and nowhere before it
        before, _, rest = said.partition("{")
        number = file.read_text().partition(rest.partition("}")[0])[0].count("\n") + 1
        said = f"{before}{number})"
    parts = [part for finding in found.values() for part in (*finding.parts, *finding.control)]
    assert {(part.verdict, part.error) for part in parts} == {("error", said)}
    begun = Counter(trial.params for trial in laboratory.begun)
    assert len(begun) == 6
    assert min(begun.values()) == seeds
    assert sum(begun.values()) - 6 * seeds in (0, 1)  # one may be under way when the last is understood
    assert all(trial.seed >= 2 for trial in laboratory.withdrawn)
    assert bool(laboratory.withdrawn) == (seeds == 2)


TWO_READERS = """\
[suite]
format = 2
title = "A step from a point that fails to one that does not"

[experiments.sizes]
run = "mistaken:pair"
with = { how = "small" }
sweep = { size = [1, 2] }

[claims.step]
says = "From size 1 to 2 both change alike."
expect = "open"
experiment = "sizes"
equal = { of = ["a.error", "b.error"], along = "size", within = "5%" }

[claims.alone]
says = "At size 2 they are alike."
expect = "open"
experiment = "sizes"
at = { size = 2 }
equal = { of = ["a.error", "b.error"], within = "5%" }
"""


def test_a_trial_is_withdrawn_only_where_nobody_waits_for_it(read: Read) -> None:
    laboratory = FakeLaboratory()
    found = findings(read(TWO_READERS), "", laboratory)
    assert {id_: f.verdict for id_, f in found.items()} == {
        "step[size=1..2]": "error",
        "alone[size=2]": "supported",
    }
    assert {dict(trial.params)["size"] for trial in laboratory.withdrawn} == {1}


def test_an_error_beyond_the_seeds_that_a_claim_reads_is_not_its_own(read: Read) -> None:
    (finding,) = findings(read(GOOD), "size=1", FakeLaboratory(killed_at(15))).values()
    assert finding.parts[0].ruling.n < 15
    assert finding.verdict == "supported"


LATE = """
[claims.late]
says = "The gap is small."
expect = "EXPECT"
experiment = "pairs"
at-most = { of = "gap", bound = 0.1 }
control = { at = { shift = 0.5 } }
at = { shift = 0.0 }
"""


def test_a_failed_stage_stops_only_the_claims_that_read_it(read: Read) -> None:
    text = edited(GOOD, {"sd = 0.02": "sd = 0.02, fail-at = 2"}) + edited(LATE, {"EXPECT": "supported"})
    found = findings(read(text), "size=1")
    assert found["same[shift=0,size=1]"].verdict == "supported"
    assert found["late[shift=0,size=1]"].verdict == "error"
    assert "seed 2: gap: late: step budget 20000 reached" in found["late[shift=0,size=1]"].parts[0].error


@pytest.mark.parametrize("expect", ["supported", "open"])
def test_what_a_subject_lacks_is_not_covered_and_stops_no_other_claim(read: Read, expect: str) -> None:
    text = edited(GOOD, {"sd = 0.02": "sd = 0.02, lack-at = 2"}) + edited(LATE, {"EXPECT": expect})
    found = findings(read(text), "size=1")
    assert found["same[shift=0,size=1]"].verdict == "supported"
    lacking = found["late[shift=0,size=1]"]
    assert (lacking.verdict, lacking.outcome) == ("not-covered", "not-covered")
    assert lacking.parts[0].error == "seed 2: gap: not covered: it knows no gaps"


def test_other_seeds_are_other_numbers_and_the_same_seeds_the_same(read: Read) -> None:
    def values(first: int) -> tuple[float, ...]:
        (finding,) = findings(read(GOOD), "size=1", first_seed=first).values()
        return finding.parts[0].ruling.values

    assert values(100) == values(100)
    assert not set(values(100)) & set(values(0))
    shifted = values(3)
    assert shifted[:3] == values(0)[3:6]  # seed 3 is the same trial in both


def test_a_monotone_claim_is_refuted_by_one_pair(read: Read) -> None:
    text = edited(
        GOOD,
        {
            "sd = 0.02": "sd = 0.02, slope = 1.0",
            'equal = { of = ["a.error", "b.error"], within = "5%" }': (
                'monotone = { of = "gap", along = "size", direction = "decreasing" }'
            ),
            "control = { at = { shift = 0.5 } }": "",
        },
    )
    (finding,) = findings(read(text)).values()
    assert finding.verdict == "refuted"
    assert [p.verdict for p in finding.parts] == ["refuted", "refuted"]
    # From size to size the gap grows by ln 2; the mean of 6 or more differences, each of sd 0.02·√2, is
    # within 0.08 of it with probability above 1 − 1e-11.
    assert all(math.isclose(p.ruling.estimate, math.log(2), abs_tol=0.08) for p in finding.parts)


def test_progress_counts_up(read: Read) -> None:
    seen: list[Progress] = []
    cases, laboratory = cases_of(read(GOOD)), FakeLaboratory(workers=2)
    result = held(cases, laboratory, on_progress=seen.append)
    assert (seen[0].measured, seen[0].decided, seen[0].total, seen[0].remaining) == (0, 0, 3, None)
    assert (seen[-1].decided, seen[-1].pending, seen[-1].failed) == (3, 0, 0)
    assert result.progress.elapsed == laboratory.now
    for before, after in itertools.pairwise(seen):
        assert before.measured <= after.measured
        assert before.decided <= after.decided
        if after.measured and not after.rechecking:  # a second each, on two workers
            assert after.remaining == after.pending / 2
    again = held(cases, FakeLaboratory(store=laboratory.store))
    assert (again.progress.measured, again.progress.reused) == (0, seen[-1].measured)


def test_progress_counts_the_trials_that_failed(read: Read) -> None:
    """Seed 4 of both points, the claim's and its control's."""
    cases = cases_of(read(GOOD), "size=1")
    laboratory = FakeLaboratory(killed_at(4))
    result = held(cases, laboratory)
    assert (result.progress.measured, result.progress.failed) == (len(laboratory.begun), 2)
    again = held(cases, FakeLaboratory(store=laboratory.store))
    assert (again.progress.measured, again.progress.failed) == (2, 0)  # what fails is not kept


def test_what_is_to_be_said_of_measurements_is_said_once(read: Read) -> None:
    """In the end with all that changed; at once only what the first trial of an experiment changed."""
    said = {2: "not stored: no space", 3: "not stored: no space", 5: "not stored: it was edited"}
    traces = {4: Traces(changed=("the locale",)), 6: Traces(changed=("the precision", "the locale"))}

    def noted(trial: Trial) -> Measurement:
        made = traces.get(trial.seed, Traces())
        return replace(measured(trial), note=said.get(trial.seed, ""), traces=made)

    seen: list[Progress] = []
    result = held(cases_of(read(GOOD), "size=1"), FakeLaboratory(noted), on_progress=seen.append)
    kept, once = ("not stored: no space", "not stored: it was edited"), "toys:pair: its trials changed what"
    assert result.notes[:2] == kept
    assert [note.startswith(once) for note in result.notes[2:]] == [True]
    assert "(the locale; the precision)" in result.notes[2]
    at_once = result.progress.notes
    assert (at_once[0], at_once[2]) == kept
    assert len(at_once) == 3
    assert at_once[1].startswith(once)
    assert "(the locale)" in at_once[1]
    assert all(progress.notes == at_once[: len(progress.notes)] for progress in seen)


def test_what_was_not_rechecked_is_said_beside_what_was_not_kept(read: Read) -> None:
    """A trial takes 1 s; the first look of a claim and its control takes 28."""
    laboratory = FakeLaboratory(lambda trial: replace(measured(trial), note="not stored: no space"))
    result = held(cases_of(read(GOOD), "size=1"), laboratory, time_budget=28.0)
    assert [r.result for r in result.rechecks] == ["not-rechecked"]
    assert result.notes == ("not stored: no space", result.rechecks[0].note)


def test_the_trials_of_a_point_are_requested_together_each_once_with_its_low_seeds_first(read: Read) -> None:
    again = edited(GOOD[GOOD.index("[claims.same]") :], {"[claims.same]": "[claims.again]", '"5%"': '"6%"'})
    laboratory = FakeLaboratory()
    held(cases_of(read(GOOD + again)), laboratory)
    assert len(set(laboratory.begun)) == len(laboratory.begun)
    first_look = [trial for trial in laboratory.begun if trial.seed < 14]
    points = [list(trials) for _, trials in itertools.groupby(first_look, lambda trial: trial.params)]
    assert len(points) == len({trial.params for trial in first_look}) == 6
    assert all([trial.seed for trial in trials] == list(range(14)) for trials in points)


def test_when_the_time_is_over_what_is_undecided_is_not_run(read: Read) -> None:
    """Half of it is kept from an earlier run; for the other half the time is too short."""
    cases = cases_of(read(edited(GOOD, {"size = [1, 2, 4]": "size = [1, 2]"})))
    short = [c for c in cases if c.instance.labels["size"] == "1"]
    before = FakeLaboratory()
    measured_before = held(short, before).progress.measured
    laboratory = FakeLaboratory(store=before.store)
    result = held(cases, laboratory, time_budget=5.0)
    assert laboratory.pending == 0
    assert 5.0 <= laboratory.now <= 7.0  # a trial takes 1 s, and one is under way when the time is over
    outcomes = {f.case.instance.labels["size"]: f.assessment.outcome for f in result.findings}
    assert outcomes == {"1": "as-expected", "2": "not-run"}
    assert {f.assessment.verdict for f in result.findings} == {"supported", "not-run"}
    assert result.progress.reused == measured_before
    assert {r.result for r in result.rechecks} == {"not-rechecked"}
    whole = held(cases, FakeLaboratory(store=laboratory.store))
    assert whole.progress.reused == measured_before + result.progress.measured
    assert {f.assessment.outcome for f in whole.findings} == {"as-expected"}


def test_without_time_nothing_is_run_and_nothing_is_green(read: Read) -> None:
    result = held(cases_of(read(GOOD)), time_budget=0.0)
    assert {f.assessment.outcome for f in result.findings} == {"not-run"}
    assert exit_code(f.assessment.outcome for f in result.findings) == 1


def test_a_claim_is_not_run_where_only_its_control_lacks_time(read: Read) -> None:
    (asked,) = cases_of(read(GOOD), "size=1")
    before = FakeLaboratory()
    held([replace(asked, control=())], before)
    (found,) = held([asked], FakeLaboratory(store=before.store), time_budget=3.0).findings
    finding = found.assessment
    assert (finding.verdict, finding.control_verdict, finding.outcome) == ("supported", "not-run", "not-run")


def test_what_was_measured_before_an_interruption_is_not_measured_again(read: Read) -> None:
    cases = cases_of(read(GOOD))
    first = FakeLaboratory(interruptions={20}, workers=2)
    with pytest.raises(KeyboardInterrupt):
        held(cases, first)
    assert 0 < len(first.store) < len(first.begun)
    second = FakeLaboratory(store=first.store, workers=2)
    kept = set(first.store)
    result = held(cases, second)
    assert not kept & set(second.begun)
    assert {f.assessment.outcome for f in result.findings} == {"as-expected"}


@pytest.mark.parametrize(
    ("own", "others", "given", "expected"),
    [
        ("", "", None, None),
        ('"2 GiB"', '"1 GiB"', None, 2 * 2**30),
        ('"2 GiB"', "", None, None),  # the other claim about the same trials has no limit
        ('"2 GiB"', "", 2**20, 2**20),
    ],
)
def test_a_trial_has_the_largest_limits_of_its_claims_unless_one_is_given(
    read: Read, own: str, others: str, given: int | None, expected: int | None
) -> None:
    """So have those that are measured a second time."""
    first = f'experiment = "pairs"\ntime-limit = 7.0\nmemory-limit = {own}' if own else 'experiment = "pairs"'
    other = edited(GOOD[GOOD.index("[claims.same]") :], {"claims.same": "claims.other"})
    limits = f'"pairs"\ntime-limit = 9.0\nmemory-limit = {others}' if others else '"pairs"'
    second = edited(other, {'"pairs"': limits})
    suite = read(edited(GOOD, {'experiment = "pairs"': first}) + second)
    laboratory = FakeLaboratory()
    held(cases_of(suite, "size=1"), laboratory, memory_limit=given)
    assert laboratory.repeated
    assert {memory for _, memory in laboratory.limits.values()} == {expected}
    longest = {seconds for seconds, _ in laboratory.limits.values()}
    assert longest == ({9.0} if others else {max(c.instance.claim.time_limit for c in cases_of(suite))})
    assert set(laboratory.repeated) <= set(laboratory.limits)


def test_an_experiment_that_gives_other_numbers_again_is_an_error_of_all_that_read_it(read: Read) -> None:
    def other(trial: Trial) -> Measurement:
        found = measured(trial)
        return replace(found, values={**found.values, "gap": 1.0})

    laboratory = FakeLaboratory(again=other)
    result = held(cases_of(read(GOOD)), laboratory)
    assert {f.assessment.verdict for f in result.findings} == {"error"}
    assert {r.result for r in result.rechecks} == {"differs"}
    assert all("quantity gap gave" in f.assessment.parts[0].error for f in result.findings)
    fine = held(cases_of(read(GOOD)), FakeLaboratory())
    assert [r.result for r in fine.rechecks] == ["identical"]
    unchecked = held(cases_of(read(GOOD)), laboratory := FakeLaboratory(again=other), recheck=None)
    assert (unchecked.rechecks, laboratory.repeated) == ((), [])
