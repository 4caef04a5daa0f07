"""Suites that are too large, too deep, or made to hurt: refused at once, with a number."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from edits import edited

from harness.suite import SelectionError, Suite, SuiteError, load, select
from harness.targets import assigned

HEAD = '[suite]\nformat = 2\ntitle = "Large"\n'
EXPERIMENT = '[experiments.e]\nrun = "ntk.regression"\nsweep = { width = [64, 1024] }\n'
CLAIM = """\
[claims.c{}]
says = "{}"
expect = "open"
experiment = "e"
at-most = {{ of = "single.error", bound = 1.0 }}
"""


@pytest.fixture
def refused(write: Callable[[str], Path]) -> Callable[[str], SuiteError]:
    """What is said of a suite, within seconds of computing."""

    def _refused(text: str) -> SuiteError:
        start = time.process_time()
        with pytest.raises(SuiteError) as caught:
            load(write(text))
        assert time.process_time() - start < 20
        return caught.value

    return _refused


def grid(width: int, train: int) -> str:
    axes = f"{{ width = {list(range(1, width + 1))}, train = {list(range(2, train + 2))} }}"
    return edited(EXPERIMENT, {"{ width = [64, 1024] }": axes})


def test_a_thousand_claims_are_read(write: Callable[[str], Path]) -> None:
    start = time.process_time()
    suite: Suite = load(write(HEAD + EXPERIMENT + "".join(CLAIM.format(n, "{width}") for n in range(1000))))
    assert len(suite.instances) == 2000
    assert time.process_time() - start < 20


def test_a_sweep_of_a_million_points_is_refused(refused: Callable[[str], SuiteError]) -> None:
    error = refused(HEAD + grid(1000, 1000) + CLAIM.format(0, "x"))
    assert "expected at most 100,000 points, found 1,000,000" in str(error)


def test_instances_are_counted_over_all_claims(refused: Callable[[str], SuiteError]) -> None:
    text = HEAD + grid(200, 200) + "".join(CLAIM.format(n, "x") for n in range(50))
    error = refused(text)
    assert "claims.c2: expected at most 100,000 instances in a suite, found 120,000" in str(error)


def test_overrides_are_counted(refused: Callable[[str], SuiteError]) -> None:
    override = '[[claims.c0.where]]\nat = { width = 64 }\nmarks = ["m"]\n'
    error = refused(HEAD + EXPERIMENT + CLAIM.format(0, "x") + override * 201)
    assert "expected at most 200 `where` tables, found 201" in str(error)


def test_thousands_of_syntax_errors_take_no_longer_than_one(refused: Callable[[str], SuiteError]) -> None:
    """Each used to cost a reading of the whole file."""
    error = refused(HEAD + "x y z\n" * 50_000)
    assert "`x y z`: Expected '=' after a key" in str(error)


def test_thousands_of_unknown_names_take_no_longer_than_one(refused: Callable[[str], SuiteError]) -> None:
    """Each used to be compared with every name that there is."""
    sources = "".join(f'[sources.s{n}]\ntitle = "A"\nauthors = ["B"]\n' for n in range(3000))
    cite = 'source = {{ cite = "x{}", stance = "asks" }}\n'
    claims = "".join(CLAIM.format(n, "x") + cite.format(n) for n in range(3000))
    error = refused(HEAD + EXPERIMENT + sources + claims)
    assert len(error.mistakes) == 3000
    assert str(error).count("\n") == 100
    assert str(error).endswith("… and 2,900 more mistakes")


def test_two_long_names_that_are_alike_are_not_compared(refused: Callable[[str], SuiteError]) -> None:
    name = "ab" * 200_000
    source = f'[sources.{name}]\ntitle = "A"\nauthors = ["B"]\n'
    cite = f'source = {{ cite = "{name}c", stance = "asks" }}\n'
    error = refused(HEAD + EXPERIMENT + source + CLAIM.format(0, "x") + cite)
    assert len(str(error)) < 1000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("seeds = " + "9" * 5000, "integers of at most 64 bits"),
        ("seeds = 0x" + "f" * 5000, "of at most 64 bits, found an integer of 20,000 bits"),
        ("seeds = 9223372036854775808", "of at most 64 bits, found 9223372036854775808"),
        ("seeds = [[[[18446744073709551616]]]]", "defaults.seeds[0][0][0][0]: expected an integer"),
        ("alpha = nan", "expected a finite number, found nan"),
        ("time-limit = inf", "expected a finite number, found inf"),
        ("alpha = " + "[" * 5000, "nested too deeply"),
        ("x y\nalpha = " + "[" * 5000, "`x y`: Expected '='"),
        ("x y\nalpha = " + "9" * 5000, "`x y`: Expected '='"),
    ],
)
def test_numbers_that_are_none_and_nesting(
    refused: Callable[[str], SuiteError], text: str, expected: str
) -> None:
    assert expected in str(refused(f"{HEAD}[defaults]\n{text}\n{EXPERIMENT}{CLAIM.format(0, 'x')}"))


@pytest.mark.parametrize("text", ["not " * 5000 + "a", "(" * 5000, "a and (" * 200 + "b"])
def test_an_expression_that_is_nested_too_deeply(text: str) -> None:
    with pytest.raises(SelectionError, match="at most 100 `not` and `\\(` within each other"):
        select([], keyword=text)


def test_assignments_that_are_no_toml_are_text() -> None:
    texts = ["a=[" + "[" * 5000, "b=" + "9" * 5000, "c=1\nd=2", "e=1.5", "f=x y"]
    values = assigned(texts)
    assert (values["e"], values["c"], values["f"]) == (1.5, "1\nd=2", "x y")
    assert (values["a"], values["b"]) == ("[" * 5001, "9" * 5000)
    with pytest.raises(SelectionError, match="in UTF-8"):
        assigned(["a=\udcff"])


def test_given_numbers_are_checked_as_the_suites_own(write: Callable[[str], Path]) -> None:
    path = write(HEAD + EXPERIMENT + CLAIM.format(0, "x"))
    with pytest.raises(SuiteError, match=r"--override\.train: expected an integer of at most 64 bits"):
        load(path, overrides={"train": 2**64})
    with pytest.raises(SuiteError, match=r"--override\.noise: expected a finite number"):
        load(path, overrides={"noise": float("inf")})
