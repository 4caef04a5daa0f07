"""The interface of a kernel implementation under test, and the checks of its answers.

A *subject* is a function

    kernel(x1, x2, architecture) -> (nngp, ntk)

of points x1 [rows, inputs] and x2 [columns, inputs] (None: the Gram matrix of x1), NumPy arrays in float64
(in float32 only for claims about float32), and of a `harness.ntk.architecture.Architecture`; nngp and ntk are
arrays [rows, columns], float64. For a case that it does not implement it gives `NotImplemented` instead of a
kernel or of both, or raises `NotImplementedError` (`Architecture.require` does, for conventions that a
subject does not know). A subject that estimates returns `Kernels`, with standard errors, and may take a
keyword `seed`.

Any other answer, and any exception, is a `StageError` that says so: a claim that needs it is an error.
Numbers that are not finite are an answer, and a wrong one: they are kept here, and whoever measures them
reports a huge error, so that claims are refuted. Neither ever passes or counts as "not covered".
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from harness.declare import NotCovered, StageError, missing_library
from harness.declare.annotations import parameters
from harness.ntk.architecture import Architecture
from harness.ntk.shapes import Columns, Matrix, Rows

Subject = Callable[..., Any]
Which = Literal["nngp", "ntk"]


@dataclass(frozen=True)
class Kernels:
    """What a stochastic subject returns: kernels, and the standard error of each entry.

    Arrays are [rows, columns]. A kernel that the subject does not implement is `NotImplemented`, and its
    error None. `replicates` is the number of independent estimates whose spread gave the standard errors; 0
    means that the errors are known more precisely.
    """

    nngp: Any
    ntk: Any
    nngp_error: Any
    ntk_error: Any
    replicates: int = 0


@dataclass(frozen=True)
class KernelBlock:
    """One kernel between two sets of points: values and standard errors [rows, columns]. `ask` makes it."""

    values: Matrix
    error: Matrix
    replicates: int

    @property
    def transposed(self) -> KernelBlock:
        return KernelBlock(self.values.T, self.error.T, self.replicates)

    def times(self, factor: float) -> KernelBlock:
        return KernelBlock(factor * self.values, abs(factor) * self.error, self.replicates)

    def plus(self, term: float) -> KernelBlock:
        return KernelBlock(self.values + term, self.error, self.replicates)

    def at(self, rows: Any, columns: Any) -> KernelBlock:
        """The block of these rows and columns (slices or indices)."""
        pick = np.ix_(np.arange(len(self.values))[rows], np.arange(self.values.shape[1])[columns])
        return KernelBlock(self.values[pick], self.error[pick], self.replicates)


def imported(name: str) -> Subject:
    """The function `package.module:function`. Raises `StageError` if it cannot be imported."""
    module, _, function = name.partition(":")
    try:
        subject = getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise StageError(f"subject {name!r} cannot be imported: {missing_library(error) or error}") from error
    if not callable(subject):
        raise StageError(f"subject {name!r}: expected a function, found a {type(subject).__name__}")
    checked: Subject = subject
    return checked


def ask(
    subject: Subject, architecture: Architecture, x1: Rows, x2: Columns | None, seed: int
) -> dict[Which, KernelBlock | StageError]:
    """Call a subject once, and give for each kernel a `KernelBlock` or the reason why there is none.

    The subject gets copies of the points. `seed` is passed if the subject's signature has it. Reasons are
    `NotCovered` for what it does not implement, and `StageError` for an exception, an answer of the wrong
    type or shape, and changed inputs.
    """
    first, second = x1.copy(), None if x2 is None else x2.copy()
    seeded = {"seed": seed} if _takes_seed(subject) else {}
    try:
        answer = subject(first, second, architecture, **seeded)
    except NotImplementedError as error:
        return _both(NotCovered(str(error) or "the subject raised NotImplementedError"))
    except StageError as error:
        return _both(error)
    except Exception as error:
        said = missing_library(error) or error
        return _both(StageError(f"the subject raised {type(error).__name__}: {said}"))
    if any(not np.array_equal(now, then) for now, then in _given((first, x1), (second, x2))):
        return _both(StageError("the subject changed the points that it was given"))
    if answer is NotImplemented:
        return _both(NotCovered("the subject returned NotImplemented"))
    if isinstance(answer, tuple) and len(answer) == 2:
        answer = Kernels(*answer, nngp_error=None, ntk_error=None)
    if not isinstance(answer, Kernels):
        found = f"a tuple of {len(answer)}" if isinstance(answer, tuple) else f"a {type(answer).__name__}"
        return _both(StageError(f"the subject's answer: expected (nngp, ntk) or Kernels, found {found}"))
    shape = (len(x1), len(x1 if x2 is None else x2))
    return {
        "nngp": _block("NNGP", answer.nngp, answer.nngp_error, answer.replicates, shape),
        "ntk": _block("NTK", answer.ntk, answer.ntk_error, answer.replicates, shape),
    }


def _given(*pairs: tuple[np.ndarray | None, np.ndarray | None]) -> list[tuple[np.ndarray, np.ndarray]]:
    return [(now, then) for now, then in pairs if now is not None and then is not None]


def _block(
    name: str, values: Any, error: Any, replicates: int, shape: tuple[int, int]
) -> KernelBlock | StageError:
    if values is NotImplemented:
        return NotCovered(f"the subject has no {name} here")
    try:
        found = matrix(name, values, shape)
        if error is None:
            return KernelBlock(found, np.zeros(shape), 0)
        spread = matrix(f"{name}'s standard error", error, shape)
    except StageError as problem:
        return problem
    if not np.all(spread >= 0):
        return StageError(f"the {name}'s standard error: expected at least 0, found {spread.min()}")
    if not np.all(np.isfinite(spread)):  # such a spread would excuse any error
        return StageError(f"the {name}'s standard error: expected finite, found {spread.max()}")
    if replicates != 0 and replicates < 2:
        return StageError(f"replicates: expected 0, or at least 2, found {replicates}")
    return KernelBlock(found, spread, replicates)


def matrix(name: str, values: Any, shape: tuple[int, ...]) -> np.ndarray:
    """A subject's answer as an array of that shape, float64. Raises `StageError`, which names it `name`."""
    kind = type(values).__name__
    try:
        found = np.asarray(values)
    except Exception as error:  # a user's object may raise anything
        raise StageError(f"the {name}: expected an array, found a {kind}: {error}") from error
    if found.dtype.kind not in "fiu":
        raise StageError(f"the {name}: expected real numbers, found {found.dtype} (a {kind})")
    if found.shape != shape:
        raise StageError(f"the {name}: expected the shape {list(shape)}, found {list(found.shape)}")
    return found.astype(np.float64)


def _both(problem: StageError) -> dict[Which, KernelBlock | StageError]:
    return {"nngp": problem, "ntk": problem}


def _takes_seed(subject: Subject) -> bool:
    try:
        return "seed" in parameters(subject)
    except (TypeError, ValueError):  # a builtin without a signature
        return False
