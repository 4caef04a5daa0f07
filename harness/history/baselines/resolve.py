"""Resolves what suites and command lines call a baseline to a commit or a record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from harness.errors import UserError
from harness.git import GitError, resolve, toplevel
from harness.questions import Baseline
from harness.shipped import is_name, located_record, packaged_name
from harness.suite import Suite
from harness.text import printable


class BaselineError(UserError, ValueError):
    """A baseline that is neither a commit of the repository nor a usable record."""


def is_record_name(ref: str) -> bool:
    """Whether a REF of a command line names records: an existing file or folder, `@NAME`, or `….json`.

    All others are revisions. A branch with the name of a file is `refs/heads/NAME`.
    """
    return is_name(ref) or ref.endswith(".json") or Path(ref).exists()


@dataclass(frozen=True)
class Resolver:
    """Resolves the baselines of a suite's claims.

    Revisions are those of `track`, or of the suite's repository.
    """

    suite: Suite
    track: Path | None = None

    def __call__(self, baseline: Baseline) -> Baseline:
        """The baseline with the full hash and the repository, or the path. Raises `BaselineError`."""
        called = baseline.name
        if baseline.record:
            path = located_record(called) if is_name(called) else self.suite.file.resolve().parent / called
            return Baseline(record=str(path), name=called)
        return Baseline(commit=self.commit(baseline.commit), home=str(self.repository), name=called)

    def commit(self, revision: str) -> str:
        """The full hash of a revision. Raises `BaselineError`."""
        try:
            return resolve(self.repository, revision)
        except GitError as error:
            said = f": {error.said}" if error.said else ""
            raise BaselineError(
                f"{printable(self.suite.path)}: expected a commit of {self.repository} as a baseline (or a"
                f" record: a file, or @NAME), found {printable(revision)!r}{said}"
            ) from None

    @cached_property
    def repository(self) -> Path:
        """The top of the repository whose commits are meant. Raises `BaselineError`."""
        if packaged_name(self.suite.file) and self.track is None:
            raise BaselineError(
                f"{self.suite.path}: expected a suite in a repository for a commit as a baseline, found one"
                " of an installed package: name the repository of the code under test with --track"
            )
        try:
            return toplevel(self.track or self.suite.file.resolve().parent).resolve()
        except GitError as error:
            raise BaselineError(
                f"{printable(self.suite.path)}: expected a suite in a git repository for a commit as a"
                f" baseline, found none: {error}; name a record, `baseline = {{ record = … }}`, or a"
                " repository with --track"
            ) from None


def resolvers(suites: Mapping[str, Suite], track: Path | None) -> dict[str, Resolver]:
    """A resolver for each suite, by its name."""
    return {name: Resolver(suite, track) for name, suite in suites.items()}
