"""Which loaded modules are source."""

import sys
from types import ModuleType

import toys

from harness.measure.imports import loaded_sources


def test_an_object_among_the_modules_that_names_no_file_is_no_source(monkeypatch):
    """`torch.ops` and `torch.classes` are such: their `__file__` is `_ops.py`, in no folder."""
    made = ModuleType("made.ops")
    made.__file__ = "_ops.py"
    monkeypatch.setitem(sys.modules, "made.ops", made)
    assert loaded_sources(["made.ops", "toys", "os", "not.loaded"]) == {toys.__name__}
