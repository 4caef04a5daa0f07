"""Each kind of predicate: what it declares, what it asks, and that one module is all that a kind takes."""

from __future__ import annotations

import math
import re
import subprocess
import sys
import textwrap
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from edits import edited
from good_suite import GOOD
from jsonschema import Draft7Validator

import harness.predicates
from harness.declare import find
from harness.plan import case
from harness.predicates import kinds, predicates
from harness.questions import Region
from harness.suite import Suite, SuiteError
from harness.suite.schema import schema

Read = Callable[[str], Suite]
EQUAL = 'equal = { of = ["a.error", "b.error"], within = "5%" }'
CONTROL = "control = { at = { shift = 0.5 } }"
ALL_SIZES = "at = { shift = 0.0 }"


def stating(predicate: str, at: str = ALL_SIZES, control: str = "") -> str:
    """The good suite with another predicate, of which nothing is expected."""
    text = GOOD
    for old, new in ((EQUAL, predicate), (CONTROL, control), (ALL_SIZES, f'{at}\nexpect = "open"')):
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("kind", predicates().values(), ids=predicates())
def test_a_kind_declares_what_everything_else_is_made_from(kind: type[harness.predicates.Predicate]) -> None:
    keys = kind.declared_keys()
    assert all(key.about for key in keys)
    assert len({key.name for key in keys}) == len(keys)
    assert bool(kind.USE) is ("axis" in {key.role for key in keys})
    subject = {"quantities": "quantity", "benchmarks": "benchmark"}[kind.SUBJECTS]
    assert subject in {key.role for key in keys}
    assert kind.EXAMPLES
    stated = {name for text in kind.EXAMPLES for name in tomllib.loads(f"x = {text}")["x"]}
    assert {key.name for key in keys if key.required} <= stated <= {key.name for key in keys}


def test_kinds_have_places_of_their_own() -> None:
    orders = [kind.ORDER for kind in predicates().values()]
    assert orders == sorted(set(orders))


def test_kinds_say_how_a_predicate_uses_its_axis() -> None:
    found = {kind.name: kind[1:] for kind in kinds()}
    assert list(found) == list(predicates())
    assert found["equal"] == ("along", "pairs", "quantities")
    assert found["power-law"] == ("against", "whole", "quantities")
    assert found["monotone"] == ("along", "whole", "quantities")
    assert found["at-most"] == ("", "", "quantities")
    assert found["faster"] == ("", "", "benchmarks")


def test_the_room_is_light() -> None:
    """`harness list` reads suites, and so imports it."""
    program = (
        "import sys, harness.predicates as p; p.kinds(); "
        "print([m for m in ('jax', 'numpy', 'scipy', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("predicate", "unit"),
    [
        ('equal = { of = ["a.error", "b.error"], within = "5%" }', "ratio"),
        ('equal = { of = ["a.error", "b.error"], within = 0.05 }', "difference"),
        ('equal = { of = ["a.error", "b.error"], within = "5%", along = "size" }', "ratio"),
        ('less = { of = ["a.error", "b.error"] }', "ratio"),
        ('less = { of = ["a.error", "gap"] }', "difference"),
        ('at-most = { of = "a.error", bound = 1 }', "log-value"),
        ('at-least = { of = "gap", bound = 1 }', "value"),
        ('power-law = { of = "a.error", against = "size", at-most = 1 }', "exponent"),
        ('monotone = { of = "a.error", along = "size", direction = "increasing" }', "ratio"),
        ('monotone = { of = "gap", along = "size", direction = "increasing" }', "difference"),
        ('exact = { of = "gap", atol = 1 }', "violation"),
    ],
)
def test_a_question_says_what_its_number_is(read: Read, predicate: str, unit: str) -> None:
    questions = [q for i in read(stating(predicate)).instances for q in case(i).questions]
    assert {question.unit for question in questions} == {unit}


def test_a_control_replaces_all_but_the_claims_margins(read: Read) -> None:
    law = 'power-law = { of = "a.error", against = "size", exponent = -0.5, within = 0.1 }'
    control = 'control = { of = "b.error", exponent = -1 }'
    (instance,) = read(stating(law, control=control)).instances
    ((mine,), (other,)) = case(instance).questions, case(instance).control
    assert (mine.region, other.region) == (Region(-0.6, -0.4), Region(-1.1, -0.9))
    assert {r.quantity for r in other.effect.readings} == {"b.error"}
    for key in ("within = 0.2", "at-most = 1", "at-least = 1", "straight = 0.3"):
        said = rf"control\.{key.partition(' ')[0]}: expected the claim's own margin"
        with pytest.raises(SuiteError, match=said):
            read(stating(law, control=f"control = {{ {key} }}"))


def test_a_key_of_another_predicate_is_unknown_in_a_control(read: Read) -> None:
    with pytest.raises(SuiteError, match="unknown key `rtol`"):
        read(stating(EQUAL, control='control = { of = ["b.error", "a.error"], rtol = 1 }'))


TIMED = """
[benchmarks.one]
run = "toys:wait"
sweep = { ms = [1, 2] }
[benchmarks.two]
run = "toys:wait"
sweep = { ms = [1, 2] }
with = { noise = 0.1 }
[claims.timed]
says = "One is faster than two."
expect = "open"
at = { ms = 2 }
faster = { of = ["one", "two"], at-least = "2 x" }
"""


def test_a_control_of_timings_is_timed_as_it_says(read: Read) -> None:
    """It may exchange the two benchmarks, and name no other."""
    instances = read(GOOD + TIMED + 'control = { of = ["two", "one"] }\n').instances
    timed = case(next(i for i in instances if i.claim.id == "timed"))
    (mine, control) = (dict(q.effect.readings[0].params) for q in (*timed.questions, *timed.control))
    assert mine["x-with"] != mine["y-with"]
    assert (control["x-with"], control["y-with"]) == (mine["y-with"], mine["x-with"])
    assert {q.unit for q in (*timed.questions, *timed.control)} == {"speed-up"}
    third = '[benchmarks.three]\nrun = "toys:wait"\nsweep = { ms = [1, 2] }\n'
    with pytest.raises(SuiteError, match=r"control\.of: expected one of one, two, found \"three\""):
        read(GOOD + TIMED + 'control = { of = ["one", "three"] }\n' + third)


def test_all_mistakes_of_a_predicate_are_told_at_once(read: Read) -> None:
    law = 'power-law = { of = "c.error", against = "sise", within = 0, straight = "x", at-most = 1, zzz = 1 }'
    with pytest.raises(SuiteError) as caught:
        read(stating(law))
    expected = {m.path[2:]: m.expected for m in caught.value.mistakes}
    assert [path[-1] for path in expected if len(path) == 2] == [
        "of", "against", "within", "straight", "zzz",
    ]  # fmt: skip
    assert expected["power-law", "within"] == "`within` beside `exponent`"


LAW = 'power-law = { of = "a.error", against = "size", at-most = 1 }'
ALONG = 'less = { of = ["a.error", "b.error"], along = "size", from = 1, to = 4 }'
PAIRS = 'less = { of = ["a.error", "b.error"], along = "size" }'


@pytest.mark.parametrize(
    ("predicate", "at", "said"),
    [
        (LAW, "at = { shift = 0.0, size = [1, 2] }", "at least 3 values of `size`, found 2"),
        (edited(LAW, {'"size"': '"shift"'}), "at = { size = 1 }", "positive numbers, found `shift` with 0"),
        (edited(ALONG, {"to = 4": "to = 1"}), ALL_SIZES, 'another value than `from`, found "1"'),
        (edited(ALONG, {"to = 4": "to = 3"}), ALL_SIZES, 'one of 1, 2, 4, found "3"'),
        (PAIRS, "at = { size = 1 }", "at least 2 values of `size`, found 1"),
    ],
)
def test_mistakes_about_an_axis(read: Read, predicate: str, at: str, said: str) -> None:
    with pytest.raises(SuiteError, match=re.escape(said)):
        read(stating(predicate, at=at))


SHARE = '''
    """`share`: a quantity lies between 0 and a share of another; a kind that the package does not have."""

    import math
    from typing import Annotated, ClassVar

    from msgspec import Meta

    from harness.predicates.base import Mistaken, Predicate
    from harness.predicates.keys import Positive
    from harness.questions import Region


    class Share(Predicate, frozen=True):
        NAME: ClassVar = "share"
        ORDER: ClassVar = 75
        ABOUT: ClassVar = "a is at most a share of b."
        EXAMPLES: ClassVar = {'{ of = ["a.error", "b.error"], most = 0.5 }': "a is at most half of b"}
        NEEDS_CONTROL: ClassVar = True

        of: Annotated[tuple[str, str], Meta(description="Two.", extra={"role": "quantity"})]
        most: Annotated[Positive, Meta(description="The share.", extra={"role": "margin"})]

        def mistakes(self, known):
            if self.most >= 1:
                yield Mistaken("most", "a share below 1", f"{self.most:g}")

        def questions(self, ask):
            effect = ask.linear(tuple(map(ask.reading, self.of)), (1.0, -1.0), "log")
            yield ask.question(effect, Region(high=math.log(self.most)), "ratio")

        def describe(self):
            return f"{self.of[0]} at most {self.most:g} of {self.of[1]}"
'''


@pytest.fixture
def _share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One module more in the room."""
    room = tmp_path / "room"
    room.mkdir()
    (room / "share.py").write_text(textwrap.dedent(SHARE))
    monkeypatch.setattr(harness.predicates, "__path__", [*harness.predicates.__path__, str(room)])
    predicates.cache_clear()
    yield
    predicates.cache_clear()
    sys.modules.pop("harness.predicates.share", None)


@pytest.mark.usefixtures("_share")
def test_a_kind_takes_one_module(read: Read) -> None:
    """Reader, mistakes, controls, questions, sentence and schema are made from it."""
    share = 'share = { of = ["a.error", "b.error"], most = 0.5 }'
    control = 'control = { of = ["b.error", "a.error"] }'
    text = stating(share, at="at = { shift = 0.0, size = 1 }", control=control)
    (instance,) = read(text).instances
    (question,) = case(instance).questions
    assert (question.region, question.unit) == (Region(high=math.log(0.5)), "ratio")
    assert len(case(instance).control) == 1
    assert instance.claim.predicate.describe() == "a.error at most 0.5 of b.error"
    names = list(predicates())
    assert names[names.index("share") - 1] == "power-law"
    editor = Draft7Validator(schema([find("ntk.kernel")]))
    assert editor.is_valid(tomllib.loads(text))
    beyond_a_schema = ("a share below 1", "one of a.error, b.error, gap")
    for old, new, said in (
        ("most = 0.5", "most = 2", "a share below 1"),
        ("most = 0.5", "most = 0", "a number > 0"),
        (", most = 0.5", "", "a key `most`"),
        ('of = ["a.error", "b.error"]', 'of = ["a.error", "c.error"]', "one of a.error, b.error, gap"),
        ("most = 0.5", "most = 0.5, by = 1", "one of the keys of, most"),
        ('["b.error", "a.error"] }', '["b.error", "a.error"], most = 0.1 }', "the claim's own margin"),
    ):
        assert text.count(old) == 1
        wrong = text.replace(old, new)
        with pytest.raises(SuiteError, match=said):
            read(wrong)
        assert editor.is_valid(tomllib.loads(wrong)) is (said in beyond_a_schema)
    with pytest.raises(SuiteError, match="a `control`"):
        read(text.replace(control, "").replace('"open"', '"supported"'))
