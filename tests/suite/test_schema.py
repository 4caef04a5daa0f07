"""The JSON Schema for editors, held together with the reader: what one accepts, and what both refuse."""

from __future__ import annotations

import copy
import importlib.util
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import toys
from edits import edited
from good_suite import GOOD
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator
from map_suite import MAP

from harness.declare import experiment_names, find
from harness.predicates import predicates
from harness.spelling import FIRST_KEYS
from harness.suite import Mistake, Suite, SuiteError, load
from harness.suite.schema import schema, schema_text

ROOT = Path(__file__).parents[2]
CURRENT = json.loads(schema_text())
# The toys are declared to this one, as if they were an experiment of the package.
PAIR = replace(toys.pair.__harness_declaration__, name="toys:pair")  # type: ignore[attr-defined]
WAIT = replace(toys.wait.__harness_declaration__, name="toys:wait")  # type: ignore[attr-defined]
STUDY = replace(find("toy_study:study"), name="toy_study:study")
LINE = replace(find("toy_models:line"), name="toy_models:line")
TOYS = schema([*map(find, experiment_names()), PAIR, WAIT, STUDY, LINE])
EDITOR, TOY_EDITOR = Draft7Validator(CURRENT), Draft7Validator(TOYS)

Read = Callable[[str], Suite]

EXAMPLES = [(name, kind, text) for name, kind in predicates().items() for text in kind.EXAMPLES]
PREDICATES = {name: f"{name} = {text}" for name, kind, text in EXAMPLES if kind.SUBJECTS == "quantities"} | {
    "equal": 'equal = { of = ["a.error", "b.error"], within = 0.05, along = "size", from = 1, to = 4 }',
    "differ": 'differ = { of = ["a.error", "b.error"], by = ".5 %" }',
    "less": 'less = { of = ["a.error", "b.error"] }',
    "greater": 'greater = { of = ["a.error", "b.error"], by = 1, along = "size" }',
    "at-most": 'at-most = { of = "a.error", bound = 2 }',
    "at-least": 'at-least = { of = "gap", bound = -0.5 }',
    "power-law": 'power-law = { of = "a.error", against = "size", exponent = -1, within = 0.1 }',
    "monotone": 'monotone = { of = "gap", along = "size", direction = "increasing" }',
    "exact": 'exact = { of = ["a.error", "b.error"], rtol = 1e-6 }\nseeds = 5',
}
CLAIM = """
[claims.other]
says = "At {{shift}} {{{{so}}}}."
experiment = "pairs"
expect = "open"
alpha = 0.01
centre = "pseudomedian"
marks = ["big", "slow_1"]
time-limit = 60
memory-limit = "1.5 GiB"
{predicate}
control = "none: there is no control"
[[claims.other.where]]
at = {{ shift = [0.0] }}
expect = "supported"
because = "measured"
marks = []
control = {{ at = {{ shift = 0.5 }} }}
[[claims.other.where]]
seeds = 14
"""
FASTER = (
    GOOD
    + """
[benchmarks.one]
run = "toys:wait"
with = { noise = 0.1 }
sweep = { ms = [1, 2] }
[benchmarks.two]
run = "toys:wait"
sweep = { ms = [1, 2] }
time-limit = 5
[claims.other]
says = "One is faster than two at {ms}."
expect = "open"
at = { ms = 2 }
seeds = 32
centre = "median"
faster = { of = ["one", "two"], at-least = "1.5 x" }
"""
)
UNCLAIMED = {'expect = "supported"\nbecause = "measured"': 'expect = "open"'}
"""Of a boundary that is measured only nothing can be expected."""
ACCEPTED = [
    GOOD,
    FASTER,
    FASTER.partition("[claims.other]")[0],
    *(GOOD + CLAIM.format(predicate=predicate) for predicate in PREDICATES.values()),
    *(
        edited(
            GOOD + CLAIM.format(predicate=f"{name} = {text}"), UNCLAIMED if 'within = "2 x"' in text else {}
        )
        if kind.SUBJECTS == "quantities"
        else f"{FASTER.partition('faster =')[0]}{name} = {text}"
        for name, kind, text in EXAMPLES
    ),
    GOOD + CLAIM.format(predicate=PREDICATES["power-law"].replace("0.1 }", "0.1, straight = 0.3 }")),
    edited(GOOD, {"size = [1, 2, 4]": "size = [1.0, 2, 4]", "shift = [0.0, 0.5]": "shift = [0, 0.5]"}),
    edited(
        GOOD,
        {"arxiv": 'year = 1999\ndoi = "d"\nurl = "u"\nvenue = "v"\narxiv', "2501.10929": "hep-th/9901001"},
    ),
    edited(GOOD, {'experiment = "pairs"': 'experiment = "pairs"\nexpect = "open"\nseeds = 108'}),
    edited(GOOD, {"seeds = 21": 'seeds = 162\nrare = "5%"'}),
    GOOD + 'rare = "30 %"\n[[claims.same.where]]\nat = { size = 2 }\nrare = "28.1%"\n',
    edited(GOOD, {"seeds = 21": "seeds = 5", "equal =": "exact =", 'within = "5%"': "rtol = 0.1"}),
    edited(GOOD, {"control = { at = { shift = 0.5 } }": 'control = { of = ["b.error", "a.error"] }'}),
    edited(GOOD, {"at = { shift = 0.0 }": "at = { shift = [0], size = [1, 2] }"}),
    *(
        edited(GOOD, {'"asserts"': f'"{stance}", scope = "{scope}", margin = "ours"'})
        for stance in ("asserts", "disputes", "asks")
        for scope in ("every", "some", "most")
    ),
    GOOD + '[[claims.same.where]]\nstance = "none"\nbecause = "it is silent"\n',
    *(GOOD + f'[[claims.same.where]]\nstance = "{stance}"\n' for stance in ("asserts", "disputes", "asks")),
    *(
        edited(GOOD, {'run = "toys:pair"': f'run = "toys:pair"\nrepeatable = "{text}"'})
        for text in ("1e-6", "0", "0.01", "2.5E-03", "no: it does not", "no:\\nthe order of sums")
    ),
    edited(GOOD, {'run = "toys:pair"': 'run = "toys:pair"\ninputs = ["*.toml"]'}),
    MAP,
    edited(MAP, {'["edge", "earlier"]': '"edge"', 'time-budget = "10 min"\n': ""}),
    GOOD + '[experiments.s]\nrun = "toys:pair"\nsweep.way = { a = {}, B_1 = { sd = 1 } }\n',
    GOOD + '[experiments.s]\nrun = "ntk.regression"\nwith = { width = 64 }\nsweep = { hidden = [1, 2] }\n',
]

# Other mistakes, one each: `old` in a suite with an `equal` and an `exact` claim is replaced.
CONTROL = "{ at = { shift = 0.5 } }\nat = { shift = 0.0 }"
"""The control of `GOOD`, and what follows: the other claim has the same control."""
REFUSED = [
    ("[suite]", "[suit]"),
    ("format = 2", "format = 3"),
    ('title = "Toys"', "title = 1"),
    ('title = "Toys"', 'title = "Toys"\nabuot = ""'),
    ("[sources.someone]", "[sources.Someone]"),
    ('authors = ["A. Someone"]', 'authors = "A. Someone"'),
    ("arxiv", "year = 12\narxiv"),
    ("seeds = 21", "seeds = 20"),
    ('run = "toys:pair"', ""),
    ('run = "toys:pair"', 'run = "ntk.regresion"'),
    ('run = "toys:pair"', 'run = "ntk.regression"'),
    *(
        ('run = "toys:pair"', f'run = "toys:pair"\nrepeatable = {text}')
        for text in ('"1"', '"no"', '"no: "', '"yes"', '"-1e-6"', '"1e6"', '"1e-0"', '"nan"', "1e-6", "false")
    ),
    *(('run = "toys:pair"', f'run = "toys:pair"\ninputs = {text}') for text in ("[]", '"a"', "[1]", '[""]')),
    ("sd = 0.02", "sdd = 0.02"),
    ("sd = 0.02", "sd = -1"),
    ("sd = 0.02", "crash-at = 1.5"),
    ("size = [1, 2, 4]", "size = [1, 0]"),
    ("size = [1, 2, 4]", "siez = [1, 2]"),
    ("size = [1, 2, 4]", 'log = ["a b"]'),
    ("size = [1, 2, 4]", "way = { a = { sdd = 1 } }"),
    ("size = [1, 2, 4]", 'way = { "a b" = { sd = 1 } }'),
    ("a equals b at {shift}", "a equals b at {shift!r}"),
    ('stance = "asserts"', 'stance = "assert"'),
    ('stance = "asserts"', 'stance = "none"'),
    ('stance = "asserts"', 'stance = "asserts", scope = "all"'),
    ('stance = "asserts"', 'stance = "asserts", margin = "theirs"'),
    ("seeds = 14", 'stance = "none"'),
    ("seeds = 14", 'stance = "none"\nbecause = " "'),
    ("seeds = 14", 'stance = "asserts"'),  # of a claim without a source
    ('["a.error", "b.error"], within', '["a.error", "c.error"], within'),
    ("at = { shift = 0.0 }", "at = { shift = { a = 1 } }"),
    (CONTROL, edited(CONTROL, {"at = { shift = 0.5 }": 'within = "1%"'})),
    (CONTROL, edited(CONTROL, {"at = { shift = 0.5 }": 'direction = "increasing"'})),
    (CONTROL, edited(CONTROL, {"at = { shift = 0.5 }": 'of = "gap"'})),
    ('within = "5%"', 'within = "0.0 %"'),
    ('expect = "open"', 'expect = "opne"'),
    ('expect = "open"\n', ""),
    ("alpha = 0.01", "alpha = 0.5"),
    ('centre = "pseudomedian"', 'centre = "mode"'),
    ('marks = ["big", "slow_1"]', 'marks = ["a b"]'),
    ("time-limit = 60", 'time-limit = "60"'),
    ('"1.5 GiB"', '"1.5"'),
    ('"1.5 GiB"', '"0 GiB"'),
    ('"1.5 GiB"', "1500000"),
    ("rtol = 1e-6", "rtol = -1"),
    (", rtol = 1e-6", ""),
    ("seeds = 5", "seeds = 0"),
    ("seeds = 5", 'seeds = 5\nrare = "5%"'),
    ("seeds = 14", 'seeds = 14\nrare = "5%"'),
    *(
        ("seeds = 21", f"seeds = 21\nrare = {text}")
        for text in ('"0%"', '"0.0 %"', '"100%"', '"-5%"', '"5"', "0.05", '"5%%"', "true")
    ),
    ("seeds = 14", ""),
    ("[[claims.other.where]]\nseeds", "[claims.other.wheer]\nseeds"),
]


ACCEPTED_OF_MODELS = [
    ('"ntk.regression"', 'with = { model = "fully-connected", width = 64 }'),
    ('"ntk.regression"', 'with = { model = "toy_models:skip", blocks = 2, width = 0.5 }'),
    ('"ntk.regression"', 'with = { model = "toy_models:skip" }\nsweep = { blocks = [1, 2] }'),
    ('"ntk.regression"', 'sweep = { model = ["fully-connected", "toy_models:skip"], width = [2, 4] }'),
    ('"ntk.regression"', 'sweep.net = { a = { hidden = 2 }, b = { model = "toy_models:skip", blocks = 2 } }'),
    ('"toy_study:study"', "with = { hidden = 2 }\nsweep.way = { a = { width = 3 } }"),
    ('"toy_study:study"', 'with = { model = "toy_models:line", hidden = 2 }'),
    ('"toy_study:study"', 'with = { model = "toy_models:clash", "model.train" = true, train = 2 }'),
]
"""Not among `ACCEPTED`: models are inspected in another process, too slow for hundreds of edits."""


@pytest.mark.parametrize(("run", "table"), ACCEPTED_OF_MODELS)
def test_what_experiments_take_with_their_models_is_accepted(read: Read, run: str, table: str) -> None:
    text = f"{GOOD}[experiments.s]\nrun = {run}\n{table}\n"
    read(text)
    for editor in (EDITOR, TOY_EDITOR):
        assert [f"{e.json_path}: {e.message}" for e in editor.iter_errors(tomllib.loads(text))] == []


REFUSED_OF_MODELS = [
    ('"ntk.regression"', "with = { hiden = 2 }"),
    ('"ntk.regression"', "with = { width = 0 }"),
    ('"ntk.regression"', 'with = { model = "fully-connected", hiden = 2 }'),
    ('"ntk.regression"', 'with = { model = "fully-conected" }'),
    ('"ntk.regression"', 'with = { model = "toy_models:skip", train = 1 }'),
    ('"ntk.regression"', 'sweep = { model = ["fully-conected"] }'),
    ('"ntk.regression"', 'sweep = { model = ["toy_models:skip"], train = [1] }'),
    ('"ntk.regression"', "sweep = { hidden = [1.5] }"),
    ('"ntk.regression"', "sweep.way = { a = { blocks = 2 } }"),
    ('"toy_study:study"', "with = { blocks = 2 }"),
    ('"toy_study:study"', 'with = { model = "toy_models:skip", train = 0 }'),
    ('"toy_study:study"', 'with = { model = "toy_models:skip" }\nsweep.way = { a = { train = 0 } }'),
]
"""Mistakes in what an experiment takes with its model."""


@pytest.mark.parametrize(("run", "table"), REFUSED_OF_MODELS)
def test_mistakes_about_models_are_refused_by_both(read: Read, run: str, table: str) -> None:
    text = f"{GOOD}[experiments.s]\nrun = {run}\n"
    assert accepts(TOY_EDITOR, text)
    with pytest.raises(SuiteError):
        read(text + table)
    assert not accepts(TOY_EDITOR, text + table)
    if "ntk" in run:
        assert not accepts(EDITOR, text + table)


REFUSED_OF_FASTER = [
    ('run = "toys:wait"\nwith', 'run = "toys:pair"\nwith'),
    ("noise = 0.1", "nois = 0.1"),
    ("with = { noise = 0.1 }", 'repeatable = "1e-6"'),
    ("time-limit = 5", "time-limit = 0"),
    ('"1.5 x"', '"0.5 x"'),
    ('"1.5 x"', "1.5"),
    ('["one", "two"]', '["one"]'),
    ('centre = "median"', 'centre = "mean"'),
    ("at = { ms = 2 }", 'experiment = "pairs"'),
    ("[claims.other]\nsays", "[claims.one]\nsays"),
    ("ms = [1, 2] }\ntime", "ms = [1, 3] }\ntime"),
    ('["one", "two"]', '["one", "tow"]'),
    ('["one", "two"]', '["one", "one"]'),
]
BEYOND_OF_FASTER = {"[claims.one]\nsays", "ms = [1, 3] }\ntime", '["one", "tow"]', '["one", "one"]'}


def single_mistakes() -> list[tuple[str, str, str]]:
    """The mistakes of test_mistakes.py: replaced, by what, and what the reader says."""
    path = Path(__file__).with_name("test_mistakes.py")
    spec = importlib.util.spec_from_file_location("mistakes_of_the_reader", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    cases: list[tuple[str, str, str]] = module.test_single_mistakes.pytestmark[0].args[1]
    return cases


BEYOND_A_SCHEMA = {
    "quantities on a log scale",
    "did you mean size?",  # `along` names an axis
    "a `control`",  # depends on the stance, `expect` and the predicate of each instance
    "fixed or swept",
    "at most 100,000 points",
}


def accepts(editor: Draft7Validator, text: str) -> bool:
    return bool(editor.is_valid(tomllib.loads(text)))


def test_the_schema_in_the_tree_is_current() -> None:
    written = (ROOT / "suites/suite.schema.json").read_text(encoding="utf-8")
    assert written == schema_text(), "suites/suite.schema.json is out of date: run `make schema`"


def test_it_is_a_schema_and_explains_every_key() -> None:
    for whole in (CURRENT, TOYS):
        Draft7Validator.check_schema(whole)
    unexplained = []

    def visit(node: Any, path: str) -> None:
        if isinstance(node, dict):
            if node.get("type") == "object" and node.get("additionalProperties") is False:
                for key, value in node.get("properties", {}).items():
                    if not (value.get("description") or "$ref" in value):
                        unexplained.append(f"{path}/{key}")
            for key, value in node.items():
                visit(value, f"{path}/{key}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                visit(value, f"{path}/{index}")

    visit(CURRENT, "")
    assert unexplained == []


@pytest.mark.parametrize("path", sorted(ROOT.glob("suites/*.toml")), ids=lambda path: path.name)
def test_the_suites_in_the_tree_are_accepted(path: Path) -> None:
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    assert [f"{e.json_path}: {e.message}" for e in EDITOR.iter_errors(document)] == []


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_the_reader_accepts_is_accepted(read: Read, text: str) -> None:
    read(text)
    for editor in (EDITOR, TOY_EDITOR):
        assert [f"{e.json_path}: {e.message}" for e in editor.iter_errors(tomllib.loads(text))] == []


@pytest.mark.parametrize(("old", "new", "said"), single_mistakes())
def test_single_mistakes_of_the_reader_are_refused(old: str, new: str, said: str) -> None:
    assert accepts(TOY_EDITOR, edited(GOOD, {old: new})) is (said in BEYOND_A_SCHEMA)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('title = "Where gaps close"\n', ""),
        ('["edge", "earlier"]', "[]"),
        ('["edge", "earlier"]', "3"),
        ('["size", "shift"]', '["size"]'),
        ('["size", "shift"]', '"size"'),
        ('"10 min"', "600"),
        ("time-budget", "budget"),
        ("[maps.sizes]", "[maps.Sizes]"),
    ],
)
def test_mistakes_of_maps_are_refused_by_both(read: Read, old: str, new: str) -> None:
    bad = edited(MAP, {old: new})
    with pytest.raises(SuiteError):
        read(bad)
    assert not accepts(TOY_EDITOR, bad)


@pytest.mark.parametrize(("old", "new"), REFUSED)
def test_other_mistakes_are_refused_by_both(read: Read, old: str, new: str) -> None:
    good = GOOD + CLAIM.format(predicate=PREDICATES["exact"])
    assert old in good
    bad = edited(good, {old: new})
    with pytest.raises(SuiteError):
        read(bad)
    assert not accepts(TOY_EDITOR, bad)


@pytest.mark.parametrize("bare", ['less = { of = ["a.error", "b.error"] }', PREDICATES["monotone"]])
def test_a_margin_that_is_ours_is_refused_where_there_is_none(read: Read, bare: str) -> None:
    equal = 'equal = { of = ["a.error", "b.error"], within = "5%" }\ncontrol = { at = { shift = 0.5 } }'
    assert equal in GOOD
    plain = edited(GOOD, {equal: bare})
    ours = edited(plain, {'"asserts"': '"asserts", margin = "ours"'})
    read(plain)
    assert accepts(TOY_EDITOR, plain)
    with pytest.raises(SuiteError, match="a margin or a bound"):
        read(ours)
    assert not accepts(TOY_EDITOR, ours)


@pytest.mark.parametrize("present", [[], ["equal", "differ"], [*PREDICATES]])
def test_a_claim_has_exactly_one_predicate(present: list[str]) -> None:
    predicates = "\n".join(PREDICATES[kind] for kind in present)
    assert not accepts(TOY_EDITOR, GOOD + CLAIM.format(predicate=predicates))


@pytest.mark.parametrize(("old", "new"), REFUSED_OF_FASTER)
def test_mistakes_about_benchmarks_are_refused_by_the_reader_and_the_schema(
    read: Read, old: str, new: str
) -> None:
    assert FASTER.count(old) == 1
    with pytest.raises(SuiteError):
        read(edited(FASTER, {old: new}))
    if new != REFUSED_OF_FASTER[0][1]:  # toys:pair is known to the schema as an experiment only
        assert accepts(TOY_EDITOR, edited(FASTER, {old: new})) is (new in BEYOND_OF_FASTER)


def test_any_quantity_and_parameter_passes_where_an_experiment_is_not_known() -> None:
    text = edited(GOOD, {"toys:pair": "mine:own", "b.error": "z", "sd = 0.02": 'sdd = "x"'})
    assert accepts(TOY_EDITOR, text)
    assert not accepts(TOY_EDITOR, edited(text, {"mine:own": "toys:pair"}))


TABLES = [
    "", "suite", "sources.someone", "defaults", "experiments.pairs", "benchmarks.one",
    "claims.other", "claims.same.source", "claims.other.where",
    *(f"claims.other.{kind}" for kind in predicates()),
]  # fmt: skip


@pytest.mark.parametrize("table", TABLES)
def test_the_keys_of_each_table_are_those_that_the_reader_takes(read: Read, table: str) -> None:
    kind = table.rpartition(".")[2]
    of_kind = GOOD + CLAIM.format(predicate=PREDICATES.get(kind, PREDICATES["less"]))
    document = tomllib.loads(FASTER if kind in ("faster", "one") else of_kind)
    found: Any = document
    node: Any = TOYS
    for key in filter(None, table.split(".")):
        found = found[key]
        node = node.get("properties", {}).get(key) or next(iter(node["patternProperties"].values()))
    if isinstance(found, list):
        found, node = found[0], node["items"]
    found["zzz"] = 1
    with pytest.raises(SuiteError) as error:
        read(toml(document))
    (known,) = {m.expected for m in error.value.mistakes if "`zzz`" in m.found}
    of_today = node["properties"].keys() - set(FIRST_KEYS.values())
    assert set(known.removeprefix("one of the keys ").split(", ")) == of_today


def test_editors_are_told_of_old_spellings_and_take_them(read: Read) -> None:
    text = edited(GOOD, {"[defaults]": '[defaults]\ncenter = "median"'})
    read(text)
    assert accepts(TOY_EDITOR, text)
    assert "Old spelling of `centre`." in json.dumps(TOYS["properties"]["defaults"]["properties"]["center"])


def toml(document: dict[str, Any]) -> str:
    """A document as TOML, with inline tables."""
    return "".join(f"{json.dumps(key)} = {_value(value)}\n" for key, value in document.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_value(v)}" for key, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    return repr(value) if isinstance(value, float) else json.dumps(value)


def places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values in a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [p for key, value in items for p in [(*path, key), *places(value, (*path, key))]]


DOCUMENTS = [tomllib.loads(text) for text in ACCEPTED]
KEYS = sorted({path[-1] for document in DOCUMENTS for path in places(document) if isinstance(path[-1], str)})
VALUES: list[Any] = [  # no nan, no inf: JSON has none
    0, 1, 2, 4, 6, 48, 5, -1, 0.0, 1.0, 0.5, 1e-6, 1e300, True, False,
    "", "1", "5%", "0%", "05.0 %", "none: x", "none:", "a.error", "gap", "size", "shift", "open", "refuted",
    "asks", "median", "a b", "1..2", "decreasing", "x{shift}", "x{", "{}",
    [], [1], [1, 2], [1, 1.0], ["a.error", "gap"], ["a.error"], [{}], [{"seeds": 9}],
    {}, {"shift": 0.5}, {"at": {"size": 1}}, {"of": "gap"}, {"a": {}, "b": {"sd": 1}}, {"seeds": 6},
]  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """A good suite after one or two edits: a value replaced or removed, a key renamed or added."""
    document = copy.deepcopy(draw(st.sampled_from(DOCUMENTS)))
    for _ in range(draw(st.integers(1, 2))):
        *path, key = draw(st.sampled_from(places(document)))
        parent = document
        for part in path:
            parent = parent[part]
        edit = draw(st.sampled_from(["replace", "remove", "rename", "add"]))
        if edit == "replace":
            parent[key] = copy.deepcopy(draw(st.sampled_from(VALUES)))
        elif edit == "remove":
            del parent[key]
        elif isinstance(parent, dict):
            value = parent.pop(key) if edit == "rename" else copy.deepcopy(draw(st.sampled_from(VALUES)))
            parent[draw(st.sampled_from(KEYS))] = value
        assume(document)
    return document


LOCAL = re.compile(
    "a key `|one of the keys|exactly one predicate|a string|an integer|a number|a table|a list|true or false|"
    "two quantities|a margin|a percentage|`from` and `to` together|`along` with|a budget(?! of at least)|"
    "an id(?! that no)|"
    "an arXiv id|nothing replaced|something to override"
)
"""What the reader expects where the mistake is in one table, so that the schema refuses it too."""


def is_local(mistake: Mistake) -> bool:
    merged = "control" in mistake.path and mistake.expected.startswith("`")  # with the claim's from and to
    return LOCAL.match(mistake.expected) is not None and not merged


@settings(max_examples=600, deadline=None)
@given(documents())
def test_whatever_the_reader_says_of_an_edited_suite_the_schema_agrees(document: dict[str, Any]) -> None:
    path = Path(_FOLDER) / "toys.toml"
    path.write_text(toml(document), encoding="utf-8")
    found = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        load(path, imports=True)
    except SuiteError as error:
        local = [m.describe("f") for m in error.mistakes if is_local(m)]
        assert not (local and TOY_EDITOR.is_valid(found)), local
    else:
        assert [f"{e.json_path}: {e.message}" for e in TOY_EDITOR.iter_errors(found)] == []
        assert EDITOR.is_valid(found)


_FOLDER = ""


@pytest.fixture(autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    global _FOLDER  # noqa: PLW0603 (hypothesis refuses function-scoped fixtures)
    _FOLDER = str(tmp_path_factory.mktemp("edits"))
