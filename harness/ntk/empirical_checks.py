"""Checks of an implementation of the empirical NTK on one network: its values, in every shape and mode.

The reference is J Jᵀ, J by complex steps (`sample_networks.jacobian`). Kernels of several outputs are
compared as matrices [rows · outputs, columns · outputs]. An error is in units of √(Θ(x,x) Θ(x',x')) of the
outputs to which the entry belongs, as in `harness.ntk.conformance`. Checks raise `NotCovered` and
`StageError` as `empirical_subjects.ask` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.declare import NotCovered, StageError, stage
from harness.ntk.conformance import WORST, Difference, largest
from harness.ntk.empirical_subjects import Mode, Subject, ask, resolve
from harness.ntk.names import SampleNetwork
from harness.ntk.sample_networks import INPUTS, Scaled, Tree, draw_params, jacobian, mapped, network
from harness.ntk.shapes import Columns, Matrix, Points, Rows
from harness.ntk.subjects import KernelBlock

FACTORS = (1e-4, 2.0, 1e4)
"""Factors on a network's outputs. Kernels change by their squares, 1e-8 to 1e8. An absolute jitter or
tolerance of 1e-6 that was meant to be relative then shows."""

HALF = 2.0**-11
"""float16's roundoff: the control's flaw if a subject computes in its parameters' float32."""

MANY = 33
"""The number of points of the largest set: more than a block of 32, and no multiple of any block."""


@dataclass
class EmpiricalCase:
    """A subject and a network. `case_of` makes it.

    A and B have different numbers of points. `params` are the parameters, `others` another draw of them.
    """

    subject: Subject
    apply: Any
    params: Tree
    others: Tree
    a: Rows
    b: Columns
    outputs: int | None
    _covered: dict[Mode, StageError | None] = field(default_factory=dict)

    def found(
        self,
        x1: Rows,
        x2: Columns | None = None,
        *,
        mode: Mode = "full",
        batch_size: int | None = None,
        params: Tree = None,
        apply: Any = None,
    ) -> np.ndarray:
        """The subject's answer.

        `NotCovered` depends only on the network and the mode: a subject that answers for two plain points
        must answer for all others.
        """
        self._ask_first(mode)
        try:
            return self._ask(x1, x2, mode, batch_size, params, apply)
        except NotCovered as error:
            if batch_size is not None or apply is not None:
                raise  # for a keyword, or a function of another form
            shape = [len(x1), len(x1 if x2 is None else x2)]
            raise StageError(
                f"the subject covers this network, but not points of the shape {shape}: {error}"
            ) from error

    def _ask_first(self, mode: Mode) -> None:
        if mode not in self._covered:
            try:
                self._ask(self.a[:2], None, mode, None, None, None)
                self._covered[mode] = None
            except NotCovered as error:
                self._covered[mode] = error
            except StageError:
                self._covered[mode] = None  # asking the question itself raises it again
        problem = self._covered[mode]
        if problem is not None:
            raise problem

    def _ask(
        self,
        x1: Rows,
        x2: Columns | None,
        mode: Mode,
        batch_size: int | None,
        params: Tree,
        apply: Any,
    ) -> np.ndarray:
        return ask(
            self.subject,
            self.apply if apply is None else apply,
            self.params if params is None else params,
            x1,
            x2,
            outputs=self.outputs,
            mode=mode,
            batch_size=batch_size,
        )

    def expected(
        self, x1: Rows, x2: Columns | None = None, *, mode: Mode = "full", params: Tree = None
    ) -> np.ndarray:
        """J Jᵀ, in the shape of the subject's answer."""
        first = self._jacobian(x1, params)
        if mode == "diagonal":
            kernel = np.einsum("ikp,ilp->ikl", first, first)
        else:
            second = first if x2 is None else self._jacobian(x2, params)
            kernel = np.einsum("ikp,jlp->ijkl", first, second)
        if mode == "trace":
            return np.asarray(np.einsum("ijkk->ij", kernel))
        return kernel if self.outputs is not None else np.asarray(kernel[..., 0, 0])

    def _jacobian(self, x: Points, params: Tree) -> np.ndarray:
        return jacobian(self.apply, self.params if params is None else params, x)

    def versus_reference(
        self,
        x1: Rows,
        x2: Columns | None = None,
        *,
        mode: Mode = "full",
        params: Tree = None,
        batch_size: int | None = None,
    ) -> Difference:
        """The subject's kernel beside the reference's."""
        found = self.found(x1, x2, mode=mode, params=params, batch_size=batch_size)
        return self.beside(found, self.expected(x1, x2, mode=mode, params=params), x1, x2, mode, params)

    def beside(
        self,
        found: np.ndarray,
        expected: np.ndarray,
        x1: Rows,
        x2: Columns | None = None,
        mode: Mode = "full",
        params: Tree = None,
    ) -> Difference:
        """The difference of two answers for the same points, in the units of errors."""
        sizes = [self._sizes(x, mode, params) for x in (x1, x1 if x2 is None else x2)]
        if mode == "diagonal":
            unit = np.einsum("ik,il->ikl", sizes[0], sizes[0]).reshape(len(x1), -1)
            return Difference(_block(found.reshape(unit.shape)), _block(expected.reshape(unit.shape)), unit)
        unit = np.outer(sizes[0].reshape(-1), sizes[1].reshape(-1))
        return Difference(_block(_flat(found)), _block(_flat(expected)), unit)

    def _sizes(self, x: Points, mode: Mode, params: Tree) -> Matrix:
        """√Θ(x, x) [points, outputs]; for a trace [points, 1]. The largest value replaces zeros."""
        squares = np.einsum("ikp,ikp->ik", *[self._jacobian(x, params)] * 2)
        sizes = np.sqrt(squares.sum(axis=1, keepdims=True) if mode == "trace" else squares)
        top = sizes.max()
        return np.where(sizes == 0, top if top > 0 else 1.0, sizes)


def case_of(
    subject: str | Subject, name: SampleNetwork, seed: int, *, points: int = 7, others: int = 5
) -> EmpiricalCase:
    """The case of a named subject and network, with `points` standard Gaussian points in A and `others` in B.

    A subject that cannot be imported becomes one that raises `StageError` for every question.
    """
    random = np.random.default_rng([seed, 0x4550])
    apply = network(name)
    params = draw_params(name, 2 * seed)
    a, b = (random.standard_normal((count, INPUTS)) for count in (points, others))
    outputs = np.shape(apply(params, a))[1:]
    if isinstance(subject, str):
        try:
            subject = resolve(subject)
        except StageError as error:
            subject = _absent(error)
    return EmpiricalCase(subject, apply, params, draw_params(name, 2 * seed + 1), a, b, *(outputs or (None,)))


def _absent(problem: StageError) -> Subject:
    def subject(*given: object, **keywords: object) -> None:
        raise problem

    return subject


def values(case: EmpiricalCase) -> list[Difference]:
    """K(A, B) and K(A) equal J Jᵀ."""
    return [case.versus_reference(case.a, case.b), case.versus_reference(case.a)]


def shapes(case: EmpiricalCase) -> list[Difference]:
    """The kernel equals J Jᵀ for sets of all shapes.

    They are one point and several, square blocks of two sets, the same set twice, and many points.
    """
    a, b = case.a, case.b
    many = np.random.default_rng(len(a)).standard_normal((MANY, INPUTS))
    pairs = [(a[:1], b), (a, b[:1]), (a[:1], b[:1]), (a[: len(b)], b), (a, a), (many, b), (a, many)]
    return [*(case.versus_reference(*pair) for pair in pairs), *map(case.versus_reference, (a[:1], many))]


def symmetry(case: EmpiricalCase) -> list[Difference]:
    """Θᵏˡ(x, x') = Θˡᵏ(x', x), for K(A, B) and K(B, A), and for K(A)."""
    gram = case.found(case.a)
    return [
        case.beside(case.found(case.a, case.b), _swapped(case.found(case.b, case.a)), case.a, case.b),
        case.beside(gram, _swapped(gram), case.a),
    ]


def blocks(case: EmpiricalCase) -> list[Difference]:
    """K(A ∪ B) has the blocks K(A), K(A, B) and K(B, A): an entry does not depend on other points."""
    a, b = case.a, case.b
    whole, n = case.found(np.concatenate([a, b])), len(a)
    return [
        case.beside(whole[:n, n:], case.found(a, b), a, b),
        case.beside(whole[n:, :n], case.found(b, a), b, a),
        case.beside(whole[:n, :n], case.found(a), a),
    ]


def permutation(case: EmpiricalCase) -> list[Difference]:
    """Points in another order give the kernel in that order."""
    rows, columns = np.arange(len(case.a))[::-1], np.roll(np.arange(len(case.b)), 2)
    found = case.found(case.a[rows], case.b[columns])
    expected = case.found(case.a, case.b)[np.ix_(rows, columns)]
    return [case.beside(found, expected, case.a[rows], case.b[columns])]


def trace(case: EmpiricalCase) -> list[Difference]:
    """The mode `trace` gives the trace over outputs, of the reference and of the subject's full kernel."""
    a, b = case.a, case.b
    found = case.found(a, b, mode="trace")
    own = case.found(a, b)
    own = own if case.outputs is None else np.einsum("ijkk->ij", own)
    return [
        case.versus_reference(a, b, mode="trace"),
        case.versus_reference(a, mode="trace"),
        case.beside(found, own, a, b, "trace"),
    ]


def diagonal(case: EmpiricalCase) -> list[Difference]:
    """The mode `diagonal` gives Θ(x, x) of each point, of the reference and of the subject's Gram matrix."""
    own = case.found(case.a)[np.arange(len(case.a)), np.arange(len(case.a))]
    return [
        case.versus_reference(case.a, mode="diagonal"),
        case.versus_reference(case.a[:1], mode="diagonal"),
        case.beside(case.found(case.a, mode="diagonal"), own, case.a, None, "diagonal"),
    ]


def batch_sizes(case: EmpiricalCase) -> list[Difference]:
    """The batch size does not change the kernel.

    Sizes are 1, 2, 3 (which divides neither set), and more than all points.
    """
    pairs = [(size, other) for size in (1, 2, 3, 64) for other in (case.b, None)]
    return [case.versus_reference(case.a, other, batch_size=size) for size, other in pairs]


def parameters(case: EmpiricalCase) -> list[Difference]:
    """Other parameters have another kernel, and the first ones have their own kernel again afterwards."""
    a, b = case.a, case.b
    first = case.versus_reference(a, b)
    turns = [case.versus_reference(a, b, params=params) for params in (case.others, case.params)]
    return [first, *turns]


def functions(case: EmpiricalCase) -> list[Difference]:
    """Outputs times c give c² times the kernel: another function of the same parameters and points."""
    a, differences = case.a, []
    for b in (case.b, None):
        expected = case.expected(a, b)
        for factor in FACTORS:
            kernel = case.found(a, b, apply=Scaled(case.apply, factor))
            differences.append(case.beside(kernel / factor**2, expected, a, b))
    return differences


def float32(case: EmpiricalCase) -> list[Difference]:
    """Parameters and points in float32 give the kernel of the same numbers in float64."""
    single = mapped(lambda leaf: leaf.astype(np.float32), case.params)
    a, b = case.a.astype(np.float32), case.b.astype(np.float32)
    double = mapped(lambda leaf: leaf.astype(np.float64), single)
    x1, x2 = a.astype(np.float64), b.astype(np.float64)
    found = case.found(a, b, params=single)
    return [case.beside(found, case.expected(x1, x2, params=double), x1, x2, "full", double)]


def semidefinite(case: EmpiricalCase, flaw: float) -> tuple[float, float]:
    """−λ_min/λ_max of a Gram matrix with two equal points, so that λ_min = 0; at least 0.

    In the control the smallest eigenvalue is moved to −`flaw` λ_max.
    """
    points = case.a.copy()
    points[-1] = points[0]
    kernel = _flat(case.found(points))
    if not np.all(np.isfinite(kernel)):
        return WORST, WORST
    eigenvalues = np.linalg.eigvalsh((kernel + kernel.T) / 2)
    below = -float(eigenvalues[0]) / max(float(eigenvalues[-1]), np.finfo(float).tiny)
    return min(max(below, 0.0), WORST), min(max(below, 0.0) + flaw, WORST)


EmpiricalCheck = Callable[[EmpiricalCase, float], tuple[float, float]]
"""A function that gives the error of the subject's kernel and that of the control. The control is the same
kernel with a flaw of the given size."""


def _compared(
    differences: Callable[[EmpiricalCase], Sequence[Difference]], flaw: float | None = None
) -> EmpiricalCheck:
    def both(case: EmpiricalCase, common: float) -> tuple[float, float]:
        found = differences(case)
        return largest(found), largest(found, flaw or common)

    return both


CHECKS: dict[str, EmpiricalCheck] = {
    "error": _compared(values),
    "shape-error": _compared(shapes),
    "asymmetry": _compared(symmetry),
    "negative-eigenvalue": semidefinite,
    "block-error": _compared(blocks),
    "permutation-error": _compared(permutation),
    "trace-error": _compared(trace),
    "diagonal-error": _compared(diagonal),
    "batch-error": _compared(batch_sizes),
    "parameters-error": _compared(parameters),
    "function-error": _compared(functions),
    "float32-error": _compared(float32, HALF),
}


def measured(case: EmpiricalCase, flaw: float, checks: Iterable[str] = CHECKS) -> dict[str, float]:
    """Both errors of every check, or of the named checks, each in a stage of its own."""
    errors: dict[str, float] = {}
    for name in checks:
        with stage(name):
            errors[f"ntk.{name}"], errors[f"ntk-flawed.{name}"] = CHECKS[name](case, flaw)
    return errors


def _flat(kernel: np.ndarray) -> Matrix:
    """The kernel as a matrix [rows · outputs, columns · outputs]."""
    if kernel.ndim == 2:
        return kernel
    rows, columns, outputs, _ = kernel.shape
    return kernel.transpose(0, 2, 1, 3).reshape(rows * outputs, columns * outputs)


def _swapped(kernel: np.ndarray) -> np.ndarray:
    """The kernel with rows and columns exchanged, and outputs with outputs."""
    return kernel.T if kernel.ndim == 2 else kernel.transpose(1, 0, 3, 2)


def _block(values: Matrix) -> KernelBlock:
    return KernelBlock(values, np.zeros_like(values), 0)
