"""From the name in a suite's `run` to a declaration.

Two kinds of name: `ntk.regression` is an experiment of this package, found as the module
`harness/ntk/experiments/regression.py`, and `ntk.gram-solve` a benchmark of it, in
`harness/ntk/benchmarks/gram_solve.py`; `package.module:function` is anybody's.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path

from harness.declare.declaration import Declaration
from harness.errors import UserError

REFERENCE = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"
"""The pattern of `package.module:function`."""
_EXPERIMENTS = {"ntk": "harness.ntk.experiments"}
_BENCHMARKS = {"ntk": "harness.ntk.benchmarks", "engine": "harness.benchmarks"}


class UnknownExperimentError(UserError, LookupError):
    """No experiment or benchmark has this name, or the named function cannot be imported or is neither."""


def is_reference(text: object) -> bool:
    """Whether `text` has the form `package.module:function`."""
    return isinstance(text, str) and re.fullmatch(REFERENCE, text) is not None


def module_of(name: str) -> str:
    """The module that declares the experiment or benchmark `name`. Raises `UnknownExperimentError`."""
    if is_reference(name):
        return name.partition(":")[0]
    family, _, rest = name.partition(".")
    for packages in (_EXPERIMENTS, _BENCHMARKS):
        if name in _names(packages):
            return f"{packages[family]}.{rest.replace('-', '_')}"
    raise UnknownExperimentError(f"no experiment or benchmark is called {name!r}")


def experiment_names() -> list[str]:
    """Names of the experiments that come with the package, without importing any."""
    return _names(_EXPERIMENTS)


def benchmark_names() -> list[str]:
    """Names of the benchmarks that come with the package, without importing any."""
    return _names(_BENCHMARKS)


def _names(packages: dict[str, str]) -> list[str]:
    root = Path(__file__).parents[2]
    return sorted(
        f"{family}.{path.stem.replace('_', '-')}"
        for family, package in packages.items()
        for path in root.joinpath(*package.split(".")).glob("[a-z]*.py")
    )


def find(name: str) -> Declaration:
    """The declaration of the experiment or benchmark `name`; imports its module.

    Raises `UnknownExperimentError`.
    """
    module_name = module_of(name)
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever a module of the user's may do when it is imported
        found = f"importing {module_name} failed: {import_failure(error)}"
        raise UnknownExperimentError(f"{name!r}: {found}") from error
    if is_reference(name):
        function = getattr(module, name.partition(":")[2], None)
        declaration = getattr(function, "__harness_declaration__", None)
        if not isinstance(declaration, Declaration):
            found = "nothing of that name" if function is None else f"a {type(function).__name__} without it"
            expected = "a function decorated with @experiment or @benchmark"
            raise UnknownExperimentError(f"{name!r}: expected {expected}, found {found}")
        return declaration
    for item in vars(module).values():
        declaration = getattr(item, "__harness_declaration__", None)
        if isinstance(declaration, Declaration) and declaration.name == name:
            return declaration
    raise UnknownExperimentError(f"{name!r}: {module_name} declares nothing of that name")


def import_failure(error: BaseException) -> str:
    """What went wrong when a module was imported, and where in its code."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error} (looked for in {Path.cwd()} and among what is installed)"
    if isinstance(error, ImportError):
        return str(error)
    import traceback

    place = ""
    ours = Path(__file__).parents[1]
    for frame in traceback.extract_tb(error.__traceback__):
        if not frame.filename.startswith("<") and not Path(frame.filename).is_relative_to(ours):
            place = f" ({frame.filename}, line {frame.lineno})"
    return f"{type(error).__name__}: {error}{'' if isinstance(error, SyntaxError) else place}"
