"""The precision of products of float32 matrices: float32, or TF32 where requested.

TF32 keeps ten bits of a factor's mantissa, three digits, and adds up in float32. NVIDIA's devices compute it
several times as fast. Products of float64 are not affected. The harness sets float32 for everything that it
runs; a function that is called on its own uses JAX's setting.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import jax

ProductPrecision = Literal["float32", "tf32"]


def products(precision: ProductPrecision) -> AbstractContextManager[None]:
    """A context in which programs compute float32 products in this precision."""
    if precision == "tf32":
        entered: AbstractContextManager[None] = jax.default_matmul_precision("tensorfloat32")
        return entered
    return nullcontext()
