"""What a worker sends of an order that has ended: as little as tells all of it.

Nearly every trial gives numbers, uses nothing that is undeclared and leaves nothing behind. Of such an order
a tuple of plain values is sent: a third of the bytes of an `OrderResult`, and of the time to write and read
them. Of every other the `OrderResult` itself is.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.measure.channel import GarbledError
from harness.measure.records import JobResult, Stage, TrialResult, altered
from harness.measure.turns import OrderResult

Brief = tuple[int, int, str, list[tuple[Mapping[str, float], list[tuple[str, float, str, bool]], float]]]
"""The order's number, the length of the log, the device; of each trial its numbers, stages and seconds."""


def as_sent(answer: OrderResult) -> Brief | OrderResult:
    """What is sent for an answer."""
    outcome = answer.outcome
    if (
        outcome.broken or outcome.undeclared or outcome.uses or outcome.installed or outcome.libraries
        or outcome.edited or outcome.left or outcome.stopped or outcome.ordinal or outcome.cpu
        or not outcome.traces.left_nothing
    ):  # fmt: skip
        return answer
    results = []
    for result in outcome.results:
        if result.status != "ok" or result.missing or result.error or result.raised or result.trace:
            return answer
        stages = [(stage.name, stage.seconds, stage.failure, stage.fixed) for stage in result.stages]
        results.append((result.values, stages, result.seconds))
    return answer.number, answer.written, outcome.device, results


def answer_of(message: object) -> OrderResult:
    """The answer for which this was sent. Raises `GarbledError` if it is none."""
    if isinstance(message, OrderResult):
        return message
    if not isinstance(message, tuple):
        raise GarbledError(f"a {type(message).__name__}")
    try:
        number, written, device, sent = message
        results = tuple([_result(*each) for each in sent])
    except (TypeError, ValueError) as error:
        raise GarbledError(f"a tuple that is no answer: {error}") from None
    return OrderResult(number, altered(_JOB, results=results, device=device), written)


def _result(values: Mapping[str, float], stages: Any, seconds: float) -> TrialResult:
    return altered(_TRIAL, values=values, stages=tuple([Stage(*stage) for stage in stages]), seconds=seconds)


_JOB, _TRIAL = JobResult(()), TrialResult("ok")  # of which nothing is said
