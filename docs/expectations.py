"""Count the expectations that suites have changed since they first stated them; write that into findings.md.

    python docs/expectations.py                   # of this repository's suites, into docs/findings.md
    python docs/expectations.py my/suite.toml     # of another suite, printed

Expectations are committed before they are measured; one that is changed later was changed by who had seen
what came out. So each version of a suite that git has is read, and each instance's first expectation is put
beside the one that it has now. Without the whole history (a shallow clone, a folder outside of git) nothing
can be counted, and this says so.
"""

from __future__ import annotations

import math
import sys
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harness.errors import UserError
from harness.git import git, is_shallow, line, repository_above
from harness.report.markdown import escape
from harness.suite import Instance
from harness.suite.load import stated

ROOT = Path(__file__).parents[1]
FINDINGS = ROOT / "docs" / "findings.md"
SUITES = tuple(ROOT / "suites" / f"{name}.toml" for name in ("issues", "derivation", "kernels", "speed"))
BEGIN, END = "<!-- expectations: python docs/expectations.py -->\n", "<!-- end of expectations -->\n"


class NoHistoryError(UserError):
    """The versions of a suite are not all there."""


class Story(NamedTuple):
    """A suite's instances as they are now, and as each was first stated, by id; made by `story`."""

    name: str
    now: dict[str, Instance]
    first: dict[str, Instance]

    @property
    def changed(self) -> list[tuple[Instance, Instance]]:
        """Each instance with another expectation than at first: as it was, and as it is."""
        pairs = [(self.first[id_], instance) for id_, instance in self.now.items()]
        return [(was, now) for was, now in pairs if was.expect != now.expect]


def story(file: Path) -> Story:
    """Read every version of the suite that git has. Raises `NoHistoryError`, and `GitError` of git itself."""
    folder = file.resolve().parent
    if repository_above(folder) is None:
        raise NoHistoryError(f"{file}: expected a suite in git, found a folder outside: it has no history")
    if is_shallow(folder):
        found = "found a shallow clone: `git fetch --unshallow` fetches the rest"
        raise NoHistoryError(f"{file}: expected the suite's whole history, {found}")
    name = file.name
    commits = line(folder, "log", "--format=%H", "--topo-order", "--reverse", "--", name).split()
    first: dict[str, Instance] = {}
    for commit in commits:
        if not line(folder, "ls-tree", "--name-only", commit, "--", name):
            continue  # it was deleted there
        text = git(folder, "show", f"{commit}:./{name}").decode()
        for id_, instance in _instances(text, file.stem).items():
            first.setdefault(id_, instance)
    now = _instances(file.read_text(encoding="utf-8"), file.stem)
    return Story(file.stem, now, {**now, **first})


def _instances(text: str, name: str) -> dict[str, Instance]:
    try:
        return {instance.local_id: instance for instance in stated(text, name)}
    except tomllib.TOMLDecodeError:
        return {}


def section(stories: Sequence[Story]) -> str:
    """How many expectations were changed, and which: from what, to what, why."""
    rows = [_counts(each) for each in stories]
    counted = ("instances", "a verdict expected at first", "changed since", "to open", "to a verdict")
    lines = [_row("suite", *counted), "|---|---|---|---|---|---|", *(_row(*row) for row in rows)]
    groups: dict[tuple[str, str, str, str], list[Instance]] = {}
    for each in stories:
        for was, now in each.changed:
            key = (f"{each.name}/{now.claim.id}", was.expect, now.expect, now.because)
            groups.setdefault(key, []).append(now)
    if groups:
        lines += ["", _row("claim", "at", "instances", "expected at first", "expected now", "because")]
        lines += ["|---|---|---|---|---|---|"]
    for (claim, was_, now_, because), found in groups.items():
        cells = (f"`{claim}`", escape(where(found)), str(len(found)), was_, now_, escape(because))
        lines.append(_row(*cells))
    return "\n".join(lines) + "\n"


def _counts(each: Story) -> tuple[str, ...]:
    became = Counter(now.expect for _, now in each.changed)
    definite = sum(each.first[id_].expect != "open" for id_ in each.now)
    verdicts = sum(became.values()) - became["open"]
    counts = (len(each.now), definite, sum(became.values()), became["open"], verdicts)
    return (f"`{each.name}`", *map(str, counts))


def where(instances: Sequence[Instance]) -> str:
    """The points of the instances, as grids: `data=a/b, width=64`."""
    points = [instance.labels for instance in instances]
    return "; ".join(_grids(points, sorted(points[0]))) or "–"


def _grids(points: Sequence[dict[str, str]], axes: Sequence[str]) -> list[str]:
    """The points as grids: one if they are one, else those of each value of the first axis."""
    labels = {axis: list(dict.fromkeys(point[axis] for point in points)) for axis in axes}
    if math.prod(map(len, labels.values())) == len(points):
        return [", ".join(f"{axis}={'/'.join(values)}" for axis, values in labels.items())] if axes else []
    found = []
    for value in labels[axes[0]]:
        rest = _grids([point for point in points if point[axes[0]] == value], axes[1:])
        found += [f"{axes[0]}={value}, {each}" for each in rest]
    return found


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def written(findings: str, text: str) -> str:
    """The findings with the section between its markers."""
    before, begin, rest = findings.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{FINDINGS}: expected the lines {BEGIN!r} and {END!r}")
    return f"{before}{BEGIN}\n{text}\n{END}{after}"


def main(arguments: Sequence[str]) -> None:
    try:
        text = section([story(Path(file)) for file in arguments or SUITES])
    except UserError as error:
        sys.exit(str(error))
    if arguments:
        print(text, end="")
    else:
        FINDINGS.write_text(written(FINDINGS.read_text(encoding="utf-8"), text), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
