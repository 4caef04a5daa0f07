"""The page of a record: what it says first, in which order, and what a row opens to."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from made import INSTANCE, LAW, RECORD, at_sizes, record, unmeasured
from msgspec.structs import replace
from pages import assert_inert, find, parse, text_of

from harness.report import to_json
from harness.report.html import Mark, page
from harness.report.words import GLYPHS

UNEXPECTED = replace(INSTANCE, id="toys/odd", claim="odd", verdict="refuted", outcome="unexpected")


def lead(html: str) -> str:
    return text_of(find(assert_inert(html), "p", class_="lead")[0])


def test_the_first_sentence_counts_claims_and_says_what_changed() -> None:
    found = record(
        *at_sizes(3),
        UNEXPECTED,
        unmeasured("inconclusive", id="toys/vague", claim="vague"),
        replace(LAW, outcome="measured"),
    )
    changed = {"toys/odd": "flipped", "toys/same[size=2]": "shifted"}
    html = page(found, since="a1b2c3d4e5f6a7", changed=changed)
    assert lead(html) == "Of 4 claims, 2 hold wherever tested, 1 fails, 1 is undecided."
    (facts, counts) = find(find(assert_inert(html), "header")[0], "p", class_="lede")
    assert text_of(facts) == "1 contradicts its source · 2 changed since a1b2c3d4e"
    assert text_of(counts) == "6 instances: 3 of 5 as expected, 1 unexpected, 1 inconclusive, 1 measured."


def test_a_claim_that_holds_and_is_vacuous_says_both_the_verdict_first() -> None:
    first, *rest = at_sizes(5)
    html = page(record(replace(first, outcome="vacuous"), *rest))
    assert lead(html) == "The one claim holds wherever tested."
    row = text_of(find(assert_inert(html), "tr", class_="row")[0])
    assert row.startswith("▲ holds 1 ∅ vacuous 4 as expected")


def test_no_tick_stands_beside_a_refuted_claim_though_it_is_as_expected() -> None:
    disputed = replace(INSTANCE, verdict="refuted", expect="refuted")
    html = page(record(disputed, *at_sizes(2, claim="two", verdict="refuted")))
    assert "✓" not in html
    rows = [text_of(row) for row in find(assert_inert(html), "tr", class_="row")]
    assert [row.split(" as expected")[0] for row in rows[:2]] == ["▽ fails", "▽ fails 2"]


def test_a_claim_of_several_instances_needs_no_click() -> None:
    """Sentence, where it holds, estimates, region and the worst reproducibility stand in its row."""
    one, two, three = at_sizes(3)
    two = replace(two, verdict="refuted", estimate=0.5, reproducibility=0.912, fragile=True)
    (row, *_) = find(assert_inert(page(record(one, two, three))), "tr", class_="row")
    said = text_of(row)
    for words in (
        "a equals b at size 1, 2 or 3.", "holds at size 1 and 3 (2 of 2), fails at 2 (1 of 1)",
        "contradicts Someone 2025", "+1.01% to +64.9%, claim ±5.13%", "at least 91.2%", "≈ 1 fragile",
    ):  # fmt: skip
        assert words in said


@pytest.mark.parametrize("guide", ["", "../docs/reading.md"])
def test_the_legend_leads_to_the_guide_where_it_can_be_reached(guide: str) -> None:
    tree = parse(page(RECORD, guide=guide))
    (legend,) = find(tree, "section", class_="legend")
    links = [a.get("href", "") for a in find(legend, "a")]
    assert all(link.startswith(guide) for link in links)
    assert bool(links) == bool(guide)
    reading = (Path(__file__).parents[3] / "docs" / "reading.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", reading, re.MULTILINE)
    anchors = {re.sub(r"[^a-z ]", "", heading.lower()).replace(" ", "-") for heading in headings}
    assert {link.partition("#")[2] for link in links} <= {*anchors, ""}
    for word in ("holds", "fails", "in part", "undecided", "reproducibility", "control", "bar"):
        assert word in text_of(legend)


def test_a_figure_that_is_cut_from_the_page_stands_alone() -> None:
    """It names its colours and what is not filled, and both axes of a curve are labelled."""
    html = page(record(*at_sizes(3), LAW))
    figures = re.findall(r"<svg.*?</svg>", html, re.DOTALL)
    assert len(figures) > 5
    for figure in figures:
        tree = ElementTree.fromstring(figure)
        assert tree.tag == "{http://www.w3.org/2000/svg}svg"
        assert tree.get("fill") == "none"
        assert tree.get("viewBox")
        for shape in tree.iter():
            if shape.tag.rpartition("}")[2] in ("path", "rect", "circle", "text"):
                colors = [shape.get(key, "none") for key in ("fill", "stroke")]
                assert any(re.fullmatch("#[0-9a-f]{6}", color) for color in colors)
    curve = next(
        figure for figure in figures if "a over b" in figure and "chart" in figure and ">size<" in figure
    )
    assert ">a over b, difference in %<" in curve


@pytest.mark.parametrize(
    ("instances", "sentence"),
    [
        ((), "Nothing was judged."),
        ((unmeasured("error", reason="line 1\nboom"),), "The one claim ends in an error."),
        (
            (unmeasured("not-run"), unmeasured("not-covered", id="toys/b", claim="b", reason="lacks it")),
            "Of 2 claims, 1 is not covered, 1 was not run.",
        ),
    ],
)
def test_a_record_without_numbers_is_a_page_too(instances: tuple, sentence: str) -> None:  # type: ignore[type-arg]
    assert lead(page(record(*instances))) == sentence


def test_what_fails_comes_first_then_what_changed() -> None:
    settled = replace(INSTANCE, id="toys/fine", claim="fine")
    news = replace(UNEXPECTED, id="toys/news", claim="news")
    changed = {"toys/fine": "shifted", "toys/news": "flipped"}
    html = page(record(INSTANCE, settled, UNEXPECTED, news), changed=changed)
    rows = find(assert_inert(html), "tr", class_="row")
    found = [re.findall(r"toys/\w+", text_of(row))[0] for row in rows]
    assert found == ["toys/news", "toys/odd", "toys/fine", "toys/same"]


def test_each_verdict_has_a_filter_with_glyph_word_and_count_of_claims() -> None:
    tree = assert_inert(page(record(*at_sizes(4), UNEXPECTED)))
    labels = {label.get("for"): text_of(label) for label in find(tree, "label")}
    assert labels == {
        "f-all": "all 2", "f-is-fails": "▽ fails 1", "f-is-holds": "▲ holds 1",
        "f-odd": "✗ not as expected 1", "f-unexpected": "✗ unexpected 1",
    }  # fmt: skip
    for input_ in find(tree, "input"):
        assert (input_.get("type"), input_.get("name")) == ("radio", "f")
    (style,) = find(tree, "style")
    assert '#f-unexpected:checked ~ * [data-f]:not([data-f~="unexpected"])' in (style.text or "")
    bodies = {text_of(b)[:12]: b.get("data-f") for b in find(tree, "tbody") if b.get("data-f")}
    assert "is-fails odd unexpected" in [b for b in bodies.values() if b]


def test_filters_stand_before_what_they_filter() -> None:
    """The rules reach later siblings only."""
    (main,) = find(assert_inert(page(RECORD)), "main")
    names = [child.tag for child in main]
    holds = [bool([e for e in child.iter() if e.get("data-f") is not None]) for child in main]
    assert max(k for k, name in enumerate(names) if name == "input") < holds.index(True)


def test_a_row_says_what_the_verdict_rests_on() -> None:
    html = page(record(replace(INSTANCE, fragile=True)), changed={INSTANCE.id: "weakened"})
    row = text_of(find(assert_inert(html), "tr", class_="row")[0])
    for word in (
        "▲ holds as expected", "weakened", "a equals b at size 1.", "someone, p. 3: asserts", "+1.01%",
        "±5.13%", "as Someone 2025 says", "refuted", "99.5%", "fragile",
    ):  # fmt: skip
        assert word in row


def test_an_inconclusive_row_says_what_it_would_take() -> None:
    vague = replace(
        INSTANCE, verdict="inconclusive", outcome="inconclusive", seeds_to_decision=310, hours_to_decision=0.5
    )
    (advice,) = find(assert_inert(page(record(vague))), "p", class_="advice")
    assert "about 310 seeds would decide it" in text_of(advice)


def test_of_a_log_the_row_has_the_last_line_and_the_details_have_all() -> None:
    tree = assert_inert(page(record(unmeasured("error", reason="Traceback\n  File x\nValueError: boom"))))
    assert text_of(find(tree, "p", class_="advice")[0]) == "ValueError: boom"
    assert "Traceback File x ValueError: boom" in [text_of(e) for e in find(tree, "pre")]


def test_details_have_looks_fit_source_toml_and_the_command() -> None:
    tree = assert_inert(page(record(LAW, first_seed=7)))
    (details,) = find(tree, "details")
    said = text_of(details)
    for word in (
        "n = 6", "n = 9", "without the smallest width -0.505", "curvature 0.001", "On toys", "[claims.law]",
        "harness run suites/toys.toml::law --first-seed 7", "small below large", "toys:pair: a, seeds 0 to 8",
    ):  # fmt: skip
        assert word in said
    assert [a.get("href") for a in find(details, "a")] == [
        "https://arxiv.org/abs/2501.10929", "https://doi.org/10.1000/182", "https://example.org/toys",
    ]  # fmt: skip


def test_a_row_says_that_a_chance_is_not_known_and_its_details_what_is_left_open() -> None:
    few = replace(INSTANCE, reproducibility=None, least=14, leaves_open=0.3894, n=14)
    tree = assert_inert(page(record(few, replace(LAW, leaves_open=None))))
    (cell,) = (
        c for c in find(find(tree, "tr", class_="row")[0], "td") if c.get("data-l") == "reproducibility"
    )
    assert text_of(cell) == "–"
    facts = [text_of(found) for found in find(tree, "dl", class_="facts")]
    said = "leaves open events on up to 39% of seeds"
    assert [said in text for text in facts if "id toys" in text] == [True, False]
    assert any("14 of at most 48, at least 14; alpha 0.001" in text for text in facts)


def test_benchmarks_have_their_medians() -> None:
    tree = assert_inert(page(RECORD))
    (section,) = find(tree, "section", **{"aria-labelledby": "benchmarks"})
    assert "slow 0.25 fast –" in text_of(section)


def test_a_history_has_the_last_twenty_commits_oldest_first() -> None:
    marks = [
        Mark(f"{k:09d}", f"2026-01-{k + 1:02d}", "", "as-expected" if k < 24 else "unexpected")
        for k in range(25)
    ]
    (cell,) = find(assert_inert(page(record(INSTANCE), past={INSTANCE.id: marks})), "span", class_="h")
    assert text_of(cell) == GLYPHS["as-expected"] * 19 + " " + GLYPHS["unexpected"]
    assert cell[0].get("title") == "000000005 2026-01-06 to 000000023 2026-01-24: as-expected"


def test_the_history_of_a_claim_has_the_worst_of_each_commit() -> None:
    one, two = at_sizes(2)
    good = [Mark("a", "1", "supported", "as-expected"), Mark("b", "2", "supported", "as-expected")]
    bad = [good[0], Mark("b", "2", "refuted", "unexpected")]
    tree = assert_inert(page(record(one, two), past={one.id: good, two.id: bad}))
    assert text_of(find(tree, "span", class_="h")[0]) == "= ✗"


def test_tables_and_figures_can_be_read_without_seeing_them() -> None:
    tree = assert_inert(page(record(*at_sizes(3), LAW)))
    assert find(tree, "html")[0].get("lang") == "en"
    assert len(find(tree, "main")) == len(find(tree, "header")) == 1
    for table in find(tree, "table"):
        assert all(th.get("scope") in ("col", "row") for th in find(table, "th"))
    for svg in find(tree, "svg"):
        assert svg.get("aria-hidden") == "true" or (svg.get("role") == "img" and svg.get("aria-label"))


def test_many_claims_are_folded() -> None:
    many = [replace(INSTANCE, id=f"toys/c{k}", claim=f"c{k}") for k in range(250)]
    tree = assert_inert(page(record(*many, UNEXPECTED)))
    folds = [text_of(find(e, "summary")[0]) for e in find(tree, "details", class_="fold")]
    ends = ((1, 100), (101, 200), (201, 250))
    assert folds == [f"▲ holds: claims {a} to {b} of 250" for a, b in ends]
    (rows,) = find(tree, "div", class_="rows")
    in_the_open = [e for e in rows if e.tag == "table"]
    assert len(in_the_open) == 1
    assert "unexpected" in text_of(in_the_open[0])
    assert all(e.get("open") is None for e in find(tree, "details"))


def test_many_instances_of_a_claim_are_folded() -> None:
    tree = assert_inert(page(record(*at_sizes(130))))
    folds = [text_of(find(e, "summary")[0]) for e in find(tree, "details", class_="fold")]
    assert folds == ["1 to 100 of 130", "101 to 130 of 130"]


def test_every_instance_is_on_the_page_once() -> None:
    html = page(record(*at_sizes(130), LAW))
    for instance in (*at_sizes(130), LAW):
        assert html.count(f"<code>{instance.id}</code>") == 1


def test_the_command_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from harness.cli import main

    (tmp_path / "r.json").write_bytes(to_json(RECORD))
    no_past = ("--history", str(tmp_path / "none"))
    with pytest.raises(SystemExit) as left:
        main(["report", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html"), *no_past])
    assert left.value.code == RECORD.exit_code
    assert capsys.readouterr().out == ""
    assert (tmp_path / "r.html").read_text(encoding="utf-8") == page(RECORD)


def test_a_run_writes_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from good_suite import GOOD

    from harness.cli import main

    (tmp_path / "toys.toml").write_text(GOOD)
    options = ["--workers", "1", "--no-store", "-q", "--json", str(tmp_path / "r.json"), "--no-history"]
    with pytest.raises(SystemExit):
        main(["run", str(tmp_path / "toys.toml"), *options, "--html", str(tmp_path / "r.html")])
    assert f"HTML: {tmp_path / 'r.html'}" in capsys.readouterr().out
    assert "toys/same" in text_of(assert_inert((tmp_path / "r.html").read_text(encoding="utf-8")))
