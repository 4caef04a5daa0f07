"""Suites that come with the package: by @NAME, in a checkout and as a wheel has them."""

from __future__ import annotations

import base64
import hashlib
import runpy
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest
from edits import edited
from good_suite import GOOD
from made import RECORD
from msgspec.structs import replace

from harness import folders, shipped
from harness.cli.namesakes import record_path
from harness.git import GitError
from harness.history import Chosen, compare, keep, past, states_of
from harness.history.against import read_published
from harness.history.bisect import BisectionError, Search, bisect
from harness.history.order import in_time
from harness.report import Record, to_json
from harness.report.place import place_of
from harness.report.provenance import read_provenance
from harness.report.record import CommitRecord, SuiteRecord
from harness.report.words import commit_text
from harness.shipped import UnknownSuiteError, located
from harness.suite import load
from harness.suite.names import namesakes
from harness.targets import gather
from harness.version import __version__

ROOT = Path(__file__).parents[1]
NAMES = (
    "architectures",
    "depth",
    "derivation",
    "empirical-kernels",
    "finite-width",
    "generalisation",
    "issues",
    "kernels",
    "map",
    "map-device",
    "network",
    "other-kernels",
    "speed",
)
UNPUBLISHED = {
    "map-device",
    "network",
}
"""Suites without a record in reports/published, so far."""


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package as a wheel installs it, with a suite and a record; the current folder is an empty one."""
    package = tmp_path / "venv/site-packages/harness"
    for name, text in {
        "_suites/toys.toml": GOOD,
        "_published/toys.json": to_json(RECORD).decode(),
        "version.py": "",
        "__pycache__/version.pyc": "",
    }.items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text)
    rows = []
    for path in package.rglob("*.*"):
        digest = base64.urlsafe_b64encode(hashlib.sha256(path.read_bytes()).digest()).decode().rstrip("=")
        rows.append(f"{path.relative_to(package.parent)},sha256={digest},1\n")
    info = package.parent / f"ntk_harness-{__version__}.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("".join(rows))
    monkeypatch.setattr(shipped, "PACKAGE", package)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return package


def record_of(path: str) -> Record:
    """A record of the suite, as a run at this moment would begin it."""
    stands_on = read_provenance([load(path)], [])
    return replace(RECORD, suites=stands_on.suites, commit=stands_on.commit)


def test_a_checkout_has_the_suites_at_its_top() -> None:
    assert shipped.suite_names() == NAMES
    assert set(shipped.record_names()) == set(NAMES) - UNPUBLISHED
    assert located("@kernels") == ROOT / "suites/kernels.toml"
    suite = read_provenance([load("@empirical-kernels")], []).suites[0]
    assert (suite.path, suite.place) == ("@empirical-kernels", "suites/empirical-kernels.toml")
    assert suite.commit is None or not suite.commit.version


def test_a_wheel_gets_what_the_package_looks_for() -> None:
    files = runpy.run_path(str(ROOT / "hatch_build.py"))["FILES"]
    assert {glob.rpartition("/")[0]: folder for glob, folder in files.items()} == {
        where: f"harness/{inside}" for where, inside in shipped.INSIDE.items()
    }


@pytest.mark.parametrize("target", ["@toys", "@toys::same", "@toys::same[shift=0,size=4]"])
def test_a_name_stands_where_a_file_may(wheel: Path, target: str) -> None:
    assert folders.files([target]) == [target]
    (chosen,) = gather([target], imports=False)
    assert (chosen.suite.name, chosen.suite.path) == ("toys", "@toys")
    assert chosen.suite.file == wheel / "_suites/toys.toml"
    assert len(chosen.instances) == (1 if "[" in target else 3)


def test_one_suite_by_two_names_is_one(wheel: Path) -> None:
    (chosen,) = gather(["@toys::same", str(wheel / "_suites/toys.toml")], imports=False)
    assert len(chosen.instances) == 3


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("@toy", r"one of @toys, found '@toy' \(did you mean @toys\?\)"),
        ("@", "expected a suite of this package, one of @toys, found '@'"),
        ("@*", r"found '@\*'"),
        ("@mine", r"found '@mine' \(\./@mine names what is in this folder\)"),
        ("@..", "found '@..'"),
    ],
)
def test_an_unknown_name_is_an_error_that_lists_those_there_are(wheel: Path, target: str, said: str) -> None:
    Path("@mine").mkdir()
    with pytest.raises(UnknownSuiteError, match=said):
        folders.files([target])
    with pytest.raises(UnknownSuiteError, match=said):
        load(target)


@pytest.mark.parametrize("target", ["./@toys", "@toys.toml", "@mine/b.toml"])
def test_a_path_names_what_is_in_the_folder(wheel: Path, target: str) -> None:
    for name in ("@toys/a.toml", "@toys.toml", "@mine/b.toml"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(edited(GOOD, {'title = "Toys"': 'title = "Mine"\nname = "mine"'}))
    (chosen,) = gather([target], imports=False)
    assert chosen.suite.title == "Mine"
    assert load("@toys").title == "Toys"


def test_without_its_suites_the_package_says_so(wheel: Path) -> None:
    shutil.rmtree(wheel / "_suites")
    with pytest.raises(UnknownSuiteError, match="install its wheel, and do not import it from an archive"):
        load("@toys")


def test_the_package_stands_in_for_a_commit(wheel: Path) -> None:
    made = record_of("@toys")
    (suite,) = made.suites
    assert (suite.name, suite.path, suite.place) == ("toys", "@toys", "@toys")
    assert suite.commit == made.commit
    assert made.commit is not None
    assert (made.commit.version, made.commit.dirty) == (__version__, False)
    assert commit_text(made.commit) == f"{__version__}+{made.commit.hash[:7]}"
    assert record_of(str(wheel / "_suites/toys.toml")).suites[0].place == "@toys"


@pytest.mark.parametrize("name", ["version.py", "_suites/toys.toml", "new.py"])
def test_an_edited_package_is_another_and_modified(wheel: Path, name: str) -> None:
    before = shipped.installed_release()
    with (wheel / name).open("a") as file:
        file.write("\n# edited\n")
    after = shipped.installed_release()
    assert after.digest != before.digest
    assert after.modified


def test_what_python_compiles_and_what_was_published_do_not_count(wheel: Path) -> None:
    before = shipped.installed_release()
    (wheel / "__pycache__/other.pyc").write_text("compiled")
    (wheel / "_published/toys.json").write_text("{}")
    assert shipped.installed_release() == before
    (wheel / "version.py").unlink()
    assert shipped.installed_release().modified


def test_a_repository_that_holds_the_installation_is_not_the_suites(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("which git refuses, if it is asked")
    assert read_provenance([load("@toys")], []).notes == ()
    commit = record_of("@toys").commit
    assert commit is not None
    assert commit.version == __version__
    assert place_of(wheel / "_suites/toys.toml") == "@toys"


def test_history_shows_installed_packages_by_version(wheel: Path) -> None:
    first, later = record_of("@toys"), record_of("@toys")
    later = replace(later, started="2026-02-01T00:00:00+00:00")
    with (wheel / "version.py").open("a") as file:
        file.write("# the next version\n")
    commit = record_of("@toys").commit
    assert commit is not None
    later = replace(later, commit=commit, suites=(replace(later.suites[0], commit=commit),))
    history = Path("history")
    for each in (later, first):
        keep(history, each)
    found = past(Chosen(history, Path()))
    expected = [f"{__version__}+{each.commit.hash[:7]}" for each in (first, later) if each.commit]
    assert [state.commit.short for state in found.states] == expected
    assert found.problems == ()
    assert [state.called for state in found.states] == [state.commit.short for state in found.states]
    states, _ = states_of([found.states[0].commit.short, commit.hash[:12]], Chosen(history, Path()))
    assert compare(*states).exit_code == 0
    with pytest.raises(GitError):
        states_of(["0.0.1", commit.hash], Chosen(history, Path()))


def test_a_package_is_no_commit_that_the_repository_lacks() -> None:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    commits, notes = in_time(Path(), {"f" * 40: when}, {"f" * 40: "0.2.0+fffffff"})
    assert [(commit.short, commit.place) for commit in commits] == [("0.2.0+fffffff", "")]
    assert notes == []


def suites_called(places: list[str]) -> list[str]:
    """What the suites of records with these places are called together."""
    from harness.history.suites import NamedSuite, identify

    records = [SuiteRecord(name="toys", path=p, title="", sha256="0" * 64, place=p) for p in places]
    names = identify([NamedSuite(suite, None) for suite in records], Path())
    return [names.of(suite) for suite in records]


def test_a_record_of_the_wheel_and_one_of_a_checkout_are_of_one_suite(wheel: Path) -> None:
    assert suites_called(["suites/toys.toml", "@toys"]) == ["toys", "toys"]


def test_a_users_suite_of_that_name_is_another(wheel: Path) -> None:
    Path("suites").mkdir()
    Path("suites/toys.toml").write_text(GOOD)
    assert suites_called(["suites/toys.toml", "@toys"]) == ["suites/toys.toml", "@toys"]
    Path("pyproject.toml").write_text('[project]\nname = "ntk-harness"\n')
    assert suites_called(["suites/toys.toml", "@toys"]) == ["toys", "toys"]


def test_no_record_replaces_that_of_another_suite_of_its_name(wheel: Path) -> None:
    Path("suites").mkdir()
    Path("suites/toys.toml").write_text(GOOD)
    mine, theirs = record_of("suites/toys.toml"), record_of("@toys")
    assert record_path(theirs.suites, Path("reports"))[0].name == "toys.json"
    Path("reports").mkdir()
    Path("reports/toys.json").write_bytes(to_json(mine))
    path, said = record_path(theirs.suites, Path("reports"))
    assert path.name == "toys-2.json"
    assert "suites/toys.toml and @toys" in said
    assert '`name = "suites-toys"` under [suite] (suites/toys.toml:1)' in said
    Path("reports/toys.json").write_bytes(to_json(theirs))
    assert record_path(mine.suites, Path("reports"))[0].name == "suites-toys.json"
    assert record_path(theirs.suites, Path("reports"))[0].name == "toys.json"


def test_nobody_is_told_to_edit_the_package(wheel: Path) -> None:
    Path("toys.toml").write_text(GOOD)
    assert "(toys.toml:1)" in namesakes("toys", "toys.toml", "@toys")


def test_published_records_are_names_too(wheel: Path) -> None:
    published = read_published([Path("@toys")])
    assert list(published.records) == ["@toys"]
    assert published.hold(record_of("@toys")).exit_code == 0
    with pytest.raises(
        UnknownSuiteError, match="expected a record published with this package, one of @toys"
    ):
        read_published([Path("@toy")])
    states, _ = states_of(["@toys", "@toys"], Chosen(Path("none"), Path()))
    assert compare(*states).exit_code == 0


def test_bisection_of_an_installed_suite_needs_a_repository_to_track(wheel: Path) -> None:
    with pytest.raises(
        BisectionError, match="@toys::same: expected a suite in a repository, found one of an"
    ):
        bisect(Search(located("@toys"), "same", "HEAD~1", "HEAD"))


def test_commits_of_older_records_have_no_version() -> None:
    assert CommitRecord(hash="0" * 40, dirty=False).version == ""
