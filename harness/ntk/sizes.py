"""The numbers of points from which kernels are evaluated, held and solved differently, and a trial's memory.

Importing this module imports no library, because planning asks for the memory of trials.
"""

from __future__ import annotations

TILE = 512
"""Rows and columns of a tile, in which kernels among more points are evaluated. This size was measured as the
fastest for neural-tangents, 38 ns a pair (1024: 150 ns)."""

ALL_HELD = 4096
"""The number of training points (134 MB a matrix) up to which all kernels of a trial are held."""

DIRECT = 32_768
"""The most training points for which a kernel is held (8.6 GB) and factored. LAPACK's indices of 32 bits
would reach 46,340."""

RANK = 1024
"""Points of the preconditioner for larger kernels: it takes 2 n r² operations, a tenth of a product with the
kernel."""

CROSS = 2**25
"""The most entries (256 MB) of a kernel between test and training points that is held."""

LIBRARIES = 600_000_000
"""Bytes that a worker with JAX takes before it computes anything."""


def regression_bytes(train: int, test: int, networks: int) -> int:
    """The most bytes of kernels that a trial of `ntk.regression` holds, whichever quantities are read.

    Each matrix has n² entries. Up to `ALL_HELD` points, six kernels and the eigenvectors of four are held.
    Beyond, two kernels, the eigenvectors of one, and what these are computed from are held. Networks' own
    kernels are held as well, with their factors, at three times of training. Beyond `DIRECT` points no matrix
    is held except the preconditioner and what it is computed from.
    """
    across = min(train * test, CROSS)
    if train > DIRECT:
        return LIBRARIES + 8 * (3 * train * RANK + across)
    kernels = 11 if train <= ALL_HELD else 4
    return LIBRARIES + 8 * ((kernels + 6 * networks) * train**2 + 6 * across)
