"""The experiment `ntk.regression`: trained networks beside the kernel regressions that should predict them.

Predictors, by the names that quantities use:

    single      a trained network                       f
    centred     trained as f − f₀, predicts f − f₀      (f₀: the same initialisation)
    ensemble    the mean of the trial's single networks
    untrained   f₀
    ntk, nngp, rbf, laplace       kernel regression     K(x,X) (K(X,X) + ridge)⁻¹ y
    ntk-given-f0, nngp-given-f0   with the residual of f₀ as target, added to f₀
    ntk-at-time                   ntk-given-f0, at the step at which the single network stopped
    mean                          the mean of the training targets

`A.error` and `A-vs-B.distance` are defined in `harness.ntk.measures`. Importing this module imports no
library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Quantity, StageError, experiment, stage

DATA = ("diabetes", "digits", "breast-cancer", "sphere")

RESOLUTION = 1e-6
"""Of what is computed once: kernel solves are trusted to 1e-6 (`solve.TRUSTED_CONDITION`), and an untrained
network's float32 outputs are as good (unit roundoff 6e-8, times the root of a layer's few hundred terms)."""

TRAINED_RESOLUTION = 3e-4
"""Of trained networks' errors. Gradient descent in float32 and in float64 from the same start (3 data sets,
1 and 3 hidden ReLU layers, widths 64 to 512, 24 runs) ended with errors apart by 1e-7 to 3e-4, relative:
rounding moves a point across a kink of a ReLU, and the paths part."""

FINE_DISTANCE, TRAINED_DISTANCE = 1e-4, 1e-3
"""Of distances: relative, so coarser than the predictions' own resolution by the size of a distance. Kernels:
1e-6 in distances of 0.01 and more. Trained networks: in the runs above predictions came apart by a median of
2e-5 and at most 2e-3, in distances of 0.1 to 0.5."""


def _error(about: str, at: str, over_networks: bool = True) -> Quantity:
    resolution = TRAINED_RESOLUTION if at in ("training", "comparison") else RESOLUTION
    mean = ", geometric mean over networks" if over_networks else ""
    text = f"root mean square test error of {about}{mean}"
    unit = "standard deviations of the target"
    return Quantity(text, scale="log", unit=unit, resolution=resolution, stage=at)


def _distance(a: str, b: str, at: str = "comparison", over_networks: bool = True) -> Quantity:
    mean = ", geometric mean over networks" if over_networks else ""
    text = f"root mean square difference on the test points between {a} and {b}{mean}"
    unit = "root mean square of the test targets"
    resolution = FINE_DISTANCE if at == "kernels" else TRAINED_DISTANCE
    return Quantity(text, scale="log", unit=unit, resolution=resolution, stage=at)


_SINGLE, _CENTRED, _ENSEMBLE = "a trained network", "a centred trained network", "the ensemble's mean"
_NTK, _NNGP = "NTK regression", "NNGP regression"
_MEAN = "the mean of the training targets"
_GIVEN, _NNGP_GIVEN = "NTK regression given f₀", "NNGP regression given f₀"
_AT_TIME = "the NTK's prediction given f₀ and the steps actually trained"

QUANTITIES = {
    "mean.error": _error(_MEAN, "data", over_networks=False),
    "untrained.error": _error("an untrained network, f₀", "initialisation"),
    "ntk.error": _error(_NTK, "kernels", over_networks=False),
    "nngp.error": _error(_NNGP, "kernels", over_networks=False),
    "rbf.error": _error("RBF regression", "kernels", over_networks=False),
    "laplace.error": _error("Laplace regression", "kernels", over_networks=False),
    "ntk-given-f0.error": _error(_GIVEN, "kernels"),
    "nngp-given-f0.error": _error(_NNGP_GIVEN, "kernels"),
    "nngp-vs-ntk.distance": _distance(_NNGP, _NTK, "kernels", over_networks=False),
    "rbf-vs-ntk.distance": _distance("RBF regression", _NTK, "kernels", over_networks=False),
    "mean-vs-ntk.distance": _distance(_MEAN, _NTK, "kernels", over_networks=False),
    "condition-number": Quantity(
        "condition number of the NTK's training Gram matrix, ridge included", resolution=RESOLUTION,
        stage="kernels",
    ),
    "jitter": Quantity(
        "largest jitter that a kernel of this trial needed beyond the ridge; 0 where none did",
        scale="linear", unit="largest eigenvalue of that kernel", resolution=1e-15, stage="kernels",
    ),
    "single.error": _error(_SINGLE, "training"),
    "centred.error": _error(_CENTRED, "training"),
    "ensemble.error": _error(_ENSEMBLE, "training", over_networks=False),
    "single-vs-untrained.distance": _distance(_SINGLE, "its initial function f₀", "training"),
    "final-loss": Quantity(
        "mean squared training residual at the end, the largest of all networks", resolution=RESOLUTION,
        stage="training",
    ),
    "steps": Quantity(
        "gradient steps, mean over the single networks", scale="linear", unit="steps", resolution=1.0,
        stage="training",
    ),
    "learning-rate": Quantity(
        "learning rate of gradient descent on ½Σr², geometric mean over networks", unit="1/NTK eigenvalue",
        resolution=RESOLUTION, stage="training",
    ),
    "ntk-at-time.error": _error(_AT_TIME, "comparison"),
    "single-vs-ntk.distance": _distance(_SINGLE, _NTK),
    "single-vs-ntk-given-f0.distance": _distance(_SINGLE, _GIVEN),
    "single-vs-ntk-at-time.distance": _distance(_SINGLE, _AT_TIME),
    "single-vs-nngp.distance": _distance(_SINGLE, _NNGP),
    "single-vs-nngp-given-f0.distance": _distance(_SINGLE, _NNGP_GIVEN),
    "centred-vs-ntk.distance": _distance(_CENTRED, _NTK),
    "centred-vs-nngp.distance": _distance(_CENTRED, _NNGP),
    "centred-vs-rbf.distance": _distance(_CENTRED, "RBF regression"),
    "centred-vs-laplace.distance": _distance(_CENTRED, "Laplace regression"),
    "ensemble-vs-ntk.distance": _distance(_ENSEMBLE, _NTK, over_networks=False),
    "ensemble-vs-nngp.distance": _distance(_ENSEMBLE, _NNGP, over_networks=False),
    "ensemble-vs-rbf.distance": _distance(_ENSEMBLE, "RBF regression", over_networks=False),
}

ABOUT = {
    "data": "data set, or package.module:function that returns (inputs [points, features], targets [points])",
    "noise": "standard deviation of Gaussian noise on the training targets (they have about 1)",
    "train": "training points",
    "test": "test points",
    "hidden": "hidden layers; 0 is a linear model",
    "width": "units in each hidden layer",
    "networks": "initialisations per seed",
    "activation": "max(x, 0), erf(x), or none",
    "w_std": "weight scale σ_w of every layer",
    "b_std": "bias scale σ_b of every layer",
    "parameterization": "ntk: scales beside the weights; standard: in their initial distribution",
    "learning_rate": "in units of 2/λ_max, λ_max the larger of the analytic and the network's initial NTK's",
    "target_loss": "mean squared training residual at which training stops",
    "max_steps": "step budget; reaching it fails the stage `training`",
    "ridge": "added to the diagonal for kernel regression, in units of each kernel's mean diagonal",
}


@experiment("ntk.regression", version=1, quantities=QUANTITIES, about=ABOUT)
def regression(
    *,
    seed: int,
    data: Annotated[
        str,
        Meta(
            pattern=r"^(diabetes|digits|breast-cancer|sphere|[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*)$",
            examples=list(DATA),
        ),
    ] = "diabetes",
    noise: Annotated[float, Meta(ge=0)] = 0.0,
    train: Annotated[int, Meta(ge=2, le=8192)] = 64,
    test: Annotated[int, Meta(ge=1, le=100_000)] = 200,
    hidden: Annotated[int, Meta(ge=0, le=64)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 512,
    networks: Annotated[int, Meta(ge=1, le=1024)] = 1,
    activation: Literal["relu", "erf", "identity"] = "relu",
    w_std: Annotated[float, Meta(gt=0)] = 1.5,
    b_std: Annotated[float, Meta(ge=0)] = 0.1,
    parameterization: Literal["ntk", "standard"] = "ntk",
    learning_rate: Annotated[float, Meta(gt=0, le=100)] = 0.75,
    target_loss: Annotated[float, Meta(gt=0)] = 1e-4,
    max_steps: Annotated[int, Meta(ge=2, le=10_000_000)] = 20_000,
    ridge: Annotated[float, Meta(ge=0)] = 0.0,
) -> dict[str, float]:
    """Train networks by gradient descent and predict with their kernels, on the same points.

    Lee et al. 2019 (arXiv:1902.06720) assert that a wide trained network predicts as NTK regression given
    its initial function; Liu et al. 2025 (arXiv:2501.10929) dispute that this holds in practice.
    """
    import numpy as np

    from harness.ntk import kernels, measures, solve
    from harness.ntk import train as training
    from harness.ntk.architecture import Architecture
    from harness.ntk.data import split

    measured: dict[str, float] = {}
    architecture = Architecture(hidden, width, activation, w_std, b_std, parameterization)

    with stage("data"):
        points = split(data, train=train, test=test, seed=seed, noise=noise)
        x, y, x_test, y_test = points.x_train, points.y_train, points.x_test, points.y_test
        mean = np.full(test, y.mean())
        measured["mean.error"] = measures.error(mean, y_test)

    with stage("initialisation"):
        keys = [training.network_key(seed, number) for number in range(networks)]
        initials = [training.initialise(key, architecture, x, x_test) for key in keys]
        f0 = np.stack([np.asarray(initial.f_train, dtype=np.float64) for initial in initials], axis=1)
        f0_test = np.stack([np.asarray(initial.f_test, dtype=np.float64) for initial in initials], axis=1)
        measured["untrained.error"] = measures.error(f0_test, y_test)

    with stage("kernels") as kernel_stage:
        nngp_gram, ntk_gram = kernels.nngp_ntk(architecture, x)
        nngp_cross, ntk_cross = kernels.nngp_ntk(architecture, x_test, x)
        length = kernels.median_distance(x)
        grams = {
            "NTK": (ntk_gram, ntk_cross),
            "NNGP": (nngp_gram, nngp_cross),
            "RBF": (kernels.rbf(x, x, length), kernels.rbf(x_test, x, length)),
            "Laplace": (kernels.laplace(x, x, length), kernels.laplace(x_test, x, length)),
        }
        solvers = {
            name: solve.factor(name, gram, ridge * float(np.trace(gram)) / train)
            for name, (gram, _) in grams.items()
        }
        ntk, nngp, rbf, laplace = (solvers[name].regression(cross, y) for name, (_, cross) in grams.items())
        ntk_given = solvers["NTK"].given(ntk_cross, y, f0, f0_test)
        nngp_given = solvers["NNGP"].given(nngp_cross, y, f0, f0_test)
        measured |= {
            "ntk.error": measures.error(ntk, y_test),
            "nngp.error": measures.error(nngp, y_test),
            "rbf.error": measures.error(rbf, y_test),
            "laplace.error": measures.error(laplace, y_test),
            "ntk-given-f0.error": measures.error(ntk_given, y_test),
            "nngp-given-f0.error": measures.error(nngp_given, y_test),
            "nngp-vs-ntk.distance": measures.distance(nngp, ntk, y_test),
            "rbf-vs-ntk.distance": measures.distance(rbf, ntk, y_test),
            "mean-vs-ntk.distance": measures.distance(mean, ntk, y_test),
            "condition-number": solvers["NTK"].condition,
            "jitter": max(solver.jitter / solver.largest for solver in solvers.values()),
        }

    with stage("training") as training_stage:
        rates = training.learning_rates(learning_rate, solve.largest_eigenvalue(ntk_gram), initials)
        budget = (rates, target_loss, max_steps)
        targets = np.repeat(y[:, None], networks, axis=1)
        single = training.train(initials, architecture, x, targets, x_test, *budget)
        centred = training.train(initials, architecture, x, targets + f0, x_test, *budget)
        for kind, runs in (("single", single), ("centred", centred)):
            training.require_trained(kind, runs, *budget)
        centred_test = centred.f_test - f0_test
        ensemble = single.f_test.mean(axis=1)
        measured |= {
            "single.error": measures.error(single.f_test, y_test),
            "centred.error": measures.error(centred_test, y_test),
            "ensemble.error": measures.error(ensemble, y_test),
            "single-vs-untrained.distance": measures.distance(single.f_test, f0_test, y_test),
            "final-loss": float(max(single.loss.max(), centred.loss.max())),
            "steps": float(single.steps.mean()),
            "learning-rate": float(np.exp(np.mean(np.log(rates)))),
        }

    with stage("comparison"):
        for failed in (report for report in (kernel_stage, training_stage) if not report.ok):
            raise StageError(f"nothing to compare: stage {failed.name} failed: {failed.failure}")
        at_time = solvers["NTK"].after(single.steps, rates, ntk_cross, y, f0, f0_test)
        measured["ntk-at-time.error"] = measures.error(at_time, y_test)
        pairs = {
            "single-vs-ntk": (single.f_test, ntk),
            "single-vs-ntk-given-f0": (single.f_test, ntk_given),
            "single-vs-ntk-at-time": (single.f_test, at_time),
            "single-vs-nngp": (single.f_test, nngp),
            "single-vs-nngp-given-f0": (single.f_test, nngp_given),
            "centred-vs-ntk": (centred_test, ntk),
            "centred-vs-nngp": (centred_test, nngp),
            "centred-vs-rbf": (centred_test, rbf),
            "centred-vs-laplace": (centred_test, laplace),
            "ensemble-vs-ntk": (ensemble, ntk),
            "ensemble-vs-nngp": (ensemble, nngp),
            "ensemble-vs-rbf": (ensemble, rbf),
        }
        measured |= {f"{name}.distance": measures.distance(a, b, y_test) for name, (a, b) in pairs.items()}
    return measured
