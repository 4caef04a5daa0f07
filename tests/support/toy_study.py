"""An experiment that takes a model, with known truth: it returns what the model computes."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.declare import Quantity, Value, build_model, experiment, stage

QUANTITIES = {"output": Quantity("what the model makes of 1", scale="linear", stage="main")}


@experiment("toy-study", version=1, quantities=QUANTITIES, about={"model": "the network", "train": "points"})
def study(
    *,
    seed: int,
    model: str = "toy_models:line",
    train: Annotated[int, Meta(ge=1)] = 4,
    noise: float = 0.0,
    **of_model: Value,
) -> dict[str, float]:
    """Draw a model and apply it to 1."""
    init, apply, *_ = build_model(model, of_model)
    with stage("main"):
        _, params = init(seed, (-1, 1))
        return {"output": apply(params, 1.0) + noise / train}
    return {}
