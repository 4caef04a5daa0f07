"""The experiment `ntk.regression`: trained networks beside the kernel regressions that should predict them.

Predictors, by the names that quantities use:

    single      a trained network                       f
    centred     trained as f − f₀, predicts f − f₀      (f₀: the same initialisation)
    ensemble    the mean of the trial's single networks
    untrained   f₀
    ntk, nngp, rbf, laplace, matern32   kernel regression   K(x,X) (K(X,X) + ridge)⁻¹ y
    ntk-loo, nngp-loo, matern32-loo, linear-loo   with the ridge that leave-one-out prefers
    nearest-rival                 of nngp, rbf, laplace and matern32 the one nearest to the network
    own-ntk, after-kernel         with the tangent kernel of the network itself, before and after training
    A-given-f0                    with the residual of f₀ as target, added to f₀
    ntk-at-time                   ntk-given-f0, at the step of the single network (centred: ntk, at its step)
    mean, zero                    the mean of the training targets; nothing at all

laplace is Matérn-1/2. The length of rbf, laplace and matern32 is the median distance between training points.
`A.error` and `A-vs-B.distance` are defined in `harness.ntk.measures`. Importing this module imports no
library: what an experiment declares can be read at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from harness.declare import StageError, StageReport, experiment, stage
from harness.ntk.architecture import Activation, Biases, BiasInit, NegativeSlope
from harness.ntk.experiments._regression_quantities import ABOUT, QUANTITIES
from harness.ntk.preparation import DEFAULT, Data, Preprocess, Targets, settle

if TYPE_CHECKING:
    import numpy as np
    from jaxtyping import Float

    from harness.ntk.train import HeldOut, Runs

PATIENCE = 1000
"""At the default learning rate, 1.5/λ_max, a mode of eigenvalue λ_max/1000 has come 1 − e^(−1.5) = 78% of its
way in so many steps: a lower validation error afterwards would have to come from modes yet slower."""


@experiment(
    "ntk.regression",
    version=2,
    quantities=QUANTITIES,
    about=ABOUT,
    precision="kernels and solves float64, networks float32",
    settle=settle,
)
def regression(
    *,
    seed: int,
    data: Data = "diabetes",
    preprocess: Preprocess = DEFAULT,
    targets: Targets = DEFAULT,
    noise: Annotated[float, Meta(ge=0)] = 0.0,
    train: Annotated[int, Meta(ge=2, le=8192)] = 64,
    test: Annotated[int, Meta(ge=1, le=100_000)] = 200,
    validation: Annotated[int, Meta(ge=0, le=100_000)] = 0,
    hidden: Annotated[int, Meta(ge=0, le=64)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 512,
    networks: Annotated[int, Meta(ge=1, le=1024)] = 1,
    activation: Activation = "relu",
    negative_slope: NegativeSlope = 0.01,
    w_std: Annotated[float, Meta(gt=0)] = 1.5,
    b_std: Annotated[float, Meta(ge=0)] = 0.1,
    parameterization: Literal["ntk", "standard"] = "ntk",
    initialisation: Literal["gaussian", "uniform"] = "gaussian",
    last_layer: Annotated[float, Meta(gt=0)] = 1.0,
    biases: Biases = "all",
    bias_init: BiasInit = "random",
    optimizer: Literal["gd", "sgd", "adam"] = "gd",
    batch: Annotated[int, Meta(ge=1)] = 16,
    learning_rate: Annotated[float, Meta(gt=0, le=100)] = 0.75,
    adam_rate: Annotated[float, Meta(gt=0)] = 1e-3,
    target_loss: Annotated[float, Meta(gt=0)] = 1e-4,
    max_steps: Annotated[int, Meta(ge=2, le=10_000_000)] = 20_000,
    patience: Annotated[int, Meta(ge=1, le=10_000_000)] = PATIENCE,
    ridge: Annotated[float, Meta(ge=0)] = 0.0,
) -> dict[str, float]:
    """Train networks and predict with their kernels, on the same points.

    Lee et al. 2019 (arXiv:1902.06720) assert that a wide network trained by gradient descent predicts as NTK
    regression given its initial function; Liu et al. 2025 (arXiv:2501.10929) dispute that this holds in
    practice. What practice is, is a matter of `parameterization`, `initialisation`, `last_layer`, `optimizer`
    and `validation`; with the defaults it is full-batch gradient descent to a target loss.
    """
    from functools import partial

    import jax.numpy as jnp
    import numpy as np

    from harness.ntk import alternatives, kernels, measures, solve
    from harness.ntk import train as training
    from harness.ntk.architecture import Architecture
    from harness.ntk.data import split
    from harness.ntk.empirical import float64_ntk
    from harness.ntk.optimizers import Optimizer, batch_learning_rates
    from harness.ntk.own_kernels import own_kernels

    measured: dict[str, float] = {}
    architecture = Architecture(
        hidden, width, activation, w_std, b_std, parameterization, initialisation, last_layer,
        biases=biases, bias_init=bias_init, negative_slope=negative_slope,
    )  # fmt: skip
    rule = Optimizer(optimizer, min(batch, train) if optimizer == "sgd" else 0)

    with stage("data") as data_stage:
        points = split(data, train=train, test=test, seed=seed, noise=noise, validation=validation,
            preprocess=preprocess, targets=targets,
        )  # fmt: skip
        data_stage.fixed = points.own_split
        x, y, x_test = points.x_train, points.y_train, points.x_test
        ruler = measures.ruler(points)
        mean, zero = np.full(test, y.mean()), np.zeros(test)
        measured["mean.error"] = ruler.error(mean)
        measured["zero.error"] = ruler.error(zero)

    with stage("initialisation"):
        keys = [training.network_key(seed, number) for number in range(networks)]
        initials = [training.initialise(key, architecture, x, x_test) for key in keys]
        params_0 = [initial.params for initial in initials]
        f0 = np.stack([np.asarray(initial.f_train, dtype=np.float64) for initial in initials], axis=1)
        f0_test = np.stack([np.asarray(initial.f_test, dtype=np.float64) for initial in initials], axis=1)
        measured["untrained.error"] = ruler.error(f0_test)

    solvers: dict[str, solve.Solver] = {}
    with stage("kernels") as kernel_stage:
        nngp_gram, ntk_gram = kernels.nngp_ntk(architecture, x)
        nngp_cross, ntk_cross = kernels.nngp_ntk(architecture, x_test, x)
        length = kernels.median_distance(x)
        rbf_gram, rbf_cross = kernels.rbf(x, x, length), kernels.rbf(x_test, x, length)
        laplace_gram, laplace_cross = kernels.laplace(x, x, length), kernels.laplace(x_test, x, length)
        # Not among the `grams`: with the same length RBF, which is, needs the larger jitter.
        matern = alternatives.fit("Matérn-3/2", partial(kernels.matern32, length=length), x, y, x_test, ridge)
        linear = alternatives.fit("linear", kernels.linear, x, y, x_test, ridge)
        grams = {"NTK": ntk_gram, "NNGP": nngp_gram, "RBF": rbf_gram, "Laplace": laplace_gram}
        for name, gram in grams.items():
            solvers[name] = solve.factor(name, gram, ridge * float(np.trace(gram)) / train)
        ntk, nngp = solvers["NTK"].regression(ntk_cross, y), solvers["NNGP"].regression(nngp_cross, y)
        rbf = solvers["RBF"].regression(rbf_cross, y)
        laplace = solvers["Laplace"].regression(laplace_cross, y)
        ntk_given = solvers["NTK"].given(ntk_cross, y, f0, f0_test)
        nngp_given = solvers["NNGP"].given(nngp_cross, y, f0, f0_test)
        rbf_given = solvers["RBF"].given(rbf_cross, y, f0, f0_test)
        measured |= {
            "ntk.error": ruler.error(ntk),
            "nngp.error": ruler.error(nngp),
            "rbf.error": ruler.error(rbf),
            "laplace.error": ruler.error(laplace),
            "ntk-given-f0.error": ruler.error(ntk_given),
            "nngp-given-f0.error": ruler.error(nngp_given),
            "rbf-given-f0.error": ruler.error(rbf_given),
            "nngp-vs-ntk.distance": ruler.distance(nngp, ntk),
            "rbf-vs-ntk.distance": ruler.distance(rbf, ntk),
            "mean-vs-ntk.distance": ruler.distance(mean, ntk),
            "condition-number": solvers["NTK"].condition,
            "jitter": max(solver.jitter / solver.largest for solver in solvers.values()),
        }
        matern32 = matern.regression()
        measured |= {
            "matern32.error": ruler.error(matern32),
            "linear-loo.error": ruler.error(linear.with_tuned_ridge()),
            "laplace-vs-ntk.distance": ruler.distance(laplace, ntk),
            "matern32-vs-ntk.distance": ruler.distance(matern32, ntk),
            "matern32-vs-nngp.distance": ruler.distance(matern32, nngp),
        }
        for name in ("laplace", "rbf", "matern32", "linear-loo"):
            ratio = measured[f"{name}.error"] / measured["ntk.error"]
            measured[f"{name}-over-ntk.error-ratio"] = ratio

    with stage("leave-one-out"):
        if not {"NTK", "NNGP"} <= set(solvers):
            raise StageError(f"stage {kernel_stage.name} failed: {kernel_stage.failure}")
        ntk_loo = solvers["NTK"].leave_one_out(ntk_cross, y).predictions
        nngp_loo = solvers["NNGP"].leave_one_out(nngp_cross, y).predictions
        measured |= {
            "ntk-loo.error": ruler.error(ntk_loo),
            "nngp-loo.error": ruler.error(nngp_loo),
            "nngp-loo-vs-ntk-loo.distance": ruler.distance(nngp_loo, ntk_loo),
            "matern32-loo.error": ruler.error(matern.with_tuned_ridge()),
        }

    with stage("training") as training_stage:
        if rule.name == "gd":
            rates = training.learning_rates(learning_rate, solve.largest_eigenvalue(ntk_gram), initials)
        elif rule.name == "sgd":
            own_grams = [float64_ntk(params, architecture, x) for params in params_0]
            rates = batch_learning_rates(learning_rate, rule.batch, ntk_gram, own_grams)
        else:
            rates = np.full(networks, adam_rate)
        budget = (rates, target_loss * points.unit**2, max_steps)
        order = [training.batch_key(seed, number) for number in range(networks)] if rule.batch else None

        def trained(
            kind: str, goal: Float[np.ndarray, "train nets"], held_out: HeldOut | None
        ) -> Runs:
            runs = training.train(
                initials, architecture, x, goal, x_test, *budget,
                optimizer=rule, keys=order, held_out=held_out,
            )
            training.require_trained(kind, runs, *budget)
            return runs

        held_out = held_out_centred = None
        if validation:
            f0_held = [training.outputs(params, architecture, points.x_validation) for params in params_0]
            y_held = jnp.repeat(jnp.asarray(points.y_validation)[:, None], networks, axis=1)
            held_out = training.HeldOut(jnp.asarray(points.x_validation), y_held, patience)
            held_out_centred = held_out._replace(y=y_held + jnp.stack(f0_held, axis=1))
        y_each = np.repeat(y[:, None], networks, axis=1)
        single = trained("single", y_each, held_out)
        centred = trained("centred", y_each + f0, held_out_centred)
        centred_test = centred.f_test - f0_test
        ensemble = single.f_test.mean(axis=1)
        measured |= {
            "single.error": ruler.error(single.f_test),
            "centred.error": ruler.error(centred_test),
            "ensemble.error": ruler.error(ensemble),
            "single-vs-untrained.distance": ruler.distance(single.f_test, f0_test),
            "centred-vs-zero.distance": ruler.distance(centred_test, zero),
            "final-loss": float(max(single.loss.max(), centred.loss.max())) / points.unit**2,
            "steps": float(single.steps.mean()),
            "learning-rate": float(np.exp(np.mean(np.log(rates)))),
        }

    with stage("comparison"):
        _require(kernel_stage, training_stage)
        pairs = {
            "single-vs-ntk": (single.f_test, ntk),
            "single-vs-ntk-given-f0": (single.f_test, ntk_given),
            "single-vs-nngp": (single.f_test, nngp),
            "single-vs-nngp-given-f0": (single.f_test, nngp_given),
            "single-vs-rbf": (single.f_test, rbf),
            "single-vs-rbf-given-f0": (single.f_test, rbf_given),
            "centred-vs-ntk": (centred_test, ntk),
            "centred-vs-nngp": (centred_test, nngp),
            "centred-vs-rbf": (centred_test, rbf),
            "centred-vs-laplace": (centred_test, laplace),
            "ensemble-vs-ntk": (ensemble, ntk),
            "ensemble-vs-nngp": (ensemble, nngp),
            "ensemble-vs-rbf": (ensemble, rbf),
        }
        measured |= {f"{name}.distance": ruler.distance(a, b) for name, (a, b) in pairs.items()}
        laplace_given = solvers["Laplace"].given(laplace_cross, y, f0, f0_test)
        matern_given = matern.given(f0, f0_test)
        rivals = {"nngp": nngp, "rbf": rbf, "laplace": laplace, "matern32": matern32}
        # A network's prediction without its initial function is a rival of that with it.
        rivals_given = {
            "nngp": nngp_given, "rbf": rbf_given, "laplace": laplace_given, "matern32": matern_given,
            "ntk without f0": ntk,
        }
        measured |= {
            "single-vs-laplace-given-f0.distance": ruler.distance(single.f_test, laplace_given),
            "single-vs-matern32-given-f0.distance": ruler.distance(single.f_test, matern_given),
            "single-vs-nearest-rival.distance": alternatives.nearest(ruler, single.f_test, rivals),
            "single-vs-nearest-rival-given-f0.distance": alternatives.nearest(
                ruler, single.f_test, rivals_given
            ),
            "centred-vs-matern32.distance": ruler.distance(centred_test, matern32),
            "centred-vs-nearest-rival.distance": alternatives.nearest(ruler, centred_test, rivals),
            "ensemble-vs-laplace.distance": ruler.distance(ensemble, laplace),
            "ensemble-vs-matern32.distance": ruler.distance(ensemble, matern32),
            "ensemble-vs-nearest-rival.distance": alternatives.nearest(ruler, ensemble, rivals),
        }

    with stage("time"):
        _require(training_stage)
        if "NTK" not in solvers:  # it needs that kernel, not its inverse, and none of its rivals
            _require(kernel_stage)
        if rule.name == "adam":
            raise StageError("Adam's steps are not gradient descent's: the NTK predicts nothing at them")
        pace = rates / single.stride  # the steps of an epoch together are one on all points
        at_time = solvers["NTK"].after(single.steps, pace, ntk_cross, y, f0, f0_test)
        from_zero = np.zeros_like(f0), np.zeros_like(f0_test)
        centred_at_time = solvers["NTK"].after(centred.steps, pace, ntk_cross, y, *from_zero)
        measured |= {
            "ntk-at-time.error": ruler.error(at_time),
            "single-vs-ntk-at-time.distance": ruler.distance(single.f_test, at_time),
            "centred-vs-ntk-at-time.distance": ruler.distance(centred_test, centred_at_time),
        }

    with stage("empirical kernels"):
        _require(training_stage)
        before, after, after_centred = (
            own_kernels(f"{which} tangent", params, architecture, x, x_test, ridge)
            for which, params in (
                ("initial", params_0), ("trained", single.params), ("centred trained", centred.params)
            )
        )
        own, own_given = before.regression(y_each), f0_test + before.regression(y_each - f0)
        late, late_given = after.regression(y_each), f0_test + after.regression(y_each - f0)
        change = after.change_from(before)
        measured |= {
            "own-ntk.error": ruler.error(own),
            "after-kernel.error": ruler.error(late),
            "single-vs-own-ntk-given-f0.distance": ruler.distance(single.f_test, own_given),
            "single-vs-after-kernel-given-f0.distance": ruler.distance(single.f_test, late_given),
            "centred-vs-own-ntk.distance": ruler.distance(centred_test, own),
            "centred-vs-after-kernel.distance": ruler.distance(
                centred_test, after_centred.regression(y_each)
            ),
            "kernel-change": measures.geometric_mean(change),
        }
    return measured


def _require(*stages: StageReport) -> None:
    for failed in (report for report in stages if not report.ok):
        raise StageError(f"nothing to compare: stage {failed.name} failed: {failed.failure}")
