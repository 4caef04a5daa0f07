"""To which suite a record belongs, if its name does not say it: two files of one name, one file of two names.

A suite is known by its name and its *place* (`SuiteRecord.place`). Records of one name from two places are of

    one suite    if the two files never were there at the same time: the file was moved
    two suites   otherwise; ids then begin with the place instead of the name, as FILE::ID targets do

A suite from an installed package has the place @NAME. In this project's own repository that is the file
there; elsewhere a file of that name is another suite.

A file that has a `name` today was known by its stem before: its older records are found under the new name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from harness.errors import UserError
from harness.git import git, toplevel
from harness.history.archive import Head, SuiteHead
from harness.report.place import typed_place
from harness.report.record import CommitRecord, Record, SuiteRecord
from harness.shipped import at_place, settled
from harness.suite.names import name_in, namesakes
from harness.suite.reader import ID
from harness.text import printable


@dataclass(frozen=True)
class NamedSuite:
    """A suite as one record names it, and the commit of that record."""

    suite: SuiteHead | SuiteRecord
    commit: CommitRecord | None


def seen_in(record: Record | Head) -> list[NamedSuite]:
    """The suites that a record names."""
    return [NamedSuite(suite, record.commit) for suite in record.suites]


@dataclass(frozen=True)
class Names:
    """The names of suites in reports about many records. `identify` makes it."""

    top: Path
    """The folder to which places are relative."""
    called: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By recorded name and place: the name, or the place if several suites have that name."""
    notes: tuple[str, ...] = ()

    def of(self, suite: SuiteHead | SuiteRecord) -> str:
        """The name of a record's suite."""
        return self.called.get((suite.name, _place(suite, self.top)), suite.name)

    @staticmethod
    def id(name: str, local: str) -> str:
        """The id of an instance, `claim[axis=label,…]` in its suite, if the suite has this name."""
        return f"{name}/{local}" if ID.fullmatch(name) else f"{name}::{local}"

    def renamed(self, record: Record) -> Record:
        """The record with the current names of its suites, and of their instances and claims."""
        called = {suite.name: self.of(suite) for suite in record.suites}
        if all(was == now for was, now in called.items()):
            return record
        suites = tuple(replace(suite, name=called[suite.name]) for suite in record.suites)
        instances = []
        for instance in record.instances:
            name = called.get(instance.suite, instance.suite)
            instances.append(replace(instance, suite=name, id=self.id(name, instance.local_id)))
        claims = []
        for claim in record.claims:
            name = called.get(claim.suite, claim.suite)
            claims.append(replace(claim, suite=name, id=self.id(name, claim.claim)))
        return replace(record, suites=suites, instances=tuple(instances), claims=tuple(claims))


def identify(seen: Sequence[NamedSuite], repository: Path) -> Names:
    """Distinguish and match the suites that records name; oldest first."""
    top = _top(repository)
    newest = {_place(each.suite, top): each.suite.name for each in seen}
    today = {place: name_in(at_place(place, top)) for place in newest}
    called: dict[tuple[str, str], str] = {}
    commits: dict[str, dict[str, set[str]]] = {}
    for each in seen:
        name, place = each.suite.name, _place(each.suite, top)
        if name == PurePosixPath(place).stem:
            called[name, place] = today[place] or newest[place]
        else:
            called[name, place] = name
        places = commits.setdefault(called[name, place], {})
        hashes = places.pop(place, set())  # moves a place that was seen last to the end
        places[place] = hashes | ({each.commit.hash} if each.commit else set())
    notes = []
    for name, places in commits.items():
        suites = _told_apart(places, _trees(repository, places, today, name)) if len(places) > 1 else []
        if len(suites) > 1:
            holders = [suite for suite in suites if any(today[place] == name for place in suite)]
            notes.append(_note(name, suites, holders, top))
            if len(holders) == 1:
                suites.remove(holders[0])  # it keeps the name
            shown = {place: printable(suite[-1]) for suite in suites for place in suite}
            called |= {key: shown.get(key[1], name) for key, found in called.items() if found == name}
    return Names(top, called, tuple(notes))


def _note(name: str, suites: Sequence[Sequence[str]], holders: Sequence[Sequence[str]], top: Path) -> str:
    if len(holders) > 1:
        said = namesakes(name, *(suite[-1] for suite in holders), root=top)
        return f"{said}; until then ids begin with the file here"
    places = " and ".join(printable(suite[-1]) for suite in suites)
    others = ", ".join(printable(suite[-1]) for suite in suites if suite not in holders)
    return f"two suites were named {name}, {places}: here, the ids of {others} begin with the file"


def _place(suite: SuiteHead | SuiteRecord, top: Path) -> str:
    return settled(suite.place, top) if suite.place else typed_place(suite.path, top)


def _top(repository: Path) -> Path:
    try:
        return toplevel(repository).resolve()
    except UserError:
        return repository.resolve()


def _told_apart(places: Iterable[str], trees: Sequence[frozenset[str]]) -> list[list[str]]:
    """The places of each suite, oldest first: places that never were in one tree belong together."""
    suites: list[list[str]] = []
    for place in reversed(list(places)):
        for suite in suites:
            if not any({place, other} <= tree for tree in trees for other in suite):
                suite.insert(0, place)
                break
        else:
            suites.insert(0, [place])
    return suites


def _trees(
    repository: Path, places: Mapping[str, set[str]], today: Mapping[str, str | None], name: str
) -> list[frozenset[str]]:
    """Which of the places had a file, at each commit of the records, and which have one of this name now."""
    trees = [frozenset(place for place in places if today[place] == name)]
    lines = {
        f"{commit}:{place}": (commit, place)
        for commit in sorted(set().union(*places.values()))
        for place in places
        if "\n" not in place
    }
    try:
        asked = git(repository, "cat-file", "--batch-check=%(objecttype)", stdin="\n".join(lines))
    except (UserError, UnicodeError):
        return trees
    found: dict[str, set[str]] = {}
    for (commit, place), line in zip(lines.values(), asked.splitlines(), strict=False):
        if line == b"blob":
            found.setdefault(commit, set()).add(place)
    return [*trees, *map(frozenset, found.values())]
