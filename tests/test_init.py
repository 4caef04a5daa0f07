"""`harness init`: a first suite in a folder of its own, that runs as it is; or nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from workflows import KNOWN, read

from harness import init
from harness.init import FILES, InitError, first_suite, release_tag
from harness.suite import load
from harness.version import __version__

ROOT = Path(__file__).parents[1]


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment |= {"PYTEST_ADDOPTS": "-p no:jaxtyping -p no:xdist -p no:cacheprovider"}
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def files_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_an_empty_folder_gets_a_suite_that_is_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a/new"
    assert set(first_suite(folder)) == set(FILES) == files_in(folder)
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(str(folder))
    suite = load("suites/first.toml", imports=True)
    assert (suite.name, len(suite.claims), len(suite.instances)) == ("first", 2, 5)
    assert all(claim.source for claim in suite.claims.values())


def test_its_experiment_needs_numpy_alone() -> None:
    text = (ROOT / "harness/_first/wide_kernel.py.txt").read_text()
    imports = [line for line in text.splitlines() if line.startswith(("import", "from"))]
    assert imports == ["import numpy as np", "from harness import Quantity, experiment"]


def test_its_workflow_uses_known_actions_and_the_release_of_this_version(tmp_path: Path) -> None:
    first_suite(tmp_path)
    workflow = read(tmp_path / init.WORKFLOW)
    assert workflow["permissions"] == {"contents": "read"}
    *others, own = workflow["jobs"]["claims"]["steps"]
    assert {step["uses"] for step in others} <= KNOWN.keys()
    assert own == {"uses": f"OWNER/ntk-harness@{release_tag()}", "with": {"suites": "suites"}}
    assert set(own["with"]) <= set(read(ROOT / "action.yml")["inputs"])
    assert __version__.startswith(release_tag()[1:])


@pytest.mark.parametrize(
    ("version", "tag"), [("0.2.0.dev0", "v0.2.0"), ("0.2.0", "v0.2.0"), ("1.0rc1", "v1.0")]
)
def test_a_version_leads_to_a_release(version: str, tag: str) -> None:
    assert release_tag(version) == tag


@pytest.mark.parametrize("name", list(FILES))
def test_a_file_in_the_way_is_named_and_nothing_is_written(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("mine")
    with pytest.raises(InitError) as caught:
        first_suite(tmp_path)
    said = str(caught.value).partition("found ")[2]
    assert said.startswith(f"{name}: nothing is written")
    assert files_in(tmp_path) == {name}
    assert path.read_text() == "mine"


def test_all_that_is_in_the_way_is_named(tmp_path: Path) -> None:
    (tmp_path / "suites").write_text("a file, where a folder is to be")
    (tmp_path / ".github").symlink_to("/nowhere")
    (tmp_path / ".gitignore").mkdir()
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "tox.ini").write_text("[tox]\n")
    with pytest.raises(InitError) as caught:
        first_suite(tmp_path)
    said = "found suites, .gitignore, .github and pyproject.toml (with pytest's settings): nothing is written"
    assert said in str(caught.value)


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InitError, match=r"found .*file: nothing is written"):
        first_suite(tmp_path / "file")


def test_other_files_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites/other.toml").write_text("")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    first_suite(tmp_path)
    assert files_in(tmp_path) == {*FILES, "suites/other.toml", "pyproject.toml"}


@pytest.mark.parametrize("number", range(1, len(FILES) + 1))
def test_what_fails_on_the_way_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A file that somebody else makes meanwhile, in the place of each of ours, stays; no other is there."""
    link, made = os.link, []

    def race(source: Path, target: Path) -> None:
        made.append(target)
        if len(made) == number:
            target.write_text("theirs")
        link(source, target)

    monkeypatch.setattr(os, "link", race)
    with pytest.raises(InitError, match="File exists; nothing is written"):
        first_suite(tmp_path / "new")
    assert [path.read_text() for path in tmp_path.rglob("*") if path.is_file()] == ["theirs"]
    left = [path for path in tmp_path.rglob("*") if path.is_dir()]
    assert all(path in made[-1].parents for path in left)


def test_without_links_files_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(source: Path, target: Path) -> None:
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    first_suite(tmp_path)
    assert files_in(tmp_path) == set(FILES)


@pytest.mark.slow
def test_what_is_typed_next_works(tmp_path: Path) -> None:
    done = run(tmp_path, "harness", "init")
    assert done.returncode == 0, done.stderr
    assert [line.strip() for line in done.stdout.splitlines()[: len(FILES)]] == sorted(FILES)
    checked = run(tmp_path, "harness", "check", "--import").stdout
    assert checked == "suites/first.toml: 2 claims, 5 instances\n"
    done = run(tmp_path, "harness", "run", "-q")
    assert done.returncode == 0, done.stdout
    assert "5 instances: 3 of 3 as expected, 2 measured." in done.stdout
    done = run(tmp_path, "pytest")
    assert done.returncode == 0, done.stdout
    assert "5 passed" in done.stdout
    again = run(tmp_path, "harness", "init")
    assert again.returncode == 4
    assert all(name in again.stderr.partition("found")[2] for name in FILES)


def test_the_guide_shows_what_is_written() -> None:
    guide = (ROOT / "docs/first-suite.md").read_text()
    for name, template in FILES.items():
        assert f"| `{name}` |" in guide
        if name.endswith((".py", "first.toml")):
            assert f"\n{(ROOT / 'harness/_first' / template).read_text()}```" in guide
