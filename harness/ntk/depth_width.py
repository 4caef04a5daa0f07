"""How much the NTK of a finite ReLU network varies from draw to draw, when it is as deep as it is wide.

One input x, L hidden layers of n units, weights of variance 2/fan-in, no biases. With A_l the mean square of
layer l (its mean made 1) and G_l that of what is passed back to layer l + 1, Θ(x,x) = Σ_l A_l G_l. Hanin &
Nica 2019 (arXiv:1909.05989): E[Θ²]/E[Θ]² is exponential in β = Σ 1/n_i = L/n, at the rate 5.

Layer by layer, to first order in 1/n: a layer that both of two terms pass in the same direction multiplies
their product by 1 + 5/n (a chi-square of n half-dropped squares), one that they pass in opposite directions
by 1 + 1/n (they share a mask). Terms l and l' share L − |l − l'| of the first kind, |l − l'| of the second:

    E[Θ²]/E[Θ]² = mean over l, l' of (1 + 5/n)^(L − |l − l'|) (1 + 1/n)^|l − l'|.

For small β it is e^(11β/3), as |l − l'| is L/3 on average; its rate in β is 5 − 1/β for large β. NumPy only.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

CHUNK = 2**22
"""The number of weights that are held at once."""


def ntk_second_moment(hidden: int, width: int) -> float:
    """E[Θ²]/E[Θ]², by the formula."""
    apart = np.arange(hidden + 1)
    pairs = np.where(apart == 0, hidden + 1, 2.0 * (hidden + 1 - apart))  # numbers of terms at each distance
    alike, against = math.log1p(5 / width), math.log1p(1 / width)
    logs = alike * (hidden - apart) + against * apart
    return float(np.sum(pairs * np.exp(logs)) / (hidden + 1) ** 2)


def rate(hidden: int, width: int) -> float:
    """The slope of ln(E[Θ²]/E[Θ]²) on β between hidden/2 and `hidden` layers, by the formula."""
    half = hidden // 2
    logs = [math.log(ntk_second_moment(each, width)) for each in (half, hidden)]
    return (logs[1] - logs[0]) * width / (hidden - half)


def drawn_ntk(
    hidden: int, width: int, inputs: int, networks: int, rng: np.random.Generator
) -> Float[np.ndarray, " networks"]:
    """Θ(x,x) of randomly drawn networks, at an x of mean square 1."""
    each = width * (inputs + width * (hidden - 1) + 1)
    size = max(1, CHUNK // each)
    parts = [size] * (networks // size) + [networks % size] * (networks % size > 0)
    return np.concatenate([_drawn(hidden, width, inputs, count, rng) for count in parts])


def _drawn(
    hidden: int, width: int, inputs: int, networks: int, rng: np.random.Generator
) -> Float[np.ndarray, " networks"]:
    layer = np.ones((networks, inputs))
    squares, masks, weights = [np.ones(networks)], [], []
    for number in range(hidden):
        fan_in = inputs if number == 0 else width
        weight = rng.standard_normal((networks, width, fan_in)) * math.sqrt(2 / fan_in)
        before = (weight @ layer[:, :, None])[:, :, 0]
        masks.append(before > 0)
        weights.append(weight)
        layer = before * masks[-1]
        squares.append(np.mean(layer**2, axis=1))
    # Weights are √(2/n) times what is trained, so each layer's own term is twice the mean square that enters
    # it.
    back = rng.standard_normal((networks, width)) * math.sqrt(2 / width)
    total = 2 * squares[hidden]
    for number in reversed(range(hidden)):
        back = back * masks[number]
        total += 2 * squares[number] * np.sum(back**2, axis=1)
        if number:
            back = (back[:, None, :] @ weights[number])[:, 0, :]
    return total
