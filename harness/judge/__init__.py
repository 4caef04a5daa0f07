"""Deciding: from measured numbers to verdicts. Pure functions of numbers.

In: the *rows* of a `Question`, one per seed, with one number per reading. Out: a `Ruling`, and from
rulings, what was expected and the control, an `Outcome`.

An *effect* x_s is one number per seed (`effect_values`). A *look* is a number of seeds at which the
question may be decided (`LOOKS`; `next_look`, `check_budget`). At a look an *interval* misses the centre of
the effects with a stated chance per side (`interval`, `Interval`; `level_of`, `half_width_factor`, for which
`load_quantiles` imports SciPy). Inside
the question's region it *supports*, disjoint from it it *refutes*, otherwise more seeds are needed (`decide`,
or `decide_rows` from rows), up to the budget: *inconclusive* (`Decision`). A power law may be refuted by its
`Bend`, too. A claim is a conjunction of questions (`combine`), whose `Verdict`, against what was expected and
the control, is an `outcome`; some fail a run (`FAILING`, `exit_code`).

An `Assessment` is all that is judged of an instance (`assess`), a `PartAssessment` of one of its questions
(`assess_part`). A *boundary* is searched for along an axis: which point is asked about next follows from the
verdicts before (`trace_search`, `Trail`), and where it lies from all of them (`locate_boundary`, `Location`,
`FoundBoundary`); a `Reach` is how near its ends can come (`reach`), an `Outlook` what a budget can decide of
another question (`outlook`). Its *advice* is what would decide an inconclusive one (`smallest_margin`,
`seeds_to_decision`). `reproducibility` is how likely fresh seeds agree, `all_reproduce` of several verdicts,
`shown_reproducibility` as much as the seeds show of it; below `FRAGILE` a verdict is fragile. `left_open`
and `leaves_open` are how rare an event may be that the seeds have missed; `lag_one` and `neighbours_alike`
whether neighbouring seeds seem dependent. An `Agreement` is a verdict against what a source says: of one
instance (`agreement`), or of a claim's instances together, by the source's scope (`claim_agreement`, from
what is `Judged`; `over_instances`, `supports_for_some`). A *sequential p-value* is how small an alpha would
have been enough (`sequential_p`, `p_of_parts`); by it, some claims hold jointly (`holm`, `joint_direction`).
Numbers that are a baseline's own have a `Sameness` (`same_text`). A `Ruler` measures how far an effect is
from the edge of a region, in margins (`ruler`). `RULE` is the number of the rule, in every record.

    ValueError
    └── BadValue    a number that is not finite, or not positive on a log scale
"""

from harness.judge.advice import seeds_to_decision, smallest_margin
from harness.judge.assessment import Assessment, assess
from harness.judge.boundary import FoundBoundary
from harness.judge.distance import Ruler, ruler, ruler_of_range
from harness.judge.effect import BadValue, effect_values
from harness.judge.holm import holm, joint_direction
from harness.judge.independence import lag_one, neighbours_alike
from harness.judge.interval import Interval, half_width_factor, interval, load_quantiles
from harness.judge.levels import RULE, level_of
from harness.judge.outcome import (
    FAILING,
    Agreement,
    Outcome,
    PartVerdict,
    Verdict,
    combine,
    exit_code,
    outcome,
)
from harness.judge.outlook import Outlook, outlook
from harness.judge.part import PartAssessment, assess_part
from harness.judge.pvalues import p_of_parts, sequential_p
from harness.judge.reach import Reach, reach
from harness.judge.reproducibility import FRAGILE, all_reproduce, reproducibility, shown_reproducibility
from harness.judge.rule import Ruling, check_budget, decide, decide_rows, next_look
from harness.judge.sameness import Sameness, same_text
from harness.judge.search import Location, Trail, locate_boundary, trace_search
from harness.judge.sources import Judged, agreement, claim_agreement, over_instances, supports_for_some
from harness.judge.straightness import Bend, Decision
from harness.judge.unseen import left_open
from harness.questions import LOOKS
from harness.suite.records import Scope, Stance
from harness.suite.unseen import leaves_open

__all__ = [
    "FAILING",
    "FRAGILE",
    "LOOKS",
    "RULE",
    "Agreement",
    "Assessment",
    "BadValue",
    "Bend",
    "Decision",
    "FoundBoundary",
    "Interval",
    "Judged",
    "Location",
    "Outcome",
    "Outlook",
    "PartAssessment",
    "PartVerdict",
    "Reach",
    "Ruler",
    "Ruling",
    "Sameness",
    "Scope",
    "Stance",
    "Trail",
    "Verdict",
    "agreement",
    "all_reproduce",
    "assess",
    "assess_part",
    "check_budget",
    "claim_agreement",
    "combine",
    "decide",
    "decide_rows",
    "effect_values",
    "exit_code",
    "half_width_factor",
    "holm",
    "interval",
    "joint_direction",
    "lag_one",
    "leaves_open",
    "left_open",
    "level_of",
    "load_quantiles",
    "locate_boundary",
    "neighbours_alike",
    "next_look",
    "outcome",
    "outlook",
    "over_instances",
    "p_of_parts",
    "reach",
    "reproducibility",
    "ruler",
    "ruler_of_range",
    "same_text",
    "seeds_to_decision",
    "sequential_p",
    "shown_reproducibility",
    "smallest_margin",
    "supports_for_some",
    "trace_search",
]
