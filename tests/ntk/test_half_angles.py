"""Angles between points to the last digits, wherever they are, and what it costs to carry them."""

from __future__ import annotations

import collections
from types import SimpleNamespace

import mpmath
import numpy as np
import pytest

from harness.ntk import closed_form, duals, half_angles
from harness.ntk.architecture import Architecture
from harness.ntk.half_angles import ALIKE, coincident, of_cosine, of_directions, of_radians

ULP = 2.0**-52
"""The distance of two floats from 1 on."""

ANGLES = [0.0, 1e-200, 1e-9, 1e-3, 0.7, np.pi / 2, 2.9, np.pi - 1e-9, np.pi]

random = np.random.default_rng(17)
BASE = random.standard_normal(30)
TOWARDS = random.standard_normal(30)


def on_the_sphere(points):
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def around(angle):
    """Two points of 30 coordinates at nearly this angle."""
    start = BASE / np.linalg.norm(BASE)
    across = TOWARDS - (TOWARDS @ start) * start
    across /= np.linalg.norm(across)
    return on_the_sphere(np.stack([start, np.cos(angle) * start + np.sin(angle) * across]))


def exact(u, v):
    """The angle between two points, of 60 digits."""
    with mpmath.workdps(60):
        a, b = ([mpmath.mpf(float(x)) for x in point] for point in (u, v))
        lengths = [mpmath.sqrt(mpmath.fsum(x * x for x in point)) for point in (a, b)]
        a, b = ([x / length for x in point] for point, length in zip((a, b), lengths, strict=True))
        apart, together = (
            mpmath.sqrt(mpmath.fsum((x + sign * y) ** 2 for x, y in zip(a, b, strict=True)))
            for sign in (-1, 1)
        )
        return 2 * mpmath.atan2(apart, together)


def test_radians_there_and_back():
    """Relative to θ and, near π, to π − θ: sin²(θ/2) and cos²(θ/2) have all digits of both."""
    angle = np.array([ANGLES[2:]])
    found = of_radians(angle)
    np.testing.assert_allclose(found.radians(), angle, rtol=2 * ULP)
    np.testing.assert_allclose(found.cosine(), np.cos(angle), atol=ULP)
    np.testing.assert_allclose(np.sqrt(found.squared_sine()), np.sin(angle), rtol=4 * ULP, atol=1e-16)
    assert coincident(angle).radians().tolist() == [[0.0] * angle.size]


def test_a_cosine_beyond_one_is_an_angle_at_the_end():
    found = of_cosine(np.array([[1 + 1e-15, -1 - 1e-15, 0.5]]))
    np.testing.assert_allclose(found.radians(), [[0, np.pi, np.pi / 3]], rtol=2 * ULP)


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("angle", [*ANGLES, np.arccos(ALIKE) - 1e-3, np.arccos(ALIKE) + 1e-3])
def test_angles_between_points(angle, many):
    """To 8 roundings of a unit: directions are rounded, which turns a point of 30 coordinates by up to half a
    rounding of its length, and between the ends a scalar product of 30 terms is off by one or two. A cosine
    alone would be off by 1e-8 at the ends. `many`: all pairs of the matrix are such pairs, or one of 64."""
    u, v = around(angle)
    rows, columns = (np.repeat(x[None], 8, axis=0) for x in (u, v))
    if not many:
        rows[1:] = on_the_sphere(random.standard_normal((7, 30)))
        columns[1:] = on_the_sphere(random.standard_normal((7, 30)))
    found = of_directions(rows, columns, rows @ columns.T)
    assert abs(float(found.radians()[0, 0] - exact(u, v))) < 8 * ULP
    np.testing.assert_allclose(found.sines + found.cosines, 1, rtol=2 * ULP)


def test_equal_and_opposite_points_are_exactly_so():
    u = on_the_sphere(random.standard_normal((20, 5)))
    same, opposite = of_directions(u, u, u @ u.T), of_directions(u, -u, u @ -u.T)
    assert not np.diag(same.sines).any()
    assert not np.diag(opposite.cosines).any()
    assert (np.diag(same.cosines) == 1).all()


COUNTED = {"sin", "cos", "tan", "arcsin", "arccos", "arctan", "arctan2", "hypot", "exp", "expm1", "log"}


def functions_of_an_entry(monkeypatch, architecture, points):
    """How often each of the slow functions is computed, in units of the matrix's entries."""
    counts = collections.Counter()

    def counted(name):
        function = getattr(np, name)

        def asked(*arguments, **named):
            found = function(*arguments, **named)
            counts[name] += np.size(found)
            return found

        return asked

    watched = SimpleNamespace(**{name: getattr(np, name) for name in dir(np) if not name.startswith("__")})
    vars(watched).update({name: counted(name) for name in COUNTED})
    for module in (closed_form, duals, half_angles):
        monkeypatch.setattr(module, "np", watched)
    closed_form.nngp_ntk(architecture, points)
    # What is computed once for each row and column of a tile, of which there are SIDE entries, is left out.
    return {name: round(number / len(points) ** 2, 1) for name, number in counts.items()}


@pytest.mark.parametrize(
    ("activation", "expected"),
    [
        ("relu", {"arctan2": 1}),
        ("leaky-relu", {"arctan2": 1}),
        ("erf", {"arctan2": 1}),
        ("gelu", {"arctan2": 1}),
        ("sin", {"exp": 1, "expm1": 1}),
        ("step", {"arctan2": 1}),
    ],
)
def test_an_entry_costs_one_slow_function_a_layer(monkeypatch, activation, expected):
    """Of half of the entries of a Gram matrix: 4 tiles of 96 along a side are 10 of 16."""
    points = random.standard_normal((4 * closed_form.SIDE, 3))
    hidden = 2
    found = functions_of_an_entry(monkeypatch, Architecture(hidden, 16, activation, 1.3, 0.4), points)
    share = hidden * 10 / 16
    for name in COUNTED:
        assert found.get(name, 0) == pytest.approx(share * expected.get(name, 0), abs=0.15), name
