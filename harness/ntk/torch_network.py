"""A module of PyTorch in the form that `ntk.network` measures, by `torch.func`.

The model's function returns a module, and is called again for each seed, after `torch.manual_seed(seed)`. The
module stays in the mode in which it was made. In training mode, dropout and batch normalisation are found and
rejected. Buffers do not change. Optimizers are those of `torch.optim`, with their defaults.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch.func import functional_call, jacrev, jvp, vjp, vmap

from harness.declare import NotCovered, StageError
from harness.ntk.jacobian import GIBIBYTE
from harness.ntk.model import ModelError
from harness.ntk.model_checks import SAME
from harness.ntk.seen_kernel import OutputsAtPoints, SeenKernel, probed_kernel, whole_kernel
from harness.ntk.tangent import CONVERGED, ITERATIONS
from harness.ntk.trainable import (
    Course,
    LastInputs,
    Loss,
    NetworkInputs,
    OutputsAtTest,
    Recipe,
    TestInputs,
    Walked,
)

Tensors = dict[str, Any]
"""Parameters or buffers, by their names."""

OPTIMIZERS = {
    "sgd": "SGD", "adam": "Adam", "adamw": "AdamW", "adamax": "Adamax", "nadam": "NAdam", "radam": "RAdam",
    "rmsprop": "RMSprop", "rprop": "Rprop", "adagrad": "Adagrad", "adadelta": "Adadelta",
}  # fmt: skip
"""Each rule of optax, and the name of `torch.optim` for it."""

TangentKernel = Float[np.ndarray, "points points outputs outputs"]

BLOCK = 8
"""The number of points whose Jacobians are computed at once."""

FLOAT64 = 8
"""Bytes of a float64."""

DIVERGED = 1e6
"""As in `harness.ntk.train`."""


class TorchNetwork:
    """The network of one trial: a `Trainable`."""

    def __init__(self, name: str, make: Callable[[], Any], seed: int) -> None:
        self.name, self._make, self._seed = name, make, seed
        torch.set_num_threads(1)  # one worker per core, and the same bits on every machine
        self._module = self._drawn(seed)
        self._buffers: Tensors = dict(self._module.named_buffers())
        self.places: list[Tensors] = [_parameters(self._module)]

    def _drawn(self, seed: int) -> Any:
        torch.manual_seed(seed)
        return self._make()

    def _call(self, params: Tensors, x: Any) -> Any:
        """Outputs [points, outputs], in the precision of the parameters."""
        kind = next(iter(params.values())).dtype
        buffers = {name: b.to(kind) if b.is_floating_point() else b for name, b in self._buffers.items()}
        out = functional_call(self._module, {**params, **buffers}, (x.to(kind),))
        if out.ndim not in (1, 2) or out.shape[0] != x.shape[0]:
            found = f"shape {tuple(out.shape)} for {tuple(x.shape)}"
            raise ModelError(self.name, "outputs [points] or [points, outputs]", found)
        return out.reshape(x.shape[0], -1)

    def _precise(self, place: int) -> Tensors:
        return {name: leaf.double() for name, leaf in self.places[place].items()}

    def require_sound(self, x: NetworkInputs, outputs: int, loss: Loss) -> None:
        """Raise `ModelError` if the module is unsound, and `NotCovered` for cross-entropy with one output."""
        pair = self.outputs(0, x[:2])
        if pair.shape[1] != outputs:
            raise ModelError(self.name, f"{outputs} outputs, as the data have targets", f"{pair.shape[1]}")
        if loss == "cross-entropy" and outputs < 2:
            raise NotCovered("cross-entropy of one output: give two classes two outputs")
        found = (
            (self.outputs(0, x[:2]), pair, "change when the same call is repeated: is dropout left on?"),
            (self.outputs(0, x[[0, 2]])[:1], pair[:1], "depend on the other rows: batch normalisation?"),
            (self.outputs(0, x[[1, 0]])[::-1], pair, "depend on the position of a row: is dropout left on?"),
            (self.outputs(0, x[:3])[:2], pair, "depend on the number of rows"),
        )
        scale = np.max(np.abs(pair))
        for now, then, what in found:
            if not np.max(np.abs(now - then)) <= SAME * scale:
                expected = "outputs that each depend on their own row alone"
                mode = "; the module is in training mode: module.eval()" if self._module.training else ""
                raise ModelError(self.name, expected, f"outputs that {what}{mode}")

    def is_redrawn(self, features: int) -> bool:
        other = _parameters(self._drawn(self._seed + 1))
        return not all(torch.equal(leaf, other[name]) for name, leaf in self.places[0].items())

    def size(self) -> int:
        return sum(leaf.numel() for leaf in self.places[0].values())

    def sharpness(self, place: int, x: NetworkInputs, loss: Loss) -> float:
        params, points = self._precise(place), torch.from_numpy(x)

        def f(p: Tensors) -> Any:
            return self._call(p, points)

        out, pull = vjp(f, params)
        shares = torch.softmax(out, dim=1)

        def bend(v: Any) -> Any:
            """L v of `harness.ntk.stability`."""
            if loss == "squared":
                return v * (2 / out.numel()) ** 0.5
            rooted = shares.sqrt() * v
            return (rooted - shares * rooted.sum(dim=1, keepdim=True)) / len(out) ** 0.5

        def unbend(v: Any) -> Any:
            """Lᵀ v."""
            if loss == "squared":
                return v * (2 / out.numel()) ** 0.5
            return shares.sqrt() * (v - (shares * v).sum(dim=1, keepdim=True)) / len(out) ** 0.5

        vector = torch.from_numpy(np.random.default_rng(0).standard_normal(tuple(out.shape)))
        value = torch.zeros((), dtype=out.dtype)
        for _ in range(ITERATIONS):
            vector = vector / vector.norm()
            product = unbend(jvp(f, (params,), (pull(bend(vector))[0],))[1])
            value = (vector * product).sum()
            if (product - value * vector).norm() <= CONVERGED * value:
                break
            vector = product
        found = float(value)
        if not 0 < found < float("inf"):
            raise StageError(f"λ₀ of the loss: expected finite and positive, found {found:.3g}")
        return found

    def train(self, course: Course) -> list[Walked]:
        seen = []
        for walked, params in self._train(course, self._call):
            self.places.append(params)
            seen.append(walked)
        return seen

    def train_linearised(self, course: Course, x_test: NetworkInputs) -> tuple[Walked, OutputsAtPoints]:
        *_, (walked, params) = self._train(course, self._linearised(self.places[0]))
        precise = {name: leaf.double() for name, leaf in params.items()}
        out = self._linearised(self._precise(0))(precise, torch.from_numpy(x_test))
        return walked, out.detach().numpy()

    def _linearised(self, start: Tensors) -> Callable[[Tensors, Any], Any]:
        def call(params: Tensors, x: Any) -> Any:
            moved = {name: params[name] - leaf for name, leaf in start.items()}
            value, more = jvp(lambda p: self._call(p, x), (start,), (moved,))
            return value + more

        return call

    def _train(self, course: Course, call: Callable[[Tensors, Any], Any]) -> Iterator[tuple[Walked, Tensors]]:
        recipe = course.recipe
        x, y = (torch.from_numpy(np.asarray(each, dtype=np.float32)) for each in (course.x, course.y))
        params = {name: leaf.clone().requires_grad_() for name, leaf in self.places[0].items()}
        optimizer = _optimizer(recipe, list(params.values()), course.rate)
        random = np.random.default_rng([course.seed, 0])
        stride, step = recipe.stride(len(x)), 0

        def loss_of(rows: Any) -> Any:
            return _loss(recipe.loss, call(params, x[rows]), y[rows])

        def look() -> float:
            with torch.no_grad():
                return float(loss_of(slice(None)))

        loss = first = look()
        for until in dict.fromkeys(-(-time // stride) * stride for time in sorted(set(course.times))):
            while step < until and course.target < loss <= DIVERGED * first:
                order = random.permutation(len(x)) if stride > 1 else None
                for number in range(stride):
                    rows = slice(None) if order is None else order[number * recipe.batch :][: recipe.batch]
                    optimizer.zero_grad()
                    loss_of(rows).backward()
                    optimizer.step()
                step, loss = step + stride, look()
            yield Walked(step, loss), {name: leaf.detach().clone() for name, leaf in params.items()}
            if step < until:
                break

    def outputs(self, place: int, x: NetworkInputs) -> OutputsAtPoints:
        with torch.no_grad():
            out: OutputsAtPoints = self._call(self._precise(place), torch.from_numpy(x)).numpy()
        return out

    def kernel(self, place: int, x: NetworkInputs, outputs: int, *, entire: bool) -> SeenKernel:
        if not entire:
            return probed_kernel(lambda v: self.across(place, x, x, v), len(x), outputs)
        # The blocks, and the blocks joined.
        if 2 * len(x) * outputs * self.size() * FLOAT64 > GIBIBYTE:
            return whole_kernel(self._kernel_by_rows(place, x, outputs))
        blocks = [self._jacobian(place, x[start : start + BLOCK]) for start in range(0, len(x), BLOCK)]
        jacobian = torch.cat(blocks).detach()
        return whole_kernel(torch.einsum("rkp,clp->rckl", jacobian, jacobian).numpy())

    def _kernel_by_rows(self, place: int, x: NetworkInputs, outputs: int) -> TangentKernel:
        """As `harness.ntk.tangent_products.kernel_by_rows`, for a network of any size."""
        rows = np.empty((len(x), outputs, len(x), outputs))
        for number, each in np.ndindex(len(x), outputs):
            one = np.zeros((1, outputs))
            one[0, each] = 1
            rows[number, each] = self.across(place, x[number : number + 1], x, one)
        kernel = rows.transpose(0, 2, 1, 3)
        even: TangentKernel = (kernel + kernel.transpose(1, 0, 3, 2)) / 2
        return even

    def _jacobian(self, place: int, x: NetworkInputs) -> Any:
        params = self._precise(place)

        def one(row: Any) -> Any:
            leaves = jacrev(lambda p: self._call(p, row[None])[0])(params)
            return torch.cat([leaf.reshape(leaf.shape[0], -1) for leaf in leaves.values()], dim=1)

        return vmap(one)(torch.from_numpy(x))

    def across(
        self, place: int, x: NetworkInputs, x_test: TestInputs, coefficients: OutputsAtPoints
    ) -> OutputsAtTest:
        params = self._precise(place)
        _, pull = vjp(lambda p: self._call(p, torch.from_numpy(x)), params)
        (direction,) = pull(torch.from_numpy(np.ascontiguousarray(coefficients)))
        moved = jvp(lambda p: self._call(p, torch.from_numpy(x_test)), (params,), (direction,))[1]
        found: OutputsAtTest = moved.detach().numpy()
        return found

    def weights_moved(self) -> float:
        start, now = self._precise(0), self._precise(-1)
        gap = sum(float(((now[name] - leaf) ** 2).sum()) for name, leaf in start.items())
        return float((gap / sum(float((leaf**2).sum()) for leaf in start.values())) ** 0.5)

    def last_inputs(self, place: int, x: NetworkInputs) -> LastInputs:
        """The inputs of the last `nn.Linear`, in the order in which the module lists its parts."""
        layers = [part for part in self._module.modules() if isinstance(part, torch.nn.Linear)]
        if not layers:
            raise NotCovered(f"model {self.name}: it has no nn.Linear whose inputs are its features")
        seen: list[Any] = []
        hook = layers[-1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
        try:
            self.outputs(place, x)
        finally:
            hook.remove()
        return [seen[-1].detach().reshape(len(x), -1).numpy()]


def _parameters(module: Any) -> Tensors:
    return {name: leaf.detach().clone().float() for name, leaf in module.named_parameters()}


def _optimizer(recipe: Recipe, params: list[Any], rate: float) -> Any:
    if recipe.optimizer not in OPTIMIZERS:
        raise NotCovered(f"torch.optim has no {recipe.optimizer}: one of {', '.join(OPTIMIZERS)}")
    make = getattr(torch.optim, OPTIMIZERS[recipe.optimizer])
    return make(params, lr=rate, momentum=recipe.momentum) if recipe.momentum else make(params, lr=rate)


def _loss(loss: Loss, out: Any, y: Any) -> Any:
    if loss == "squared":
        return ((out - y) ** 2).mean()
    return -(y * torch.log_softmax(out, dim=1)).sum(dim=1).mean()
