"""What is shown of maps: records, figures, tables, the exit code, and maps that come in parts."""

from __future__ import annotations

import dataclasses
import math
import xml.etree.ElementTree as ET
from collections import Counter
from functools import cache

import pytest
from fake_laboratory import FakeLaboratory
from made import record
from map_suite import COMPUTED_MAP
from msgspec.structs import replace

from harness.campaign import conduct
from harness.export.badge import badge_of
from harness.export.claim_annotations import of_record
from harness.export.failing import failing
from harness.export.junit import junit
from harness.history.against import Published, against_text, hold
from harness.history.merge import ShardFile, merge
from harness.plan import case, map_orders, shard
from harness.report.brief import brief
from harness.report.build import instance_record
from harness.report.claim_verdicts import summaries
from harness.report.confirmed import exit_code_of
from harness.report.excused import lines_of
from harness.report.html import map_svg, page
from harness.report.html.map_figure import MOST_ROWS, map_figure
from harness.report.maps import map_records, map_rows, map_summary, notes_on_maps, panels_of
from harness.report.markdown import markdown
from harness.report.record import InstanceRecord, Record, ShardRecord, from_json, to_json
from harness.report.terminal import terminal
from harness.report.words import summary
from harness.suite import load

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def suite_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("suite") / "toys.toml"
    path.write_text(COMPUTED_MAP)
    return str(path)


@cache
def drawn(
    path: str, seconds: float = math.inf, part: tuple[int, int] = (1, 1), spent: float = math.inf
) -> Record:
    """The record of the map, of a shard of it, as far as it comes in its time or in that of the run."""
    suite = load(path, imports=True)
    every = [case(instance) for instance in suite.instances]
    places = shard(every, *part)
    cases = [every[place] for place in places]
    maps = [dataclasses.replace(order, seconds=seconds) for order in map_orders(cases, [suite])]
    laboratory = FakeLaboratory(workers=2)
    result = conduct(cases, laboratory, clock=laboratory.clock, maps=maps, recheck=None, time_budget=spent)
    instances = tuple(instance_record(finding, suite, result) for finding in result.findings)
    found = map_records(result.maps, {suite.name: suite})
    whole = replace(record(*instances), maps=found, exit_code=exit_code_of(instances, found))
    if part == (1, 1):
        return whole
    return replace(
        whole, shard=ShardRecord(number=part[0], of=part[1], places=tuple(places), total=len(every))
    )


def test_a_record_names_its_map_and_holds_every_cell(suite_file: str) -> None:
    whole = drawn(suite_file)
    (found,) = whole.maps
    assert (found.id, found.axes, found.unfinished) == ("toys/sizes", ("size", "slope"), 0)
    lines = lines_of(found, whole.instances)
    assert len(lines) == 6
    assert all(len(line.parts) == len(line.boundary.at) > 1 for line in lines if line.boundary)
    assert from_json(to_json(whole), "whole.json") == whole
    assert b'"maps"' not in to_json(replace(whole, maps=()))


def test_where_boundaries_lie_is_a_table_with_a_column_for_each_claim(suite_file: str) -> None:
    whole = drawn(suite_file)
    head, *rows = map_rows(whole.maps[0], whole.instances)
    assert head == ("slope", "edge", "earlier")
    assert [row[0] for row in rows] == ["-1", "-0.5", "-0.25"]
    assert rows[2] == ("-0.25", "≥ 128", "≥ 128")
    low, high = map(float, rows[0][1].strip("[]").split(", "))
    assert low < 10 < high <= 2 * low
    assert map_summary(whole.maps[0], whole.instances).startswith("6 of 6 boundaries found, ")
    for text in (terminal(whole), markdown(whole)):
        assert "Where gaps close" in text
        assert "≥ 128" in text


def marks(svg: str) -> Counter[str]:
    """The kinds of rectangles in a figure, but for those of its key."""
    found = Counter(rect.get("class", "") for rect in ET.fromstring(svg).iter(f"{SVG}rect"))
    found.subtract(["b-before", "b-past", "b-undecided", "b-found", "b-open"])
    return found


def test_a_figure_shows_each_cell_by_a_glyph_too_and_the_band_of_each_boundary(suite_file: str) -> None:
    whole = drawn(suite_file)
    svg = map_svg(whole, whole.maps[0])
    root = ET.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    parts = Counter(part.verdict for line in whole.instances for part in line.parts)
    found = marks(svg)
    assert found["b-past"] == parts["supported"] > 0
    assert found["b-before"] == parts["refuted"] > 0
    assert found["b-found"] == sum(line.verdict == "located" for line in whole.instances) == 4
    assert found["b-open"] == 0
    glyphs = Counter(text.text for text in root.iter(f"{SVG}text") if text.get("class") == "b-glyph")
    assert (glyphs["▲"], glyphs["▽"]) == (parts["supported"] + 1, parts["refuted"] + 1)
    titles = [title.text or "" for title in root.iter(f"{SVG}title")]
    assert any("size=128, slope=-0.25: refuted" in title for title in titles)


def test_what_is_undecided_is_hatched_and_what_was_not_run_is_open(suite_file: str) -> None:
    whole = drawn(suite_file)
    first = whole.instances[0]
    doubtful = tuple(replace(part, verdict="inconclusive") for part in first.parts)
    changed = replace(whole, instances=(replace(first, parts=doubtful), *whole.instances[1:]))
    svg = map_svg(changed, whole.maps[0])
    assert marks(svg)["b-undecided"] == len(first.parts)
    assert ".b-undecided, .bmap .b-failed { fill: url(#h-toys-sizes)" in svg
    cut = drawn(suite_file, 6.0)
    assert cut.maps[0].unfinished > 0
    assert marks(map_svg(cut, cut.maps[0]))["b-open"] > 0
    assert "…" in map_svg(cut, cut.maps[0])


def test_a_page_holds_the_figure_and_the_table(suite_file: str) -> None:
    shown = page(drawn(suite_file))
    assert shown.count('class="bmap"') == 1
    assert "size at the boundary" in shown
    assert 'id="maps"' not in page(replace(drawn(suite_file), maps=()))


def test_words_of_a_record_are_no_markup(suite_file: str) -> None:
    whole = drawn(suite_file)
    evil = '</title><script>alert("x")</script>\u202e'
    found = replace(whole.maps[0], title=evil, axes=("size", "slope", evil), id=evil)
    line = replace(whole.instances[0], claim_says=evil, point={"slope": evil, evil: 1})
    changed = replace(whole, maps=(found,), instances=(line, *whole.instances[1:]))
    for text in (map_svg(changed, found), page(changed)):
        assert "<script>" not in text
        assert "\u202e" not in text
    ET.fromstring(map_svg(changed, found))


def test_a_map_of_claims_that_a_record_lacks_is_drawn_empty(suite_file: str) -> None:
    whole = drawn(suite_file)
    found = replace(whole.maps[0], claims=("other",), axes=("size",))
    assert panels_of(found, whole.instances) == []
    ET.fromstring(map_svg(whole, found))
    assert [*map_rows(found, whole.instances)] == [()]
    terminal(replace(whole, maps=(found,)))
    markdown(replace(whole, maps=(found,)))


def test_a_figure_of_very_many_lines_says_how_many_it_leaves_out(suite_file: str) -> None:
    whole = drawn(suite_file)
    line = whole.instances[0]
    many = [replace(line, point={"slope": k}, id=f"toys/edge[slope={k}]") for k in range(MOST_ROWS + 5)]
    figure = map_figure(many, whole.maps[0])
    assert (figure.left_out, figure.panels) == (MOST_ROWS + 5, ())


def test_other_axes_are_panels_in_the_order_of_the_map(suite_file: str) -> None:
    whole = drawn(suite_file)
    lines: list[InstanceRecord] = []
    for data in ("b", "a"):
        for train in (64, 16):
            lines += [
                replace(i, point={**i.point, "data": data, "train": train}, id=f"{i.id}{data}{train}")
                for i in whole.instances
                if i.claim == "edge"
            ]
    panels = panels_of(replace(whole.maps[0], axes=("size", "slope", "train")), lines)
    assert [panel.title for panel in panels] == [
        "train=16, data=a", "train=16, data=b", "train=64, data=a", "train=64, data=b",
    ]  # fmt: skip
    assert all([line.point["slope"] for line in panel.lines] == [-1, -0.5, -0.25] for panel in panels)


def test_what_its_own_time_cuts_off_fails_no_run(suite_file: str) -> None:
    cut = drawn(suite_file, 6.0)
    assert {i.outcome for i in cut.instances} >= {"not-run"}
    assert cut.exit_code == 0
    (said,) = notes_on_maps(cut.maps)
    assert "its time, 10 min 0 s, ended before the search for 4 boundaries did" in said
    for text in (terminal(cut), markdown(cut), brief(cut)):
        assert "Not as expected" not in text
    assert not any(claim.unexpected for claim in summaries(cut))
    assert failing(cut) == {}
    assert of_record(cut) == []
    assert ET.fromstring(junit(cut)).get("failures") == "0"
    outcomes = Counter(i.outcome for i in cut.instances)
    assert outcomes.keys() == {"measured", "not-run"}
    assert summary(cut) == f"6 instances: {outcomes['not-run']} not-run, {outcomes['measured']} measured."
    badge = badge_of(cut)
    assert (badge.message, badge.color) == (f"{outcomes['measured']} measured", "brightgreen")
    shown = page(cut)
    for failing_mark in ('id="f-odd"', 'class="o o-not-run"', "not as expected"):
        assert failing_mark not in shown
    spent = drawn(suite_file, spent=6.0)
    assert 'class="o o-not-run"' in page(spent)
    assert badge_of(spent).color == "yellow"


def test_what_its_own_time_cuts_off_differs_from_no_published_boundary(suite_file: str) -> None:
    whole, cut = drawn(suite_file), drawn(suite_file, 6.0)
    held = Published({"p.json": whole}).hold(cut)
    assert held.exit_code == 0
    unvisited = {i.id for i in cut.instances if i.outcome == "not-run"}
    assert {each.id for each in held.held if each.kind == "noted"} == unvisited
    assert "now not run: the time of its map was over" in against_text(held, lambda text, color: text)
    assert hold(cut.instances[-1], None, cut_off=True).kind == "noted"
    spent = drawn(suite_file, spent=6.0)  # by the run's own time
    assert Published({"p.json": whole}).hold(spent).exit_code == 1


def test_what_the_runs_time_cuts_off_fails_it_and_so_does_a_map_without_a_cell(suite_file: str) -> None:
    spent = drawn(suite_file, spent=6.0)
    assert (spent.exit_code, spent.maps[0].by_run, notes_on_maps(spent.maps)) == (1, True, [])
    assert drawn(suite_file, 0.0).exit_code == 1
    claimed = [replace(i, region=(None, 40.0)) for i in drawn(suite_file, 6.0).instances]
    assert exit_code_of(claimed, drawn(suite_file, 6.0).maps) == 1


def test_shards_of_a_map_say_together_what_a_run_says(suite_file: str) -> None:
    whole = drawn(suite_file)
    parts = [drawn(suite_file, part=(number, 2)) for number in (1, 2)]
    assert all(0 < len(part.instances) < 6 for part in parts)
    merged = merge([ShardFile(f"{k}.json", part) for k, part in enumerate(parts)])
    (found,), (known,) = merged.maps, whole.maps
    assert (found.id, found.claims, found.unfinished) == (known.id, known.claims, 0)
    assert [*map_rows(found, merged.instances)] == [*map_rows(known, whole.instances)]
    cut = [drawn(suite_file, 3.0, (number, 2)) for number in (1, 2)]
    merged = merge([ShardFile(f"{k}.json", part) for k, part in enumerate(cut)])
    assert merged.maps[0].unfinished == sum(part.maps[0].unfinished for part in cut) > 0
    assert merged.exit_code == 0
    assert merged.maps[0].seconds == max(part.maps[0].seconds for part in cut)


def test_a_line_that_was_not_run_says_what_is_known_of_it(suite_file: str) -> None:
    cut = drawn(suite_file, 6.0)
    cells = [cell for row in map_rows(cut.maps[0], cut.instances) for cell in row]
    assert any(cell.endswith("(not-run)") for cell in cells)
    nothing = drawn(suite_file, 0.0)
    assert "not-run" in [cell for row in map_rows(nothing.maps[0], nothing.instances) for cell in row]
