"""Finite self-attention networks, and their kernels if these are known (JAX; Hron et al. 2020
arXiv:2006.10540).

    e = dense(token)                                 embedding, `width` units
    q = e Q/√width, k = e K/√width                          of each head
    scores  q·k/width, Q = K   (linear);   q·k/√width (root);   0 (uniform)
    out = 1/√(heads · width) Σ_heads softmax(scores) (e V/√width) O
    f = dense(out of all tokens side by side, or averaged)

With 1/width the scores of a wide network are known, σ² E e·e', and its kernels have a closed form. With
1/√width they stay random: there is no closed form, and kernels are means over random networks
(`sampled_kernels`).
"""

from __future__ import annotations

import math
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray
from scipy.special import softmax

from harness.ntk.component_model import ComponentModel, KernelPair, as_kernel
from harness.ntk.model import Columns, Kernel, Model, Params, Rows
from harness.ntk.sampled_kernels import sampled_kernel
from harness.ntk.scaled_layers import dense_layer, draw_layer
from harness.ntk.specifications import Attentive

Tokens = Float[Array, "points tokens width"]
Scores = Float[Array, "heads points tokens tokens"]


def attention_model(net: Attentive, sampled: int) -> ComponentModel:
    """The model of such a network. Without its component, attention, every token has the same weight.

    sampled: the number of random networks of its own width whose kernels are averaged if there is no closed
        form
    """
    plain = Model(
        lambda key, shape: ((-1, net.outputs), draw_attention(key, net, shape[-1])),
        lambda params, x: apply_attention(params, net, x),
        readout=_readout,
        key=("attention", net),
    )

    def kernels(x1: Rows, x2: Columns | None = None) -> KernelPair:
        return attention_kernels(net, x1, x2)

    def without(x1: Rows, x2: Columns | None = None) -> KernelPair:
        return attention_kernels(replace(net, attending="uniform"), x1, x2)

    kernel = sampled_kernel(plain, sampled) if net.attending == "root" else as_kernel(kernels)
    return ComponentModel(
        plain.init, plain.apply, kernel, plain.readout, (*plain.key, sampled),
        component="attention", without=without,
    )  # fmt: skip


def _readout(params: Params) -> Params:
    return {name: jax.tree.map(lambda _, of=name: of == "last", layer) for name, layer in params.items()}


def draw_attention(key: PRNGKeyArray, net: Attentive, features: int) -> Params:
    """Random parameters, float32. Raises `ValueError` if tokens do not divide the features."""
    if features % net.tokens:
        raise ValueError(f"expected features in {net.tokens} tokens of one length, found {features} features")
    keys = dict(zip(("first", "query", "key", "value", "out", "last"), jax.random.split(key, 6), strict=True))
    enter = net.width * (net.tokens if net.read_out == "flatten" else 1)
    heads, width = net.heads, net.width

    def numbers(name: str, *shape: int) -> Array:
        return jax.random.normal(keys[name], shape, dtype=jnp.float32)

    params: dict[str, Params] = {
        "first": draw_layer(keys["first"], (features // net.tokens, width), net.scales),
        "value": numbers("value", heads, width, width),
        "out": numbers("out", heads, width, width),
        "last": draw_layer(keys["last"], (enter, net.outputs), net.scales),
    }
    if net.attending != "uniform":
        params["key"] = numbers("key", heads, width, width)
    if net.attending == "root":
        params["query"] = numbers("query", heads, width, width)
    return params


def apply_attention(
    params: Params, net: Attentive, x: Float[Array, "points features"]
) -> Float[Array, "points outputs"]:
    """The outputs at flat inputs, in the precision of `params`."""
    return dense_layer(params["last"], attended(params, net, x), net.scales)


def attended(
    params: Params, net: Attentive, x: Float[Array, "points features"]
) -> Float[Array, "points enter"]:
    """The inputs of the output layer."""
    e = embedded(params, net, x)
    per_unit = 1 / math.sqrt(net.width)
    value = jnp.einsum("ptc,hcd->hptd", e, params["value"]) * per_unit
    if net.attending == "uniform":
        mixed = jnp.broadcast_to(value.mean(axis=2, keepdims=True), value.shape)
    else:
        mixed = jax.nn.softmax(scores(params, net, e), axis=-1) @ value
    out = jnp.einsum("hptd,hde->pte", mixed, params["out"]) / math.sqrt(net.heads * net.width)
    return out.reshape(len(x), -1) if net.read_out == "flatten" else out.mean(axis=1)


def embedded(params: Params, net: Attentive, x: Float[Array, "points features"]) -> Tokens:
    """The embedding of every token."""
    return dense_layer(params["first"], x.reshape(len(x), net.tokens, -1), net.scales)


def scores(params: Params, net: Attentive, e: Tokens) -> Scores:
    """How much each token attends to each other token, before the softmax."""
    scale = net.score_std**2 / net.width  # for both products, with keys and with queries
    key = jnp.einsum("ptc,hcd->hptd", e, params["key"])
    query = key if net.attending == "linear" else jnp.einsum("ptc,hcd->hptd", e, params["query"])
    by = net.width if net.attending == "linear" else math.sqrt(net.width)
    return query @ jnp.swapaxes(key, -1, -2) * (scale / by)


def attention_kernels(net: Attentive, x1: Rows, x2: Columns | None = None) -> KernelPair:
    """The NNGP and the NTK of infinitely wide attention whose scores are known: linear or uniform.

    The gradients by keys and queries vanish. Raises `ValueError` for scores that stay random.
    """
    if net.attending == "root":
        raise ValueError("expected scores that are known, found scores that stay random")
    first = np.asarray(x1, dtype=np.float64).reshape(len(x1), net.tokens, -1)
    second = first if x2 is None else np.asarray(x2, dtype=np.float64).reshape(len(x2), net.tokens, -1)
    w, b = net.scales.w_std**2, net.scales.b_std**2

    def embedding(u: np.ndarray, v: np.ndarray, of: str) -> np.ndarray:
        covariance: np.ndarray = w * np.einsum(of, u, v) / u.shape[-1] + b
        return covariance

    def weights(points: np.ndarray) -> np.ndarray:
        if net.attending == "uniform":
            return np.full((len(points), net.tokens, net.tokens), 1 / net.tokens)
        found = softmax(net.score_std**2 * embedding(points, points, "ptc,psc->pts"), axis=-1)
        weighed: np.ndarray = np.asarray(found)
        return weighed

    of_first, of_second = weights(first), weights(second)
    covariance = embedding(first, second, "ptc,qsc->ptqs")
    mixed = np.einsum("ptu,puqv,qsv->ptqs", of_first, covariance, of_second, optimize=True)
    # The embedding's tangent kernel is its covariance; values and outputs each add a layer's share.
    tangent = 3 * mixed
    if net.read_out == "average":
        pooled = [each.mean(axis=(1, 3)) for each in (mixed, tangent)]
    else:
        pooled = [np.diagonal(each, axis1=1, axis2=3).mean(axis=2) for each in (mixed, tangent)]
    nngp: Kernel = w * pooled[0] + b
    ntk: Kernel = w * pooled[1] + nngp
    return nngp, ntk
