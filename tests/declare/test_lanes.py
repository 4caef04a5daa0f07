"""Seeds that are computed abreast find each other, and what was computed for all."""

from __future__ import annotations

import pytest

from harness.declare import Abreast, DeclarationError, Lanes, Quantity, abreast, beside, experiment, find

QUANTITIES = {"x": Quantity("a number")}


def test_a_seed_is_alone_unless_a_block_is_measured() -> None:
    assert beside(3).seeds == (3,)
    with abreast((2, 3)) as lanes:
        assert beside(3) is beside(2) is lanes
        assert beside(4).seeds == (4,), "it is none of the block's"
    assert beside(3).seeds == (3,)


def test_a_part_is_computed_once_and_fails_once() -> None:
    lanes = Lanes((0, 1))
    calls = []

    def compute() -> int:
        calls.append(1)
        if len(calls) > 1:
            raise ValueError("no good")
        return 5

    assert [lanes.once("a", compute) for _ in range(2)] == [5, 5]
    for _ in range(2):
        with pytest.raises(ValueError, match="no good"):
            lanes.once("b", compute)
    assert len(calls) == 2


@pytest.mark.parametrize("size", [0, True, 1.5])
def test_a_block_has_a_whole_number_of_seeds(size: object) -> None:
    with pytest.raises(ValueError, match="abreast: expected a whole number of seeds, at least 1"):
        Abreast(size)  # type: ignore[arg-type]


def test_what_is_declared_must_fit_the_function() -> None:
    def of_seeds(*, seeds: tuple[int, ...]) -> dict[str, list[float]]:
        return {"x": [0.0 for _ in seeds]}

    def of_seed(*, seed: int) -> dict[str, float]:
        return {"x": 0.0}

    several, timed = (
        experiment("a", version=1, quantities=QUANTITIES, abreast=Abreast(4)),
        experiment("a", version=1, quantities=QUANTITIES, abreast=Abreast(4), timed=True),
    )
    with pytest.raises(DeclarationError, match="abreast: expected `block`"):
        several(of_seeds)
    with pytest.raises(DeclarationError, match="abreast: expected none, as timings"):
        timed(of_seed)
    with pytest.raises(DeclarationError, match="tf32: expected the name of a parameter, found 'precise'"):
        experiment("a", version=1, quantities=QUANTITIES, tf32="precise")(of_seed)


@pytest.mark.parametrize(
    ("estimate", "found"),
    [
        (lambda at: at["width"] / 3, r"expected a whole number of bytes, at least 0, found 1\.0"),
        (lambda at: -1, "expected a whole number of bytes, at least 0, found -1"),
        (lambda at: at["depth"], r"expected a number of bytes, found KeyError\('depth'\)"),
    ],
)
def test_an_estimate_that_gives_no_bytes_is_an_error(estimate, found) -> None:
    declare = experiment("a", version=1, quantities=QUANTITIES, abreast=Abreast(4, estimate))

    @declare
    def of_seed(*, seed: int, width: int = 3) -> dict[str, float]:
        return {"x": 0.0}

    with pytest.raises(DeclarationError, match=f"experiment a, abreast: {found}"):
        of_seed.__harness_declaration__.bytes_of({"width": 3})


def test_regression_declares_its_block_and_what_a_seed_takes() -> None:
    declared = find("ntk.regression")
    assert (declared.most, declared.tf32) == (16, "precision")
    small = declared.settled({"width": 64, "networks": 8, "hidden": 1})
    large = {**small, "width": 1024, "hidden": 3}
    # 2.2 million float32 parameters a network, and its four copies at least: start, now, slope, next
    assert 8 * 4 * 4 * 2.2e6 < declared.bytes_of(large) < 20 * 8 * 4 * 4 * 2.2e6
    assert declared.bytes_of(small) < declared.bytes_of(large) / 30
    assert declared.bytes_of({**large, "model": "my_nets:net"}) == 0
