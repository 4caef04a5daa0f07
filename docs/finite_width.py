"""Draw the two figures of findings.md about finite width: they train the networks that they show.

Usage:

    python docs/finite_width.py            # both, in about two minutes of one core

Seeds are those that `suites/finite-width.toml` names as explored.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np

from harness.ntk.architecture import Architecture
from harness.ntk.drawn_points import TrainedPoints, draw_points
from harness.ntk.experiments._scale_computed import ScaleSetting, trained_networks
from harness.ntk.experiments.scale import scale

matplotlib.use("svg")
matplotlib.rcParams["svg.hashsalt"] = "finite width"  # the same numbers give the same file
import matplotlib.pyplot as plt  # noqa: E402 (after the backend is chosen)

FIGURES = Path(__file__).parent / "figures"
SEEDS = range(8)
WIDTHS = (32, 64, 128, 256, 512)
GAMMAS = (0.1, 0.3, 1.0, 3.0)
RATES = (0.9, 1.1, 1.25, 1.5, 1.75, 1.95)
STEPS = 40


def grid() -> Mapping[str, np.ndarray]:
    """Geometric means over seeds of kernel change and test error, [γ₀, width]."""
    names = ("kernel-change", "network.error")
    found = np.empty((len(names), len(GAMMAS), len(WIDTHS)))
    for column, width in enumerate(WIDTHS):
        for row, gamma in enumerate(GAMMAS):
            measured = [
                scale(
                    seed=seed, points="sphere", target="product", train=64, test=200, width=width,
                    gamma=gamma, exponent=0.5, centred=True, learning_rate=0.1, steps=1500,
                    stages=frozenset({"training"}),
                )
                for seed in SEEDS
            ]  # fmt: skip
            for number, name in enumerate(names):
                found[number, row, column] = np.exp(np.mean([np.log(each[name]) for each in measured]))
    return dict(zip(names, found, strict=True))


def draw_grid(path: Path) -> None:
    """Kernel change and test error over width and γ₀."""
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.2), constrained_layout=True)
    titles = {"kernel-change": "change of the kernel", "network.error": "test error"}
    for axis, (name, values) in zip(axes, grid().items(), strict=True):
        image = axis.imshow(np.log(values), aspect="auto", origin="lower", cmap="viridis")
        for (row, column), value in np.ndenumerate(values):
            bright = image.norm(np.log(value)) > 0.6
            axis.text(column, row, f"{value:.2g}", ha="center", va="center", color="k" if bright else "w")
        axis.set_xticks(range(len(WIDTHS)), [str(width) for width in WIDTHS])
        axis.set_yticks(range(len(GAMMAS)), [f"{gamma:g}" for gamma in GAMMAS])
        axis.set_xlabel("width")
        axis.set_ylabel("γ₀")
        axis.set_title(titles[name])
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def one_point(seed: int) -> TrainedPoints:
    """The single sample of the source's model."""
    return draw_points(
        "one", data="digits", preprocess="default", targets="default", target="linear", signs=False,
        train=1, test=1, inputs=1, anisotropy=0.0, snr=1.0, seed=seed,
    )  # fmt: skip


def draw_catapult(path: Path) -> None:
    """ηλ and the loss, step by step, of one network of two linear layers at rates through the edge."""
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 3.2), constrained_layout=True)
    for rate in RATES:
        setting = ScaleSetting(
            Architecture(1, 512, "identity", 1.0, 0.0, biases="none"), 1, 1.0, False, "squared", rate, 0.0,
            False, 1.0, STEPS,
        )  # fmt: skip
        (network,) = trained_networks(setting, 0, one_point, one_point(0))
        label = f"{rate:g} × 2/λ₀"
        axes[0].plot(network.times, network.rate * network.seen.curvatures, label=label)
        axes[1].semilogy(network.times, network.seen.losses / network.seen.losses[0], label=label)
    axes[0].axhline(2.0, color="k", lw=0.8, ls=":")
    axes[0].set_ylabel("ηλ")
    axes[1].set_ylabel("loss, over that at the start")
    axes[1].set_ylim(1e-6, None)
    for axis in axes:
        axis.set_xlabel("step")
    axes[1].legend(fontsize=7)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


if __name__ == "__main__":
    draw_catapult(FIGURES / "catapult.svg")
    draw_grid(FIGURES / "richness.svg")
