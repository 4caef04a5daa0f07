"""Empirical NTKs with one fault each, and a true one: subjects named `wrong_empirical:NAME`.

`textbook` is J Jᵀ from J by complex steps, with both keywords, and right. Each wrong one is that with one
fault; `WRONG` says by which check of `harness.ntk.empirical_checks` it must fail, and on which network.
"""

from __future__ import annotations

import numpy as np

from harness.ntk import sample_networks
from harness.ntk.sample_networks import leaves, mapped


def textbook(apply, params, x1, x2=None, *, mode="full", batch_size=None, jacobian=None):
    """J Jᵀ: right. `jacobian(apply, params, x)` stands in for the true one where a fault is wanted."""
    jacobian = jacobian or sample_networks.jacobian
    second = x1 if x2 is None else x2
    size = batch_size or max(len(x1), len(second))

    def whole(x):
        return np.concatenate([jacobian(apply, params, x[i : i + size]) for i in range(0, len(x), size)])

    j1, j2 = whole(x1), whole(second)
    several = np.ndim(apply(params, x1)) == 2
    if mode == "diagonal":
        kernel = np.einsum("ikp,ilp->ikl", j1, j1)
        return kernel if several else kernel[:, 0, 0]
    kernel = np.einsum("ikp,jlp->ijkl", j1, j2)
    if mode == "trace":
        return np.einsum("ijkk->ij", kernel)
    return kernel if several else kernel[:, :, 0, 0]


def _of_leaves(apply, params, x, factors):
    """J of which the columns of each leaf are multiplied by its factor."""
    columns = np.concatenate(
        [np.full(np.size(leaf), f) for leaf, f in zip(leaves(params), factors, strict=True)]
    )
    return sample_networks.jacobian(apply, params, x) * columns


def _lacking(which):
    def subject(apply, params, x1, x2=None):
        factors = np.ones(len(leaves(params)))
        factors[which(params)] = 0
        return textbook(apply, params, x1, x2, jacobian=lambda f, p, x: _of_leaves(f, p, x, factors))

    return subject


first_layer_missing = _lacking(lambda params: 0)
last_leaf_missing = _lacking(lambda params: -1)
biases_missing = _lacking(lambda params: [np.ndim(leaf) == 1 for leaf in leaves(params)])
scalars_missing = _lacking(lambda params: [np.ndim(leaf) == 0 for leaf in leaves(params)])


def uses_apart(apply, params, x1, x2=None):
    """A matrix used thrice counts as three: their cross terms are missing (of `shared`)."""

    def jacobian(apply, params, x):
        step, parts = 1e-30, []
        for use in range(3):
            columns = []
            for index in np.ndindex(params[0].shape):
                moved = params[0].astype(complex)
                moved[index] += 1j * step
                h = x
                for number in range(3):
                    h = np.tanh(h @ (moved if number == use else params[0]))
                columns.append(np.imag(h @ params[1]) / step)
            parts.append(np.stack(columns, axis=-1))
        rest = sample_networks.jacobian(apply, params, x)[..., params[0].size :]
        return np.concatenate([*parts, rest], axis=-1)

    return textbook(apply, params, x1, x2, jacobian=jacobian)


def transposed(apply, params, x1, x2=None):
    """K(B, A), in the shape of K(A, B)."""
    kernel = textbook(apply, params, x1, x2)
    return np.swapaxes(kernel, 0, 1).reshape(kernel.shape)


def transposed_where_square(apply, params, x1, x2=None):
    kernel = textbook(apply, params, x1, x2)
    return np.swapaxes(kernel, 0, 1) if len(kernel) == kernel.shape[1] else kernel


def outputs_transposed(apply, params, x1, x2=None):
    kernel = textbook(apply, params, x1, x2)
    return kernel if kernel.ndim == 2 else np.swapaxes(kernel, 2, 3)


def over_outputs(apply, params, x1, x2=None):
    """Divided by the number of outputs, as a mean is."""
    kernel = textbook(apply, params, x1, x2)
    return kernel / kernel.shape[-1] if kernel.ndim == 4 else kernel


def over_parameters(apply, params, x1, x2=None):
    return textbook(apply, params, x1, x2) / sum(np.size(leaf) for leaf in leaves(params))


def diagonal_outputs_alone(apply, params, x1, x2=None):
    """Different outputs count as independent, which holds of infinite width alone."""
    kernel = textbook(apply, params, x1, x2)
    return kernel if kernel.ndim == 2 else kernel * np.eye(kernel.shape[-1])


def sum_of_outputs(apply, params, x1, x2=None):
    """The kernel of the sum of outputs, on the diagonal of outputs: a missing loop over them."""
    kernel = textbook(apply, params, x1, x2)
    return kernel if kernel.ndim == 2 else kernel.sum((2, 3))[..., None, None] * np.eye(kernel.shape[-1])


_stale: dict[object, object] = {}


def stale_parameters(apply, params, x1, x2=None):
    """Computed once for a function and a shape of points."""
    key = (apply, x1.tobytes(), None if x2 is None else x2.tobytes())
    if key not in _stale:
        _stale[key] = textbook(apply, params, x1, x2)
    return _stale[key]


def stale_function(apply, params, x1, x2=None):
    """Compiled for the first function of these parameters and points."""
    points = (x1.tobytes(), None if x2 is None else x2.tobytes())
    key = (*points, *(leaf.tobytes() for leaf in leaves(params)))
    return textbook(_stale.setdefault(key, apply), params, x1, x2)


def dependent_on_the_batch_size(apply, params, x1, x2=None, *, batch_size=None):
    kernel = textbook(apply, params, x1, x2, batch_size=batch_size)
    return kernel if batch_size is None else kernel * min(1, batch_size / 3)


def last_batch_dropped(apply, params, x1, x2=None, *, batch_size=None):
    """Rows beyond the last whole batch stay 0."""
    kernel = textbook(apply, params, x1, x2)
    if batch_size and len(x1) > batch_size:
        kernel[len(x1) // batch_size * batch_size :] = 0
    return kernel


def last_batch_of_32_dropped(apply, params, x1, x2=None):
    """The same without the keyword: blocks of 32."""
    kernel = textbook(apply, params, x1, x2)
    kernel[32:] = 0
    return kernel


def diagonal_per_batch(apply, params, x1, x2=None, *, batch_size=None):
    """Off-diagonal batches are taken for Gram matrices of the rows."""
    size = batch_size or len(x1)
    kernel = textbook(apply, params, x1, x2)
    if x2 is None:
        for start in range(size, len(x1), size):
            kernel[:size, start : start + size] = kernel[:size, :size][:, : len(x1) - start]
    return kernel


def upper_triangle(apply, params, x1, x2=None):
    kernel = textbook(apply, params, x1, x2)
    if x2 is None:
        kernel[np.tril_indices(len(x1), -1)] = 0
    return kernel


def symmetrised(apply, params, x1, x2=None):
    """Whatever is square is taken for a Gram matrix."""
    kernel = textbook(apply, params, x1, x2)
    return (kernel + np.swapaxes(kernel, 0, 1)) / 2 if len(kernel) == kernel.shape[1] else kernel


def jittered(apply, params, x1, x2=None):
    """1e-9 on the diagonal, for a Cholesky factor: seen at small outputs."""
    kernel = textbook(apply, params, x1, x2)
    if len(kernel) == kernel.shape[1]:
        each = np.arange(len(kernel))
        kernel[each, each] += 1e-9 if kernel.ndim == 2 else 1e-9 * np.eye(kernel.shape[-1])
    return kernel


def absolute_tolerance(apply, params, x1, x2=None):
    """Entries below 1e-7 are taken for 0."""
    kernel = textbook(apply, params, x1, x2)
    return np.where(np.abs(kernel) < 1e-7, 0, kernel)


def single(apply, params, x1, x2=None):
    """In float32, whatever it is given."""
    return textbook(apply, params, x1, x2).astype(np.float32)


def half(apply, params, x1, x2=None):
    """float16 where it is given float32."""
    kernel = textbook(apply, params, x1, x2)
    return kernel.astype(np.float16) if x1.dtype == np.float32 else kernel


def finite_differences(apply, params, x1, x2=None):
    """By forward differences of 1e-6."""

    def jacobian(apply, params, x):
        held, step, columns = mapped(np.array, params), 1e-6, []
        start = apply(held, x).reshape(len(x), -1)
        for leaf in leaves(held):
            for index in np.ndindex(leaf.shape):
                before = leaf[index]
                leaf[index] = before + step
                columns.append((apply(held, x).reshape(len(x), -1) - start) / step)
                leaf[index] = before
        return np.stack(columns, axis=-1)

    return textbook(apply, params, x1, x2, jacobian=jacobian)


def projected(apply, params, x1, x2=None):
    """Through a random projection to 2000 dimensions."""

    def jacobian(apply, params, x):
        exact = sample_networks.jacobian(apply, params, x)
        return exact @ np.random.default_rng(0).standard_normal((exact.shape[-1], 2000)) / np.sqrt(2000)

    return textbook(apply, params, x1, x2, jacobian=jacobian)


def clipped(apply, params, x1, x2=None):
    """No entry below 0."""
    return np.maximum(textbook(apply, params, x1, x2), 0)


def centred(apply, params, x1, x2=None):
    """The mean Jacobian over the points is taken off."""

    def jacobian(apply, params, x):
        exact = sample_networks.jacobian(apply, params, x)
        return exact - exact.mean(axis=0)

    return textbook(apply, params, x1, x2, jacobian=jacobian)


def one_row_squeezed(apply, params, x1, x2=None):
    """Of one point, the kernel with the next one's sign: a broadcast gone wrong."""
    kernel = textbook(apply, params, x1, x2)
    return kernel if len(x1) > 1 else kernel[:, :1] + 0 * kernel


def gram_of_x1(apply, params, x1, x2=None):
    """x2 is ignored where it has as many points."""
    return textbook(apply, params, x1, None if x2 is not None and len(x2) == len(x1) else x2)


def trace_is_a_mean(apply, params, x1, x2=None, *, mode="full"):
    kernel = textbook(apply, params, x1, x2, mode=mode)
    outputs = np.size(apply(params, x1[:1]))
    return kernel / outputs if mode == "trace" else kernel


def trace_of_the_first_output(apply, params, x1, x2=None, *, mode="full"):
    full = textbook(apply, params, x1, x2)
    if mode != "trace":
        return textbook(apply, params, x1, x2, mode=mode)
    return full if full.ndim == 2 else full[:, :, 0, 0]


def diagonal_of_outputs_alone(apply, params, x1, x2=None, *, mode="full"):
    """The mode `diagonal` has no products of different outputs."""
    kernel = textbook(apply, params, x1, x2, mode=mode)
    return kernel * np.eye(kernel.shape[-1]) if mode == "diagonal" and kernel.ndim == 3 else kernel


def ordered(apply, params, x1, x2=None):
    """Rows come out by the first feature."""
    return textbook(apply, params, x1[np.argsort(x1[:, 0])], x2)


def infinite(apply, params, x1, x2=None):
    return np.full_like(textbook(apply, params, x1, x2), np.inf)


WRONG: dict[str, tuple[str, str]] = {
    "first_layer_missing": ("error", "three-outputs"),
    "last_leaf_missing": ("error", "deep-standard"),
    "biases_missing": ("error", "normalised"),
    "scalars_missing": ("error", "scalars"),
    "uses_apart": ("error", "shared"),
    "transposed": ("error", "one-output"),
    "transposed_where_square": ("shape-error", "one-output"),
    "outputs_transposed": ("error", "skip"),
    "over_outputs": ("error", "convolution"),
    "over_parameters": ("error", "linear"),
    "diagonal_outputs_alone": ("error", "attention"),
    "sum_of_outputs": ("error", "three-outputs"),
    "stale_parameters": ("parameters-error", "one-output"),
    "stale_function": ("function-error", "one-output"),
    "dependent_on_the_batch_size": ("batch-error", "three-outputs"),
    "last_batch_dropped": ("batch-error", "one-output"),
    "last_batch_of_32_dropped": ("shape-error", "linear"),
    "diagonal_per_batch": ("batch-error", "skip"),
    "upper_triangle": ("asymmetry", "one-output"),
    "symmetrised": ("shape-error", "skip"),
    "jittered": ("function-error", "one-output"),
    "absolute_tolerance": ("function-error", "linear"),
    "single": ("error", "one-output"),
    "half": ("float32-error", "one-output"),
    "finite_differences": ("error", "skip"),
    "projected": ("error", "linear"),
    "clipped": ("error", "skip"),
    "centred": ("block-error", "one-output"),
    "one_row_squeezed": ("shape-error", "one-output"),
    "gram_of_x1": ("shape-error", "attention"),
    "trace_is_a_mean": ("trace-error", "three-outputs"),
    "trace_of_the_first_output": ("trace-error", "skip"),
    "diagonal_of_outputs_alone": ("diagonal-error", "skip"),
    "ordered": ("permutation-error", "one-output"),
    "infinite": ("error", "one-output"),
}


def changes_parameters(apply, params, x1, x2=None):
    kernel = textbook(apply, params, x1, x2)
    leaves(params)[0][...] = 0
    return kernel


def changes_points(apply, params, x1, x2=None):
    kernel = textbook(apply, params, x1, x2)
    x1 *= 2
    return kernel


def flattened(apply, params, x1, x2=None):
    return textbook(apply, params, x1, x2).reshape(-1)


def complex_numbers(apply, params, x1, x2=None):
    return textbook(apply, params, x1, x2) + 0j


def raises(apply, params, x1, x2=None):
    raise RuntimeError("out of luck")


MALFORMED = {
    "changes_parameters": "changed the parameters",
    "changes_points": "changed the points",
    "flattened": "expected the shape [7, 5]",
    "complex_numbers": "expected real numbers",
    "raises": "RuntimeError: out of luck",
}


def small_networks_alone(apply, params, x1, x2=None):
    """Not covered by the network: allowed."""
    if len(leaves(params)) > 6:
        raise NotImplementedError("more than three layers")
    return textbook(apply, params, x1, x2)


def few_points_alone(apply, params, x1, x2=None):
    """Not covered by the data: not allowed."""
    if len(x1) > 8:
        raise NotImplementedError("more than eight points")
    return textbook(apply, params, x1, x2)
