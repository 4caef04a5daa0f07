"""How likely fresh seeds repeat a verdict: against simulation, and against the formula by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from harness.judge import all_reproduce, decide, reproducibility, shown_reproducibility
from harness.questions import Closeness, Linear, Question, Reading, Region

EFFECT = Linear((Reading("e", (), "a"),), (1.0,), "linear")


def question(region: Region = Region(-1, 1), budget: int = 48, **changed: object) -> Question:  # noqa: B008 (frozen)
    how: dict[str, object] = {"centre": "mean", "exchanged": False} | changed
    return Question("", EFFECT, region, alpha=0.001, alpha_refute=0.001, budget=budget, **how)  # type: ignore[arg-type]


def draw(mean: float, sd: float, seed: int = 0) -> list[float]:
    return np.random.default_rng(seed).normal(mean, sd, 108).tolist()


def test_the_formula() -> None:
    asked = question()
    ruling = decide(draw(0.3, 0.8), asked)
    assert ruling.verdict == "supported"
    n, mean, sd = ruling.n, np.mean(ruling.values), np.std(ruling.values, ddof=1)
    half = stats.t.isf(0.001 / 8, 47) * sd / math.sqrt(48)
    fresh = stats.t(n - 1, loc=mean, scale=sd * math.sqrt(1 / n + 1 / 48))
    expected = fresh.cdf(1 - half) - fresh.cdf(-1 + half)
    assert reproducibility(ruling, asked) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("mean", "region", "exchanged", "verdict"),
    [
        (0.0, Region(-1, 1), False, "supported"),
        (2.0, Region(-1, 1), False, "refuted"),
        (0.0, Region(-1, 1), True, "refuted"),
        (2.0, Region(-1, 1), True, "supported"),
        (2.0, Region(low=1), False, "supported"),
        (-2.0, Region(high=-1), False, "supported"),
        (2.0, Region(high=1), False, "refuted"),
    ],
)
def test_far_from_every_edge_a_verdict_is_certain_and_near_one_it_is_not(
    mean: float, region: Region, exchanged: bool, verdict: str
) -> None:
    asked = question(region, exchanged=exchanged)
    far = decide(draw(mean, 0.1), asked)
    assert far.verdict == verdict
    assert reproducibility(far, asked) > 0.999
    near = decide([0.7 * x for x in draw(mean, 0.1)] if abs(mean) == 2 else draw(0.6, 0.5), asked)
    assert near.verdict == verdict
    assert reproducibility(near, asked) < reproducibility(far, asked)


def test_what_is_predicted_is_what_fresh_runs_do() -> None:
    """Truths spread evenly, which is what the prediction assumes: in each range of predictions, their mean
    against the share of fresh runs, judged at the budget, that come to the same verdict.

    Within 0.04 (measured on 3905 rulings, docs/verdicts.md: up to 0.05 too hopeful) and four standard errors.
    """
    asked = question(budget=48)
    rng = np.random.default_rng(3)
    inside, outside = (stats.t.isf(0.001 / k, 47) / math.sqrt(48) for k in (8, 16))
    rows = []
    for _ in range(3000):
        truth, sd = rng.uniform(-3, 3), rng.choice([0.3, 0.5, 1.0, 1.5])
        ruling = decide(rng.normal(truth, sd, 48).tolist(), asked)
        if ruling.verdict in ("supported", "refuted"):
            fresh = rng.normal(truth, sd, 48)
            mean, sd_ = abs(fresh.mean()), fresh.std(ddof=1)
            came = "supported" if mean + inside * sd_ < 1 else "refuted" if mean - outside * sd_ >= 1 else ""
            rows.append((reproducibility(ruling, asked), came == ruling.verdict))
    table = np.array(rows, dtype=float)
    for low, high in ((0, 0.8), (0.8, 0.95), (0.95, 0.99), (0.99, 1.1)):
        chosen = table[(table[:, 0] >= low) & (table[:, 0] < high)]
        assert len(chosen) > 100
        predicted, agreed = chosen.mean(axis=0)
        assert abs(predicted - agreed) < 0.04 + 4 * math.sqrt(agreed * (1 - agreed) / len(chosen))


@pytest.mark.parametrize(
    ("values", "asked"),
    [
        (draw(1.0, 1.0), question(budget=14)),  # inconclusive
        (draw(0.0, 0.1), question(centre="median")),
        ([0.0] * 40 + [0.1] * 8, question()),  # too few distinct values decide nothing
    ],
)
def test_nothing_is_said_of_what_has_no_interval_of_a_mean(values: list[float], asked: Question) -> None:
    assert reproducibility(decide(values, asked), asked) is None
    closeness = Closeness((Reading("e", (), "a"),), 0.0, 1.0)
    exact = Question("", closeness, Region(high=1), "mean", 0.001, 0.001, 6)
    assert reproducibility(decide([0.1] * 6, exact), exact) is None


def test_all_of_several() -> None:
    assert all_reproduce([1.0, 0.9, 0.8]) == pytest.approx(0.7)
    assert all_reproduce([0.4, 0.4]) == 0.0
    assert all_reproduce([0.9, None]) is None
    assert all_reproduce([]) == 1.0


def test_of_a_verdict_outside_it_uses_the_level_that_showed_it() -> None:
    """α/16, for a region with two edges; α/8 for one edge."""
    for region, share in ((Region(-1, 1), 16), (Region(high=1), 8)):
        asked = question(region)
        ruling = decide(draw(1.7, 0.8), asked)
        assert ruling.verdict == "refuted"
        n, mean, sd = ruling.n, np.mean(ruling.values), np.std(ruling.values, ddof=1)
        half = stats.t.isf(0.001 / share, 47) * sd / math.sqrt(48)
        fresh = stats.t(n - 1, loc=mean, scale=sd * math.sqrt(1 / n + 1 / 48))
        # The other edge is 20 deviations of the fresh mean away.
        assert reproducibility(ruling, asked) == pytest.approx(fresh.sf(1 + half), rel=1e-9)


def test_what_is_shown_is_cut_at_what_the_seeds_can_tell() -> None:
    assert [shown_reproducibility(1.0, n) for n in (14, 20)] == [None, None]
    assert [shown_reproducibility(1.0, n) for n in (21, 108, 243)] == [21 / 22, 108 / 109, 243 / 244]
    assert shown_reproducibility(0.8, 21) == 0.8
    assert shown_reproducibility(0.8, 14) is None
    assert shown_reproducibility(None, 48) is None
