"""Controls that exclude nothing, as `harness check` says them: the claim's own numbers under another law."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.suite.records import Instance, Suite


@dataclass(frozen=True)
class ControlRemark:
    """That a claim's control excludes nothing, and the line of it."""

    file: str
    line: int
    says: str

    def describe(self) -> str:
        """One line, with the place."""
        return f"{self.file}:{self.line}: {self.says}"


def own_numbers(suite: Suite) -> dict[str, tuple[Instance, ...]]:
    """The instances, by claim, whose control reads just what the claim reads, at the same point.

    Such a control fails whenever the claim holds, since one number cannot obey two laws: it excludes nothing.
    """
    found: dict[str, tuple[Instance, ...]] = {}
    for instance in suite.instances:
        if _reads_the_same(instance):
            found[instance.claim.id] = (*found.get(instance.claim.id, ()), instance)
    return found


def control_remarks(file: str, suite: Suite) -> list[ControlRemark]:
    """A remark for each claim of `own_numbers`, with its place in the suite's file."""
    from harness.suite.positions import key_positions, locate

    found = own_numbers(suite)
    if not found:
        return []
    positions = key_positions(Path(file).read_text(encoding="utf-8-sig"))
    said = []
    for claim, instances in found.items():
        line, _ = locate(("claims", claim, "control"), positions)
        where = "" if len(instances) == len(_of(suite, claim)) else f" at {instances[0].local_id}"
        says = (
            f"claims.{claim}: expected a control that reads other numbers, found the claim's "
            f"own{where}: it fails whenever the claim holds, so it excludes nothing; name other quantities "
            f"or another point"
        )
        said.append(ControlRemark(file, line, says))
    return said


def _of(suite: Suite, claim: str) -> list[Instance]:
    return [instance for instance in suite.instances if instance.claim.id == claim]


def _reads_the_same(instance: Instance) -> bool:
    control = instance.control
    if control is None or control.predicate is None or not control.stands_at(instance.point):
        return False
    theirs, own = (
        sorted(name for _, name in p.named()) for p in (control.predicate, instance.claim.predicate)
    )
    return theirs == own
