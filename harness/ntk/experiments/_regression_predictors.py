"""The predictors of `ntk.regression`, by the names that its quantities use.

    single      a trained network                       f
    centred     trained as f − f₀, predicts f − f₀      (f₀: the same initialisation)
    ensemble    the mean of the trial's single networks
    untrained   f₀
    ntk, nngp, rbf, laplace, matern32   kernel regression   K(x,X) (K(X,X) + ridge)⁻¹ y
    ntk-loo, nngp-loo, matern32-loo, linear-loo   with the ridge that leave-one-out prefers
    own-ntk, after-kernel         with the tangent kernel of the network itself, before and after training
    A-given-f0                    with the residual of f₀ as target, added to f₀
    ntk-at-time                   ntk-given-f0, at the step of the single network (centred: ntk, at its step)
    mean, zero                    the mean of the training targets; the constant 0

laplace is Matérn-1/2. The length of rbf, laplace and matern32 is the median distance between training points.

A predictor asks a `Computed` (`_regression_computed`) for what it needs: the model's analytic kernel, a
solve, trained networks. If one of these fails, only the predictors that need it are missing. Importing this
module imports no library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from harness.ntk.experiments._regression_computed import Computed
    from harness.ntk.measures import Predictions

NetworkState = Literal["initial", "trained", "centred trained"]
"""The networks whose own kernels are meant: untrained ones, or those of one of the two trainings."""

ANALYTIC = "the model's analytic kernel"

NEEDS: Mapping[str, tuple[str, ...]] = {
    "data": (),
    "initialisation": ("data",),
    "ntk": ("initialisation", ANALYTIC),
    "condition number": ("ntk",),
    "nngp": ("initialisation", ANALYTIC),
    "rbf": ("initialisation",),
    "laplace": ("initialisation",),
    "matern32": ("initialisation",),
    "ntk-loo": ("data", ANALYTIC),
    "nngp-loo": ("data", ANALYTIC),
    "matern32-loo": ("data",),
    "linear-loo": ("data",),
    "learning rate": ("initialisation",),
    "single": ("learning rate",),
    "centred": ("learning rate",),
    "single at its time": ("single", ANALYTIC),
    "centred at its time": ("centred", ANALYTIC),
    "own-ntk": ("initialisation",),
    "after-kernel": ("single",),
    "centred after-kernel": ("centred",),
    "kernel change": ("own-ntk", "after-kernel"),
}
"""The stages of a trial. Each maps to what it needs: other stages, and what a model may lack.

The stage of a comparison is named after all that it needs, such as "single and ntk". The learning rate uses
the analytic kernel if there is one."""


def stands_on(need: str) -> set[str]:
    """Everything that `need` requires, directly or through other needs."""
    below = NEEDS.get(need, ())
    return set(below).union(*(stands_on(each) for each in below))


def stage_of(*needs: str) -> str:
    """The stage that needs all of these.

    Its name lists them, without those that others of them already require.
    """
    implied = {below for need in needs for below in stands_on(need)}
    return " and ".join(need for need in dict.fromkeys(needs) if need not in implied)


@dataclass(frozen=True)
class Predictor:
    """A predictor at the test points.

    predict: its predictions, from what a trial has computed
    stage: the stage of the trial that it needs (`NEEDS`)
    networks: whether its predictions differ from network to network
    kernel: the name (see `Computed.kernel`) of the kernel that it solves; "" if it solves none
    """

    name: str
    about: str
    predict: Callable[[Computed], Predictions]
    stage: str
    networks: bool = True
    kernel: str = ""

    @property
    def trained(self) -> bool:
        """Whether it uses trained networks."""
        return bool({"single", "centred"} & {self.stage, *stands_on(self.stage)})


def _solved(name: str, about: str) -> Predictor:
    """Regression with the kernel `name`."""
    return Predictor(
        name, f"{about} regression", lambda made: made.kernel(name).regression(), name, networks=False,
        kernel=name,
    )  # fmt: skip


def _given(plain: Predictor) -> Predictor:
    """Regression with the same kernel on the residuals of the initial functions, added to these functions."""
    return replace(
        plain, name=f"{plain.name}-given-f0", about=f"{plain.about} given f₀", networks=True,
        predict=lambda made: made.kernel(plain.name).given(made.f0, made.f0_test),
    )  # fmt: skip


def _tuned(name: str, about: str) -> Predictor:
    """Regression with that kernel and the ridge that leave-one-out prefers."""
    return Predictor(
        f"{name}-loo", f"{about} with the ridge that leave-one-out prefers",
        lambda made: made.kernel(name).with_tuned_ridge(), f"{name}-loo", networks=False,
        kernel=name,
    )  # fmt: skip


def _own(name: str, which: NetworkState, about: str, stage: str) -> Predictor:
    """Regression with the networks' own kernels in state `which`."""
    return Predictor(
        name, f"regression with {about}", lambda made: made.own(which).regression(made.targets), stage
    )


def _own_given(plain: Predictor, which: NetworkState, about: str) -> Predictor:
    return replace(
        plain, name=f"{plain.name}-given-f0", about=f"regression with {about}, given f₀",
        predict=lambda made: made.f0_test + made.own(which).regression(made.targets - made.f0),
    )  # fmt: skip


MEAN = Predictor(
    "mean", "the mean of the training targets", lambda made: made.constant(made.points.y_train.mean()),
    "data", networks=False,
)  # fmt: skip
ZERO = Predictor("zero", "the constant 0", lambda made: made.constant(0.0), "data", networks=False)
UNTRAINED = Predictor("untrained", "its initial function f₀", lambda made: made.f0_test, "initialisation")

NTK, NNGP, RBF = _solved("ntk", "NTK"), _solved("nngp", "NNGP"), _solved("rbf", "RBF")
LAPLACE, MATERN32 = _solved("laplace", "Laplace"), _solved("matern32", "Matérn-3/2")
NTK_GIVEN, NNGP_GIVEN, RBF_GIVEN = _given(NTK), _given(NNGP), _given(RBF)
LAPLACE_GIVEN, MATERN32_GIVEN = _given(LAPLACE), _given(MATERN32)
NTK_LOO, NNGP_LOO = _tuned("ntk", NTK.about), _tuned("nngp", NNGP.about)
MATERN32_LOO = _tuned("matern32", MATERN32.about)
LINEAR_LOO = _tuned("linear", "a linear model with intercept")

SINGLE = Predictor("single", "a trained network", lambda made: made.trained("single").f_test, "single")
CENTRED = Predictor(
    "centred", "a centred trained network", lambda made: made.trained("centred").f_test - made.f0_test,
    "centred",
)  # fmt: skip
ENSEMBLE = Predictor(
    "ensemble", "the ensemble's mean", lambda made: made.trained("single").f_test.mean(axis=1),
    "single", networks=False,
)  # fmt: skip

AT_TIME = Predictor(
    "ntk-at-time", "the NTK's prediction given f₀ and the steps actually trained",
    lambda made: made.at_time("single"), "single at its time", kernel=NTK.kernel,
)  # fmt: skip
CENTRED_AT_TIME = Predictor(
    "ntk-at-time", "the NTK's prediction given the steps actually trained",
    lambda made: made.at_time("centred"), "centred at its time", kernel=NTK.kernel,
)  # fmt: skip

OWN_NTK = _own("own-ntk", "initial", "its own initial NTK", "own-ntk")
OWN_NTK_GIVEN = _own_given(OWN_NTK, "initial", "its own initial NTK")
AFTER_KERNEL = _own("after-kernel", "trained", "its after-kernel", "after-kernel")
AFTER_KERNEL_GIVEN = _own_given(AFTER_KERNEL, "trained", "its after-kernel")
CENTRED_AFTER_KERNEL = _own("after-kernel", "centred trained", "its after-kernel", "centred after-kernel")

ALTERNATIVES = (NNGP, RBF, LAPLACE, MATERN32)
"""The alternatives to regression with the NTK. The one nearest to a network is its nearest alternative."""
ALTERNATIVES_GIVEN = (NNGP_GIVEN, RBF_GIVEN, LAPLACE_GIVEN, MATERN32_GIVEN, NTK)
"""The alternatives to regression given f₀. They include the NTK's prediction without the initial function."""
