"""How far rounding may move an entry of a kernel: the tolerance that follows from the entry's condition.

Published formulas take a layer's covariances, E u², E v² and E uv, and give the next layer's. Arithmetic
rounds each of them. Some entries are sensitive to it and others are not. The NTK of erf divides by √((1 +
2a²)(1 + 2b²) − 4q²), in which six of the sixteen digits cancel for parallel points of norm 1e3. ReLU's NTK
takes the angle from its cosine, which keeps half of the digits for parallel points.

`tolerances` moves each covariance that enters an activation by a relative `size` up and down, E uv by `size`
times √(E u² E v²), follows the recursion to the end, and adds up how much the entry moves: its condition,
times `size`. It does the same to E φ(u)² and E φ(v)², which formulas use for E φ(u)φ(v) of parallel points.
The moves are finite, so that a bound exists also where the derivative is infinite (an angle of 0). GELU's
formula has its determinant in several places, whose roundings would cancel if they were equal, so it is also
moved in one of them alone. Sine's and cosine's are a sum and a difference of two exponentials, and the
difference of nearly equal ones keeps few digits, so each is moved alone. `size` times the unsigned terms of
the entry's sum is added to all this.

The idea is Higham's backward error ("Accuracy and Stability of Numerical Algorithms", 2002, chapter 1): an
entry is within its tolerance if it is the exact one of covariances that are off by no more than `size`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from harness.ntk.architecture import Activation, Architecture
from harness.ntk.closed_form import LayerState, activate, dense, inputs_state
from harness.ntk.duals import Deviations, gelu
from harness.ntk.half_angles import HalfAngles, coincident
from harness.ntk.shapes import Columns, Matrix, Rows

ROUNDINGS = 32
"""The roundings that a covariance is allowed. A dot product of 4 features takes 8 (4 products, 3 sums, a
division), a layer's scale and bias 3, and a formula of an activation fewer than 5 more on each of its
arguments. This is 16 at worst, all in one direction, and 16 more are allowed for functions that are good to a
few units in the last place."""

WAVES: tuple[Activation, ...] = ("sin", "cos")
"""Activations whose duals are sums and differences of exponentials."""

FLOAT64, FLOAT32 = ROUNDINGS * 2.0**-53, ROUNDINGS * 2.0**-24
"""3.6e-15 and 1.9e-6: `ROUNDINGS` unit roundoffs."""


def tolerances(
    architecture: Architecture, x1: Rows, x2: Columns | None, size: float
) -> tuple[Matrix, Matrix]:
    """The largest errors that roundings of `size` explain, for the NNGP and the NTK [rows, columns].

    `size` is relative, `FLOAT64` or `FLOAT32`. Points are those of `closed_form.nngp_ntk`.
    """
    first = np.asarray(x1, dtype=np.float64)
    second = first if x2 is None else np.asarray(x2, dtype=np.float64)
    inputs = first.shape[1]
    state = inputs_state(first, second)
    terms = np.zeros_like(state.tangent)
    entering: list[LayerState] = []
    for number in range(architecture.hidden + 1):
        if number:
            entering.append(state)
            terms = np.abs(activate(replace(state, tangent=terms), architecture, "formula").tangent)
            state = activate(state, architecture, "formula")
        unsigned = replace(state, angle=coincident(terms), tangent=terms)
        terms = dense(unsigned, architecture, number, _fan_in(architecture, number, inputs)).tangent
        state = dense(state, architecture, number, _fan_in(architecture, number, inputs))
    nngp, ntk = size * state.a * state.b, size * terms
    for number, before in enumerate(entering, start=1):
        for moved in _moved(before, architecture, size):
            ends = [_finish(each, architecture, number, inputs) for each in moved]
            nngp = nngp + np.max([np.abs(end.covariance() - state.covariance()) for end in ends], axis=0)
            ntk = ntk + np.max([np.abs(end.tangent - state.tangent) for end in ends], axis=0)
    return nngp, ntk


def _moved(state: LayerState, architecture: Architecture, size: float) -> Iterator[list[LayerState]]:
    """The states that leave an activation of `state` if one covariance is moved down and up.

    The covariances are E u², E v² and, as a cosine, E uv; then E φ(u)² and E φ(v)², moved by as much as this
    changes them.
    """
    signs = (-1.0, 1.0)
    for entering in (
        [replace(state, a=state.a * np.sqrt(1 + sign * size)) for sign in signs],
        [replace(state, b=state.b * np.sqrt(1 + sign * size)) for sign in signs],
        [replace(state, angle=_turned(state.angle, sign * size)) for sign in signs],
    ):
        yield [activate(each, architecture, "formula") for each in entering]
    after = activate(state, architecture, "formula")
    if architecture.activation == "gelu":
        yield [_two_determinants(state, after, sign * size) for sign in signs]
    if architecture.activation in WAVES:
        yield [_two_exponentials(state, after, sign * size) for sign in signs]
    for name, own, leaving in (("a", state.a, after.a), ("b", state.b, after.b)):
        share = _parallel(own, architecture, size) / np.where(leaving == 0, 1, leaving)
        yield [_stretched(after, name, factor) for factor in (share, 1 / share)]


def _parallel(deviation: Deviations, architecture: Architecture, size: float) -> Deviations:
    """√E φ(u)² as the formula of E φ(u)φ(v) gives it, with v = u and a cosine of 1 − `size`."""
    same = coincident(deviation)
    angle = _turned(same, size)
    if architecture.activation == "gelu":
        variance, _ = gelu(deviation, deviation, same, angle)
    else:
        nothing = np.zeros_like(deviation)
        after = activate(LayerState(deviation, deviation, angle, nothing), architecture, "formula")
        variance = after.covariance()
    if architecture.activation in WAVES:
        variance = variance - size * _exponential(deviation, deviation, same)
    return np.where(variance <= 0, 1, np.sqrt(np.maximum(variance, 0)))


def _two_determinants(state: LayerState, after: LayerState, size: float) -> LayerState:
    """`after`, which leaves GELU, with the determinant in its arctangent at a cosine smaller by `size`."""
    covariance, _ = gelu(state.a, state.b, state.angle)
    moved, slope = gelu(state.a, state.b, state.angle, _turned(state.angle, size))
    product = after.a * after.b
    less = (covariance - moved) / np.where(product == 0, 1, product)
    return replace(after, angle=_turned(after.angle, less), tangent=state.tangent * slope)


def _two_exponentials(state: LayerState, after: LayerState, size: float) -> LayerState:
    """`after`, which leaves sine or cosine, with the larger of its exponentials smaller by `size`."""
    moved = size * _exponential(state.a, state.b, state.angle)
    product = after.a * after.b
    angle = _turned(after.angle, moved / np.where(product == 0, 1, product))
    return replace(after, angle=angle, tangent=after.tangent - state.tangent * moved)


def _exponential(a: Deviations, b: Deviations, angle: HalfAngles) -> Matrix:
    """The larger of exp(−E(u − v)²/2)/2 and exp(−E(u + v)²/2)/2 (`duals`)."""
    half = np.minimum(angle.sines, angle.cosines)
    larger: Matrix = np.exp(-((a - b) ** 2) / 2 - 2 * a * b * half) / 2
    return larger


def _stretched(state: LayerState, name: str, factor: Deviations) -> LayerState:
    """One deviation times `factor` with an unchanged covariance, so that the cosine is divided by it."""
    cosine = state.angle.cosine()
    angle = _turned(state.angle, cosine - cosine / factor)
    if name == "a":
        return replace(state, a=state.a * factor, angle=angle)
    return replace(state, b=state.b * factor, angle=angle)


def _turned(angle: HalfAngles, size: float | Matrix) -> HalfAngles:
    """The angle whose cosine is smaller by `size`, from 0 to π, accurate at both ends."""
    return HalfAngles(np.clip(angle.sines + size / 2, 0, 1), np.clip(angle.cosines - size / 2, 0, 1))


def _finish(state: LayerState, architecture: Architecture, number: int, inputs: int) -> LayerState:
    """The kernels of the output, from the state that leaves hidden layer `number`'s activation."""
    state = dense(state, architecture, number, _fan_in(architecture, number, inputs))
    for layer in range(number + 1, architecture.hidden + 1):
        state = activate(state, architecture, "formula")
        state = dense(state, architecture, layer, _fan_in(architecture, layer, inputs))
    return state


def _fan_in(architecture: Architecture, number: int, inputs: int) -> int:
    return architecture.width if number else inputs
