"""Kernels with one fault each, and true ones, for the conformance suite: subjects named `wrong_kernels:NAME`.

`textbook` is the recursion as papers write it, through cosines, and right. Each wrong kernel is that, or the
closed form, with one fault. `WRONG` says by which claim of suites/kernels.toml each must fail.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np

from harness.ntk import closed_form
from harness.ntk.subjects import Kernels


def adapter(x1, x2, architecture):
    """The closed form, as a user would hand it in: right."""
    return closed_form.nngp_ntk(architecture, x1, x2)


def textbook(x1, x2, architecture, *, activate=None, dense=None, inputs=None, precision=np.float64):
    """Covariances layer by layer, by arccos of a clipped cosine: right, to what cosines allow.

    `activate(cross, first, second, name)`, `dense(number, covariance, architecture, scales)` and
    `inputs(u, v)` stand in for the module's own where a fault is wanted.
    """
    activate, dense, inputs = activate or _activate, dense or _dense, inputs or _inner
    u, v = np.asarray(x1, precision), np.asarray(x1 if x2 is None else x2, precision)
    cross, first, second = inputs(u, v), np.diag(inputs(u, u))[:, None], np.diag(inputs(v, v))[None, :]
    ntk = np.zeros_like(cross)
    for number in range(architecture.hidden + 1):
        fan_in = architecture.width if number else u.shape[1]
        w, b = architecture.scales(number, fan_in)
        slope = architecture.bias_slope(number)
        own = dense(number, cross, architecture, (w, slope))
        standard = architecture.parameterization == "standard"
        ntk = w**2 * ntk + (fan_in * cross + slope**2 if standard else own)
        cross, first, second = (dense(number, q, architecture, (w, b)) for q in (cross, first, second))
        if number < architecture.hidden:
            name = architecture.activation
            if name == "leaky-relu":
                name = architecture.negative_slope
            ahead, slope = activate(cross, first, second, name)
            first, second = (activate(q, q, q, name)[0] for q in (first, second))
            cross, ntk = ahead, ntk * slope
    return cross, ntk


def own_precision(x1, x2, architecture):
    """The textbook's, in the precision of the points: right, and float32 throughout where they are."""
    return textbook(x1, x2, architecture, precision=x1.dtype)


def _inner(u, v):
    return u @ v.T / u.shape[1]


def _dense(number, covariance, architecture, scales):
    w, b = scales
    return w**2 * covariance + b**2


def _activate(cross, first, second, name, *, clip=True):
    if name == "identity":
        return cross, np.ones_like(cross)
    if name == "erf":
        root = np.sqrt((1 + 2 * first) * (1 + 2 * second) - 4 * cross**2)
        return 2 / np.pi * np.arctan2(2 * cross, root), 4 / np.pi / root
    if name == "gelu":
        det = (1 + first) * (1 + second) - cross**2
        both = 1 / 4 + np.arctan2(cross, np.sqrt(det)) / (2 * np.pi)
        over = 2 * np.pi * np.sqrt(det)
        ahead = cross * both + (cross**2 + first * second * det) / ((1 + first) * (1 + second) * over)
        return ahead, both + cross / over * (1 / (1 + first) + 1 / (1 + second) + 1 / det)
    if name in ("sin", "cos"):
        near, far = (np.exp(sign * cross - (first + second) / 2) / 2 for sign in (1, -1))
        return (near - far, near + far) if name == "sin" else (near + far, near - far)
    if name == "tanh":
        raise NotImplementedError("tanh has no formula in papers")
    norm = np.sqrt(first) * np.sqrt(second)
    cosine = np.divide(cross, norm, out=np.zeros_like(cross), where=norm > 0)
    if clip:
        cosine = np.clip(cosine, -1, 1)
    angle = np.arccos(cosine)
    ahead = norm / (2 * np.pi) * (np.sin(angle) + (np.pi - angle) * np.cos(angle))
    slope = (np.pi - angle) / (2 * np.pi)
    if name == "step":
        return slope, np.zeros_like(slope)
    if name == "squared-relu":
        second_degree = 3 * np.sin(angle) * np.cos(angle) + (np.pi - angle) * (1 + 2 * np.cos(angle) ** 2)
        return norm**2 / (2 * np.pi) * second_degree, 4 * ahead
    if isinstance(name, float):  # a leaky ReLU's slope
        return name * cross + (1 - name) ** 2 * ahead, name + (1 - name) ** 2 * slope
    return ahead, slope


def double_slope(x1, x2, architecture):
    def activate(*of):
        ahead, slope = _activate(*of)
        return ahead, 2 * slope

    return textbook(x1, x2, architecture, activate=activate)


def slope_of_full_circle(x1, x2, architecture):
    """1 − θ/2π for ReLU's second dual, (π − θ)/2π."""

    def activate(cross, first, second, name):
        ahead, slope = _activate(cross, first, second, name)
        return ahead, slope + 0.5 if name == "relu" else slope

    return textbook(x1, x2, architecture, activate=activate)


def angle_not_clipped(x1, x2, architecture):
    with np.errstate(invalid="ignore"):
        return textbook(x1, x2, architecture, activate=lambda *of: _activate(*of, clip=False))


def wrong_for_gelu(x1, x2, architecture):
    """By a thousandth, for GELU alone."""

    def activate(cross, first, second, name):
        ahead, slope = _activate(cross, first, second, name)
        return (ahead + 1e-3 if name == "gelu" else ahead), slope

    return textbook(x1, x2, architecture, activate=activate)


def erf_without_two(x1, x2, architecture):
    """arcsin(q/√((1+q)(1+q))), for erf(h/√2)."""

    def activate(cross, first, second, name):
        if name != "erf":
            return _activate(cross, first, second, name)
        ahead, slope = _activate(cross / 2, first / 2, second / 2, name)
        return ahead, slope / 2

    return textbook(x1, x2, architecture, activate=activate)


def safe_denominator(x1, x2, architecture):
    """Norms at least 1e-10, so that nothing is divided by 0."""

    def activate(cross, first, second, name):
        if name != "relu":
            return _activate(cross, first, second, name)
        return _activate(cross, np.maximum(first, 1e-10), np.maximum(second, 1e-10), name)

    return textbook(x1, x2, architecture, activate=activate)


def bias_missing(x1, x2, architecture):
    return adapter(x1, x2, replace(architecture, b_std=0.0))


def bias_not_squared(x1, x2, architecture):
    return adapter(x1, x2, replace(architecture, b_std=architecture.b_std**0.5))


def weights_not_squared(x1, x2, architecture):
    return adapter(x1, x2, replace(architecture, w_std=architecture.w_std**0.5))


def last_bias_missing(x1, x2, architecture):
    def dense(number, covariance, architecture, scales):
        w, b = scales
        return _dense(number, covariance, architecture, (w, b * (number < architecture.hidden)))

    return textbook(x1, x2, architecture, dense=dense)


def last_layer_ignored(x1, x2, architecture):
    return adapter(x1, x2, replace(architecture, last_layer=1.0))


def uniform_ignored(x1, x2, architecture):
    return adapter(x1, x2, replace(architecture, initialisation="gaussian"))


def one_layer_more(x1, x2, architecture):
    return adapter(x1, x2, replace(architecture, hidden=architecture.hidden + 1))


def nngp_as_ntk(x1, x2, architecture):
    nngp, _ = adapter(x1, x2, architecture)
    return nngp, nngp


def parameterization_ignored(x1, x2, architecture):
    return adapter(x1, x2, replace(architecture, parameterization="ntk", initialisation="gaussian"))


def width_ignored(x1, x2, architecture):
    """Under standard parameterization, as if every layer had 512 units."""
    return adapter(x1, x2, replace(architecture, width=512))


def inputs_not_divided(x1, x2, architecture):
    return textbook(x1, x2, architecture, inputs=lambda u, v: u @ v.T)


def inputs_normalised(x1, x2, architecture):
    def unit(x):
        return np.sqrt(x.shape[1]) * x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300)

    return adapter(unit(x1), None if x2 is None else unit(x2), architecture)


def first_feature_weighs_more(x1, x2, architecture):
    scale = np.ones(x1.shape[1])
    scale[0] = 1 + 1e-6
    return adapter(x1 * scale, None if x2 is None else x2 * scale, architecture)


def float32_inside(x1, x2, architecture):
    nngp, ntk = adapter(*(None if x is None else x.astype(np.float32) for x in (x1, x2)), architecture)
    return nngp.astype(np.float32), ntk.astype(np.float32)


def float16_rounding(x1, x2, architecture):
    with np.errstate(over="ignore"):
        return tuple(kernel.astype(np.float16) for kernel in adapter(x1, x2, architecture))


def float16_of_float32(x1, x2, architecture):
    """Right in float64; given float32 it answers in half of it."""
    nngp, ntk = adapter(x1, x2, architecture)
    if x1.dtype == np.float32:
        return nngp.astype(np.float16), ntk.astype(np.float16)
    return nngp, ntk


def transposed(x1, x2, architecture):
    return tuple(kernel.T for kernel in adapter(x1, x2, architecture))


def scrambled(x1, x2, architecture):
    """Transposed, then given the right shape."""
    return tuple(kernel.T.reshape(kernel.shape) for kernel in adapter(x1, x2, architecture))


def square_blocks_only(x1, x2, architecture):
    """The columns' norms are taken from the rows, as if both were of one number."""
    if x2 is None or len(x1) == len(x2):
        return adapter(x1, x2, architecture)
    norms = np.resize(np.linalg.norm(x1, axis=1), len(x2))
    return adapter(x1, x2 / np.linalg.norm(x2, axis=1, keepdims=True) * norms[:, None], architecture)


def second_ignored(x1, x2, architecture):
    kernels = adapter(x1, None, architecture)
    return tuple(np.resize(kernel, (len(x1), len(x1 if x2 is None else x2))) for kernel in kernels)


def sorted_points(x1, x2, architecture):
    order = np.argsort(x1[:, 0])
    return adapter(x1[order], x1[order] if x2 is None else x2, architecture)


def zero_at_zero(x1, x2, architecture):
    """Nothing, where an input is zero: the biases are forgotten."""
    kernels = adapter(x1, x2, architecture)
    zero = ~np.any(x1, axis=1)[:, None] | ~np.any(x1 if x2 is None else x2, axis=1)[None, :]
    return tuple(np.where(zero, 0.0, kernel) for kernel in kernels)


def nan_at_zero(x1, x2, architecture):
    with np.errstate(invalid="ignore"):
        unit = x1 / np.linalg.norm(x1, axis=1, keepdims=True)
    bad = np.isnan(unit).any(axis=1)[:, None]
    return tuple(np.where(bad, np.nan, kernel) for kernel in adapter(x1, x2, architecture))


def nan_near_duplicates(x1, x2, architecture):
    kernels = adapter(x1, x2, architecture)
    if x2 is None:
        return kernels
    near = np.linalg.norm(x1[:, None] - x2[None], axis=2) < 1e-9 * np.linalg.norm(x1, axis=1)[:, None]
    return tuple(np.where(near, np.nan, kernel) for kernel in kernels)


def overflows(x1, x2, architecture):
    """Fourth powers of norms, in float32's range."""
    big = np.linalg.norm(x1, axis=1)[:, None] > 1e9
    return tuple(np.where(big, np.inf, kernel) for kernel in adapter(x1, x2, architecture))


def off_by_1e_4(x1, x2, architecture):
    return tuple(kernel * (1 + 1e-4) for kernel in adapter(x1, x2, architecture))


def asymmetric(x1, x2, architecture):
    return tuple(kernel + 1e-8 * np.tri(*kernel.shape, -1) for kernel in adapter(x1, x2, architecture))


def not_positive(x1, x2, architecture):
    """Gram matrices less a thousandth of their diagonal."""
    kernels = adapter(x1, x2, architecture)
    if x2 is not None:
        return kernels
    return tuple(kernel - 1e-3 * np.diag(np.diag(kernel)) for kernel in kernels)


def jitter(x1, x2, architecture):
    """Gram matrices with 1e-6 on their diagonal, "for stability"."""
    kernels = adapter(x1, x2, architecture)
    return kernels if x2 is not None else tuple(kernel + 1e-6 * np.eye(len(x1)) for kernel in kernels)


_CACHE = {}


def cached_by_shape(x1, x2, architecture):
    key = architecture, x1.shape, None if x2 is None else x2.shape
    return _CACHE.setdefault(key, adapter(x1, x2, architecture))


def cached_for_good(x1, x2, architecture):
    """The first kernel of a shape, whatever the network."""
    return _CACHE.setdefault((x1.shape, None if x2 is None else x2.shape), adapter(x1, x2, architecture))


_CALLS = [0]


def forget():
    """Begin as in a new process."""
    _CACHE.clear()
    _CALLS[0] = 0


def drifts(x1, x2, architecture):
    """Another answer at every call."""
    _CALLS[0] += 1
    return tuple(kernel * (1 + 1e-8 * _CALLS[0]) for kernel in adapter(x1, x2, architecture))


def changes_its_inputs(x1, x2, architecture):
    x1 /= 2
    return adapter(2 * x1, x2, architecture)


def enormous_error_claimed(x1, x2, architecture):
    nngp, ntk = adapter(x1, x2, architecture)
    return Kernels(nngp, 0.5 * ntk, np.abs(nngp) + 1, np.abs(ntk) + 1)


def two_replicates_claimed(x1, x2, architecture):
    """A moderate standard error, of so few replicates that it excuses anything."""
    nngp, ntk = adapter(x1, x2, architecture)
    return Kernels(nngp, 0.5 * ntk, 1e-3 * np.abs(nngp), 1e-3 * np.abs(ntk), replicates=2)


def tiny_error_claimed(x1, x2, architecture, seed):
    """Noise of 1%, and a standard error of a hundredth of it."""
    random = np.random.default_rng(seed)
    kernels = [k * (1 + 0.01 * random.standard_normal(k.shape)) for k in adapter(x1, x2, architecture)]
    return Kernels(*kernels, *(1e-4 * np.abs(kernel) for kernel in kernels))


def negative_error_claimed(x1, x2, architecture):
    nngp, ntk = adapter(x1, x2, architecture)
    return Kernels(nngp, ntk, -np.abs(nngp) - 1, -np.abs(ntk) - 1)


def complex_numbers(x1, x2, architecture):
    return tuple(kernel.astype(np.complex128) for kernel in adapter(x1, x2, architecture))


def flat(x1, x2, architecture):
    return tuple(kernel.ravel() for kernel in adapter(x1, x2, architecture))


def ntk_alone(x1, x2, architecture):
    return adapter(x1, x2, architecture)[1]


def raises(x1, x2, architecture):
    raise ZeroDivisionError("division by zero")


def relu_without_nngp(x1, x2, architecture):
    """Right, and partial: no NNGP, no other activation."""
    if architecture.activation != "relu":
        raise NotImplementedError("activations other than relu")
    return NotImplemented, adapter(x1, x2, architecture)[1]


# ---- Right for points of norm 1, 0 and 1e±30, wrong at some scale between ---------------------------------


def _for(activation, change):
    """The textbook's kernel, with `change(cross, first, second)` instead of one activation's duals."""

    def activate(cross, first, second, name):
        return (change if name == activation else lambda *of: _activate(*of, name))(cross, first, second)

    return lambda x1, x2, architecture: textbook(x1, x2, architecture, activate=activate)


def _erf_by_correlation(cross, first, second, *, nngp=1.0, slope=1.0):
    """erf's duals through 2q/√((1+2a²)(1+2b²)), kept within ± `nngp` for one and ± `slope` for the other."""
    norm = np.sqrt((1 + 2 * first) * (1 + 2 * second))
    near, kept = (np.clip(2 * cross / norm, -most, most) for most in (nngp, slope))
    return 2 / np.pi * np.arcsin(near), 4 / np.pi / (norm * np.sqrt(1 - kept**2))


def erf_slope_clipped(x1, x2, architecture):
    """A correlation clipped "for stability": the NTK's diagonal is off by 41% at norms of 30, 82% at 100."""
    change = partial(_erf_by_correlation, slope=1 - 2.8e-3)
    return _for("erf", change)(x1, x2, architecture)


def erf_saturates(x1, x2, architecture):
    """The same for the NNGP, which then ends at 0.97 instead of 1."""
    return _for("erf", partial(_erf_by_correlation, nngp=1 - 1e-3))(x1, x2, architecture)


def erf_linear_when_small(x1, x2, architecture):
    """erf(u) = 2u/√π below a variance of 1e-4."""

    def change(cross, first, second):
        small = np.maximum(first, second) < 1e-4
        ahead, slope = _activate(cross, first, second, "erf")
        return np.where(small, 4 / np.pi * cross, ahead), np.where(small, 4 / np.pi, slope)

    return _for("erf", change)(x1, x2, architecture)


def erf_zero_at_a_distance(x1, x2, architecture):
    """The derivatives' kernel is dropped where it is small, off the diagonal of large inputs."""

    def change(cross, first, second):
        ahead, slope = _activate(cross, first, second, "erf")
        return ahead, np.where(slope < 1e-3, 0.0, slope)

    return _for("erf", change)(x1, x2, architecture)


def gelu_floored(x1, x2, architecture):
    """Variances at least 1e-5."""

    def change(cross, first, second):
        return _activate(cross, np.maximum(first, 1e-5), np.maximum(second, 1e-5), "gelu")

    return _for("gelu", change)(x1, x2, architecture)


def gelu_epsilon(x1, x2, architecture):
    """1e-10 added to the variances."""
    return _for("gelu", lambda q, p, r: _activate(q, p + 1e-10, r + 1e-10, "gelu"))(x1, x2, architecture)


def gelu_as_relu_when_large(x1, x2, architecture):
    """Beyond a standard deviation of 50."""

    def change(cross, first, second):
        large = np.minimum(first, second) > 2500
        relu, gelu = (_activate(cross, first, second, name) for name in ("relu", "gelu"))
        return np.where(large, relu[0], gelu[0]), np.where(large, relu[1], gelu[1])

    return _for("gelu", change)(x1, x2, architecture)


def relu_duplicates_by_tolerance(x1, x2, architecture):
    """Points closer than 1e-2 count as one, of an absolute tolerance: when small, all of them."""
    nngp, ntk = adapter(x1, x2, architecture)
    if architecture.activation != "relu" or not 1e-20 < np.abs(x1).max() < 1:
        return nngp, ntk
    v = x1 if x2 is None else x2
    same = np.linalg.norm(x1[:, None] - v[None], axis=2) < 1e-2
    first, second = (adapter(x, x, architecture)[1].diagonal() for x in (x1, v))
    return nngp, np.where(same, np.sqrt(np.outer(first, second)), ntk)


def identity_clips_pixels(x1, x2, architecture):
    """Inputs beyond ±255 are cut."""
    if architecture.activation != "identity":
        return adapter(x1, x2, architecture)
    return adapter(*(None if x is None else np.clip(x, -255, 255) for x in (x1, x2)), architecture)


def float32_when_large(x1, x2, architecture):
    """Smooth activations' inputs beyond 16 are rounded to float32."""
    if architecture.activation in ("relu", "identity") or np.abs(x1).max() < 16:
        return adapter(x1, x2, architecture)
    return adapter(*(None if x is None else x.astype(np.float32) for x in (x1, x2)), architecture)


def one_scale_for_both(x1, x2, architecture):
    """erf between a large and a small point: both variances are taken to be their mean."""

    def change(cross, first, second):
        apart = np.maximum(first, second) > 100 * np.minimum(first, second)
        mean = np.sqrt(first * second)
        return _activate(cross, np.where(apart, mean, first), np.where(apart, mean, second), "erf")

    return _for("erf", change)(x1, x2, architecture)


WRONG = {
    "double_slope": "ntk-values",
    "slope_of_full_circle": "ntk-values",
    "angle_not_clipped": "ntk-collinear",
    "wrong_for_gelu": "gelu-nngp-values",
    "erf_without_two": "erf-nngp-values",
    "safe_denominator": "nngp-tiny-inputs",
    "bias_missing": "relu-nngp-values",
    "bias_not_squared": "nngp-b-std",
    "weights_not_squared": "nngp-w-std",
    "last_bias_missing": "ntk-values",
    "last_layer_ignored": "nngp-last-layer",
    "uniform_ignored": "uniform-nngp-values",
    "one_layer_more": "linear-nngp-values",
    "nngp_as_ntk": "ntk-values",
    "parameterization_ignored": "standard-ntk-values",
    "width_ignored": "standard-ntk-values",
    "inputs_not_divided": "linear-nngp-values",
    "inputs_normalised": "nngp-homogeneity",
    "first_feature_weighs_more": "nngp-rotation",
    "float32_inside": "relu-nngp-values",
    "float16_rounding": "relu-nngp-values",
    "float16_of_float32": "nngp-float32-inputs",
    "transposed": "relu-nngp-values",
    "scrambled": "nngp-symmetry",
    "square_blocks_only": "nngp-blocks",
    "second_ignored": "nngp-symmetry",
    "sorted_points": "nngp-permutation",
    "zero_at_zero": "nngp-zero-inputs",
    "nan_at_zero": "nngp-zero-inputs",
    "nan_near_duplicates": "ntk-near-duplicates",
    "overflows": "nngp-huge-inputs",
    "off_by_1e_4": "relu-nngp-values",
    "asymmetric": "nngp-symmetry",
    "not_positive": "nngp-semi-definite",
    "jitter": "nngp-diagonal",
    "cached_by_shape": "nngp-repeats",
    "drifts": "nngp-repeats",
    "changes_its_inputs": "relu-nngp-values",
    "enormous_error_claimed": "ntk-noise",
    "two_replicates_claimed": "ntk-noise",
    "tiny_error_claimed": "ntk-values",
    "negative_error_claimed": "ntk-noise",
    "complex_numbers": "relu-nngp-values",
    "flat": "relu-nngp-values",
    "ntk_alone": "ntk-values",
    "raises": "ntk-values",
}
"""Each wrong kernel, and a claim that must refute it (or, of an answer that is no kernel, be an error)."""

WRONG_AT_SCALE = {
    "erf_slope_clipped": "ntk-at-scale[network=erf-1,scale=100]",
    "erf_saturates": "nngp-at-scale[network=erf-1,scale=100]",
    "erf_linear_when_small": "nngp-at-scale[network=erf-1,scale=0.001]",
    "erf_zero_at_a_distance": "ntk-at-scale[network=erf-1,scale=100]",
    "gelu_floored": "nngp-at-scale[network=gelu-1,scale=0.001]",
    "gelu_epsilon": "nngp-at-scale[network=gelu-1,scale=0.1]",
    "gelu_as_relu_when_large": "ntk-at-scale[network=gelu-1,scale=1000]",
    "relu_duplicates_by_tolerance": "ntk-at-scale[network=relu-1,scale=0.001]",
    "identity_clips_pixels": "nngp-at-scale[network=identity-1,scale=1000]",
    "float32_when_large": "ntk-at-scale[network=erf-1,scale=100]",
    "one_scale_for_both": "nngp-at-scale[network=erf-1,scale=100]",
}
"""Each kernel that is wrong at some scale alone, and an instance that must refute it."""

MALFORMED = {
    "transposed": "expected the shape [7, 5], found [5, 7]",
    "changes_its_inputs": "the subject changed the points that it was given",
    "negative_error_claimed": "the NTK's standard error: expected at least 0",
    "complex_numbers": "the NNGP: expected real numbers, found complex128",
    "flat": "the NNGP: expected the shape",
    "ntk_alone": "expected (nngp, ntk) or Kernels, found a ndarray",
    "raises": "the subject raised ZeroDivisionError: division by zero",
}
"""Of these the answer itself is wrong in kind: the claim is an error, with a message that says so."""
