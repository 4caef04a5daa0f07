"""The loop between measuring and judging, on experiments with known truth."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from edits import edited
from good_suite import GOOD, read, write

from harness.campaign import Finding, Progress, conduct
from harness.judge import exit_code
from harness.measure import Laboratory
from harness.plan import Trial, case
from harness.suite import Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]


def findings(
    suite: Suite,
    store: Path | None = None,
    *,
    workers: int = 2,
    first_seed: int | None = None,
    keyword: str = "",
    recheck: float | None = 0.0,
) -> dict[str, Finding]:
    cases = [case(i, first_seed=first_seed) for i in suite.instances if keyword in i.local_id]
    with Laboratory(store, workers=workers) as laboratory:
        result = conduct(cases, laboratory, recheck=recheck)
    return {f.case.instance.local_id: f for f in result.findings}


def test_a_true_claim_with_a_failing_rival_is_as_expected(read: Read) -> None:
    found = findings(read(GOOD))
    assert {f.outcome for f in found.values()} == {"as-expected"}
    assert {f.verdict for f in found.values()} == {"supported"}
    assert {f.control_verdict for f in found.values()} == {"refuted"}
    assert {f.agreement for f in found.values()} == {"agrees"}


@pytest.mark.parametrize(
    ("old", "new", "verdict", "outcome"),
    [
        ("at = { shift = 0.0 }", "at = { shift = 0.5 }", "refuted", "unexpected"),  # a is 1.65 b, not b
        ('within = "5%"', 'within = "90%"', "supported", "vacuous"),  # the rival is within 90% too
        ('within = "5%"', 'within = "0.1%"', "inconclusive", "inconclusive"),  # sd 2% needs far more seeds
        ("sd = 0.02", "sd = 0.02, crash-at = 4", "error", "error"),
        ("sd = 0.02", "sd = 0.02, nan-at = 4", "error", "error"),
    ],
)
def test_outcomes(read: Read, old: str, new: str, verdict: str, outcome: str) -> None:
    text = edited(GOOD, {old: new, "control = { at = { shift = 0.5 } }": 'control = "none: not here"'})
    if outcome == "vacuous":
        text = edited(GOOD, {old: new})
    (finding,) = findings(read(text), keyword="size=1").values()
    assert (finding.verdict, finding.outcome) == (verdict, outcome)


def test_an_error_says_which_seed_and_quantity(read: Read) -> None:
    (crashed,) = findings(read(edited(GOOD, {"sd = 0.02": "crash-at = 4"})), keyword="size=1").values()
    assert crashed.parts[0].error.startswith("seed 4: the worker exited with code 7")
    (nan,) = findings(read(edited(GOOD, {"sd = 0.02": "nan-at = 4"})), keyword="size=1").values()
    assert nan.parts[0].error == "seed 4: a.error: expected a finite number, found nan"
    (shifted_case, *_) = read(edited(GOOD, {"sd = 0.02": "nan-at = 104"})).instances
    with Laboratory(None, workers=1) as laboratory:
        (shifted,) = conduct([case(shifted_case, first_seed=100)], laboratory).findings
    assert shifted.parts[0].error.startswith("seed 104: ")


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
    read: Read, tmp_path: Path, how: str, seeds: int, said: str
) -> None:
    log = tmp_path / "log"
    text = edited(GOOD, {"toys:pair": "mistaken:pair", "sd = 0.02": f'how = "{how}", log = "{log}"'})
    suite = read(text)
    found = findings(suite, workers=1)
    file = Path(__file__).parent / "support" / "mistaken.py"
    said = said.replace("FILE", str(file))
    if "{" in said:  # what stands in the line, and nowhere before it
        before, _, rest = said.partition("{")
        number = file.read_text().partition(rest.partition("}")[0])[0].count("\n") + 1
        said = f"{before}{number})"
    parts = [part for finding in found.values() for part in (*finding.parts, *finding.control)]
    assert {(part.verdict, part.error) for part in parts} == {("error", said)}
    begun = Counter(line.rpartition(" ")[0] for line in log.read_text().splitlines())
    points = [f"{shift} {size}" for shift in (0.0, 0.5) for size in (1, 2, 4)]
    assert set(begun) == set(points)
    assert min(begun.values()) == seeds
    assert sum(begun.values()) - 6 * seeds in (0, 1)  # one may be under way when the last is understood


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
    found = findings(read(TWO_READERS), workers=1)
    assert {id_: f.verdict for id_, f in found.items()} == {
        "step[size=1..2]": "error",
        "alone[size=2]": "supported",
    }


def test_an_error_beyond_the_seeds_that_a_claim_reads_is_not_its_own(read: Read) -> None:
    found = findings(read(edited(GOOD, {"sd = 0.02": "sd = 0.02, crash-at = 15"})), keyword="size=1")
    (finding,) = found.values()
    assert finding.parts[0].ruling.n < 15
    assert finding.verdict == "supported"


def test_a_failed_stage_stops_only_the_claims_that_read_it(read: Read) -> None:
    text = (
        edited(GOOD, {"sd = 0.02": "sd = 0.02, fail-at = 2"})
        + """
[claims.late]
says = "The gap is small."
expect = "supported"
experiment = "pairs"
at-most = { of = "gap", bound = 0.1 }
control = { at = { shift = 0.5 } }
at = { shift = 0.0 }
"""
    )
    found = findings(read(text), keyword="size=1")
    assert found["same[shift=0,size=1]"].verdict == "supported"
    assert found["late[shift=0,size=1]"].verdict == "error"
    assert "seed 2: gap: late: step budget 20000 reached" in found["late[shift=0,size=1]"].parts[0].error


def test_what_a_subject_lacks_is_not_covered_and_stops_no_other_claim(read: Read) -> None:
    late = """
[claims.late]
says = "The gap is small."
expect = "EXPECT"
experiment = "pairs"
at-most = { of = "gap", bound = 0.1 }
control = { at = { shift = 0.5 } }
at = { shift = 0.0 }
"""
    for expect in ("supported", "open"):
        text = edited(GOOD, {"sd = 0.02": "sd = 0.02, lack-at = 2"}) + edited(late, {"EXPECT": expect})
        found = findings(read(text), keyword="size=1")
        assert found["same[shift=0,size=1]"].verdict == "supported"
        lacking = found["late[shift=0,size=1]"]
        assert (lacking.verdict, lacking.outcome) == ("not-covered", "not-covered")
        assert lacking.parts[0].error == "seed 2: gap: not covered: it knows no gaps"


def test_claims_over_one_experiment_measure_each_trial_once(read: Read, tmp_path: Path) -> None:
    log = tmp_path / "log"
    again = edited(GOOD[GOOD.index("[claims.same]") :], {"[claims.same]": "[claims.again]"})
    text = edited(GOOD, {"sd = 0.02": f'sd = 0.02, log = "{log}"'}) + edited(again, {'"5%"': '"6%"'})
    findings(read(text), tmp_path / "store.sqlite", recheck=None)
    ran = [line.rsplit(" ", 1)[0] for line in log.read_text().splitlines()]
    assert len(ran) == len(set(ran))
    findings(read(edited(text, {'"6%"': '"7%"'})), tmp_path / "store.sqlite", recheck=None)
    ran = [line.rsplit(" ", 1)[0] for line in log.read_text().splitlines()]
    assert len(ran) == len(set(ran)), "a changed margin measured a trial again"


def test_values_do_not_depend_on_workers_order_budget_or_what_else_runs(read: Read, tmp_path: Path) -> None:
    text = edited(GOOD, {"sd = 0.02": "sd = 0.08"})
    whole = findings(read(text), workers=2)
    alone = findings(read(text), workers=1, keyword="size=4")
    richer = findings(
        read(edited(text, {"seeds = 21": "seeds = 48"})), tmp_path / "s.sqlite", keyword="size=4"
    )
    key = "same[shift=0,size=4]"
    rulings = [f[key].parts[0].ruling for f in (whole, alone, richer)]
    assert rulings[0] == rulings[1]
    assert rulings[0].values == rulings[2].values[: rulings[0].n]


def test_other_seeds_are_other_numbers_and_the_same_seeds_the_same(read: Read) -> None:
    def values(first: int) -> tuple[float, ...]:
        (finding,) = findings(read(GOOD), first_seed=first, keyword="size=1").values()
        return finding.parts[0].ruling.values

    assert values(100) == values(100)
    assert not set(values(100)) & set(values(0))
    shifted = values(3)
    assert shifted[:3] == values(0)[3:6]  # seed 3 is the same trial in both


def test_a_monotone_claim_is_refuted_by_one_pair(read: Read) -> None:
    equal = 'equal = { of = ["a.error", "b.error"], within = "5%" }'
    falls = 'monotone = { of = "gap", along = "size", direction = "decreasing" }'
    text = edited(GOOD, {"sd = 0.02": "sd = 0.02, slope = 1.0", equal: falls})
    (finding,) = findings(read(edited(text, {"control = { at = { shift = 0.5 } }": ""}))).values()
    assert finding.verdict == "refuted"
    assert [p.verdict for p in finding.parts] == ["refuted", "refuted"]
    # From size to size the gap grows by ln 2; the mean of 6 or more differences, each of sd 0.02·√2, is
    # within 0.08 of it but for a chance of 1e-11.
    assert all(math.isclose(p.ruling.estimate, math.log(2), abs_tol=0.08) for p in finding.parts)


def test_progress_counts_up(read: Read, tmp_path: Path) -> None:
    seen: list[Progress] = []
    cases = [case(i) for i in read(GOOD).instances]
    with Laboratory(tmp_path / "s.sqlite", workers=2) as laboratory:
        conduct(cases, laboratory, on_progress=seen.append)
    assert (seen[0].measured, seen[0].decided, seen[0].total) == (0, 0, 3)
    assert (seen[-1].decided, seen[-1].pending, seen[-1].failed) == (3, 0, 0)
    with Laboratory(tmp_path / "s.sqlite", workers=2) as laboratory:
        result = conduct(cases, laboratory)
    assert (result.progress.measured, result.progress.reused) == (0, seen[-1].measured)


def test_when_the_time_is_over_what_is_undecided_is_not_run(read: Read, tmp_path: Path) -> None:
    """Half of it is in the store; the trials of the other half sleep beyond the budget, and are ended."""
    text = edited(GOOD, {"size = [1, 2, 4]": "size = [1, 2], nap = { none = {}, long = { sleep = 60.0 } }"})
    cases = [case(i) for i in read(text).instances]
    short = [c for c in cases if c.instance.labels["nap"] == "none"]
    store = tmp_path / "store.sqlite"
    with Laboratory(store, workers=2) as laboratory:
        measured = conduct(short, laboratory).progress.measured
    start = time.monotonic()
    with Laboratory(store, workers=2) as laboratory:
        result = conduct(cases, laboratory, time_budget=1.0)
        assert laboratory.pending == 0
    assert time.monotonic() - start < 30  # and not 60
    outcomes = {f.case.instance.labels["nap"]: f.outcome for f in result.findings}
    assert outcomes == {"none": "as-expected", "long": "not-run"}
    assert {f.verdict for f in result.findings} == {"supported", "not-run"}
    assert (result.progress.measured, result.progress.reused) == (0, measured)


def test_without_time_nothing_is_run_and_nothing_is_green(read: Read) -> None:
    suite = read(GOOD)
    with Laboratory(None, workers=1) as laboratory:
        result = conduct([case(i) for i in suite.instances], laboratory, time_budget=0.0)
    assert {f.outcome for f in result.findings} == {"not-run"}
    assert exit_code(f.outcome for f in result.findings) == 1


def test_a_claim_is_not_run_where_only_its_control_lacks_time(read: Read, tmp_path: Path) -> None:
    slow = edited(GOOD, {"shift = [0.0, 0.5]": "rival = { no = {}, yes = { shift = 0.5, sleep = 60.0 } }"})
    slow = edited(slow, {"shift = 0.5 } }\nat": 'rival = "yes" } }\nat', "{shift}": "{rival}"})
    slow = edited(slow, {"at = { shift = 0.0 }": 'at = { rival = "no" }'})
    asked = case(read(slow).instances[0])
    with Laboratory(tmp_path / "store.sqlite", workers=2) as laboratory:
        conduct([replace(asked, control=())], laboratory)
    with Laboratory(tmp_path / "store.sqlite", workers=2) as laboratory:
        result = conduct([asked], laboratory, time_budget=0.5)
    (finding,) = result.findings
    assert (finding.verdict, finding.control_verdict, finding.outcome) == ("supported", "not-run", "not-run")


@pytest.mark.parametrize(
    ("own", "others", "given", "expected"),
    [
        ("", "", None, None),
        ('"2 GiB"', '"1 GiB"', None, 2 * 2**30),
        ('"2 GiB"', "", None, None),  # the other claim about the same trials has no limit
        ('"2 GiB"', "", 2**20, 2**20),
    ],
)
def test_a_trial_has_the_largest_memory_limit_of_its_claims_unless_one_is_given(
    read: Read,
    monkeypatch: pytest.MonkeyPatch,
    own: str,
    others: str,
    given: int | None,
    expected: int | None,
) -> None:
    first = f'experiment = "pairs"\nmemory-limit = {own}' if own else 'experiment = "pairs"'
    other = edited(GOOD[GOOD.index("[claims.same]") :], {"claims.same": "claims.other"})
    second = edited(other, {'"pairs"': f'"pairs"\nmemory-limit = {others}'}) if others else other
    suite = read(edited(GOOD, {'experiment = "pairs"': first}) + second)
    limits = set()
    request = Laboratory.request

    def noting(self: Laboratory, trial: Trial, time_limit: float, memory_limit: int | None = None) -> None:
        limits.add(memory_limit)
        request(self, trial, time_limit, memory_limit)

    monkeypatch.setattr(Laboratory, "request", noting)
    cases = [case(i) for i in suite.instances if "size=1" in i.local_id]
    with Laboratory(None, workers=1) as laboratory:
        conduct(cases, laboratory, memory_limit=given)
    assert limits == {expected}
