"""Each mutant of the theory has what is to notice it; that it can be applied `test_mutants` sees."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from harness.targets import gather

sys.path.insert(0, str(Path(__file__).parent))
from mutants import ROOT
from theory_mutants import MUTANTS, SUITES, noticed_by

sys.path.pop(0)


def test_each_has_a_watchman() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert all(mutant.claims or (ROOT / mutant.tests).is_file() for mutant in MUTANTS)


def test_the_claims_that_it_names_are_in_the_suites() -> None:
    files = [str(ROOT / suite) for suite in SUITES]
    for keyword in {mutant.claims for mutant in MUTANTS if mutant.claims}:
        assert any(chosen.instances for chosen in gather(files, keyword=keyword, imports=False)), keyword


@pytest.mark.slow
def test_claims_notice_what_no_test_reads_and_pass_sound_code() -> None:
    (mutant,) = (mutant for mutant in MUTANTS if mutant.name == "ridge not scaled by n")
    assert not mutant.tests
    assert noticed_by(mutant) == "claims: ridge-is-stable"
    assert not noticed_by(mutant, broken=False)
