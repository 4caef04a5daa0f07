"""Selecting instances: ids, -k and -m expressions."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from good_suite import GOOD
from hypothesis import given
from hypothesis import strategies as st

from harness.suite import SelectionError, Suite, select
from harness.suite.select import expression

Read = Callable[[str], Suite]


@pytest.mark.parametrize(
    ("text", "true_words", "holds"),
    [
        ("a", {"a"}, True),
        ("not a", {"a"}, False),
        ("a and b", {"a"}, False),
        ("a or b", {"b"}, True),
        ("a or b and c", {"a"}, True),
        ("(a or b) and c", {"a"}, False),
        ("not (a or b)", set(), True),
        ("not not a", {"a"}, True),
        ("x=1,y[2]", {"x=1,y[2]"}, True),
    ],
)
def test_expressions(text: str, true_words: set[str], holds: bool) -> None:
    assert expression(text)(true_words.__contains__) is holds


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [("a b", 3, "`and`"), ("a and", 6, "a word"), ("(a", 3, "`)`"), ("", 1, "a word"), ("or a", 1, "a word")],
)
def test_an_expression_that_makes_no_sense_says_where(text: str, column: int, expected: str) -> None:
    with pytest.raises(SelectionError, match=re.escape(f"column {column}: expected {expected}")):
        expression(text)


NESTED = st.recursive(
    st.sampled_from("abc"),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
        inner.map(lambda t: f"not {t}"),
    ),
)


@given(NESTED, st.frozensets(st.sampled_from("abc")))
def test_expressions_mean_what_they_mean_in_python(text: str, true_words: frozenset[str]) -> None:
    python = eval(text, {}, {word: word in true_words for word in "abc"})
    assert expression(text)(true_words.__contains__) == python


def test_selecting_by_id_keyword_and_mark(read: Read) -> None:
    where = '\n[[claims.same.where]]\nat = { size = 4 }\nmarks = ["slow"]\n'
    instances = read(GOOD + where).instances

    def ids(**how: object) -> list[str]:
        return [i.local_id for i in select(instances, **how)]  # type: ignore[arg-type]

    every = [f"same[shift=0,size={n}]" for n in (1, 2, 4)]
    assert ids() == every
    assert ids(ids=["same"]) == every
    assert ids(ids=["same[shift=0,size=2]"]) == every[1:2]
    assert ids(keyword="SIZE=1 or size=4") == [every[0], every[2]]
    assert ids(marks="not slow") == every[:2]
    assert ids(keyword="toys", marks="slow") == every[2:]
    assert ids(keyword="nothing") == []
    with pytest.raises(SelectionError, match=r"did you mean same\[shift=0,size=2\]\?"):
        ids(ids=["same[shift=0,siz=2]"])
