"""The experiment `ntk.network`: a user's own network, trained as the user trains it, beside its own kernel.

    network        trained by a rule of optax, on squared loss or cross-entropy
    linearised     its first-order Taylor expansion in the parameters, trained alike
    own NTK        regression with its tangent kernel before training, given f₀, for as many steps
    after-kernel   regression with its tangent kernel after training, given f₀
    alternatives   other predictors that may predict alike (`harness.ntk.network_alternatives`)

`_network_quantities` lists what is measured of them. Importing this module imports no library.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from harness.declare import Value, covered_if_installed, experiment
from harness.ntk.experiments._network_quantities import (
    ABOUT,
    QUANTITIES,
    NetworkData,
    OptaxRule,
    RateUnit,
    rate_of,
    settle_network,
)
from harness.ntk.preparation import DEFAULT, Preprocess, TargetScaling


@experiment(
    "ntk.network",
    version=1,
    quantities=QUANTITIES,
    about=ABOUT,
    precision="kernels and solves float64, networks float32",
    settle=settle_network,
)
def measure_network(
    *,
    seed: int,
    model: str = "fully-connected",
    data: NetworkData = "sphere",
    preprocess: Preprocess = DEFAULT,
    targets: TargetScaling = DEFAULT,
    train: Annotated[int, Meta(ge=3, le=8192)] = 64,
    test: Annotated[int, Meta(ge=1, le=100_000)] = 200,
    loss: Literal["squared", "cross-entropy"] = "squared",
    optimizer: OptaxRule = "sgd",
    learning_rate: Annotated[float, Meta(ge=0)] = 0.0,
    rate_unit: RateUnit = "default",
    momentum: Annotated[float, Meta(ge=0, lt=1)] = 0.0,
    batch: Annotated[int, Meta(ge=0)] = 0,
    steps: Annotated[int, Meta(ge=2, le=10_000_000)] = 500,
    target_loss: Annotated[float, Meta(ge=0)] = 0.0,
    kernel_by: Literal["auto", "jacobians", "products"] = "auto",
    checkpoint: bool = False,
    **of_model: Value,
) -> dict[str, float]:
    """Train a network of your own, and measure whether its tangent kernel stays constant and predicts it.

    A network in the kernel regime behaves as its linearisation (Lee et al. 2019 arXiv:1902.06720; Chizat et
    al. 2019 arXiv:1812.07956). One that learns features does not, and its kernel after training depends on
    the data (Long 2021 arXiv:2105.10585). The linearised network has the same start, rule, rate and batches.
    Closed forms exist only for gradient descent on squared loss; with batches they are those of the mean
    step.
    """
    from harness.ntk.experiments._network_computed import NetworkTrial, TrainingSetting, measured_of
    from harness.ntk.jax_network import JaxNetwork
    from harness.ntk.named_models import build, made_by_torch
    from harness.ntk.trainable import Recipe

    rate, unit = rate_of(optimizer, learning_rate, rate_unit)
    setting = TrainingSetting(
        seed=seed, data=data, preprocess=preprocess, targets=targets, train=train, test=test,
        recipe=Recipe(loss, optimizer, momentum, batch), learning_rate=rate,
        in_stable_units=unit == "stable", steps=steps, target_loss=target_loss, kernel_by=kernel_by,
        checkpoint=checkpoint,
    )  # fmt: skip
    with covered_if_installed():
        make = made_by_torch(model, of_model)
    if make is not None:
        from harness.ntk.torch_network import TorchNetwork

        return measured_of(NetworkTrial(lambda seed, features: TorchNetwork(model, make, seed), setting))
    built = build(model, of_model)
    return measured_of(NetworkTrial(lambda seed, features: JaxNetwork(built, seed, features), setting))
