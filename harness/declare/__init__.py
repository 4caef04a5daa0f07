"""Declarations of experiments, benchmarks and models: what they say about themselves before they run.

An *experiment* is a Python function that takes parameters and a seed, and returns named numbers
(*quantities*). The decorator reads its signature, so that suites can be checked, listed and completed by
editors without running anything. Nor are the libraries imported with which the experiment computes: an
experiment's module imports those inside its functions.

    @experiment("ntk.regression", version=1, quantities={"single.error": Quantity("…", scale="log")})
    def regression(*, seed: int, width: int = 512) -> dict[str, float]: ...

An experiment that takes `seeds` measures several trials in one call (`declare.blocks`). One that declares
`abreast` may compute several at once on a device that suits it (`declare.lanes`).

A *benchmark* prepares something and returns the function to be timed. It is declared in the same way. So is a
*model*, a network that experiments with `**of_model` take.

In: a decorated function. Out: a `Declaration`.
"""

from harness.declare.blocks import Block, BlockStage, block, of_seed
from harness.declare.declaration import (
    Better,
    Declaration,
    Quantity,
    Scale,
    Timed,
    benchmark,
    experiment,
    model,
)
from harness.declare.inputs import Inputs, TooManyFilesError
from harness.declare.lanes import Abreast, Lanes, abreast, beside
from harness.declare.libraries import covered_if_installed, missing_library
from harness.declare.models import Signature, build_model, signature_of
from harness.declare.noted import Noted, noted_of
from harness.declare.parameters import DeclarationError, Kind, Parameter, Value
from harness.declare.references import MODEL, Check, Point, Problem, Reference, reference_of
from harness.declare.registry import (
    IMPORTABLE,
    REFERENCE,
    ImportFailedError,
    UnknownExperimentError,
    benchmark_names,
    experiment_names,
    find,
    find_any,
    find_model,
    is_reference,
    model_names,
    names_main,
)
from harness.declare.repeatable import EXACTLY, REPEATABLE, Repeatable, read_repeatable
from harness.declare.stages import Missing, NotCovered, StageError, StageReport, collect_stages, stage

__all__ = [
    "EXACTLY",
    "IMPORTABLE",
    "MODEL",
    "REFERENCE",
    "REPEATABLE",
    "Abreast",
    "Better",
    "Block",
    "BlockStage",
    "Check",
    "Declaration",
    "DeclarationError",
    "ImportFailedError",
    "Inputs",
    "Kind",
    "Lanes",
    "Missing",
    "NotCovered",
    "Noted",
    "Parameter",
    "Point",
    "Problem",
    "Quantity",
    "Reference",
    "Repeatable",
    "Scale",
    "Signature",
    "StageError",
    "StageReport",
    "Timed",
    "TooManyFilesError",
    "UnknownExperimentError",
    "Value",
    "abreast",
    "benchmark",
    "benchmark_names",
    "beside",
    "block",
    "build_model",
    "collect_stages",
    "covered_if_installed",
    "experiment",
    "experiment_names",
    "find",
    "find_any",
    "find_model",
    "is_reference",
    "missing_library",
    "model",
    "model_names",
    "names_main",
    "noted_of",
    "of_seed",
    "read_repeatable",
    "reference_of",
    "signature_of",
    "stage",
]
