"""Claims and whole suites against a commit, or a record: measured there, paired by seed, judged by the
rule."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest
from drifting import SUITE, Drifting
from edits import edited
from repositories import git

from harness.report import Record, read_record

CLAIMS = """
[claims.no-worse]
says = "The error is no worse than at the first commit."
expect = "supported"
experiment = "fit"
no-worse = { of = "error", baseline = { commit = "v0" }, within = "5%" }

[claims.less]
says = "The error is less than at the first commit."
expect = "open"
experiment = "fit"
less = { of = "error", baseline = { commit = "v0" } }

[claims.same]
says = "The score is that of the first commit."
expect = "supported"
experiment = "fit"
equal = { of = "score", baseline = { commit = "v0" }, within = "1%" }

[claims.new]
says = "A quantity that the first commit did not have."
expect = "open"
experiment = "fit"
equal = { of = "extra", baseline = { commit = "v0" }, within = "1%" }

[experiments.other]
run = "drifting:fit"
with = { depth = 3 }

[claims.elsewhere]
says = "A parameter that the first commit did not have."
expect = "open"
experiment = "other"
equal = { of = "score", baseline = { commit = "v0" }, within = "1%" }
"""
NEW = {
    "quantities": '"extra": Quantity("x", unit="1"),',
    "values": '"extra": 1 + total,',
    "parameters": ", depth: int = 2",
}


def verdicts(record: Record) -> dict[str, tuple[str, str]]:
    return {i.claim: (i.verdict, i.same) for i in record.instances}


def test_a_run_compares_with_a_commit(tmp_path: Path) -> None:
    """One run, and one process there: what is identical, worse, and not covered; then all from the store."""
    family = {"format = 2": "format = 2\nfamily = 1e-4"}
    made = Drifting(tmp_path / "repo", edited(SUITE, family) + CLAIMS)
    made.commit()
    made.commit(drift=1.08, part=1, **NEW)
    done = made.run("--against", "v0", "--json", "out.json")
    assert done.returncode == 1, done.stderr
    record = read_record(made.folder / "out.json")
    assert verdicts(record) == {
        "small": ("supported", ""),
        "right": ("supported", ""),
        "centred": ("supported", ""),
        "no-worse": ("refuted", ""),
        "less": ("refuted", ""),
        "same": ("supported", "identical"),
        "new": ("not-covered", ""),
        "elsewhere": ("not-covered", ""),
    }
    why = {i.claim: i.reason for i in record.instances}
    v0 = f"v0 ({git(made.folder, 'rev-parse', 'v0')[:9]})"
    assert f"{v0}: drifting:fit measures no extra there" in why["new"]
    assert f"{v0}: drifting:fit has no parameter depth there, and it is 3 here" in why["elsewhere"]
    (joint,) = record.families
    assert (joint.level, joint.total) == (1e-4, 8)
    assert set(joint.holds) == {f"suite/{name}" for name in ("small", "right", "centred", "same")}
    assert all(i.joint_n >= i.n for i in record.instances)
    assert "4 of 8 instances of suite hold jointly as expected" in " ".join(done.stdout.split())

    of = {each.quantity: each for each in record.comparisons if each.params["depth"] == 2}
    assert {name: (each.verdict, each.same) for name, each in of.items()} == {
        "error": ("refuted", ""),
        "score": ("supported", "identical"),
        "offset": ("supported", "identical"),
        "extra": ("not-covered", ""),
    }
    assert of["error"].better == "lower"
    assert of["error"].estimate == pytest.approx(0.077, abs=0.003)  # ln 1.08, and noise of 0.0007
    lines = done.stdout.splitlines()
    head = max(
        k for k, line in enumerate(lines) if line.startswith(f"Against {v0}: 1 of 5 quantities differ")
    )
    assert "✗ error of drifting:fit at depth=2: worse by more than 5%: +" in "".join(lines[head:])
    assert any(f"trials measured by the code of {v0}, with today's libraries" in n for n in record.notes)
    assert {t.baseline for i in record.instances for t in i.trials} == {"", v0}
    assert git(made.folder, "status", "--porcelain", "--untracked-files=no") == ""
    assert git(made.folder, "worktree", "list").count("\n") == 0

    again = made.run("--against", "v0", "--within", "10%", "-k", "small or right or centred")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "waiting" not in again.stderr  # nothing is measured there a second time
    assert f"Against {v0}: none of 3 quantities differs: 2 identical, 1 no worse" in again.stdout


@pytest.mark.slow
def test_a_slow_drift_is_found_that_no_absolute_claim_sees(tmp_path: Path) -> None:
    """Six commits, each 1.5% worse than the one before: 7.7% in all, where 0.2 is twice the error."""
    made = Drifting(tmp_path / "repo")
    codes = {}
    for k in range(6):
        made.commit(drift=1.015**k, part=k)
        done = made.run("--json", f"{k}.json", *(["--against", "v0"] if k else []))
        record = read_record(made.folder / f"{k}.json")
        assert {i.outcome for i in record.instances} == {"as-expected"}, done.stdout
        codes[k] = (done.returncode, {c.quantity for c in record.comparisons if c.verdict == "refuted"})
    assert codes[1] == codes[2] == (0, set())
    assert codes[5] == (1, {"error"})
    # From one commit to the next nothing is wrong, and the release before is where it is seen.
    assert made.run("--against", "v4").returncode == 0


@pytest.mark.slow
def test_changes_of_bits_and_not_of_the_law_raise_no_alarm(tmp_path: Path) -> None:
    """Ten orders of a sum and ten other streams of seeds, each its own commit, against the first."""
    made = Drifting(tmp_path / "repo")
    made.commit()
    changes: list[dict[str, object]] = [
        {"order": random.Random(k).sample(range(10), 10)} for k in range(10)
    ] + [{"stream": k, "part": k} for k in range(1, 11)]
    kinds: dict[str, int] = {}
    for k, change in enumerate(changes):
        made.commit(**change)
        done = made.run("--against", "v0", "--within", "5%", "--within", "0.01", "--json", "out.json")
        assert done.returncode == 0, (change, done.stdout)
        for each in read_record(made.folder / "out.json").comparisons:
            kinds[each.same or each.verdict] = kinds.get(each.same or each.verdict, 0) + 1
            assert k < 10 or not each.same, "another stream gives other numbers"
    assert kinds["rounding"] + kinds.get("identical", 0) == 30, kinds
    assert kinds.keys() <= {"rounding", "identical", "supported", "inconclusive"}


@pytest.mark.slow
def test_a_record_with_quantities_is_a_baseline(tmp_path: Path) -> None:
    made = Drifting(tmp_path / "repo")
    made.commit()
    assert made.run("--quantities", "--json", "then.json").returncode == 0
    (made.folder / "suite.toml").write_text(SUITE.partition("[claims.centred]")[0])
    assert made.run("--json", "bare.json").returncode == 0
    claims = CLAIMS.partition("[claims.new]")[0].replace('commit = "v0"', 'record = "then.json"')
    (made.folder / "suite.toml").write_text(SUITE + claims)
    made.commit(drift=1.08, part=1)
    done = made.run("--against", "then.json", "--json", "now.json")
    found = verdicts(read_record(made.folder / "now.json"))
    assert {name: found[name] for name in ("no-worse", "less", "same")} == {
        "no-worse": ("refuted", ""),
        "less": ("refuted", ""),
        "same": ("supported", "identical"),
    }
    assert done.returncode == 1
    assert "Against then.json (seeds from 0): " in done.stdout  # its verdicts, as ever
    assert "Against then.json: 1 of 3 quantities differ, 2 identical." in done.stdout
    # Its claims on one quantity serve, too; one that it lacks says what to do.
    (made.folder / "suite.toml").write_text(SUITE + claims.replace("then.json", "bare.json"))
    made.run("--json", "now.json")
    record = read_record(made.folder / "now.json")
    assert verdicts(record)["no-worse"] == ("refuted", "")
    lacking = claims.replace("then.json", "bare.json").replace('of = "score"', 'of = "offset"')
    (made.folder / "suite.toml").write_text(SUITE + lacking.replace('within = "1%"', "within = 0.01"))
    made.run("--json", "now.json", "-k", "same")
    (instance,) = read_record(made.folder / "now.json").instances
    assert instance.verdict == "error"
    assert "`baseline = { commit = … }`" in instance.reason


@pytest.mark.slow
def test_pytest_holds_claims_against_a_commit(tmp_path: Path) -> None:
    made = Drifting(tmp_path / "repo")
    made.commit()
    made.commit(drift=1.08, part=1)

    def tests(*arguments: str) -> str:
        command = [sys.executable, "-m", "pytest", "suite.toml", "-p", "no:cacheprovider", "-q"]
        command += ["--harness-workers=1", "--harness-recheck=no", *arguments]
        done = subprocess.run(command, cwd=made.folder, capture_output=True, text=True, check=False)
        return done.stdout

    said = tests("--harness-against", "v0")
    assert "1 failed, 2 passed" in said
    assert "not as in v0 (" in said
    assert "error is worse by more than 5%: +" in said
    assert "3 passed" in tests("--harness-against", "v0", "--harness-within", "10%")
    assert "expected a commit of" in tests("--harness-against", "v9")


@pytest.mark.slow
def test_shards_are_compared_and_merged(tmp_path: Path) -> None:
    made = Drifting(tmp_path / "repo")
    made.commit()
    made.commit(drift=1.08, part=1)
    for k in (1, 2):
        made.run("--against", "v0", "--shard", f"{k}/2", "--json", f"{k}.json")
    command = [sys.executable, "-m", "harness", "merge", "1.json", "2.json", "--json", "all.json"]
    for ref, code in (("v0", 1), ("v1", 4)):
        done = subprocess.run(
            [*command, "--against", ref, "--no-history"],
            cwd=made.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
    assert "expected a record of a run that was compared with it" in done.stderr
    assert len(read_record(made.folder / "all.json").comparisons) == 3


def test_what_is_no_baseline_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    made = Drifting(tmp_path / "repo")
    made.commit()
    done = made.run("--against", "v9")
    assert done.returncode == 4
    assert f"suite.toml: expected a commit of {made.folder} as a baseline (or a record" in done.stderr
    assert "found 'v9'" in done.stderr
    assert "instances" not in done.stdout
