"""The interface of a subject that implements the empirical NTK, and the subjects of the package.

A *subject* is a function

    kernel(apply, params, x1, x2) -> Θ(x1, x2) = J(x1) J(x2)ᵀ,   J(x) = ∂ apply(params, x)/∂params

of a network `apply` (`harness.ntk.sample_networks`), its parameters (a tree of arrays) and points x1 [rows,
inputs] and x2 [columns, inputs] (None: the Gram matrix of x1), all of them NumPy's. The answer is [rows,
columns, outputs, outputs], or [rows, columns] for a network whose outputs are [points].

It may take two keywords. Claims that need a keyword which it does not take are not covered. `mode` is
`"full"` (as above), `"trace"` (the sum of Θ over the diagonal of outputs, [rows, columns]) or `"diagonal"`
(x2 is None; Θ(x, x) of each point, [rows, outputs, outputs], or [rows]). `batch_size` is the number of points
that it may take at a time. A subject raises `NotImplementedError` for a network or a mode that it does not
implement.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from harness.declare import NotCovered, StageError, covered_if_installed, missing_library
from harness.declare.annotations import parameters
from harness.ntk import subjects
from harness.ntk.sample_networks import LayeredNetwork, Tree, leaves, mapped
from harness.ntk.shapes import Columns, Points, Rows

Apply = Callable[[Tree, Any], Any]
Subject = Callable[..., Any]
Mode = Literal["full", "trace", "diagonal"]
KernelValues = Float[np.ndarray, "..."]


def resolve(name: str) -> Subject:
    """The subject called `name`: `layers`, `jacobians`, `neural-tangents` or `package.module:function`.

    Raises `StageError` if it cannot be imported.
    """
    return _OURS[name] if name in _OURS else subjects.imported(name)


def takes(subject: Subject, keyword: str) -> bool:
    """Whether the subject's signature has this keyword or takes any keyword."""
    try:
        taken = parameters(subject).values()
    except (TypeError, ValueError):  # a builtin without a signature
        return False
    return any(each.name == keyword or each.kind is each.VAR_KEYWORD for each in taken)


def ask(
    subject: Subject,
    apply: Apply,
    params: Tree,
    x1: Rows,
    x2: Columns | None,
    *,
    outputs: int | None,
    mode: Mode = "full",
    batch_size: int | None = None,
) -> KernelValues:
    """Call a subject once, on copies of parameters and points.

    `outputs` is None for a network whose outputs are [points]. Raises `NotCovered` for what the subject does
    not implement, and `StageError` for an exception, an answer of the wrong type or shape, and changed
    parameters or points.
    """
    keywords: dict[str, Any] = {"mode": mode} if mode != "full" else {}
    keywords |= {} if batch_size is None else {"batch_size": batch_size}
    for keyword in keywords:
        if not takes(subject, keyword):
            raise NotCovered(f"the subject takes no keyword `{keyword}`")
    given = (mapped(np.copy, params), x1.copy(), None if x2 is None else x2.copy())
    try:
        answer = subject(apply, *given, **keywords)
    except NotImplementedError as error:
        raise NotCovered(str(error) or "the subject raised NotImplementedError") from error
    except StageError:
        raise
    except Exception as error:
        said = missing_library(error) or error
        raise StageError(f"the subject raised {type(error).__name__}: {said}") from error
    if answer is NotImplemented:
        raise NotCovered("the subject returned NotImplemented")
    for what, now, then in (("parameters", given[0], params), ("points", given[1:], (x1, x2))):
        arrays = [(a, b) for a, b in zip(leaves(now), leaves(then), strict=True) if a is not None]
        if any(not np.array_equal(a, b) for a, b in arrays):
            raise StageError(f"the subject changed the {what} that it was given")
    several = () if outputs is None else (outputs, outputs)
    columns = len(x1 if x2 is None else x2)
    shapes: dict[Mode, tuple[int, ...]] = {
        "full": (len(x1), columns, *several),
        "trace": (len(x1), columns),
        "diagonal": (len(x1), *several),
    }
    return subjects.matrix("kernel", answer, shapes[mode])


@covered_if_installed()
def layers(
    apply: Apply, params: Tree, x1: Rows, x2: Columns | None = None, *, mode: Mode = "full"
) -> KernelValues:
    """The kernel of fully connected networks from Gram matrices of layers (`harness.ntk.empirical`)."""
    from harness.ntk.empirical import empirical_ntk, empirical_ntk_diagonal

    if not isinstance(apply, LayeredNetwork):
        raise NotImplementedError("Gram matrices of layers are those of fully connected networks")
    params = mapped(_jax, params)
    if mode == "diagonal":
        return np.asarray(empirical_ntk_diagonal(params, apply.architecture, _jax(x1)))
    second = None if x2 is None else _jax(x2)
    return _traced(np.asarray(empirical_ntk(params, apply.architecture, _jax(x1), second)), mode)


@covered_if_installed()
def jacobians(
    apply: Apply,
    params: Tree,
    x1: Rows,
    x2: Columns | None = None,
    *,
    mode: Mode = "full",
    batch_size: int | None = None,
) -> KernelValues:
    """The kernel of any network from Jacobians (`harness.ntk.jacobian`), `batch_size` points at a time."""
    from harness.ntk import network  # noqa: F401  # float64
    from harness.ntk.jacobian import GIBIBYTE, jacobian_ntk, jacobian_ntk_diagonal, size_of_one

    held = 1 if mode == "diagonal" else 2
    memory = GIBIBYTE if batch_size is None else held * batch_size * size_of_one(apply, params, x1)
    if mode == "diagonal":
        return jacobian_ntk_diagonal(apply, params, x1, memory=memory)
    return _traced(jacobian_ntk(apply, params, x1, x2, memory=memory), mode)


@covered_if_installed()
def neural_tangents(
    apply: Apply, params: Tree, x1: Rows, x2: Columns | None = None, *, mode: Mode = "full"
) -> KernelValues:
    """neural-tangents' `empirical_ntk_fn` by contraction of Jacobians. Its trace is a mean over outputs."""
    from harness.ntk import network  # noqa: F401  # float64
    from harness.ntk.compat import load

    if mode == "diagonal":
        raise NotImplementedError("neural-tangents has no kernel of each point alone")
    tangents = load()
    first, second = _jax(x1), None if x2 is None else _jax(x2)
    outputs = _outputs(apply, params, x1) if mode == "trace" else None
    kernel = tangents.empirical_ntk_fn(
        apply,
        trace_axes=(-1,) if outputs else (),
        vmap_axes=0,
        implementation=tangents.NtkImplementation.JACOBIAN_CONTRACTION,
    )(first, second, params)
    return np.asarray(kernel) * (outputs or 1)


def _outputs(apply: Apply, params: Tree, x: Points) -> int | None:
    """The number of outputs of a network; None if they have no axis."""
    shape = np.shape(apply(params, x[:1]))
    return shape[1] if len(shape) == 2 else None


def _traced(full: KernelValues, mode: Mode) -> KernelValues:
    return np.einsum("rckk->rc", full) if mode == "trace" and full.ndim == 4 else full


def _jax(x: np.ndarray) -> Any:
    import jax.numpy

    from harness.ntk import network  # noqa: F401  # float64: without it JAX would turn points into float32

    return jax.numpy.asarray(x)


_OURS: dict[str, Subject] = {"layers": layers, "jacobians": jacobians, "neural-tangents": neural_tangents}
