"""What is written as TOML reads back as what it was."""

import math
import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.toml import toml_table, toml_value

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | texts
values = st.recursive(
    scalars, lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v, max_size=3), max_leaves=8
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(texts, values, max_size=4), texts)
def test_tables_read_back(table, name):
    assert tomllib.loads(toml_table(("claims", name), table)) == {"claims": {name: table}}


def test_nan_reads_back():
    assert math.isnan(tomllib.loads(f"x = {toml_value(math.nan)}")["x"])


def test_a_claim_looks_as_suites_are_written():
    claim = {
        "says": 'a "b"',
        "equal": {"of": ["a", "b"], "within": 0.05},
        "where": [{"at": {"n": 1}}, {"at": {}}],
    }
    assert toml_table(("claims", "c-1"), claim) == (
        '[claims.c-1]\nsays = "a \\"b\\""\nequal = { of = ["a", "b"], within = 0.05 }\n'
        "\n[[claims.c-1.where]]\nat = { n = 1 }\n\n[[claims.c-1.where]]\nat = {}\n"
    )


@pytest.mark.parametrize("value", [None, object(), [None], {"x": None}])
def test_what_toml_has_no_word_for_is_refused(value):
    with pytest.raises(TypeError, match="expected a number, a text, a list or a table, found a"):
        toml_value(value)
