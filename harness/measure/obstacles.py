"""What keeps a laboratory's trials from being started: somebody else's lock."""

from __future__ import annotations

from harness.measure.holders import Wait
from harness.measure.kept import KeptTrials
from harness.measure.ledger import Ledger, TrialState
from harness.measure.locks import LOCK, Machine


def obstacle_of(ledger: Ledger, machine: Machine, kept: KeptTrials) -> Wait | None:
    """What keeps trials from being started, if anything does."""
    path = machine.obstacle
    if path and ledger.count(TrialState.QUEUED, TrialState.TIMING, TrialState.REPEAT):
        return Wait(str(path), [path], f"wait for it, end it, or name another file in {LOCK}")
    if ledger.count(TrialState.ELSEWHERE) and (
        held := kept.lock_at(ledger.first(TrialState.ELSEWHERE).trial)
    ):
        file, start = held
        cure = "it measures trials that are wanted here: wait for it, or end it"
        return Wait(str(file), [file], cure, start=start)
    return None
