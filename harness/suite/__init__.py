"""What is claimed: a TOML file goes in, frozen records come out.

`load` reads a file into a `Suite` of *sources*, *experiments* and *claims*, and expands each claim into
its *instances*. Whatever is wrong with the file is raised as one `SuiteError` that lists every mistake
with its line.
"""

from harness.suite.errors import Mistake, SuiteError
from harness.suite.load import load
from harness.suite.records import Claim, Control, Experiment, Instance, Source, Suite
from harness.suite.select import SelectionError, select

__all__ = [
    "Claim",
    "Control",
    "Experiment",
    "Instance",
    "Mistake",
    "SelectionError",
    "Source",
    "Suite",
    "SuiteError",
    "load",
    "select",
]
