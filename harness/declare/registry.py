"""From the name in a suite's `run` to a declaration.

Two kinds of name: `ntk.regression` is an experiment of this package, found as the module
`harness/ntk/experiments/regression.py`, and `ntk.gram-solve` a benchmark of it, in
`harness/ntk/benchmarks/gram_solve.py`; `package.module:function` is anybody's.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from types import ModuleType

from harness.declare.blame import summary
from harness.declare.declaration import Declaration
from harness.errors import UserError

REFERENCE = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"
"""The pattern of `package.module:function`."""
IMPORTABLE = "a module that worker processes can import"
_EXPERIMENTS = {"ntk": "harness.ntk.experiments"}
_BENCHMARKS = {"ntk": "harness.ntk.benchmarks", "engine": "harness.benchmarks"}


class UnknownExperimentError(UserError, LookupError):
    """No experiment or benchmark has this name, or the named function cannot be imported or is neither."""


class ImportFailedError(UnknownExperimentError):
    """The module of an experiment or benchmark cannot be imported."""


def is_reference(text: object) -> bool:
    """Whether `text` has the form `package.module:function`."""
    return isinstance(text, str) and re.fullmatch(REFERENCE, text) is not None


def names_main(reference: object) -> bool:
    """Whether a `package.module:function` is one of `__main__`, which is another program in every process."""
    return is_reference(reference) and str(reference).partition(":")[0].partition(".")[0] == "__main__"


def whence(module: ModuleType) -> str:
    """Which file a module came from, and which of the same name in the current folder it hides."""
    file = getattr(module, "__file__", None)
    if not file:
        return ""
    path = Path(*module.__name__.split("."))
    here = [Path.cwd() / each for each in (path.with_suffix(".py"), path / "__init__.py")]
    hidden = [each for each in here if each.is_file() and not each.samefile(file)]
    return f" in {file}" + "".join(f", which hides {each}: rename one of them" for each in hidden[:1])


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
    if names_main(name):
        raise UnknownExperimentError(f"{name!r}: expected {IMPORTABLE}, found __main__")
    try:
        module = importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # whatever a module of the user's may do when it is imported
        found = f"importing {module_name} failed: {import_failure(error)}"
        raise ImportFailedError(f"{name!r}: {found}") from error
    if is_reference(name):
        function = getattr(module, name.partition(":")[2], None)
        declaration = getattr(function, "__harness_declaration__", None)
        if not isinstance(declaration, Declaration):
            found = "nothing of that name" if function is None else f"a {type(function).__name__} without it"
            expected = "a function decorated with @experiment or @benchmark"
            raise UnknownExperimentError(f"{name!r}: expected {expected}, found {found}{whence(module)}")
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
    return summary(error)
