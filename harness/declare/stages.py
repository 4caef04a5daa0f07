"""Stages of a trial: each is timed, and each may fail without the others.

    with stage("kernels") as kernels:
        ...                                   # raises StageError("condition number 3e17 …")
    with stage("training"):
        ...

A `StageError` ends its stage and is recorded. The quantities of that stage are then missing, and claims that
read them become errors with its message. `NotCovered` says that the implementation under test does not
support what the stage needs: such claims neither are errors nor pass. Any other exception is a mistake in the
program and ends the trial.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal


class StageError(Exception):
    """A stage could not give numbers that can be trusted; the message says why, with figures.

    >>> raise harness.StageError("step budget 20000 reached at loss 3e-3")
    Traceback (most recent call last):
    harness.declare.stages.StageError: step budget 20000 reached at loss 3e-3
    """


class NotCovered(StageError):  # noqa: N818  # named after the verdict, because nothing went wrong
    """The implementation under test does not support what the stage needs; the message says what that is.

    >>> raise harness.NotCovered("it knows no convolutions")
    Traceback (most recent call last):
    harness.declare.stages.NotCovered: it knows no convolutions
    """


@dataclass(frozen=True)
class Missing:
    """Why a quantity has no number: its stage failed, or the implementation under test does not cover it.

    `stage` is that of the quantity; '' if the trial as a whole gave no number. `str` gives the sentence that
    people read.
    """

    kind: Literal["failed", "not-covered"]
    stage: str
    reason: str

    def __str__(self) -> str:
        if self.kind == "not-covered":
            return f"not covered: {self.reason}"
        return f"{self.stage}: {self.reason}" if self.stage else self.reason


@dataclass
class StageReport:
    """How one stage of a trial went: wall seconds, and why its quantities are missing if it failed.

    A stage sets `fixed` if no seed changes its result, as for data that come with a split of their own.
    """

    name: str
    seconds: float = 0.0
    missing: Missing | None = None
    fixed: bool = False

    @property
    def ok(self) -> bool:
        return self.missing is None

    @property
    def failure(self) -> str:
        """Why it failed; '' if it did not."""
        return self.missing.reason if self.missing else ""


_collector: ContextVar[list[StageReport] | None] = ContextVar("stages", default=None)


@contextmanager
def stage(name: str) -> Iterator[StageReport]:
    """Run the block as the stage `name` of a trial: it is timed, and may fail without the other stages.

    Arguments:
        name: its name in reports and in the quantities that it measures (`Quantity(stage=…)`).

    Returns:
        A context manager. Its value is the `StageReport`, in which a stage sets `fixed` if no seed changes
        its
        result.

    Raises:
        StageError: the block raised it outside of a trial. In a trial it ends the stage.

    >>> with harness.stage("training") as training:
    ...     loss = 0.1
    >>> training.ok
    True
    """
    report = StageReport(name)
    collector = _collector.get()
    start = time.perf_counter()
    try:
        yield report
    except StageError as error:
        reason = str(error) or "failed without a message"
        report.missing = Missing("not-covered" if isinstance(error, NotCovered) else "failed", name, reason)
        if collector is None:
            raise
    finally:
        report.seconds = time.perf_counter() - start
        if collector is not None:
            collector.append(report)


@contextmanager
def collect_stages() -> Iterator[list[StageReport]]:
    """Collect the reports of the stages that run inside the block."""
    reports: list[StageReport] = []
    token = _collector.set(reports)
    try:
        yield reports
    finally:
        _collector.reset(token)
