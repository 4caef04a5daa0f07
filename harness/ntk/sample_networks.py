"""Small networks of many kinds, on which implementations of the empirical NTK are tested.

A network is `apply(params, x)`: points x [points, `INPUTS`] and a tree of parameters give [points] (one
output) or [points, outputs]. A point's outputs depend only on its own row. It computes with the arrays that
it is given, NumPy's (complex ones too), JAX's or torch's, so that any of these libraries can differentiate
it. Networks are frozen dataclasses: equal if they compute the same, and hashable, as static arguments of
`jax.jit` are.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np

from harness.ntk.architecture import Architecture
from harness.ntk.names import SampleNetwork

Tree = Any
"""Parameters: nested dictionaries, lists and tuples of arrays."""

INPUTS = 6
"""Features of a point: two tokens of three, or a row of six pixels."""

WIDTH = 8
"""Units of a layer: enough that no two axes of an array have one length by chance, and few enough that
derivatives by each parameter (227 in the largest network) take milliseconds."""

NAMES: tuple[SampleNetwork, ...] = get_args(SampleNetwork)

Draw = Callable[..., np.ndarray]
"""A function that gives standard Gaussian numbers of a shape: `draw(3, 4)`."""


@dataclass(frozen=True)
class LayeredNetwork:
    """Layers as in `harness.ntk.network`, with ReLU between them. `params` are pairs (weights, biases)."""

    architecture: Architecture

    def init(self, draw: Draw) -> Tree:
        sizes = [INPUTS, *[self.architecture.width] * self.architecture.hidden, self.architecture.outputs]
        return [self._layer(number, draw, *sizes[number : number + 2]) for number in range(len(sizes) - 1)]

    def _layer(self, number: int, draw: Draw, fan_in: int, fan_out: int) -> Tree:
        weights, biases = draw(fan_in, fan_out), draw(fan_out)
        if self.architecture.parameterization == "standard":
            w_std, b_std = self.architecture.scales(number, fan_in)
            weights, biases = weights * (w_std / math.sqrt(fan_in)), biases * b_std
        return (weights, biases)

    def __call__(self, params: Tree, x: Any) -> Any:
        a = x
        for number, (weights, biases) in enumerate(params):
            if self.architecture.parameterization == "standard":
                h = a @ weights + biases
            else:
                w_std, b_std = self.architecture.scales(number, weights.shape[0])
                h = (a @ weights) * (w_std / math.sqrt(weights.shape[0])) + b_std * biases
            a = _relu(h) if number < self.architecture.hidden else h
        return a[:, 0] if self.architecture.outputs == 1 else a


@dataclass(frozen=True)
class Skip:
    """A hidden layer that is added to its input, with parameters in nested dictionaries."""

    def init(self, draw: Draw) -> Tree:
        return {
            "in": {"w": draw(INPUTS, WIDTH) / math.sqrt(INPUTS)},
            "block": {"w": draw(WIDTH, WIDTH) / math.sqrt(WIDTH), "b": draw(WIDTH)},
            "out": (draw(WIDTH, 2) / math.sqrt(WIDTH),),
        }

    def __call__(self, params: Tree, x: Any) -> Any:
        h = x @ params["in"]["w"]
        h = h + _library(h).tanh(h @ params["block"]["w"] + params["block"]["b"])
        return h @ params["out"][0]


@dataclass(frozen=True)
class Shared:
    """One matrix in three layers (a recurrent network).

    A kernel that treats its uses as separate parameters lacks their cross terms.
    """

    def init(self, draw: Draw) -> Tree:
        return [draw(INPUTS, INPUTS) / math.sqrt(INPUTS), draw(INPUTS, 2) / math.sqrt(INPUTS)]

    def __call__(self, params: Tree, x: Any) -> Any:
        for _ in range(3):
            h = x @ params[0]
            x = _library(h).tanh(h)
        return x @ params[1]


@dataclass(frozen=True)
class Scalars:
    """Parameters without axes, one of which is never read, beside a matrix; one output."""

    def init(self, draw: Draw) -> Tree:
        return {"w": draw(INPUTS), "scale": draw() / 4, "slope": 1 + draw() / 4, "unused": draw()}

    def __call__(self, params: Tree, x: Any) -> Any:
        h = (x @ params["w"]) * params["slope"]
        library = _library(h)
        return library.exp(params["scale"]) * library.sin(h)


@dataclass(frozen=True)
class Normalised:
    """Layer normalisation: each point by its own mean and variance (arXiv:1607.06450)."""

    def init(self, draw: Draw) -> Tree:
        return {
            "w1": draw(INPUTS, WIDTH) / math.sqrt(INPUTS),
            "gain": 1 + draw(WIDTH) / 4,
            "bias": draw(WIDTH) / 4,
            "w2": draw(WIDTH, 3) / math.sqrt(WIDTH),
        }

    def __call__(self, params: Tree, x: Any) -> Any:
        h = x @ params["w1"]
        h = h - h.sum(-1)[:, None] / WIDTH
        h = h / _library(h).sqrt((h * h).sum(-1)[:, None] / WIDTH + 1e-3)
        return _library(h).tanh(params["gain"] * h + params["bias"]) @ params["w2"]


@dataclass(frozen=True)
class Convolution:
    """A filter over four places, ReLU, and the mean over places: parameters are shared in space."""

    def init(self, draw: Draw) -> Tree:
        return {"filter": draw(3, WIDTH), "bias": draw(WIDTH) / 4, "out": draw(WIDTH, 2) / math.sqrt(WIDTH)}

    def __call__(self, params: Tree, x: Any) -> Any:
        h = sum(_relu(x[:, place : place + 3] @ params["filter"] + params["bias"]) for place in range(4))
        return h @ params["out"] / 4


@dataclass(frozen=True)
class Attention:
    """One head of self-attention over two tokens of three features (arXiv:1706.03762), then their sum."""

    def init(self, draw: Draw) -> Tree:
        shape = {"query": (3, 4), "key": (3, 4), "value": (3, 4), "out": (4, 2)}
        return {name: draw(*each) / math.sqrt(each[0]) for name, each in shape.items()}

    def __call__(self, params: Tree, x: Any) -> Any:
        tokens = x.reshape((x.shape[0], 2, 3))
        query, key, value = (tokens @ params[name] for name in ("query", "key", "value"))
        library = _library(query)
        weights = library.exp((query @ library.swapaxes(key, -1, -2)) / 2)
        mixed = (weights / weights.sum(-1)[:, :, None]) @ value
        return mixed.sum(1) @ params["out"]


@dataclass(frozen=True)
class Scaled:
    """A network's outputs times a number: another function with the same parameters."""

    network: Any
    factor: float

    def __call__(self, params: Tree, x: Any) -> Any:
        return self.factor * self.network(params, x)


def network(name: SampleNetwork) -> Any:
    """The network `name`: a callable with `init(draw)`. Raises `KeyError` for an unknown name."""
    return _NETWORKS[name]


def draw_params(name: SampleNetwork, seed: int) -> Tree:
    """Parameters of the network `name`, float64, which depend only on the seed."""
    random = np.random.default_rng([seed, 0x454E])
    return network(name).init(lambda *shape: np.asarray(random.standard_normal(shape)))


def leaves(params: Tree) -> list[Any]:
    """The arrays of a tree. Those of a dictionary are sorted by name."""
    if isinstance(params, dict):
        return [leaf for key in sorted(params) for leaf in leaves(params[key])]
    if isinstance(params, list | tuple):
        return [leaf for child in params for leaf in leaves(child)]
    return [params]


def mapped(function: Callable[[np.ndarray], np.ndarray], params: Tree) -> Tree:
    """The same tree with `function` applied to each array."""
    if isinstance(params, dict):
        return {key: mapped(function, child) for key, child in params.items()}
    if isinstance(params, list | tuple):
        return type(params)(mapped(function, child) for child in params)
    return function(params)


def jacobian(apply: Callable[[Tree, Any], Any], params: Tree, x: np.ndarray) -> np.ndarray:
    """∂ apply(params, x)/∂params, [points, outputs, parameters], with NumPy alone.

    It uses complex steps (Squire & Trapp, SIAM Rev. 40 (1998)): Im f(p + ih)/h is the derivative to rounding,
    since with h = 1e-30 the error h² vanishes, and nothing is subtracted.
    """
    step = 1e-30
    held = mapped(lambda leaf: np.array(leaf, dtype=np.complex128), params)
    columns = []
    for leaf in leaves(held):
        for index in np.ndindex(leaf.shape):
            leaf[index] += 1j * step
            columns.append(np.imag(apply(held, x)).reshape(len(x), -1) / step)
            leaf[index] = leaf[index].real
    return np.stack(columns, axis=-1)


def _relu(h: Any) -> Any:
    return _library(h).where(h.real > 0, h, 0 * h)


def _library(array: Any) -> Any:
    """The library of an array: NumPy, JAX's or torch."""
    package = type(array).__module__.partition(".")[0]
    if package in ("jax", "jaxlib"):
        import jax.numpy

        return jax.numpy
    return sys.modules["torch"] if package == "torch" else np


_NETWORKS: dict[SampleNetwork, Any] = {
    "linear": LayeredNetwork(Architecture(0, WIDTH, outputs=2)),
    "one-output": LayeredNetwork(Architecture(2, WIDTH)),
    "three-outputs": LayeredNetwork(Architecture(1, WIDTH, outputs=3, last_layer=0.5)),
    "deep-standard": LayeredNetwork(Architecture(3, WIDTH, parameterization="standard", outputs=3)),
    "skip": Skip(),
    "shared": Shared(),
    "scalars": Scalars(),
    "normalised": Normalised(),
    "convolution": Convolution(),
    "attention": Attention(),
}
