"""How far the first step of gradient descent moves the NTK of a finite ReLU network, on average.

One input x, L hidden layers of n units, weights of variance 2/fan-in, no biases, as in `depth_width`. On ½(f
− y)² with y = 0 a step of size η changes Θ(x,x) by −η f ∇f·∇Θ, to first order in η. Hanin & Nica 2019
(arXiv:1909.05989): its mean, relative to Θ, is exponential in β = L/n, at the rate 5.

Θ is a sum of squares T_m = |∂f/∂W_m|² over the L + 1 matrices of weights. ReLU makes masks of 0 and 1 that
are independent of what passes them. So f and T_m are linear and quadratic in each W_l, and by Stein's lemma

    E f ∇f·∇Θ = ½ E ∇f²·∇Θ = Σ_m Σ_{l≠m} (E f² T_m − E f² T_m with a W_l of its own).

A hidden layer through which f² and T_m pass in the same way multiplies their product by 1 + 5/n. Between l
and m they are squares of two vectors h and h' that have the masks in common: E|h|²|h'|² = p and E(h·h')² = s
begin as 1 and 0, and a layer turns them into p(1 + 1/n) + 4s/n and s(1 + 3/n) + 2p/n, so that after d layers
p = ((1 + 5/n)^d + 2(1 − 1/n)^d)/3. With d = |l − m|,

    E f ∇f·∇Θ / (E f² E Θ) = mean over m of Σ_{l≠m} ⅔ (1 + 5/n)^(L − d) ((1 + 5/n)^d − (1 − 1/n)^d).

For small β it is 4L(L + 2)/3n. NumPy only.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from harness.ntk.depth_width import CHUNK


def first_step(hidden: int, width: int) -> float:
    """E f ∇f·∇Θ / (E f² E Θ), by the formula."""
    layers, apart = hidden + 1, np.arange(1, hidden + 1)
    alike = math.log1p(5 / width)
    pairs = 2.0 * (layers - apart)  # number of pairs of matrices at each distance
    lost = np.exp(alike * hidden) - np.exp(alike * (hidden - apart)) * (1 - 1 / width) ** apart
    return float(np.sum(pairs * 2 / 3 * lost) / layers)


def first_step_without_growth(hidden: int, width: int) -> float:
    """Its limit for small β."""
    return 4 * hidden * (hidden + 2) / (3 * width)


def drawn_first_step(hidden: int, width: int, inputs: int, networks: int, rng: np.random.Generator) -> float:
    """The mean of f ∇f·∇Θ over randomly drawn networks, over the means of f² and Θ."""
    each = width * (inputs + width * (hidden - 1) + 1)
    size = max(1, CHUNK // each)
    parts = [size] * (networks // size) + [networks % size] * (networks % size > 0)
    drawn = [drawn_steps(hidden, width, inputs, count, rng) for count in parts]
    square, kernel, change = (np.concatenate(each) for each in zip(*drawn, strict=True))
    return float(np.mean(change) / (np.mean(square) * np.mean(kernel)))


StepDraws = tuple[
    Float[np.ndarray, " networks"], Float[np.ndarray, " networks"], Float[np.ndarray, " networks"]
]


def drawn_steps(hidden: int, width: int, inputs: int, networks: int, rng: np.random.Generator) -> StepDraws:
    """f², Θ and f ∇f·∇Θ of drawn networks. A weight is √(2/fan-in) times what is trained."""
    layers, weights, masks = [np.ones((networks, inputs))], [], []
    for number in range(hidden):
        fan_in = inputs if number == 0 else width
        weight = rng.standard_normal((networks, width, fan_in)) * math.sqrt(2 / fan_in)
        before = _times(weight, layers[-1])
        masks.append(before > 0)
        weights.append(weight)
        layers.append(before * masks[-1])
    readout = rng.standard_normal((networks, width)) * math.sqrt(2 / width)
    f = _dot(readout, layers[-1])
    back = [readout * masks[-1]]  # ∂f by each hidden layer's pre-activations, last first
    for number in reversed(range(hidden - 1)):
        back.append(masks[number] * _times(np.swapaxes(weights[number + 1], 1, 2), back[-1]))
    back.reverse()

    # ∇f changes weight l by 2/fan-in ∂f h, and this changes what passes forward and back.
    moved = [np.zeros_like(layers[0])]
    for number in range(hidden):
        own = _scale(layers[number]) * back[number]
        moved.append(masks[number] * (own + _times(weights[number], moved[-1])))
    moved_back = [masks[-1] * (2 / width) * layers[-1]]
    for number in reversed(range(hidden - 1)):
        own = (2 / width) * _square(back[number + 1]) * layers[number + 1]
        through = _times(np.swapaxes(weights[number + 1], 1, 2), moved_back[-1])
        moved_back.append(masks[number] * (own + through))
    moved_back.reverse()

    kernel, change = _scale(layers[-1]), 2 * (2 / width) * _dot(layers[-1], moved[-1])[:, None]
    for number in range(hidden):
        entered, passed = layers[number], back[number]
        kernel = kernel + _scale(entered) * _square(passed)
        grown = 2 * (2 / entered.shape[1]) * _dot(entered, moved[number])[:, None]
        change = change + grown * _square(passed)
        change = change + _scale(entered) * 2 * _dot(passed, moved_back[number])[:, None]
    return f**2, kernel[:, 0], f * change[:, 0]


def _times(weight: np.ndarray, vector: np.ndarray) -> np.ndarray:
    product: np.ndarray = (weight @ vector[:, :, None])[:, :, 0]
    return product


def _dot(one: np.ndarray, other: np.ndarray) -> Float[np.ndarray, " networks"]:
    product: Float[np.ndarray, " networks"] = np.sum(one * other, axis=1)
    return product


def _square(vector: np.ndarray) -> Float[np.ndarray, "networks 1"]:
    return _dot(vector, vector)[:, None]


def _scale(vector: np.ndarray) -> Float[np.ndarray, "networks 1"]:
    """2/fan-in |h|²."""
    scaled: Float[np.ndarray, "networks 1"] = 2 / vector.shape[1] * _square(vector)
    return scaled
