"""Distances from the edge of a claim, for each kind of predicate."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.questions import Unit
from harness.report.distance import distance, how_far
from harness.report.record import InstanceRecord, PartRecord, StraightnessRecord


def instance_of(
    kind: str, unit: Unit, region: tuple[float | None, float | None], values: list[float]
) -> InstanceRecord:
    estimate = sum(values) / len(values)
    return InstanceRecord(
        id="s/c", claim="c", point={}, says="", source=None, expect="open", because="", predicate="",
        toml={kind: {}}, alpha=0.001, centre="mean", marks=(), verdict="supported", outcome="measured",
        agreement="", unit=unit, n=len(values), budget=48, estimate=estimate, interval=(None, None),
        region=region, values=tuple(values), smallest_margin=None, seeds_to_decision=None,
        hours_to_decision=None, reason="", parts=(), control=None, seconds=1.0, trials=(),
        exchanged=kind == "differ",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "unit", "region", "x", "expected"),
    [
        ("equal", "ratio", (-0.05, 0.05), 0.05, 1.0),
        ("equal", "ratio", (-0.05, 0.05), -0.1, 2.0),
        ("equal", "difference", (-0.5, 0.5), 0.25, 0.5),
        ("power-law", "exponent", (0.4, 0.6), 0.7, 2.0),
        ("power-law", "exponent", (None, -0.5), -0.5, 1.0),
        ("power-law", "exponent", (-0.5, None), -0.6, math.exp(0.1)),
        ("at-most", "log-value", (None, math.log(0.2)), math.log(0.1), 0.5),
        ("at-least", "log-value", (math.log(0.2), None), math.log(0.1), 2.0),
        ("at-most", "value", (None, 4.0), 2.0, math.exp(-0.5)),
        ("at-least", "value", (0.0, None), 2.0, math.exp(-2.0)),
        ("less", "ratio", (None, 0.0), math.log(2), 2.0),
        ("less", "difference", (None, -3.0), 0.0, math.e),
        ("greater", "ratio", (math.log(1.05), None), math.log(2.1), 0.5),
        ("faster", "speed-up", (math.log(3), None), math.log(6), 0.5),
        ("monotone", "ratio", (0.0, None), -math.log(2), 2.0),
        ("differ", "ratio", (-math.log(2), math.log(2)), math.log(4), 0.5),
        ("differ", "ratio", (-math.log(2), math.log(2)), -math.log(4), 0.5),
        ("differ", "difference", (-2.0, 2.0), 0.0, math.e),
    ],
)
def test_distances(
    kind: str, unit: Unit, region: tuple[float | None, float | None], x: float, expected: float
) -> None:
    found = distance(instance_of(kind, unit, region, [x] * 6))
    assert found is not None
    assert found.value == pytest.approx(expected, rel=1e-9)
    assert found.samples == pytest.approx([expected] * 6, rel=1e-9)


EDGE = st.floats(-1e3, 1e3)


@given(st.sampled_from(["equal", "differ", "at-most", "at-least"]), EDGE, st.floats(1e-3, 1e3), st.floats())
def test_a_distance_is_finite_and_at_most_1_just_where_the_predicate_holds(
    kind: str, edge: float, half: float, x: float
) -> None:
    if not math.isfinite(x):
        x = 1e300 if x > 0 else -1e300
    unit: Unit = "difference" if kind in ("equal", "differ") else "value"
    two = (edge - half, edge + half)
    region = {"at-most": (None, edge), "at-least": (edge, None)}.get(kind, two)
    inside = (region[0] is None or x >= region[0]) and (region[1] is None or x <= region[1])
    instance = msgspec.structs.replace(instance_of(kind, unit, region, [0.0, 1.0]), estimate=x)
    found = distance(instance)
    assert found is not None
    assert math.isfinite(found.value)
    assert all(map(math.isfinite, found.samples))
    near = min(abs(x - e) for e in region if e is not None) <= 1e-9 * max(1.0, abs(x), abs(edge), half)
    assert near or (found.value <= 1) == (inside != (kind == "differ"))


def test_the_distance_of_the_centre_is_the_centre_of_the_distances() -> None:
    found = distance(instance_of("equal", "ratio", (-0.1, 0.1), [0.03, -0.02, -0.04]))
    assert found is not None
    assert found.value == pytest.approx(0.1)
    assert found.samples == pytest.approx([-0.3, 0.2, 0.4])  # from the side of the mean, −0.01
    assert found.low < 0.1 < found.high


def test_exact_has_its_largest_violation_and_no_statistics() -> None:
    found = distance(instance_of("exact", "violation", (None, 1.0), [0.1, math.inf]))
    assert found is not None
    assert (found.value, found.samples) == (1e9, ())


def test_a_conjunction_is_as_far_as_its_worst_part() -> None:
    instance = instance_of("monotone", "ratio", (0.0, None), [0.0] * 6)
    parts = tuple(
        PartRecord(
            name=f"{i}", verdict="supported", n=6, budget=48, estimate=x, interval=(None, None),
            region=(0.0, None), values=(x,) * 6 if x is not None else (), looks=(), smallest_margin=None,
            seeds_to_decision=None, reason="",
        )
        for i, x in enumerate([0.5, -0.1, 0.7, None])
    )  # fmt: skip
    found = distance(msgspec.structs.replace(instance, parts=parts))
    assert found is not None
    assert found.value == pytest.approx(math.exp(0.1))


def test_a_page_and_a_history_need_no_toml_to_know_how_far_it_is() -> None:
    """What a claim says in TOML is for people; `exchanged` says that it holds outside of its region."""
    apart = instance_of("differ", "ratio", (-0.1, 0.1), [0.3] * 6)
    assert how_far(msgspec.structs.replace(apart, toml={})) == how_far(apart) == pytest.approx(math.exp(-0.2))
    alike = msgspec.structs.replace(apart, exchanged=False)
    assert how_far(alike) == pytest.approx(3.0)


@pytest.mark.parametrize("region", [(0.0, 0.0), (1.0, -1.0), (None, None)])
def test_a_region_without_an_edge_or_room_has_no_distance(region: tuple[float | None, float | None]) -> None:
    assert how_far(instance_of("equal", "ratio", region, [0.0, 1.0])) is None


def test_nothing_estimated_is_no_distance() -> None:
    instance = instance_of("equal", "ratio", (-0.1, 0.1), [0.0, 1.0])
    assert distance(msgspec.structs.replace(instance, values=(), estimate=None)) is None


def test_a_curve_is_as_far_as_it_bends() -> None:
    """Its exponent is in the middle of the region; 0.8 is four margins."""
    straight = instance_of("power-law", "exponent", (-0.6, -0.4), [-0.49, -0.5, -0.51])
    found = distance(straight)
    assert found is not None
    assert found.value == pytest.approx(0.0, abs=1e-9)
    bend = StraightnessRecord(
        margin=0.2,
        shown=None,
        state="curved",
        estimate=-0.8,
        interval=(-0.9, -0.7),
        values=(-0.7, -0.8, -0.9),
    )
    curved = distance(msgspec.structs.replace(straight, straightness=bend))
    assert curved is not None
    assert curved.value == how_far(msgspec.structs.replace(straight, straightness=bend)) == pytest.approx(4.0)
    assert curved.samples == pytest.approx((3.5, 4.0, 4.5))
    assert curved.low < 4 < curved.high
    shown = msgspec.structs.replace(bend, state="open")
    assert how_far(msgspec.structs.replace(straight, straightness=shown)) == found.value
    made_up = msgspec.structs.replace(bend, values=())
    assert how_far(msgspec.structs.replace(straight, straightness=made_up)) == found.value
