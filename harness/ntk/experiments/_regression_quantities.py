"""What `ntk.regression` declares: its quantities, and a line about each parameter."""

from __future__ import annotations

from harness.declare import Quantity
from harness.ntk.preparation import (
    ABOUT_DATA,
    ABOUT_PREPROCESS,
    ABOUT_TARGETS,
    DISTANCE_UNIT,
    ERROR_UNIT,
)

RESOLUTION = 1e-6
"""Of what is computed once: kernel solves are trusted to 1e-6 (`solve.TRUSTED_CONDITION`), and an untrained
network's float32 outputs are as good (unit roundoff 6e-8, times the root of a layer's few hundred terms)."""

TRAINED_RESOLUTION = 3e-4
"""Of trained networks' errors. Gradient descent in float32 and in float64 from the same start (3 data sets,
1 and 3 hidden ReLU layers, widths 64 to 512, 24 runs) ended with errors apart by 1e-7 to 3e-4, relative:
rounding moves a point across a kink of a ReLU, and the paths part. Adam with uniform initialisation (3 data
sets, 1 and 3 hidden layers, widths 64 and 256): median 5e-6, at most 6e-4. It says nothing of training whose
rate is too high for the kernel that it arrives at (a narrow, deep network with uniform initialisation at 0.75
of 2/λ_max): there the loss jumps about, and float32 and float64 end in different networks."""

FINE_DISTANCE, TRAINED_DISTANCE = 1e-4, 1e-3
"""Of distances: relative, so coarser than the predictions' own resolution by the size of a distance. Kernels:
1e-6 in distances of 0.01 and more. Trained networks: in the runs above predictions came apart by a median of
2e-5 and at most 2e-3, in distances of 0.1 to 0.5."""

COMPUTED_ONCE = ("data", "initialisation", "kernels", "leave-one-out")
"""Stages that no training enters."""


def _error(about: str, at: str, over_networks: bool = True) -> Quantity:
    resolution = RESOLUTION if at in COMPUTED_ONCE else TRAINED_RESOLUTION
    mean = ", geometric mean over networks" if over_networks else ""
    text = f"root mean square test error of {about}{mean}"
    return Quantity(text, scale="log", unit=ERROR_UNIT, resolution=resolution, stage=at)


def _distance(a: str, b: str, at: str = "comparison", over_networks: bool = True) -> Quantity:
    mean = ", geometric mean over networks" if over_networks else ""
    text = f"root mean square difference on the test points between {a} and {b}{mean}"
    resolution = FINE_DISTANCE if at in COMPUTED_ONCE else TRAINED_DISTANCE
    return Quantity(text, scale="log", unit=DISTANCE_UNIT, resolution=resolution, stage=at)


_SINGLE, _CENTRED, _ENSEMBLE = "a trained network", "a centred trained network", "the ensemble's mean"
_NTK, _NNGP = "NTK regression", "NNGP regression"
_MEAN = "the mean of the training targets"
_GIVEN, _NNGP_GIVEN = "NTK regression given f₀", "NNGP regression given f₀"
_AT_TIME = "the NTK's prediction given f₀ and the steps actually trained"
_LOO = " with the ridge that leave-one-out prefers"
_ZERO = "the constant 0"
_LAPLACE, _MATERN = "Laplace regression", "Matérn-3/2 regression"
_RIVALS = "whichever is nearest of NNGP, RBF, Laplace and Matérn-3/2 regression"
_RBF, _RBF_GIVEN = "RBF regression", "RBF regression given f₀"
_OWN, _OWN_GIVEN = "regression with its own initial NTK", "regression with its own initial NTK, given f₀"
_AFTER, _AFTER_GIVEN = "regression with its after-kernel", "regression with its after-kernel, given f₀"

QUANTITIES = {
    "mean.error": _error(_MEAN, "data", over_networks=False),
    "zero.error": _error(_ZERO + ", which is that of the targets", "data", over_networks=False),
    "untrained.error": _error("an untrained network, f₀", "initialisation"),
    "ntk.error": _error(_NTK, "kernels", over_networks=False),
    "nngp.error": _error(_NNGP, "kernels", over_networks=False),
    "rbf.error": _error(_RBF, "kernels", over_networks=False),
    "laplace.error": _error("Laplace regression", "kernels", over_networks=False),
    "ntk-given-f0.error": _error(_GIVEN, "kernels"),
    "nngp-given-f0.error": _error(_NNGP_GIVEN, "kernels"),
    "rbf-given-f0.error": _error(_RBF_GIVEN, "kernels"),
    "nngp-vs-ntk.distance": _distance(_NNGP, _NTK, "kernels", over_networks=False),
    "rbf-vs-ntk.distance": _distance(_RBF, _NTK, "kernels", over_networks=False),
    "mean-vs-ntk.distance": _distance(_MEAN, _NTK, "kernels", over_networks=False),
    "condition-number": Quantity(
        "condition number of the NTK's training Gram matrix, ridge included", resolution=RESOLUTION,
        stage="kernels",
    ),
    "jitter": Quantity(
        "largest jitter that a kernel of this trial needed beyond the ridge; 0 where none did",
        scale="linear", unit="largest eigenvalue of that kernel", resolution=1e-15, stage="kernels",
    ),
    "ntk-loo.error": _error(_NTK + _LOO, "leave-one-out", over_networks=False),
    "nngp-loo.error": _error(_NNGP + _LOO, "leave-one-out", over_networks=False),
    "nngp-loo-vs-ntk-loo.distance": _distance(
        _NNGP + _LOO, _NTK + _LOO, "leave-one-out", over_networks=False
    ),
    "matern32.error": _error(_MATERN, "kernels", over_networks=False),
    "matern32-loo.error": _error(_MATERN + _LOO, "leave-one-out", over_networks=False),
    "linear-loo.error": _error(
        "a linear model with intercept" + _LOO, "kernels", over_networks=False
    ),
    **{
        f"{a}-vs-{b}.distance": _distance(about, other, "kernels", over_networks=False)
        for a, about, b, other in (
            ("laplace", _LAPLACE, "ntk", _NTK),
            ("matern32", _MATERN, "ntk", _NTK),
            ("matern32", _MATERN, "nngp", _NNGP),
        )
    },
    **{
        f"{name}-over-ntk.error-ratio": Quantity(
            f"test error of {about} over that of {_NTK}", scale="log", resolution=RESOLUTION,
            stage="kernels",
        )
        for name, about in (
            ("laplace", _LAPLACE), ("rbf", _RBF), ("matern32", _MATERN),
            ("linear-loo", "a linear model with intercept" + _LOO),
        )
    },
    "single.error": _error(_SINGLE, "training"),
    "centred.error": _error(_CENTRED, "training"),
    "ensemble.error": _error(_ENSEMBLE, "training", over_networks=False),
    "single-vs-untrained.distance": _distance(_SINGLE, "its initial function f₀", "training"),
    "centred-vs-zero.distance": _distance(_CENTRED, _ZERO, "training"),
    "final-loss": Quantity(
        "mean squared training residual of the network returned, the largest of all networks",
        unit="variance of the training targets", resolution=RESOLUTION, stage="training",
    ),
    "steps": Quantity(
        "steps of the network returned, those of mini-batches counted, mean over the single networks",
        scale="linear", unit="steps", resolution=1.0, stage="training",
    ),
    "learning-rate": Quantity(
        "learning rate on ½Σr² (sgd: over a batch; adam: its own rate), geometric mean over networks",
        unit="1/NTK eigenvalue", resolution=RESOLUTION, stage="training",
    ),
    "single-vs-ntk.distance": _distance(_SINGLE, _NTK),
    "single-vs-ntk-given-f0.distance": _distance(_SINGLE, _GIVEN),
    "single-vs-rbf.distance": _distance(_SINGLE, _RBF),
    "single-vs-rbf-given-f0.distance": _distance(_SINGLE, _RBF_GIVEN),
    "single-vs-nngp.distance": _distance(_SINGLE, _NNGP),
    "single-vs-nngp-given-f0.distance": _distance(_SINGLE, _NNGP_GIVEN),
    "centred-vs-ntk.distance": _distance(_CENTRED, _NTK),
    "centred-vs-nngp.distance": _distance(_CENTRED, _NNGP),
    "centred-vs-rbf.distance": _distance(_CENTRED, _RBF),
    "centred-vs-laplace.distance": _distance(_CENTRED, "Laplace regression"),
    "ensemble-vs-ntk.distance": _distance(_ENSEMBLE, _NTK, over_networks=False),
    "ensemble-vs-nngp.distance": _distance(_ENSEMBLE, _NNGP, over_networks=False),
    "ensemble-vs-rbf.distance": _distance(_ENSEMBLE, _RBF, over_networks=False),
    "single-vs-laplace-given-f0.distance": _distance(_SINGLE, f"{_LAPLACE} given f₀"),
    "single-vs-matern32-given-f0.distance": _distance(_SINGLE, f"{_MATERN} given f₀"),
    "single-vs-nearest-rival.distance": _distance(_SINGLE, _RIVALS),
    "single-vs-nearest-rival-given-f0.distance": _distance(
        _SINGLE, f"{_RIVALS}, all given f₀, and NTK regression without f₀"
    ),
    "centred-vs-matern32.distance": _distance(_CENTRED, _MATERN),
    "centred-vs-nearest-rival.distance": _distance(_CENTRED, _RIVALS),
    "ensemble-vs-laplace.distance": _distance(_ENSEMBLE, _LAPLACE, over_networks=False),
    "ensemble-vs-matern32.distance": _distance(_ENSEMBLE, _MATERN, over_networks=False),
    "ensemble-vs-nearest-rival.distance": _distance(_ENSEMBLE, _RIVALS, over_networks=False),
    "ntk-at-time.error": _error(_AT_TIME, "time"),
    "single-vs-ntk-at-time.distance": _distance(_SINGLE, _AT_TIME, "time"),
    "centred-vs-ntk-at-time.distance": _distance(
        _CENTRED, "the NTK's prediction given the steps actually trained", "time"
    ),
    "own-ntk.error": _error("regression with a network's own initial NTK", "empirical kernels"),
    "after-kernel.error": _error("regression with the NTK of a trained network", "empirical kernels"),
    "single-vs-own-ntk-given-f0.distance": _distance(_SINGLE, _OWN_GIVEN, "empirical kernels"),
    "single-vs-after-kernel-given-f0.distance": _distance(_SINGLE, _AFTER_GIVEN, "empirical kernels"),
    "centred-vs-own-ntk.distance": _distance(_CENTRED, _OWN, "empirical kernels"),
    "centred-vs-after-kernel.distance": _distance(_CENTRED, _AFTER, "empirical kernels"),
    "kernel-change": Quantity(
        "‖Θ_T − Θ_0‖ / ‖Θ_0‖ (Frobenius) of a single network's NTK on the training points, 0 before and T "
        "after training, geometric mean over networks",
        resolution=TRAINED_DISTANCE, stage="empirical kernels",
    ),
}

ABOUT = {
    "model": "the network: a model of this package, or package.module:function",
    "data": ABOUT_DATA,
    "preprocess": ABOUT_PREPROCESS,
    "targets": ABOUT_TARGETS,
    "noise": "standard deviation of Gaussian noise on the training targets, in units of their own",
    "train": "training points",
    "validation": "further points on which training stops early; 0: it goes on to the target loss",
    "test": "test points",
    "networks": "initialisations per seed",
    "optimizer": "gd: full batch; sgd: mini-batches without replacement; adam: full batch, mean of r²",
    "batch": "points in a mini-batch of sgd, all of them if there are fewer",
    "adam_rate": "learning rate of adam, which takes no other",
    "patience": "steps without a lower validation error after which training stops",
    "learning_rate": "in units of 2/λ_max, of the analytic or the network's NTK, the larger; sgd: on a batch",
    "target_loss": "mean squared training residual at which training stops, over the targets' variance",
    "max_steps": "step budget (of mini-batches, too); reaching it fails the stage `training`",
    "ridge": "added to the diagonal for kernel regression, in units of each kernel's mean diagonal",
}
