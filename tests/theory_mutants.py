"""Breaks the theory of ridge regression and its neighbours on purpose, and sees what notices.

    python tests/theory_mutants.py [NAME ...]

Each mutant is applied to a copy of the checkout, as those of `tests/mutants.py` are. The tests named beside
it run first; if they pass, the claims named beside it are measured anew. A table says which noticed; it exits
with 1 if a mutant got past both. `tests/test_theory_mutants.py` checks that each can be applied.
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import mutants

SUITES = ("suites/generalisation.toml", "suites/other-kernels.toml")


@dataclass(frozen=True)
class TheoryMutant(mutants.Mutant):
    """A mutant with the claims that refute it, by a keyword, where `tests` do not notice."""

    claims: str = ""


EIGEN, RISK = "harness/ntk/eigenlearning.py", "harness/ntk/risk_estimates.py"
COMPUTED = "harness/ntk/experiments/_ridge_theory_computed.py"
ZONAL, RADIAL = "harness/ntk/zonal.py", "harness/ntk/radial.py"
PAIRS = "harness/ntk/sphere_pairs.py"
DOMAINS, FILTERS = "harness/ntk/finite_domains.py", "harness/ntk/spectral_filters.py"
TIMES, TUNED = "harness/ntk/mode_times.py", "harness/ntk/tuned_kernels.py"
PATH, CIRCLE = "harness/ntk/residual_path.py", "harness/ntk/circle_networks.py"
TRAINED = "harness/ntk/experiments/_mode_times_networks.py"
LEARNED, PACE = "harness/ntk/experiments/_learnability_computed.py", "harness/ntk/training_pace.py"
HERMITE = "harness/ntk/hermite_spectrum.py"
T = "tests/ntk/test_"


def _of(name: str, file: str, old: str, new: str, tests: str = "", claims: str = "") -> TheoryMutant:
    return TheoryMutant(name, file, old, new, f"{T}{tests}.py" if tests else "", claims=claims)


MUTANTS = [
    _of(
        "learnability squared in κ",
        EIGEN,
        "spectrum.counts @ (spectrum.values / (spectrum.values + kappa))",
        "spectrum.counts @ (spectrum.values / (spectrum.values + kappa)) ** 2",
        "eigenlearning",
    ),
    _of(
        "overfitting from Σ L",
        EIGEN,
        "spectrum.counts @ learnability**2",
        "spectrum.counts @ learnability",
        "eigenlearning",
    ),
    _of(
        "levels counted once",
        EIGEN,
        "left = points - float(spectrum.counts @ learnability**2)",
        "left = points - float(learnability @ learnability)",
        "eigenlearning",
    ),
    _of("ridge not in κ", EIGEN, "added = ridge + spectrum.tail", "added = spectrum.tail", "eigenlearning"),
    _of("tail forgotten", EIGEN, "added = ridge + spectrum.tail", "added = ridge", "eigenlearning"),
    _of(
        "bias linear in 1 − L",
        EIGEN,
        "((1 - self.learnability) ** 2) @ power",
        "(1 - self.learnability) @ power",
        "eigenlearning",
    ),
    _of("noise not squared", EIGEN, "float(bias + noise**2)", "float(bias + noise)", "eigenlearning"),
    _of(
        "training risk without n",
        EIGEN,
        "self.ridge / (self.points * self.regularisation)",
        "self.ridge / self.regularisation",
        "eigenlearning",
    ),
    _of(
        "KARE without n",
        RISK,
        "return len(y) * float(alpha @ alpha)",
        "return float(alpha @ alpha)",
        "risk_estimates",
    ),
    _of(
        "KARE over one trace",
        RISK,
        "/ float(np.trace(self.inverse)) ** 2",
        "/ float(np.trace(self.inverse))",
        "risk_estimates",
    ),
    _of(
        "leave-one-out over K's diagonal",
        RISK,
        "(self.inverse @ y) / np.diag(self.inverse)",
        "(self.inverse @ y) / np.diag(self.gram)",
        "risk_estimates",
    ),
    _of(
        "ridge not added",
        RISK,
        "matrix = self.gram + self.ridge * np.eye(size)",
        "matrix = self.gram.copy()",
        "risk_estimates",
    ),
    _of(
        "excess not squared",
        RISK,
        "np.mean(np.sum(self.weights(cross) ** 2, axis=1))",
        "np.mean(np.abs(np.sum(self.weights(cross), axis=1)))",
        "risk_estimates",
    ),
    _of(
        "ridge not scaled by n",
        "harness/ntk/experiments/_ridge_theory_setting.py",
        "self.ridge + self.train * self.ridge_per_point",
        "self.ridge + self.ridge_per_point",
        claims="ridge-is-stable",
    ),
    _of(
        "a dimension too many in the limit",
        COMPUTED,
        "self.roughness(name) / (self.setting.dimension - 1)",
        "self.roughness(name) / self.setting.dimension",
        "ridge_theory",
        "noise-risk-is-alpha",
    ),
    _of(
        "NNGP as rough as the NTK",
        COMPUTED,
        'return 1.0 if name == "ntk" else 3.0',
        "return 1.0",
        "ridge_theory",
        "nngp-noise-risk-is-alpha",
    ),
    _of(
        "NNGP a power less smooth",
        COMPUTED,
        'return 1.0 if name == "ntk" else 3.0',
        'return 1.0 if name == "ntk" else 2.0',
        "ridge_theory",
        "nngp-noise-risk-is-alpha",
    ),
    _of(
        "Matérn's ν for 2ν",
        COMPUTED,
        '"matern": 2 * at.nu',
        '"matern": at.nu',
        "ridge_theory",
        "matern-noise-risk-is-alpha",
    ),
    _of(
        "spectrum of the neighbour",
        COMPUTED,
        "found = self.zonal(name)\n",
        "found = self.zonal(CONTROL[name])\n",
        "ridge_theory",
        "noise-risk-follows-its-spectrum",
    ),
    _of(
        "harmonics not normalised",
        COMPUTED,
        "math.sqrt(share * multiplicity(d, degree))",
        "math.sqrt(share)",
        "ridge_theory",
        "learning-curve-follows",
    ),
    _of(
        "noise on the test targets' scale",
        COMPUTED,
        "clean + at.noise * random",
        "clean + at.noise**2 * random",
        "ridge_theory",
        "training-risk-follows",
    ),
    _of(
        "modes not divided by the domain",
        DOMAINS,
        "np.linalg.eigh(gram / size)",
        "np.linalg.eigh(gram)",
        "finite_domains",
        "learns-modes-by-eigenvalue",
    ),
    _of(
        "learnability on chosen points alone",
        DOMAINS,
        "weights = Ridge(gram[np.ix_(chosen, chosen)], ridge)",
        "weights = Ridge(gram[np.ix_(chosen, chosen)], ridge + 1e-6)",
        "finite_domains",
        "learnability-is-conserved",
    ),
    _of(
        "chord for half a chord",
        ZONAL,
        "kernel(2 * np.sin(angle / 2))",
        "kernel(np.sin(angle / 2))",
        "zonal",
        "noise-risk-follows",
    ),
    _of(
        "far pairs by the near formula",
        PAIRS,
        "near, far = cdist(x1, x2), cdist(x1, -x2)",
        "near, far = cdist(x1, x2), 2 * np.sqrt(x1.shape[1]) - cdist(x1, x2)",
        "sphere_pairs",
        "noise-risk-follows",
    ),
    _of(
        "a chord in units of √d",
        PAIRS,
        "near / np.sqrt(x1.shape[1])",
        "near",
        "sphere_pairs",
        "laplace-noise-risk-is-alpha",
    ),
    _of("half of the angle", PAIRS, "2 * np.arctan2(share", "np.arctan2(share", "sphere_pairs"),
    _of("a parabola for a cubic", PAIRS, "rows[:, 3] * place", "0.0 * place", "sphere_pairs"),
    _of(
        "powers not of a step",
        PAIRS,
        "spline.c * STEPS ** -powers.astype(np.float64)",
        "spline.c",
        "sphere_pairs",
    ),
    _of(
        "the spectrum of another degree",
        ZONAL,
        "self._spectra[highest] = Spectrum(",
        "self._spectra[5] = self._spectra[highest] = Spectrum(",
        "zonal",
    ),
    _of(
        "the neighbour's kernel kept",
        "harness/ntk/named_zonal.py",
        "_of_network(self.architecture, name, dimension)",
        '_of_network(self.architecture, "ntk", dimension)',
        "ridge_theory",
        "nngp-noise-risk-is-alpha",
    ),
    _of(
        "a dimension kept",
        "harness/ntk/named_zonal.py",
        "self.gamma, self.nu, dimension)",
        "self.gamma, self.nu, 4)",
        "ridge_theory",
        "laplace-noise-risk-is-alpha",
    ),
    _of(
        "an inverse with half of its diagonal too much",
        RISK,
        "inverse.flat[:: size + 1] /= 2",
        "pass",
        "risk_estimates",
    ),
    _of("half of an inverse", RISK, "below + below.T", "2 * below", "risk_estimates"),
    _of(
        "a power of a variance too few",
        HERMITE,
        "combinations_with_replacement",
        "combinations",
        "hermite_spectrum",
    ),
    _of(
        "Gaussian without ½",
        RADIAL,
        "np.exp(-((distance / length) ** 2) / 2)",
        "np.exp(-((distance / length) ** 2))",
        "radial",
    ),
    _of(
        "Matérn without √2ν",
        RADIAL,
        "s = np.sqrt(2 * nu) * distance / length",
        "s = nu * distance / length",
        "radial",
    ),
    _of(
        "flow's time for its rate",
        FILTERS,
        "-np.expm1(-times[:, None] * self.values)",
        "-np.expm1(-self.values / times[:, None])",
        "spectral_filters",
    ),
    _of(
        "ridge in units of n",
        FILTERS,
        "1 / (self.values + ridges[:, None])",
        "1 / (self.values + len(self.values) * ridges[:, None])",
        "spectral_filters",
    ),
    _of("flow not over n", TIMES, "np.full(size, float(size))", "np.full(size, 1.0)", "mode_times"),
    _of("half left for 5%", TIMES, "LEARNED = 0.05", "LEARNED = 0.5", "mode_times"),
    _of(
        "network not centred",
        PATH,
        "jnp.asarray(y) + initial.f_train",
        "jnp.asarray(y)",
        "residual_path",
    ),
    _of(
        "the network's kernel alone",
        PATH,
        "(units, largest, own)",
        "(units, None, own)",
        "residual_path",
    ),
    _of(
        "no last residual",
        PATH,
        "concatenate([path, end[None]])",
        "concatenate([path, path[-1:]])",
        "residual_path",
    ),
    _of(
        "amplitudes alike",
        CIRCLE,
        "np.array(MIXTURE, dtype=np.float64) if growing else",
        "np.ones(4) if growing else",
        "circle_networks",
    ),
    _of(
        "a sine for a cosine",
        CIRCLE,
        "path @ np.cos(frequency * angle)",
        "path @ np.sin(frequency * angle)",
        "circle_networks",
    ),
    _of("a step late", CIRCLE, "return after - 1 + (before", "return after + (before", "circle_networks"),
    _of("a step's time without n", TRAINED, "rate * len(x) * unit", "rate * unit", "circle_networks"),
    _of("a step's time without K(x,x)", TRAINED, "rate * len(x) * unit", "rate * len(x)", "circle_networks"),
    _of(
        "the initial function kept",
        LEARNED,
        "runs.f_test - np.asarray(initial.f_test, dtype=np.float64)[:, None]",
        "runs.f_test",
        "learnability",
    ),
    _of(
        "learnability not by size",
        LEARNED,
        "axis=0) / np.sum(functions**2, axis=0)",
        "axis=0)",
        "learnability",
    ),
    _of(
        "learned of other points",
        LEARNED,
        "targets = functions[chosen]",
        "targets = functions[chosen[::-1]]",
        "learnability",
    ),
    _of(
        "levels shifted",
        LEARNED,
        "return float(levels[level])",
        "return float(levels[level - 1])",
        "learnability",
    ),
    _of(
        "a loss without its square",
        PACE,
        "math.exp(-2 * self._steps",
        "math.exp(-self._steps",
        "training_pace",
    ),
    _of(
        "twice the rate",
        PACE,
        "(1 - 2 * self._units * first / last)",
        "(1 - self._units * first / last)",
        "training_pace",
    ),
    _of(
        "a pace by halves of the loss",
        PACE,
        "steps_until(left, 0.5)",
        "steps_until(left, 0.25)",
        "training_pace",
    ),
    _of(
        "no factorial",
        HERMITE,
        "math.factorial(degree) * float(series[degree])",
        "float(series[degree])",
        "hermite_spectrum",
    ),
    _of(
        "a power of the size too few", HERMITE, "/ size**degree", "/ size ** (degree - 1)", "hermite_spectrum"
    ),
    _of("variances of deviations", HERMITE, "* np.sqrt(gamma)", "* gamma", "hermite_spectrum"),
    _of(
        "a series not scaled back",
        HERMITE,
        "/ _REACH ** np.arange(HIGHEST + 1)",
        "/ _REACH",
        "hermite_spectrum",
    ),
    _of(
        "a Gram matrix not over its points",
        HERMITE,
        "np.linalg.eigvalsh(gram / len(gram))",
        "np.linalg.eigvalsh(gram)",
        "hermite_spectrum",
    ),
    _of("another ridge's unit", TUNED, "ridge * unit", "ridge", "tuned_regression"),
    _of("the worst of the grid", TUNED, "return min(found", "return max(found", "tuned_regression"),
]


def noticed_by(mutant: TheoryMutant, suites: tuple[str, ...] = SUITES, *, broken: bool = True) -> str:
    """The tests or the claims of `suites` that notice a mutant; "" if none does. Not `broken`: of sound
    code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        mutants.copy(folder)
        if broken:
            mutants.apply(mutant, folder)
        if mutant.tests:
            command = ("pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", mutant.tests)
            if mutants.run(folder, *command)[0]:
                return mutant.tests
        if mutant.claims:
            record = folder / "found.json"
            command = ("harness", "run", *suites, "--no-store", "-q", "-k", mutant.claims)
            text = mutants.run(folder, *command, "--json", str(record))[1]
            if not record.exists():
                raise RuntimeError(f"{mutant.claims}: expected a run of claims, found\n{text}")
            if mutants.failing(record, ("unexpected", "error")):
                return f"claims: {mutant.claims}"
    return ""


def main(chosen: list[TheoryMutant], suites: tuple[str, ...] = SUITES) -> None:
    """Break what is named on the command line, or all, and print who noticed."""
    names = set(sys.argv[1:])
    survivors = 0
    for mutant in chosen:
        if names and mutant.name not in names:
            continue
        start = time.perf_counter()
        if mutant.claims and (said := noticed_by(replace(mutant, tests=""), suites, broken=False)):
            raise RuntimeError(f"expected sound code to pass, found {said}")
        by = noticed_by(mutant, suites)
        survivors += not by
        print(f"{mutant.name} | {by or 'SURVIVES'} | {time.perf_counter() - start:.0f} s", flush=True)
    sys.exit(survivors > 0)


if __name__ == "__main__":
    main(MUTANTS)
