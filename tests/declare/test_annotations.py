"""Signatures whose annotations name what only type checkers know."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from harness.declare.annotations import parameters, signature
from harness.ntk.architecture import Architecture
from harness.ntk.empirical_subjects import takes
from harness.ntk.subject_check import check
from harness.ntk.subjects import KernelBlock, Subject, ask

ROOT = Path(__file__).parents[2]

LATE = "" if sys.version_info >= (3, 14) else "from __future__ import annotations\n"
"""From Python 3.14 annotations are evaluated when they are asked for."""


@pytest.fixture
def subject(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
    """A kernel library that imports the types of its signature for type checkers alone."""
    (tmp_path / "late_kernels.py").write_text(
        f"{LATE}from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from somewhere import Rows\n"
        "def kernel(x1: Rows, x2: Rows | None, architecture: object, *, seed: int) -> tuple[Rows, Rows]:\n"
        "    return x1 @ x1.T + seed, x1 @ x1.T\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import late_kernels  # type: ignore[import-not-found]

    found: Subject = late_kernels.kernel
    return found


def test_the_signature_is_read(subject: Subject) -> None:
    assert list(parameters(subject)) == ["x1", "x2", "architecture", "seed"]
    assert takes(subject, "seed")
    assert check("late_kernels:kernel", subject, [{}]) == [None]


def test_the_subject_is_asked_with_its_seed(subject: Subject) -> None:
    rows = np.random.default_rng(0).standard_normal((3, 2))
    nngp = ask(subject, Architecture(1, 30), rows, None, seed=5)["nngp"]
    assert isinstance(nngp, KernelBlock)
    np.testing.assert_array_equal(nngp.values, rows @ rows.T + 5)


def test_a_builtin_without_a_signature_is_refused_as_inspect_refuses_it() -> None:
    with pytest.raises(ValueError, match="no signature found"):
        signature(type)


def test_signatures_are_read_by_this_function_alone() -> None:
    """`inspect.signature` fails at such names from Python 3.14. What asv runs imports no harness."""
    reading = re.compile(r"\binspect\.signature\(|\bget_annotations\(|\bfrom inspect import\b")
    found = {path for path in (ROOT / "harness").rglob("*.py") if reading.search(path.read_text())}
    assert {path.relative_to(ROOT / "harness").as_posix() for path in found} == {
        "declare/annotations.py",
        "export/asv_suites.py",
    }
