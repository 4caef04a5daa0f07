"""Ticks: round numbers within the axis, written as one writes them."""

from __future__ import annotations

import math

import pytest

from harness.questions import Unit
from harness.report.html.ticks import log_ticks, plain, ticks


@pytest.mark.parametrize(
    ("low", "high", "unit", "labels"),
    [
        (math.log(900), math.log(2100), "log-value", ["1000", "1200", "1400", "1600", "1800", "2000"]),
        (0.0, 6000.0, "value", ["0", "1000", "2000", "3000", "4000", "5000", "6000"]),
        (0.0, 5e6, "value", ["0", "1e+06", "2e+06", "3e+06", "4e+06", "5e+06"]),
        (-0.1, 0.11, "ratio", ["-5%", "+0%", "+5%", "+10%"]),
    ],
)
def test_labels_are_the_round_numbers_of_the_axis_in_full(
    low: float, high: float, unit: Unit, labels: list[str]
) -> None:
    found = ticks(low, high, unit)
    assert [label for _, label in found] == labels
    assert all(low <= x <= high for x, _ in found)


def test_decades_have_all_their_digits_below_a_million() -> None:
    assert [label for _, label in log_ticks(math.log(0.5), math.log(2e6))] == [
        "1", "10", "100", "1000", "10000", "100000", "1e+06",
    ]  # fmt: skip
    assert [plain(value) for value in (math.exp(math.log(1024)), 0.05, 1e6)] == ["1024", "0.05", "1e+06"]
