"""The tool that breaks what computes deep kernels: that it puts back what it changed, and what it finds."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import depth_mutants
from depth_mutants import MUTANTS, put_mutant, refuted_by

sys.path.pop(0)

from harness.ntk.sphere import SphereNetwork, kernels_after


def test_there_are_enough_and_each_is_in_the_source() -> None:
    assert len(MUTANTS) == len({mutant.name for mutant in MUTANTS}) >= 40
    for mutant in MUTANTS:
        put_mutant(mutant)()


def test_a_mutant_is_put_in_place_and_taken_back() -> None:
    before = kernels_after(SphereNetwork(), np.array([0.5]), 3)
    back = put_mutant(MUTANTS[1])
    assert kernels_after(SphereNetwork(), np.array([0.5]), 3) != before
    back()
    assert kernels_after(SphereNetwork(), np.array([0.5]), 3).gap == before.gap


@pytest.mark.slow
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_every_mutant_is_refuted_by_a_claim_or_a_test(mutant: depth_mutants.DepthMutant) -> None:
    assert refuted_by(mutant)
