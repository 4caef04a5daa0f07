"""What is said where a selection is empty."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from edits import edited
from good_suite import GOOD

from harness.suite import Suite
from harness.suite.unmatched import unmatched

Read = Callable[[str], Suite]


@pytest.mark.parametrize(
    ("keyword", "marks", "said"),
    [
        ("siez=4", "", "nothing matches -k siez=4 (did you mean size?)"),
        ("not shift and sift=1", "", "nothing matches -k 'not shift and sift=1' (did you mean shift?)"),
        ("smae", "", "nothing matches -k smae (did you mean same?)"),
        ("size=9", "", "nothing matches -k size=9\n"),
        ("", "quikc", "nothing matches -m quikc (did you mean quick?)\n  marks: quick"),
        ("same", "slow", "nothing matches -k same and -m slow\n"),
        ("\x1b[2J", "", 'nothing matches -k "\\x1b[2J"'),
    ],
)
def test_the_nearest_name_is_named(read: Read, keyword: str, marks: str, said: str) -> None:
    assert said in unmatched(read(GOOD), keyword, marks)


def test_axes_their_values_and_claims_are_named(read: Read) -> None:
    text = edited(GOOD, {"size = [1, 2, 4]": f"size = {list(range(1, 12))}"})
    lines = unmatched(read(text), "widht=64").splitlines()
    assert lines[1:] == [
        "  axis shift: 0",
        "  axis size: 1, 2, 3, 4, 5, 6, 7, 8, … (11 in all)",
        "  claims: same",
    ]
    assert len(unmatched(read(text), "widht=64", names=False).splitlines()) == 1
