"""Measures scientific claims about neural networks and their tangent kernels, and says which hold.

    load, run           a suite file → `Suite`; suites → a `Record` of verdicts
    read_record, arrays, frame          a record from its file; as NumPy arrays; as a pandas frame
    hold_against        what differs from published records
    experiment, Quantity, stage, StageError, NotCovered     to write an experiment (see docs/suites.md)
    block               to write one that takes several seeds

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
    from harness.declare import NotCovered as NotCovered
    from harness.declare import Quantity as Quantity
    from harness.declare import StageError as StageError
    from harness.declare import block as block
    from harness.declare import experiment as experiment
    from harness.declare import stage as stage
    from harness.errors import UserError as UserError
    from harness.report import InstanceRecord as InstanceRecord
    from harness.report import Record as Record
    from harness.report import read_record as read_record
    from harness.suite import Suite as Suite
    from harness.suite import SuiteError as SuiteError
    from harness.suite import load as load
    from harness.version import __version__ as __version__

_HOME = {
    "InstanceRecord": "harness.report",
    "NotCovered": "harness.declare",
    "Quantity": "harness.declare",
    "Record": "harness.report",
    "StageError": "harness.declare",
    "Suite": "harness.suite",
    "SuiteError": "harness.suite",
    "UserError": "harness.errors",
    "arrays": "harness.api",
    "block": "harness.declare",
    "experiment": "harness.declare",
    "frame": "harness.api",
    "hold_against": "harness.api",
    "load": "harness.suite",
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
