"""The workflow and the action: their steps, run by bash from a clean clone, on suites of toys."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from good_suite import GOOD
from workflows import Service, evaluate, read

import harness
from harness.report import Record, read_record

ROOT = Path(__file__).parents[1]
WORKFLOW = read(ROOT / ".github/workflows/claims.yml")
ACTION = read(ROOT / "action.yml")
UNEXPECTED = '\n[[claims.same.where]]\nat = { size = 4 }\nexpect = "refuted"\nbecause = "why not"\n'


def git(folder: Path, *arguments: str) -> str:
    names = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.org"]
    command = ["git", *names, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


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

    def made(event: str = "push", run_id: str = "7") -> Service:
        (tmp_path / run_id).mkdir()
        return make(event, run_id)

    return made


def record_in(service: Service, artifact: str = "claims") -> Record:
    return read_record(service.artifacts / artifact / "record.json")


@pytest.mark.slow
def test_shards_are_merged_summarised_and_kept_and_the_verdict_fails_the_run(
    service: Callable[..., Service], origin: Path
) -> None:
    first = service("push", "7")
    jobs = first.run(WORKFLOW)
    assert [job.failed for job in jobs.values()] == ["", "", "", "", "Fail by the exit code: 1"], jobs
    assert [len(job.summaries) for job in jobs.values()] == [0, 0, 0, 0, 1]
    (summary,) = jobs["judge"].summaries
    assert "**9 instances: 8 of 9 as expected, 1 unexpected.**" in summary
    assert "| kernels/same\\[shift=0,size=4\\] | ✗ unexpected |" in summary
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
def test_a_bad_suite_fails_every_job(
    service: Callable[..., Service], origin: Path, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    suite = work / "suites/issues.toml"
    suite.write_text(suite.read_text().replace("equal =", "eqaul ="))
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
    block = block.replace("OWNER/ntk-harness@main", "./").replace("claims.toml", "suites/d*.toml")
    theirs = service("push", "7")
    (job,) = theirs.run(yaml.safe_load(re.sub(r"^on:", '"on":', block))).values()
    assert job.failed == "", job.log
    assert "**3 instances: 3 of 3 as expected.**" in job.summaries[0]
    assert record_in(theirs).exit_code == 0


def test_actions_are_of_known_versions_and_scripts_hold_no_expressions() -> None:
    from workflows import KNOWN

    steps = [step for job in WORKFLOW["jobs"].values() for step in job["steps"]] + ACTION["runs"]["steps"]
    assert {step["uses"] for step in steps if "uses" in step} - {"./"} == KNOWN
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


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
