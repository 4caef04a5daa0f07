"""Unexpected verdicts that were measured again on fresh seeds: whether they were confirmed.

A verdict is *confirmed* if the second is the same definite one. If the second is another, or undecided, the
outcome stays unexpected and does not fail the run. Two equal verdicts are not proof either: a fault that
makes the numbers of one machine wrong makes both wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.judge import exit_code
from harness.report.excused import excused
from harness.report.record import ConfirmationRecord, InstanceRecord, MapRecord
from harness.report.words import effect, interval_text

WARNING = "the chance that both are wrong is above the square of alpha, as the runs share a machine"


def is_dismissed(instance: InstanceRecord) -> bool:
    """Whether an unexpected verdict was not confirmed: by another verdict, or by none within the budget."""
    found = instance.confirmation
    if found is None or instance.outcome != "unexpected" or found.verdict == instance.verdict:
        return False
    return found.verdict in ("supported", "refuted", "inconclusive")


def exit_code_of(instances: Sequence[InstanceRecord], maps: Iterable[MapRecord] = ()) -> int:
    """The exit code of a run.

    Unexpected verdicts that were not confirmed do not fail it, and neither does what a map's own time cut
    off.
    """
    fine = excused(instances, maps)
    return exit_code("measured" if is_dismissed(i) or i.id in fine else i.outcome for i in instances)


def confirmation_text(instance: InstanceRecord) -> str:
    """The second verdict, in words; '' if there is none."""
    found = instance.confirmation
    if found is None:
        return ""
    word = "confirmed" if found.verdict == instance.verdict else "not confirmed"
    said = f"{word} on fresh seeds from {found.first_seed}: {found.verdict}"
    if found.n:
        said += f", n = {found.n}, {effect(found.estimate, instance.unit)}"
        said += f" {interval_text(found.interval, instance.unit)}"
    return f"{said} ({found.reason})" if found.reason else said


def confirmation_record(first_seed: int, second: InstanceRecord) -> ConfirmationRecord:
    """The record of the second verdict of an instance that was judged twice."""
    return ConfirmationRecord(
        first_seed=first_seed,
        verdict=second.verdict,
        n=second.n,
        estimate=second.estimate,
        interval=second.interval,
        reason=second.reason,
    )


def notes_on(instances: Iterable[InstanceRecord]) -> list[str]:
    """A warning that names the verdicts that were not confirmed; nothing if all were."""
    ids = [instance.id for instance in instances if is_dismissed(instance)]
    if not ids:
        return []
    noun = "verdict was" if len(ids) == 1 else "verdicts were"
    said = f"{len(ids)} unexpected {noun} not confirmed on fresh seeds, which is no failure"
    return [f"{said}: {', '.join(ids)} ({WARNING})"]
