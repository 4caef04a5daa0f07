"""Breaks implementations of kernels at random, one place at a time, and asks the conformance suite about
each.

    python tests/kernel_mutants.py ours neural-tangents [--number N] [--seed S] [--outside FOLDER]

Implementations: `ours` (harness.ntk.closed_form and duals), `neural-tangents` (the installed stax), and, from
a folder that is given, what others have published: `scikit-ntk` (a folder with its package `skntk`) and
`ntk-uci` (the folder of https://github.com/LeoYu/neural-tangent-kernel-UCI). Nothing of theirs is kept here:
functions are taken from where they are, changed in memory, and put back.

A mutant changes one node of a function's syntax tree: an operator, a comparison, a number, an index, a name
for another of the same function, an argument left out, two arguments exchanged, a function for its neighbour
(sin for cos, minimum for maximum), a condition turned around, a transposition added, a statement dropped.
They are drawn without replacement with a stated seed, from statements that the suite runs. A mutant is
*refuted* if an instance that the unchanged implementation passes comes out refuted or as an error. Survivors
are listed with their change; `EQUIVALENT` names those that compute the same, with the reason. The table goes
to standard output; it exits with 1 if a survivor is not in that list.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import linecache
import random
import sys
import time
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent / "support"))
import in_process
from mutators import Place, places

SEED = 14


@dataclass(frozen=True)
class Implementation:
    """Functions that are mutated, by module, and the subject that calls them; `forget` empties caches."""

    name: str
    functions: tuple[tuple[str, str], ...]
    subject: str
    forget: Callable[[], None] = lambda: None


def _twin() -> str:
    """A copy of our three modules: the original stays the reference."""
    copies = {"harness.ntk.half_angles": _copied("harness.ntk.half_angles", "twin_half_angles", {})}
    copies["harness.ntk.duals"] = _copied("harness.ntk.duals", "twin_duals", copies)
    _copied("harness.ntk.closed_form", "twin_closed_form", copies)
    module = types.ModuleType("twin_subject")

    def kernel(x1: Any, x2: Any, architecture: Any) -> Any:
        return sys.modules["twin_closed_form"].nngp_ntk(architecture, x1, x2)

    module.kernel = kernel  # type: ignore[attr-defined]
    sys.modules["twin_subject"] = module
    return "twin_subject:kernel"


def _copied(name: str, twin: str, instead: dict[str, types.ModuleType]) -> types.ModuleType:
    original = importlib.import_module(name)
    text = Path(str(original.__file__)).read_text()
    for old, new in instead.items():
        text = text.replace(f"from {old} import", f"from {new.__name__} import")
    module = types.ModuleType(twin)
    sys.modules[twin] = module
    linecache.cache[twin] = len(text), None, text.splitlines(keepends=True), twin
    exec(compile(text, twin, "exec"), module.__dict__)
    return module


def ours(outside: Path | None) -> Implementation:
    """The closed form, its duals and angles: those functions that a kernel by formulas calls."""
    subject = _twin()
    form = ("nngp_ntk", "_norms_and_directions", "_entering", "_through", "activate", "dense")
    functions = {
        "twin_closed_form": (*form, "_tangent", "_with_bias", "_halved", "LayerState.covariance"),
        "twin_duals": ("dual", "_relu", "_erf_of", "_either", "gelu", "_angle"),
        "twin_half_angles": ("of_cosine", "of_directions", "_squared_distances", "coincident"),
    }
    named = tuple((module, name) for module, names in functions.items() for name in names)
    return Implementation("ours", named, subject)


def neural_tangents(outside: Path | None) -> Implementation:
    """What stax has for `Dense`, `Relu`, `Erf` and `Gelu`."""
    from harness.ntk import compat, stax_kernels

    compat.load()
    linear, elementwise = "neural_tangents._src.stax.linear", "neural_tangents._src.stax.elementwise"
    functions = ((linear, "Dense"), (elementwise, "ABRelu"), (elementwise, "Erf"), (elementwise, "Gelu"))
    functions += ((elementwise, "_arctan2"), (elementwise, "_sqrt"))
    return Implementation("neural-tangents", functions, "neural-tangents", stax_kernels._compiled.cache_clear)


def scikit_ntk(outside: Path | None) -> Implementation:
    """`NeuralTangentKernel.__call__`, by the adapter of docs/conformance.md."""
    sys.path.insert(0, str(outside))
    module = types.ModuleType("scikit_ntk_subject")

    def kernel(x1: Any, x2: Any, a: Any) -> Any:
        import numpy as np
        from skntk import NeuralTangentKernel  # type: ignore[import-not-found]

        biased = a.b_std > 0 and a.bias_init == "zeros"
        only = {"bias_init": ["zeros"], "w_std": [np.sqrt(2)]} if biased else {"b_std": [0.0]}
        a.require(hidden=range(1, 65), **only)
        x1, x2 = (None if x is None else np.sqrt(2 / x.shape[1]) * x for x in (x1, x2))
        found = NeuralTangentKernel(depth=a.hidden, bias=a.b_std)(x1, x2)
        unscaled = (a.hidden + 1) * (a.b_std**2 + 1) * found
        return NotImplemented, (a.w_std**2 / 2) ** (a.hidden + 1) * unscaled

    module.kernel = kernel  # type: ignore[attr-defined]
    sys.modules["scikit_ntk_subject"] = module
    return Implementation(
        "scikit-ntk", (("skntk.kernel", "NeuralTangentKernel.__call__"),), "scikit_ntk_subject:kernel"
    )


def ntk_uci(outside: Path | None) -> Implementation:
    """`kernel_value_batch` of Arora et al. 2020 (arXiv:1910.01663): ReLU, no biases; NNGP and NTK."""
    sys.path.insert(0, str(outside))
    module = types.ModuleType("ntk_uci_subject")

    def kernel(x1: Any, x2: Any, a: Any) -> Any:
        import numpy as np
        from NTK import kernel_value_batch  # type: ignore[import-not-found]

        if a.activation != "relu" or a.parameterization != "ntk" or a.b_std or a.last_layer != 1:
            raise NotImplementedError("NTK-UCI: ReLU, NTK parameterization, no biases")
        both = np.asarray(x1 if x2 is None else np.concatenate([x1, x2]), dtype=np.float64)
        rows, columns = slice(len(x1)), slice(None) if x2 is None else slice(len(x1), None)
        found = kernel_value_batch(both, a.hidden + 1)[a.hidden] * a.w_std ** (2 * a.hidden + 2) / x1.shape[1]
        return found[a.hidden][rows, columns], found[0][rows, columns]

    module.kernel = kernel  # type: ignore[attr-defined]
    sys.modules["ntk_uci_subject"] = module
    return Implementation("ntk-uci", (("NTK", "kernel_value_batch"),), "ntk_uci_subject:kernel")


IMPLEMENTATIONS = {
    "ours": ours, "neural-tangents": neural_tangents, "scikit-ntk": scikit_ntk, "ntk-uci": ntk_uci
}  # fmt: skip

_CONVENTION = "the derivative of ReLU at 0 is a convention: the suite does not ask where it alone matters"
_GUARD = "of 800,000 angles, from 5e-324 to the half of a circle, rounding leaves none below 0"
_SAME_ARRAY = "two names of one array, which is overwritten in place"
_FINITE = "it is of the finite network, which no kernel calls"
_AGAIN = "a number that is set anew before it is read"
_SYMMETRIC = "symmetric"
_OTHER = "`other` is given by the tolerances alone, never by a kernel"
EQUIVALENT: dict[str, str] = {
    "ours activate:4: np.all(after.first) and np.all(after.second) → Or": _CONVENTION,
    "ours activate:5: 0 → -1": _CONVENTION,
    "ours activate:5: after.first * after.second → Div": _CONVENTION,
    "ours _relu:18: slope → theta": _SAME_ARRAY,
    "ours _erf_of:18: covariance → p": _SAME_ARRAY,
    "ours _relu:14: np.maximum(sines, 0, out=sines) → without out": _GUARD,
    "ours of_directions:17: signs > 0 → GtE": "where points are alike or opposite no cosine is 0",
    "ours _norms_and_directions:3: 1 → 2": "it stands in for the norm of a point of zeros",
    "ours nngp_ntk:19: True → False": "there are always two of each",
    "ours nngp_ntk:10: np.asarray(x1, dtype=np.float64) → without dtype": "float32 is judged to float32",
    "ours _squared_distances:3: len(u) * len(v) → Add": "it chooses between two ways of computing the same",
    "ours gelu:20: either → p": _OTHER,
    "scikit-ntk NeuralTangentKernel.__call__:26: 1 → 0": _AGAIN,
    "scikit-ntk NeuralTangentKernel.__call__:26: 1 → 2": _AGAIN,
    "scikit-ntk NeuralTangentKernel.__call__:26: -1 → without its sign": _AGAIN,
    "scikit-ntk NeuralTangentKernel.__call__:27: 1 → 0": _AGAIN,
    "scikit-ntk NeuralTangentKernel.__call__:27: 1 → 2": _AGAIN,
    "scikit-ntk NeuralTangentKernel.__call__:27: -1 → without its sign": _AGAIN,
    "scikit-ntk NeuralTangentKernel.__call__:34: np.concatenate((X, Z), axis=0) → without axis": "a default",
    "scikit-ntk NeuralTangentKernel.__call__:39: if eval_gradient: products = np.ones((X.shape[0… → "
    "condition turned around": "arrays of a gradient that nobody asks for",
    "scikit-ntk NeuralTangentKernel.__call__:48: np.diag → diagonal": "of a matrix the same",
    "scikit-ntk NeuralTangentKernel.__call__:49: np.outer(diag, diag) → arguments exchanged": _SYMMETRIC,
    "scikit-ntk NeuralTangentKernel.__call__:49: 1e-10 → 9.99e-11": "a floor that no norm meets",
    "neural-tangents Erf:19: a * erf(b * x) + c → Sub": _FINITE,
    "neural-tangents ABRelu:19: jnp.maximum → minimum": _FINITE,
    "neural-tangents Dense:132: 0.5 → 1.5": _FINITE,
    "ntk-uci kernel_value_batch:11: np.outer(L, L) → arguments exchanged": _SYMMETRIC,
    "ntk-uci kernel_value_batch:11: 1e-09 → 9.99e-10": "a floor that no norm meets",
    "ntk-uci kernel_value_batch:10: np.diag → diagonal": "of a matrix the same",
}
"""Survivors that compute the same kernel wherever it can be asked for, and why."""


Lines = set[tuple[str, int]]


def all_places(of: Implementation, ran: Lines) -> list[tuple[str, Place]]:
    """Every place of an implementation that the suite runs, with the module of its function."""
    found = []
    for module, name in of.functions:
        function = _get(module, name)
        file, source = function.__code__.co_filename, inspect.getsource(function)
        first = inspect.getsourcelines(function)[1] - 1
        for place in places(name, source):
            if any((file, first + line) in ran for line in place.statement):
                found.append((module, place))
    return found


@contextmanager
def watched(of: Implementation) -> Iterator[Lines]:
    """The lines of the implementation's files that run inside the block."""
    files = {_get(module, name).__code__.co_filename for module, name in of.functions}
    ran: Lines = set()

    def local(frame: types.FrameType, event: str, argument: object) -> Any:
        ran.add((frame.f_code.co_filename, frame.f_lineno))
        return local

    sys.settrace(lambda frame, event, argument: local if frame.f_code.co_filename in files else None)
    try:
        yield ran
    finally:
        sys.settrace(None)


def _get(module: str, path: str) -> Any:
    found: Any = importlib.import_module(module)
    for part in path.split("."):
        found = getattr(found, part)
    return inspect.unwrap(found)


def put(module: str, place: Place) -> Callable[[], None]:
    """Put a mutant in the place of its function; returns what puts the function back.

    The code object is exchanged, so that every module that imported the function has the mutant.
    """
    function = _get(module, place.function)
    scope = dict(function.__globals__)
    exec(compile(ast.Module([place.tree], []), f"<mutant of {place.function}>", "exec"), scope)
    before = function.__code__, function.__defaults__, function.__kwdefaults__
    mutant = scope[place.tree.name]
    function.__code__ = mutant.__code__

    def back() -> None:
        function.__code__, function.__defaults__, function.__kwdefaults__ = before

    return back


def verdict(of: Implementation, module: str, place: Place, chosen: list[Any]) -> str:
    """The id of an instance that refutes a mutant; '' if none does."""
    back = put(module, place)
    of.forget()
    try:
        return next(iter(in_process.refuting(of.subject, chosen)), "")
    finally:
        back()
        of.forget()


def passed(of: Implementation, first: int | None) -> list[Any]:
    """The instances that the unchanged implementation passes, of the first so many."""
    asked = in_process.instances()[:first]
    found = dict(in_process.verdicts(of.subject, asked))
    return [i for i in asked if found[i.id] == "supported"]


def remember() -> None:
    """Keep what the reference and the tolerances give: they do not change from mutant to mutant."""
    from harness.ntk import block_checks, closed_form, scale_checks

    for module, name in (
        (block_checks, "tolerances"),
        (scale_checks, "tolerances"),
        (closed_form, "nngp_ntk"),
    ):
        setattr(module, name, _kept(getattr(module, name)))


def _kept(function: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Any, Any] = {}

    def kept(architecture: Any, *arguments: Any, **named: Any) -> Any:
        parts = [(a.dtype.str, a.shape, a.tobytes()) if hasattr(a, "tobytes") else a for a in arguments]
        key = architecture, *parts, *named.items()
        if key not in known:
            known[key] = function(architecture, *arguments, **named)
        return known[key]

    return kept


def main() -> None:
    """Draw mutants of the implementations named, and print what became of each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("implementations", nargs="+", choices=IMPLEMENTATIONS)
    parser.add_argument("--number", type=int, default=50, help="mutants of each implementation")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--first", type=int, help="instances that are asked, in a shuffled order (default: all)"
    )
    parser.add_argument("--outside", type=Path, help="folder of an implementation that is not installed")
    arguments = parser.parse_args()
    remember()
    unexplained = 0
    for name in arguments.implementations:
        it = IMPLEMENTATIONS[name](arguments.outside)
        with watched(it) as ran:
            chosen = passed(it, arguments.first)
        found = all_places(it, ran)
        drawn = random.Random(arguments.seed).sample(found, min(arguments.number, len(found)))
        print(
            f"# {name}: {len(drawn)} of {len(found)} mutants; {len(chosen)} instances that it passes",
            flush=True,
        )
        killed = 0
        for module, place in drawn:
            start = time.process_time()
            by = verdict(it, module, place, chosen)
            killed += bool(by)
            why = "" if by else EQUIVALENT.get(f"{name} {place.name}", "SURVIVES")
            unexplained += why == "SURVIVES"
            print(f"{place.name} | {by or why} | {time.process_time() - start:.1f} s", flush=True)
        print(f"# {name}: {killed} of {len(drawn)} refuted", flush=True)
    sys.exit(unexplained > 0)


if __name__ == "__main__":
    main()
