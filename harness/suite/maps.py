"""Reading `[maps.ID]`: which claims' boundaries are measured together, along which axes, for how long."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Annotated, Any

import msgspec

from harness.suite.errors import shown
from harness.suite.reader import Table
from harness.suite.records import BoundaryMap, Claim
from harness.text import duration

KIND = "boundary"
"""The predicate that a map is made of: it says along which axis points are chosen."""
MOST_CLAIMS = 12
"""Claims in a map: a figure of more is not read."""

_ClaimIds = Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=MOST_CLAIMS)]
_CLAIMS = f"the id of a claim, or a list of at most {MOST_CLAIMS}"
_AXES = "a list of two or three axes, the boundaries' own first"
_TIME = 'a duration such as "50 min"'


def read_maps(
    top: Table, document: Mapping[str, Any], claims: Mapping[str, Claim]
) -> Mapping[str, BoundaryMap]:
    """The maps of a suite, by id; `claims` are those that could be read, of all in the `document`."""
    stated = document.get("claims")
    ids = stated.keys() if isinstance(stated, dict) else ()
    owners: dict[str, str] = {}
    found = {}
    for id_, table in top.tables("maps").items():
        if (read := _map(id_, table, ids, claims, owners)) is not None:
            found[id_] = read
    return found


def _map(
    id_: str, table: Table, ids: Collection[str], claims: Mapping[str, Claim], owners: dict[str, str]
) -> BoundaryMap | None:
    notes, path = table.notes, table.path
    title = table.take("title", str)
    names = _claim_ids(table)
    axes = table.take(
        "axes", Annotated[tuple[str, ...], msgspec.Meta(min_length=2, max_length=3)], expected=_AXES
    )
    seconds = _seconds(table)
    table.close()
    known = True
    for name in names:
        known &= notes.name((*path, "claim"), name, ids)
        if owners.setdefault(name, id_) != id_:
            notes.add(
                (*path, "claim"), f"a claim that no other map has: `{owners[name]}` has it", f"`{name}`"
            )
    if not names or not known or axes is None or any(name not in claims for name in names):
        return None  # what is wrong with the claims themselves has been said
    before = len(notes.mistakes)
    for name in names:
        if len(notes.mistakes) == before:  # once, however many claims it is wrong for
            _check_axes(table, claims[name], axes)
    return BoundaryMap(id_, title or "", tuple(names), axes, seconds)


def _claim_ids(table: Table) -> tuple[str, ...]:
    """The claims' ids; none, with a note, where they cannot be read."""
    read: str | tuple[str, ...] | None = table.take("claim", str | _ClaimIds, expected=_CLAIMS)
    names = () if read is None else (read,) if isinstance(read, str) else read
    twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
    if twice is not None:
        table.notes.add((*table.path, "claim"), "each claim once", f"`{twice}` twice")
    return tuple(dict.fromkeys(names))


def _seconds(table: Table) -> float:
    text = table.take("time-budget", str, None, expected=_TIME)
    if text is None:
        return math.inf
    try:
        return duration(text)
    except ValueError:
        table.notes.add((*table.path, "time-budget"), _TIME, shown(text))
        return math.inf


def _check_axes(table: Table, claim: Claim, axes: tuple[str, ...]) -> None:
    """The first axis is that along which the claim's boundary lies, the others are swept."""
    notes, path = table.notes, table.path
    if claim.predicate.kind != KIND:
        expected = f"a claim with `{KIND}`, which says along which axis points are chosen"
        notes.add((*path, "claim"), expected, f"`{claim.id}`, with `{claim.predicate.kind}`")
        return
    along = claim.predicate.axis
    if axes[0] != along:
        notes.add(
            (*path, "axes", 0), f"`{along}`, along which the boundary of `{claim.id}` lies", shown(axes[0])
        )
        return
    swept = [axis for axis in claim.experiment.axes if axis != along]
    for place, axis in enumerate(axes[1:], 1):
        if axis in axes[:place]:
            notes.add((*path, "axes", place), "each axis once", f"`{axis}` twice")
        elif not swept:
            expected = f"an axis that the experiment of `{claim.id}` sweeps"
            notes.add((*path, "axes", place), expected, f"{shown(axis)}, and it sweeps none but `{along}`")
        else:
            notes.name((*path, "axes", place), axis, swept)
