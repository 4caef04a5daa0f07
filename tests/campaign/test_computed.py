"""Claims about what is the same on every seed: one trial each, no level, a declaration that is checked."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
import same_on_every_seed
from commands import said
from edits import edited
from fake_laboratory import FakeLaboratory, measured
from good_suite import read, write

from harness.campaign import Result, conduct
from harness.declare import DeclarationError, Quantity, experiment
from harness.measure import Measurement
from harness.options import RunOptions
from harness.plan import Case, Trial, case
from harness.report import Record, to_json
from harness.report.brief import brief
from harness.report.distance import distance
from harness.report.html import page
from harness.report.markdown import markdown
from harness.report.plan import plan_text
from harness.report.record import from_json
from harness.report.terminal import terminal
from harness.session import run, trials_of
from harness.suite import Suite
from harness.targets import gather

__all__ = ["read", "same_on_every_seed", "write"]
Read = Callable[[str], Suite]
Write = Callable[[str], Path]

HEAD = """\
[suite]
format = 2
title = "Computed"
explored = [[0, 99]]

[defaults]
seeds = 21

[experiments.toy]
run = "same_on_every_seed:toy"
with = { sd = 0.01 }
sweep = { size = [1, 2, 4, 8] }
"""
CLAIM = """
[claims.{name}]
says = "…"
expect = "open"
experiment = "toy"
control = "none: toys"
{predicate}
"""
PREDICATES = {
    "equal": 'equal = { of = ["level", "double"], within = "5%" }',
    "equal-changes": 'equal = { of = ["level", "double"], along = "size", within = "1%" }',
    "differ": 'differ = { of = ["level", "double"], by = "5%" }',
    "less": 'less = { of = ["level", "double"] }',
    "greater": 'greater = { of = ["level", "double"] }',
    "at-most": 'at-most = { of = "level", bound = 0.3 }',
    "at-least": 'at-least = { of = "offset", bound = 0.0 }',
    "power-law": (
        'power-law = { of = "level", against = "size", exponent = -1, within = 0.01, straight = 0.01 }'
    ),
    "monotone": 'monotone = { of = "level", along = "size", direction = "decreasing" }',
    "exact": 'exact = { of = ["double", "level"], rtol = 1e-6 }',
    "exact-zero": 'exact = { of = "offset", atol = 1e-6 }',
    "mixed": 'equal = { of = ["drawn", "level"], within = "5%" }',
}
EXPECTED = {
    "equal": "rrrr", "equal-changes": "sss", "differ": "ssss", "less": "ssss", "greater": "rrrr",
    "at-most": "rrss", "at-least": "rrrr", "power-law": "s", "monotone": "s", "exact": "rrrr",
    "exact-zero": "srrr", "mixed": "ssss",
}  # fmt: skip
"""Verdicts at each size; of offset ≥ 0 at size 1, where it is 0: the edge is outside."""
SUITE = HEAD + "".join(CLAIM.format(name=name, predicate=text) for name, text in PREDICATES.items())


def conducted(
    suite: Suite, laboratory: FakeLaboratory | None = None, *, first_seed: int | None = None, **how: object
) -> Result:
    laboratory = laboratory or FakeLaboratory(workers=2)
    cases = [case(instance, first_seed=first_seed) for instance in suite.instances]
    return conduct(cases, laboratory, clock=laboratory.clock, **how)  # type: ignore[arg-type]


def verdicts(result: Result) -> dict[str, str]:
    groups = itertools.groupby(result.findings, lambda finding: finding.case.instance.claim.id)
    return {id_: "".join(f.assessment.verdict[0] for f in found) for id_, found in groups}


def test_every_predicate_judges_one_seed_without_statistics(read: Read) -> None:
    result = conducted(read(SUITE))
    assert verdicts(result) == EXPECTED
    for finding in result.findings:
        computed = finding.case.instance.claim.id != "mixed"
        found = finding.assessment
        assert finding.case.computed == finding.case.instance.claim.computed == computed
        assert {part.ruling.n for part in found.parts} == ({1} if computed else {14})
        assert (found.leaves_open is None) == computed
        assert finding.case.alpha == (0.0 if computed else 0.001)
        assert finding.case.first_seed == (0 if computed else 100)


def test_it_takes_one_trial_a_point_whatever_seeds_are_asked_for(read: Read) -> None:
    suite = read(HEAD + CLAIM.format(name="a", predicate=PREDICATES["less"] + '\nrare = "5%"\nseeds = 162'))
    for first_seed in (None, 7, 1_000_000):
        laboratory = FakeLaboratory()
        result = conducted(suite, laboratory, first_seed=first_seed, recheck=None)
        assert {trial.seed for trial in laboratory.begun} == {0}
        assert len(laboratory.begun) == 4
        assert verdicts(result) == {"a": "ssss"}
    assert {len(case(instance, seeds=14).seeds) for instance in suite.instances} == {0}  # no error of `rare`


def test_a_sampled_control_is_judged_as_sampled_on_its_own_seeds(read: Read) -> None:
    text = CLAIM.format(name="a", predicate=PREDICATES["at-most"])
    control = edited(text, {'"none: toys"': '{ of = "drawn", at = { size = 1 } }', '"open"': '"supported"'})
    result = conducted(read(HEAD + control + "at = { size = 8 }"))
    (finding,) = result.findings
    assert [part.ruling.n for part in finding.assessment.parts] == [1]
    assert [part.ruling.n for part in finding.assessment.control] == [14]
    assert finding.case.first_seed == 100
    assert finding.case.alpha == 0
    assert finding.assessment.outcome == "as-expected"


@pytest.mark.parametrize("lie", ["seed", "late", "crash"])
def test_a_false_declaration_makes_errors_of_its_claims(read: Read, lie: str) -> None:
    suite = read(edited(SUITE, {"sd = 0.01": f'sd = 0.01, lie = "{lie}"'}))
    result = conducted(suite)
    (recheck,) = [each for each in result.rechecks if each.result == "not-deterministic"]
    assert set("".join(verdicts(result).values())) == {"e"}
    reason = result.findings[0].assessment.settling.error
    assert reason == recheck.reason
    assert "declared `deterministic`" in reason
    assert ("quantity level gave" in reason) == (lie != "crash")


def test_a_second_seed_in_a_second_process_is_compared(read: Read) -> None:
    def moved(trial: Trial) -> Measurement:
        found = measured(trial)
        return found if not found.values else _with(found, level=found.values["level"] * (1 + 1e-15))

    suite = read(HEAD + CLAIM.format(name="a", predicate=PREDICATES["less"]))
    laboratory = FakeLaboratory(again=moved)
    result = conducted(suite, laboratory)
    assert [trial.seed for trial in laboratory.repeated] == [0, 1]  # as a whole it is sampled, too
    assert verdicts(result) == {"a": "eeee"}
    honest = FakeLaboratory()
    assert verdicts(conducted(suite, honest)) == {"a": "ssss"}
    again = FakeLaboratory(passes=honest.passes)  # it passed once: no second time
    conducted(suite, again)
    assert not again.repeated


def _with(found: Measurement, **values: float) -> Measurement:
    from dataclasses import replace

    return replace(found, values={**found.values, **values})


def test_what_can_be_no_declaration_is_refused() -> None:
    quantities = {"x": Quantity("…", deterministic=True)}
    for how in ({"timed": True}, {"repeatable": "no: it is a race"}):
        with pytest.raises(DeclarationError, match="no quantity with `deterministic`, found 'x'"):
            experiment("toy", version=1, quantities=quantities, **how)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """A run by workers of two claims: one computed, one mixed."""
    path = tmp_path_factory.mktemp("computed") / "toys.toml"
    claims = [CLAIM.format(name=name, predicate=PREDICATES[name]) for name in ("less", "power-law", "mixed")]
    path.write_text(HEAD + "".join(claims))
    return run(gather([str(path)]), RunOptions(store=None, workers=1))


def test_reports_say_that_it_is_computed(record: Record) -> None:
    computed = [i for i in record.instances if i.computed]
    assert {i.claim for i in computed} == {"less", "power-law"}
    assert {(i.alpha, i.n, i.budget, i.explored, i.explored_seeds) for i in computed} == {
        (0.0, 1, 1, (), False)
    }
    assert record.wrong_verdicts_bound == 4 * 0.001
    assert record.first_seed == 100
    assert not record.fresh
    assert from_json(to_json(record), "r.json") == record
    for text in (terminal(record), markdown(record)):
        assert "5 of 9 instances are computed, not sampled" in text
        assert "seeds from 100 ·" in text.replace("\\", "")
    assert page(record).count("computed, not sampled: the same on every seed") == 5
    assert "computed, not sampled" in brief(record)
    assert all((found := distance(i)) and not found.samples for i in computed)
    (law,) = [i for i in computed if i.fit]
    assert law.fit is not None
    assert law.fit.sd == (0.0,) * 4


def test_commands_show_it(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(SUITE)
    monkeypatch.chdir(path.parent)
    code, text = said("check", "--import", str(path))
    assert (code, "12 claims, 41 instances (37 computed, not sampled)" in text) == (0, True), text
    code, text = said("describe", "same_on_every_seed:toy")
    assert "stage computed, the same on every seed" in text


def test_list_and_plan_show_it(read: Read, tmp_path: Path) -> None:
    suite = read(SUITE)
    cases: list[Case] = [case(instance) for instance in suite.instances]
    text = plan_text(cases, tmp_path / "none.sqlite")
    assert "41 instances, 37 of them computed, not sampled, seeds from 100," in text
    assert "60 " in text  # 4 computed trials and 4 · 14 at least


def test_a_trial_is_shown_with_the_seed_that_was_asked_for(write: Write) -> None:
    selected = gather([str(write(HEAD + CLAIM.format(name="a", predicate=PREDICATES["less"])))])
    assert {trial.seed for trial in trials_of(selected, 7)} == {7}
    assert {trial.seed for trial in trials_of(selected, None)} == {0}
