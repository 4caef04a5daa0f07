"""Measures scientific claims about neural networks and their tangent kernels, and says which hold.

    load, run               a suite file → `Suite`; suites → a `Record` of verdicts
    read_record             a record from its file
    Record, InstanceRecord  what a run found; `record.figure("claim")`, `record.write_html("report.html")`
    arrays, frame           a record as NumPy arrays; as a pandas frame
    hold_against            what differs from published records

To write an experiment, a model or a benchmark (docs/suites.md):

    experiment, Quantity, stage, StageError, NotCovered
    block, Abreast, beside  of several seeds in one call, or on an accelerator
    model, build_model, benchmark, Reference, Value

What is raised for a user to mend is a `UserError`:

    SuiteError, SelectionError, NoSuiteError, UnknownSuiteError, OptionError, StoreError, RecordError,
    AgainstError, OutputError, FigureError, UnknownExperimentError. A declaration that says too little is a
    `DeclarationError`.

Names are imported when they are first used: the declarations of experiments, and every trial's worker,
import this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.api import arrays as arrays
    from harness.api import frame as frame
    from harness.api import hold_against as hold_against
    from harness.api import run as run
    from harness.campaign import Progress as Progress
    from harness.declare import Abreast as Abreast
    from harness.declare import DeclarationError as DeclarationError
    from harness.declare import NotCovered as NotCovered
    from harness.declare import Quantity as Quantity
    from harness.declare import Reference as Reference
    from harness.declare import StageError as StageError
    from harness.declare import UnknownExperimentError as UnknownExperimentError
    from harness.declare import Value as Value
    from harness.declare import benchmark as benchmark
    from harness.declare import beside as beside
    from harness.declare import block as block
    from harness.declare import build_model as build_model
    from harness.declare import experiment as experiment
    from harness.declare import model as model
    from harness.declare import stage as stage
    from harness.errors import OptionError as OptionError
    from harness.errors import UserError as UserError
    from harness.folders import NoSuiteError as NoSuiteError
    from harness.history.against import AgainstError as AgainstError
    from harness.measure import StoreError as StoreError
    from harness.report import InstanceRecord as InstanceRecord
    from harness.report import Record as Record
    from harness.report import RecordError as RecordError
    from harness.report import read_record as read_record
    from harness.report.figure import Drawing as Drawing
    from harness.report.figure import FigureError as FigureError
    from harness.report.files import OutputError as OutputError
    from harness.shipped import UnknownSuiteError as UnknownSuiteError
    from harness.suite import SelectionError as SelectionError
    from harness.suite import Suite as Suite
    from harness.suite import SuiteError as SuiteError
    from harness.suite import load as load
    from harness.version import __version__ as __version__

_HOME = {
    "Abreast": "harness.declare",
    "AgainstError": "harness.history.against",
    "DeclarationError": "harness.declare",
    "Drawing": "harness.report.figure",
    "FigureError": "harness.report.figure",
    "InstanceRecord": "harness.report",
    "NoSuiteError": "harness.folders",
    "NotCovered": "harness.declare",
    "OptionError": "harness.errors",
    "OutputError": "harness.report.files",
    "Progress": "harness.campaign",
    "Quantity": "harness.declare",
    "Record": "harness.report",
    "RecordError": "harness.report",
    "Reference": "harness.declare",
    "SelectionError": "harness.suite",
    "StageError": "harness.declare",
    "StoreError": "harness.measure",
    "Suite": "harness.suite",
    "SuiteError": "harness.suite",
    "UnknownExperimentError": "harness.declare",
    "UnknownSuiteError": "harness.shipped",
    "UserError": "harness.errors",
    "Value": "harness.declare",
    "arrays": "harness.api",
    "benchmark": "harness.declare",
    "beside": "harness.declare",
    "block": "harness.declare",
    "build_model": "harness.declare",
    "experiment": "harness.declare",
    "frame": "harness.api",
    "hold_against": "harness.api",
    "load": "harness.suite",
    "model": "harness.declare",
    "read_record": "harness.report",
    "run": "harness.api",
    "stage": "harness.declare",
    "__version__": "harness.version",
}

__all__ = sorted(_HOME.keys() - {"__version__"})  # noqa: PLE0605 (it is a list of strings; static tools read the block above)


def __getattr__(name: str) -> object:
    """Import a public name from its home (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'harness' has no attribute {name!r}")
    # By a variable, not a statement: what this package could import is not what each trial depends on.
    import importlib

    return getattr(importlib.import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return list(__all__)
