"""What a source says of a claim: stance, scope, whose margin it is; and what `where` says of some."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from edits import edited
from good_suite import GOOD

from harness.suite import Suite, SuiteError

Read = Callable[[str], Suite]
WHERE = "\n[[claims.same.where]]\nat = { size = 4 }\n"
NONE = WHERE + 'stance = "none"\nbecause = "the source speaks of small ones"\n'
SOURCE = 'source = { cite = "someone", where = "p. 3", stance = "asserts" }'
CITED = 'stance = "asserts" }'


def of_sizes(suite: Suite) -> list[tuple[str, str]]:
    return [(i.stance, i.expect) for i in suite.instances]


def test_an_instance_has_the_stance_of_its_source(read: Read) -> None:
    assert of_sizes(read(GOOD)) == [("asserts", "supported")] * 3
    without = edited(GOOD, {SOURCE: 'expect = "open"'})
    assert of_sizes(read(without)) == [("none", "open")] * 3


def test_nothing_is_expected_where_the_source_says_nothing(read: Read) -> None:
    *others, large = read(GOOD + NONE).instances
    assert [(i.stance, i.expect) for i in others] == [("asserts", "supported")] * 2
    assert (large.stance, large.expect, large.because) == ("none", "open", "the source speaks of small ones")


def test_what_is_written_is_expected_all_the_same(read: Read) -> None:
    assert of_sizes(read(GOOD + NONE + 'expect = "refuted"\n'))[2] == ("none", "refuted")
    assert of_sizes(read(GOOD + 'expect = "supported"\n' + NONE))[2] == ("none", "supported")


def test_a_stance_of_some_instances_is_that_of_another_source_statement(read: Read) -> None:
    disputes = read(GOOD + WHERE + 'stance = "disputes"\n')
    assert of_sizes(disputes) == [("asserts", "supported")] * 2 + [("disputes", "refuted")]
    assert of_sizes(read(GOOD + WHERE + 'stance = "asks"\n'))[2] == ("asks", "open")
    asks = edited(GOOD, {CITED: 'stance = "asks" }'}) + WHERE + 'stance = "asserts"\n'
    assert of_sizes(read(asks)) == [("asks", "open")] * 2 + [("asserts", "supported")]


def test_an_instance_counts_those_of_its_stance(read: Read) -> None:
    suite = read(GOOD + WHERE + 'stance = "disputes"\n')
    assert [(i.stance, i.alike) for i in suite.instances] == [("asserts", 2), ("asserts", 2), ("disputes", 1)]
    assert all(i.alike == suite.stances[i.claim.id][i.stance] for i in suite.instances)


def test_the_last_match_has_the_last_word(read: Read) -> None:
    text = GOOD + NONE + '\n[[claims.same.where]]\nat = { size = [2, 4] }\nstance = "disputes"\n'
    assert [i.stance for i in read(text).instances] == ["asserts", "disputes", "disputes"]


@pytest.mark.parametrize("stance", ["asserts", "disputes", "asks"])
def test_with_some_and_most_nothing_is_expected_of_one_instance_unless_it_is_written(
    read: Read, stance: str
) -> None:
    by_stance = {"asserts": "supported", "disputes": "refuted", "asks": "open"}
    for scope, expected in (("every", by_stance[stance]), ("some", "open"), ("most", "open")):
        text = edited(GOOD, {CITED: f'stance = "{stance}", scope = "{scope}" }}'})
        suite = read(text)
        assert {i.expect for i in suite.instances} == {expected}
        assert {i.stance for i in suite.instances} == {stance}
        assert suite.claims["same"].source.scope == scope  # type: ignore[union-attr]
        assert {i.expect for i in read(text + 'expect = "supported"\nbecause = "x"\n').instances} == {
            "supported"
        }


def test_against_some_or_most_an_expectation_needs_no_reason(read: Read) -> None:
    """One instance is not against a source that speaks of some."""
    for scope in ("some", "most"):
        text = edited(GOOD, {CITED: f'stance = "asserts", scope = "{scope}" }}'})
        assert {i.expect for i in read(text + 'expect = "refuted"\n').instances} == {"refuted"}
    with pytest.raises(SuiteError, match="because"):
        read(GOOD + 'expect = "refuted"\n')


def test_the_scope_is_every_unless_it_is_written(read: Read) -> None:
    source = read(GOOD).claims["same"].source
    assert source is not None
    assert (source.scope, source.our_margin) == ("every", False)
    source = read(edited(GOOD, {CITED: 'stance = "asserts", margin = "ours" }'})).claims["same"].source
    assert source is not None
    assert source.our_margin


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (GOOD + WHERE + 'stance = "none"\n', "[[claims.same.where]]", "expected `because`: why the source"),
        (GOOD + WHERE + 'stance = "none"\nbecause = " "\n', "[[claims.same.where]]", "expected `because`"),
        (edited(GOOD, {CITED: 'stance = "none" }'}), "source = {", "one of asserts, disputes, asks"),
        (GOOD + WHERE + 'stance = "nil"\nseeds = 14\n', 'stance = "nil"', "asserts, disputes, asks, none"),
        (edited(GOOD, {CITED: 'stance = "asserts", scope = "all" }'}), "source = {", "every, some, most"),
        (edited(GOOD, {CITED: 'stance = "asserts", margin = "theirs" }'}), "source = {", 'found "theirs"'),
        (
            edited(
                GOOD,
                {
                    CITED: 'stance = "asserts", margin = "ours" }',
                    "equal =": "less =",
                    ', within = "5%" }': " }",
                },
            ),
            "source = {",
            "a predicate with a margin or a bound, found `less` without",
        ),
        (
            edited(GOOD, {SOURCE: 'expect = "open"'}) + WHERE + 'stance = "asserts"\n',
            'stance = "asserts"',
            "a `source` of the claim, of whose stance this is, found a claim without one",
        ),
    ],
)  # fmt: skip
def test_mistakes_have_their_line(read: Read, text: str, line: str, said: str) -> None:
    number = next(n for n, each in enumerate(text.splitlines(), 1) if each.startswith(line))
    with pytest.raises(SuiteError) as caught:
        read(text)
    (mistake,) = caught.value.mistakes
    assert (mistake.line, said in mistake.describe("f")) == (number, True), mistake.describe("f")
