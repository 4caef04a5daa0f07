"""What is shown of boundaries: records, reports, pages, distances, differences and histories."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from boundary_suite import CLAIMS
from edits import edited
from fake_laboratory import FakeLaboratory
from good_suite import read, write
from made import record
from msgspec.structs import replace

from harness.campaign import conduct
from harness.history.against import hold
from harness.history.change import change
from harness.plan import case
from harness.pytest_plugin.words import explanation
from harness.report.agreement import claim_records
from harness.report.brief import brief
from harness.report.build import instance_record
from harness.report.distance import distance, how_far
from harness.report.html import page
from harness.report.laws import possible_slopes
from harness.report.markdown import markdown
from harness.report.progress import decided
from harness.report.record import InstanceRecord, RecordError, from_json, to_json
from harness.report.terminal import terminal
from harness.suite import Suite

__all__ = ["read", "write"]
Read = Callable[[str], Suite]

# The mean of `gap` is shift − ln(size)/2: it crosses 0 at exp(2·shift): 20 at shift 1.5, 4 at 0.7, 403 at 3.
TEXT = """
[suite]
format = 2
title = "Boundaries"

[experiments.pairs]
run = "toys:pair"
with = { sd = 0.15, slope = -0.5 }
sweep = { shift = [0.7, 1.5, 3.0] }
"""
TEXT += CLAIMS


def instances_of(suite: Suite, **how: object) -> tuple[InstanceRecord, ...]:
    laboratory = FakeLaboratory(workers=2)
    cases = [case(instance, **how) for instance in suite.instances]  # type: ignore[arg-type]
    result = conduct(cases, laboratory, clock=laboratory.clock)
    assert all(finding.case.instance.local_id in decided(finding) for finding in result.findings)
    return tuple(instance_record(finding, suite, result) for finding in result.findings)


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, InstanceRecord]:
    from harness.suite import load

    path = tmp_path_factory.mktemp("suite") / "toys.toml"
    path.write_text(TEXT)
    return {i.local_id: i for i in instances_of(load(path, imports=True))}


def test_a_record_says_where_it_lies_and_every_point_that_was_visited(
    found: dict[str, InstanceRecord],
) -> None:
    near, beyond = found["edge[shift=1.5]"], found["edge[shift=3]"]
    low, high = near.interval
    assert (near.verdict, near.unit, near.outcome, near.kind) == (
        "located",
        "boundary",
        "measured",
        "boundary",
    )
    assert low is not None
    assert high is not None
    assert low < math.exp(3) < high <= 2 * low
    assert near.estimate == pytest.approx(math.sqrt(low * high))
    boundary = near.boundary
    assert boundary is not None
    assert boundary.unit == near.unit_of_parts == "value"
    assert [part.name for part in near.parts] == [f"size={at:g}" for at in boundary.at]
    assert (boundary.axis, boundary.ends, boundary.ratio) == ("size", (1.0, 128.0), 2.0)
    assert [boundary.at[k] for k in boundary.order[:2]] == [1.0, 128.0]
    assert len(near.trials) == len(near.parts)
    assert [trials.n for trials in near.trials] == [part.n for part in near.parts]
    assert near.n == max(part.n for part in near.parts)
    assert near.seconds == sum(part.n for part in near.parts)  # a trial takes a second here
    assert (beyond.verdict, beyond.interval, beyond.estimate) == ("≥", (128.0, None), None)
    # At alpha/3 the interval is no narrower.
    assert (boundary.jointly[0] or 0) <= low
    assert (boundary.jointly[1] or math.inf) >= high


def test_the_interval_follows_from_the_points_in_the_record(found: dict[str, InstanceRecord]) -> None:
    for instance in found.values():
        assert instance.boundary is not None
        decided_at = list(zip(instance.boundary.at, instance.parts, strict=True))
        low = max((at for at, part in decided_at if part.verdict == "refuted"), default=None)
        high = min((at for at, part in decided_at if part.verdict == "supported"), default=None)
        assert instance.interval == (low, high)


def test_a_file_holds_all_of_it(found: dict[str, InstanceRecord]) -> None:
    made = record(*found.values())
    data = to_json(made)
    assert from_json(data, "x").instances == made.instances
    assert json.loads(data)["rivals"][0]["boundary"]["axis"] == "size"  # one control, of both instances
    assert len(json.loads(data)["rivals"]) == 1


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"at":[1.0,', '"at":[0.0,', "values of its axis above 0, found 0.0"),
        ('"at":[1.0,', '"at":[1.0,1.5,', "a value of the axis for each part"),
        ('"order":[0,', '"order":[1,', "each of"),
        ('"ends":[1.0,128.0]', '"ends":[128.0,1.0]', "values of its axis above 0"),
        ('"unit":"boundary"', '"unit":"value"', "a boundary of toys/edge"),
    ],
)
def test_files_that_contradict_themselves_are_refused(
    found: dict[str, InstanceRecord], old: str, new: str, said: str
) -> None:
    data = to_json(record(found["edge[shift=1.5]"])).decode()
    assert old in data
    with pytest.raises(RecordError, match=re.escape(said)):
        from_json(data.replace(old, new, 1).encode(), "x.json")


def test_every_report_shows_it(found: dict[str, InstanceRecord]) -> None:
    claims = claim_records({"toys/edge": [i for i in found.values() if i.claim == "edge"]}, {})
    assert claims[0].where.startswith("located in 2 of 3 instances, beyond its range in 1: [")
    assert claims[0].where.endswith("≥ 128 at shift=3")
    made = record(*found.values())
    low, high = found["edge[shift=1.5]"].interval
    interval = f"[{low:g}, {high:g}]"
    for text in (terminal(made), markdown(made).replace("\\", "")):
        assert interval in text
        assert "≥ 128" in text
        assert "along size: before it at 1 (n = 14)" in text
        assert "as a power of shift, the boundary excludes exponents below" in text
        assert "≤ 40" in text
    assert brief(made)
    shown = page(made)
    assert shown.count("Where the boundary was searched for") == 5
    assert "as a power of shift, the boundary excludes exponents" in shown
    assert "claim: ≤ 40" in shown
    assert "NaN" not in shown


def test_a_failure_in_pytest_names_the_points(found: dict[str, InstanceRecord]) -> None:
    text = explanation(replace(found["below[shift=1.5]"], verdict="refuted", outcome="unexpected"), "again")
    assert re.search(r"size=1 +before: 1\.\d+ \[", text)
    assert "refuted: " not in text
    assert re.search(r"measured +[\d.]+ \[\d+, \d+\] against ≤ 40", text)


def test_distances_are_finite_and_1_at_the_bound(found: dict[str, InstanceRecord]) -> None:
    below = found["below[shift=1.5]"]
    assert below.estimate is not None
    assert how_far(below) == pytest.approx(below.estimate / 40)
    for instance in found.values():
        far = distance(instance)
        assert far is not None
        assert far.value == how_far(instance)
        assert 0 < far.value < math.inf
        assert not far.samples
    at_least = replace(below, region=(40.0, None))
    assert how_far(at_least) == pytest.approx(40 / below.estimate)
    beyond = found["edge[shift=3]"]
    assert how_far(beyond) == pytest.approx(1.0)  # the end of its range
    assert how_far(replace(beyond, interval=(None, None))) is None
    assert how_far(replace(below, interval=(None, 4.0))) == pytest.approx(0.1)


def moved(of: InstanceRecord, low: float | None, high: float | None, verdict: str = "") -> InstanceRecord:
    return replace(of, interval=(low, high), verdict=verdict or of.verdict)


def test_a_boundary_has_moved_where_the_intervals_have_nothing_in_common(
    found: dict[str, InstanceRecord],
) -> None:
    near = moved(found["edge[shift=1.5]"], 16.0, 32.0)
    assert change(near, near).kind == "identical"
    later = change(near, moved(near, 32.0, 64.0))
    assert (later.kind, later.note.partition(" (")[0]) == ("moved", "[16, 32] → [32, 64]")
    assert change(near, moved(near, 8.0, 16.0)).kind == "moved"
    assert change(near, moved(near, 19.0, 38.0)).kind in ("changed", "identical")
    assert change(near, moved(near, 128.0, None, "≥")).kind == "moved"
    assert change(near, moved(near, None, 1.0, "≤")).kind == "moved"
    assert change(near, moved(near, 19.0, None, "≥")).kind == "changed"
    assert change(near, moved(near, 16.0, 64.0, "inconclusive")).kind == "weakened"
    assert change(moved(near, 16.0, 64.0, "inconclusive"), near).kind == "strengthened"
    assert hold(moved(near, 32.0, 64.0), near).kind == "differs"
    assert hold(moved(near, 19.0, 38.0), near).kind == "same"
    assert hold(moved(near, 19.0, None, "≥"), near).kind == "noted"
    fresh = replace(near, first_seed=1000)
    assert change(near, fresh).kind == "resampled"
    assert change(near, moved(fresh, 64.0, 91.0)).kind == "moved"


def test_points_that_were_chosen_otherwise_define_no_other_claim(read: Read) -> None:
    text = TEXT.partition("[claims.below]")[0] + "at = { shift = 0.7 }\n"
    (before,), (after,) = (
        instances_of(read(edited(text, {"slope = -0.5": f"slope = {slope}"}))) for slope in (-0.5, -0.3)
    )
    assert [t.params["size"] for t in before.trials] != [t.params["size"] for t in after.trials]
    assert change(before, after).kind == "redefined"
    assert re.fullmatch(r"slope -0\.5 → -0\.3; (still \w+|\S+ → \S+)", change(before, after).note)
    (now,) = instances_of(read(text), first_seed=5000)
    assert change(before, now).kind in ("resampled", "moved")


def test_a_law_of_boundaries_excludes_what_passes_through_no_interval(
    found: dict[str, InstanceRecord],
) -> None:
    one, two, three = (found[f"edge[shift={shift}]"] for shift in ("0.7", "1.5", "3"))

    def at(of: InstanceRecord, x: float, low: float | None, high: float | None) -> InstanceRecord:
        assert of.boundary is not None
        return replace(of, point={"x": x}, boundary=replace(of.boundary, jointly=(low, high)))

    (law,) = possible_slopes([at(one, 1.0, 10.0, 20.0), at(two, 10.0, 100.0, 200.0)])
    assert (law.low, law.high) == (pytest.approx(math.log10(5)), pytest.approx(math.log10(20)))
    assert law.says == "as a power of x, the boundary excludes exponents below 0.699 and above 1.3"
    (law,) = possible_slopes([at(one, 1.0, 10.0, 20.0), at(two, 10.0, 100.0, None)])
    assert (law.low, law.high) == (pytest.approx(math.log10(5)), math.inf)
    (law,) = possible_slopes(
        [at(one, 1.0, 10.0, 20.0), at(two, 10.0, 100.0, 200.0), at(three, 100.0, 10.0, 20.0)]
    )
    assert law.says == "no power law of x passes through the intervals of all boundaries"
    (law,) = possible_slopes([at(one, 1.0, None, 20.0), at(two, 10.0, None, 20.0)])
    assert law.says == ""
    assert possible_slopes([at(one, 1.0, 10.0, 20.0)]) == []
    assert possible_slopes([at(one, -1.0, 10.0, 20.0), at(two, 10.0, 100.0, 200.0)]) == []


def test_the_record_of_a_boundary_is_read_by_name_of_its_file(
    found: dict[str, InstanceRecord], tmp_path: Path
) -> None:
    import harness

    path = tmp_path / "r.json"
    path.write_bytes(to_json(record(*found.values())))
    assert harness.read_record(path).instances == tuple(found.values())
