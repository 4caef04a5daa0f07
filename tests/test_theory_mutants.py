"""The mutants of the theory can still be applied: each names one place in the code."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from mutants import ROOT, apply
from theory_mutants import MUTANTS, TheoryMutant

sys.path.pop(0)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name.replace(" ", "-"))
def test_a_mutant_changes_one_place_and_is_still_a_program(mutant: TheoryMutant, tmp_path: Path) -> None:
    path = tmp_path / mutant.file
    path.parent.mkdir(parents=True)
    shutil.copy(ROOT / mutant.file, path)
    before = path.read_text()
    apply(mutant, tmp_path)
    assert path.read_text() != before
    compile(path.read_text(), mutant.file, "exec")


def test_each_has_a_watchman() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert all(mutant.claims or (ROOT / mutant.tests).is_file() for mutant in MUTANTS)
