"""Figures of the rule that stand alone: widths, guards, power laws, notes, predictions, a bootstrap."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from checks import Check, of_share, report
from laws import gaussian, neighbours
from scipy import stats
from simulator import OLD_LOOKS, Rule, judge, judge_law

from harness.judge import (
    LOOKS,
    decide,
    decide_rows,
    half_width_factor,
    interval,
    neighbours_alike,
    reproducibility,
)
from harness.plan import Linear, Question, Reading, Region, Straightness
from harness.predicates.slopes import bend_weights, slope_weights

CURVED = 0.97
"""The share of curves that are seen before their exponent is shown."""
READING = Reading("simulated", (), "x")
EFFECT = Linear((READING,), (1.0,), "linear")


def question(low: float, high: float, budget: int = LOOKS[-1]) -> Question:
    """Does the mean of one number lie in (low, high)?"""
    return Question("", EFFECT, Region(low, high), "mean", 0.001, 0.001, budget)


def law_question(
    widths: list[float], exponent: float, within: float, straight: float | None = None, budget: int = 243
) -> Question:
    """Does the reading fall as width^exponent? Margins are those that a suite's power law has."""
    logs = [math.log(w) for w in widths]
    readings = tuple(Reading("simulated", (("width", w),), "x") for w in widths)
    margin = max(2 * within, 0.2)
    bend = Linear(readings, bend_weights(logs), "log")
    judged = Straightness(bend, margin if straight is None else min(margin, straight), straight)
    law = Linear(readings, slope_weights(logs), "log")
    region = Region(exponent - within, exponent + within)
    return Question("", law, region, "mean", 0.001, 0.001, budget, straight=judged)


def law_rows(
    rng: np.random.Generator, means: list[float], noise: float, seeds: int = 243
) -> list[list[float]]:
    """Values with these means of logarithms, and log-noise at each point."""
    return np.exp(np.array(means) + noise * rng.standard_normal((seeds, len(means)))).tolist()


def bent(widths: list[float], exponents: list[float]) -> list[float]:
    """ln of a curve with these local exponents between neighbouring widths."""
    return [0.0, *np.cumsum(np.diff(np.log(widths)) * exponents).tolist()]


def widths_of_intervals() -> Iterator[Check]:
    """Half-widths of the mean's interval, and the rare events that n seeds leave open."""
    for level, stated in (
        (0.001 / 8, (1.332, 0.969, 0.731, 0.572, 0.455, 0.365, 0.294, 0.238)),
        (0.001 / 16, (1.438, 1.035, 0.775, 0.604, 0.478, 0.383, 0.309, 0.250)),
    ):
        for n, width in zip(LOOKS, stated, strict=True):
            what = f"half-width at {n} seeds, level α/{round(0.001 / level)}"
            yield Check(what, width, half_width_factor(n, level), 0.0, 0.001)
    for n, percent in ((14, 39), (21, 28), (32, 19), (48, 13), (108, 6.2), (162, 4.2), (243, 2.8)):
        step = 1 if percent > 10 else 0.1
        yield Check(f"% of seeds that {n} leave open", percent, 100 * (1 - 0.001 ** (1 / n)), 0.0, step)


def against_scipy(seed: int) -> Iterator[Check]:
    """Rank intervals: every centre inside is kept by the exact test of SciPy, every one outside rejected."""
    rng = np.random.default_rng(seed)
    for kind in ("median", "pseudomedian"):
        wrong = 0
        for n in (14, 21, 32):
            for _ in range(20):
                values = rng.standard_t(3, n).tolist()
                found = interval(values, kind, 0.01)
                for end, way in ((found.low, -1), (found.high, 1)):
                    for step, kept in ((-1e-9 * way, True), (1e-9 * way, False)):
                        wrong += (_p(values, end + step, kind, way) > 0.01) != kept
        yield Check(f"{kind}: disagreements with SciPy's exact test at 240 ends", 0, wrong, 0.0, 0.1)


def _p(values: list[float], centre: float, kind: str, way: int) -> float:
    """The one-sided p-value of a centre, above (way 1) or below the values."""
    far = np.array(values) - centre
    if kind == "median":
        few = int((far > 0).sum()) if way > 0 else int((far < 0).sum())
        return float(stats.binomtest(few, len(far), 0.5, alternative="less").pvalue)
    side = "less" if way > 0 else "greater"
    return float(stats.wilcoxon(far, alternative=side, mode="exact").pvalue)


def power_laws(seed: int, rows: int = 300) -> Iterator[Check]:
    """Exponents, what they cost, and curves."""
    rng = np.random.default_rng(seed)
    for widths, seeds in (
        ([64.0, 128, 256, 512], 48),
        ([32.0, 64, 128, 256, 512, 1024], 18),
        ([16.0, 64, 256, 1024], 16),
    ):
        ask = law_question(widths, -0.5, 0.1)
        straight = [-0.5 * math.log(w) for w in widths]
        rulings = [decide_rows(law_rows(rng, straight, 0.2), ask) for _ in range(rows)]
        n = np.array([r.n for r in rulings])
        what = f"w^(-1/2), {len(widths)} widths from {widths[0]:g} to {widths[-1]:g}"
        error = float(n.std()) / rows**0.5
        # That of the stated figure is not stated: taken to be of as many runs.
        yield Check(f"{what}: mean n", seeds, float(n.mean()), error * 2**0.5, 1)
        yield of_share(f"{what}: supported", 1.0, sum(r.verdict == "supported" for r in rulings), rows, 0.01)
    widths = [64.0, 128, 256, 512]
    curve, finite = bent(widths, [-0.1, -0.5, -0.9]), [math.log(w**-0.5 + 2 / w) for w in widths]
    for what, means, noise, exponent, reason, stated in (
        ("local exponents -0.1, -0.5, -0.9: refuted as curved", curve, 0.1, -0.5, "curved", CURVED),
        ("the same, noise 0.2", curve, 0.2, -0.5, "curved", CURVED),
        ("w^(-1/2)(1 + 2 w^(-1/2)): supported as -0.566", finite, 0.2, -0.566, "", 1.0),
    ):
        ask = law_question(widths, exponent, 0.1)
        rulings = [decide_rows(law_rows(rng, means, noise), ask) for _ in range(rows)]
        verdict = "refuted" if reason else "supported"
        right = sum(r.verdict == verdict and r.reason.partition(":")[0] == reason for r in rulings)
        yield of_share(what, stated, right, rows, 0.01, stated_runs=rows)
    slope = slope_weights([math.log(w) for w in widths])
    bias = math.fsum(s * y for s, y in zip(slope, finite, strict=True))
    yield Check("w^(-1/2)(1 + 2 w^(-1/2)) from 64 to 512: exponent", -0.566, bias, 0.0, 0.001)
    ratios = [
        math.hypot(*bend_weights(list(range(k)))) / math.hypot(*slope_weights(list(range(k))))
        for k in range(3, 13)
    ]
    what = "deviation of the bend over that of the slope, 3 to 12 points"
    yield Check(f"{what}: least", 3.5, min(ratios), 0.0, 0.1)
    yield Check("the same: most", 4.5, max(ratios), 0.0, 0.1)


def notes(runs: int, seed: int) -> Iterator[Check]:
    """The note on neighbouring seeds: how often it is false, and how often it sees a correlation."""
    rows = max(200, runs // 80)
    for sample, what, stated in (
        (gaussian, "independent", {21: 0.0003, 48: 0.0006, 243: 0.001}),
        (neighbours(0.3), "correlated by 0.3", {48: 0.07, 108: 0.36, 243: 0.88}),
    ):
        rng = np.random.default_rng(seed)
        for n, share in stated.items():
            seen = sum(neighbours_alike(row) for row in sample(rng, rows, n).tolist())
            step = 0.0001 if share < 0.01 else 0.01
            yield of_share(f"notes on {n} seeds that are {what}", share, seen, rows, step, stated_runs=20_000)


def guards(runs: int, seed: int) -> Iterator[Check]:
    """0, and 1 with probability 0.05, against a margin of 0.04: without and with the guard."""
    draw = lambda r, m, n: (r.random((m, n)) < 0.05).astype(float)  # noqa: E731
    old = Rule(looks=OLD_LOOKS, halved=False, gap=False)
    supported = judge_law(draw, min(runs, 20_000), seed, -0.04, 0.04, rule=old).count(1, 108)
    yield of_share("rare events without the guard, looks from 6", 0.74, supported, min(runs, 20_000), 0.01)
    rows = draw(np.random.default_rng(seed), 200, 243).tolist()
    wrong = sum(decide(row, question(-0.04, 0.04)).verdict == "supported" for row in rows)
    yield Check("with the guard", 0, wrong, 0.0, 0.1)


def predictions(seed: int, rows: int = 1500) -> Iterator[Check]:
    """Reproducibility where the truth is known to lie near the edge: half a margin, deviation 0.9 margins."""
    draw = lambda r, m, n: 0.5 + 0.9 * gaussian(r, m, n)  # noqa: E731
    short = Rule(tuple(n for n in LOOKS if n <= 48))
    again = judge_law(draw, 20_000, seed, -1, 1, rule=short).count(1, 48)
    yield of_share("supported on fresh seeds", 0.49, again, 20_000, 0.01, stated_runs=4000)
    ask, predicted = question(-1, 1, 48), []
    for row in draw(np.random.default_rng(seed + 1), rows, 48).tolist():
        ruling = decide(row, ask)
        if ruling.verdict == "supported":
            predicted.append(reproducibility(ruling, ask) or 0.0)
    error = float(np.std(predicted)) / len(predicted) ** 0.5
    yield Check("as the supported runs predict it", 0.75, float(np.mean(predicted)), error * 2**0.5, 0.01)


def many_claims(seed: int) -> Iterator[Check]:
    """400 runs of 100 claims, truths within ±3 margins, deviations 0.3 to 1.5 margins, 48 seeds."""
    rng = np.random.default_rng(seed)
    runs, claims = 400, 100
    truth, deviation = rng.uniform(-3, 3, (runs * claims, 1)), rng.uniform(0.3, 1.5, (runs * claims, 1))
    data = truth + deviation * rng.standard_normal((runs * claims, 48))
    holds = (np.abs(truth) < 1).ravel()

    def with_a_wrong_one(verdict: np.ndarray) -> int:
        wrong = np.where(holds, verdict == -1, verdict == 1)
        return int(wrong.reshape(runs, claims).any(axis=1).sum())

    naive = judge(data, -1, 1, alpha=0.05, rule=Rule(share=1.0, halved=False, gap=False))
    what = "runs of 100 claims with a wrong verdict, t test at 0.05 at each look"
    yield of_share(what, 0.5, with_a_wrong_one(naive.verdict), runs, 0.1)
    yield Check("the same by the rule", 0, with_a_wrong_one(judge(data, -1, 1).verdict), 0.0, 0.1)


def bootstrap(seed: int, rows: int = 2000, resamples: int = 5000) -> Iterator[Check]:
    """The upper end of a BCa interval for the mean of five Gaussian numbers at 0.001: how often it is below
    the mean (Efron, J. Amer. Statist. Assoc. 82, 1987)."""
    rng = np.random.default_rng(seed)
    wrong = 0
    for values in rng.standard_normal((rows, 5)):
        mean = values.mean()
        means = np.sort(values[rng.integers(0, 5, (resamples, 5))].mean(axis=1))
        bias = stats.norm.ppf(np.clip((means < mean).mean(), 1 / resamples, 1 - 1 / resamples))
        left = (values.sum() - values) / 4
        bent = ((left.mean() - left) ** 3).sum() / (6 * (((left.mean() - left) ** 2).sum()) ** 1.5)
        z = bias + stats.norm.isf(0.001)
        level = stats.norm.cdf(bias + z / (1 - bent * z))
        wrong += np.quantile(means, level) < 0
    yield of_share("BCa at 0.001 on five numbers errs", 0.041, wrong, rows, 0.001, stated_runs=rows)


def singles(runs: int, seed: int) -> int:
    """Print them all; how many do not hold."""
    return sum(
        report(title, checks)
        for title, checks in (
            ("Widths, and what n seeds do not see", widths_of_intervals()),
            ("Rank intervals against SciPy", against_scipy(seed)),
            ("Guards", guards(runs, seed)),
            ("Power laws, log-noise 0.2", power_laws(seed)),
            ("Notes on neighbouring seeds", notes(runs, seed)),
            ("Reproducibility near an edge, budget 48", predictions(seed)),
            ("Many claims", many_claims(seed)),
            ("No bootstrap", bootstrap(seed)),
        )
    )
