"""Kernels that are right, but for one circumstance: subjects named `wrong_combinations:NAME`.

An audit made kernels of these kinds; each of them passed a suite of chosen cases. A fault stands at one
combination of architecture and inputs, or comes from what the kernel keeps between calls. `WRONG` names them
all.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np

from harness.ntk import closed_form

WRONG: dict[str, str] = {}
"""Each wrong kernel's name, and its fault in a few words."""


def right(x1, x2, architecture):
    return closed_form.nngp_ntk(architecture, x1, x2)


def _wrong(about):
    def keep(function):
        WRONG[function.__name__] = about
        return function

    return keep


def _off(kernels, share=1e-3):
    return tuple(kernel * (1 + share) for kernel in kernels)


def _where(about, condition):
    """Wrong by a thousandth where a condition on `(x1, x2, architecture)` holds."""

    def kernel(x1, x2, architecture):
        kernels = right(x1, x2, architecture)
        return _off(kernels) if condition(x1, x2, architecture) else kernels

    kernel.about = about
    return kernel


# ---- Shapes
# -------------------------------------------------------------------------------------------------


@_wrong("two sets of as many points are taken for one")
def square_cross_blocks(x1, x2, architecture):
    if x2 is not None and x1.shape == x2.shape:
        norms = np.linalg.norm(x1, axis=1) / np.maximum(np.linalg.norm(x2, axis=1), 1e-300)
        return right(x1, x2 * norms[:, None], architecture)
    return right(x1, x2, architecture)


@_wrong("a square block of two arrays gets a jittered diagonal")
def square_blocks_jittered(x1, x2, architecture):
    kernels = right(x1, x2, architecture)
    if x2 is not None and len(x1) == len(x2):
        return tuple(kernel * (1 + 1e-6 * np.eye(len(x1))) for kernel in kernels)
    return kernels


@_wrong("rows beyond the 32nd repeat the first ones: chunks that are not moved")
def many_rows(x1, x2, architecture):
    chunk = np.arange(len(x1)) % 32
    return right(x1[chunk], x1 if x2 is None else x2, architecture)


@_wrong("columns beyond the 32nd are those of the first chunk")
def many_columns(x1, x2, architecture):
    v = x1 if x2 is None else x2
    return right(x1, v[np.arange(len(v)) % 32], architecture)


@_wrong("features beyond the 64th are dropped")
def many_features(x1, x2, architecture):
    if x1.shape[1] <= 64:
        return right(x1, x2, architecture)
    cut = [None if x is None else x * (np.arange(x.shape[1]) < 64) for x in (x1, x2)]
    return right(*cut, architecture)


@_wrong("a square matrix of points is transposed")
def as_many_points_as_features(x1, x2, architecture):
    if x1.shape[0] == x1.shape[1]:
        return right(x1.T.copy(), x1.T.copy() if x2 is None else x2, architecture)
    return right(x1, x2, architecture)


one_row = _where("one row", lambda x1, x2, a: len(x1) == 1 and x2 is not None)
one_column = _where("one column", lambda x1, x2, a: x2 is not None and len(x2) == 1)
one_by_one = _where("one point against one", lambda x1, x2, a: x2 is not None and len(x1) == len(x2) == 1)
gram_of_one_point = _where("the Gram matrix of one point", lambda x1, x2, a: x2 is None and len(x1) == 1)
one_feature = _where("one feature", lambda x1, x2, a: x1.shape[1] == 1)
more_features_than_points = _where("more features than points", lambda x1, x2, a: x1.shape[1] > 50)
wide_blocks = _where(
    "many more columns than rows", lambda x1, x2, a: x2 is not None and len(x2) > 4 * len(x1)
)

# ---- Architectures
# ------------------------------------------------------------------------------------------


def _at(about, activation=None, **of):
    def condition(x1, x2, architecture):
        same = activation in (None, architecture.activation)
        return same and all(
            value(getattr(architecture, key)) if callable(value) else getattr(architecture, key) == value
            for key, value in of.items()
        )

    return _where(about, condition)


relu_without_biases = _at("ReLU without biases in a deep network", "relu", b_std=0.0, hidden=lambda h: h > 2)
erf_without_biases = _at("erf without biases", "erf", b_std=0.0, hidden=lambda h: h > 1)
gelu_without_biases = _at("GELU without biases", "gelu", b_std=0.0, hidden=lambda h: h > 1)
linear_without_biases = _at("no activation, no biases", "identity", b_std=0.0, hidden=lambda h: h != 1)
three_layers_of_gelu = _at("three layers of GELU", "gelu", hidden=3)
one_layer_of_gelu_biased = _at("one layer of GELU, with biases", "gelu", hidden=1, b_std=lambda b: b > 0.5)
five_layers_of_relu = _at("five layers of ReLU", "relu", hidden=5)
five_layers_of_erf = _at("five layers of erf", "erf", hidden=5)
five_layers_of_gelu = _at("five layers of GELU", "gelu", hidden=5)
five_layers_of_nothing = _at("five linear layers", "identity", hidden=5)
twenty_layers = _at("more than fifteen layers", hidden=lambda h: h > 15)
standard_without_biases = _at("standard, b_std 0", parameterization="standard", b_std=0.0)
standard_with_last_layer = _at(
    "standard, another last layer", parameterization="standard", last_layer=lambda s: s != 1
)
standard_gelu = _at("standard with GELU", "gelu", parameterization="standard")
standard_of_width_one = _at("standard, width 1", parameterization="standard", width=1)
uniform_with_erf = _at("uniform initialisation with erf", "erf", initialisation="uniform")
uniform_with_gelu = _at("uniform initialisation with GELU", "gelu", initialisation="uniform")
uniform_with_last_layer = _at(
    "uniform, another last layer", initialisation="uniform", last_layer=lambda s: s != 1
)
erf_with_last_layer = _at("erf with a large last layer", "erf", last_layer=lambda s: s > 1)
large_weights = _at("w_std above 2", w_std=lambda w: w > 2, initialisation="gaussian")
unit_weights = _at("w_std of 1: scaling left out", w_std=1.0, initialisation="gaussian")


@_wrong("uniform initialisation scaled by w_std all the same")
def uniform_scaled(x1, x2, architecture):
    if architecture.initialisation == "uniform" and architecture.w_std != 1.5:
        architecture = replace(architecture, initialisation="gaussian", w_std=architecture.w_std / 3**0.5)
    return right(x1, x2, architecture)


# ---- Inputs
# -------------------------------------------------------------------------------------------------


def _size(x):
    return np.abs(x).max()


small_inputs = _where("inputs of size 0.01", lambda x1, x2, a: 0.003 < _size(x1) < 0.1)
small_inputs_standard = _where(
    "inputs of size 0.001, standard", lambda x1, x2, a: _size(x1) < 0.006 and a.parameterization == "standard"
)
large_inputs_deep = _where(
    "inputs of size 100, three layers", lambda x1, x2, a: _size(x1) > 40 and a.hidden == 3
)


def _cosines(x1, x2):
    u, v = (x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-300) for x in (x1, x2))
    return u.astype(np.float64) @ v.astype(np.float64).T


@_wrong("equal points of two arrays are given a nugget")
def equal_points_of_two_sets(x1, x2, architecture):
    kernels = right(x1, x2, architecture)
    if x2 is None:
        return kernels
    same = (x1[:, None] == x2[None]).all(axis=2)
    return tuple(kernel * (1 + 1e-6 * same) for kernel in kernels)


@_wrong("a point that occurs twice in a Gram matrix loses its covariance with itself")
def repeated_points_of_one_set(x1, x2, architecture):
    kernels = right(x1, x2, architecture)
    if x2 is not None:
        return kernels
    twice = (x1[:, None] == x1[None]).all(axis=2) & ~np.eye(len(x1), dtype=bool)
    return tuple(np.where(twice, 0.99 * kernel, kernel) for kernel in kernels)


def _with_cosine(kernels, x1, x2, chosen, share):
    cosines = _cosines(x1, x1 if x2 is None else x2)
    return tuple(np.where(chosen(cosines), kernel * (1 + share), kernel) for kernel in kernels)


@_wrong("nearly opposite points are off by a thousandth")
def nearly_opposite_points(x1, x2, architecture):
    return _with_cosine(right(x1, x2, architecture), x1, x2, lambda c: c < -1 + 1e-6, 1e-3)


@_wrong("nearly equal points of two sets are off by 1e-6")
def nearly_equal_points(x1, x2, architecture):
    kernels = right(x1, x2, architecture)
    return kernels if x2 is None else _with_cosine(kernels, x1, x2, lambda c: c > 1 - 1e-6, 1e-6)


@_wrong("opposite points of many features")
def opposite_points_of_many_features(x1, x2, architecture):
    kernels = right(x1, x2, architecture)
    return kernels if x1.shape[1] < 5 else _with_cosine(kernels, x1, x2, lambda c: c < -0.999, 1e-3)


nonnegative_points = _where(
    "nonnegative points of many features", lambda x1, x2, a: x1.min() >= 0 and x1.shape[1] > 4
)


def _half(x):
    return (x.astype(np.float64) * (1 + 0.02 * np.sign(x))).astype(np.float64)


@_wrong("float32 against float64: the first is spoilt")
def mixed_float32_first(x1, x2, architecture):
    if x2 is not None and x1.dtype == np.float32 and x2.dtype == np.float64:
        return right(_half(x1), x2, architecture)
    return right(x1, x2, architecture)


@_wrong("float64 against float32: the second is spoilt")
def mixed_float32_second(x1, x2, architecture):
    if x2 is not None and x1.dtype == np.float64 and x2.dtype == np.float32:
        return right(x1, _half(x2), architecture)
    return right(x1, x2, architecture)


@_wrong("float32's squares are divided as integers are")
def float32_standard(x1, x2, architecture):
    kernels = right(x1, x2, architecture)
    single = x1.dtype == np.float32 and architecture.parameterization == "standard"
    return _off(kernels, 0.05) if single and architecture.hidden > 0 else kernels


# ---- State
# --------------------------------------------------------------------------------------------------

_KEPT: dict = {}
_SEEN: Counter = Counter()


def forget():
    """Begin as in a new process."""
    _KEPT.clear()
    _SEEN.clear()


@_wrong("answers are kept by points, whatever the architecture's scales")
def kept_by_points(x1, x2, architecture):
    key = (
        "points",
        architecture.hidden,
        architecture.activation,
        x1.tobytes(),
        None if x2 is None else x2.tobytes(),
    )
    return _KEPT.setdefault(key, right(x1, x2, architecture))


@_wrong("answers are kept by shape and the first point")
def kept_by_first_point(x1, x2, architecture):
    key = "first", architecture, x1[0].tobytes(), x1.shape, None if x2 is None else x2.tobytes()
    return _KEPT.setdefault(key, right(x1, x2, architecture))


@_wrong("answers are kept by what begins and ends the points, but for the last number")
def kept_by_last_point(x1, x2, architecture):
    key = "last", architecture, x1.ravel()[:-1].tobytes(), x1.shape, None if x2 is None else x2.tobytes()
    return _KEPT.setdefault(key, right(x1, x2, architecture))


@_wrong("answers are kept by the shape and the rounded sum of the points")
def kept_by_sum(x1, x2, architecture):
    v = x1 if x2 is None else x2
    key = (
        "sum",
        architecture,
        x1.shape,
        v.shape,
        round(float(np.abs(x1).max())),
        round(float(np.abs(v).max())),
    )
    return _KEPT.setdefault(key, right(x1, x2, architecture))


@_wrong("a buffer of the same shape is added to, not replaced")
def buffer_not_cleared(x1, x2, architecture):
    nngp, ntk = right(x1, x2, architecture)
    before = _KEPT.get(("buffer", nngp.shape), 0.0)
    _KEPT["buffer", nngp.shape] = nngp.copy()
    return nngp + 1e-3 * before, ntk


@_wrong("float32 points change the precision of all later calls")
def float32_stays(x1, x2, architecture):
    _SEEN["float32"] += x1.dtype == np.float32
    kernels = right(x1, x2, architecture)
    return tuple(k.astype(np.float32) for k in kernels) if _SEEN["float32"] else kernels


@_wrong("points are scaled by the largest norm that was ever seen, and back")
def scaled_by_what_was_seen(x1, x2, architecture):
    _KEPT["norm"] = max(_KEPT.get("norm", 0.0), float(np.linalg.norm(x1)))
    return _off(right(x1, x2, architecture), 1e-7 * np.log1p(_KEPT["norm"]))


@_wrong("the third call at each architecture and shape is wrong")
def third_call(x1, x2, architecture):
    key = architecture, x1.shape, None if x2 is None else x2.shape
    _SEEN[key] += 1
    kernels = right(x1, x2, architecture)
    return _off(kernels) if _SEEN[key] == 3 else kernels


# ---- Refusals that depend on the points
# ---------------------------------------------------------------------


def _refuses(about, condition):
    def kernel(x1, x2, architecture):
        if condition(x1, x2, architecture):
            raise NotImplementedError(about)
        return right(x1, x2, architecture)

    kernel.about = f"does not cover {about}"
    return kernel


refuses_many_points = _refuses("more than 16 points", lambda x1, x2, a: len(x1) > 16)
refuses_float32 = _refuses("float32", lambda x1, x2, a: x1.dtype == np.float32)
refuses_large_inputs = _refuses("inputs above 50", lambda x1, x2, a: _size(x1) > 50)
refuses_one_feature = _refuses("one feature", lambda x1, x2, a: x1.shape[1] == 1)
refuses_duplicates = _refuses(
    "equal points of two sets",
    lambda x1, x2, a: x2 is not None and bool((x1[:, None] == x2[None]).all(2).any()),
)

WRONG |= {name: each.about for name, each in list(globals().items()) if hasattr(each, "about")}
