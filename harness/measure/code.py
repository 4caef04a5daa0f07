"""Whose code a trial runs: the distributions of its experiment and of what its parameters name.

A worker serves the code of one such set, so that what one project does to a process cannot reach another's
trials. Source that belongs to no distribution counts as the folder that it is imported from.
"""

from __future__ import annotations

import functools
import json
import os
from urllib.parse import unquote, urlsplit

from harness.declare.registry import module_of
from harness.measure.installed import metadata_folders, owner
from harness.measure.modules import OWN, Finder, Located


def modules_of(run: str, named: tuple[str, ...]) -> tuple[str, ...]:
    """The module of the experiment, and those that parameters name (`roots`). Raises
    `UnknownExperimentError`."""
    return tuple(sorted({module_of(run), *named}))


def code_of(modules: tuple[str, ...]) -> tuple[str, ...]:
    """The distributions or folders that hold the modules, sorted."""
    finder = Finder()
    return tuple(sorted({_holder(finder, name) for name in modules}))


def _holder(finder: Finder, name: str) -> str:
    if name.partition(".")[0] == OWN:
        return OWN
    located = finder.find(name)
    if located is None:
        return name
    if located.kind == "installed":
        return _name(owner(located.file))
    place = located.file or located.locations[0]
    return _editable(os.path.realpath(place)) or _folder(located)


def _name(folder: str) -> str:
    """The name of the distribution whose metadata lie in `folder`."""
    return os.path.basename(folder).partition("-")[0].lower()


def _editable(file: str) -> str:
    """The name of the distribution that is installed in editable form from a folder around `file`, or ''."""
    around = [(len(root), name) for root, name in _projects() if file.startswith(root + os.sep)]
    return max(around)[1] if around else ""


def _projects() -> list[tuple[str, str]]:
    """The folders of editable installs, each with the name of its distribution."""
    found = [_project(folder, os.stat(folder).st_mtime_ns) for folder in metadata_folders()]
    return [project for project in found if project is not None]


@functools.cache
def _project(folder: str, stamp: int) -> tuple[str, str] | None:
    try:
        with open(os.path.join(folder, "direct_url.json"), encoding="utf-8") as file:
            origin = json.load(file)
        place = urlsplit(origin["url"])
        if place.scheme != "file" or not origin["dir_info"]["editable"]:
            return None
        return os.path.realpath(unquote(place.path)), _name(folder)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _folder(located: Located) -> str:
    """The folder on the path from which a module is imported."""
    place = located.locations[0] if located.is_package and located.locations else located.file
    for _ in located.name.split("."):
        place = os.path.dirname(place)
    return os.path.realpath(place)
