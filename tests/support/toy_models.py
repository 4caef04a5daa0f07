"""Models for `toy_study`, in the form of `neural_tangents.stax`; numbers stand for arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal, NamedTuple

from msgspec import Meta

from harness.declare import Reference, model

Init = Callable[[int, tuple[int, int]], tuple[tuple[int, int], float]]
Apply = Callable[[float, float], float]
PARAMETERS = ("width", "hidden")


def _init(key: int, shape: tuple[int, int]) -> tuple[tuple[int, int], float]:
    return shape, float(key)


@model("toy-line", about={"width": "units"})
def line(
    *, width: Annotated[int, Meta(ge=1)] = 8, hidden: int = 1, act: Literal["relu", "erf"] = "relu"
) -> tuple[Init, Apply]:
    """Its slope is its width."""
    return _init, lambda params, x: params + width * x + hidden * (act == "erf")


def skip(width: float = 1.5, blocks=2, *, b_std: float = 0.5) -> tuple[Init, Apply, Any]:  # type: ignore[no-untyped-def]
    """Not decorated; its parameters are positional, and one has no annotation."""
    return _init, lambda params, x: params + width * x + 100 * blocks + b_std, None


class Made(NamedTuple):
    """An object with the parts of a model."""

    init: Init
    apply: Apply


def clash(*, train: bool = False, width: int = 3) -> Made:
    """It has a parameter that the experiment has too."""
    return Made(_init, lambda params, x: params + width * x + 1000 * train)


def named(*, activation: Annotated[str, Reference("activation")] = "toy_models:line") -> tuple[Init, Apply]:
    """It takes a function by its name."""
    return _init, lambda params, x: x


def nothing(*, width: int = 2) -> int:
    """It returns no model."""
    return width


def raises(*, width: int = 2) -> tuple[Init, Apply]:
    """It cannot be built."""
    raise ValueError(f"no network of width {width}")


def without_default(*, width: int) -> tuple[Init, Apply]:
    """It says too little."""
    return _init, lambda params, x: width * x
