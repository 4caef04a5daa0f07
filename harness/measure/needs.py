"""Which packages of others an experiment can import, installed or not; imports none of them."""

from __future__ import annotations

import functools
import re
import sys
from importlib import metadata, util

from harness.measure.digests import stamp_of
from harness.measure.fingerprint import roots, steps_to, targets_of
from harness.measure.modules import OWN, Finder
from harness.measure.parsing import archive_of, parse
from harness.questions import TrialParams
from harness.shipped import DISTRIBUTION

_CALLED = {"sklearn": "scikit-learn", "dask": "distributed"}  # of others, `_` is `-`
_LATER = {"annotationlib"}  # in the standard library of a later Python


def needs_of(module: str, params: TrialParams) -> dict[str, bool]:
    """The distributions that a module's source can import, beyond what this package requires.

    Of each, by its name, whether it is installed. params: what the experiment is given; it may name modules.
    """
    found: dict[str, bool] = {}
    for name in _outside((module, *roots(params))):
        called = _CALLED.get(name, name.replace("_", "-"))
        if called not in _required():
            found[called] = util.find_spec(name) is not None
    return dict(sorted(found.items()))


@functools.cache
def _outside(modules: tuple[str, ...]) -> frozenset[str]:
    """The packages outside of this one and the standard library that the source of modules imports."""
    finder, todo, seen = Finder(), list(modules), set[str]()
    found: set[str] = set()
    while todo:
        for located in steps_to(todo.pop(), finder):
            if located.kind != "source" or located.name in seen:
                continue
            seen.add(located.name)
            targets = targets_of(
                located, parse(located.file, stamp_of(archive_of(located.file) or located.file))
            )
            found.update(target.partition(".")[0] for target in targets)
            todo += targets
    return frozenset(found - sys.stdlib_module_names - _LATER - {OWN})


@functools.cache
def _required() -> frozenset[str]:
    """What this package requires without an extra, as its metadata says; nothing without metadata."""
    try:
        listed = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return frozenset()
    plain = [text for text in listed if not re.search(r";.*\bextra\b", text)]
    return frozenset(re.split(r"[^A-Za-z0-9._-]", text, maxsplit=1)[0].lower() for text in plain)
