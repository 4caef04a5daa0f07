"""How exactly products of float32 matrices are computed: in float32, or in TF32 where that is asked for.

TF32 keeps ten bits of a factor's mantissa, three digits, and adds up in float32; NVIDIA's devices compute so
several times as fast. Products of float64 are not touched. The harness sets float32 for all that runs under
it; a function that is called by itself has what JAX is set to.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

import jax

ProductPrecision = Literal["float32", "tf32"]


def products(precision: ProductPrecision) -> AbstractContextManager[None]:
    """While it is entered, float32 products are of this precision, in programs that are called inside."""
    if precision == "tf32":
        entered: AbstractContextManager[None] = jax.default_matmul_precision("tensorfloat32")
        return entered
    return nullcontext()
