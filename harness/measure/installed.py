"""Which installed distribution a file belongs to, and which distributions lie beneath it.

`importlib.metadata` does the same through `email`, at several times the cost; here a closure with JAX and
scikit-learn beneath takes a few milliseconds.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from harness.measure.modules import site_root


@dataclass(frozen=True)
class Distribution:
    """An installed distribution: its version, and a digest of the files that it installed."""

    name: str
    version: str
    digest: str


def owner(file: str) -> str:
    """The folder of metadata (`*.dist-info`) whose RECORD lists `file`; `file` itself where none does."""
    root = site_root(file)
    inside = os.path.relpath(file, root).replace(os.sep, "/")
    folders = _folders(root)
    guess = folders.get(_normal(inside.partition("/")[0].removesuffix(".py")))
    for folder in [guess] if guess else []:
        if _lists(folder, inside):
            return folder
    return next((folder for folder in folders.values() if _lists(folder, inside)), file)


def beneath(owners: Iterable[str]) -> tuple[Distribution, ...]:
    """These distributions and all that they require and that is installed, sorted by name.

    Extras do not count, unless they are plugins of JAX: what computes is then in the plugin.
    """
    every = {name: folder for root in reversed(_roots()) for name, folder in _folders(root).items()}
    todo, seen = list(owners), set[str]()
    while todo:
        folder = todo.pop()
        if folder in seen:
            continue
        seen.add(folder)
        distribution, requirements = _read(folder, _stamp(folder))
        todo += [every[name] for name in requirements if name in every]
        if _normal(distribution.name) == "jax":
            todo += [path for name, path in every.items() if _is_plugin(name)]
    found = {_read(folder, _stamp(folder))[0] for folder in seen}
    return tuple(sorted(found, key=lambda distribution: (_normal(distribution.name), distribution.digest)))


def has_jax_plugin() -> bool:
    """Whether anything is installed that gives JAX a device other than the CPU."""
    for root in _roots():
        if os.path.isdir(os.path.join(root, "jax_plugins")):
            return True
        for name, folder in _folders(root).items():
            if _is_plugin(name) or "[jax_plugins]" in _text(os.path.join(folder, "entry_points.txt")):
                return True
    return False


def metadata_folders() -> list[str]:
    """The metadata folder (`*.dist-info`) of each installed distribution."""
    return [folder for root in _roots() for folder in _folders(root).values()]


def _is_plugin(name: str) -> bool:
    return name == "libtpu" or re.fullmatch(r"jax-.*(plugin|pjrt|metal).*", name) is not None


def _roots() -> list[str]:
    return [entry or os.getcwd() for entry in dict.fromkeys(sys.path) if os.path.isdir(entry or ".")]


def _folders(root: str) -> dict[str, str]:
    """Normalised distribution name → metadata folder, for one folder of the path."""
    return _list(root, os.stat(root).st_mtime_ns)


@functools.cache
def _list(root: str, stamp: int) -> dict[str, str]:
    names = [name for name in os.listdir(root) if name.endswith(".dist-info")]
    return {_normal(name.partition("-")[0]): os.path.join(root, name) for name in sorted(names)}


def _lists(folder: str, inside: str) -> bool:
    return f"\n{inside}," in "\n" + _text(os.path.join(folder, "RECORD"))


def _stamp(path: str) -> int:
    return os.stat(path).st_mtime_ns


@functools.cache
def _read(folder: str, stamp: int) -> tuple[Distribution, tuple[str, ...]]:
    """A distribution and the normalised names that it requires outside its extras."""
    if not folder.endswith(".dist-info"):  # a file without a RECORD: it stands for itself
        with open(folder, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        return Distribution(os.path.basename(folder), "unknown", digest), ()
    requirements = []
    for line in _text(os.path.join(folder, "METADATA")).partition("\n\n")[0].splitlines():
        field, _, text = line.partition(": ")
        required = re.match(r"[A-Za-z0-9._-]+", text)
        if field == "Requires-Dist" and required and not re.search(r";.*\bextra\b", text):
            requirements.append(_normal(required[0]))
    name, version = os.path.basename(folder).removesuffix(".dist-info").rsplit("-", 1)
    return Distribution(name, version, _record_digest(folder)), tuple(requirements)


def _record_digest(folder: str) -> str:
    """Of the installed files only: installers differ in scripts, bytecode and their own notes."""
    lines = _text(os.path.join(folder, "RECORD")).splitlines()
    kept = [line for line in lines if not re.search(r"^\.\./|\.dist-info/|\.pyc,", line)]
    return hashlib.sha256("\n".join(sorted(kept)).encode()).hexdigest()


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
