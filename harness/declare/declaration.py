"""The decorators `experiment`, `benchmark` and `model`: from a signature to a `Declaration`."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar, get_args

from harness.declare.annotations import has_stages, parameters
from harness.declare.estimates import estimated_bytes
from harness.declare.inputs import Inputs
from harness.declare.lanes import Abreast, wrong_lanes
from harness.declare.parameters import (
    OF_MODEL,
    DeclarationError,
    Kind,
    Parameter,
    Value,
    declared_parameters,
)
from harness.declare.repeatable import EXACTLY, Repeatable, read_repeatable

Scale = Literal["log", "linear"]
Better = Literal["lower", "higher", ""]
"""Which values of a quantity are better; "" if neither, or if it is not declared."""
Returned = TypeVar("Returned", bound="Mapping[str, float] | Mapping[str, Sequence[float]]")
"""What an experiment returns: a number for each quantity, or one for each seed."""

Settle = Callable[[Mapping[str, Value]], Mapping[str, Value]]
"""A function that takes every parameter, as given or by default, and gives the same with values that depend
on others."""


Memory = Callable[[Mapping[str, Value]], int]
"""A function that takes every parameter of a trial and gives the bytes that the trial is expected to hold."""

Cost = Callable[[Mapping[str, Value], frozenset[str]], float]
"""A function that takes every parameter and the wanted stages, and gives about how many seconds a trial
takes."""


BLOCK = 16
"""The most seeds that one call of an experiment with `seeds` gets, if it declares no number."""


@dataclass(frozen=True)
class Quantity:
    """A named number that a trial measures.

    Arguments:
        about: what it is, in a line.
        scale: "log" says that the number is positive and that its logarithm varies evenly between seeds.
            Claims then take logarithms, and a number that is not positive is an error. Else "linear".
        unit: its unit, as reports and figures print it.
        resolution: the size of a difference that is only rounding: relative on a log scale, in the quantity's
            own unit on a linear one. Give at least twice the standard deviation of the rounding noise: the
            judge uses it to tell distinct values from rounding.
        stage: the stage of the trial that measures it. If this stage fails, claims that read only other
            stages are not affected.
        deterministic: whether the parameters alone decide the number, so that it is the same, to the bit, for
            every seed. It is then measured with one seed and judged without statistics. Runs measure another
            seed of one trial to check the declaration.
        better: "lower" (or "higher"): compared with a baseline, the quantity may be better by any amount, and
            worse by no more than a margin. Without it, the quantity has to stay the same.

    >>> harness.Quantity("test error", unit="RMSE", resolution=1e-6).scale
    'log'
    """

    about: str
    scale: Scale = "log"
    unit: str = ""
    resolution: float = 0.0
    stage: str = ""
    deterministic: bool = False
    better: Better = ""

    def __post_init__(self) -> None:
        if self.better not in get_args(Better):
            raise DeclarationError(f'better: expected "lower" or "higher", found {self.better!r}')


@dataclass(frozen=True, eq=False)
class Declaration:
    """What is known of an experiment, a benchmark or a model without running it. Their decorators make it.

    An experiment's `function` takes `seed` (or `seeds`) and the parameters and returns quantities. A
    benchmark's takes the parameters, prepares, and returns the function to be timed, which takes no
    arguments. A model's takes the parameters and returns `(init, apply)`, `(init, apply, kernel)`, or an
    object that has them.
    """

    name: str
    version: int
    about: str
    parameters: Mapping[str, Parameter]
    quantities: Mapping[str, Quantity]
    function: Callable[..., Any] = field(repr=False)
    precision: str = ""
    """The floating-point types with which it computes, in words."""
    kind: Kind = "experiment"
    timed: bool = False
    """Whether its quantities are timings: trials then run alone on the machine, and are not stored."""
    repeatable: Repeatable = EXACTLY
    """How exactly a trial's numbers repeat in another worker on the same kind of processor."""
    settle: Settle | None = field(default=None, repr=False)
    """The function that `settled` calls."""
    memory: Memory | None = field(default=None, repr=False)
    """The function that `bytes_held` calls."""
    inputs: Inputs | None = None
    """The files that its trials may read."""
    block: int = 0
    """The most seeds that its function takes as `seeds`; 0 if it takes one `seed`."""
    abreast: Abreast | None = None
    """How many seeds are computed abreast if that is faster; None if the function cannot do so."""
    tf32: str = ""
    """The parameter whose value "tf32" asks for products in TF32; '' if it has none."""
    takes_model: bool = False
    """Whether this is an experiment whose parameter `model` names a model, and which takes that model's
    parameters too."""
    takes_stages: bool = False
    """Whether its function takes the wanted `stages`, so that each can be measured without the others."""
    cost: Cost | None = field(default=None, repr=False)
    """About how many seconds a trial takes, if declared."""

    @cached_property
    def stages(self) -> Mapping[str, tuple[str, ...]]:
        """What can be measured alone, each with its quantities: its stages, or '', the trial as a whole."""
        found: dict[str, tuple[str, ...]] = {}
        for name in self.quantities:
            stage = self.stage_of(name)
            found[stage] = (*found.get(stage, ()), name)
        return found or {"": ()}

    def stage_of(self, quantity: str) -> str:
        """The stage that is measured for the quantity; '' if the trial is measured as a whole."""
        return self.quantities[quantity].stage if self.takes_stages and quantity in self.quantities else ""

    def settled(self, given: Mapping[str, Value]) -> dict[str, Value]:
        """Every parameter as a trial has it: defaults, then `given`, then defaults that depend on others."""
        parameters = {**self.defaults(), **given}
        return parameters if self.settle is None else {**parameters, **self.settle(parameters)}

    def bytes_held(self, parameters: Mapping[str, Value]) -> int:
        """The bytes of memory that a trial with these parameters is expected to hold; 0 if not declared.

        Raises `DeclarationError` if the experiment's own function does not give a number of bytes.
        """
        return self._bytes("memory", self.memory, parameters)

    @property
    def most(self) -> int:
        """The most seeds of one call: 1 if each seed has its own call."""
        return max(1, self.block if self.abreast is None else self.abreast.size)

    def bytes_of(self, parameters: Mapping[str, Value]) -> int:
        """Bytes of device memory that one seed of a block takes at these parameters; 0 if unknown.

        Raises `DeclarationError` as `bytes_held` does.
        """
        return self._bytes("abreast", None if self.abreast is None else self.abreast.bytes_of, parameters)

    def _bytes(self, what: str, estimate: Memory | None, parameters: Mapping[str, Value]) -> int:
        try:
            return estimated_bytes(estimate, parameters)
        except ValueError as error:
            raise DeclarationError(f"{self.kind} {self.name}, {what}: {error}") from error

    def defaults(self) -> dict[str, Value]:
        """Every parameter's default."""
        return {name: parameter.default for name, parameter in self.parameters.items()}


def experiment(
    name: str,
    *,
    version: int,
    quantities: Mapping[str, Quantity],
    about: Mapping[str, str] | None = None,
    precision: str = "",
    timed: bool = False,
    repeatable: str = "",
    settle: Settle | None = None,
    memory: Memory | None = None,
    inputs: Sequence[str] = (),
    block: int | None = None,
    cost: Cost | None = None,
    abreast: Abreast | None = None,
    tf32: str = "",
) -> Callable[[Callable[..., Returned]], Callable[..., Returned]]:
    """Declare a function as an experiment.

    The function takes `seed` and its parameters as keywords, each annotated with `int`, `float`, `str`,
    `bool`, a `Literal` of these, or an `Annotated` with a `msgspec.Meta` that bounds it, and each except
    `seed` with a default. It returns a number for each quantity. Parameter names use `_` in Python and `-` in
    suites. A run measures one trial of the experiment twice, and expects the same bits.

    Arguments:
        name: the name by which suites of this package run it; other suites name `package.module:function`.
        version: raise it when the meaning of a quantity changes: its trials are then measured again.
        quantities: what it measures, by name.
        about: what each parameter means, in a line.
        precision: the floating-point types that it uses, in words.
        timed: whether it measures time.
        repeatable: "1e-6" if its numbers repeat only within this relative tolerance, "no: reason" if they do
            not repeat.
        settle: a function that replaces values such as "default", if they depend on other parameters. It gets
            every parameter, named as in suites, and returns those that it changes. Trials and records have
            the values that it returns. It is called when a run is planned, so it must be quick and import no
            library.
        memory: a function that gives the most bytes that a trial will hold, from every parameter. Trials
            start together only if all of them fit into the machine's memory; a trial that does not fit with
            others runs alone. If it is left out, a trial counts nothing. It must be quick, and import no
            library.
        inputs: the files that its trials read, relative to the folder of the function's module:
            `("data/*.csv",)`. If their bytes change, trials are measured again. A trial that reads other
            files is measured, and not stored.
        block: for a function that takes `seeds: tuple[int, ...]` instead of `seed`, and returns one number
            per seed for each quantity, in their order (`harness.block`): the most seeds that it takes. Trials
            of one point whose seeds lie in the same aligned range of `block` numbers (0 to 15, 16 to 31, …)
            are then measured in one call, as far as they are wanted. A trial's numbers must not depend on the
            others.
        cost: a function that estimates how many seconds a trial takes, from every parameter and the wanted
            stages. Runs measure the cheapest trials first; it changes no number. It must be quick.
        abreast: `Abreast(16, bytes_of)` for a function that takes one `seed`: on an accelerator the seeds of
            an aligned block are one job, in which it finds the others (`harness.beside`).
        tf32: the parameter whose "tf32" asks for products in TF32: a mistake on a device that lacks it.

    With `**of_model` the experiment takes a model: its parameter `model: str` names one, and that model's
    parameters arrive in `of_model`, for `harness.build_model`.

    With `stages: frozenset[str]` the function gets the stages whose quantities are wanted. It then computes
    these and what they need, and returns the quantities of each stage that it has computed. Each quantity
    names its stage. Results are stored by stage, and stages that no claim of a run reads are not computed. A
    stage's numbers must not depend on which others are wanted: if a stage is computed again, its numbers must
    be the same, to the bit.

    Returns:
        A decorator, which returns the function unchanged.

    Raises:
        DeclarationError: the signature does not say all this.

    >>> heads = harness.Quantity("1 for heads, 0 for tails", scale="linear")
    >>> @harness.experiment("coin", version=1, quantities={"heads": heads})
    ... def coin(*, seed: int, bias: float = 0.5) -> dict[str, float]:
    ...     return {"heads": float(random.Random(seed).random() < bias)}
    >>> coin(seed=0)
    {'heads': 0.0}
    """
    try:
        exactness = read_repeatable(repeatable) if repeatable else EXACTLY
    except ValueError as error:
        raise DeclarationError(f"experiment {name}, repeatable: {error}") from None

    if isinstance(inputs, str) or not all(isinstance(each, str) and each for each in inputs):
        raise DeclarationError(f"experiment {name}, inputs: expected a list of patterns, found {inputs!r}")
    _check_deterministic(name, quantities, exactness, timed=timed)

    def declare(function: Callable[..., Returned]) -> Callable[..., Returned]:
        if wrong := wrong_lanes(abreast, tf32, parameters(function), timed=timed):
            raise DeclarationError(f"experiment {name}, {wrong}")
        declaration = Declaration(
            name=name,
            version=version,
            about=inspect.getdoc(function) or "",
            parameters=declared_parameters(f"experiment {name}", function, about or {}, "experiment"),
            quantities=dict(quantities),
            function=function,
            precision=precision,
            timed=timed,
            repeatable=exactness,
            settle=settle,
            memory=memory,
            inputs=Inputs(_folder(function), tuple(inputs)) if inputs else None,
            block=_block(f"experiment {name}", function, block, timed=timed),
            abreast=abreast,
            tf32=tf32.replace("_", "-"),
            takes_model=any(each.kind is OF_MODEL for each in parameters(function).values()),
            takes_stages=_takes_stages(f"experiment {name}", function, quantities),
            cost=cost,
        )
        function.__harness_declaration__ = declaration  # type: ignore[attr-defined]
        return function

    return declare


def _check_deterministic(
    name: str, quantities: Mapping[str, Quantity], exactness: Repeatable, *, timed: bool
) -> None:
    """Raise `DeclarationError` if a deterministic quantity is a timing or does not repeat."""
    found = next((key for key, quantity in quantities.items() if quantity.deterministic), None)
    other = "timed" if timed else "declared not to repeat" if exactness.because else ""
    if found is not None and other:
        expected = "no quantity with `deterministic`"
        raise DeclarationError(f"experiment {name}, which is {other}: expected {expected}, found {found!r}")


def _takes_stages(name: str, function: Callable[..., Any], quantities: Mapping[str, Quantity]) -> bool:
    """Whether the function takes `stages`. Every quantity must then name one."""
    takes = has_stages(function)
    without = [key for key, quantity in quantities.items() if not quantity.stage]
    if takes and without:
        expected = "a `stage` for each quantity, as the function takes `stages`"
        raise DeclarationError(f"{name}: expected {expected}, found none for {without[0]!r}")
    return takes


def _block(name: str, function: Callable[..., Any], block: int | None, *, timed: bool) -> int:
    """The most seeds that the function takes; 0 if it takes one `seed`."""
    if "seeds" not in parameters(function):
        if block is not None:
            expected = "a keyword-only `seeds: tuple[int, ...]`"
            raise DeclarationError(f"{name}, block: expected {expected}, found none")
        return 0
    if timed:
        expected = "`seed: int`, as timings are measured one at a time"
        raise DeclarationError(f"{name}: expected {expected}, found `seeds`")
    size: object = BLOCK if block is None else block
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise DeclarationError(f"{name}, block: expected a whole number of seeds, at least 1, found {size!r}")
    return size


Timed = Callable[[], object]
"""What a benchmark times. If its result is arrays of JAX, the harness waits for them."""


def benchmark(
    name: str, *, version: int, about: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Timed]], Callable[..., Timed]]:
    """Declare a function as a benchmark.

    The function takes its parameters as an experiment does, without a seed. It prepares (data, kernels,
    programs that are compiled when first called), and returns the part that is timed: a function without
    arguments. Its first call is timed separately from the others. It may be called any number of times.

    Arguments:
        name: the name by which suites of this package time it; other suites name `package.module:function`.
        version: raise it when what is timed changes its meaning.
        about: what each parameter means, in a line.

    Returns:
        A decorator, which returns the function unchanged.

    Raises:
        DeclarationError: the signature has parameters without a type, a default or a keyword.

    >>> @harness.benchmark("sort", version=1)
    ... def sort(*, size: int = 100) -> Callable[[], object]:
    ...     numbers = [random.random() for _ in range(size)]
    ...     return lambda: sorted(numbers)
    >>> len(sort(size=3)())
    3
    """

    def declare(function: Callable[..., Timed]) -> Callable[..., Timed]:
        declaration = Declaration(
            name=name,
            version=version,
            about=inspect.getdoc(function) or "",
            parameters=declared_parameters(f"benchmark {name}", function, about or {}, "benchmark"),
            quantities={},
            function=function,
            kind="benchmark",
            timed=True,
        )
        function.__harness_declaration__ = declaration  # type: ignore[attr-defined]
        return function

    return declare


def model(
    name: str, *, about: Mapping[str, str] | None = None
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare a function as a model: a network that experiments with `**of_model` can take.

    The function takes its parameters as keywords with defaults, typed as an experiment's are. A parameter
    without an annotation has the type of its default. It returns `(init, apply)`, `(init, apply, kernel)` as
    functions of `neural_tangents.stax` do, or an object that has these as attributes. Suites name it
    `package.module:function`. They may also name a function of keyword parameters that is not declared.

    Arguments:
        name: its name in messages.
        about: what each parameter means, in a line.

    Returns:
        A decorator, which returns the function unchanged.

    Raises:
        DeclarationError: the signature does not say all this.

    >>> @harness.model("linear", about={"scale": "of the weights"})
    ... def linear(scale: float = 1.0):
    ...     def init(key, shape): return shape, scale
    ...     def apply(params, inputs): return params * inputs.sum(axis=1, keepdims=True)
    ...     return init, apply
    >>> len(linear())
    2
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        function.__harness_declaration__ = declare_model(name, function, about)  # type: ignore[attr-defined]
        return function

    return declare


def declare_model(
    name: str, function: Callable[..., Any], about: Mapping[str, str] | None = None
) -> Declaration:
    """The declaration of a function as a model. Raises `DeclarationError`."""
    return Declaration(
        name=name,
        version=1,
        about=inspect.getdoc(function) or "",
        parameters=declared_parameters(f"model {name}", function, about or {}, "model"),
        quantities={},
        function=function,
        kind="model",
    )


def _folder(function: Callable[..., Any]) -> str:
    """The folder of the function's module."""
    file: str = inspect.unwrap(function).__code__.co_filename
    return os.path.dirname(os.path.abspath(file))
