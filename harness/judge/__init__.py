"""Deciding: from measured numbers to verdicts. Pure functions of numbers.

In: the *rows* of a `Question`, one per seed, with one number per reading. Out: a `Ruling`, and from
rulings, what was expected and the control, an `Outcome`.

An *effect* x_s is one number per seed (`effect_values`). A *look* is a number of seeds at which the
question may be decided (`LOOKS`). At each look an *interval* holds the centre of the effects but for a
chance `level` on each side (`interval`). Inside the question's region it *supports*, disjoint from it it
*refutes*, otherwise more seeds are needed (`decide`, or `decide_rows` from rows), up to the budget:
*inconclusive*. A claim is a conjunction of questions (`combine`). *Advice* is what would decide an
inconclusive one (`smallest_margin`, `seeds_to_decision`); `reproducibility` how likely fresh seeds agree;
`left_open` how rare an event may be that the seeds have missed.

    ValueError
    └── BadValue    a number that is not finite, or not positive on a log scale
"""

from harness.judge.advice import seeds_to_decision, smallest_margin
from harness.judge.effect import BadValue, effect_values
from harness.judge.interval import Interval, half_width_factor, interval
from harness.judge.levels import RULE, level_of
from harness.judge.outcome import (
    FAILING,
    Agreement,
    Expect,
    Outcome,
    Stance,
    Verdict,
    agreement,
    combine,
    exit_code,
    outcome,
)
from harness.judge.reproducibility import FRAGILE, all_reproduce, reproducibility, shown_reproducibility
from harness.judge.rule import Decision, Ruling, check_budget, decide, decide_rows, next_look
from harness.judge.unseen import left_open
from harness.suite.records import LOOKS
from harness.suite.unseen import leaves_open

__all__ = [
    "FAILING",
    "FRAGILE",
    "LOOKS",
    "RULE",
    "Agreement",
    "BadValue",
    "Decision",
    "Expect",
    "Interval",
    "Outcome",
    "Ruling",
    "Stance",
    "Verdict",
    "agreement",
    "all_reproduce",
    "check_budget",
    "combine",
    "decide",
    "decide_rows",
    "effect_values",
    "exit_code",
    "half_width_factor",
    "interval",
    "leaves_open",
    "left_open",
    "level_of",
    "next_look",
    "outcome",
    "reproducibility",
    "seeds_to_decision",
    "shown_reproducibility",
    "smallest_margin",
]
