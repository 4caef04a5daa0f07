"""Maps as the campaign measures them: an order that time cuts off and nothing else changes."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from edits import edited
from fake_laboratory import FakeLaboratory
from good_suite import read, write
from hypothesis import given, settings
from hypothesis import strategies as st
from map_suite import COMPUTED_MAP, MAP

from harness.campaign import Finding, Result, conduct
from harness.plan import Case, MapOrder, case, map_orders
from harness.suite import Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]
Visits = list[tuple[str, str]]
"""Verdicts at cells, each named by its claim, its shift and its size, in the order of their turns."""


def parts_of(suite: Suite) -> tuple[list[Case], tuple[MapOrder, ...]]:
    cases = [case(instance) for instance in suite.instances]
    return cases, map_orders(cases, [suite])


def drawn(suite: Suite, laboratory: FakeLaboratory, **how: object) -> Result:
    cases, maps = parts_of(suite)
    result = conduct(cases, laboratory, clock=laboratory.clock, maps=maps, **how)  # type: ignore[arg-type]
    decided = sum(f.assessment.verdict != "not-run" for f in result.findings)
    assert (result.progress.decided, result.progress.total) == (decided, len(cases))
    return result


def visits(result: Result, suite: Suite) -> Visits:
    """The cells that a result shows, in the order that the map states: round by round, line by line."""
    cases, maps = parts_of(suite)
    found = {f.case.instance.id: f for f in result.findings}
    lines = [found[cases[place].instance.id] for each in maps for place in each.places]
    turns = [
        ((place, number), cell)
        for number, line in enumerate(lines)
        for place, cell in enumerate(cells_of(line))
    ]
    return [cell for _, cell in sorted(turns)]


def cells_of(line: Finding) -> Visits:
    boundary = line.assessment.boundary
    assert boundary is not None
    by_place = {part.question.name: part.verdict for part in line.assessment.parts}
    names = [line.case.questions[place].name for place in boundary.location.visited]
    return [(f"{line.case.instance.local_id} {name}", by_place[name]) for name in names]


def test_a_map_finds_what_its_claims_find_alone(read: Read) -> None:
    """With noise, and with workers that end in any order; claims at one point share its trials."""
    suite = read(MAP)
    cases, (order,) = parts_of(suite)
    names = [cases[place].instance.local_id for place in order.places]
    assert names == [f"{claim}[shift={x}]" for x in ("0.7", "1.5", "3") for claim in ("edge", "earlier")]
    laboratory, alone = FakeLaboratory(workers=2), FakeLaboratory(workers=2)
    mapped, plain = drawn(suite, laboratory), conduct(cases, alone, clock=alone.clock)
    assert [(f.assessment.verdict, f.assessment.parts) for f in mapped.findings] == [
        (f.assessment.verdict, f.assessment.parts) for f in plain.findings
    ]
    assert (mapped.maps[0].id, mapped.maps[0].unfinished) == ("toys/sizes", 0)
    assert len(laboratory.begun) == len(set(laboratory.begun))
    sizes = [trial.arguments()["size"] for trial in laboratory.begun]
    # The cheap ends of all lines, then the dear ends, each read by two claims.
    assert sizes[: 6 * 14] == [1] * 3 * 14 + [128] * 3 * 14


def test_time_cuts_the_order_off_and_changes_nothing_else(read: Read) -> None:
    """Whatever time, workers and the order in which trials end: what is shown is how the whole map begins."""
    suite = read(COMPUTED_MAP)
    cases, (order,) = parts_of(suite)
    whole = visits(drawn(suite, FakeLaboratory()), suite)
    lengths = set()

    @settings(max_examples=20, deadline=None, derandomize=True, database=None)
    @given(seconds=st.integers(0, 20), workers=st.integers(1, 9), ends=st.integers(0, 10**6))
    def check(seconds: int, workers: int, ends: int) -> None:
        laboratory = FakeLaboratory(workers=workers, order=random.Random(ends))
        maps = [replace(order, seconds=float(seconds))]
        result = conduct(cases, laboratory, clock=laboratory.clock, maps=maps, recheck=None)
        shown = visits(result, suite)
        assert shown == whole[: len(shown)]
        assert (len(shown) == len(whole)) == (result.maps[0].unfinished == 0)
        lengths.add(len(shown))

    check()
    assert len(lengths) > 3


@pytest.mark.parametrize("seconds", [2, 8, 14])
def test_what_was_not_visited_is_not_run(read: Read, seconds: int) -> None:
    suite = read(edited(COMPUTED_MAP, {"10 min": f"{seconds} s"}))
    result = drawn(suite, FakeLaboratory(workers=2, seconds=2.0))
    cut = [f.assessment for f in result.findings if f.assessment.verdict == "not-run"]
    assert len(cut) == result.maps[0].unfinished > 0
    assert not result.maps[0].by_run
    for each in cut:
        assert {part.verdict for part in each.parts} <= {"supported", "refuted", "not-run"}
        assert each.boundary is not None
        assert each.boundary.location.low in (None, *each.boundary.at)


def test_an_interrupted_map_goes_on_from_the_store(read: Read) -> None:
    suite = read(COMPUTED_MAP)
    whole = drawn(suite, FakeLaboratory())
    first = FakeLaboratory(interruptions=[30])
    with pytest.raises(KeyboardInterrupt):
        drawn(suite, first)
    known = set(first.store)
    second = FakeLaboratory(store=first.store)
    again = drawn(suite, second)
    assert visits(again, suite) == visits(whole, suite)
    assert known
    assert not known & set(second.begun)
    assert again.progress.reused == len(known)


def test_a_map_that_time_cut_off_goes_further_the_next_time(read: Read) -> None:
    suite, store, seen = read(edited(COMPUTED_MAP, {"10 min": "6 s"})), {}, []
    for _ in range(8):
        laboratory = FakeLaboratory(store=store)
        result = drawn(suite, laboratory)
        seen.append(len(visits(result, suite)))
        store = laboratory.store
    assert seen == sorted(seen)
    assert seen[0] < seen[2] < seen[-1]
    assert result.maps[0].unfinished == 0


def test_what_one_map_leaves_open_another_does_not_go_on_with(read: Read) -> None:
    """Both read the same trials; the second has all the time."""
    maps = MAP[MAP.index("[maps.sizes]") :]
    one = edited(maps, {'["edge", "earlier"]': '"edge"', "10 min": "20 s"})
    two = edited(maps, {'["edge", "earlier"]': '"earlier"', "maps.sizes": "maps.later"})
    suite = read(edited(MAP, {maps: one + two}))
    result = drawn(suite, FakeLaboratory())
    first, second = result.maps
    assert (first.unfinished, second.unfinished) == (3, 0)
    assert first.seconds < 25
    cut = [f.assessment for f in result.findings if f.case.instance.claim.id == "edge"]
    assert [len([part for part in each.parts if part.ruling.n]) for each in cut] == [1, 0, 0]


def test_other_claims_come_first_and_their_time_is_not_the_maps(read: Read) -> None:
    other = """
[claims.plain]
says = "The level is below 9."
expect = "open"
experiment = "pairs"
at-most = { of = "level", bound = 9 }
"""
    laboratory = FakeLaboratory(seconds=2.0)
    result = drawn(read(edited(COMPUTED_MAP, {"10 min": "20 s"}) + other), laboratory)
    assert [trial.arguments()["size"] for trial in laboratory.begun[:6]].count(2) == 3
    assert 18 < result.maps[0].seconds < 24
    assert {f.assessment.verdict for f in result.findings[6:]} == {"supported"}


def test_the_time_of_the_run_ends_a_map_too(read: Read) -> None:
    result = drawn(read(COMPUTED_MAP), FakeLaboratory(), time_budget=3.0)
    assert result.maps[0].by_run
    assert result.maps[0].unfinished == 6


def test_a_control_is_a_line_of_its_own(read: Read) -> None:
    start = MAP.index("[claims.edge]")
    edge = MAP[start : MAP.index("[claims.earlier]")]
    claim = edited(edge, {'within = "2 x"': "at-most = 40", '"open"': '"supported"'})
    more = "at = { shift = [0.7, 1.5] }\ncontrol = { at = { shift = 3.0 } }\n\n"
    claimed = edited(MAP, {edge: claim.rstrip() + f"\n{more}"})
    result = drawn(read(claimed), FakeLaboratory(workers=2))
    assert {f.assessment.outcome for f in result.findings} == {"as-expected", "measured"}
    assert [f.assessment.control_verdict for f in result.findings[:2]] == ["refuted", "refuted"]
