"""Networks whose regime theory tells, with the reason, which was written before they were measured.

`EXPECTED` has for each the arguments of `harness diagnose` and the word that it must say.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp


def one_hidden(width: int = 512, scaling: str = "ntk"):
    """tanh, one hidden layer; its outputs are divided by √width, or by width in mean-field scaling.

    ntk: Jacot et al. 2018: the kernel of a wide network stands still while it trains.
    mean-field: Mei et al. 2018, Chizat et al. 2019: f₀ vanishes as 1/√width, and a function of size one is
    made of units that each weigh 1/width: every unit moves by a distance of order one, whatever the width.
    """

    def init(key, shape):
        first, last = jax.random.split(key)
        return (-1, 1), [jax.random.normal(first, (shape[-1], width)), jax.random.normal(last, (width, 1))]

    def apply(params, x):
        w, v = params
        divisor = width if scaling == "mean-field" else width**0.5
        return jnp.tanh(x @ w / w.shape[0] ** 0.5) @ v / divisor

    return init, apply


def convolutional(channels: int = 256):
    """8 × 8 images, one layer of 3 × 3 convolutions, ReLU, a read-out of every place; NTK parameterization.

    Its read-out has 64 · `channels` weights, so that it is as wide as that: 16,384, far beyond 64 points.
    Such a network follows its kernel (Arora et al. 2019). On a CPU a convolution is nine shifted products.
    """

    def init(key, shape):
        first, last = jax.random.split(key)
        return (-1, 1), [jax.random.normal(first, (9, channels)), jax.random.normal(last, (64 * channels, 1))]

    def apply(params, x):
        kernel, last = params
        padded = jnp.pad(x.reshape(-1, 8, 8), ((0, 0), (1, 1), (1, 1)))
        shifted = [padded[:, i : i + 8, j : j + 8] for i in range(3) for j in range(3)]
        a = jax.nn.relu(jnp.stack(shifted, axis=-1) @ kernel * (2**0.5 / 3))
        return a.reshape(x.shape[0], -1) @ last / last.shape[0] ** 0.5

    return init, apply


def residual(width: int = 64, blocks: int = 2, alpha: float = 30.0):
    """h + dense(relu(h)), twice: α(g(θ₁) − g(θ₂)), where θ₁ and θ₂ are the same before training.

    Chizat et al. 2019: f₀ = 0, and with a large α the weights hardly have to move: lazy at any width.
    """

    def init(key, shape):
        sizes = [(shape[-1], width), *[(width, width)] * blocks, (width, 1)]
        keys = jax.random.split(key, len(sizes))
        one = [jax.random.normal(key, size) for key, size in zip(keys, sizes, strict=True)]
        return (-1, 1), [one, [jnp.array(each) for each in one]]

    def network(weights, x):
        first, *middle, last = (w / w.shape[0] ** 0.5 for w in weights)
        h = x @ first
        for each in middle:
            h = h + jax.nn.relu(h) @ each
        return jax.nn.relu(h) @ last

    def apply(params, x):
        one, other = params
        return alpha * (network(one, x) - network(other, x))

    return init, apply


EXPECTED = {
    "ntk": ("LAZY", ["six_networks:one_hidden", "sphere", "width=2048"]),
    "mean-field": (
        "LEARNING FEATURES",
        ["six_networks:one_hidden", "sphere", "scaling=mean-field", "steps=2000"],
    ),
    # PyTorch's initialisation gives small outputs, and Adam moves every weight by its rate at each step,
    # whatever its gradient: over 500 steps of 0.01 by far more than 1/√64, their size before.
    "pytorch-adam": (
        "LEARNING FEATURES",
        ["fully-connected", "sphere", "width=64", "hidden=2", "parameterization=standard",
         "initialisation=uniform", "optimizer=adam", "learning-rate=0.01"],
    ),
    "convolutional": ("LAZY", ["six_networks:convolutional", "digits", "train=32", "steps=300"]),
    "residual": ("LAZY", ["six_networks:residual", "sphere"]),
    # Adam, cross-entropy and 64 units: the outputs grow for as long as it is trained, and with them the
    # weights, of which there are few.
    "flax": (
        "LEARNING FEATURES",
        ["six_flax:classifier", "digits", "width=64", "loss=cross-entropy", "optimizer=adam",
         "learning-rate=0.01"],
    ),
}  # fmt: skip
