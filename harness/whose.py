"""Whose a file of Python is: the standard library's, an installed package's, or somebody's own source."""

from __future__ import annotations

import functools
import os
import sysconfig

_INSTALLED = ("site-packages", "dist-packages")
"""Folders of installed packages, also those of another interpreter's environment."""


def site_root(file: str) -> str:
    """The folder of installed packages that holds the file, or ''."""
    for root in _folders("purelib", "platlib"):
        if file.startswith(root):
            return root.rstrip(os.sep)
    for folder in _INSTALLED:
        head, found, _ = file.rpartition(f"{os.sep}{folder}{os.sep}")
        if found:
            return os.path.join(head, folder)
    return ""


def is_standard(file: str) -> bool:
    """Whether the standard library has the file. Installed packages may lie in its folder."""
    return file.startswith(standard_folders()) and not site_root(file)


def standard_folders() -> tuple[str, ...]:
    """The folders of the standard library, as Python names them and without links; each ends in `/`."""
    return _folders("stdlib", "platstdlib")


@functools.cache
def _folders(*names: str) -> tuple[str, ...]:
    paths = [path for name in names for path in (sysconfig.get_path(name), _real(name))]
    return tuple(dict.fromkeys(path.rstrip(os.sep) + os.sep for path in paths))


def _real(name: str) -> str:
    return os.path.realpath(sysconfig.get_path(name))
