"""Figures of records: what they show, that they stand alone, and what is said where there is none."""

from __future__ import annotations

import math
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
from harness.report.figure.marks import GREY, MM, Disc, Lettering, Segment
from harness.report.lettering import text_width
from harness.report.record import BoundaryRecord, MapRecord, Record

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
    assert "a equals b at 10 or 1000 of digits or sphere, 1 or 2 deep." in joined
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


def at_estimates(**changes: object) -> tuple[InstanceRecord, ...]:
    """INSTANCE at sizes 1, 2 and 4, with estimates that rise: 0.02 above each interval's lower end."""
    made = [
        replace(i, estimate=x, interval=(x - 0.02, x + 0.05), **changes)
        for i, x in zip(at_sizes(3), (-0.04, 0.1, 0.3), strict=True)
    ]
    points = (1, 2, 4)
    return tuple(
        replace(i, point={"size": k}, id=f"toys/same[size={k}]") for i, k in zip(made, points, strict=True)
    )


def ticks_of(drawing: Drawing, unit: str) -> dict[float, float]:
    """What the ticks of the y axis say → how high they stand; in the units of estimates."""
    dashes = [
        m.y1
        for m in drawing.marks
        if isinstance(m, Segment) and m.y1 == m.y2 and m.x2 - m.x1 == pytest.approx(2.5)
    ]
    found = {}
    for label in (m for m in drawing.marks if isinstance(m, Lettering) and m.anchor == "end"):
        number = float(label.text.replace("−", "-").rstrip("%"))
        value = {"ratio": lambda x: math.log1p(x / 100), "log-value": math.log}.get(unit, float)(number)
        found[value] = min(dashes, key=lambda y: abs(y - label.y))
    return found


@pytest.mark.parametrize("unit", ["ratio", "log-value", "value", "difference"])
def test_the_ticks_of_the_y_axis_say_how_high_an_estimate_stands(unit: str) -> None:
    """Read as a reader reads it: by the labels. An axis that is turned over, scaled or shifted is wrong."""
    for instances in (at_estimates(unit=unit), at_estimates(unit=unit)[1:2]):
        drawing = draw_figure(record(*instances), instances[0].id if len(instances) == 1 else "same")
        ticks = ticks_of(drawing, unit)
        assert len(ticks) >= 3
        low, high = min(ticks), max(ticks)
        points = (ticks[high] - ticks[low]) / (high - low)  # for each unit of the estimates
        assert points < 0, "what is larger stands higher"
        for value, y in ticks.items():
            assert y == pytest.approx(ticks[low] + points * (value - low), abs=0.01)
        capped = [m for m in drawing.marks if isinstance(m, Segment) and m.x1 == m.x2 and m.width == 1.0]
        assert len(capped) == len(instances)
        discs = [m for m in drawing.marks if isinstance(m, Disc) and m.radius == 1.9]
        for instance, interval, disc in zip(instances, capped, discs, strict=False):
            sides = [ticks[low] + points * (side - low) for side in instance.interval if side is not None]
            assert sorted((interval.y1, interval.y2)) == pytest.approx(sorted(sides))
            assert disc.y == pytest.approx(ticks[low] + points * (instance.estimate - low))
        every = [y for mark in capped for y in (mark.y1, mark.y2)]
        assert max(every) - min(every) > 30, "and the panel, 104 points high, is used"


def test_places_along_the_x_axis_are_those_of_its_ticks() -> None:
    drawing = draw_figure(record(*at_estimates()), "same")
    places = {m.text: m.x for m in drawing.marks if isinstance(m, Lettering) and m.text in ("1", "2", "4")}
    discs = [m.x for m in drawing.marks if isinstance(m, Disc) and m.radius == 1.9][:3]
    assert discs == pytest.approx([places["1"], places["2"], places["4"]])
    assert places["4"] - places["2"] == pytest.approx(2 * (places["2"] - places["1"]))


NETS = [
    "residual",
    "layer-normalised",
    "flattened",
    "pooled",
    "recurrent",
    "attention",
    "unshared-and-flattened",
]


def nets() -> tuple[InstanceRecord, ...]:
    """A claim of seven networks, whose names have no room beside each other."""
    return tuple(replace(INSTANCE, id=f"toys/same[net={net}]", point={"net": net}) for net in NETS)


def test_below_the_axis_stands_every_word_and_none_meets_another() -> None:
    drawing = draw_figure(record(*nets()), "same")
    shown = [mark for mark in drawing.marks if isinstance(mark, Lettering) and mark.text in NETS]
    assert [mark.text for mark in shown] == NETS
    (name,) = (mark for mark in drawing.marks if isinstance(mark, Lettering) and mark.text == "net")
    ends: dict[float, float] = {}
    for mark in shown:
        half = text_width(mark.text, mark.size) / 2
        assert 0 < mark.x - half > ends.get(mark.y, 0.0)
        assert mark.x + half < drawing.width
        ends[mark.y] = mark.x + half
    assert len(ends) > 1
    assert max(ends) < name.y - 5, "the name of the axis stands below them"


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
    assert {"width", "a.error", "the boundary lies here", "refuted"} <= set(texts(drawing))
    assert "width [64, 128], in the shade: error rate 0.001" in drawing.caption
    ticks = ticks_of(drawing, "log-value")
    points = (ticks[max(ticks)] - ticks[min(ticks)]) / (max(ticks) - min(ticks))
    rings = [m for m in drawing.marks if isinstance(m, Disc) and m.radius == 1.9][:3]
    heights = [ticks[min(ticks)] + points * (x - min(ticks)) for x in (1.0, 0.05, -1.0)]
    assert [ring.y for ring in rings] == pytest.approx(heights)
    computed = draw_figure(record(replace(found, computed=True)), found.id)
    assert "in the shade: computed, not sampled" in computed.caption


def test_without_a_claim_each_claim_has_a_row() -> None:
    drawing = draw_figure(
        record(*at_sizes(2), replace(LAW, region=(-0.6, -0.4)), unmeasured("error", claim="gone"))
    )
    found = texts(drawing)
    assert {"same", "law", "distance from the claim (margins)"} <= set(found)
    assert "gone" not in found


def test_names_of_claims_that_begin_alike_are_told_apart() -> None:
    names = [f"layer-changes-single-and-ntk-alike-{end}" for end in ("given-f0", "on-linear-data", "x" * 60)]
    found = texts(draw_figure(record(*(replace(INSTANCE, id=f"toys/{n}", claim=n) for n in names))))
    assert {"given-f0", "on-linear-data"} <= {text.rpartition("alike-")[2] for text in found}
    assert [text for text in found if text.endswith("x…")], "what is longer than a line is cut"


def mapped() -> Record:
    """A map of two claims: where each is crossed along the width, at three slopes."""
    lines = []
    for claim in ("edge", "earlier"):
        for slope, (low, high) in ((1, (8.0, 16.0)), (2, (64.0, 128.0)), (3, (512.0, 1024.0))):
            boundary = BoundaryRecord(
                axis="width", at=(8.0, 1024.0), order=(0, 1), ends=(8.0, 1024.0), ratio=2.0, unit="log-value",
                jointly=(8.0, 1024.0),
            )  # fmt: skip
            lines.append(
                replace(
                    INSTANCE,
                    id=f"toys/{claim}[slope={slope}]",
                    claim=claim,
                    says=f"{claim} at {slope}",
                    claim_says=f"{claim} at {{slope}}",
                    point={"slope": slope},
                    kind="boundary",
                    toml={"boundary": {"of": "a.error", "along": "width"}},
                    unit="boundary",
                    boundary=boundary,
                    estimate=None,
                    interval=(low, high),
                    region=(None, None),
                    verdict="located",
                    parts=(PART, PART),
                )
            )
    found = MapRecord(
        id="toys/sizes",
        suite="toys",
        map="sizes",
        title="Sizes",
        claims=("edge", "earlier"),
        axes=("width", "slope"),
    )
    return record(*lines, maps=(found,))


def test_a_map_has_a_panel_for_each_claim_whose_axis_is_logarithmic() -> None:
    for name in ("sizes", "toys/sizes"):
        drawing = draw_figure(mapped(), name)
        found = texts(drawing)
        assert {"edge at 1, 2 or 3", "earlier at 1, 2 or 3", "slope", "boundary found"} <= set(found)
        assert "width where a.error crosses" in " ".join(found)
        intervals = [m for m in drawing.marks if isinstance(m, Segment) and m.x1 == m.x2 and m.width == 1.0]
        lengths = [m.y1 - m.y2 for m in intervals]
        assert lengths == pytest.approx([lengths[0]] * 6), "each is a factor of 2"
        assert drawing.height < 330
    one = draw_figure(mapped(), "edge")
    assert one.height < drawing.height
    empty = mapped()
    nothing = replace(empty, instances=tuple(replace(i, interval=(None, None)) for i in empty.instances))
    with pytest.raises(FigureError, match="toys/sizes: expected a map that was measured, found none"):
        draw_figure(nothing, "sizes")


def test_a_boundary_beyond_the_range_is_an_arrow_at_the_end_of_the_range() -> None:
    """All panels have the scale of the range, and the key names only the marks that occur."""
    found = mapped()

    def beyond(verdict: str, interval: tuple[float | None, float | None]) -> Drawing:
        lines = (replace(i, verdict=verdict, interval=interval) for i in found.instances)
        return draw_figure(replace(found, instances=tuple(lines)), "edge")

    (searched,) = {i.boundary.ends for i in found.instances if i.boundary}
    for verdict, interval, end, key in (
        ("≥", (searched[1], None), searched[1], "boundary above all that was searched"),
        ("≤", (None, searched[0]), searched[0], "boundary below all that was searched"),
    ):
        drawing = beyond(verdict, interval)
        assert key in texts(drawing)
        assert not {"boundary found", "supported"} & set(texts(drawing))
        ticks = ticks_of(drawing, "log-value")
        bottom, top = min(ticks), max(ticks)
        assert top - bottom > math.log(20), "the axis is that of the range, 8 to 1024"
        points = (ticks[top] - ticks[bottom]) / (top - bottom)
        arrows = [
            m for m in drawing.marks
            if isinstance(m, Segment) and m.x1 == m.x2 and m.width == 1.0 and m.color != GREY
        ]  # fmt: skip
        assert len(arrows) == 3
        for arrow in arrows:
            ends = (arrow.y1, arrow.y2)
            begins = max(ends) if verdict == "≥" else min(ends)
            assert begins == pytest.approx(ticks[bottom] + points * (math.log(end) - bottom))


def test_a_caption_counts_the_instances_that_have_no_place_in_the_figure() -> None:
    found = mapped()
    first, *others = found.instances
    lacking = replace(found, instances=(replace(first, interval=(None, None)), *others))
    assert "1 of 3 instances has no interval" in draw_figure(lacking, "edge").caption
    assert "no interval" not in draw_figure(found, "edge").caption


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
