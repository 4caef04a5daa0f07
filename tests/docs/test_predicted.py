"""The comparison of plans with what happened: counted right, and the documentation says what it gives."""

from __future__ import annotations

import importlib.util
import random
from pathlib import Path
from types import ModuleType

import pytest
from made import INSTANCE, record
from msgspec.structs import replace

from harness.judge import decide, outlook
from harness.judge.outlook import LEAST_SEEN
from harness.questions import Linear, Question, Region
from harness.report.record import InstanceRecord

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_predicted", ROOT / "docs" / "predicted.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules["docs_predicted"] = module
    spec.loader.exec_module(module)
    return module


def judged(mean: float, budget: int = 48) -> InstanceRecord:
    """An instance as a run would judge it: is the mean of these numbers below 1?"""
    draw = random.Random(f"{mean}")
    values = tuple(draw.gauss(mean, 0.5) for _ in range(budget))
    question = Question("", Linear((), (), "linear"), Region(high=1.0), "mean", 0.001, 0.001, budget)
    ruling = decide(values, question)
    return replace(
        INSTANCE,
        id=f"toys/same[shift={mean}]",
        verdict=ruling.verdict or "inconclusive",
        n=ruling.n,
        budget=budget,
        values=ruling.values,
        region=(None, 1.0),
        unit="value",
        centre="mean",
        alpha=0.001,
        smallest_margin=ruling.high,
        parts=(),
        least=0,
    )


def test_it_predicts_as_plan_does_and_counts_what_happened(script: ModuleType) -> None:
    """Means far below, far above, and on the bound: the last is decided by no budget."""
    far, above, on = judged(-3.0), judged(5.0), judged(1.0)
    (found,) = script.compared(far)
    question = script.question_of(far, far)
    assert found.expected == outlook(question, far.values[:LEAST_SEEN])
    assert (found.said, found.seeds, found.predicted) == (True, 14, 14)
    (undecided,) = script.compared(on)
    assert (undecided.seeds, undecided.reached) == (None, on.smallest_margin)
    text = script.table([("made", record(far, above, on))])
    assert text.splitlines()[2].startswith("| `made` | 3 | 2 of 2 (100%) |")


def test_what_has_no_prediction_is_counted_and_left_out(script: ModuleType) -> None:
    few = replace(judged(-3.0), values=(1.0,) * LEAST_SEEN, n=LEAST_SEEN)
    median = replace(judged(5.0), centre="median")
    text = script.table([("made", record(judged(5.0), few, median, replace(few, verdict="not-run")))])
    assert "| `made` | 1 | 1 of 1 (100%) |" in text
    assert "2 parts have no prediction." in text


def test_the_documentation_has_what_the_published_records_give(script: ModuleType) -> None:
    files = sorted((ROOT / "reports" / "published").glob("*.json"))
    table = script.table((file.stem, script.read_record(file)) for file in files)
    text = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")
    assert f"\n{table}<!-- end of predicted -->" in text, "python docs/predicted.py writes it again"
