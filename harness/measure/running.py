"""What workers are at: which trial, for how long, and which stages it has behind it.

A worker writes each stage that ends into memory that the command sees too (`StageNotes`), and the command
reads it when it shows progress. Nobody waits for it: it is no message, and costs a trial a microsecond for
each stage.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from harness.declare import StageReport
from harness.declare.stages import _collector  # what `declare` gains would make every kept trial another one
from harness.measure.records import Stage
from harness.questions import Trial

_NOTE = struct.Struct("=48sd")
MOST = 32
"""Stages of a trial that are noted."""


@dataclass(frozen=True)
class RunningTrial:
    """A trial that a worker is at (the first of its job) and its stages that have ended; made by `Pool`."""

    trial: Trial
    seconds: float
    done: tuple[Stage, ...]


class StageNotes:
    """The stages that a worker's trial has behind it, in memory that worker and command share.

    It is mapped, so that neither needs the descriptor any more: a trial may close what it likes.
    """

    def __init__(self, descriptor: int) -> None:
        self._memory = mmap.mmap(descriptor, _NOTE.size * MOST)
        self._count = 0

    @classmethod
    def make(cls) -> tuple[Self, int]:
        """New ones, and a descriptor for the worker to inherit, which is the caller's to close."""
        if hasattr(os, "memfd_create"):
            descriptor = os.memfd_create("harness-stages")
        else:
            descriptor, path = tempfile.mkstemp()
            os.unlink(path)
        os.write(descriptor, b"\0" * _NOTE.size * MOST)
        return cls(descriptor), descriptor

    @classmethod
    def inherited(cls, descriptor: int) -> Self:
        """Those whose descriptor this process has inherited."""
        found = cls(descriptor)
        os.close(descriptor)
        return found

    def clear(self) -> None:
        """Forget the stages of the trial before."""
        if self._count:
            self._memory[: _NOTE.size * self._count] = b"\0" * _NOTE.size * self._count
            self._count = 0

    def add(self, report: StageReport) -> None:
        """Note a stage that has ended."""
        if self._count < MOST:
            _NOTE.pack_into(self._memory, _NOTE.size * self._count, report.name.encode()[:48], report.seconds)
            self._count += 1

    def read(self) -> tuple[Stage, ...]:
        """The stages that have been noted."""
        found = []
        for name, seconds in _NOTE.iter_unpack(self._memory[:]):
            if not name[0]:
                break
            found.append(Stage(name.rstrip(b"\0").decode(errors="replace"), seconds))
        return tuple(found)

    def close(self) -> None:
        """Let the memory go."""
        self._memory.close()


class _NotedStages(list[StageReport]):
    """The stages that `collect_stages` gathers, each noted as it ends."""

    def __init__(self, notes: StageNotes) -> None:
        super().__init__()
        self._notes = notes

    def append(self, report: StageReport) -> None:
        super().append(report)
        self._notes.add(report)

    def __iadd__(self, reports: Iterable[StageReport]) -> Self:  # type: ignore[override,misc]
        for report in reports:
            self.append(report)
        return self


@contextmanager
def noted_stages(notes: StageNotes) -> Iterator[list[StageReport]]:
    """As `collect_stages`; each stage is noted as it ends."""
    notes.clear()
    reports = _NotedStages(notes)
    token = _collector.set(reports)
    try:
        yield reports
    finally:
        _collector.reset(token)
