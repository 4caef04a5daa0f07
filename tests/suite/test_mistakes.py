"""What is wrong with a suite: all of it at once, each mistake with its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from edits import edited
from good_suite import GOOD
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.suite import Mistake, Suite, SuiteError, load
from harness.suite.load import MAX_BYTES

Read = Callable[[str], Suite]
EQUAL = 'equal = { of = ["a.error", "b.error"], within = "5%" }'
LAW = 'power-law = {{ of = "a.error", against = "size", {} }}'

# Thirteen mistakes; `# !n` marks the line where mistake n must be reported.
TWELVE = """\
[suite]
format = 3                                                    # !1
title = "Wrong"
abuot = "a typo"                                              # !2

[sources.someone]
title = "On toys"                                             # (someone's authors are missing: !3 is above)
[sources.Other]                                               # !4
title = "t"
authors = []

[experiments.pairs]
run = "toys:pair"
with = { sdd = 0.02 }                                         # !5
sweep = { shift = [0.0, 0.5], size = [1, 0] }                 # !6
[experiments.none]
run = "ntk.regresion"                                         # !7

[claims.same]
says = "a equals b at {shfit}."                               # !8
source = { cite = "somebody", stance = "asserts" }            # !9
experiment = "pairs"
equal = { of = ["a.error", "c.error"], within = "5%" }        # !10
control = { of = ["a.error", "b.error"], within = "1%" }      # !11
at = { shift = 0.7 }                                          # !12
seeds = 20                                                    # !13

[claims.two]                                                  # !14
says = "two predicates"
experiment = "pair"                                           # !15
expect = "supprted"                                           # !16
at-most = { of = "a.error", bound = 1 }
at-least = { of = "a.error", bound = 1 }
"""


def mistakes_of(read: Read, text: str) -> dict[int, list[str]]:
    with pytest.raises(SuiteError) as error:
        read(text)
    found: dict[int, list[str]] = {}
    for mistake in error.value.mistakes:
        found.setdefault(mistake.line, []).append(mistake.describe("f"))
    return found


def test_every_mistake_is_reported_at_its_line(read: Read) -> None:
    found = mistakes_of(read, TWELVE)
    marked = {n for n, line in enumerate(TWELVE.splitlines(), 1) if re.search(r"# !\d+$", line)}
    marked.add(TWELVE.splitlines().index("[sources.someone]") + 1)  # the authors are missing from this table
    assert set(found) == marked
    assert sum(map(len, found.values())) == len(marked)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("format = 3", "expected the suite format 2, or 1, which this version reads, found 3"),
        ("abuot", "unknown key `abuot` (did you mean about?)"),
        ("[sources.someone]", "expected a key `authors`, found none"),
        ("[sources.Other]", 'expected an id of a-z, 0-9 and -, found "Other"'),
        ("sdd", "(did you mean sd?)"),
        ("sweep", "expected an integer >= 1, found 0"),
        ("ntk.regresion", "(did you mean ntk.regression?)"),
        ("{shfit}", "(did you mean shift?)"),
        ("somebody", "expected one of someone, Other, found"),
        ("c.error", "expected one of a.error, b.error, gap"),
        ('within = "1%"', "expected the claim's own margin for its control too"),
        ("shift = 0.7", 'expected one of 0, 0.5, found "0.7"'),
        ("seeds = 20", "expected a budget: one of 14, 21, 32, 48, 72, 108, 162, 243, found 20"),
        ("[claims.two]", "expected exactly one predicate"),
        ('experiment = "pair"', "(did you mean pairs?)"),
        ("supprted", "(did you mean supported?)"),
    ],
)
def test_a_mistake_says_what_was_expected_and_found(read: Read, line: str, said: str) -> None:
    number = next(n for n, text in enumerate(TWELVE.splitlines(), 1) if line in text)
    assert said in " ".join(mistakes_of(read, TWELVE)[number])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"5%"', '"-5%"', "a percentage above 0"),
        ('"5%"', "0", "a margin above 0"),
        ('"5%"', "true", "a margin"),
        ('["a.error", "b.error"]', '["a.error"]', "two quantities"),
        ('["a.error", "b.error"]', '["a.error", "gap"]', "quantities on a log scale"),
        ('within = "5%"', 'within = "5%", along = "sise"', "did you mean size?"),
        ('within = "5%"', 'within = "5%", along = "size", from = 1', "`from` and `to` together"),
        ("equal = {", "less = {", "unknown key `within`"),
        ("control = { at = { shift = 0.5 } }", "", "a `control`"),
        ("control = { at = { shift = 0.5 } }", 'control = "none"', '"none: reason"'),
        ("control = { at = { shift = 0.5 } }", "control = {}", "nothing replaced"),
        ("shift = [0.0, 0.5]", "shift = []", "a list of values"),
        ("size = [1, 2, 4]", "size = [1, 2, 4], setting = {}", "at least one named variant"),
        ("shift = [0.0, 0.5]", "shift = [0.0, 0]", "each value once"),
        ("sd = 0.02", "sd = 0.02, size = 1", "fixed or swept"),
        ("sd = 0.02", 'sd = "small"', "expected a number"),
        ("sd = 0.02", 'kind = "brokn"', "did you mean broken?"),
        ("with =", 'repeatable = "no"\nwith =', 'a relative tolerance below 1'),
        ("at {shift}", "at {shift:>9999999999}", "a format or conversion"),
        ("at {shift}", "at {shift", "a sentence"),
        (EQUAL, 'power-law = { of = "a.error", against = "size" }', "exactly one of `exponent`, `at-most`"),
        (EQUAL, 'power-law = { of = "gap", against = "size", at-most = 1, at-least = 0 }', "exactly one of"),
        (EQUAL, 'power-law = { of = "a.error", against = "size", at-most = 1, within = 1 }', "`within`"),
        (EQUAL, 'power-law = { of = "a.error", against = "size", exponent = 1 }', "a key `within`"),
        (EQUAL, LAW.format("exponent = 1, within = 1, straight = 0"), "expected a number > 0.0, found 0"),
        (EQUAL, LAW.format("exponent = 1, within = 1, straight = -0.3"), "expected a number > 0.0"),
        (EQUAL, LAW.format('exponent = 1, within = 1, straight = "30%"'), "expected a number"),
        (EQUAL, LAW.format("exponent = 1, straight = 0.3"), "a key `within`"),
        (EQUAL, LAW.format("at-most = 1, straight = 0.3"), "`straight` beside `exponent` and `within`"),
        (EQUAL, LAW.format("at-least = 1, straight = 0.3"), "`exponent` and `within`, found `at-least`"),
        (EQUAL, 'exact = { of = "gap", rtol = 0.1 }', "`atol` alone"),
        (EQUAL, 'exact = { of = ["gap"], atol = 0.1 }', "two quantities, or one"),
        ("2501.10929", "arXiv:2501.10929", "an arXiv id"),
        ("[defaults]", "[defaults]\nalpha = 0", "expected a number > 0"),
        ("[defaults]", "[[defaults]]", "a table"),
        ("size = [1, 2, 4]", f"size = [{', '.join(map(str, range(1, 400)))}], sd = "
         f"[{', '.join(str(n / 1000) for n in range(1, 400))}]", "at most 100,000 points"),
    ],
)  # fmt: skip
def test_single_mistakes(read: Read, old: str, new: str, said: str) -> None:
    assert old in GOOD
    with pytest.raises(SuiteError, match=re.escape(said)):
        read(edited(GOOD, {old: new}))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"sdd": 1}, 'toys.toml: --override.sdd: expected one of .*found "sdd" .did you mean sd?'),
        ({"sd": "small"}, "toys.toml: --override.sd: expected a number, found"),
        (
            {"size": 3},
            "toys.toml: --override.size: expected a parameter that experiment pairs does not sweep",
        ),
    ],
)
def test_a_value_that_is_given_is_checked_as_the_suites_own(
    tmp_path: Path, given: dict[str, object], said: str
) -> None:
    path = tmp_path / "toys.toml"
    path.write_text(GOOD)
    with pytest.raises(SuiteError, match=said):
        load(path, imports=True, overrides=given)


def test_a_value_that_is_given_stands_for_the_suites_own(tmp_path: Path) -> None:
    path = tmp_path / "toys.toml"
    path.write_text(GOOD)
    suite = load(path, imports=True, overrides={"sd": 0.5, "slope": 2})
    assert suite.experiments["pairs"].fixed == {"sd": 0.5, "slope": 2.0}
    assert [i.id for i in suite.instances] == [i.id for i in load(path, imports=True).instances]


def test_a_control_of_a_power_law_is_as_straight_as_the_claim(read: Read) -> None:
    law = LAW.format("exponent = 1, within = 1, straight = 0.3")
    control = "control = { exponent = 2, straight = 0.5 }"
    text = edited(GOOD, {EQUAL: law, "control = { at = { shift = 0.5 } }": control})
    with pytest.raises(SuiteError, match=r"control\.straight: expected the claim's own margin"):
        read(text)


def test_a_where_that_matches_nothing_is_a_mistake(read: Read) -> None:
    where = '\n[[claims.same.where]]\nat = { shift = 0.5 }\nexpect = "open"\n'
    with pytest.raises(SuiteError, match=r"28:1: .*where\[0\].*values that match an instance"):
        read(GOOD + where)


def test_an_empty_suite_is_a_mistake(read: Read) -> None:
    with pytest.raises(SuiteError, match=r"a table \[suite\]"):
        read("")
    with pytest.raises(SuiteError, match="at least one claim"):
        read('[suite]\nformat = 2\ntitle = "t"\n')


def test_every_syntax_error_is_reported_at_its_line(read: Read) -> None:
    lines = GOOD.splitlines()
    broken = {2: "format = ", 6: 'title = "On toys', 11: "seeds = 2 1", 14: "[experiments.pairs"}
    broken[21] = "source {"
    for line, text in broken.items():
        lines[line - 1] = text
    found = mistakes_of(read, "\n".join(lines))
    assert set(found) == set(broken)
    assert all(len(said) == 1 and "valid TOML" in said[0] for said in found.values())


def test_a_key_given_twice_is_reported(read: Read) -> None:
    text = edited(GOOD, {'title = "Toys"': 'title = "Toys"\ntitle = "Again"'})
    assert "Cannot overwrite" in mistakes_of(read, text)[4][0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"\xff\xfe", "not UTF-8 at offset 0"),
        (b"#" * (MAX_BYTES + 1), "10,000,001 bytes"),
        (b"x = " + b"[" * 5000, "nested too deeply"),
    ],
)
def test_files_that_are_no_suite(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(SuiteError, match=said):
        load(path)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(SuiteError, match="No such file"):
        load(tmp_path / "none.toml")
    with pytest.raises(SuiteError, match="Is a directory"):
        load(tmp_path)


WORDS = st.sampled_from(sorted(set(re.findall(r"\w+|[^\w\s]|\n", GOOD))))


@settings(max_examples=300, deadline=None)
@given(st.integers(0, len(GOOD)), st.integers(0, 12), st.lists(WORDS | st.text(max_size=3), max_size=4))
def test_any_edit_gives_a_suite_or_its_mistakes_with_their_lines(at: int, cut: int, words: list[str]) -> None:
    text = GOOD[:at] + " ".join(words) + GOOD[at + cut :]
    path = Path(_FOLDER) / "toys.toml"
    path.write_bytes(text.encode(errors="replace"))
    mistakes: tuple[Mistake, ...] = ()
    try:
        suite = load(path, imports=True)
    except SuiteError as error:
        mistakes = error.mistakes
    assert mistakes or suite.instances
    for mistake in mistakes:
        assert 1 <= mistake.line <= len(path.read_text().split("\n"))
        assert len(mistake.describe("f").splitlines()) == 1


_FOLDER = ""


@pytest.fixture(autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    global _FOLDER  # noqa: PLW0603 (hypothesis refuses function-scoped fixtures)
    _FOLDER = str(tmp_path_factory.mktemp("edits"))


def test_an_experiment_that_cannot_be_imported_is_the_only_mistake(write: Callable[[str], Path]) -> None:
    """What its claims say of its axes cannot be wrong too."""
    with pytest.raises(SuiteError) as caught:
        load(write(edited(GOOD, {"toys:pair": "nowhere:pair"})), imports=True)
    assert len(str(caught.value).splitlines()) == 1
    assert "importing nowhere failed: No module named 'nowhere'" in str(caught.value)


@pytest.mark.parametrize("text", ["toys:pair", "toys.deep:pair"])
def test_main_is_no_module_of_a_suite(write: Callable[[str], Path], text: str) -> None:
    """It is the program that was started, another one in every worker. (Said without imports, too.)"""
    good = edited(GOOD, {"toys:pair": "__main__:pair", "sd = 0.02": f'log = "__main__{text[4:]}"'})
    with pytest.raises(SuiteError) as caught:
        load(write(good))
    found = [str(m.found) for m in caught.value.mistakes]
    assert found == ['"__main__:pair"', f'"__main__{text[4:]}"']
    assert {m.expected for m in caught.value.mistakes} == {"a module that worker processes can import"}


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path, write: Callable[[str], Path]) -> None:
    path = tmp_path / "marked.toml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load(path).instances
    path.write_bytes(b"\xef\xbb\xbf" + edited(GOOD, {"arxiv =": "arxiw ="}).encode())
    (mistake,) = _mistakes_of(path)
    path.write_bytes(edited(GOOD, {"arxiv =": "arxiw ="}).encode())
    assert _mistakes_of(path) == (mistake,)


def _mistakes_of(path: Path) -> tuple[Mistake, ...]:
    with pytest.raises(SuiteError) as caught:
        load(path)
    return caught.value.mistakes


def test_a_module_that_cannot_be_imported_is_one_mistake(write: Callable[[str], Path]) -> None:
    """However many tables name it; another module is another mistake."""
    table = GOOD[GOOD.index("[experiments.pairs]") : GOOD.index("[claims.same]")]
    text = edited(GOOD, {"toys:pair": "nowhere:pair"})
    for number in range(5):
        module = "neverwhere" if number == 4 else "nowhere"
        text += edited(table, {"pairs": f"more-{number}", "toys:pair": f"{module}:pair"})
    with pytest.raises(SuiteError) as caught:
        load(write(text), imports=True)
    lines = [line for line in str(caught.value).splitlines() if "importing" in line]
    assert ["importing nowhere" in line for line in lines] == [True, False]
    assert len(caught.value.mistakes) == 2
