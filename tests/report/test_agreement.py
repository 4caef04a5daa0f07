"""Statements on claims: what a record lists, how reports say it, and what is made of older records."""

from __future__ import annotations

import json
import math
import random
import statistics
from pathlib import Path

import pytest
from first_schema import first_schema
from made import INSTANCE, record
from msgspec.structs import replace
from pages import assert_inert, find, text_of
from records import record_of

from harness.history.merge import ShardFile, merge
from harness.judge import LOOKS, half_width_factor
from harness.options import RunOptions
from harness.report import ClaimRecord, Record, from_json, read_record, to_json
from harness.report.agreement import agreement_line, contradicted, settled_by, statements
from harness.report.brief import brief
from harness.report.html import page
from harness.report.markdown import markdown
from harness.report.terminal import terminal
from harness.session import run
from harness.targets import gather

# Of `shift` 0 a and b are equal within 5% (ten deviations of one seed), of 0.5 they are not.
SUITE = """\
[suite]
format = 2
title = "Toys"
[sources.someone]
title = "On toys"
authors = ["A. Someone"]
[experiments.pairs]
run = "toys:pair"
with = { sd = 0.005 }
sweep = { shift = [0.0, 0.5], size = [1, 2] }

[claims.spoken]
says = "At {shift} and {size} they are equal."
source = { cite = "someone", stance = "asserts", margin = "ours" }
experiment = "pairs"
equal = { of = ["a.error", "b.error"], within = "5%" }
control = "none: a toy"
[[claims.spoken.where]]
at = { shift = 0.5 }
stance = "none"
because = "the source speaks of 0"
"""
CLAIM = """
[claims.{id}]
says = "They are equal: {id}."
source = {{ cite = "someone", stance = "{stance}", scope = "{scope}" }}
experiment = "pairs"
equal = {{ of = ["a.error", "b.error"], within = "5%" }}
control = "none: a toy"
{more}
"""
OPEN = 'expect = "open"\nbecause = "measured"'
for id_, stance, scope, more in (
    ("open", "asserts", "every", OPEN),
    ("general", "disputes", "every", OPEN),
    ("some", "asserts", "some", ""),
    ("never", "disputes", "some", ""),
    ("most", "asserts", "most", ""),
    ("mostly", "asserts", "most", "at = { shift = 0.5 }"),
    ("asked", "asks", "every", ""),
):
    SUITE += CLAIM.format(id=id_, stance=stance, scope=scope, more=more)
EXPECTED = {
    "spoken": "agrees",
    "open": "contradicts",
    "general": "agrees",
    "some": "agrees",
    "never": "contradicts",
    "most": "undecided",
    "mostly": "contradicts",
    "asked": "",
}
BY_SHIFT = "holds at shift 0 (2 of 2), fails at 0.5 (2 of 2)"


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("suite") / "toys.toml"
    path.write_text(SUITE)
    return path


@pytest.fixture(scope="module")
def whole(path: Path) -> Record:
    return record_of(path)


def test_a_record_lists_its_claims_and_whether_their_sources_are_right(whole: Record) -> None:
    assert {claim.id.removeprefix("toys/"): claim.agreement for claim in whole.claims} == EXPECTED
    spoken, opened, *others = whole.claims
    assert (spoken.says, spoken.where) == ("At {shift} and {size} they are equal.", BY_SHIFT)
    assert (spoken.instances, spoken.stances) == (4, {"asserts": 2, "none": 2})
    assert spoken.counts == opened.counts == {"supported": 2, "refuted": 2}
    assert spoken.source is not None
    assert (spoken.source.stance, spoken.source.scope, spoken.source.margin) == ("asserts", "every", "ours")
    assert [claim.source.scope for claim in others if claim.source] == [
        "every", "some", "some", "most", "most", "every",
    ]  # fmt: skip
    assert from_json(to_json(whole), "r.json") == whole


def test_what_is_shown_for_some_is_asked_of_sources_that_say_some(whole: Record) -> None:
    shown = [i.id for i in whole.instances if i.supported_for_some]
    assert shown == [f"toys/{claim}[shift=0,size={size}]" for claim in ("some", "never") for size in (1, 2)]


def test_some_is_shown_at_the_level_of_all_instances_of_the_claim(tmp_path: Path) -> None:
    """Size 1 has a deviation at which its 14 seeds support it at α, and at α/8 do not; the claim has one
    instance, or eight."""
    noise = [random.Random(f"{seed} 1").gauss(0, 1) for seed in range(14)]  # as `toys:pair` draws it
    reach = [
        abs(statistics.fmean(noise)) + half_width_factor(14, 0.001 / k / len(LOOKS)) * statistics.stdev(noise)
        for k in (1, 8)
    ]
    deviation = math.log(1.05) / statistics.fmean(reach)
    head = SUITE.partition("[claims.spoken]")[0].replace("0.005", str(deviation))
    claim = CLAIM.format(id="some", stance="asserts", scope="some", more="seeds = 14")
    shown = []
    for sizes in ("[1]", "[1, 2, 3, 4, 5, 6, 7, 8]"):
        path = tmp_path / "toys.toml"
        path.write_text(head.replace("[0.0, 0.5], size = [1, 2]", f"[0.0], size = {sizes}") + claim)
        first = record_of(path, "some[shift=0,size=1]").instances[0]
        assert first.verdict == "supported"
        shown.append(first.supported_for_some)
    assert shown == [True, False]


def test_no_expectation_hides_it_and_it_changes_no_exit_code(whole: Record) -> None:
    found = {i.id: (i.expect, i.outcome, i.agreement, i.stance) for i in whole.instances}
    assert found["toys/open[shift=0.5,size=1]"] == ("open", "measured", "contradicts", "asserts")
    assert found["toys/spoken[shift=0.5,size=1]"] == ("open", "measured", "", "none")
    assert found["toys/mostly[shift=0.5,size=1]"] == ("open", "measured", "contradicts", "asserts")
    assert whole.exit_code == 0
    assert [id_ for id_, *_ in contradicted(whole)] == ["toys/open", "toys/never", "toys/mostly"]


def test_every_report_says_it_of_the_claim(whole: Record) -> None:
    silent = f"agrees; {BY_SHIFT}; the source says nothing of 2"
    shown = terminal(whole, everything=True)
    assert "toys/spoken  (someone asserts)\nIN PART      At 0 or 0.5 and 1 or 2 they are equal." in shown
    (spoken,) = [line for line in shown.splitlines() if "the source says nothing of 2" in line]
    assert spoken.startswith(f"             {BY_SHIFT} · ")
    assert spoken.endswith(" · as someone says; the source says nothing of 2")
    assert "  Holds when: a.error and b.error equal within 5% (our margin)\n" in shown
    assert "toys/never  (someone disputes, some)\nIN PART      They are equal: never.\n" in shown
    assert shown.count(" · contradicts someone\n") == 3
    text = markdown(whole)
    assert "Agreement: " + silent.replace("=", "\\=") + "." in text
    assert "Measured: " + BY_SHIFT + "." in text  # of what the source asks
    assert "It disputes that this holds in some instances." in text
    assert "Holds when: a.error and b.error equal within 5% (our margin)." in text
    against = text.partition("## Against the source")[2].partition("## Claims")[0]
    assert [line.split("|")[1].strip() for line in against.splitlines() if "toys/" in line] == [
        "toys/open", "toys/never", "toys/mostly",
    ]  # fmt: skip
    short = brief(whole)
    assert "<summary>Against the source (3)</summary>" in short
    assert f"| toys/never | someone disputes, some | {BY_SHIFT} |  |" in short
    assert f"| toys/open | someone asserts | {BY_SHIFT} | measured |" in short


def test_the_page_says_it_in_the_row_of_the_claim(whole: Record) -> None:
    tree = assert_inert(page(whole))
    rows = [text_of(row) for row in find(tree, "tr", class_="row")]
    (never,) = [row for row in rows if "toys/never" in row]
    assert f"{BY_SHIFT} · contradicts someone ≠ toys/never · someone: disputes, some · chart" in never
    (spoken,) = [row for row in rows if "toys/spoken" in row]
    assert "the source says nothing of 2" in spoken
    (chosen,) = [text_of(each) for each in find(tree, "label") if each.get("for") == "f-contradicts"]
    assert chosen == "≠ against its source 3"  # `open`, `never` and `mostly`, not `general`
    assert any("equal within 5% (our margin)" in text_of(p) for p in find(tree, "p"))


def test_a_part_says_that_it_is_one_and_parts_together_say_what_the_whole_does(
    path: Path, whole: Record
) -> None:
    shards = [RunOptions(workers=1, shard=(n, 2), recheck=False) for n in (1, 2)]
    parts = [run(gather([str(path)]), options) for options in shards]
    found = {claim.id: claim for part in parts for claim in part.claims}
    assert sum(len(part.claims) for part in parts) > len(whole.claims)  # some claims are in both
    for part in parts:
        for claim in part.claims:
            run_ = sum(i.id.startswith(f"{claim.id}[") for i in part.instances)
            verb = "was" if run_ == 1 else "were"
            said = f"; {run_} of {claim.instances} instances {verb} run"
            assert claim.where.endswith(said) == (run_ < claim.instances)
    assert found.keys() == {claim.id for claim in whole.claims}
    merged = merge([ShardFile(f"{n}.json", part) for n, part in enumerate(parts)])
    assert merged.claims == whole.claims


def test_one_instance_says_only_what_it_settles(path: Path, whole: Record) -> None:
    alone = record_of(path, "open[shift=0,size=1]")
    (claim,) = alone.claims
    assert (claim.agreement, claim.instances) == ("undecided", 4)
    assert claim.where == "holds in 1 instance; 1 of 4 instances was run"
    settled = {i.id.removeprefix("toys/"): settled_by(i) for i in whole.instances}
    assert settled["open[shift=0,size=1]"] == ""  # the others may fail
    assert settled["open[shift=0.5,size=1]"] == "contradicts"
    assert settled["general[shift=0.5,size=1]"] == "agrees"
    assert settled["general[shift=0,size=1]"] == ""  # one data set does not contradict who disputes the rule
    assert settled["some[shift=0,size=1]"] == "agrees"
    assert settled["most[shift=0.5,size=1]"] == ""
    assert settled["spoken[shift=0.5,size=1]"] == ""


PUBLISHED = Path(__file__).parents[2] / "reports/published/issues.json"


def test_a_record_without_claims_is_told_as_it_was_judged() -> None:
    """A copy of what version 0.1 wrote: no stances, and no agreement where nothing was expected."""
    data = first_schema(record(
        INSTANCE,
        replace(INSTANCE, id="toys/same[size=2]", point={"size": 2}, verdict="refuted", expect="open",
                outcome="measured", agreement=""),
    ))  # fmt: skip
    del data["claims"]
    for instance in data["instances"]:
        for late in ("stance", "supported_for_some"):
            del instance[late]
        del instance["source"]["scope"], instance["source"]["margin"]
    old = from_json(json.dumps(data).encode(), "old.json")
    assert old.claims == ()  # read as it was
    (claim,) = statements(old)
    assert (claim.agreement, claim.stances) == ("agrees", {"asserts": 1, "": 1})
    where = "holds at size 1 (1 of 1), fails at 2 (1 of 1)"
    assert agreement_line(claim) == f"agrees; {where}; 1 that were open do not count"
    assert "as Someone 2025 says; 1 that were open do not count" in terminal(old)
    assert where in terminal(old)
    assert "the source says nothing" not in terminal(old)  # that is not known of it
    assert merge([ShardFile("old.json", old)]).claims == ()


def test_a_claim_with_one_instance_and_no_source_says_nothing_more() -> None:
    lone = ClaimRecord(
        id="toys/x", says="x", source=None, agreement="", instances=1, stances={"none": 1},
        counts={"supported": 1}, where="holds in 1 of 1 instance",
    )  # fmt: skip
    assert agreement_line(lone) == ""
    assert agreement_line(replace(lone, instances=2, where="w")) == "w"


def test_statements_of_the_published_record_are_of_all_its_claims() -> None:
    published = read_record(PUBLISHED)
    assert [claim.id for claim in statements(published)] == list(
        dict.fromkeys(f"issues/{i.claim}" for i in published.instances)
    )
