"""From the name in a suite's `run` to a declaration.

Two kinds of name: `ntk.regression` is an experiment of this package, found as the module
`harness/ntk/experiments/regression.py`; `package.module:function` is anybody's.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from harness.declare.declaration import Declaration
from harness.errors import UserError

REFERENCE = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"
"""The pattern of `package.module:function`."""
_FAMILIES = {"ntk": "harness.ntk.experiments"}


class UnknownExperimentError(UserError, LookupError):
    """No experiment has this name, or the named function cannot be imported or is not one."""


def is_reference(text: object) -> bool:
    """Whether `text` has the form `package.module:function`."""
    return isinstance(text, str) and re.fullmatch(REFERENCE, text) is not None


def module_of(name: str) -> str:
    """The module that declares the experiment `name`. Raises `UnknownExperimentError`."""
    if is_reference(name):
        return name.partition(":")[0]
    if name not in experiment_names():
        raise UnknownExperimentError(f"no experiment is called {name!r}")
    family, _, rest = name.partition(".")
    return f"{_FAMILIES[family]}.{rest.replace('-', '_')}"


def experiment_names() -> list[str]:
    """Names of the experiments that come with the package, without importing any."""
    root = Path(__file__).parents[2]
    return sorted(
        f"{family}.{path.stem.replace('_', '-')}"
        for family, package in _FAMILIES.items()
        for path in root.joinpath(*package.split(".")).glob("[a-z]*.py")
    )


def find(name: str) -> Declaration:
    """The declaration of the experiment `name`; imports its module. Raises `UnknownExperimentError`."""
    module_name = module_of(name)
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise UnknownExperimentError(f"{name!r}: importing {module_name} failed: {error}") from error
    if is_reference(name):
        function = getattr(module, name.partition(":")[2], None)
        declaration = getattr(function, "__harness_declaration__", None)
        if not isinstance(declaration, Declaration):
            found = "nothing of that name" if function is None else f"a {type(function).__name__} without it"
            expected = "a function decorated with @experiment"
            raise UnknownExperimentError(f"{name!r}: expected {expected}, found {found}")
        return declaration
    for item in vars(module).values():
        declaration = getattr(item, "__harness_declaration__", None)
        if isinstance(declaration, Declaration) and declaration.name == name:
            return declaration
    raise UnknownExperimentError(f"{name!r}: {module_name} declares no experiment of that name")
