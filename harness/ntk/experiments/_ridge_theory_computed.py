"""What a trial of `ntk.ridge-theory` computes. Each part is computed once, when it is first asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np
from jaxtyping import Float

from harness.declare import NotCovered, StageError, Value
from harness.ntk import eigenlearning, finite_domains, radial, zonal
from harness.ntk.eigenlearning import Prediction, Spectrum
from harness.ntk.experiments._ridge_theory_setting import TheorySetting, power_by_degree
from harness.ntk.finite_domains import Modes
from harness.ntk.gegenbauer import multiplicity
from harness.ntk.named_zonal import NETWORK, Family, Kernel
from harness.ntk.names import SphereKernel
from harness.ntk.risk_estimates import Ridge, TrainingLabels
from harness.ntk.shapes import Matrix, Points
from harness.ntk.solve import Cross, Gram
from harness.ntk.spectral_filters import Filters
from harness.ntk.sphere_pairs import SpherePairs, pairs
from harness.ntk.zonal import Zonal

T = TypeVar("T")

CONTROL: Mapping[SphereKernel, SphereKernel] = {
    "ntk": "nngp", "nngp": "ntk", "laplace": "matern", "gamma-exponential": "laplace", "matern": "laplace",
    "gaussian": "matern",
}  # fmt: skip
"""For each kernel, its nearest alternative, whose spectrum the control uses."""

LARGEST = 4096
"""The most points whose kernel is inverted here: 16.8 million entries, and 134 MB for each of a few matrices.
"""
MODES_PER_POINT, HIGHEST = 40, 800
"""Degrees are listed until each training point has this number of modes, or up to this degree.

Learnabilities of higher degrees are below 40^(−α), and together they act as a ridge
(`eigenlearning.Spectrum.tail`)."""
GRID = 10.0 ** np.arange(-7, 3.01, 0.25)
"""The ridges, in units of K(x,x), among which the best is taken: steps of 1.8, on which the best risk is flat
to 2%."""


@dataclass(frozen=True)
class TrainingSet:
    """One training set with its test points and labels. Test targets are clean."""

    x: Float[np.ndarray, "train inputs"]
    x_test: Float[np.ndarray, "test inputs"]
    clean: TrainingLabels
    y: TrainingLabels
    y_test: Float[np.ndarray, " test"]

    @cached_property
    def at_train(self) -> SpherePairs:
        """The pairs of training points, for every kernel."""
        return pairs(self.x, self.x)

    @cached_property
    def at_test(self) -> SpherePairs:
        """The pairs of a test and a training point, for every kernel."""
        return pairs(self.x_test, self.x)


class TheoryTrial:
    """One trial. Methods raise `StageError` or `NotCovered` if they cannot compute their result."""

    def __init__(self, model: str, of_model: Mapping[str, Value], setting: TheorySetting) -> None:
        self.setting = setting
        self.family = Family(model, of_model, setting.length, setting.gamma, setting.nu)
        self._parts: dict[tuple[object, ...], Any] = {}

    def _once(self, key: tuple[object, ...], compute: Callable[[], T]) -> T:
        if key not in self._parts:
            self._parts[key] = compute()
        part: T = self._parts[key]
        return part

    # ---- kernels and spectra ----------------------------------------------------------------------------

    def zonal(self, name: SphereKernel) -> Zonal:
        """The kernel as a function of the angle.

        Raises `NotCovered` if the model's kernel is not known to be one.
        """
        return self._once(("zonal", name), lambda: self.family.zonal(name, self.setting.dimension))

    def kernel(self, name: SphereKernel) -> Kernel:
        if name in NETWORK and self.family.model != "fully-connected":
            return self._once(("kernel", name), lambda: self.family.kernel(name, self.setting.dimension))
        return self.zonal(name)

    def spectrum(self, name: SphereKernel) -> Spectrum:
        return self._once(("spectrum", name), lambda: self._spectrum(name))

    def _spectrum(self, name: SphereKernel) -> Spectrum:
        """The spectrum.

        On the sphere it is computed by quadrature and has a tail. On a finite domain it is that of the whole
        Gram matrix.
        """
        if self.setting.geometry != "sphere":
            return self.modes(name).spectrum
        found = self.zonal(name)
        highest, modes = 4, 0
        while highest < HIGHEST and modes < MODES_PER_POINT * self.setting.train:
            highest = min(HIGHEST, 1 + highest * 5 // 4)
            modes = sum(multiplicity(self.setting.dimension, degree) for degree in range(highest + 1))
        return found.spectrum(highest)

    def prediction(self, name: SphereKernel, points: int = 0) -> Prediction:
        return self._once(("prediction", name, points), lambda: self._prediction(name, points))

    def _prediction(self, name: SphereKernel, points: int) -> Prediction:
        """The theory, at the trial's number of training points or at another."""
        at = self.setting
        return eigenlearning.predict(self.spectrum(name), points or at.train, self.setting.added)

    def power(self, name: SphereKernel) -> Float[np.ndarray, " levels"]:
        """The target's power in each level of the spectrum. Raises `NotCovered` off the sphere."""
        if self.setting.geometry != "sphere":
            raise NotCovered("risk from the spectrum: the target is a sum of spherical harmonics")
        found = np.zeros(len(self.spectrum(name).values))
        for degree, share in power_by_degree(self.setting.target, self.setting.dimension).items():
            found[degree] = share
        return found

    def risk_theory(self, name: SphereKernel) -> float:
        """The theory's risk with noisy labels."""
        return self.prediction(name).risk(self.power(name), self.setting.noise)

    def training_risk_theory(self, name: SphereKernel) -> float:
        if self.setting.added <= 0:
            raise StageError("training risk: expected a ridge, found 0, with which nothing is left")
        return self.prediction(name).training_risk(self.power(name), self.setting.noise)

    def roughness(self, name: SphereKernel) -> float:
        """θ, where κ(0) − κ(r) has the singular part r^θ.

        Raises `NotCovered` if there is no such part, or if it is not known.

        On a sphere of d − 1 dimensions eigenvalues then fall as degree^(−(d−1) − θ), each shared by
        degree^(d−2) modes, so that λ_i ~ i^(−α), α = 1 + θ/(d−1). For ReLU's NTK and the Laplace kernel θ = 1
        (Bietti & Bach 2021 arXiv:2009.14397; Geifman et al. 2020 arXiv:2007.01580), for ReLU's NNGP 3.
        """
        at = self.setting
        if name in NETWORK:
            activation, hidden = self.family.architecture.activation, self.family.architecture.hidden
            if hidden == 0 or activation not in ("relu", "leaky-relu"):
                raise NotCovered("limit of interpolation: known of ReLU networks")
            return 1.0 if name == "ntk" else 3.0
        if name == "gaussian" or (name == "gamma-exponential" and at.gamma == 2):
            raise NotCovered("limit of interpolation: the Gaussian kernel's is infinite")
        return {"laplace": 1.0, "gamma-exponential": at.gamma, "matern": 2 * at.nu}[name]

    def limit(self, name: SphereKernel) -> float:
        """α − 1 = θ/(d−1): the risk, in units of σ², that noise in labels adds as n → ∞."""
        return self.roughness(name) / (self.setting.dimension - 1)

    # ---- training sets ----------------------------------------------------------------------------------

    @cached_property
    def domain(self) -> Points:
        """The points of the finite domain. Raises `NotCovered` on the sphere, which is not finite."""
        at = self.setting
        if at.geometry == "sphere":
            raise NotCovered("modes one by one: the sphere is no finite domain")
        points = (
            finite_domains.circle(at.points)
            if at.geometry == "circle"
            else finite_domains.hypercube(at.inputs)
        )
        if at.train >= len(points):
            raise StageError(
                f"training points: expected fewer than the domain's {len(points)}, found {at.train}"
            )
        return points

    def random(self, number: int) -> np.random.Generator:
        """The generator of the `number`-th training set of the seed."""
        return np.random.default_rng([self.setting.seed, number])

    @cached_property
    def draws(self) -> list[TrainingSet]:
        if self.setting.train > LARGEST:
            raise StageError(
                f"training points: expected at most {LARGEST} to regress on, found {self.setting.train}"
            )
        return [self._draw(self.random(number)) for number in range(self.setting.sets)]

    def _draw(self, random: np.random.Generator) -> TrainingSet:
        at = self.setting
        if at.geometry == "sphere":
            x = zonal.separated(at.train, self.setting.dimension, at.separation, random)
            x_test = zonal.uniform(at.test, self.setting.dimension, random)
            if at.gap:
                x[1] = zonal.point_beside(x[0], at.gap, random)
        else:
            order = random.permutation(len(self.domain))
            x, x_test = self.domain[order[: at.train]], self.domain
        clean, y_test = self.target(x), self.target(x_test)
        return TrainingSet(x, x_test, clean, clean + at.noise * random.standard_normal(at.train), y_test)

    def target(self, x: Points) -> TrainingLabels:
        """Σ √(v_k N_k) P_k(x₁/√d): the degrees' zonal harmonics about the first axis, of variances v_k."""
        d, found = self.setting.dimension, np.zeros(len(x))
        cosine = x[:, 0] / math.sqrt(d)
        polynomials = zonal.gegenbauer(d, 3, cosine)
        for degree, share in power_by_degree(self.setting.target, self.setting.dimension).items():
            found += math.sqrt(share * multiplicity(d, degree)) * polynomials[degree]
        return found

    def blocks(self, name: SphereKernel) -> list[tuple[Gram, Cross]]:
        """The kernel on each training set, and between its test and its training points.

        Both are scaled so that K(x,x) is 1 on average over the training points.
        """
        kernel, found = self.kernel(name), []
        for draw in self.draws:
            if isinstance(kernel, Zonal):
                gram, cross = kernel.between(draw.at_train), kernel.between(draw.at_test)
            else:
                gram, cross = kernel(draw.x, draw.x), kernel(draw.x_test, draw.x)
            unit = float(np.trace(gram)) / len(gram)
            found.append((gram / unit, cross / unit))
        return found

    def ridges(self, name: SphereKernel) -> list[tuple[Ridge, Cross, TrainingSet]]:
        return self._once(("ridges", name), lambda: self._ridges(name))

    def _ridges(self, name: SphereKernel) -> list[tuple[Ridge, Cross, TrainingSet]]:
        pairs = zip(self.blocks(name), self.draws, strict=True)
        return [(Ridge(gram, self.setting.added), cross, draw) for (gram, cross), draw in pairs]

    def mean(self, name: SphereKernel, measure: Callable[[Ridge, Cross, TrainingSet], float]) -> float:
        """The mean over training sets."""
        return float(np.mean([measure(*each) for each in self.ridges(name)]))

    def filters(self, name: SphereKernel) -> list[Filters]:
        return self._once(("filters", name), lambda: self._filters(name))

    def _filters(self, name: SphereKernel) -> list[Filters]:
        return [
            Filters.of(ridge.gram, cross, draw.y, draw.y_test) for ridge, cross, draw in self.ridges(name)
        ]

    # ---- modes of a finite domain -----------------------------------------------------------------------

    def _whole(self, name: SphereKernel) -> Matrix:
        """The Gram matrix over the domain."""

        def scaled() -> Matrix:
            gram = self.kernel(name)(self.domain, self.domain)
            whole: Matrix = gram / (float(np.trace(gram)) / len(gram))
            return whole

        return self._once(("whole", name), scaled)

    def modes(self, name: SphereKernel) -> Modes:
        return self._once(("modes", name), lambda: self._modes(name))

    def _modes(self, name: SphereKernel) -> Modes:
        return finite_domains.modes(self._whole(name))

    def kept(self, name: SphereKernel, basis: Literal["modes", "random", "smoothed"]) -> list[np.ndarray]:
        return self._once(("kept", name, basis), lambda: self._kept(name, basis))

    def _kept(self, name: SphereKernel, basis: Literal["modes", "random", "smoothed"]) -> list[np.ndarray]:
        """The learnabilities of each training set."""
        at, gram, size = self.setting, self._whole(name), len(self.domain)
        found = []
        for number in range(at.sets):
            random = self.random(number)
            chosen = random.permutation(size)[: at.train]
            functions = (
                finite_domains.random_basis(size, random) if basis == "random" else self.modes(name).functions
            )
            if basis == "smoothed":
                found.append(finite_domains.smoothed(gram, chosen, functions))
            else:
                found.append(finite_domains.learnabilities(gram, chosen, self.setting.added, functions))
        return found

    def conservation_error(self, name: SphereKernel, basis: Literal["modes", "random", "smoothed"]) -> float:
        """The largest |Σ L − n| of any training set."""
        return float(max(abs(each.sum() - self.setting.train) for each in self.kept(name, basis)))

    def learnability_gap(self, name: SphereKernel, by: SphereKernel, points: int = 0) -> float:
        """The largest difference, over levels, of mean learnability and λ/(λ + κ) by the spectrum of `by`.

        If `by` is another kernel, the level of a mode is its place in the order of eigenvalues.
        """
        modes, mean = self.modes(name), np.mean(self.kept(name, "modes"), axis=0)
        other = self.modes(by)
        predicted = self.prediction(by, points).learnability[other.level]
        return float(np.max(np.abs(modes.by_level(mean) - modes.by_level(predicted))))

    def control(self, name: SphereKernel) -> SphereKernel:
        return CONTROL[name]

    # ---- what several training sets give ----------------------------------------------------------------

    def clean_risk(self, name: SphereKernel) -> float:
        """Mean squared test error over the clean function."""

        def risk(ridge: Ridge, cross: Cross, draw: TrainingSet) -> float:
            return float(np.mean((cross @ (ridge.inverse @ draw.y) - draw.y_test) ** 2))

        return self._once(("clean risk", name), lambda: self.mean(name, risk))

    def excess(self, name: SphereKernel) -> float:
        """The risk that labels of pure noise add to it."""

        def excess(ridge: Ridge, cross: Cross, draw: TrainingSet) -> float:
            return ridge.excess(cross)

        return self._once(("excess", name), lambda: self.mean(name, excess))

    def closest_pair(self) -> float:
        nearest = [np.min(draw.at_train.angle + 4 * np.eye(len(draw.x))) for draw in self.draws]
        return float(np.exp(np.mean(np.log(nearest))))

    def _risks(self, name: SphereKernel, which: Literal["ridge", "flow"], later: float = 1.0) -> np.ndarray:
        """The clean risk at each strength of the grid, as the mean over training sets."""
        each = self.filters(name)
        risks = [one.ridge(GRID) if which == "ridge" else one.flow(later / GRID) for one in each]
        mean: np.ndarray = np.mean(risks, axis=0)
        return mean

    def best(self, name: SphereKernel, which: Literal["ridge", "flow"]) -> float:
        return float(self._risks(name, which).min())

    def at_least_ridge(self, name: SphereKernel) -> float:
        return float(self._risks(name, "ridge")[0])

    def flow_over_ridge(self, name: SphereKernel, later: float) -> float:
        return float(np.max(self._risks(name, "flow", later) / self._risks(name, "ridge")))

    def spiky(self, name: SphereKernel, what: Literal["training", "distance", "plain"]) -> float:
        """Compare regression with K + δ · bump, which interpolates, with regression with K and the ridge δ.

        Source: Haas et al. 2023, arXiv:2305.14077.
        """
        found = []
        for ridge, cross, draw in self.ridges(name):
            if ridge.ridge <= 0:
                raise StageError("spikes: expected a ridge, which is their height, found 0")
            bump = zonal.of_distance(lambda r: radial.gaussian(r, self.setting.spike), self.setting.dimension)
            at_train, at_test = bump.between(draw.at_train), bump.between(draw.at_test)
            spiky = Ridge(ridge.gram + ridge.ridge * at_train, 0.0)
            smooth = cross @ (ridge.inverse @ draw.y)
            alpha = spiky.inverse @ draw.y
            if what == "training":
                found.append(float(np.mean((spiky.gram @ alpha - draw.y) ** 2)))
                continue
            other = (cross + ridge.ridge * at_test) @ alpha
            if what == "plain":
                other = cross @ (Ridge(ridge.gram, 0.0).inverse @ draw.y)
            found.append(float(np.linalg.norm(other - smooth) / np.linalg.norm(smooth)))
        return float(np.mean(found))
