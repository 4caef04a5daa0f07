"""Whose a file is, wherever Python and its packages lie."""

from __future__ import annotations

import json
import os
import sysconfig

import click
import pytest

from harness.whose import is_standard, site_root, standard_folders


def test_the_standard_library_and_what_is_installed_are_told_apart() -> None:
    assert is_standard(json.__file__)
    assert not site_root(json.__file__)
    assert site_root(click.__file__) == sysconfig.get_path("purelib")
    assert not is_standard(click.__file__)
    assert not is_standard(__file__)
    assert not site_root(__file__)


@pytest.mark.parametrize("folder", ["site-packages", "dist-packages"])
def test_packages_below_the_standard_library_are_installed(folder: str) -> None:
    """As where a Python has no virtual environment, and as in another interpreter's environment."""
    for above in (*standard_folders(), "/opt/env/lib/"):
        file = os.path.join(above, folder, "library", "__init__.py")
        assert site_root(file) == os.path.join(above, folder)
        assert not is_standard(file)
