"""Draw the figures of findings.md from a record, and print its tables.

Usage:

    python docs/findings.py reports/published/issues.json
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib
import numpy as np

import harness
from harness.report.agreement import statements
from harness.report.words import effect, interval_text

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "findings"  # the same record gives the same file
import matplotlib.pyplot as plt  # noqa: E402 (after the backend is chosen)

FIGURES = Path(__file__).parent / "figures"
COLORS = {"supported": "#1b7837", "refuted": "#b2182b", "inconclusive": "#8c6d00", "error": "#000000"}
MARKERS = {"supported": "o", "refuted": "X", "inconclusive": "D", "error": "s"}


def rows(record: harness.Record, claim: str, **point: str) -> list[harness.InstanceRecord]:
    """The instances of a claim at a point, in the record's order."""
    found = [i for i in record.instances if i.claim == claim]
    return [i for i in found if all(i.labels.get(axis) == label for axis, label in point.items())]


def draw(axes: plt.Axes, y: float, instance: harness.InstanceRecord, *, log: bool) -> None:
    """One instance: its interval as a bar, its estimate as a mark whose shape and colour say the verdict."""
    if instance.estimate is None:
        return
    low, high = (np.nan if side is None else side for side in instance.interval)
    show = np.exp if log else lambda x: 100 * np.expm1(x)
    color = COLORS[instance.verdict]
    axes.plot(show(np.array([low, high])), [y, y], color=color, lw=1.5)
    axes.plot(show(instance.estimate), y, MARKERS[instance.verdict], color=color, ms=5)


def panel(
    axes: plt.Axes,
    title: str,
    instances: list[harness.InstanceRecord],
    labels: list[str],
    limits: tuple[float, float],
    *,
    log: bool,
) -> None:
    """A panel with a line per instance, and the region of the claim shaded; bars may leave the limits."""
    for y, instance in enumerate(instances):
        draw(axes, -y, instance, log=log)
    if instances:
        low, high = instances[0].region
        show = np.exp if log else lambda x: 100 * np.expm1(x)
        left = limits[0] if low is None else show(low)
        right = limits[1] if high is None else show(high)
        axes.axvspan(left, right, color="0.92", zorder=0)
    axes.set_xlim(limits)
    axes.set_yticks([-y for y in range(len(labels))], labels, fontsize=7)
    axes.set_title(title, fontsize=8)
    axes.tick_params(axis="x", labelsize=7)
    axes.spines[["top", "right"]].set_visible(False)


def save(figure: plt.Figure, name: str) -> None:
    FIGURES.mkdir(exist_ok=True)
    figure.tight_layout()
    figure.savefig(FIGURES / f"{name}.svg", metadata={"Date": None, "Creator": None})
    plt.close(figure)


def label_below(figure: plt.Figure, text: str) -> None:
    figure.supxlabel(text, fontsize=8)


def label(instance: harness.InstanceRecord, *axes: str) -> str:
    return ", ".join(instance.labels[axis] for axis in axes)


def by_width(
    record: harness.Record, claims: dict[str, str], limits: tuple[float, float], below: str, *, log: bool
) -> plt.Figure:
    """A panel per claim and width, a line per data set and depth."""
    figure, grid = plt.subplots(2, 4, figsize=(9.5, 5), sharex=True)
    for line, width in zip(grid, ("64", "512"), strict=True):
        for axes, (title, claim) in zip(line, claims.items(), strict=True):
            found = rows(record, claim, width=width)
            names = [label(i, "data", "hidden") for i in found]
            panel(axes, f"{title}, width {width}", found, names, limits, log=log)
    label_below(figure, below)
    return figure


def predictions(record: harness.Record) -> None:
    """Figure 1: how far trained networks are from their NTK, by what is done about the initial function."""
    claims = {
        "single": "single-predicts-as-ntk",
        "given its initial function": "single-predicts-as-ntk-given-f0",
        "centred": "centred-predicts-as-ntk",
        "mean of 32": "ensemble-predicts-as-ntk",
    }
    below = "distance to NTK regression (standard deviations of the target); shaded: the claim"
    save(by_width(record, claims, (0, 1.05), below, log=True), "predictions")


def layers(record: harness.Record) -> None:
    """Figure 2: how a hidden layer changes a network's error, against the NTK's."""
    claims = {
        "single": "layer-changes-single-and-ntk-alike",
        "given its initial function": "layer-changes-single-and-ntk-given-f0-alike",
        "centred": "layer-changes-centred-and-ntk-alike",
        "mean of 8": "layer-changes-ensemble-and-ntk-alike",
    }
    below = "change of the network's error over its kernel's, per cent; shaded: the claim"
    save(by_width(record, claims, (-18, 18), below, log=False), "layers")


def everyday(record: harness.Record) -> None:
    """Figure 3: everyday settings, by what would mend each of the two causes."""
    claims = {
        "given its initial function": "everyday-single-predicts-as-ntk-given-f0",
        "centred": "everyday-centred-predicts-as-ntk",
        "centred, kernel after training": "everyday-centred-predicts-as-after-kernel",
        "change of the kernel": "everyday-kernel-stays",
    }
    figure, grid = plt.subplots(2, 4, figsize=(9.5, 5.5), sharey="row")
    for line, data in zip(grid, ("diabetes", "sphere"), strict=True):
        for axes, (title, claim) in zip(line, claims.items(), strict=True):
            found = rows(record, claim, data=data)
            names = [label(i, "setting", "hidden") for i in found]
            kernel = claim == "everyday-kernel-stays"
            panel(axes, f"{title}, {data}", found, names, (0.01, 30) if kernel else (0, 0.7), log=True)
            if kernel:
                axes.set_xscale("log")
    label_below(figure, "distance, or relative change of the kernel; shaded: the claim")
    save(figure, "everyday")


def table(record: harness.Record) -> str:
    """A Markdown table: per claim, how many instances have which verdict, whether they agree with its
    source, where it holds, and one example."""
    lines = ["| claim | supported | refuted | inconclusive | agreement | where | for example |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for stated in statements(record):
        claim = stated.claim
        found = [i for i in record.instances if i.claim == claim]
        counts = [sum(i.verdict == v for i in found) for v in ("supported", "refuted", "inconclusive")]
        first = found[0]
        point = ", ".join(f"{axis} {value}" for axis, value in sorted(first.labels.items()))
        said = f"{effect(first.estimate, first.unit)} {interval_text(first.interval, first.unit)} at {point}"
        agreement = f"{stated.agreement} | {stated.where}"
        lines.append(f"| {claim} | {' | '.join(map(str, counts))} | {agreement} | {said} |")
    return "\n".join(lines)


def main() -> None:
    record = harness.read_record(Path(sys.argv[1]))
    for figure in (predictions, layers, everyday):
        figure(record)
    print(table(record))


if __name__ == "__main__":
    main()
