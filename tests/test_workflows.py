"""The workflow and the action: their steps, run by bash from a clean clone, on suites of toys."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from edits import edited
from good_suite import GOOD
from repositories import git
from workflows import Service, evaluate, read

import harness
from harness.declare.libraries import NEURAL_TANGENTS
from harness.init import release_tag
from harness.report import Record, read_record

ROOT = Path(__file__).parents[1]
WORKFLOW = read(ROOT / ".github/workflows/claims.yml")
ACTION = read(ROOT / "action.yml")
UNEXPECTED = '\n[[claims.same.where]]\nat = { size = 4 }\nexpect = "refuted"\nbecause = "why not"\n'


@pytest.fixture
def origin(tmp_path: Path) -> Path:
    """A repository like this one, with what is not committed yet; its suites are of toys, its pins none."""
    work = tmp_path / "work"
    for name in git(ROOT, "ls-files", "--cached", "--others", "--exclude-standard").splitlines():
        if not name.startswith(("tests/", "docs/", "reports/", "suites/")) and (ROOT / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, work / name)
    (work / "requirements.txt").write_text("")
    (work / "suites").mkdir()
    shutil.copy(ROOT / "tests/support/toys.py", work)
    for name in re.findall(r"suites/(\S+)", WORKFLOW["env"]["SUITES"]):
        text = GOOD + (UNEXPECTED if name == "kernels.toml" else "")
        (work / "suites" / name).write_text(text)
    git(work, "init", "-q", "-b", "main")
    git(work, "add", "--all")
    git(work, "commit", "-qm", "All of it")
    git(tmp_path, "clone", "-q", "--bare", "work", "origin")
    return tmp_path / "origin"


@pytest.fixture
def service(origin: Path, tmp_path: Path) -> Callable[..., Service]:
    """A service that installs with pip, but into a folder of its own, and nothing that is not here."""
    tools, target = tmp_path / "tools", tmp_path / "target"
    tools.mkdir()
    (tools / "python").symlink_to(sys.executable)
    environment = {
        "PATH": f"{target}/bin:{tools}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join([str(target), *filter(None, sys.path)]),
        "PIP_TARGET": str(target),
        "PIP_UPGRADE": "1",
        "PIP_NO_DEPS": "1",
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "HARNESS_MACHINE_LOCK": os.environ["HARNESS_MACHINE_LOCK"],
    }

    def make(event: str, run_id: str) -> Service:
        return Service(origin, tmp_path / run_id, event, run_id, environment)

    def made(event: str = "push", run_id: str = "7", ref_name: str = "main") -> Service:
        (tmp_path / run_id).mkdir()
        return replace(make(event, run_id), ref_name=ref_name)

    return made


def record_in(service: Service, artifact: str = "claims") -> Record:
    return read_record(service.artifacts / artifact / "record.json")


@pytest.mark.slow
def test_shards_are_merged_summarised_and_kept_and_the_verdict_fails_the_run(
    service: Callable[..., Service], origin: Path
) -> None:
    first = service("push", "7")
    jobs = first.run(WORKFLOW)
    assert [job.failed for job in jobs.values()] == ["", "", "", "", "Fail by the exit code: 1", ""], jobs
    assert [len(job.summaries) for job in jobs.values()] == [0, 0, 0, 0, 1, 0]
    (summary,) = jobs["judge"].summaries
    assert "9 instances: 8 of 9 as expected, 1 unexpected." in summary
    (row,) = (line for line in summary.splitlines() if "✗ unexpected" in line)
    assert row.startswith("| kernels/same\\[shift=0,size=4\\] | supported: ")
    assert row.endswith(" | ✗ unexpected | refuted |  |")
    record = record_in(first)
    assert len(record.instances) == 9
    assert record.exit_code == 1
    assert (record.first_seed, record.fresh) == (0, False)
    assert record.commit
    assert not record.commit.dirty
    parts = [record_in(first, f"shard-{number}") for number in (1, 2, 3, 4)]
    assert sum(len(part.instances) for part in parts) == 9
    assert (first.artifacts / "claims/report.html").stat().st_size > 1000
    assert (first.artifacts / "claims/store.sqlite").exists()

    again = service("push", "8")
    (summary,) = again.run(WORKFLOW)["judge"].summaries
    assert "### Not as expected, or changed" not in summary, "nothing has changed since the run before"
    kept = git(origin, "ls-tree", "--name-only", "-r", "claims-history").splitlines()
    assert len(kept) == 2
    assert all(re.fullmatch(r"records/\S+-" + record.commit.hash[:9] + r"\S*\.json", name) for name in kept)


@pytest.mark.slow
def test_what_is_published_as_unexpected_fails_nothing_as_long_as_it_is(
    service: Callable[..., Service], origin: Path, tmp_path: Path
) -> None:
    first = service("push", "7")
    first.run(WORKFLOW)
    clone = tmp_path / "publishing"
    git(tmp_path, "clone", "-q", str(origin), "publishing")
    (clone / "reports/published").mkdir(parents=True)
    shutil.copy(first.artifacts / "claims/record.json", clone / "reports/published/all.json")
    git(clone, "add", "--force", "reports/published")
    git(clone, "commit", "-qm", "Publish what came out")
    git(clone, "push", "-q", "origin", "main")
    second = service("push", "8")
    jobs = second.run(WORKFLOW)
    assert [job.failed for job in jobs.values()] == [""] * 6, jobs
    assert "(seeds from 0): 9 of 9 instances as published." in jobs["judge"].log
    assert record_in(second).exit_code == 1
    assert "reports/published: not there, so" in first.jobs["judge"].log


@pytest.mark.slow
def test_at_night_all_shards_have_the_same_fresh_seeds(service: Callable[..., Service], origin: Path) -> None:
    night = service("schedule", "123456")
    night.run(WORKFLOW)
    record = record_in(night)
    assert (record.fresh, record.first_seed) == (True, 124_456_000)
    assert git(origin, "branch", "--list", "claims-history").strip()


@pytest.mark.slow
def test_a_pull_request_keeps_no_history(service: Callable[..., Service], origin: Path) -> None:
    asked = service("pull_request", "9")
    jobs = asked.run(WORKFLOW)
    assert [job.failed for job in jobs.values()] == ["", "", "", "", "Fail by the exit code: 1"], jobs
    assert len(record_in(asked).instances) == 9
    assert not git(origin, "branch", "--list", "claims-history").strip()


@pytest.mark.slow
def test_a_bad_suite_fails_every_job(service: Callable[..., Service], origin: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    suite = work / "suites/issues.toml"
    suite.write_text(edited(suite.read_text(), {"equal =": "eqaul ="}))
    git(work, "commit", "-qam", "Break it")
    git(work, "push", "-q", str(origin), "main")
    jobs = service().run(WORKFLOW)
    assert {job.failed for job in jobs.values()} == {"Measure: 4"}, jobs
    assert "did you mean equal?" in jobs["measure 1"].log


@pytest.mark.slow
def test_five_lines_in_another_repository_are_enough(service: Callable[..., Service]) -> None:
    """The example of the tutorial, with this repository as the action's."""
    text = (ROOT / "docs/tutorial.md").read_text().partition("## 7. CI")[2]
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    block = edited(block, {f"OWNER/ntk-harness@{release_tag()}": "./", "claims.toml": "suites/d*.toml"})
    theirs = service("push", "7")
    (job,) = theirs.run(yaml.safe_load(re.sub(r"^on:", '"on":', block))).values()
    assert job.failed == "", job.log
    assert "3 instances: 3 of 3 as expected." in job.summaries[0]
    assert record_in(theirs).exit_code == 0


@pytest.mark.slow
def test_two_jobs_share_neither_cache_nor_artifact_and_options_are_passed(
    service: Callable[..., Service], origin: Path, tmp_path: Path
) -> None:
    """Of one workflow, with suites whose names are like options, and what a repository may want to set."""
    work = tmp_path / "work"
    (work / "suites/-k.toml").write_text(GOOD)
    (work / "--json=stolen.toml").write_text(GOOD)
    git(work, "add", "--all")
    git(work, "commit", "-qm", "Odd names")
    git(work, "push", "-q", str(origin), "main")
    inputs = {"suites": "[-x]*.toml", "with": "sd=0.03\nslope=0.0", "memory-limit": "4GiB", "track": "."}
    job = {"steps": [{"uses": "./", "with": inputs}]}
    named = {"steps": [{"uses": "./", "with": {**inputs, "id": "third", "name": "other"}}]}
    run = service("push", "7")
    jobs = run.run({"jobs": {"one": job, "two": job, "three": named}})
    assert "expected a file name of a-z" in jobs["one"].log, "so it was read as a file"
    assert {found.failed for found in jobs.values()} == {"Measure: 4"}
    assert not (run.folder / "one/stolen.toml").exists()
    git(work, "rm", "-q", "--", "--json=stolen.toml")
    git(work, "mv", "--", "suites/-k.toml", "x.toml")
    git(work, "commit", "-qm", "Usual ones")
    git(work, "push", "-q", str(origin), "main")
    run = service("push", "8")
    jobs = run.run({"jobs": {"one": job, "two": job, "three": named}})
    assert {found.failed for found in jobs.values()} == {""}, jobs["one"].log
    assert sorted(path.name for path in run.artifacts.iterdir()) == ["one", "other", "two"]
    assert sorted(path.name for path in run.caches.iterdir()) == [
        f"harness-default-branch-Linux-{name}-8-1" for name in ("one", "third", "two")
    ]
    record = record_in(run, "one")
    assert record.suites[0].overrides == {"sd": 0.03, "slope": 0.0}
    assert record.tracked is not None
    assert record.command[-1] == "x.toml"
    assert "--memory-limit" in record.command


CACHE = next(step for step in ACTION["runs"]["steps"] if "cache/save" in step.get("uses", ""))
RESTORE = next(step for step in ACTION["runs"]["steps"] if "cache/restore" in step.get("uses", ""))


@pytest.mark.parametrize(
    ("event", "ref_name", "kept"),
    [
        ("push", "main", True),
        ("schedule", "main", True),
        ("push", "feature", False),
        ("pull_request", "9/merge", False),
        ("pull_request", "main", False),
        ("pull_request_target", "main", False),  # it may have checked the pull request's code out
        ("workflow_dispatch", "feature", False),
        ("merge_group", "main", False),
    ],
)
def test_only_the_default_branch_saves_what_others_restore(event: str, ref_name: str, kept: bool) -> None:
    def contexts(**inputs: str) -> dict[str, object]:
        github = {
            "event_name": event, "ref_name": ref_name, "job": "j", "run_id": "1", "run_attempt": "1",
            "event": {"repository": {"default_branch": "main"}},
        }  # fmt: skip
        given = {key: str(entry.get("default", "")) for key, entry in ACTION["inputs"].items()}
        return {"github": github, "inputs": given | inputs, "runner": {"os": "Linux"}}

    assert evaluate(CACHE["if"], contexts()) == kept
    assert not evaluate(CACHE["if"], contexts(shard="1/2"))
    assert not evaluate(CACHE["if"], contexts(cache="false"))
    push = WORKFLOW["jobs"]["keep"]["if"].strip().removeprefix("${{").removesuffix("}}")
    needs = {"needs": {"judge": {"outputs": {"kept": "true"}}}}
    assert bool(evaluate(push, contexts() | needs)) == kept
    assert not evaluate(push, contexts())


def test_a_cache_is_restored_by_the_prefix_under_which_the_default_branch_saves() -> None:
    assert RESTORE["with"]["key"] == CACHE["with"]["key"]
    (prefix,) = RESTORE["with"]["restore-keys"].split("\n")
    assert CACHE["with"]["key"].startswith(prefix)
    assert prefix.startswith("harness-default-branch-")
    assert "${{ inputs.id || github.job }}" in prefix


def test_one_job_may_write_and_runs_nothing_of_a_suite() -> None:
    writing = {name for name, job in WORKFLOW["jobs"].items() if "write" in str(job.get("permissions"))}
    assert writing == {"keep"}
    assert WORKFLOW["permissions"] == {"contents": "read"}
    text = str(WORKFLOW["jobs"]["keep"]["steps"])
    assert not re.search(r"harness |pip|python|\./'", text)
    checkout = WORKFLOW["jobs"]["measure"]["steps"][0]
    assert checkout["with"] == {"persist-credentials": False}


def test_what_conformance_needs_is_what_the_package_says() -> None:
    (step,) = [step for step in ACTION["runs"]["steps"] if "install-extras" in step.get("if", "")]
    packages = NEURAL_TANGENTS.removeprefix("pip install ")
    assert packages in step["run"].replace("pip install --disable-pip-version-check ", "pip install ")
    assert packages.startswith("--no-deps neural-tangents==")


def test_every_input_of_the_action_is_documented() -> None:
    text = (ROOT / "docs/ci.md").read_text()
    table = text[text.index("| input | |") : text.index("Outputs:")]
    assert [name for name in ACTION["inputs"] if f"`{name}`" not in table] == []


def test_actions_are_of_known_commits_and_scripts_hold_no_expressions() -> None:
    from workflows import KNOWN

    files = [*(ROOT / ".github/workflows").glob("*.yml"), ROOT / "action.yml"]
    text = "\n".join(path.read_text() for path in files)
    used = re.findall(r"^ *(?:- )?uses: (.*)$", text, re.MULTILINE)
    assert {use for use in used if use != "./"} == {f"{commit} # {tag}" for commit, tag in KNOWN.items()}
    assert all(re.fullmatch(r"[a-z-]+/[a-z/-]+@[0-9a-f]{40}", commit) for commit in KNOWN)
    steps = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]] + ACTION["runs"]["steps"]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("name", ["../x.json", "a.toml", "-x.json", ".x.json", "a\x1b.json", "a.json/"])
def test_the_job_that_may_write_takes_files_of_records_names_only(tmp_path: Path, name: str) -> None:
    (script,) = [step["run"] for step in WORKFLOW["jobs"]["keep"]["steps"] if "run" in step]
    work = tmp_path / "work"
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    (work / "file").write_text("")
    git(work, "add", "--all")
    git(work, "commit", "-qm", "one")
    git(tmp_path, "clone", "-q", "--bare", "work", "origin")
    git(work, "remote", "add", "origin", str(tmp_path / "origin"))
    (work / "new").mkdir()
    if name.endswith("/"):
        (work / "new" / name).mkdir()
    elif name.startswith("../"):
        (work / "new/x.json").symlink_to("/etc/passwd")
    else:
        (work / "new" / name).write_text("{}")

    def keep() -> subprocess.CompletedProcess[str]:
        command = ["bash", "--noprofile", "--norc", "-euo", "pipefail", "-c", script]
        environment = os.environ | {"GITHUB_RUN_ID": "7"}
        return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, check=False)

    done = keep()
    assert (done.returncode, "expected a record, found" in done.stderr) == (4, True), done.stderr
    assert not git(tmp_path / "origin", "branch", "--list", "claims-history").strip()


def test_what_is_cited_is_this_version() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (citation["version"], citation["license"]) == (project["version"], project["license"])
    assert harness.__version__ == project["version"]
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("github.event_name == 'push'", True),
        ("github.event_name != 'push' || always()", True),
        ("!cancelled() && github.none == ''", True),
        ("steps.a.outputs.b", "c"),
    ],
)
def test_expressions(expression: str, value: object) -> None:
    contexts = {"github": {"event_name": "push"}, "steps": {"a": {"outputs": {"b": "c"}}}}
    assert evaluate(expression, contexts) == value
