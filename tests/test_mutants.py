"""The mutants can still be applied: each names one place that stands in the code exactly once."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest
from made import at_sizes, record
from msgspec.structs import replace

from harness.report import to_json

sys.path.insert(0, str(Path(__file__).parent))
from finite_width_mutants import MUTANTS as FINITE_WIDTH
from mutants import MUTANTS, ROOT, Mutant, apply, caught, failing
from theory_mutants import MUTANTS as THEORY

sys.path.pop(0)


@pytest.mark.parametrize(
    "mutant", [*MUTANTS, *THEORY, *FINITE_WIDTH], ids=lambda mutant: mutant.name.replace(" ", "-")
)
def test_a_mutant_changes_one_place_and_is_still_a_program(mutant: Mutant, tmp_path: Path) -> None:
    path = tmp_path / mutant.file
    path.parent.mkdir(parents=True)
    shutil.copy(ROOT / mutant.file, path)
    before = path.read_text()
    apply(mutant, tmp_path)
    assert path.read_text() != before
    compile(path.read_text(), mutant.file, "exec")


def test_names_differ() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


def test_what_claims_notice_is_read_from_the_record_and_not_from_lines_of_the_terminal(
    tmp_path: Path,
) -> None:
    outcomes = ("as-expected", "unexpected", "measured", "error")
    instances = [replace(i, outcome=outcome) for i, outcome in zip(at_sizes(4), outcomes, strict=True)]
    path = tmp_path / "found.json"
    path.write_bytes(to_json(record(*instances)))
    assert failing(path) == [instances[1].id, instances[3].id]
    assert failing(path, ("error",)) == [instances[3].id]


def test_what_fails_in_sound_code_too_catches_no_mutant() -> None:
    assert caught(["issues/vacuous"], {"issues/vacuous"}) == "–"
    assert caught(["issues/vacuous", "issues/new"], {"issues/vacuous"}) == "1 instances, e.g. issues/new"
