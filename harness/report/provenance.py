"""What a run depends on, read before its first trial, and compared with what is there after its last.

In: the suites as they were parsed, and what their trials depend on. Out: for each suite the digest of its
bytes and the commit of its repository; the tracked repository; the libraries; and notes. A *closure* is the
source that an experiment can import (see `harness.measure.fingerprint`).

A record is *modified* if its commit does not have everything that was run: files that git tracks were
changed, or git does not know the suite or a file of a closure. What git ignores (generated source, an
environment) does not count, because the trials' fingerprints have its digest. Source in another repository
than the suite's does not make the record modified: a note names it if it is not as committed there. A suite
from an installed package is in no repository, even if one holds that installation: the package stands in for
its commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UserError
from harness.git import GitError, head, modified, repository_above, resolve, toplevel, untracked
from harness.measure import Distributions, SourceClosure, source_of
from harness.questions import TrialParams
from harness.report.place import place_of
from harness.report.record import CommitRecord, SuiteRecord, TrackedRecord
from harness.shipped import installed_release, packaged_name
from harness.suite import Suite
from harness.text import encodable
from harness.whose import site_root

Closure = tuple[str, TrialParams]
"""An experiment and parameters that name the modules that it reads."""
_NAMED = 5  # files that a note names
_OWN = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Provenance:
    """What a run depends on. `read_provenance` makes it."""

    suites: tuple[SuiteRecord, ...]
    tracked: TrackedRecord | None
    libraries: dict[str, str]
    """Name and version of every distribution beneath the experiments."""
    notes: tuple[str, ...]
    files: frozenset[Path]
    """The source on which the trials depend."""
    _closures: tuple[tuple[Closure, SourceClosure], ...]
    _paths: tuple[Path | None, ...]
    """The file of each suite; None for a pipe, which cannot be read again."""
    _repositories: dict[Path, CommitRecord]

    @property
    def commit(self) -> CommitRecord | None:
        """The commit of the first suite."""
        return self.suites[0].commit if self.suites else None

    def changes(self) -> tuple[str, ...]:
        """What has changed since it was read, a sentence each. Never raises for files that are gone."""
        found: list[str] = []
        for suite, path in zip(self.suites, self._paths, strict=True):
            found += [] if path is None else _suite_changes(path, suite)
        for folder, commit in self._repositories.items():
            found += _commit_changes(folder, commit)
        found += _source_changes(self._closures)
        return tuple(dict.fromkeys(map(encodable, found)))


def read_provenance(
    suites: Sequence[Suite], closures: Iterable[Closure], track: Path | None = None
) -> Provenance:
    """What a run of the suites depends on, now.

    closures: what its trials depend on, each once.
    track: the repository of the code under test. Raises `GitError` if it has no commit.

    If git refuses to say the suite's commit, the record has none, and a note says why.
    """
    seen = Distributions()
    sources = [(closure, source_of(*closure, seen)) for closure in closures]
    files = {Path(file).resolve() for _, source in sources for file in source.files if file}
    files |= {Path(file).resolve() for suite in suites for file in _inputs(suite)}
    top = None if track is None else toplevel(track).resolve()
    paths = [suite.file.resolve() for suite in suites]
    packaged = [bool(packaged_name(path)) for path in paths]
    released = _released() if any(packaged) else None
    notes: list[str] = []
    repositories: dict[Path, CommitRecord] = {}
    holders = [
        None if inside else repository_above(path.parent)
        for path, inside in zip(paths, packaged, strict=True)
    ]
    for folder in dict.fromkeys(filter(None, holders)):
        its = [path for path, above in zip(paths, holders, strict=True) if above == folder]
        commit, said = _commit(folder, [*its, *files])
        notes += said
        if commit is not None:
            repositories[folder] = commit
    if repositories or released:  # a record without a commit is plainly not reproducible
        notes += _elsewhere(files, {*filter(None, holders), *([top] if top else [])})
    records = [
        _suite_record(suite, released if inside else None if above is None else repositories.get(above))
        for suite, above, inside in zip(suites, holders, packaged, strict=True)
    ]
    tracked = None
    if top is not None:
        tracked, said = _tracked(top, files)
        notes += said
        repositories.setdefault(top, CommitRecord(hash=tracked.hash, dirty=tracked.dirty))
    return Provenance(
        suites=tuple(records),
        tracked=tracked,
        libraries={d.name: d.version for _, source in sources for d in source.distributions},
        notes=tuple(dict.fromkeys(map(encodable, notes))),
        files=frozenset(files),
        _closures=tuple(sources),
        _paths=tuple(path if path.is_file() else None for path in paths),
        _repositories=repositories,
    )


def _suite_record(suite: Suite, commit: CommitRecord | None) -> SuiteRecord:
    return SuiteRecord(
        name=suite.name,
        path=encodable(suite.path),
        title=suite.title,
        sha256=suite.sha256,
        overrides=dict(suite.overrides),
        noted=tuple(dict.fromkeys(text for each in suite.experiments.values() for text in each.noted)),
        instances=len(suite.instances),
        place=place_of(suite.file),
        commit=commit,
    )


def _released() -> CommitRecord:
    """The package that stands in for a commit of suites from an installed package."""
    found = installed_release()
    return CommitRecord(hash=found.digest, dirty=found.modified, version=found.version)


def _commit(folder: Path, files: Iterable[Path]) -> tuple[CommitRecord | None, list[str]]:
    """The commit of a repository, modified also if it lacks some of the files, and notes."""
    try:
        found = head(folder)
        if found is None:
            return None, []
        new = untracked(folder, [file for file in files if _is_in(file, folder)])
    except GitError as error:
        return None, [f"no commit is recorded for {folder}: {error}"]
    commit = CommitRecord(hash=found[0], dirty=found[1] or bool(new))
    return commit, [f"{folder}: not in git, so in no commit: {_names(new, folder)}"] if new else []


def _tracked(top: Path, files: Iterable[Path]) -> tuple[TrackedRecord, list[str]]:
    hash_ = resolve(top, "HEAD")
    commit, said = _commit(top, files)
    return TrackedRecord(name=encodable(top.name), hash=hash_, dirty=commit is None or commit.dirty), said


def _elsewhere(files: Iterable[Path], known: set[Path]) -> list[str]:
    """Other repositories with source of the trials that is not as committed there.

    This package's own source is left out, because the record has its version.
    """
    folders: dict[Path, list[Path]] = {}
    for file in sorted(files):
        above = None if file.is_relative_to(_OWN) or site_root(str(file)) else repository_above(file.parent)
        if above is not None and above not in known:
            folders.setdefault(above, []).append(file)
    notes = []
    for folder, its in folders.items():
        said = f"trials depend on {_names(its, folder)} in {folder}, another repository than the suite's"
        try:
            if modified(folder, its):
                notes.append(f"{said}, and not as committed there")
        except GitError as error:
            notes.append(f"{said}; whether as committed is not known: {error}")
    return notes


def _is_in(file: Path, folder: Path) -> bool:
    """Whether the file is source of this repository. Files installed in a folder of it are not."""
    return (
        file.is_relative_to(folder) and not site_root(str(file)) and repository_above(file.parent) == folder
    )


def _suite_changes(path: Path, suite: SuiteRecord) -> list[str]:
    kept = "the record is of the file as it was read at the start"
    try:
        if not path.is_file():
            return [f"{suite.path} has gone while the run went on; {kept}"]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return [f"{suite.path} cannot be read any more: {error.strerror}; {kept}"]
    return [] if digest == suite.sha256 else [f"{suite.path} was changed while the run went on; {kept}"]


def _commit_changes(folder: Path, commit: CommitRecord) -> list[str]:
    try:
        found = head(folder)
    except GitError as error:
        return [f"{folder}: whether its commit changed while the run went on is not known: {error}"]
    if found is None:
        return [f"{folder}: its repository has gone while the run went on"]
    if found[0] != commit.hash:
        moved = f"commit {commit.hash[:9]} at the start, {found[0][:9]} at the end"
        return [f"{folder}: {moved}; the record names the first"]
    if found[1] and not commit.dirty:
        return [f"{folder}: files that git has were changed while the run went on"]
    return []


def _inputs(suite: Suite) -> set[str]:
    """The files that trials of the suite read, as its experiments declare them."""
    found: set[str] = set()
    for experiment in suite.experiments.values():
        declared = experiment.declaration.inputs if experiment.declaration else None
        for inputs in (experiment.inputs, declared):
            found |= set(inputs.files()) if inputs else set()
    return found


def _source_changes(closures: Iterable[tuple[Closure, SourceClosure]]) -> list[str]:
    names: dict[str, None] = {}
    seen = Distributions()
    for closure, source in closures:
        try:
            now = source_of(*closure, seen)
        except (UserError, OSError, ValueError):
            names.setdefault(closure[0])
            continue
        modules = source.digests.keys() | now.digests.keys()
        names |= dict.fromkeys(n for n in sorted(modules) if source.digests.get(n) != now.digests.get(n))
        was, found = ({d.name: d.digest for d in each.distributions} for each in (source, now))
        names |= dict.fromkeys(n for n in sorted(was.keys() | found.keys()) if was.get(n) != found.get(n))
    if not names:
        return []
    return [f"changed while the run went on, though trials depend on it: {_few(list(names))}"]


def _names(files: Sequence[Path], folder: Path) -> str:
    return _few([str(file.relative_to(folder)) for file in files])


def _few(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {more} more" if more > 0 else "")
