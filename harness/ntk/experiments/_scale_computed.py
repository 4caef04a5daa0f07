"""What a trial of `ntk.scale` computes: its networks, alone or with its block, and its quantities."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from harness.declare import Lanes, NotCovered, StageError, beside, stage
from harness.ntk import scaled_predictions as predictions
from harness.ntk import scaled_training as training
from harness.ntk.architecture import Architecture
from harness.ntk.drawn_points import TrainedPoints
from harness.ntk.experiments._scale_quantities import QUANTITIES
from harness.ntk.measures import geometric_mean
from harness.ntk.trainable import Loss

SMALLEST = 1e-300
"""Stands in for a number that is exactly 0 (a kernel that did not move at all) if its logarithm is taken."""


@dataclass(frozen=True)
class ScaleSetting:
    """The parameters of `ntk.scale`, apart from the points."""

    architecture: Architecture
    networks: int
    output: float
    centred: bool
    loss: Loss
    rate: float
    decay: float
    by_layers: bool
    start: float
    steps: int

    @property
    def training_numbers(self) -> training.TrainingNumbers:
        numbers = (
            self.output, float(self.centred), self.rate, self.decay, float(self.by_layers), self.start
        )  # fmt: skip
        return training.TrainingNumbers(*(jnp.asarray(each, jnp.float64) for each in numbers))


@dataclass(frozen=True)
class TrainedNetwork:
    """One network of a trial, as NumPy arrays, with its points. `trained_networks` makes it."""

    setting: ScaleSetting
    points: TrainedPoints
    times: np.ndarray
    seen: Any
    """A `training.Trained` of one network, whose arrays are NumPy's and lack the axis of networks."""

    @property
    def rate(self) -> float:
        """The learning rate η."""
        return self.setting.rate * float(self.seen.unit)


def trained_networks(
    setting: ScaleSetting, seed: int, draw: Callable[[int], TrainedPoints], points: TrainedPoints
) -> list[TrainedNetwork]:
    """The networks of a seed. `draw` gives the points of a seed; `points` are those of this seed."""
    _require_targets(setting, points)
    lanes, times = beside(seed), training.look_times(setting.steps)
    early = training.early_look(times)
    static = (setting.networks, setting.architecture, setting.loss)
    if len(lanes.seeds) == 1:
        found = training.train_networks(
            seed, points.x, points.y, points.x_test, setting.training_numbers, times, early, *static
        )
    else:
        whole = lanes.once("training", lambda: _block(setting, lanes, draw, points, times, early))
        place = lanes.seeds.index(seed)
        found = jax.tree.map(lambda leaf: leaf[place], whole)
    arrays = jax.tree.map(np.asarray, found)

    def of(number: int) -> Any:
        return jax.tree.map(lambda leaf: leaf[number], arrays)

    return [TrainedNetwork(setting, points, times, of(number)) for number in range(setting.networks)]


def _block(
    setting: ScaleSetting,
    lanes: Lanes,
    draw: Callable[[int], TrainedPoints],
    own: TrainedPoints,
    times: np.ndarray,
    early: int,
) -> training.Trained:
    """All networks of a block of seeds.

    A seed whose points cannot be drawn fails when it is its turn. Here, this seed's points stand in for them.
    """
    rows = []
    for seed in lanes.seeds:
        try:
            rows.append(draw(seed))
        except (StageError, ValueError):
            rows.append(own)
    stacked = [np.stack([getattr(row, name) for row in rows]) for name in ("x", "y", "x_test")]
    seeds = jnp.asarray(lanes.seeds)
    found: training.Trained = training.train_block(
        seeds,
        *stacked,
        setting.training_numbers,
        times,
        early,
        setting.networks,
        setting.architecture,
        setting.loss,
    )
    return jax.tree.map(np.asarray, found)  # type: ignore[no-any-return]


def _require_targets(setting: ScaleSetting, points: TrainedPoints) -> None:
    if setting.loss == "cross-entropy" and not np.all(np.abs(points.y) == 1):
        odd = points.y[np.abs(points.y) != 1][0]
        raise StageError(
            f"cross-entropy: expected targets +1 and −1, found {odd:g}; signs = true gives these"
        )
    if setting.centred and not np.any(points.y) and setting.loss == "squared":
        raise StageError("centred: expected targets other than 0, as the loss is 0 from the start")


def of_training(network: TrainedNetwork) -> dict[str, float]:
    """The quantities of the stage "training" of one network."""
    seen, points = network.seen, network.points
    start, end = seen.kernels[0], seen.kernels[-1]
    first = float(seen.losses[0])
    lengths = predictions.path_length(seen.kernels)
    whole = float(lengths.sum())
    moved = predictions.relative_change(end, start)
    ratio = {
        "rate-unit": float(seen.unit),
        "initial-loss": first / len(points.y),
        "loss-left": float(seen.losses[-1]) / first,
        "loss-peak": max(float(seen.peak), first) / first,
        "peak-step": float(seen.peak_step),
        "eta-lambda.start": network.rate * float(seen.curvatures[0]),
        "eta-lambda.end": network.rate * float(seen.curvatures[-1]),
        "eta-lambda.peak": network.rate * float(seen.curvatures.max()),
        "flattening": float(seen.curvatures[-1] / seen.curvatures[0]),
        "kernel-change": moved,
        "kernel-change.greatest": max(predictions.relative_change(each, start) for each in seen.kernels),
        "kernel-growth": float(np.trace(end) / np.trace(start)),
        "kernel-turn": predictions.turned(end, start),
        "kernel-turn.centred": predictions.turned(predictions.centred(end), predictions.centred(start))
        if len(points.y) > 1
        else 0.0,
        "late-motion": float(lengths[len(lengths) // 2 :].sum()) / whole if whole else 0.0,
        "features-moved": float(seen.feature_moves[0] / seen.feature_norm),
        "features-moved.norm": float(seen.feature_moves[0]) / math.sqrt(len(points.y)),
        "features-moved.most": float(seen.feature_moves[1]),
        "weights-moved": float(seen.weights_moved),
        "network.error": points.ruler.error(seen.f_test),
        "network.misclassified": float(np.mean(np.sign(seen.f_test) != np.sign(points.y_test))),
        "network.train-error": float(np.sqrt(np.mean((seen.f_train[-1] - points.y) ** 2)))
        / points.ruler.error_unit,
    }
    return ratio | _early(network, moved)


def _early(network: TrainedNetwork, moved: float) -> dict[str, float]:
    """The quantities that say how much of a kernel's motion comes early."""
    kernels, early = network.seen.kernels, training.early_look(network.times)
    if len(kernels) <= early + 1:
        raise StageError(f"expected at least 2 looks after the start, found {len(kernels) - 1}")
    before = predictions.turned(kernels[1], kernels[0])
    after = predictions.turned(kernels[early + 1], kernels[early])
    return {
        "kernel-change.early": predictions.relative_change(kernels[early], kernels[0]) / max(moved, SMALLEST),
        "velocity-left": after / max(before, SMALLEST),
    }


def of_targets(network: TrainedNetwork) -> dict[str, float]:
    """The quantities of the stage "targets": alignment, half time, and the spike.

    Raises `NotCovered` if all targets are 0.
    """
    if not np.any(network.points.y):
        raise NotCovered("targets that are all 0 have no direction")
    seen, y, setting = network.seen, network.points.y, network.setting
    aligned = np.array([predictions.target_alignment(each, y) for each in seen.kernels])
    way = aligned[0] + 0.9 * (aligned[-1] - aligned[0])
    reached = np.flatnonzero(aligned >= way if aligned[-1] >= aligned[0] else aligned <= way)
    place = max(1, int(reached[0]))
    root_losses = np.sqrt(np.maximum(seen.losses, 0.0) / seen.losses[0])
    flow_time = network.times * network.rate * setting.output**2
    richness = 1 / (setting.output * math.sqrt(setting.architecture.width))
    theory = predictions.spike_half_time(richness, y)
    return {
        "target-alignment.start": float(aligned[0]),
        "target-alignment.end": float(aligned[-1]),
        "loss-when-aligned": float(seen.losses[place] / seen.losses[0]),
        "aligned-step": float(network.times[place]),
        "half-time": predictions.crossing(flow_time, root_losses, 0.5),
        "half-time.spike": theory,
        "half-time.single-layer": 2 * theory,
        "half-time.frozen": math.log(2) / 2,
        "spike": predictions.along_targets(seen.features[1], y),
        "spike.start": predictions.along_targets(seen.features[0], y),
        "spike.theory": predictions.spike(richness, y),
        "spike.beside": predictions.beside_targets(seen.features[1], seen.features[0], y)
        if len(y) > 1
        else 0.0,
    }


def of_kernels(network: TrainedNetwork) -> dict[str, float]:
    """The quantities of the stage "kernels". Raises `StageError` if the network diverged."""
    _require_alive(network)
    seen, points = network.seen, network.points
    early = training.early_look(network.times)
    found = {}
    for number, (name, look) in enumerate((("own", 0), ("early", early), ("after", -1))):
        predicted = predictions.regression_on_modes(seen.kernels[look], seen.crosses[number], points.y)
        error = points.ruler.error(predicted)
        found[f"{name}-kernel.error"] = error
        found[f"{name}-kernel.over-network"] = error / points.ruler.error(seen.f_test)
        found[f"{name}-kernel.distance"] = points.ruler.distance(seen.f_test, predicted)
    return found


def of_linearised(network: TrainedNetwork) -> dict[str, float]:
    """The quantities of the stage "linearised".

    Raises `NotCovered` or `StageError` if there is no linearised network.
    """
    setting, seen, points = network.setting, network.seen, network.points
    if setting.loss != "squared" or setting.decay:
        raise NotCovered("the closed form of the linearisation is that of squared loss without weight decay")
    if setting.rate > 1:
        raise StageError(f"the linearisation diverges: expected a rate of at most 1, found {setting.rate:g}")
    _require_alive(network)
    predicted = predictions.linearised_predictions(
        seen.kernels[0],
        seen.crosses[0],
        points.y,
        seen.f_train[0],
        seen.f_test_0,
        network.rate,
        setting.steps,
    )
    return {
        "linearised.distance": points.ruler.distance(seen.f_test, predicted),
        "linearised.error": points.ruler.error(predicted),
    }


def of_several(networks: list[TrainedNetwork]) -> dict[str, float]:
    """The quantities of the stage "several networks"."""
    if len(networks) < 2:
        raise NotCovered("a spread needs several networks: networks = 2 or more")
    for each in networks:
        _require_alive(each)
    ruler = networks[0].points.ruler
    together = np.stack([each.seen.f_test for each in networks])
    deviation = together.std(axis=0, ddof=1)
    return {
        "spread": ruler.distance(deviation, np.zeros_like(deviation)),
        "ensemble.error": ruler.error(together.mean(axis=0)),
    }


def _require_alive(network: TrainedNetwork) -> None:
    left = float(network.seen.losses[-1] / network.seen.losses[0])
    if not (network.seen.alive and left <= training.DIVERGED):
        raise StageError(f"training diverged: the loss grew {left:.3g} times")


def over_networks(found: list[dict[str, float]], scales: Mapping[str, Any]) -> dict[str, float]:
    """One number for each quantity: the geometric mean on a logarithmic scale, else the mean."""
    together: dict[str, float] = {}
    for name in found[0]:
        values = np.array([each[name] for each in found])
        logarithmic = scales[name].scale == "log"
        together[name] = geometric_mean(np.maximum(values, SMALLEST)) if logarithmic else float(values.mean())
    return together


def measured_seed(
    setting: ScaleSetting, seed: int, stages: frozenset[str], draw: Callable[[int], TrainedPoints]
) -> dict[str, float]:
    """The quantities of a seed's wanted stages. `draw` gives the points of a seed."""
    measured: dict[str, float] = {}
    with stage("data") as data_stage:
        drawn = draw(seed)
        data_stage.fixed = drawn.own_split
    with stage("training") as trained:
        found = trained_networks(setting, seed, draw, drawn)
        measured |= over_networks([of_training(each) for each in found], QUANTITIES)
    if not trained.ok:
        return measured
    for name, quantities in (
        ("targets", of_targets), ("kernels", of_kernels), ("linearised", of_linearised)
    ):  # fmt: skip
        if name in stages:
            with stage(name):
                measured |= over_networks([quantities(each) for each in found], QUANTITIES)
    if "several networks" in stages:
        with stage("several networks"):
            measured |= of_several(found)
    return measured
