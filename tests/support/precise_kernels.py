"""NNGP and NTK to 60 digits, in mpmath: what the package's float64 is held against. Also a subject.

The recursion as papers write it, through covariances. It cancels as they do: near parallel points of norm 1e3
a determinant keeps 12 digits fewer than its terms, of `DIGITS`. `harness.ntk.closed_form` carries angles and
rearranges every formula, so that the two have little in common. `by_integration` has no formula of two
variables.
"""

from __future__ import annotations

import numpy as np
from mpmath import mp, mpf

DIGITS = 60


def kernel(x1, x2, architecture):
    """Both kernels between rows of `x1` and `x2` (None: the Gram matrix), rounded to float64."""
    first = np.asarray(x1, dtype=np.float64)
    second = first if x2 is None else np.asarray(x2, dtype=np.float64)
    with mp.workdps(DIGITS):
        entries = [[_entry(u, v, architecture) for v in _exact(second)] for u in _exact(first)]
        return tuple(np.array([[float(e[k]) for e in row] for row in entries]) for k in (0, 1))


def dual(activation, p, q, r, negative_slope=0.01):
    """E φ(u)φ(v) and E φ'(u)φ'(v), of variances p, r and covariance q, at the working precision."""
    if activation == "identity":
        return q, mpf(1)
    if activation in ("sin", "cos"):  # E cos(u ∓ v) is the characteristic function of a Gaussian
        less, more = mp.exp(-(p + r) / 2 + q) / 2, mp.exp(-(p + r) / 2 - q) / 2
        return (less - more, less + more) if activation == "sin" else (less + more, less - more)
    if activation in ("relu", "leaky-relu", "step", "squared-relu"):
        size = mp.sqrt(p * r)
        angle = mp.acos(max(min(q / size, mpf(1)), mpf(-1))) if size else mp.pi / 2
        share = (mp.pi - angle) / (2 * mp.pi)
        relu = size * (mp.sin(angle) / (2 * mp.pi) + share * mp.cos(angle))
        if activation == "relu":
            return relu, share
        if activation == "leaky-relu":
            slope = mpf(negative_slope)
            return slope * q + (1 - slope) ** 2 * relu, slope + (1 - slope) ** 2 * share
        if activation == "step":
            return share, mpf(0)
        turned = 3 * mp.sin(angle) * mp.cos(angle) / (2 * mp.pi) + share * (1 + 2 * mp.cos(angle) ** 2)
        return size**2 * turned, 4 * relu
    if activation == "erf":
        root = mp.sqrt((1 + 2 * p) * (1 + 2 * r) - 4 * q**2)
        return 2 / mp.pi * mp.atan2(2 * q, root), 4 / (mp.pi * root)
    det = (1 + p) * (1 + r) - q**2
    both = mpf(1) / 4 + mp.atan2(q, mp.sqrt(det)) / (2 * mp.pi)
    over = 2 * mp.pi * mp.sqrt(det)
    ahead = q * both + (q**2 + p * r * det) / ((1 + p) * (1 + r) * over)
    return ahead, both + q / over * (1 / (1 + p) + 1 / (1 + r) + 1 / det)


def by_integration(activation, p, q, r):
    """The same of erf and GELU by an integral over u, of the means of φ(v) and φ'(v) given u.

    Given u, v is Gaussian with mean qu/p and variance r − q²/p; its means are known in closed form of one
    variable.
    """
    a, left = mp.sqrt(p), r - q**2 / p
    one = 1 + 2 * left if activation == "erf" else 1 + left

    def given(u):
        m = q * u / p
        t = m / mp.sqrt(one)
        if activation == "erf":
            return mp.erf(t), 2 / mp.sqrt(mp.pi * one) * mp.exp(-(t**2))
        cdf, pdf = mp.ncdf(t), mp.npdf(t)
        return m * cdf + left / mp.sqrt(one) * pdf, cdf + pdf * (m / mp.sqrt(one)) / one

    def plain(u):
        if activation == "erf":
            return mp.erf(u), 2 / mp.sqrt(mp.pi) * mp.exp(-(u**2))
        return u * mp.ncdf(u), mp.ncdf(u) + u * mp.npdf(u)

    ends = [t for t in (mpf(0), mpf(1), mpf(4), a, 4 * a, 12 * a) if t <= 12 * a]
    edges = sorted({s * t for s in (-1, 1) for t in ends})
    return tuple(mp.quad(lambda u, k=k: plain(u)[k] * given(u)[k] * mp.npdf(u, 0, a), edges) for k in (0, 1))


def _exact(points):
    return [[mpf(float(x)) for x in point] for point in points]


def _entry(u, v, architecture):
    a = architecture
    p, q, r = (
        mp.fsum(s * t for s, t in zip(*pair, strict=True)) / len(u) for pair in ((u, u), (u, v), (v, v))
    )
    tangent = mpf(0)
    for number in range(a.hidden + 1):
        fan_in = a.width if number else len(u)
        if number:
            after, slope = dual(a.activation, p, q, r, a.negative_slope)
            p, r = (dual(a.activation, x, x, x, a.negative_slope)[0] for x in (p, r))
            q, tangent = after, tangent * slope
        w, b = (mpf(x) for x in a.scales(number, fan_in))
        of_bias = mpf(a.bias_slope(number)) ** 2
        own = (fan_in if a.parameterization == "standard" else w**2) * q + of_bias
        tangent = w**2 * tangent + own
        p, q, r = (w**2 * x + b**2 for x in (p, q, r))
    return q, tangent
