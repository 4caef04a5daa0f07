"""What a worker answers comes as it was, however it was written."""

from __future__ import annotations

import pickle
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.declare import Missing
from harness.measure.answers import answer_of, as_sent
from harness.measure.channel import GarbledError
from harness.measure.records import FileUse, JobResult, Stage, Traces, TrialResult
from harness.measure.turns import OrderResult

NUMBERS = st.dictionaries(st.text(), st.floats())
STAGES = st.lists(st.builds(Stage, st.text(), st.floats(0, 9), st.sampled_from(["", "no"]), st.booleans()))
RESULTS = st.builds(
    lambda values, stages, seconds: TrialResult("ok", values, {}, tuple(stages), seconds=seconds),
    NUMBERS,
    STAGES,
    st.floats(0, 9),
)
PLAIN = OrderResult(
    7, JobResult((TrialResult("ok", {"x": 1 / 3}, {}, (Stage("a", 0.5),), seconds=0.5),), device="cpu"), 12
)
OTHERWISE = [
    {"broken": True}, {"undeclared": ("m",)}, {"uses": (FileUse("read", "/f"),)}, {"installed": ("/f",)},
    {"libraries": ("l",)}, {"edited": True}, {"left": True}, {"stopped": True}, {"ordinal": 3}, {"cpu": "c"},
    {"traces": Traces(("a",))}, {"traces": Traces(reseeded=("a",))}, {"traces": Traces(imported=("a",))},
]  # fmt: skip
FAILED = [
    {"status": "error"}, {"error": "e"}, {"raised": "r"}, {"trace": "t"},
    {"missing": {"y": Missing("failed", "a", "no")}},
]  # fmt: skip


def bits(answer: OrderResult) -> object:
    """The answer, with its numbers as bytes: NaN is unequal to itself."""
    outcome = answer.outcome
    results = tuple(
        (replace(r, values={}), {name: struct.pack("<d", x) for name, x in r.values.items()})
        for r in outcome.results
    )
    return answer.number, answer.written, replace(outcome, results=()), results


@given(st.integers(0, 2**63), st.lists(RESULTS, min_size=1, max_size=3), st.text(), st.integers(0, 2**40))
def test_numbers_come_to_the_bit(number: int, results: list[TrialResult], device: str, written: int) -> None:
    answer = OrderResult(number, JobResult(tuple(results), device=device), written)
    sent = as_sent(answer)
    assert type(sent) is tuple
    assert bits(answer_of(pickle.loads(pickle.dumps(sent)))) == bits(answer)


@pytest.mark.parametrize("said", OTHERWISE)
def test_what_else_is_said_of_a_job_is_sent(said: dict[str, object]) -> None:
    answer = replace(PLAIN, outcome=replace(PLAIN.outcome, **said))
    assert answer_of(pickle.loads(pickle.dumps(as_sent(answer)))) == answer


@pytest.mark.parametrize("said", FAILED)
def test_what_else_is_said_of_a_trial_is_sent(said: dict[str, object]) -> None:
    (result,) = PLAIN.outcome.results
    answer = replace(PLAIN, outcome=replace(PLAIN.outcome, results=(result, replace(result, **said))))
    assert answer_of(pickle.loads(pickle.dumps(as_sent(answer)))) == answer


def test_every_field_is_sent() -> None:
    """A new field of an outcome or of a result needs its place above, and in `as_sent`."""
    said = {name for each in OTHERWISE for name in each} | {"results", "device"}
    assert said == set(JobResult.__dataclass_fields__)
    assert {n for each in FAILED for n in each} | {"values", "stages", "seconds"} == set(
        TrialResult.__dataclass_fields__
    )


def test_an_answer_without_news_is_short() -> None:
    assert len(pickle.dumps(as_sent(PLAIN))) < 0.4 * len(pickle.dumps(PLAIN))


@pytest.mark.parametrize(
    "sent", [None, 7, (1, 2), (1, 2, "", 5), (1, 2, "", [1]), (1, 2, "", [({}, [1], 0.5)])]
)
def test_what_is_no_answer_is_refused(sent: object) -> None:
    with pytest.raises(GarbledError):
        answer_of(sent)
