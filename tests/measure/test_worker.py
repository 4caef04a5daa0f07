"""What a worker makes of what an experiment returns."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from harness.declare import (
    Declaration,
    Missing,
    Quantity,
    StageError,
    StageReport,
    collect_stages,
    stage,
)
from harness.declare.blocks import SeedReport
from harness.measure import Measurement, MissingValueError
from harness.measure.worker import by_seed, described_error, sort_out
from harness.questions import Trial

ROOT = Path(__file__).parents[2]
DECLARATION = Declaration(
    "toy", 1, "", {}, {"k": Quantity("", stage="kernels"), "t": Quantity("", stage="training")}, dict
)
FINE = [StageReport("kernels"), StageReport("training")]


class Real(float):
    """As NumPy's float64 is one."""


@pytest.mark.parametrize("number", [1, 1.0, Real(1.0), math.inf])
def test_numbers_become_floats(number):
    values, missing, error = sort_out(DECLARATION, {"k": number, "t": 2.0}, FINE)
    assert values == {"k": float(number), "t": 2.0}
    assert {type(value) for value in values.values()} == {float}
    assert not missing
    assert not error


@pytest.mark.parametrize(
    ("returned", "error"),
    [
        ({"k": 1.0, "t": "2"}, "quantity 't': expected a float, found a str"),
        ({"k": 1.0, "t": True}, "quantity 't': expected a float, found a bool"),
        ({"k": 1.0, "t": None}, "quantity 't': expected a float, found a NoneType"),
        ({"k": 1.0, "t": 1j}, "quantity 't': expected a float, found a complex"),
        ({"k": 1.0}, "declared quantity 't' is missing, and its stage did not fail"),
        ({"k": 1.0, "t": 2.0, "u": 3.0}, "quantity 'u' is not declared"),
        ([1.0], "expected a dict of quantities, the experiment returned a list"),
    ],
)
def test_what_is_wrong_is_said(returned, error):
    assert sort_out(DECLARATION, returned, FINE)[2] == error


class Array:
    """As NumPy's and JAX's are: no sequence, and its elements are arrays."""

    def __init__(self, numbers: list[float]) -> None:
        self.numbers = numbers

    def tolist(self) -> list[float]:
        return self.numbers


BLOCK = replace(DECLARATION, block=4)


def test_a_block_returns_a_number_for_each_seed():
    found, error = by_seed(BLOCK, {"k": (1.0, 2.0), "t": Array([3.0, 4.0])}, (6, 7), FINE)
    assert error == ""
    assert [numbers for numbers, _ in found] == [{"k": 1.0, "t": 3.0}, {"k": 2.0, "t": 4.0}]
    assert [[report.name for report in reports] for _, reports in found] == [["kernels", "training"]] * 2
    alone, error = by_seed(DECLARATION, {"k": 1.0, "t": 2.0}, (6,), FINE)
    assert (alone, error) == ([({"k": 1.0, "t": 2.0}, FINE)], "")


@pytest.mark.parametrize(
    ("numbers", "found"),
    [
        (1.0, "a float"),
        ([1.0], "1"),
        ([1.0, 2.0, 3.0], "3"),
        ("12", "a str"),
        ({6: 1.0, 7: 2.0}, "a dict"),
        ({1.0, 2.0}, "a set"),
    ],
)
def test_what_is_no_number_for_each_seed_is_said(numbers, found):
    expected = f"quantity 'k': expected a number for each of 2 seeds, found {found}"
    assert by_seed(BLOCK, {"k": numbers, "t": [1.0, 2.0]}, (6, 7), FINE) == ([], expected)


def test_what_stands_for_a_seed_that_failed_before_is_no_number():
    singular = Missing("failed", "kernels", "singular")
    stages = [SeedReport("kernels", seed=6, missing=singular), SeedReport("kernels", seed=7)]
    stages += [SeedReport("training", seed=7)]
    returned = {"k": [math.nan, 1.0], "t": [math.nan, 2.0]}
    found, _ = by_seed(BLOCK, returned, (6, 7), stages)
    missing = {
        "k": singular,
        "t": Missing("failed", "training", "not reached, after kernels: singular"),
    }
    assert [sort_out(BLOCK, *each) for each in found] == [({}, missing, ""), ({"k": 1.0, "t": 2.0}, {}, "")]


def test_a_failed_stage_takes_its_own_quantities_only():
    why = Missing("failed", "training", "step budget reached")
    stages = [StageReport("kernels"), StageReport("training", missing=why)]
    expected = ({"k": 1.0}, {"t": why}, "")
    for returned in ({"k": 1.0}, {"k": 1.0, "t": 2.0}):
        assert sort_out(DECLARATION, returned, stages) == expected


def test_a_stage_that_was_not_reached_says_after_what():
    why = Missing("failed", "kernels", "singular")
    values, missing, error = sort_out(DECLARATION, {}, [StageReport("kernels", missing=why)])
    assert (values, error) == ({}, "")
    assert missing == {"k": why, "t": Missing("failed", "training", "not reached, after kernels: singular")}


def test_a_stage_may_be_named_as_a_verdict_is():
    """Whether a subject covers what a stage needs is what it raised, and not how its sentence begins."""
    with collect_stages() as stages, stage("not covered"):
        raise StageError("singular")
    named = replace(DECLARATION, quantities={"k": Quantity("a number", stage="not covered")})
    _, missing, _ = sort_out(named, {}, stages)
    measured = Measurement(Trial("m:f", (), 0), "abc", "ok", {}, missing)
    lacking = measured.lacks("k")
    assert lacking is not None
    assert (lacking.kind, str(lacking)) == ("failed", "not covered: singular")
    failed = replace(measured, status="error", missing={}, error="not covered: a text that was raised")
    assert failed.lacks("k") == Missing("failed", "", "not covered: a text that was raised")
    assert replace(measured, values={"k": 1.0}, missing={}).lacks("k") is None
    with pytest.raises(MissingValueError, match="measures no quantity 'z'"):
        measured.value("z")


def test_a_failed_stage_excuses_no_other():
    singular = Missing("failed", "kernels", "singular")
    stages = [StageReport("kernels", missing=singular), StageReport("training")]
    assert "'t' is missing" in sort_out(DECLARATION, {}, stages)[2]


def test_a_worker_imports_nothing_heavy():
    heavy = {"jax", "numpy", "scipy", "sklearn"}
    text = f"import sys, harness.measure.worker; print(*{heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == ""


def test_what_was_raised_is_a_line_and_its_traceback_is_the_users(tmp_path: Path) -> None:
    """The line is the user's, though another module raised; the frame that raised decides which are alike."""
    names: dict[str, object] = {}
    file = tmp_path / "own.py"
    file.write_text("import json\n\ndef f():\n    json.loads('{')\n")
    exec(compile(file.read_text(), str(file), "exec"), names)
    with pytest.raises(json.JSONDecodeError) as caught:
        names["f"]()  # type: ignore[operator]
    error, raised, trace = described_error(caught.value)
    said = "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)"
    assert error == f"JSONDecodeError: {said} ({file}, line 4)"
    assert raised.startswith(f"JSONDecodeError at {json.decoder.__file__}, line ")
    assert f'File "{file}", line 4, in f' in trace
