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

from harness.measure.digests import digest_of, stamp_of
from harness.measure.parsing import archive_of, imported_names
from harness.measure.record_files import (
    INFO,
    Metadata,
    edits,
    normalised_name,
    package_files,
    python_texts,
    read_metadata,
    read_text,
)
from harness.whose import site_root

_INSTALLERS = ("__editable__", "distutils-precedence", "_virtualenv")


@dataclass(frozen=True)
class Distribution:
    """An installed distribution: its version, and a digest of the files that it installed."""

    name: str
    version: str
    digest: str


def owner(file: str) -> str:
    """The folder of metadata (`*.dist-info`) whose RECORD lists `file`.

    Where none does: the archive that holds the file, its outermost package, or the file itself.
    """
    if archive := archive_of(file):
        return archive
    root = site_root(file)
    inside = os.path.relpath(file, root).replace(os.sep, "/")
    folders = _folders(root)
    guess = folders.get(normalised_name(inside.partition("/")[0].removesuffix(".py")))
    for folder in [guess] if guess else []:
        if _lists(folder, inside):
            return folder
    found = next((folder for folder in folders.values() if _lists(folder, inside)), "")
    return found or _package(root, inside) or file


class Distributions:
    """What the installed distributions are, each looked at once."""

    def __init__(self) -> None:
        self._found: dict[str, Distribution] = {}
        self._imports: dict[str, tuple[str, ...]] = {}

    def distributions(self, folders: Iterable[str]) -> tuple[Distribution, ...]:
        """The distributions, sorted by name; what was edited since it was installed is part of the digest."""
        for folder in folders:
            if folder not in self._found:
                self._found[folder] = _unrecorded(folder) or _with_edits(folder)
        found = {self._found[folder] for folder in folders}
        return tuple(
            sorted(found, key=lambda distribution: (normalised_name(distribution.name), distribution.digest))
        )

    def imports(self, folder: str) -> tuple[str, ...]:
        """What is imported by modules without metadata, which would name requirements; else ()."""
        if folder not in self._imports:
            names: set[str] = set()
            if not folder.endswith(INFO):
                for text in python_texts(folder):
                    names |= imported_names(text)
            self._imports[folder] = tuple(sorted(names))
        return self._imports[folder]


def beneath(owners: Iterable[str]) -> set[str]:
    """The folders of metadata of these distributions and of all that they require and that is installed.

    An extra counts where one of them asks for it, and so do plugins of JAX and all that these may use: what
    computes is then there.
    """
    every = {name: folder for root in reversed(_roots()) for name, folder in _folders(root).items()}
    todo = [(folder, "") for folder in owners]  # each with an extra of it, or ''
    found = set[tuple[str, str]]()
    while todo:
        folder, extra = todo.pop()
        if (folder, extra) in found:
            continue
        found.add((folder, extra))
        if not folder.endswith(INFO):
            continue
        metadata = _metadata(folder)
        name = normalised_name(metadata.name)
        for each in metadata.requires:
            if each.extra == extra:
                folders = [every[each.name]] if each.name in every else _without_metadata(each.name)
                todo += [(path, asked) for path in folders for asked in ("", *each.extras)]
            elif _is_plugin(name) and each.name in every:  # the vendor's libraries, which do the arithmetic
                todo.append((every[each.name], ""))
        if name == "jax":
            todo += [(path, "") for plugin, path in every.items() if _is_plugin(plugin)]
    return {folder for folder, _ in found}


def foreign(owners: Iterable[str], files: Iterable[str]) -> list[str]:
    """Which files in site-packages belong to no owner: the names of their distributions,
    or the files themselves."""
    used = list(files)
    if not used:
        return []
    folders = list(owners)
    listed = {file.path for folder in folders if folder.endswith(INFO) for file in _metadata(folder).listed}
    found: dict[str, None] = {}
    for file in used:
        if file not in listed and not any(file == f or file.startswith(f + os.sep) for f in folders):
            holder = owner(file)
            found[os.path.basename(holder).removesuffix(INFO) if holder.endswith(INFO) else file] = None
    return list(found)


def startup_lines() -> tuple[list[str], list[str]]:
    """What `.pth` files have Python do whenever it starts: a line for each, and the modules that they import.

    Left out are those that installers write: they lead to folders, which the path has, or mend `distutils`.
    """
    lines, imported = [], set[str]()
    for root in _roots():
        for name, text in _startup(root, os.stat(root).st_mtime_ns):
            stamp = f"{name} {hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()}"
            lines.append(stamp)
            imported |= imported_names(text.encode("utf-8", "surrogateescape"))
    return lines, sorted(imported)


def has_jax_plugin() -> bool:
    """Whether anything is installed that gives JAX a device other than the CPU."""
    for root in _roots():
        if os.path.isdir(os.path.join(root, "jax_plugins")):
            return True
        for name, folder in _folders(root).items():
            if _is_plugin(name) or "[jax_plugins]" in read_text(os.path.join(folder, "entry_points.txt")):
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


def _startup(root: str, stamp: int) -> list[tuple[str, str]]:
    """The names of `.pth` files of a folder whose lines run code, each with these lines."""
    found = []
    for name in _pth_files(root, stamp):
        text = read_text(os.path.join(root, name))
        lines = [line for line in text.splitlines() if line.startswith(("import ", "import\t"))]
        found += [(name, "\n".join(lines))] if lines else []
    return found


@functools.cache
def _pth_files(root: str, stamp: int) -> list[str]:
    if os.path.basename(root) not in ("site-packages", "dist-packages"):
        return []
    return [n for n in _names(root, stamp) if n.endswith(".pth") and not n.startswith(_INSTALLERS)]


@functools.cache
def _list(root: str, stamp: int) -> dict[str, str]:
    names = [name for name in _names(root, stamp) if name.endswith(".dist-info")]
    return {normalised_name(name.partition("-")[0]): os.path.join(root, name) for name in names}


def _lists(folder: str, inside: str) -> bool:
    return f"\n{inside}," in "\n" + read_text(os.path.join(folder, "RECORD"))


def _metadata(folder: str) -> Metadata:
    stamps = (stamp_of(os.path.join(folder, name)) for name in ("METADATA", "RECORD"))
    return read_metadata(folder, tuple(stamps))


def _with_edits(folder: str) -> Distribution:
    metadata = _metadata(folder)
    edited = edits(metadata)
    if not metadata.listed:  # no RECORD, as some systems' own packages have none
        tops = read_text(os.path.join(folder, "top_level.txt")).split()
        tops = tops or [normalised_name(metadata.name).replace("-", "_")]
        paths = [path for top in tops for path in _modules(os.path.dirname(folder), top)]
        edited = [f"{path.digest} {path.name}" for path in filter(None, map(_unrecorded, paths))]
    text = "\n".join([metadata.digest, *edited])
    digest = hashlib.sha256(text.encode()).hexdigest() if edited else metadata.digest
    return Distribution(metadata.name, metadata.version, digest)


def _without_metadata(name: str) -> list[str]:
    """The packages and modules of a distribution that has no `*.dist-info`, as far as they can be guessed."""
    for root in _roots():
        if site_root(os.path.join(root, "")):
            stamp = os.stat(root).st_mtime_ns
            info = _eggs(root, stamp).get(name, "")
            tops = read_text(os.path.join(root, info, "top_level.txt")).split() if info else []
            if found := [path for top in tops or [name.replace("-", "_")] for path in _modules(root, top)]:
                return found
    return []


@functools.cache
def _eggs(root: str, stamp: int) -> dict[str, str]:
    names = [name for name in _names(root, stamp) if name.endswith(".egg-info")]
    return {normalised_name(name.removesuffix(".egg-info").partition("-")[0]): name for name in names}


def _modules(root: str, top: str) -> list[str]:
    """The package or modules of that name in a folder."""
    if os.path.isdir(package := os.path.join(root, top)):
        return [package]
    names = _names(root, os.stat(root).st_mtime_ns)
    return [os.path.join(root, name) for name in names if name.partition(".")[0] == top]


@functools.cache
def _names(root: str, stamp: int) -> list[str]:
    return sorted(os.listdir(root))


def _unrecorded(path: str) -> Distribution | None:
    """What stands for itself: an archive, a package or a module that no RECORD lists."""
    if path.endswith(INFO):
        return None
    files = {name: digest_of(file) for name, file in package_files(path)}
    digest = hashlib.sha256("\n".join(f"{n} {d}" for n, d in sorted(files.items())).encode()).hexdigest()
    return Distribution(os.path.basename(path), "unknown", digest)


def _package(root: str, inside: str) -> str:
    """The outermost regular package of a site-packages folder that holds a file; '' if none does."""
    folder = root
    for part in inside.split("/")[:-1]:
        folder = os.path.join(folder, part)
        if os.path.isfile(os.path.join(folder, "__init__.py")):
            return folder
    return ""
