"""The experiment `ntk.dynamics`: one network through training, and what the NTK argument says of each step.

    network      trained by gradient descent
    linearised   its first-order Taylor expansion in the parameters, trained likewise
    closed form  what the linearised network must be, by its own NTK at initialisation
    infinite     what an infinitely wide network with this initial function would be, by the analytic NTK
    nngp         the same by a rival kernel, the NNGP scaled to the trace of the NTK
    all layers   the same by the NTK of all layers, scaled to the trace of the trained layers'

`layers` says which layers are trained; "the NTK" and "own NTK" are then those of these layers alone.

All take the same steps. `A-vs-B.distance` is the greatest over the recorded times of the root mean square
difference on the test points (`harness.ntk.measures`). Importing this module imports no library.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import experiment, stage
from harness.ntk.architecture import Activation, Biases, BiasInit, NegativeSlope
from harness.ntk.experiments._dynamics_quantities import ABOUT, QUANTITIES
from harness.ntk.preparation import DEFAULT, Data, Preprocess, Targets, settle


@experiment(
    "ntk.dynamics",
    version=1,
    quantities=QUANTITIES,
    about=ABOUT,
    precision="float64, from parameters drawn in float32",
    settle=settle,
)
def dynamics(
    *,
    seed: int,
    data: Data = "sphere",
    preprocess: Preprocess = DEFAULT,
    targets: Targets = DEFAULT,
    train: Annotated[int, Meta(ge=2, le=8192)] = 16,
    test: Annotated[int, Meta(ge=1, le=100_000)] = 100,
    hidden: Annotated[int, Meta(ge=1, le=64)] = 1,
    width: Annotated[int, Meta(ge=1, le=65_536)] = 512,
    activation: Activation = "relu",
    negative_slope: NegativeSlope = 0.01,
    w_std: Annotated[float, Meta(gt=0)] = 1.5,
    b_std: Annotated[float, Meta(ge=0)] = 0.1,
    biases: Biases = "all",
    bias_init: BiasInit = "random",
    scaling: Literal["ntk", "mean-field"] = "ntk",
    base_width: Annotated[int, Meta(ge=1)] = 64,
    centred: bool = False,
    layers: Literal["all", "first", "hidden", "last"] = "all",
    learning_rate: Annotated[float, Meta(gt=0, le=100)] = 0.25,
    steps: Annotated[int, Meta(ge=2, le=1_000_000)] = 300,
) -> dict[str, float]:
    """Train a network and its linearisation, and compare them with what kernels predict at the same steps.

    Lee et al. 2019 (arXiv:1902.06720): the linearised network obeys a closed form, and a wide network stays
    near it. Full-batch gradient descent on ½Σr² for a fixed number of steps; NTK parameterization.

    `scaling` "mean-field" multiplies the output by s = √(base_width/width), which must not become lazy
    (Chizat et al. 2019 arXiv:1812.07956). Training s·f on y with rate η is training f on y/s with rate ηs²,
    so that is what is done; the rate is in units of the scaled kernel, and distances are relative, so both
    read the same. s·f₀ vanishes with width; `centred`, training f on y + f₀(X), leaves it out at every width.
    """
    import jax.numpy as jnp
    import numpy as np

    from harness.ntk import dynamics as paths
    from harness.ntk import kernels, measures, modes, network, solve
    from harness.ntk import layers as parts
    from harness.ntk import train as training
    from harness.ntk.architecture import Architecture
    from harness.ntk.data import split
    from harness.ntk.empirical import float64_ntk

    measured: dict[str, float] = {}
    architecture = Architecture(
        hidden, width, activation, w_std, b_std,
        biases=biases, bias_init=bias_init, negative_slope=negative_slope,
    )  # fmt: skip
    with stage("data") as data_stage:
        points = split(data, train=train, test=test, seed=seed, preprocess=preprocess, targets=targets)
        data_stage.fixed = points.own_split
    x, x_test = points.x_train, points.x_test
    scale = (base_width / width) ** 0.5 if scaling == "mean-field" else 1.0
    y, ruler = points.y_train / scale, measures.ruler(points, scale)
    times = paths.recorded_times(steps)

    def farthest(a: np.ndarray, b: np.ndarray) -> float:
        return max(ruler.distance(now, other) for now, other in zip(a, b, strict=True))

    with stage("training") as trained:
        nngp_gram, ntk_gram = kernels.nngp_ntk(architecture, x)
        nngp_cross, ntk_cross = kernels.nngp_ntk(architecture, x_test, x)
        whole_gram, whole_cross = ntk_gram, ntk_cross
        initial = training.initialise(training.network_key(seed, 0), architecture, x, x_test)
        params = network.in_float64(initial.params)
        numbers = None
        if layers != "all":
            numbers = parts.numbers_of(layers, hidden)
            ntk_gram = parts.partial_ntk(architecture, layers, x)
            ntk_cross = parts.partial_ntk(architecture, layers, x_test, x)
            own_largest = solve.largest_eigenvalue(float64_ntk(params, architecture, x, layers=numbers))
            initial = initial._replace(largest=jnp.asarray(own_largest))
        largest = solve.largest_eigenvalue(ntk_gram)
        rate = float(training.learning_rates(learning_rate, largest, [initial])[0])
        f_0, f_0_test = (np.asarray(training.outputs(params, architecture, points)) for points in (x, x_test))
        y = y + f_0 if centred else y
        setting = (jnp.asarray(x), jnp.asarray(y), jnp.asarray(x_test), jnp.asarray(rate), jnp.asarray(times))
        path, motion = paths.follow(params, architecture, *setting, steps, numbers)
        residuals, f_test = np.asarray(path.residuals), np.asarray(path.f_test)
        initial_loss, *_, final_loss = (float(loss) for loss in np.mean(residuals**2, axis=1))
        paths.require_fallen("network", initial_loss, final_loss, steps)
        weights, norms = np.asarray(motion.weights), np.asarray(motion.weight_norms)
        measured |= {
            "initial-loss": initial_loss * scale**2,
            "final-loss": final_loss * scale**2,
            "learning-rate": rate / scale**2,
            "network-vs-untrained.distance": ruler.distance(f_test[-1], f_0_test),
            "weights-moved": float(np.max(np.linalg.norm(weights, axis=1)) / np.linalg.norm(norms)),
            "input-weights-moved": float(np.max(weights[:, 0]) / norms[0]),
            "output-weights-moved": float(np.max(weights[:, -1]) / norms[-1]),
            "features-moved": float(np.max(motion.features)),
            "kernel-drift": float(np.max(motion.kernel)),
        }

    if not trained.ok:
        return measured

    def predicted(gram: np.ndarray, cross: np.ndarray, name: str) -> tuple[np.ndarray, np.ndarray]:
        """f at the test points, and the norm of the residual, at the recorded times."""
        solver = solve.factor(name, gram)
        at = [(np.asarray(float(time)), np.asarray(rate)) for time in times]
        at_test = np.stack([solver.after(*when, cross, y, f_0, f_0_test) for when in at])
        at_train = np.stack([solver.after(*when, gram, y, f_0, f_0) for when in at])
        return at_test, np.linalg.norm(at_train - y, axis=1)

    with stage("linearised"):
        linear = paths.follow_linearised(params, architecture, *setting, steps, numbers)
        linear_test = np.asarray(linear.f_test)
        own_gram, own_cross = (
            float64_ntk(params, architecture, first, second, numbers)
            for first, second in ((x, None), (x_test, x))
        )
        closed, _ = predicted(own_gram, own_cross, "own NTK")
        infinite, _ = predicted(ntk_gram, ntk_cross, "NTK")
        losses = np.mean(np.asarray(linear.residuals) ** 2, axis=1)
        paths.require_fallen("linearised network", float(losses[0]), float(losses[-1]), steps)
        measured |= {
            "linearised-vs-closed-form.distance": farthest(linear_test, closed),
            "linearised-vs-infinite.distance": farthest(linear_test, infinite),
            "network-vs-linearised.distance": farthest(f_test, linear_test),
        }

    with stage("infinite width"):
        matched = float(np.trace(ntk_gram) / np.trace(nngp_gram))
        at_times = np.linalg.norm(residuals[times], axis=1)
        for name, gram, cross in (
            ("infinite", ntk_gram, ntk_cross), ("nngp", matched * nngp_gram, matched * nngp_cross)
        ):
            prediction, left = predicted(gram, cross, name)
            gap = np.max(np.abs(at_times - left)) / np.linalg.norm(residuals[0])
            measured[f"network-vs-{name}.distance"] = farthest(f_test, prediction)
            measured[f"loss-vs-{name}.distance"] = float(gap)
            rates = modes.decay_rates(residuals, solve.factor(name, gram), rate)
            measured[f"mode-rates-vs-{name}.distance"] = modes.typical_error(*rates)
        share = float(np.trace(ntk_gram) / np.trace(whole_gram))
        prediction, _ = predicted(share * whole_gram, share * whole_cross, "NTK of all layers")
        measured["network-vs-all-layers.distance"] = farthest(f_test, prediction)
    return measured
