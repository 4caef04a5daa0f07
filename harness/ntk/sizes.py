"""From how many points on kernels are evaluated, held and solved otherwise, and how much a trial then holds.

Importing this module imports no library: what a trial holds is asked when it is planned.
"""

from __future__ import annotations

TILE = 512
"""Rows and columns of a tile, in which kernels among more points are evaluated: measured fastest for those of
neural-tangents, 38 ns a pair (1024: 150 ns)."""

ALL_HELD = 4096
"""Training points (134 MB a matrix) up to which all kernels of a trial are held."""

DIRECT = 32_768
"""Training points, at most, of which a kernel is held (8.6 GB) and factored. LAPACK's indices of 32 bits
would reach 46,340."""

RANK = 1024
"""Points of the preconditioner beyond: it takes 2 n r² operations, a tenth of a product with the kernel."""

CROSS = 2**25
"""Entries (256 MB) that a kernel between test and training points may have to be held."""

LIBRARIES = 600_000_000
"""Bytes that a worker with JAX holds before it has computed anything."""


def regression_bytes(train: int, test: int, networks: int) -> int:
    """The most that a trial of `ntk.regression` holds of kernels, whatever is read of it.

    Of each matrix n²: up to `ALL_HELD` points six kernels and the eigenvectors of four; beyond, two kernels,
    the eigenvectors of one, and what these are computed from. Networks' own kernels are held besides, with
    their factors, at three times of training. Beyond `DIRECT` points no matrix is held, but the
    preconditioner and what it is computed from.
    """
    across = min(train * test, CROSS)
    if train > DIRECT:
        return LIBRARIES + 8 * (3 * train * RANK + across)
    kernels = 11 if train <= ALL_HELD else 4
    return LIBRARIES + 8 * ((kernels + 6 * networks) * train**2 + 6 * across)
