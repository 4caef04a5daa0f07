"""The texts of a row are what `json.dumps` gives, to the letter."""

from __future__ import annotations

import hashlib
import json

from hypothesis import given
from hypothesis import strategies as st

from harness.declare import Missing
from harness.measure.records import Stage
from harness.measure.row_texts import missing_text, numbers_text, row_checksum, stages_text

TEXTS = st.text(st.characters(exclude_categories=[]))  # lone surrogates, too
NUMBERS = st.floats() | st.integers(-(2**60), 2**60)


@given(st.dictionaries(TEXTS, NUMBERS))
def test_numbers(values: dict[str, float]) -> None:
    assert numbers_text(values) == json.dumps(values)


@given(st.lists(st.builds(Stage, TEXTS, NUMBERS, TEXTS, st.booleans())))
def test_stages(stages: list[Stage]) -> None:
    assert stages_text(stages) == json.dumps([[s.name, s.seconds, s.failure, s.fixed] for s in stages])


@given(st.dictionaries(TEXTS, st.builds(Missing, st.sampled_from(["failed", "not-covered"]), TEXTS, TEXTS)))
def test_missing(missing: dict[str, Missing]) -> None:
    expected = {name: [why.kind, why.stage, why.reason] for name, why in missing.items()}
    assert missing_text(missing) == json.dumps(expected)


@given(st.lists(TEXTS | NUMBERS | st.booleans() | st.none()))
def test_checksums(columns: list[object]) -> None:
    text = json.dumps(columns).encode()
    assert row_checksum(columns) == hashlib.blake2b(text, digest_size=16).hexdigest()
