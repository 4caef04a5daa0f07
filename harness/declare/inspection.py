"""Imports and checks functions that suites name, in a separate process.

Importing a user's module runs it: it may change `sys.path`, NumPy or the environment, hold a device, or never
return. Another process imports it, so that neither this process nor those that it starts are affected.

    asked ──▶ a fresh Python: import, look up, perhaps the reference's `Check` ──▶ an `Answer` for each

It also reads models: their declarations come back as data.

`harness.suite` uses this module; `_serve` runs in the other process.
"""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import IO, Any, Literal

import msgspec

from harness.declare.declaration import Declaration
from harness.declare.parameters import Parameter, Value
from harness.declare.portable import Portable, portable, type_of
from harness.declare.references import Problem
from harness.declare.registry import UnknownExperimentError, as_model, import_failure
from harness.posix import require_posix

PATIENCE = 300.0
"""Seconds that a process may take for all its questions. Importing JAX takes two, a data set some."""

_BOOT = """
import sys
sys.path[:] = {path!r}
from harness.declare.inspection import _serve
_serve({answers}, {patience})
"""


class Asked(msgspec.Struct, frozen=True, gc=False):
    """A function to look for, and the points at which its check, if any, must find no fault with it.

    If it is a `model`, its declaration is asked for.
    """

    reference: str
    check: str = ""
    points: tuple[dict[str, Any], ...] = ()
    model: bool = False


class PortableParameter(msgspec.Struct, frozen=True, gc=False):
    """A `Parameter` whose type is data."""

    name: str
    type: Portable
    default: Value
    about: str


class PortableModel(msgspec.Struct, frozen=True, gc=False):
    """A model's declaration, as data."""

    about: str
    parameters: tuple[PortableParameter, ...]

    def declaration(self, reference: str) -> Declaration:
        """The declaration, under the name by which suites know the model. It cannot be called here."""
        parameters = {p.name: Parameter(p.name, type_of(p.type), p.default, p.about) for p in self.parameters}
        return Declaration(reference, 1, self.about, parameters, {}, _elsewhere, kind="model")


class Answer(msgspec.Struct, frozen=True, gc=False):
    """The answer to an `Asked`: the problem with the reference itself, or one problem for each point.

    `where` says what the problem is with: importing the module, or the function in it.
    """

    problem: Problem | None = None
    where: Literal["module", "function"] = "function"
    points: tuple[Problem | None, ...] = ()
    model: PortableModel | None = None


def inspect_references(asked: Sequence[Asked], patience: float = PATIENCE) -> list[Answer]:
    """An answer for each question.

    A module that ends or blocks its process affects only its own reference.
    """
    require_posix()
    answers: list[Answer] = []
    while len(answers) < len(asked):
        given, ending = _run(asked[len(answers) :], patience)
        answers += given
        if len(answers) < len(asked):
            module, _, name = asked[len(answers)].reference.partition(":")
            expected = f"a module {module} that can be imported, with a function {name}"
            answers.append(Answer(Problem(expected, ending)))
    return answers


def _run(asked: Sequence[Asked], patience: float) -> tuple[list[Answer], str]:
    """The answers of one process, and, if some are missing, how it ended, in words."""
    with tempfile.TemporaryFile() as questions, tempfile.TemporaryFile() as answers:
        questions.write(msgspec.json.encode(list(asked)))
        questions.seek(0)
        process = subprocess.Popen(
            [sys.executable, "-P", "-c", _boot(answers.fileno(), patience)],
            stdin=questions,
            stdout=subprocess.DEVNULL,  # output of modules is not shown
            stderr=subprocess.DEVNULL,
            pass_fds=(answers.fileno(),),
            start_new_session=True,
        )
        try:
            ending = f"a process that ended with code {process.wait(patience)} while it was looked at"
        except subprocess.TimeoutExpired:
            ending = f"no answer in {patience:g} seconds"
        finally:
            with contextlib.suppress(OSError):  # the process has ended and left none behind
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        answers.seek(0)
        return _answers(answers)[: len(asked)], ending


def _boot(answers: int, patience: float) -> str:
    return _BOOT.format(path=sys.path, answers=answers, patience=math.ceil(patience) + 1)


def _answers(file: IO[bytes]) -> list[Answer]:
    found = []
    for line in file:
        with contextlib.suppress(msgspec.MsgspecError):  # a line that was cut off
            found.append(msgspec.json.decode(line, type=Answer))
    return found


def _serve(descriptor: int, patience: int) -> None:
    """Answer the questions on standard input, one per line, into the file `descriptor`.

    Ends after `patience` seconds, in case the asking process has died.
    """
    signal.alarm(patience)
    asked = msgspec.json.decode(sys.stdin.buffer.read(), type=list[Asked])
    os.set_inheritable(descriptor, False)
    for one in asked:
        answer = _answer(one)
        os.write(descriptor, msgspec.json.encode(answer) + b"\n")
    os._exit(0)  # skips threads and exit handlers that modules have left


def _answer(asked: Asked) -> Answer:
    module_name, _, name = asked.reference.partition(":")
    try:
        module = importlib.import_module(module_name)
    except BaseException as error:  # a user's module may raise anything when it is imported
        expected = f"a module {module_name} that can be imported"
        return Answer(Problem(expected, import_failure(error)), "module")
    function = getattr(module, name, None)
    if not callable(function):
        found = f"a {type(function).__name__}" if hasattr(module, name) else "nothing of that name"
        near = _nearest(name, module)
        return Answer(Problem(f"a function {name} in the module {module_name}", f"{found}{near}"))
    if asked.model:
        return _answer_model(asked.reference, function)
    if not asked.check:
        return Answer()
    home, _, check = asked.check.partition(":")
    try:
        find_problems = getattr(importlib.import_module(home), check)
        problems = tuple(find_problems(asked.reference, function, asked.points))
    except BaseException as error:  # a user's function may raise anything
        what = import_failure(error) if isinstance(error, Exception) else type(error).__name__
        return Answer(Problem(f"a function {asked.reference} that can be called", what))
    return Answer(points=problems)


def _answer_model(reference: str, function: object) -> Answer:
    try:
        declaration = as_model(reference, function)
    except UnknownExperimentError as error:
        return Answer(Problem("a model, a function of keyword parameters", str(error)))
    parameters = tuple(
        PortableParameter(p.name, portable(p.type), p.default, p.about)
        for p in declaration.parameters.values()
    )
    return Answer(model=PortableModel(declaration.about, parameters))


def _elsewhere(**parameters: Value) -> object:
    raise AssertionError(f"a model that was read in another process is called with {parameters}")


def _nearest(name: str, module: object) -> str:
    from difflib import get_close_matches

    names = [n for n in dir(module) if callable(getattr(module, n, None))]
    close = get_close_matches(name, names, n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
