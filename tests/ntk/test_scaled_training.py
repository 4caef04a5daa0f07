"""Scaled networks through training: against the same by hand in NumPy, with derivatives written out."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import pytest

from harness.declare import StageError, abreast, find
from harness.ntk import scaled_training as training
from harness.ntk.architecture import Architecture
from harness.ntk.drawn_points import draw_points
from harness.ntk.experiments.scale import STAGES, bytes_of_networks, scale, seconds_of_trial
from harness.ntk.network import init
from harness.ntk.train import network_key
from harness.ntk.trainable import Loss

TRAINED = 2e-5
"""Relative, of networks in float32 after some steps against float64 by hand: measured 1e-6."""

NETWORK = Architecture(1, 6, "tanh", w_std=1.3, b_std=0.4)
X = np.array([[1.0, 0.5], [-0.3, 1.2], [0.7, -0.9]])
Y = np.array([1.0, -1.0, 1.0])
X_TEST = np.array([[0.2, 0.1], [-1.0, 0.4]])
TIMES = training.look_times(7)
QUANTITIES = find("ntk.scale").quantities


@dataclass
class ByHand:
    """One hidden layer of tanh in NTK parameterization, one output, float64."""

    w: np.ndarray
    b: np.ndarray
    v: np.ndarray
    c: np.ndarray

    def pre(self, x: np.ndarray) -> np.ndarray:
        return x @ self.w * (1.3 / np.sqrt(2)) + 0.4 * self.b

    def f(self, x: np.ndarray) -> np.ndarray:
        return (np.tanh(self.pre(x)) @ self.v * (1.3 / np.sqrt(6)) + 0.4 * self.c)[:, 0]

    def jacobian(self, x: np.ndarray) -> list[np.ndarray]:
        """∂f/∂(w, b, v, c) at each point."""
        a = np.tanh(self.pre(x))
        back = (1 - a**2) * self.v[:, 0] * (1.3 / np.sqrt(6))
        return [
            x[:, :, None] * back[:, None, :] * (1.3 / np.sqrt(2)),
            0.4 * back,
            (a * (1.3 / np.sqrt(6)))[:, :, None],
            np.full((len(x), 1), 0.4),
        ]

    def kernel(self, x: np.ndarray, other: np.ndarray | None = None) -> np.ndarray:
        flat, flat_other = (
            np.concatenate([each.reshape(len(points), -1) for each in self.jacobian(points)], axis=1)
            for points in (x, x if other is None else other)
        )
        return flat @ flat_other.T

    def step(self, slope: np.ndarray, rate: float, shrinks: list[float]) -> ByHand:
        moves = [rate * np.tensordot(slope, each, 1) for each in self.jacobian(X)]
        return ByHand(
            self.w * (1 - shrinks[0]) - moves[0], self.b - moves[1],
            self.v * (1 - shrinks[1]) - moves[2], self.c - moves[3],
        )  # fmt: skip


def by_hand(seed: int, course: tuple[float, ...], loss: Loss) -> tuple[list[ByHand], float]:
    """The network before each of seven steps and after them, and 2/λ₀."""
    s, c, units, decay, by_layers, start = course
    (w, b), (v, bias) = init(network_key(seed, 0), NETWORK, 2)
    net = ByHand(*(start * np.asarray(each, np.float64) for each in (w, b, v, bias)))
    first, path = net.f(X), [net]
    curved = np.ones(3)
    if loss == "cross-entropy":
        likely = 1 / (1 + np.exp(-s * (1 - c) * first))
        curved = likely * (1 - likely)
    largest = np.linalg.eigvals(np.diag(curved) @ net.kernel(X)).real.max() * s**2
    rate = units * 2 / largest
    for _ in range(7):
        out = s * (net.f(X) - c * first)
        by_output = out - Y if loss == "squared" else -Y / (1 + np.exp(Y * out))
        shrinks = [rate * decay * largest * (fan_in / 1.3**2) ** by_layers for fan_in in (2, 6)]
        net = net.step(s * by_output, rate, shrinks)
        path.append(net)
    return path, 2 / largest


def trained(seed: int, course: tuple[float, ...], loss: Loss) -> training.Trained:
    numbers = training.TrainingNumbers(*(jnp.asarray(each) for each in course))
    found = training.train_networks(seed, X, Y, X_TEST, numbers, TIMES, 1, 1, NETWORK, loss)
    return training.Trained(*(np.asarray(each)[0] for each in found))


def assert_the_same(course: tuple[float, ...], loss: Loss) -> None:
    seen, (path, unit) = trained(3, course, loss), by_hand(3, course, loss)
    s, c, *_ = course
    first = path[0]

    def close(found: np.ndarray, expected: object) -> None:
        size = float(np.max(np.abs(np.asarray(expected))))
        assert found == pytest.approx(np.asarray(expected), rel=TRAINED, abs=TRAINED * size)

    def output(net: ByHand, x: np.ndarray) -> np.ndarray:
        return s * (net.f(x) - c * first.f(x))

    outputs = [output(net, X) for net in path]
    each = [
        np.sum((f - Y) ** 2) / 2 if loss == "squared" else np.sum(np.log1p(np.exp(-Y * f))) for f in outputs
    ]
    close(seen.unit, unit)
    close(seen.losses, each)
    close(seen.f_train, outputs)
    close(seen.kernels, [s**2 * net.kernel(X) for net in path])
    close(seen.crosses, [s**2 * path[place].kernel(X_TEST, X) for place in (0, 1, 7)])
    close(seen.f_test_0, output(first, X_TEST) if c else s * first.f(X_TEST))
    close(seen.f_test, output(path[-1], X_TEST))
    close(seen.peak, max(each[:-1]))
    assert seen.peak_step == int(np.argmax(each[:-1]))
    before, after = np.tanh(first.pre(X)), np.tanh(path[-1].pre(X))
    close(seen.features, [before @ before.T / 6, after @ after.T / 6])
    close(seen.feature_norm, np.linalg.norm(before))
    close(seen.feature_moves, [np.linalg.norm(after - before), np.max(np.abs(after - before))])
    moved = np.sqrt(sum(np.sum((getattr(path[-1], name) - getattr(first, name)) ** 2) for name in "wv"))
    close(seen.weights_moved, moved / np.sqrt(np.sum(first.w**2) + np.sum(first.v**2)))


@pytest.mark.parametrize(
    "course",
    [
        (1.7, 0.0, 0.4, 0.0, 0.0, 0.8),  # neither centred nor decaying
        (0.3, 1.0, 0.4, 0.02, 0.0, 0.8),
        (0.3, 1.0, 0.4, 0.02, 1.0, 0.8),  # decaying by layers
        (2.0, 0.0, 1.6, 0.0, 0.0, 1.0),  # beyond the edge: the loss grows first
    ],
)
def test_training_is_gradient_descent_by_hand(course: tuple[float, ...]) -> None:
    assert_the_same(course, "squared")


@pytest.mark.slow
def test_training_on_cross_entropy_is_too() -> None:
    assert_the_same((1.7, 0.0, 0.4, 0.02, 0.0, 0.8), "cross-entropy")


def test_what_diverges_stays_where_it_was() -> None:
    seen = trained(3, (1.0, 0.0, 500.0, 0.0, 0.0, 1.0), "squared")
    assert not seen.alive
    assert np.all(np.isfinite(seen.kernels))
    assert seen.losses[-1] > training.DIVERGED * seen.losses[0]
    assert seen.losses[-1] == seen.losses[-2]


def test_looks() -> None:
    assert training.look_times(7).tolist() == list(range(8))
    assert training.look_times(80).tolist() == list(range(0, 81, 2))
    assert training.early_look(training.look_times(400)) == 4
    assert training.early_look(training.look_times(4)) == 1


TINY = {
    "train": 4, "test": 3, "inputs": 3, "width": 4, "steps": 20, "activation": "tanh", "w_std": 1.0,
    "stages": frozenset({"training", "targets", "kernels", "linearised"}),
}  # fmt: skip


@pytest.mark.slow
def test_each_quantity_is_measured_and_scales_are_what_they_say() -> None:
    """One program: what differs are numbers. F = α/γ₀ · width^(−r) f, so that λ₀ goes as its square."""
    plain = scale(seed=1, **TINY)
    assert set(plain) == {name for name, each in QUANTITIES.items() if each.stage != "several networks"}
    scaled = scale(seed=1, alpha=3.0, gamma=0.5, exponent=0.5, **TINY)
    assert scaled["rate-unit"] == pytest.approx(plain["rate-unit"] / (3.0 / 0.5 / 2.0) ** 2, rel=1e-12)
    assert plain["eta-lambda.start"] == pytest.approx(0.5, rel=1e-12)
    faster = scale(seed=1, learning_rate=0.1, rate_exponent=1.0, **TINY)
    assert faster["eta-lambda.start"] == pytest.approx(0.2 * 4 / 64, rel=1e-12)
    centred = scale(seed=1, centred=True, alpha=7.0, **TINY)
    drawn = draw_like(seed=1)
    assert centred["initial-loss"] == pytest.approx(np.mean(drawn.y**2) / 2, rel=1e-12)
    lazy = scale(seed=1, centred=True, alpha=200.0, **TINY)
    # Both fall as 1/α at least, and by 200/7 = 29; float32 is right to 200 × 6e-8 of f.
    assert lazy["kernel-change"] < 0.1 * centred["kernel-change"]
    assert lazy["linearised.distance"] < 0.1 * centred["linearised.distance"]
    with pytest.raises(StageError, match="linearisation diverges"):
        scale(seed=1, learning_rate=1.5, **TINY)
    with pytest.raises(StageError, match="expected targets"):
        scale(seed=1, loss="cross-entropy", **TINY)
    with pytest.raises(StageError, match="loss is 0 from the start"):
        scale(seed=1, points="one", centred=True, train=1, test=1, inputs=1, width=4)


def draw_like(seed: int):  # type: ignore[no-untyped-def]
    return draw_points(
        "sphere", data="digits", preprocess="default", targets="default", target="linear", signs=False,
        train=4, test=3, inputs=3, anisotropy=0.0, snr=1.0, seed=seed,
    )  # fmt: skip


def test_estimates_grow() -> None:
    given = {"train": 4, "test": 3, "inputs": 3, "width": 8, "hidden": 1, "networks": 1, "steps": 20}
    for name in given:
        more = {**given, name: given[name] * 100}
        assert name in ("steps", "inputs") or bytes_of_networks(more) > bytes_of_networks(given)
        assert name == "test" or seconds_of_trial(more, STAGES) > seconds_of_trial(given, STAGES)


@pytest.mark.slow
def test_networks_of_a_seed_and_of_a_block() -> None:
    """In a block a network rounds otherwise, as in test_abreast: tanh, 4e-7 of outputs; kernels add some."""
    tiny = {**TINY, "stages": STAGES}
    several = scale(seed=2, networks=3, **tiny)
    assert set(several) == set(QUANTITIES)
    alone = {seed: scale(seed=seed, networks=2, **tiny) for seed in (0, 1)}
    with abreast((0, 1)):
        together = {seed: scale(seed=seed, networks=2, **tiny) for seed in (0, 1)}
    for seed in (0, 1):
        assert together[seed] == pytest.approx(alone[seed], rel=2e-3, abs=1e-6)
    assert alone[0]["spread"] != pytest.approx(alone[1]["spread"], rel=0.01)


@pytest.mark.slow
def test_a_stage_gives_the_same_whichever_are_wanted() -> None:
    whole = scale(seed=1, **TINY)
    for name in ("targets", "kernels", "linearised"):
        found = scale(seed=1, **{**TINY, "stages": frozenset({name})})
        wanted = [each for each, quantity in QUANTITIES.items() if quantity.stage == name]
        assert {each: found[each] for each in wanted} == {each: whole[each] for each in wanted}


@pytest.mark.slow
def test_standard_and_ntk_parameterizations_start_alike() -> None:
    one, other = (scale(seed=1, parameterization=each, **TINY) for each in ("ntk", "standard"))
    assert one["initial-loss"] == pytest.approx(other["initial-loss"], rel=1e-5)
    assert one["rate-unit"] != pytest.approx(other["rate-unit"], rel=0.1)


@pytest.mark.slow
def test_two_linear_layers_of_an_experiment() -> None:
    """Its numbers are those of their theory, in units of that theory: γ₀ and flow time, not steps.

    At width 256 a network's spike is 9% off its mean, and its half time about as much.
    """
    found = scale(
        seed=0, points="whitened", train=8, test=5, inputs=8, activation="identity", w_std=1.0, width=256,
        gamma=0.5, exponent=0.5, centred=True, learning_rate=0.02, steps=160,
        stages=STAGES - {"several networks"},
    )  # fmt: skip
    assert found["spike.theory"] == pytest.approx(np.sqrt(1 + 0.5**2 * 8), rel=1e-12)
    assert found["spike"] == pytest.approx(found["spike.theory"], rel=0.25)
    assert found["half-time"] == pytest.approx(found["half-time.spike"], rel=0.25)
    assert found["half-time.single-layer"] == pytest.approx(2 * found["half-time.spike"], rel=1e-12)
    # The residual, which moves the kernel, decays: little of its way is late.
    assert found["late-motion"] < 0.2
    # A linear kernel of full rank predicts a linear target exactly, if it is one at training and test points.
    assert max(found[f"{when}-kernel.error"] for when in ("own", "early", "after")) < 1e-6
