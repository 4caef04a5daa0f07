"""A library that is not this project: `--track` follows its commits with the conformance suite."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kernel_library import lab, library
from past_project import Told
from repositories import git

from harness.history import Chosen, past
from harness.history.timeline import timeline
from harness.report.change import QUIET

KERNELS = Path(__file__).parents[2] / "suites/kernels.toml"


class Lab:
    """A folder with the user's suite, beside a clone of the library with its story."""

    def __init__(self, above: Path) -> None:
        self.folder, self.library = above / "lab", above / "fastkernels"
        lab(self.folder)
        self.told: list[Told] = library(self.library)

    def harness(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness", *arguments, "--track", str(self.library)]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)

    def run_all(self, *targets: str) -> None:
        """A record of each commit of the library; of one that does not load, every claim is an error."""
        for told in self.told:
            git(self.library, "checkout", "--quiet", told.hash)
            done = self.harness("run", *targets, "--quiet", "--no-recheck")
            assert done.returncode in ((0, 1) if told.loads else (1, 4)), done.stdout + done.stderr
        git(self.library, "checkout", "--quiet", "main")

    def kinds(self, overrides: dict[str, object] | None = None) -> dict[str, dict[str, str]]:
        """Subject of each commit of the library → what changed there, but for what is quiet."""
        chosen = Chosen(self.folder / "reports/history", self.library, overrides, tracked=True)
        line = timeline(past(chosen).states)
        return {
            commit.subject: {event.id: event.kind for event in events}
            for commit, events in zip(line.commits, line.events, strict=True)
        }

    def bisect(self, *arguments: str, good: str = "start", bad: str = "nothing at all") -> str:
        hashes = {told.name: told.hash for told in self.told}
        done = self.harness("bisect", *arguments, "--good", hashes[good], "--bad", hashes[bad])
        assert done.returncode == 0, done.stderr
        return next(t.name for t in self.told if t.hash == done.stdout.split()[0])


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    return Lab(tmp_path_factory.mktemp("track"))


@pytest.mark.slow
def test_bisect_walks_the_librarys_history_with_todays_suite(place: Lab, tmp_path: Path) -> None:
    """Four commits, with the one between the ends that breaks it; the slow tests walk over all twelve."""
    search = ("lab.toml::near", "--when", "effect", "--history", str(tmp_path))
    ends = {"good": "it loads again", "bad": "text again"}
    assert place.bisect(*search, **ends) == "the kernel breaks"
    assert git(place.library, "status", "--porcelain") == ""


def test_a_repository_that_no_trial_depends_on_is_refused(place: Lab, tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "one")
    environment = os.environ | {"PYTHONPATH": str(place.library)}
    command = [sys.executable, "-m", "harness", "run", "lab.toml::near", "--track", str(tmp_path)]
    done = subprocess.run(
        command, cwd=place.folder, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 4
    assert "expected the repository of code that the trials depend on" in done.stderr


@pytest.mark.slow
def test_the_users_claims_over_the_librarys_commits(place: Lab) -> None:
    place.run_all("lab.toml")
    loud = {
        subject: {id_: kind for id_, kind in kinds.items() if kind not in QUIET}
        for subject, kinds in place.kinds().items()
    }
    assert loud.pop("the kernel breaks") == {"lab/near": "shifted"}
    assert loud.pop("quick is slowed") == {"lab/fast": "flipped"}
    assert not any(loud.values()), loud
    assert len(loud) == 9
    assert place.bisect("lab.toml::fast") == "quick is slowed"


@pytest.mark.slow
def test_the_conformance_suite_over_the_librarys_commits(place: Lab) -> None:
    subject = ("--override", "subject=fastkernels:kernel")
    place.run_all(str(KERNELS), *subject)
    found = place.kinds({"subject": "fastkernels:kernel"})
    expected = {
        "rounding": {"identical", "numeric", "changed"},  # arccos near 1 makes 1e-16 into 1e-9
        "the kernel breaks": {"flipped", "shifted", "identical", "numeric"},
    }
    (broken,) = (told.name for told in place.told if not told.loads)
    assert broken not in found, "a run that cannot import its subject ends with 4 and leaves no record"
    for told in place.told[1:]:
        if not told.loads:
            continue
        kinds = set(found[told.name].values())
        assert kinds <= expected.get(told.name, {"identical"}), told.name
    for name, kind in (
        ("rounding", "numeric"),
        ("the kernel breaks", "flipped"),
    ):
        assert kind in found[name].values()
    wrong = next(id_ for id_, kind in found["the kernel breaks"].items() if kind == "flipped")
    id_ = wrong.partition("/")[2]
    assert place.bisect(f"{KERNELS}::{id_}", *subject) == "the kernel breaks"
    assert place.bisect(f"{KERNELS}::{id_}", *subject, "--when", "effect") == "the kernel breaks"
