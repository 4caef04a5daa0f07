"""`rare`: how rare an event a claim must not overlook, and what its seeds must then be."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from edits import edited
from good_suite import GOOD
from records import record_of

from harness.cli import cli
from harness.errors import UserError
from harness.plan import SeedsError, case
from harness.report.plan import plan_text
from harness.suite import Suite, SuiteError
from harness.targets import gather

Read = Callable[[str], Suite]
EQUAL = 'equal = { of = ["a.error", "b.error"], within = "5%" }'
BOTH = "\n[[claims.same.where]]\nat = { size = 2 }\n"


def rare(share: str, seeds: int = 243, text: str = GOOD, more: str = "") -> str:
    """The good suite with `rare` and `seeds` in its claim; `more` stands at its end."""
    assert text.count(EQUAL) == 1
    return edited(text, {EQUAL: f'{EQUAL}\nrare = "{share}"\nseeds = {seeds}'}) + more


def said(read: Read, text: str) -> list[str]:
    """What is wrong, as `LINE: …`, without columns."""
    with pytest.raises(SuiteError) as error:
        read(text)
    return [re.sub(r"^f:(\d+):\d+", r"\1", mistake.describe("f")) for mistake in error.value.mistakes]


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize(
    ("share", "alpha", "least"),
    [("5%", 0.001, 162), ("5 %", 0.05, 72), ("39%", 0.001, 14), ("2.85%", 0.001, 243)],
)
def test_it_sets_the_least_look_of_claim_and_control(
    read: Read, share: str, alpha: float, least: int
) -> None:
    instance = read(edited(rare(share), {"[defaults]": f"[defaults]\nalpha = {alpha}"})).instances[0]
    assert instance.least == least
    found = case(instance)
    assert {question.least for question in (*found.questions, *found.control)} == {least}
    assert found.control


def test_without_it_the_first_look_is_the_least(read: Read) -> None:
    assert {(i.least, case(i).questions[0].least) for i in read(GOOD).instances} == {(0, 0)}


def test_defaults_and_where_may_say_it(read: Read) -> None:
    default = edited(GOOD, {"seeds = 21": 'seeds = 162\nrare = "5%"'})
    assert [i.least for i in read(default).instances] == [162] * 3
    assert [i.least for i in read(rare("20%", text=default)).instances] == [32] * 3
    found = read(rare("20%", text=default, more=f'{BOTH}rare = "10%"')).instances
    assert [i.least for i in found] == [32, 72, 32]


@pytest.mark.parametrize("share", ["0%", "100%", "-5%", "5", "0.05", "nan%", "5%%", "0.0 %", "1e1%", ""])
def test_it_is_a_percentage_between_0_and_100(read: Read, share: str) -> None:
    text = rare(share)
    (mistake,) = said(read, text)
    expected = "claims.same.rare: expected a percentage above 0 and below 100"
    assert mistake.startswith(f"{line_of(text, 'rare =')}: {expected}")
    default = edited(GOOD, {"[defaults]": f'[defaults]\nrare = "{share}"'})
    for place in (default, f'{GOOD}{BOTH}rare = "{share}"'):
        (mistake,) = said(read, place)
        assert mistake.startswith(f"{line_of(place, 'rare =')}: ")
        assert "expected a percentage" in mistake


def test_one_that_no_look_reaches_is_a_mistake_that_says_the_smallest(read: Read) -> None:
    text = rare("2%")
    (mistake,) = said(read, text)
    assert mistake == (
        f'{line_of(text, "rare =")}: claims.same.rare: expected at least `rare = "2.9%"` at alpha = 0.001: '
        'no claim reads more than 243 seeds, found `rare = "2%"`'
    )
    assert read(rare("2.9%")).instances[0].least == 243
    by_alpha = edited(rare("5%"), {"[defaults]": "[defaults]\nalpha = 1e-9"})
    (mistake,) = said(read, by_alpha)
    assert 'at least `rare = "8.2%"` at alpha = 1e-09' in mistake


def test_a_budget_below_it_is_a_mistake_at_the_key_that_had_the_last_word(read: Read) -> None:
    cases = [
        (rare("5%", 48), "seeds = 48", "48"),
        (edited(rare("5%", 48), {"\nseeds = 48": ""}), "rare =", "21"),  # of [defaults]
        (edited(GOOD, {"seeds = 21": 'seeds = 21\nrare = "5%"'}), "seeds = 21", "21"),
        (edited(GOOD, {"seeds = 21": 'rare = "5%"'}), "rare =", "48"),  # the default's default
        (rare("5%", more=f"{BOTH}seeds = 108"), "seeds = 108", "108"),
        (rare("20%", 48, more=f'{BOTH}rare = "5%"'), 'rare = "5%"', "48"),
    ]
    for text, place, found in cases:
        (mistake,) = said(read, text)
        assert mistake.startswith(f"{line_of(text, place)}: ")
        expected = 'expected a budget of at least 162 seeds, for `rare = "5%"` at alpha = 0.001'
        assert mistake.endswith(f"{expected}, found {found}")


def test_exact_has_none_of_its_own_and_takes_none(read: Read) -> None:
    exact = edited(GOOD, {EQUAL: 'exact = { of = ["a.error", "b.error"], rtol = 0.5 }\nseeds = 3'})
    (mistake,) = said(read, edited(exact, {"seeds = 3": 'seeds = 3\nrare = "5%"'}))
    assert "expected no `rare`: `exact` is judged on exactly `seeds` seeds" in mistake
    (mistake,) = said(read, f'{exact}{BOTH}rare = "5%"')
    assert "expected no `rare`" in mistake
    found = read(edited(exact, {"seeds = 21": 'seeds = 162\nrare = "5%"'})).instances
    assert {(i.least, i.seeds) for i in found} == {(0, 3)}


def test_other_seeds_below_it_are_refused_before_anything_is_measured(write: Callable[[str], Path]) -> None:
    path = write(rare("5%"))
    (chosen,) = gather([str(path)])
    for seeds, expected in (
        (108, "toys/same[shift=0,size=1]: expected at least 162 seeds, for its `rare`, found 108"),
        (20, "seeds: expected one of 14, 21, 32, 48, 72, 108, 162, 243, found 20"),
    ):
        with pytest.raises(SeedsError, match=f"^{re.escape(expected)}$"):
            case(chosen.instances[0], seeds=seeds)
    assert case(chosen.instances[0], seeds=162).questions[0].budget == 162
    for command in ("run", "plan"):
        done = CliRunner().invoke(cli, [command, str(path), "--seeds", "48"])
        assert isinstance(done.exception, UserError)
        assert "expected at least 162 seeds" in str(done.exception)


def test_a_plan_counts_the_first_look_from_it(write: Callable[[str], Path], tmp_path: Path) -> None:
    cases = [case(i) for i in gather([str(write(rare("5%")))])[0].instances[:1]]
    assert re.search(r"\b324\b", plan_text(cases, tmp_path / "none.sqlite"))  # 162 of claim and control


def test_a_record_looks_no_earlier_and_says_so(write: Callable[[str], Path]) -> None:
    instance = record_of(write(edited(rare("20%"), {"size = [1, 2, 4]": "size = [1]"}))).instances[0]
    assert (instance.verdict, instance.n, instance.least, instance.looks[0][0]) == ("supported", 32, 32, 32)
    assert instance.control
    assert instance.control.parts[0].n == 32
