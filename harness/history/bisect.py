"""Finds the commit that changed a claim: git's own bisection, with the claim run at each proposed commit.

The commits are those of the repository that holds the suite, or of a tracked one (`--track`). A commit is
judged from its record in the history if there is one, else by running `harness` in a worktree with that
commit's code, and the user's store. A commit that cannot be judged (the suite does not load, the claim is not
there, a trial is an error) is skipped, as `git bisect skip` does. At an end of the search it is rejected,
unless the search is for the commit at which the claim became an error.

All commits are judged on the seeds of the good end, even if a suite begins elsewhere by then (`explored`): so
the code makes the difference, not the seeds.
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from harness.errors import UserError
from harness.git import Commit, GitError, environment_without_git, git, line, resolve, show, toplevel
from harness.history.archive import SuiteHead
from harness.history.change import effects, of_numbers
from harness.history.states import Chosen, CommitState, past
from harness.history.worktree import path_in_worktree, python_path, worktree
from harness.measure.supervisor import supervised
from harness.options import RunOptions
from harness.report.explored import first_seed
from harness.report.files import read_record
from harness.report.place import place_of
from harness.report.record import InstanceRecord, RecordError
from harness.shipped import packaged_name
from harness.suite.explored import first_beyond
from harness.suite.names import name_in

When = Literal["verdict", "effect", "error"]
"""What changed: the verdict; the effect, whatever the verdict; or whether there is a verdict at all."""
UNJUDGED = ("error", "not-covered", "not-run")
"""Verdicts of claims about which nothing was found."""


class BisectionError(UserError):
    """There is nothing to find between the two commits, or it cannot be found."""


@dataclass(frozen=True)
class Search:
    """What a bisection looks for."""

    file: Path
    """The suite."""
    id: str
    """The id of one instance, without the suite's name."""
    good: str
    bad: str
    when: When = "verdict"
    options: RunOptions = field(default_factory=RunOptions)
    """The options of each run. With `track` the commits are those of that repository, not of the suite's."""
    this_suite: bool = False
    """Whether the suite is read as it is now, not as it was at each commit."""
    history: Path | None = None


@dataclass(frozen=True)
class Step:
    """A commit that was judged or skipped. If it was skipped, `instance` is None and `why` says why."""

    commit: Commit
    instance: InstanceRecord | None
    why: str
    term: Literal["good", "bad", "skip"]


@dataclass(frozen=True)
class Bisection:
    """The first changed commit and the last before it, each with its effect. `bisect` makes it.

    `candidates` has more than one commit if those between could only be skipped; the first changed one is
    then any of them.
    """

    candidates: tuple[Commit, ...]
    before: Step | None
    after: Step
    steps: tuple[Step, ...]

    @property
    def effects(self) -> str:
        """The effects of both commits."""
        if self.before is None or self.before.instance is None or self.after.instance is None:
            return ""
        return effects(self.before.instance, self.after.instance)

    def why(self, commit: Commit) -> str:
        """Why a commit is a candidate."""
        step = next((step for step in self.steps if step.commit.hash == commit.hash), None)
        if step is None:
            return "not judged"
        if step.term == "skip" or step.instance is None:
            return f"skipped: {step.why}"
        return step.instance.verdict


def bisect(search: Search, on_step: Callable[[Step], None] = lambda step: None) -> Bisection:
    """Find the first commit at which the claim changed.

    Raises `BisectionError` if both ends are alike, or if one has no verdict and the search is not for that,
    and `GitError`.
    """
    return _Search(search, on_step).run()


class _Search:
    def __init__(self, search: Search, on_step: Callable[[Step], None]) -> None:
        self.search, self.on_step = search, on_step
        name = packaged_name(search.file)
        if name and not search.options.track:
            raise BisectionError(
                f"{name}::{search.id}: expected a suite in a repository, found one of an installed package:"
                " name the repository of the code under test with --track"
            )
        place = search.options.track or search.file.resolve().parent
        self.repository = toplevel(place).resolve()
        self.good, self.bad = (resolve(self.repository, name) for name in (search.good, search.bad))
        self.judged: dict[str, tuple[InstanceRecord | None, str]] = {}
        self.first_seed: int | None = None
        self.steps: dict[str, Step] = {}

    def run(self) -> Bisection:
        self._recall()
        with worktree(self.repository, self.bad) as folder:
            self.folder = folder
            good = self._end("--good", self.good)
            self._keep_to(first_seed(good))
            ends = [good, self._end("--bad", self.bad)]
            self.first, self.last = ends
            if not self._differ(*ends):
                found = f"{ends[0].verdict} → {ends[1].verdict}, {ends[1].reason or effects(*ends)}"
                raise BisectionError(
                    f"{self.search.id}: expected another {self.search.when} at {self.bad[:9]} than at"
                    f" {self.good[:9]}, found {found} (both on seeds from {self.first_seed})"
                )
            self._note(self.good, "good")
            self._note(self.bad, "bad")
            return self._search()

    def _recall(self) -> None:
        """Read the commits' records from the history, so that they need not be run."""
        if self.search.history is None:
            return
        options = self.search.options
        tracked = options.track is not None
        chosen = Chosen(self.search.history, self.repository, options.overrides, tracked=tracked)
        file = self.search.file
        suite = SuiteHead(name_in(file) or file.stem, str(file), place_of(file))
        known = past(chosen, like=[suite])
        name = known.names.of(suite)
        for state in known.states:
            instance = state.instances.get(known.names.id(name, self.search.id))
            if instance is None or state.modified or instance.verdict in ("not-run", "error"):
                continue  # the machine may have caused an error
            own = instance.computed or first_seed(instance) == first_beyond(instance.explored)
            if not own or not self._is_of_this_suite(state):
                continue
            self.judged[state.commit.hash] = (instance, "from its record")

    def _keep_to(self, seed: int | None) -> None:
        """Judge all commits from this seed on. Records from another one do not count."""
        self.first_seed = seed
        self.judged = {
            commit: (instance, why)
            for commit, (instance, why) in self.judged.items()
            if instance is None or first_seed(instance) == seed
        }

    def _is_of_this_suite(self, state: CommitState) -> bool:
        """Whether the state's suite is the one that would be run: each commit's own, or today's."""
        if self.search.options.track is None and not self.search.this_suite:
            return True
        today = hashlib.sha256(self.search.file.read_bytes()).hexdigest()
        stated = {suite.sha256 for r in state.records for suite in r.suites}
        return stated == {today}

    def _end(self, option: str, commit: str) -> InstanceRecord:
        """The instance at an end of the search."""
        instance, why = self._judge(commit)
        where = f"{self.search.id} at {option} {commit[:9]} ({show(self.repository, commit).subject})"
        if instance is None:
            raise BisectionError(f"{where} cannot be judged: {why}; name another commit")
        if self.search.when == "error" or not _is_unjudged(instance):
            return instance
        found = _verdict(instance)
        cure = "name a commit at which the claim has a verdict"
        if instance.verdict != "not-run":
            cure += ", or search with --when error for the commit at which it got or lost one"
        raise BisectionError(f"{where}: expected a verdict, found {found}; {cure}")

    def _search(self) -> Bisection:
        git(self.folder, "bisect", "start", "--no-checkout", self.bad, self.good)
        while True:
            candidates = self._candidates()
            untested = [c for c in candidates if c not in self.steps]
            if not untested:
                break
            commit = line(self.folder, "rev-parse", "BISECT_HEAD")
            if commit in self.steps:  # git has no more to propose
                break
            term = self._term(commit)
            self._note(commit, term)
            try:
                git(self.folder, "bisect", term, commit)
            except GitError:
                if term != "skip":  # git fails on the last skip, because several commits are then left
                    raise
                break
        return self._found(self._candidates())

    def _candidates(self) -> list[str]:
        """Commits that may be the first changed one, by the marks so far."""
        refs = line(self.folder, "for-each-ref", "--format=%(refname)", "refs/bisect/").split()
        good = [ref for ref in refs if ref.startswith("refs/bisect/good-")]
        return line(self.folder, "rev-list", "refs/bisect/bad", "--not", *good).split()

    def _found(self, candidates: Sequence[str]) -> Bisection:
        after = self.steps[resolve(self.folder, "refs/bisect/bad")]
        parents = line(self.folder, "rev-list", "--parents", "-1", after.commit.hash).split()[1:]
        good = [self.steps[p] for p in parents if p in self.steps and self.steps[p].term == "good"]
        before = good[0] if good else self.steps[self.good]
        commits = tuple(show(self.folder, commit) for commit in candidates)
        return Bisection(commits, before, after, tuple(self.steps.values()))

    def _term(self, commit: str) -> Literal["good", "bad", "skip"]:
        instance, _ = self._judge(commit)
        if instance is None:
            return "skip"
        if self.search.when == "error":
            return "bad" if self._differ(self.first, instance) else "good"
        if _is_unjudged(instance):
            return "skip"
        return "bad" if self._differ(self.first, instance) else "good"

    def _differ(self, first: InstanceRecord, last: InstanceRecord) -> bool:
        if self.search.when == "error":
            return _is_unjudged(first) != _is_unjudged(last)
        if self.search.when == "effect":
            return of_numbers(first, last) == "shifted"
        return first.verdict != last.verdict

    def _note(self, commit: str, term: Literal["good", "bad", "skip"]) -> None:
        instance, why = self.judged[commit]
        if term == "skip" and instance is not None:
            why = _verdict(instance)
        self.steps[commit] = Step(show(self.repository, commit), instance, why, term)
        self.on_step(self.steps[commit])

    def _judge(self, commit: str) -> tuple[InstanceRecord | None, str]:
        if commit not in self.judged:
            self.judged[commit] = self._run(commit)
        return self.judged[commit]

    def _options(self) -> RunOptions:
        """The options of a run in the worktree, on the seeds of the good end once these are known."""
        options = self.search.options
        store = options.store and options.store.resolve()
        first_seed = options.first_seed if self.first_seed is None else self.first_seed
        return replace(options, store=store, first_seed=first_seed)

    def _run(self, commit: str) -> tuple[InstanceRecord | None, str]:
        """The claim as `harness run` judges it with the commit's code."""
        search, repository, folder = self.search, self.repository, self.folder
        git(folder, "checkout", "--quiet", "--force", "--detach", commit)
        git(folder, "clean", "--quiet", "--force", "-d", "-x")
        file = search.file.resolve()
        file = file if search.this_suite else path_in_worktree(file, repository, folder)
        if not file.is_file():
            return None, f"it has no {search.file}"
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix="outputs-") as outputs:
            record = Path(outputs) / "record.json"
            command = [sys.executable, "-m", "harness", "run", f"{file}::{search.id}", "--quiet"]
            command += ["--json", str(record), *self._options().arguments(without=("track",))]
            variables = environment_without_git() | {"PYTHONPATH": python_path(repository, folder)}
            variables["HARNESS_HISTORY"] = str(Path(outputs) / "history")  # not the user's folder
            here = path_in_worktree(Path.cwd(), repository, folder)
            here.mkdir(parents=True, exist_ok=True)
            done = supervised(command, cwd=here, env=variables)
            try:
                instances = read_record(record).instances
            except RecordError:
                said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
                return None, said[-1] if said else f"harness run ended with {done.returncode}"
        found = next((i for i in instances if i.local_id == search.id), None)
        return (found, "run") if found else (None, f"it has no {search.id}")


def _is_unjudged(instance: InstanceRecord) -> bool:
    return instance.verdict in UNJUDGED


def _verdict(instance: InstanceRecord) -> str:
    """The verdict and, on the same line, the end of its reason, which may be a traceback."""
    lines = instance.reason.strip().splitlines()
    return f"{instance.verdict} ({lines[-1].strip()})" if lines else instance.verdict
