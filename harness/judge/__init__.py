"""Turns measured numbers into verdicts. All functions are pure functions of numbers.

In: the *rows* of a `Question`, one per seed, with one number per reading. Out: a `Ruling`, and from rulings,
the expectation and the control, an `Outcome`.

An *effect* x_s is one number per seed (`effect_values`). A *look* is a number of seeds at which the question
may be decided (`LOOKS`; `next_look`, `check_budget`). At a look an *interval* misses the centre of the
effects with a stated probability per side (`interval`, `Interval`; `level_of`, `half_width_factor`, for which
`load_quantiles` imports SciPy). An interval inside the question's region *supports*, one disjoint from it
*refutes*, and otherwise more seeds are needed (`decide`, or `decide_rows` from rows). At the budget the
question is *inconclusive* (`Decision`). A power law may also be refuted by its `Bend`. A claim is a
conjunction of questions (`combine`). Its `Verdict`, with the expectation and the control, gives an `outcome`;
some outcomes fail a run (`FAILING`, `exit_code`).

An `Assessment` is everything that is judged about an instance (`assess`), and a `PartAssessment` about one of
its questions (`assess_part`). A *boundary* is searched for along an axis: earlier verdicts decide which point
is asked next (`trace_search`, `Trail`), and all of them decide where it lies (`locate_boundary`, `Location`,
`FoundBoundary`). A `Reach` says how near its ends can come (`reach`), and an `Outlook` what a budget can
decide of another question (`outlook`). *Advice* says what would decide an inconclusive question
(`smallest_margin`, `seeds_to_decision`). `reproducibility` is the probability that fresh seeds agree,
`all_reproduce` that of several verdicts, `shown_reproducibility` as much as the seeds show of it; below
`FRAGILE` a verdict is fragile. `left_open` and `leaves_open` say how rare an event may be that the seeds have
missed; `lag_one` and `neighbours_alike` whether neighbouring seeds seem dependent. An `Agreement` compares a
verdict with what a source says: about one instance (`agreement`), or about a claim's instances together, by
the source's scope (`claim_agreement`, from what is `Judged`; `over_instances`, `supports_for_some`). A
*sequential p-value* is the smallest alpha that would have been enough (`sequential_p`, `p_of_parts`). By it,
some claims hold jointly (`holm`, `joint_direction`). Numbers that equal a baseline's have a `Sameness`
(`same_text`). A `Ruler` measures how far an effect is from the edge of a region, in margins (`ruler`). `RULE`
is the number of the rule, which every record holds.

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
