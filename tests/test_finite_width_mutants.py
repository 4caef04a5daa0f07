"""Each mutant of training at scale has what is to notice it; that it can be applied `test_mutants` sees."""

from __future__ import annotations

import sys
from pathlib import Path

from harness.targets import gather

sys.path.insert(0, str(Path(__file__).parent))
from finite_width_mutants import MUTANTS, SUITES
from mutants import ROOT

sys.path.pop(0)


def test_each_has_a_watchman() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 30
    assert all(mutant.claims or (ROOT / mutant.tests).is_file() for mutant in MUTANTS)


def test_the_claims_that_it_names_are_in_the_suite() -> None:
    files = [str(ROOT / suite) for suite in SUITES]
    for keyword in {mutant.claims for mutant in MUTANTS if mutant.claims}:
        assert any(chosen.instances for chosen in gather(files, keyword=keyword, imports=False)), keyword
