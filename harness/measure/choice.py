"""Which of the queued trials a free worker gets."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from harness.measure.ledger import Entry, Ledger, TrialState
from harness.measure.whole import block_of
from harness.questions import Trial

AHEAD = 64
"""How far in the queue to look for a trial that suits an idle worker, and how often the first in the queue
may be passed over for one. A new worker costs 0.1 s, with JAX 2 s; a program that is new to it 0.2 to 5 s."""


class Choice:
    """Gives the trials of a point to one worker, as far as there are others for the others.

    `fits` says whether a worker that takes more has run the code of a trial, and no other; `block` how many
    seeds of it are computed abreast; `in_turn` how many its function takes at most, for one after another.
    """

    def __init__(
        self,
        ledger: Ledger,
        fits: Callable[[tuple[str, ...], tuple[str, ...]], bool],
        block: Callable[[Trial], int] = lambda trial: 1,
        in_turn: Callable[[Trial], int] = lambda trial: 1,
    ) -> None:
        self._ledger = ledger
        self._fits = fits
        self._block, self._in_turn = block, in_turn
        self._warm: dict[Hashable, None] = {}  # points whose worker has ended a job and has got no other
        self._passed_over = 0  # how often the first in the queue was

    def next(self) -> Entry:
        """The trial to begin with, of those that are queued; there is one."""
        first, *others = self._ledger.ahead(AHEAD)
        return first if self._passed_over >= AHEAD else self._best([first, *others])

    def take(self, first: Entry, most: int) -> list[list[Entry]]:
        """Blocks of queued trials of the same code, from `first` on, at most `most`, taken off the queue."""
        passes_over = first is not next(self._ledger.ahead(1))
        self._passed_over = self._passed_over + 1 if passes_over else 0
        blocks: list[list[Entry]] = []
        entry: Entry | None = first
        while entry is not None and (entry.code, entry.modules) == (first.code, first.modules):
            blocks.append(self._together(entry))
            for each in blocks[-1]:
                self._ledger.move(each, TrialState.TAKEN)
            if len(blocks) == most:
                break
            entry = self._ledger.queued_at(entry.point) or next(self._ledger.ahead(1), None)
        return blocks

    def _together(self, entry: Entry) -> list[Entry]:
        """What is measured in one job with a queued trial: what else is queued of its block.

        Where the seeds of a block run one after another, each as if it ran alone, that is all that is
        measured. Where they run abreast (`whole`) the job has the block's other seeds, too.
        """
        if entry.seeds == 1:
            return [entry]
        if self._block(entry.trial) > 1:
            return [other for other in self.with_block(entry) if other.left[:1] == entry.left[:1]]
        return [entry] if entry.alone else self._ledger.block(entry, self._in_turn(entry.trial))

    def with_block(self, entry: Entry) -> list[Entry]:
        """Those of the trials that are computed abreast with this one that are in its state, itself among
        them."""
        assert entry.state is not None
        return self._ledger.within(block_of(entry.trial, self._block(entry.trial)), entry.state)

    def begun(self, entry: Entry) -> None:
        """A worker has got a job of this trial's point: one that ended a job of it, if there is one."""
        if self._warm:
            self._warm.pop(entry.point if entry.point in self._warm else next(iter(self._warm)))

    def ended(self, entry: Entry) -> None:
        """A worker has ended a job of this trial's point."""
        self._warm[entry.point] = None

    def _best(self, ahead: list[Entry]) -> Entry:
        for point in self._warm:
            entry = self._ledger.queued_at(point)
            if entry is not None and self._fits(entry.code, entry.modules):
                return entry
        busy = {entry.point for entry in self._ledger.of(TrialState.RUNNING)}
        fitting = [entry for entry in ahead if self._fits(entry.code, entry.modules)]
        return next((e for e in (fitting or ahead) if e.point not in busy), (fitting or ahead)[0])
