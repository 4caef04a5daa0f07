"""Every quantity of `ntk.regression` computed a second way: kernels and networks from where they are made,
the rest by plain solves, eigenvalues and loops. A quantity without a second way fails.

`solve`, `alternatives`, `own_kernels` and `measures` are not used here. Kernels have tests of their own
(test_kernels, test_alternatives), as has training.
"""

import sys

import jax.numpy as jnp
import numpy as np
import pytest
from sklearn.gaussian_process.kernels import RBF, Matern

from harness.declare import collect_stages
from harness.ntk import data, kernels, solve, train
from harness.ntk.architecture import Architecture
from harness.ntk.empirical import float64_ntk
from harness.ntk.experiments.regression import QUANTITIES, regression
from harness.ntk.network import apply

NETWORKS = 3
"""The least of which mean, median and geometric mean all differ."""
RIDGE = 0.02
TRAIN, TEST, WIDTH = 16, 40, 32
UNITS = 0.75
DATA = f"{__name__.rpartition('.')[2]}:waves"
"""Ours: targets that can be left as they are, in a unit that is not 1 and with a mean that is not 0."""


def waves():
    x = np.random.default_rng(0).standard_normal((100, 5))
    return x, 1 + 3 * np.sin(x[:, 0]) + x[:, 1]


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.setitem(sys.modules, DATA.partition(":")[0], sys.modules[__name__])


def rms(values):
    return np.sqrt(np.mean(values**2, axis=0))


def mean_of_logs(values):
    return float(np.exp(np.mean(np.log(values))))


def columns(prediction):
    """A predictor that knows no network predicts the same beside each."""
    return prediction if prediction.ndim == 2 else np.repeat(prediction[:, None], NETWORKS, axis=1)


def best_ridge(gram, cross, y):
    """Each point predicted from the others, at each ridge; the predictions of the best."""
    found = []
    for ridge in solve.RIDGES * np.mean(np.diag(gram)):
        full = gram + ridge * np.eye(TRAIN)
        left = []
        for out in range(TRAIN):
            rest = np.delete(np.arange(TRAIN), out)
            left.append(y[out] - gram[out, rest] @ np.linalg.solve(full[np.ix_(rest, rest)], y[rest]))
        found.append((rms(np.array(left)), cross @ np.linalg.solve(full, y)))
    return min(found, key=lambda pair: pair[0])[1]


def stepped(gram, cross, steps, rates, y, f0, f0_test):
    """Gradient descent in function space, a step at a time."""
    after = []
    for net in range(NETWORKS):
        f, f_test = f0[:, net].copy(), f0_test[:, net].copy()
        for _ in range(steps[net]):
            residual = f - y
            f -= rates[net] * gram @ residual
            f_test -= rates[net] * cross @ residual
        after.append(f_test)
    return np.stack(after, axis=1)


class Trial:
    """One trial: its values, its networks as they were trained, and the kernels."""

    def __init__(self, targets):
        original, seen = train.train, []

        def spy(initials, *args, **kwargs):
            seen.append((initials, original(initials, *args, **kwargs)))
            return seen[-1][1]

        how = {"data": DATA, "train": TRAIN, "test": TEST, "width": WIDTH, "networks": NETWORKS}
        with pytest.MonkeyPatch.context() as patch, collect_stages() as reports:
            patch.setattr(train, "train", spy)
            self.values = regression(seed=0, learning_rate=UNITS, ridge=RIDGE, targets=targets, **how)
        assert not any(report.failure for report in reports), reports
        (self.initials, self.single), (_, self.centred) = seen
        points = data.split(DATA, train=TRAIN, test=TEST, seed=0, targets=targets)
        self.x, self.y, self.x_test, self.y_test = (
            points.x_train, points.y_train, points.x_test, points.y_test
        )  # fmt: skip
        self.raw = targets == "none"
        self.architecture = Architecture(1, WIDTH)
        self.f0, self.f0_test = (
            np.stack([np.asarray(getattr(i, f), dtype=np.float64) for i in self.initials], axis=1)
            for f in ("f_train", "f_test")
        )
        self.networks = {
            "single": self.single.f_test,
            "centred": self.centred.f_test - self.f0_test,
            "ensemble": columns(np.sum(self.single.f_test, axis=1) / NETWORKS),
            "untrained": self.f0_test,
        }
        blocks = [kernels.nngp_ntk(self.architecture, self.x)]
        blocks.append(kernels.nngp_ntk(self.architecture, self.x_test, self.x))
        nngp, ntk = zip(*blocks, strict=True)
        apart = [np.linalg.norm(a - b) for n, a in enumerate(self.x) for b in self.x[:n]]
        length = np.sort(apart)[[(len(apart) - 1) // 2, len(apart) // 2]].mean()
        self.kernels = {"ntk": ntk, "nngp": nngp}
        for name, kernel in (("rbf", RBF(length)), ("laplace", Matern(length, nu=0.5)),
                             ("matern32", Matern(length, nu=1.5))):  # fmt: skip
            self.kernels[name] = kernel(self.x), kernel(self.x_test, self.x)
        width = self.x.shape[1]
        self.linear = self.x @ self.x.T / width + 1, self.x_test @ self.x.T / width + 1

    def error(self, prediction):
        unit = np.sqrt(np.mean((self.y - self.y.mean()) ** 2)) if self.raw else 1.0
        return mean_of_logs(rms(columns(prediction) - self.y_test[:, None])) / unit

    def apart(self, a, b):
        unit = np.sqrt(np.mean((self.y - self.y.mean()) ** 2)) if self.raw else rms(self.y_test)
        return mean_of_logs(rms(columns(a) - columns(b))) / unit

    def predictors(self):
        """All kernel regressions, by the names that quantities use."""
        found = {"mean": np.full(TEST, np.sum(self.y) / TRAIN), "zero": np.zeros(TEST)} | self.networks
        for name, kernel in self.kernels.items():
            found[name] = self.regress(kernel, self.y)
            found[f"{name}-given-f0"] = self.f0_test + self.regress(kernel, self.y[:, None] - self.f0)
            found[f"{name}-loo"] = best_ridge(*kernel, self.y)
        found["linear-loo"] = best_ridge(*self.linear, self.y)
        return found

    def regress(self, kernel, targets):
        gram, cross = kernel
        return cross @ np.linalg.solve(gram + RIDGE * np.mean(np.diag(gram)) * np.eye(TRAIN), targets)

    def by_name(self):
        """What the name of an error or a distance says, for predictors that have one."""
        known = self.predictors()
        found = {f"{a}.error": self.error(p) for a, p in known.items()}
        found |= {
            f"{a}-vs-{b}.distance": self.apart(known[a], known[b]) for a in known for b in known if a != b
        }
        found |= {f"{a}-over-ntk.error-ratio": found[f"{a}.error"] / found["ntk.error"] for a in known}
        alternatives = ("nngp", "rbf", "laplace", "matern32")
        for network in ("single", "centred", "ensemble"):
            found[f"{network}-vs-nearest-alternative.distance"] = min(
                found[f"{network}-vs-{alternative}.distance"] for alternative in alternatives
            )
        found["single-vs-nearest-alternative-given-f0.distance"] = min(
            found["single-vs-ntk.distance"],
            *(found[f"single-vs-{alternative}-given-f0.distance"] for alternative in alternatives),
        )
        return found | self.in_time() | self.with_own_kernels() | self.of_training()

    def rates(self):
        largest = np.linalg.eigvalsh(self.kernels["ntk"][0])[-1]
        kernels = [float64_ntk(each.params, self.architecture, self.x) for each in self.initials]
        own = [np.linalg.eigvalsh(kernel)[-1] for kernel in kernels]
        return np.array([UNITS * 2 / max(largest, one) for one in own])

    def in_time(self):
        goal = self.y, self.f0, self.f0_test
        from_zero = self.y, 0 * self.f0, 0 * self.f0_test
        at_time = stepped(*self.kernels["ntk"], self.single.steps, self.rates(), *goal)
        centred = stepped(*self.kernels["ntk"], self.centred.steps, self.rates(), *from_zero)
        return {
            "ntk-at-time.error": self.error(at_time),
            "single-vs-ntk-at-time.distance": self.apart(self.networks["single"], at_time),
            "centred-vs-ntk-at-time.distance": self.apart(self.networks["centred"], centred),
        }

    def with_own_kernels(self):
        def own(params):
            return (
                float64_ntk(params, self.architecture, self.x),
                float64_ntk(params, self.architecture, self.x_test, self.x),
            )

        def by(kernels_, goal):
            return np.stack([self.regress(k, g) for k, g in zip(kernels_, goal.T, strict=True)], axis=1)

        before = [own(initial.params) for initial in self.initials]
        after, late = ([own(p) for p in runs.params] for runs in (self.single, self.centred))
        y, left = columns(self.y), columns(self.y) - self.f0
        moved = self.networks["single"] - self.f0_test
        change = [np.linalg.norm(b - a) / np.linalg.norm(a)
                  for (a, _), (b, _) in zip(before, after, strict=True)]  # fmt: skip
        return {
            "own-ntk.error": self.error(by(before, y)),
            "after-kernel.error": self.error(by(after, y)),
            "single-vs-own-ntk-given-f0.distance": self.apart(moved, by(before, left)),
            "single-vs-after-kernel-given-f0.distance": self.apart(moved, by(after, left)),
            "centred-vs-own-ntk.distance": self.apart(self.networks["centred"], by(before, y)),
            "centred-vs-after-kernel.distance": self.apart(self.networks["centred"], by(late, y)),
            "kernel-change": mean_of_logs(np.array(change)),
        }

    def of_training(self):
        variance = np.mean((self.y - self.y.mean()) ** 2) if self.raw else 1.0
        losses = {"single": [], "centred": []}
        for kind, runs, goal in (
            ("single", self.single, columns(self.y)), ("centred", self.centred, columns(self.y) + self.f0),
        ):  # fmt: skip
            for params, target in zip(runs.params, goal.T, strict=True):
                f = np.asarray(apply(params, self.architecture, jnp.asarray(self.x, jnp.float32)))
                losses[kind].append(np.mean((f.astype(float) - target) ** 2) / variance)
        gram = self.kernels["ntk"][0] + RIDGE * np.mean(np.diag(self.kernels["ntk"][0])) * np.eye(TRAIN)
        return {
            **{f"{kind}.final-loss": max(found) for kind, found in losses.items()},
            "steps": float(sum(self.single.steps)) / NETWORKS,
            "learning-rate": mean_of_logs(self.rates()),
            "condition-number": np.linalg.cond(gram),
            **{f"{name}.jitter": 0.0 for name in self.kernels},
        }


ROUNDING = {
    "single.final-loss": 1e-3, "centred.final-loss": 1e-3, "learning-rate": 1e-5,
    "single-vs-ntk-at-time.distance": 1e-5, "centred-vs-ntk-at-time.distance": 1e-5,
    "ntk-at-time.error": 1e-5,
}  # fmt: skip
"""Relative. The loss is of residuals of 1e-2, in outputs whose float32 rounding is 1e-7. The experiment takes
a network's largest eigenvalue, and so its rate, from a float32 kernel. All else is float64: 1e-6, to which
solves are trusted."""


@pytest.mark.parametrize("targets", ["standardise", "none"])
def test_every_quantity_by_hand(targets):
    """Raw targets have a unit: the deviation of the training targets."""
    trial = Trial(targets)
    by_hand = trial.by_name()
    assert set(trial.values) == set(QUANTITIES) <= set(by_hand)
    for name in QUANTITIES:
        expected = pytest.approx(by_hand[name], rel=ROUNDING.get(name, 1e-6), abs=0)
        assert trial.values[name] == expected, name
    unlike = [name for name in QUANTITIES if "nearest" not in name and "jitter" not in name]
    if targets == "standardise":
        unlike.remove("zero.error")  # their mean is 0
    assert len({round(trial.values[name], 9) for name in unlike}) == len(unlike)


def test_each_kernels_jitter_by_hand(monkeypatch):
    """Conditions of at most 10 trusted, so that all kernels need some: what brings each there, over λ_max."""
    monkeypatch.setattr(solve, "TRUSTED_CONDITION", 10.0)
    monkeypatch.setattr(solve, "TRUSTED_RESIDUAL", 10.0)
    seen = {}
    original = solve.factor

    def spy(name, gram, ridge=0.0):
        seen[name] = np.linalg.eigvalsh((gram + gram.T) / 2)
        return original(name, gram, ridge)

    monkeypatch.setattr(solve, "factor", spy)
    with collect_stages():
        values = regression(seed=0, data=DATA, train=TRAIN, test=TEST, width=WIDTH)
    names = {"ntk": "NTK", "nngp": "NNGP", "rbf": "RBF", "laplace": "Laplace", "matern32": "Matérn-3/2"}
    needed = {name: (v[-1] - 10 * v[0]) / 9 / v[-1] for name, v in seen.items()}
    assert len({needed[name] for name in names.values()}) == len(names)
    for name, called in names.items():
        assert needed[called] > 0
        assert values[f"{name}.jitter"] == pytest.approx(needed[called], rel=1e-9)
