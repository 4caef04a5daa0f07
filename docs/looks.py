"""Draw the interval against the region at each look, for the example of reading.md, and print its table.

Usage:

    python docs/looks.py
"""

from __future__ import annotations

import math
from pathlib import Path

import harness
from harness.judge import LOOKS, interval

ROOT = Path(__file__).parents[1]
RECORD = ROOT / "reports" / "published" / "issues.json"
EXAMPLE = "issues/single-predicts-as-ntk-given-f0[data=digits,hidden=3,width=512]"
FIGURE = ROOT / "docs" / "figures" / "looks.svg"

Look = tuple[int, float, float, float]
"""Seeds, estimate, and the ends of the interval; of the quantity, not of its logarithm."""


def example() -> harness.InstanceRecord:
    """The instance, from the published record."""
    record = harness.read_record(RECORD)
    return next(instance for instance in record.instances if instance.id == EXAMPLE)


def looks(instance: harness.InstanceRecord) -> list[Look]:
    """What the judge saw at each look, from the values of the record."""
    found = []
    for n in LOOKS:
        if n <= instance.n:
            seen = interval(instance.values[:n], "mean", instance.alpha / len(LOOKS), 0.0)
            found.append((n, *map(math.exp, (seen.estimate, seen.low, seen.high))))
    return found


def table(instance: harness.InstanceRecord) -> str:
    """The looks as a Markdown table."""
    assert instance.region[1] is not None
    bound = math.exp(instance.region[1])
    lines = ["| seeds | mean | interval | decided? |", "|---|---|---|---|"]
    for n, estimate, low, high in looks(instance):
        said = "supported" if high < bound else "refuted" if low >= bound else "no: it contains 0.2"
        lines.append(f"| {n} | {estimate:.3f} | [{low:.3f}, {high:.3f}] | {said} |")
    return "\n".join(lines) + "\n"


def draw(instance: harness.InstanceRecord, path: Path) -> None:
    """The figure."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "looks"  # the same record gives the same file
    import matplotlib.pyplot as plt

    assert instance.region[1] is not None
    bound = math.exp(instance.region[1])
    figure, axes = plt.subplots(figsize=(6, 2.6))
    axes.axhspan(0.0, bound, color="0.92", zorder=0)
    axes.axhline(bound, color="0.5", lw=0.8)
    seen = looks(instance)
    for place, (_, estimate, low, high) in enumerate(seen):
        color = "#1b7837" if high < bound else "#8c6d00"
        axes.plot([place, place], [low, high], color=color, lw=2)
        axes.plot(place, estimate, "o" if high < bound else "D", color=color, ms=5)
    axes.set_xticks(range(len(seen)), [str(n) for n, *_ in seen])
    axes.set_xlim(-0.5, len(seen) - 0.5)
    axes.set_ylim(0.1, 0.3)
    axes.set_xlabel("seeds looked at", fontsize=8)
    axes.set_ylabel("distance to the NTK", fontsize=8)
    axes.tick_params(labelsize=8)
    axes.text(len(seen) - 0.55, bound - 0.004, "the claim: below 0.2", ha="right", va="top", fontsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None, "Creator": None})
    plt.close(figure)


if __name__ == "__main__":
    draw(example(), FIGURE)
    print(table(example()))
