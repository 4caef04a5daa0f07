"""What is public is deliberate, and cheap to import."""

import subprocess
import sys

import harness.judge


def test_exports():
    assert sorted(harness.judge.__all__) == [
        "Agreement",
        "BadValue",
        "Bend",
        "Decision",
        "Expect",
        "FAILING",
        "FRAGILE",
        "Interval",
        "Judged",
        "LOOKS",
        "Outcome",
        "RULE",
        "Ruling",
        "Scope",
        "Stance",
        "Verdict",
        "agreement",
        "all_reproduce",
        "check_budget",
        "claim_agreement",
        "combine",
        "decide",
        "decide_rows",
        "effect_values",
        "exit_code",
        "half_width_factor",
        "interval",
        "lag_one",
        "leaves_open",
        "left_open",
        "level_of",
        "neighbours_alike",
        "next_look",
        "outcome",
        "over_instances",
        "reproducibility",
        "seeds_to_decision",
        "shown_reproducibility",
        "smallest_margin",
        "supports_for_some",
    ]
    assert all(hasattr(harness.judge, name) for name in harness.judge.__all__)


def test_import_is_light_and_judging_needs_no_scipy_stats():
    program = """
import sys
import harness.judge as judge
from harness.questions import Linear, Question, Reading, Region
print(sorted({"numpy", "scipy", "jax"} & set(sys.modules)))
effect = Linear((Reading("r", (), "q"),), (1.0,), "linear")
for center in ("mean", "pseudomedian", "median"):
    judge.decide([float(i) for i in range(14)], Question("", effect, Region(0, 1), center, 0.1, 0.1, 14))
print("scipy.special" in sys.modules, "scipy.stats" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "True False"]
