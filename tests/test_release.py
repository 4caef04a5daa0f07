"""A release: what its workflow may do, what its tag must agree with, what users are told they get."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from edits import edited
from workflows import read

ROOT = Path(__file__).parents[1]
RELEASE = read(ROOT / ".github/workflows/release.yml")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SCRIPT = runpy.run_path(str(ROOT / ".ci/release.py"))
OLD = re.compile(r'^(__version__ = "|version = "|version: )[^"\n]+', re.MULTILINE)


def source(folder: Path, version: str = "1.2.3", date: str = "2030-01-31") -> Path:
    """A copy of what names the version, all of one version, with a section of the changelog."""
    for name in ("pyproject.toml", "harness/version.py", "CITATION.cff"):
        (folder / name).parent.mkdir(exist_ok=True)
        text, count = OLD.subn(rf"\g<1>{version}", (ROOT / name).read_text(), count=1)
        assert count == 1
        (folder / name).write_text(text)
    (folder / "CHANGELOG.md").write_text(
        f"# Changelog\n\n## [{version}] - {date}\n\n- One.\n\n## [0.1.0] - 2026-11-26\n\n- Two.\n"
    )
    shutil.copytree(ROOT / ".ci", folder / ".ci")
    return folder


def test_nothing_is_released_beside_records_of_other_code() -> None:
    (*_, check) = RELEASE["jobs"]["published"]["steps"]
    assert check == {"run": "make published CHECK=--check PYTHON=python"}
    assert RELEASE["jobs"]["build"]["needs"] == "published"


def test_one_job_may_publish_and_runs_nothing_of_this_project() -> None:
    assert RELEASE["on"] == {"push": {"tags": ["v*"]}}
    assert RELEASE["permissions"] == {"contents": "read"}
    may = {name: job.get("permissions", {}) for name, job in RELEASE["jobs"].items()}
    may_not = {"published": {}, "build": {}}
    assert may == {**may_not, "publish": {"id-token": "write"}, "announce": {"contents": "write"}}
    publish = RELEASE["jobs"]["publish"]
    assert publish["environment"] == "release"
    assert not [step for step in publish["steps"] if "run" in step]
    assert publish["steps"][-1]["uses"].startswith("pypa/gh-action-pypi-publish@")
    assert publish["steps"][-1]["with"] == {"attestations": "true"}
    steps = [step for job in RELEASE["jobs"].values() for step in job["steps"]]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []
    text = (ROOT / ".github/workflows/release.yml").read_text()
    assert "password" not in text.replace("No password", "")
    assert "secrets." not in text


def test_what_agrees_is_released_with_its_section_of_the_changelog(tmp_path: Path) -> None:
    folder = source(tmp_path)
    done = subprocess.run(
        [sys.executable, folder / ".ci/release.py", "v1.2.3"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "- One.\n", "")


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("pyproject.toml", '"1.2.3"', '"1.2.4"', "pyproject.toml: expected version 1.2.3"),
        ("harness/version.py", "1.2.3", "1.2.3.dev0", "harness/version.py: expected version 1.2.3"),
        ("CITATION.cff", "1.2.3", "1.2.2", "CITATION.cff: expected version 1.2.3"),
        ("CHANGELOG.md", "2030-01-31", "unreleased", "expected the date of 1.2.3 as 2026-12-31, found unrel"),
        ("CHANGELOG.md", "[1.2.3]", "1.2.3", "expected a section `## [1.2.3] - DATE`, found none"),
    ],
)
def test_what_disagrees_is_not_released(tmp_path: Path, name: str, old: str, new: str, said: str) -> None:
    path = source(tmp_path) / name
    path.write_text(edited(path.read_text(), {old: new}))
    assert [text for text in SCRIPT["problems"](tmp_path, "v1.2.3") if said in text]


@pytest.mark.parametrize("tag", ["1.2.3", "v1.2", "v1.2.3rc1", "main"])
def test_a_tag_is_a_version(tmp_path: Path, tag: str) -> None:
    assert SCRIPT["problems"](source(tmp_path), tag)[0].startswith("expected a tag as v0.2.0, found")


def test_the_changelog_is_dated_and_its_newest_section_is_of_this_version() -> None:
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    dated = [
        re.fullmatch(r"\[([0-9.]+)\] - ([0-9]{4}-[0-9]{2}-[0-9]{2}|unreleased)", each) for each in headings
    ]
    assert all(dated), headings
    assert PROJECT["project"]["version"].startswith(dated[0][1] if dated[0] else "?")
    assert [each[2] for each in dated[1:] if each and each[2] == "unreleased"] == []


def test_users_are_shown_no_extra_for_developers_and_a_group_has_all_of_them() -> None:
    extras, groups = PROJECT["project"]["optional-dependencies"], PROJECT["dependency-groups"]
    assert not {"dev", "test", "tests", "lint", "docs"} & extras.keys()
    site = groups.pop("docs")
    assert {each["include-group"] for each in groups["dev"]} == groups.keys() - {"dev"}
    assert "--group dev" in (ROOT / "Makefile").read_text()
    pins = re.compile(r"^([a-z0-9._-]+)==([^ ]+)", re.MULTILINE)
    pinned = dict(pins.findall((ROOT / "requirements.txt").read_text()))
    listed = [text.replace("_", "-") for group in groups.values() for text in group if isinstance(text, str)]
    assert {re.split("[>=]", text)[0] for text in listed} <= set(pinned)
    assert {re.split("[>=]", text)[0] for text in PROJECT["build-system"]["requires"]} <= set(pinned)
    for_docs = dict(pins.findall((ROOT / "docs/requirements.txt").read_text()))
    assert {re.split("[>=]", text)[0] for text in site} <= set(for_docs)
    assert {name: for_docs[name] for name in for_docs.keys() & pinned.keys()}.items() <= pinned.items()


def test_hooks_before_a_commit_run_what_make_and_ci_run() -> None:
    """The same programs of .venv, and none from elsewhere."""
    (local,) = read(ROOT / ".pre-commit-config.yaml")["repos"]
    assert local["repo"] == "local"
    commands = [hook["entry"] for hook in local["hooks"]]
    assert {hook["language"] for hook in local["hooks"]} == {"system"}
    makefile = (ROOT / "Makefile").read_text()
    for command in commands:
        program, *_ = command.removeprefix(".venv/bin/").split()
        assert command.startswith(".venv/bin/")
        assert f"$(BIN)/{program}" in makefile
    assert {".venv/bin/lint-imports --no-cache --no-logo", ".venv/bin/harness check"} <= set(commands)
