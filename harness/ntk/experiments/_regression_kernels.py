"""The kernels of a trial of `ntk.regression`. Each is evaluated and factored when it is first read.

With up to `blocked.WHOLE` training points, the model's two kernels are evaluated at once. With more, each
evaluation writes into the array that is then factored in place, so that a kernel takes one matrix. With up to
`ALL_HELD` points every kernel stays in memory. With more, only the kernel that is read stays, and its sibling
of the same recursion until that is read too. A kernel that was dropped is evaluated again, to the same bits,
when it is read again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cached_property

from harness.ntk import alternatives, blocked, iterative, kernels, solve
from harness.ntk.blocked import Evaluate
from harness.ntk.data import Split
from harness.ntk.model import Model
from harness.ntk.packed import Packed
from harness.ntk.shapes import Columns, Matrix, Rows
from harness.ntk.sizes import ALL_HELD, DIRECT

NAMES = {"ntk": "NTK", "nngp": "NNGP", "rbf": "RBF", "laplace": "Laplace", "matern32": "Matérn-3/2"}
"""Kernels' names in messages."""

SIBLINGS = ("nngp", "ntk")
"""The model's kernels, in the order in which it gives them: one recursion makes both."""


class TrialKernels:
    """The kernels of one trial. Methods raise `StageError` or `NotCovered` if a kernel cannot be computed.

    `read`: the kernels that will be asked for. Siblings are evaluated together only if both are read.
    """

    def __init__(self, model: Model, points: Split, ridge: float, read: Collection[str]) -> None:
        self._model, self._ridge, self._read = model, ridge, frozenset(read)
        self._x, self._y, self._x_test = points.x_train, points.y_train, points.x_test
        self._few = len(self._x) <= blocked.WHOLE
        self._fitted: dict[str, alternatives.Fitted] = {}
        self._matrices: dict[str, Packed] = {}
        self._evaluated: set[str] = set()

    def fitted(self, name: str) -> alternatives.Fitted:
        """The kernel called `name`, factored.

        With more than `DIRECT` points it is prepared for iterative solves.
        """
        if name not in self._fitted:
            if self._few:
                self._fitted[name] = self._fitted_at_once(name)
            else:
                self._fitted[name] = self._fitted_in_tiles(name)
        return self._fitted[name]

    def gram(self, name: str) -> solve.Gram:
        """The kernel among the training points."""
        return self._siblings[name][0] if self._few else self._matrix(name).whole()

    def largest_eigenvalue(self, name: str) -> float:
        """λ_max of the kernel among the training points, without its ridge."""
        if self._few:
            return solve.largest_eigenvalue(self.gram(name))
        if len(self._x) <= DIRECT:
            return solve.largest_of(self._matrix(name).times, len(self._x))
        evaluate, which = self._evaluation(name)
        return solve.largest_of(lambda v: blocked.times(evaluate, self._x, which, v), len(self._x))

    @cached_property
    def _siblings(self) -> dict[str, tuple[solve.Gram, solve.Cross]]:
        among, across = self._model.analytic(self._x), self._model.analytic(self._x_test, self._x)
        return dict(zip(SIBLINGS, zip(among, across, strict=True), strict=True))

    def _fitted_at_once(self, name: str) -> alternatives.Fitted:
        if name in SIBLINGS:
            return alternatives.fitted(NAMES[name], *self._siblings[name], self._y, self._ridge)
        kernel = self._own_kernel(name)
        return alternatives.fit(NAMES.get(name, name), kernel, self._x, self._y, self._x_test, self._ridge)

    def _fitted_in_tiles(self, name: str) -> alternatives.Fitted:
        evaluate, which = self._evaluation(name)
        cross = blocked.across(evaluate, self._x_test, self._x, which)
        called = NAMES.get(name, name)
        if len(self._x) > DIRECT:
            scale = float(blocked.diagonal(evaluate, self._x, which).mean())
            iterated = iterative.prepare_iteration(called, evaluate, which, self._x, self._ridge * scale)
            return alternatives.Fitted(iterated, cross, self._y)
        matrix = self._matrix(name)
        solver = solve.factor(called, matrix, self._ridge * float(matrix.diagonal.mean()))
        return alternatives.Fitted(solver, cross, self._y)

    def _matrix(self, name: str) -> Packed:
        if len(self._x) > ALL_HELD:
            self._let_go_but(name)
        if name not in self._matrices:
            evaluate, _ = self._evaluation(name)
            family = SIBLINGS if name in SIBLINGS else (name,)
            wanted = [each for each in family if each == name or each in self._read - self._evaluated]
            grams = blocked.gram(evaluate, self._x, [family.index(each) for each in wanted])
            for each, gram in zip(wanted, grams, strict=True):
                self._matrices[each] = Packed(gram, overwrite=True)
            self._evaluated |= set(wanted)
        return self._matrices[name]

    def _let_go_but(self, name: str) -> None:
        """Drop the matrices of all other kernels, except a sibling that has not been read yet."""
        for each in list(self._matrices):
            unread = each in SIBLINGS and name in SIBLINGS and each not in self._fitted
            if each != name and not unread:
                del self._matrices[each]
                self._fitted.pop(each, None)

    def _evaluation(self, name: str) -> tuple[Evaluate, int]:
        """The function that evaluates the kernel, and the place of the kernel among its results."""
        if name in SIBLINGS:
            return self._model.analytic, SIBLINGS.index(name)
        kernel = self._own_kernel(name)
        return (lambda a, b: (kernel(a, a if b is None else b),)), 0

    def _own_kernel(self, name: str) -> Callable[[Rows, Columns], Matrix]:
        if name == "linear":
            return kernels.linear
        radials = {"rbf": kernels.rbf, "laplace": kernels.laplace, "matern32": kernels.matern32}
        radial, length = radials[name], self._length
        return lambda a, b: radial(a, b, length)

    @cached_property
    def _length(self) -> float:
        return kernels.median_distance(self._x)
