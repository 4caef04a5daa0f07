"""Agreement with sources over commits: of all that was run at one, whichever run it is of."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from made import INSTANCE, RECORD
from msgspec.structs import replace

from harness.cli import cli
from harness.git import Commit
from harness.history.agreements import agreement_changes, claims_of
from harness.history.compare import compare
from harness.history.states import CommitState
from harness.history.suites import Names
from harness.history.text import diff_markdown, diff_text, history_markdown, history_text
from harness.history.timeline import timeline
from harness.report import Record, to_json
from harness.report.agreement import Stated, claim_records
from harness.report.html import comparison_page
from harness.report.record import SuiteRecord
from harness.report.words import by_claim

SIZES = 4


def record(*verdicts: str, first: int = 1, total: int = SIZES, name: str = "toys") -> Record:
    """Of the claim's `total` instances, those from `first` on, with these verdicts."""
    agreement = {"supported": "agrees", "refuted": "contradicts"}
    instances = tuple(
        replace(
            INSTANCE, id=f"{name}/same[size={size}]", suite=name, point={"size": size},
            verdict=verdict, stance="asserts", agreement=agreement.get(verdict, "undecided"),
        )
        for size, verdict in enumerate(verdicts, first)
    )  # fmt: skip
    stated = {f"{name}/same": Stated(total, {"asserts": total})}
    suites = (replace(RECORD.suites[0], name=name, instances=total),)
    return replace(
        RECORD, suites=suites, instances=instances, claims=claim_records(by_claim(instances), stated)
    )


def state(*records: Record, commit: str = "a") -> CommitState:
    return CommitState(
        Commit(commit * 40, commit * 9, "A", "2026-01-01T00:00:00+00:00", "what changed"), records
    )


def test_runs_of_parts_make_one_statement() -> None:
    one, other = record("supported", "supported"), record("supported", "supported", first=3)
    assert [claim.agreement for claim in (*one.claims, *other.claims)] == ["undecided"] * 2
    (claim,) = claims_of(state(one, other))
    assert (claim.agreement, claim.where) == ("agrees", "holds in all 4 instances")
    (claim,) = claims_of(state(one))
    assert (claim.agreement, claim.where) == (
        "undecided",
        "holds in both instances; 2 of 4 instances were run",
    )


def test_a_difference_is_told_everywhere_and_changes_no_exit_code() -> None:
    before = state(record("supported", "supported", "inconclusive", "supported"))
    after = state(record("supported", "supported", "supported", "supported"), commit="b")
    line = "undecided → agrees; holds in all 4 instances"
    comparison = compare(before, after)
    assert comparison.exit_code == compare(after, after).exit_code == 0
    assert f"agreement: toys/same (someone asserts): {line}\n" in diff_text(comparison)
    assert f"| toys/same (someone asserts) | {line} |" in " ".join(diff_markdown(comparison).split())
    html = comparison_page([], before="a", after="b", agreements=[("toys/same (someone asserts)", line)])
    assert '<h2 id="agreement">Agreement</h2>' in html
    assert line in html
    same = compare(after, after)
    assert same.agreements == ()
    assert "agreement" not in diff_text(same) + diff_markdown(same)
    assert "Agreement" not in comparison_page([], before="a", after="b")


def test_what_contradicts_its_source_now_comes_first() -> None:
    def pair(one: str, other: str, commit: str) -> CommitState:
        return state(record(one, total=1), record(other, total=1, name="others"), commit=commit)

    before, after = pair("refuted", "supported", "a"), pair("supported", "refuted", "b")
    assert [each.after.id for each in agreement_changes(before, after)] == ["others/same", "toys/same"]


def test_a_history_has_a_letter_for_each_commit_and_the_last_statement() -> None:
    states = [
        state(record("supported", "inconclusive", "supported", "supported"), commit="a"),
        state(record("supported", name="others", total=1), commit="b"),
        state(record("supported", "refuted", "supported", "refuted"), commit="c"),
    ]
    text = history_text(timeline(states))
    row = next(line for line in text.splitlines() if line.startswith("toys/same "))
    assert row.split()[1:4] == ["someone", "asserts", "?·C"]
    assert row.endswith("holds at size 1 and 3 (2 of 2), fails at 2 and 4 (2 of 2)")
    assert "A agrees with its source, C contradicts it" in text
    assert "| toys/same" in history_markdown(timeline(states)).partition("## Agreement")[2]
    chosen = history_text(timeline(states, lambda id_: id_.startswith("others/")))
    assert "others/same  " in chosen
    assert "toys/same" not in chosen


def test_without_a_source_nothing_is_said_of_agreement() -> None:
    silent = replace(INSTANCE, source=None, agreement="", stance="none")
    lone = replace(RECORD, instances=(silent,), claims=claim_records(by_claim([silent]), {}))
    assert "agree" not in history_text(timeline([state(lone)])).lower()


def test_claims_go_where_their_suites_do(tmp_path: Path) -> None:
    """Two suites of one name are told apart by their files, and so are their claims."""
    names = Names(tmp_path, {("toys", "a/toys.toml"): "a/toys.toml", ("toys", "b/toys.toml"): "b/toys.toml"})
    made = [
        names.renamed(replace(record(v, total=1), suites=(SuiteRecord(
            name="toys", path=p, place=p, title="", sha256="0" * 64, instances=1),)))
        for v, p in (("supported", "a/toys.toml"), ("refuted", "b/toys.toml"))
    ]  # fmt: skip
    assert [claim.id for each in made for claim in each.claims] == ["a/toys.toml::same", "b/toys.toml::same"]
    found = {claim.id: claim.agreement for claim in claims_of(state(*made))}
    assert found == {"a/toys.toml::same": "agrees", "b/toys.toml::same": "contradicts"}
    both = replace(
        RECORD,
        suites=tuple(each.suites[0] for each in made),
        instances=tuple(i for each in made for i in each.instances),
        claims=tuple(claim for each in made for claim in each.claims),
    )
    (only,) = state(both).only(["b/toys.toml"]).records
    assert [claim.id for claim in only.claims] == ["b/toys.toml::same"]


def test_the_command_tells_the_difference(tmp_path: Path) -> None:
    before, after = tmp_path / "before.json", tmp_path / "after.json"
    before.write_bytes(to_json(record("supported", "supported", "supported", "supported")))
    after.write_bytes(to_json(record("supported", "supported", "supported", "inconclusive")))
    html = tmp_path / "diff.html"
    done = CliRunner().invoke(cli, ["diff", str(before), str(after), "--html", str(html)])
    assert done.exit_code == 1  # a verdict weakened
    line = "agrees → undecided; holds at size 1, 2 and 3 (3 of 3), undecided at 4 (1 of 1)"
    assert f"agreement: toys/same (someone asserts): {line}" in done.stdout
    assert "agrees → undecided" in html.read_text()
