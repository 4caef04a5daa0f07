"""Finds the declaration of the name in a suite's `run` or `model`.

There are two kinds of names. Names of this package: `ntk.regression` is an experiment, found as the module
`harness/ntk/experiments/regression.py`; `ntk.gram-solve` a benchmark, in
`harness/ntk/benchmarks/gram_solve.py`; `fully-connected` a model, in `harness/ntk/models/fully_connected.py`.
All other names are `package.module:function`.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import inspect
import re
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from harness.declare.blame import one_line
from harness.declare.declaration import Declaration, declare_model
from harness.declare.parameters import DeclarationError, Kind
from harness.errors import UserError

REFERENCE = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*"
"""The pattern of `package.module:function`."""
IMPORTABLE = "a module that worker processes can import"
AN: Mapping[Kind, str] = {"experiment": "an experiment", "benchmark": "a benchmark", "model": "a model"}
_EXPERIMENTS = {"ntk": "harness.ntk.experiments"}
BENCHMARKS = {"ntk": "harness.ntk.benchmarks", "engine": "harness.benchmarks"}
_MODELS = "harness.ntk.models"


class UnknownExperimentError(UserError, LookupError):
    """No experiment, benchmark or model has this name.

    Or the named function cannot be imported, or is not an experiment, benchmark or model.
    """


class ImportFailedError(UnknownExperimentError):
    """The module of an experiment, a benchmark or a model cannot be imported."""


def is_reference(text: object) -> bool:
    """Whether `text` has the form `package.module:function`."""
    return isinstance(text, str) and re.fullmatch(REFERENCE, text) is not None


def names_main(reference: object) -> bool:
    """Whether a `package.module:function` is in `__main__`, which is another program in every process."""
    return is_reference(reference) and str(reference).partition(":")[0].partition(".")[0] == "__main__"


def whence(module: ModuleType) -> str:
    """The file from which a module came, and the one of the same name in the current folder that it hides."""
    file = getattr(module, "__file__", None)
    if not file:
        return ""
    path = Path(*module.__name__.split("."))
    here = [Path.cwd() / each for each in (path.with_suffix(".py"), path / "__init__.py")]
    hidden = [each for each in here if each.is_file() and not each.samefile(file)]
    return f" in {file}" + "".join(f", which hides {each}: rename one of them" for each in hidden[:1])


def module_of(name: str) -> str:
    """The module that declares the experiment, benchmark or model `name`. Raises `UnknownExperimentError`."""
    if is_reference(name):
        return name.partition(":")[0]
    family, _, rest = name.partition(".")
    for packages in (_EXPERIMENTS, BENCHMARKS):
        if name in _names(packages):
            return f"{packages[family]}.{rest.replace('-', '_')}"
    if name in model_names():
        return f"{_MODELS}.{name.replace('-', '_')}"
    raise UnknownExperimentError(f"no experiment or benchmark is called {name!r}, nor is a model")


def experiment_names() -> list[str]:
    """Names of the experiments that come with the package, without importing any."""
    return _names(_EXPERIMENTS)


def benchmark_names() -> list[str]:
    """Names of the benchmarks that come with the package, without importing any."""
    return _names(BENCHMARKS)


def model_names() -> tuple[str, ...]:
    """Names of the models that come with the package, without importing any."""
    return _stems(_MODELS)


def _names(packages: dict[str, str]) -> list[str]:
    return sorted(f"{family}.{stem}" for family, package in packages.items() for stem in _stems(package))


@functools.cache
def _stems(package: str) -> tuple[str, ...]:
    """The names for which the files of a package stand, sorted.

    Read once, because a run asks for them often.
    """
    folder = Path(__file__).parents[2].joinpath(*package.split("."))
    return tuple(sorted(path.stem.replace("_", "-") for path in folder.glob("[a-z]*.py")))


def find(name: str) -> Declaration:
    """The declaration of the experiment, benchmark or model `name`. Imports its module.

    Raises `UnknownExperimentError`.
    """
    module = _module(name)
    if is_reference(name):
        function = getattr(module, name.partition(":")[2], None)
        declaration = getattr(function, "__harness_declaration__", None)
        if not isinstance(declaration, Declaration):
            found = "nothing of that name" if function is None else f"a {type(function).__name__} without it"
            expected = "a function decorated with @experiment, @benchmark or @model"
            raise UnknownExperimentError(f"{name!r}: expected {expected}, found {found}{whence(module)}")
        return declaration
    for item in vars(module).values():
        declaration = getattr(item, "__harness_declaration__", None)
        if isinstance(declaration, Declaration) and declaration.name == name:
            return declaration
    raise UnknownExperimentError(f"{name!r}: {module.__name__} declares nothing of that name")


def find_model(name: str) -> Declaration:
    """The declaration of the model `name`, whose function need not be decorated. Imports its module.

    Raises `UnknownExperimentError`.
    """
    if not is_reference(name):
        return as_model(name, find(name).function)
    module = _module(name)
    try:
        return as_model(name, getattr(module, name.partition(":")[2], None))
    except UnknownExperimentError as error:
        raise UnknownExperimentError(f"{error}{whence(module)}") from None


def find_any(name: str) -> Declaration:
    """The declaration of an experiment, a benchmark or a model, which need not be decorated.

    Raises `UnknownExperimentError`.
    """
    try:
        return find(name)
    except ImportFailedError:
        raise
    except UnknownExperimentError:
        if is_reference(name):
            with contextlib.suppress(UnknownExperimentError):
                return find_model(name)
        raise


def as_model(name: str, function: object) -> Declaration:
    """What a function declares as a model, decorated or not. Raises `UnknownExperimentError`."""
    declaration = getattr(function, "__harness_declaration__", None)
    expected = "a model, a function of keyword parameters"
    if isinstance(declaration, Declaration):
        if declaration.kind != "model":
            raise UnknownExperimentError(f"{name!r}: expected {expected}, found {AN[declaration.kind]}")
        return declaration
    if not callable(function) or not inspect.isfunction(inspect.unwrap(function)):
        found = "nothing of that name" if function is None else f"a {type(function).__name__}"
        raise UnknownExperimentError(f"{name!r}: expected {expected}, found {found}")
    try:
        return declare_model(name, function)
    except DeclarationError as error:
        raise UnknownExperimentError(str(error)) from None


def _module(name: str) -> ModuleType:
    module_name = module_of(name)
    if names_main(name):
        raise UnknownExperimentError(f"{name!r}: expected {IMPORTABLE}, found __main__")
    try:
        return importlib.import_module(module_name)
    except (Exception, SystemExit) as error:  # a user's module may raise anything when it is imported
        found = f"importing {module_name} failed: {import_failure(error)}"
        raise ImportFailedError(f"{name!r}: {found}") from error


def import_failure(error: BaseException) -> str:
    """What went wrong when a module was imported, and where in its code."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error} (looked for in {Path.cwd()} and among what is installed)"
    if isinstance(error, ImportError):
        return str(error)
    return one_line(error)
