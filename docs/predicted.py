"""Hold what `harness plan` would have predicted against what happened, over published records.

    python docs/predicted.py                      # of this repository's records, into docs/verdicts.md
    python docs/predicted.py my/record.json …     # of others, printed

`harness plan` knows six seeds of a claim (`--pilot`), and says at which number of seeds it will be decided,
and how small a margin its budget will support. A record has the values of all seeds that were read. So of
each part of a claim the first six give the prediction, by the same function, and the rest is what happened.
Parts without a prediction (computed, no mean, fewer than seven seeds read) are counted, and left out.
"""

from __future__ import annotations

import statistics
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.judge import Outlook, outlook
from harness.judge.outlook import LEAST_SEEN
from harness.questions import LOOKS, MOST_POINTS, Linear, Question, Region
from harness.report import InstanceRecord, Record, read_record
from harness.report.record import PartRecord

ROOT = Path(__file__).parents[1]
RECORDS = ROOT / "reports" / "published"
PAGE = Path(__file__).parent / "verdicts.md"
BEGIN, END = "<!-- predicted: python docs/predicted.py -->\n", "<!-- end of predicted -->\n"
DEFINITE = ("supported", "refuted")
BEYOND = LOOKS[-1] + 1
"""Stands for a prediction that no look decides."""


@dataclass(frozen=True)
class Compared:
    """One part: what was predicted from its first six seeds, and what happened.

    `seeds` is the look at which it was decided, None where it was not. `reached` is the smallest margin that
    all of its seeds support, of a part that read its whole budget.
    """

    expected: Outlook
    budget: int
    seeds: int | None
    reached: float | None

    @property
    def predicted(self) -> int:
        """The look at which it was predicted to be decided."""
        return self.expected.seeds or BEYOND

    @property
    def said(self) -> bool:
        """Whether it was predicted to be decided within its budget."""
        return self.predicted <= self.budget


def question_of(part: PartRecord | InstanceRecord, instance: InstanceRecord) -> Question:
    """The question that a part answers, as far as predictions ask of it."""
    low, high = part.region
    region = Region(-float("inf") if low is None else low, float("inf") if high is None else high)
    alpha = instance.alpha / (MOST_POINTS if instance.boundary is not None else 1)
    several = len(instance.parts) if instance.boundary is None else 1
    refute = alpha / max(1, several - 1)
    return Question(
        "", Linear((), (), "linear"), region, instance.centre, alpha, refute, part.budget, part.exchanged,
        instance.least, unit=instance.unit_of_parts,
    )  # fmt: skip


def compared(instance: InstanceRecord) -> Iterator[Compared | None]:
    """Each part of an instance; None of one that nothing is predicted for."""
    if instance.verdict in ("not-run", "not-covered", "error") or instance.unit == "violation":
        return
    for part in instance.parts or (instance,):
        values = part.values
        expected = None
        if not part.computed and instance.timings == () and len(values) > LEAST_SEEN:
            expected = outlook(question_of(part, instance), values[:LEAST_SEEN])
        if expected is None:
            yield None
            continue
        whole = part.n == part.budget and part.smallest_margin is not None
        yield Compared(
            expected,
            part.budget,
            part.n if part.verdict in DEFINITE else None,
            part.smallest_margin if whole else None,
        )


def table(named: Iterable[tuple[str, Record]]) -> str:
    """A row for each record, and one of all, as Markdown."""
    rows, every = [], []
    left_out = 0
    for name, record in named:
        found = [each for instance in record.instances for each in compared(instance)]
        known = [each for each in found if each is not None]
        left_out += len(found) - len(known)
        if known:
            rows.append(_row(f"`{name}`", known))
        every += known
    rows.append(_row("all", every))
    head = (
        "record", "parts", "predicted to be decided: were", "predicted not to be: were not",
        "look as predicted", "one look off", "seeds predicted / needed, median", "margin predicted / reached",
    )  # fmt: skip
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head), *rows]
    return "\n".join([*lines, "", f"{left_out} parts have no prediction."]) + "\n"


def _row(name: str, found: Sequence[Compared]) -> str:
    yes, no = [each for each in found if each.said], [each for each in found if not each.said]
    decided = [each for each in yes if each.seeds is not None]
    off = Counter(_looks_between(each) for each in decided)
    ratios = [each.predicted / each.seeds for each in decided if each.seeds]
    margins = [
        abs(each.expected.margin / each.reached)
        for each in found
        if each.reached and each.expected.margin is not None
    ]
    cells = (
        name, str(len(found)), _share(len(decided), len(yes)),
        _share(sum(each.seeds is None for each in no), len(no)),
        _share(off[0], len(decided)), _share(off[-1] + off[1], len(decided)),
        f"{statistics.median(ratios):.2f}" if ratios else "–", _spread(margins),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _looks_between(each: Compared) -> int:
    """By how many looks it was decided later than predicted."""
    return LOOKS.index(each.seeds or LOOKS[-1]) - LOOKS.index(each.predicted)


def _share(count: int, of: int) -> str:
    return f"{count} of {of} ({count / of:.0%})" if of else "–"


def _spread(ratios: Sequence[float]) -> str:
    """The median, and between which two values four of five lie."""
    if len(ratios) < 10:  # fewer have no tenths
        return f"{statistics.median(ratios):.2f}" if ratios else "–"
    tenths = statistics.quantiles(ratios, n=10)
    return f"{statistics.median(ratios):.2f} ({tenths[0]:.2f} to {tenths[-1]:.2f})"


def written(page: str, text: str) -> str:
    """The page with the text between its markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{text}{END}{after}"


def main(arguments: Sequence[str]) -> None:
    files = [Path(argument) for argument in arguments] or sorted(RECORDS.glob("*.json"))
    text = table((file.stem, read_record(file)) for file in files)
    if arguments:
        print(text, end="")
    else:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
