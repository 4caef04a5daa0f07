"""Figures of records: what they show, that they stand alone, and what is said where there is none."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from commands import said
from made import INSTANCE, LAW, PART, at_sizes, record, unmeasured
from msgspec.structs import replace

from harness.report import InstanceRecord, read_record, to_json
from harness.report.figure import Drawing, FigureError, draw_figure
from harness.report.figure.marks import MM, Disc, Segment
from harness.report.record import BoundaryRecord

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def grid() -> tuple[InstanceRecord, ...]:
    """A claim at two sizes, two data sets and two depths: +1% everywhere, +20% of the larger size."""
    made = []
    for size in (10, 1000):
        for data in ("digits", "sphere"):
            for depth in (1, 2):
                point = {"size": size, "data": data, "depth": depth}
                one = replace(
                    INSTANCE,
                    id=f"toys/same[data={data},depth={depth},size={size}]",
                    point=point,
                    claim_says="a equals b at {size} of {data}, {depth} deep.",
                )
                far = {"estimate": 0.18, "interval": (0.15, 0.21), "verdict": "refuted"}
                made.append(replace(one, **far) if size == 1000 else one)
    return tuple(made)


def texts(drawing: Drawing) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(drawing.svg).iter(f"{SVG}text")]


def test_a_figure_stands_alone_fits_a_column_and_names_quantity_and_unit() -> None:
    drawing = draw_figure(record(*grid()), "same", along="size")
    root = ElementTree.fromstring(drawing.svg)
    assert root.get("width") == "85.00mm"
    ground = root.find(f"{SVG}rect")
    assert ground is not None
    assert (ground.get("fill"), ground.get("width")) == ("#ffffff", f"{85 * MM:.2f}".rstrip("0"))
    for element in root.iter():
        assert not {"class", "style", "href"} & element.attrib.keys(), "nothing from elsewhere"
        assert element.tag.removeprefix(SVG) in (
            "svg",
            "title",
            "desc",
            "rect",
            "path",
            "polygon",
            "circle",
            "text",
        )
        drawn = element.tag.removeprefix(SVG) in ("path", "polygon", "circle", "text")
        assert not drawn or re.fullmatch(r"#[0-9a-f]{6}|none", element.get("fill", "")), element.attrib
    found = texts(drawing)
    joined = " ".join(found)
    assert "size" in found
    assert "a relative to b (%)" in joined
    assert "a equals b at size of data, depth deep." in joined
    assert {
        "data = digits",
        "data = sphere",
        "depth = 1",
        "depth = 2",
        "10",
        "1000",
        "+0%",
        "refuted",
    } <= set(found)


def test_each_instance_has_its_interval_at_its_place_over_the_region() -> None:
    drawing = draw_figure(record(*at_sizes(3)), "same")
    discs = [mark for mark in drawing.marks if isinstance(mark, Disc)][:3]
    places = [disc.x for disc in discs]
    assert places == sorted(set(places)), "along the axis, by size"
    assert places[1] - places[0] == pytest.approx(places[2] - places[1]), "1, 2, 3 are equally far apart"
    upright = [
        m for m in drawing.marks if isinstance(m, Segment) and m.x1 == m.x2 == places[0] and m.width == 1.0
    ]
    (interval,) = upright
    low, high = interval.y1, interval.y2
    # The middle of −0.02 … 0.04 is the estimate, 0.01; the region is ±0.05.
    assert (low + high) / 2 == pytest.approx(discs[0].y)
    edges = [m.y1 for m in drawing.marks if isinstance(m, Segment) and m.color == "#5f8f5c"]
    scale = (low - high) / 0.06
    assert max(edges) - min(edges) == pytest.approx(0.1 * scale)


def test_the_axis_with_the_most_numbers_runs_along_unless_another_is_named() -> None:
    sizes = at_sizes(4)
    more = tuple(
        replace(i, id=f"{i.id}{depth}", point={**i.point, "depth": depth}) for i in sizes for depth in (1, 2)
    )
    assert "depth = 1" in texts(draw_figure(record(*more), "same"))
    assert "size = 1" in texts(draw_figure(record(*more), "same", along="depth"))
    assert "size = 1" not in texts(draw_figure(record(*more), "same", along="depth", at={"size": "2"}))


@pytest.mark.parametrize(
    ("instance", "labels"),
    [
        (
            replace(LAW, toml={"power-law": {"of": "gap", "against": "width"}}, kind="power-law"),
            ("width", "gap"),
        ),
        (
            replace(
                INSTANCE,
                unit="log-value",
                kind="at-most",
                toml={"at-most": {"of": "a.error"}},
                quantity_unit="mm",
            ),
            ("seed", "a.error (mm)"),
        ),
        (
            replace(INSTANCE, unit="difference", toml={"equal": {"of": ["a", "b"]}}, quantity_unit="s"),
            ("seed", "a − b (s)"),
        ),
        (
            replace(INSTANCE, unit="speed-up", kind="faster", toml={"faster": {"of": ["x", "y"]}}),
            ("seed", "seconds of y / seconds of x (×)"),
        ),
    ],
)
def test_one_instance_is_drawn_over_its_seeds_and_a_law_over_its_axis(
    instance: InstanceRecord, labels: tuple[str, str]
) -> None:
    drawing = draw_figure(record(instance), instance.id)
    joined = " ".join(texts(drawing))
    for label in labels:
        assert label in joined
    assert len([mark for mark in drawing.marks if isinstance(mark, Disc)]) >= 4


def test_a_boundary_is_drawn_over_the_points_that_were_visited() -> None:
    boundary = BoundaryRecord(
        axis="width", at=(64.0, 128.0, 256.0), order=(0, 2, 1), ends=(64.0, 256.0), ratio=1.5,
        unit="log-value", jointly=(64.0, 128.0),
    )  # fmt: skip
    parts = tuple(
        replace(PART, estimate=x, interval=(x - 0.1, x + 0.1), region=(None, 0.0)) for x in (1.0, 0.05, -1.0)
    )
    searched = {
        "unit": "boundary",
        "boundary": boundary,
        "parts": parts,
        "verdict": "located",
        "estimate": None,
    }
    toml = {"boundary": {"of": "a.error", "along": "width"}}
    where = {"interval": (64.0, 128.0), "region": (None, None)}
    found = replace(INSTANCE, kind="boundary", toml=toml, **searched, **where)
    drawing = draw_figure(record(found), found.id)
    assert {"width", "a.error"} <= set(texts(drawing))
    assert "width [64, 128]" in drawing.caption


def test_without_a_claim_each_claim_has_a_row() -> None:
    drawing = draw_figure(
        record(*at_sizes(2), replace(LAW, region=(-0.6, -0.4)), unmeasured("error", claim="gone"))
    )
    found = texts(drawing)
    assert {"same", "law", "distance from the claim (margins)"} <= set(found)
    assert "gone" not in found


def test_what_cannot_be_drawn_is_said() -> None:
    every = record(*at_sizes(2), LAW)
    with pytest.raises(
        FigureError, match=r"sam: expected one of toys/same, toys/law \(did you mean same\?\)"
    ):
        draw_figure(every, "sam")
    with pytest.raises(FigureError, match="same: expected one of its axes, size, found 'width'"):
        draw_figure(every, "same", along="width")
    with pytest.raises(FigureError, match="size=9: expected one of 1, 2"):
        draw_figure(every, "same", at={"size": "9"})
    with pytest.raises(FigureError, match="expected an instance that was measured, found none"):
        draw_figure(record(unmeasured("error")), "same")
    many = tuple(
        replace(INSTANCE, id=f"toys/same[{a},{b},{c}]", point={"a": a, "b": f"b{b}", "c": f"c{c}"})
        for a in (1, 2)
        for b in range(9)
        for c in range(14)
    )
    with pytest.raises(
        FigureError, match=r"expected at most 12 panels, found 126: name values with --at \(b, c\)"
    ):
        draw_figure(record(*many), "same")


@pytest.mark.slow
def test_pdf_and_png_are_drawn_by_matplotlib_the_same_each_time(tmp_path: Path) -> None:
    drawing = draw_figure(record(*at_sizes(2)), "same")
    for suffix, begin in ((".pdf", b"%PDF-"), (".png", b"\x89PNG")):
        drawing.save(tmp_path / f"a{suffix}")
        drawing.save(tmp_path / f"b{suffix}")
        assert (tmp_path / f"a{suffix}").read_bytes().startswith(begin)
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


def test_without_matplotlib_one_sentence_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    drawing = draw_figure(record(*at_sizes(2)), "same")
    with pytest.raises(FigureError, match=re.escape('pip install "ntk-harness[figures]"')):
        drawing.save(tmp_path / "f.pdf")
    assert not list(tmp_path.iterdir())
    drawing.save(tmp_path / "f.svg")
    assert (tmp_path / "f.svg").read_text() == drawing.svg


def test_the_command_writes_a_figure_and_prints_its_caption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "r.json").write_bytes(to_json(record(*grid())))
    code, out = said("figure", "r.json", "same", "--out", "f.svg", "--along", "depth", "--at", "size=10")
    assert (code, out.splitlines()[-1]) == (0, "Figure: f.svg"), out
    assert "with error rate 0.001 over all looks" in out
    assert ElementTree.parse(tmp_path / "f.svg").getroot().tag == f"{SVG}svg"
    assert said("figure", "r.json", "same", "--out", "f.gif")[0] == 4
    assert "did you mean same?" in said("figure", "r.json", "sane", "--out", "f.svg")[1]
    assert (
        "expected AXIS=VALUE, found 'size'" in said("figure", "r.json", "--out", "f.svg", "--at", "size")[1]
    )


@pytest.mark.slow
def test_every_claim_of_the_published_records_has_a_figure() -> None:
    """But for those whose axes would fill more than a page, which say so."""
    left = {}
    for path in sorted((ROOT / "reports/published").glob("*.json")):
        found = read_record(path)
        ElementTree.fromstring(draw_figure(found).svg)
        for claim in dict.fromkeys(instance.claim for instance in found.instances):
            try:
                drawing = draw_figure(found, claim)
            except FigureError as error:
                left[claim] = str(error)
            else:
                ElementTree.fromstring(drawing.svg)
                assert drawing.height > 60
    assert [said for said in left.values() if "panels" not in said and "was measured" not in said] == []
    assert len(left) < 20
